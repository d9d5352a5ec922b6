//! `microwright stats`

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::bail;

use super::segmentation::SegmentationArguments;
use crate::micrograph::{Part, PictureFile, PixelSize};
use crate::stats::{Boundary, COLUMNS, PhaseStatistics, ROWS, measure};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The micrograph.
    image: PathBuf,
    /// The phase, counted from 0; all by default.
    #[arg(long, value_name = "K")]
    phase: Option<usize>,
    /// What lies beyond the edges, for everything in the table
    #[arg(long, default_value = "open")]
    boundary: Boundary,
    /// One line per phase with its single numbers (fraction with confidence interval, surface, components, percolation
    /// …) instead of its curves.
    #[arg(long)]
    summary: bool,
    #[command(flatten)]
    segmentation: SegmentationArguments,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let file = PictureFile::open(&arguments.image)?;
    let parts = arguments.segmentation.source.parts(&file);
    let mut text = String::new();
    for (n, part) in parts.iter().enumerate() {
        let table = table(arguments, &file, part)?;
        if parts.len() == 1 {
            return super::print::print(&table);
        }
        // The number of the page comes first in every line.
        for (k, line) in table.lines().enumerate().skip(usize::from(n > 0)) {
            match k {
                0 => writeln!(text, "page,{line}")?,
                _ => writeln!(text, "{},{line}", part.page + 1)?,
            }
        }
    }
    super::print::print(&text)
}

/// The table of one page.
fn table(arguments: &Arguments, file: &PictureFile, part: &Part) -> anyhow::Result<String> {
    let prepared = arguments.segmentation.prepared(file, part)?;
    let Some(map) = prepared.phases else { bail!("{} has no phases.", arguments.image.display()) };
    let pixel = prepared.micrograph.pixel_size.as_ref();
    let phases = match arguments.phase {
        None => 0..map.phases,
        Some(phase) if phase < map.phases => phase..phase + 1,
        Some(phase) => {
            bail!("{} has the phases 0 to {}; there is no phase {phase}.", arguments.image.display(), map.phases - 1)
        }
    };
    let edges = arguments.boundary.name();
    let mut text = if arguments.summary { summary_heading() } else { CURVES_HEADING.into() };
    for phase in phases {
        let all = measure(&map, phase, arguments.boundary);
        if !all.fraction.can_be_trusted() {
            eprintln!(
                "{}: phase {phase} has {:.1} independent areas, too few to trust its interval (at least 10).",
                prepared.micrograph.name, all.fraction.independent_areas
            );
        }
        if arguments.summary {
            summary(&mut text, phase, &all, edges, pixel)?;
        } else {
            curves(&mut text, phase, &all, edges, pixel)?;
        }
    }
    Ok(text)
}

/// The edge of a pixel in micrometres; empty where it is not known.
fn micrometres(pixel: Option<&PixelSize>) -> String {
    pixel.map_or(String::new(), |p| format!("{:e}", 1e6 * p.metres))
}

const CURVES_HEADING: &str = "phase,r_px,s2,s2_rows,s2_columns,lineal_path,lineal_path_rows,lineal_path_columns,\
                              covariance,cluster,pore_share_above,chords,edges,r_um,pixel_size_um\n";

/// Adds a line for each distance.
fn curves(
    text: &mut String,
    phase: usize,
    all: &PhaseStatistics,
    edges: &str,
    pixel: Option<&PixelSize>,
) -> std::fmt::Result {
    let [rows, columns] = &all.lineal_path;
    let s2 = all.two_point.radial();
    let [s2_rows, s2_columns] = [ROWS, COLUMNS].map(|axis| all.two_point.along(axis));
    let (mean, covariance, cluster) = (all.mean_lineal_path(), all.covariance(), all.cluster.radial());
    let correlations: [&[f64]; 8] = [&s2, &s2_rows, &s2_columns, &mean, rows, columns, &covariance, &cluster];
    // Chords and pores can be longer than the longest distance of the other curves, whose cells are empty there.
    for r in 0..s2.len().max(all.chords.len()).max(all.pore_sizes.len()) {
        let cells = correlations.map(|curve| curve.get(r).map_or(String::new(), |v| format!("{v:.9}")));
        let (pores, chords) = (all.pore_sizes.get(r).unwrap_or(&0.0), all.chords.get(r).unwrap_or(&0));
        write!(text, "{phase},{r},{},{pores:.9},{chords},{edges}", cells.join(","))?;
        let distance = pixel.map_or(String::new(), |p| format!("{:.6}", r as f64 * p.metres * 1e6));
        writeln!(text, ",{distance},{}", micrometres(pixel))?;
    }
    Ok(())
}

/// A column of the summary: its heading, and its text for a phase.
type Column = (&'static str, fn(&PhaseStatistics) -> String);

/// A length with three decimals; empty where there is none.
fn number(value: f64) -> String {
    if value.is_finite() { format!("{value:.3}") } else { String::new() }
}

const SUMMARY: &[Column] = &[
    ("volume_fraction", |all| format!("{:.6}", all.fraction.volume_fraction)),
    ("half_of_95_percent_interval", |all| format!("{:.6}", all.fraction.half_width())),
    ("least_of_95_percent_interval", |all| format!("{:.6}", all.fraction.bounds().0)),
    ("most_of_95_percent_interval", |all| format!("{:.6}", all.fraction.bounds().1)),
    ("integral_range_px2", |all| format!("{:.1}", all.fraction.integral_range)),
    ("independent_areas", |all| format!("{:.1}", all.fraction.independent_areas)),
    ("specific_surface_per_px", |all| format!("{:.6}", all.specific_surface)),
    ("interface_length_px", |all| format!("{:.1}", all.interface_length)),
    ("mean_chord_px", |all| number(all.mean_chord())),
    ("mean_pore_radius_px", |all| number(all.mean_pore_size)),
    ("components", |all| all.component_sizes.len().to_string()),
    ("largest_component_share", |all| format!("{:.4}", all.largest_share)),
    ("percolates_x", |all| all.percolates[0].to_string()),
    ("percolates_y", |all| all.percolates[1].to_string()),
];

fn summary_heading() -> String {
    let headings = SUMMARY.iter().map(|(heading, _)| *heading).collect::<Vec<_>>().join(",");
    format!("phase,{headings},edges,pixel_size_um\n")
}

/// Adds the line of single numbers of a phase.
fn summary(
    text: &mut String,
    phase: usize,
    all: &PhaseStatistics,
    edges: &str,
    pixel: Option<&PixelSize>,
) -> std::fmt::Result {
    let cells = SUMMARY.iter().map(|(_, cell)| cell(all)).collect::<Vec<_>>().join(",");
    writeln!(text, "{phase},{cells},{edges},{}", micrometres(pixel))
}
