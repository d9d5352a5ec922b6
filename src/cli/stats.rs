//! `microwright stats`

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::bail;

use super::segmentation::SegmentationArguments;
use crate::micrograph::PixelSize;
use crate::stats::{Boundary, COLUMNS, Correlation, PhaseStatistics, ROWS, measure};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The micrograph.
    image: PathBuf,
    /// The phase, counted from 0; all by default.
    #[arg(long, value_name = "K")]
    phase: Option<usize>,
    /// What lies beyond the edges; by default S2 is periodic and everything else open.
    #[arg(long)]
    boundary: Option<Boundary>,
    /// One line per phase with its single numbers (fraction with confidence interval, surface, components, percolation
    /// …) instead of its curves.
    #[arg(long)]
    summary: bool,
    #[command(flatten)]
    segmentation: SegmentationArguments,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let prepared = arguments.segmentation.prepared(&arguments.image)?;
    let Some(map) = prepared.phases else { bail!("{} has no phases.", arguments.image.display()) };
    let pixel = prepared.micrograph.pixel_size.as_ref();
    let phases = match arguments.phase {
        None => 0..map.phases,
        Some(phase) if phase < map.phases => phase..phase + 1,
        Some(phase) => {
            bail!("{} has the phases 0 to {}; there is no phase {phase}.", arguments.image.display(), map.phases - 1)
        }
    };
    let mut text = String::new();
    for (n, phase) in phases.enumerate() {
        let all = measure(&map, phase, arguments.boundary.unwrap_or(Boundary::Open));
        if arguments.summary {
            summary(&mut text, n == 0, phase, &all)?;
            continue;
        }
        let two_point = match arguments.boundary {
            Some(_) => all.two_point.clone(),
            None => {
                let inside = map.indicator(phase);
                let indicator = inside.view();
                Correlation::two_point(&indicator, Boundary::Periodic)
            }
        };
        curves(&mut text, n == 0, phase, &PhaseStatistics { two_point, ..all }, pixel)?;
    }
    super::print::print(&text)
}

/// Adds a line for each distance.
fn curves(
    text: &mut String,
    heading: bool,
    phase: usize,
    all: &PhaseStatistics,
    pixel: Option<&PixelSize>,
) -> std::fmt::Result {
    if heading {
        text.push_str("phase,r_px,s2,s2_rows,s2_columns,lineal_path,lineal_path_rows,lineal_path_columns,");
        text.push_str("covariance,cluster,pore_share_above,chords");
        text.push_str(if pixel.is_some() { ",r_um\n" } else { "\n" });
    }
    let [rows, columns] = &all.lineal_path;
    let s2 = all.two_point.radial();
    let [s2_rows, s2_columns] = [ROWS, COLUMNS].map(|axis| all.two_point.along(axis));
    let (mean, covariance, cluster) = (all.mean_lineal_path(), all.covariance(), all.cluster.radial());
    let correlations: [&[f64]; 8] = [&s2, &s2_rows, &s2_columns, &mean, rows, columns, &covariance, &cluster];
    // Chords and pores can be longer than the longest distance of the other curves, whose cells are empty there.
    for r in 0..s2.len().max(all.chords.len()).max(all.pore_sizes.len()) {
        let cells = correlations.map(|curve| curve.get(r).map_or(String::new(), |v| format!("{v:.9}")));
        let (pores, chords) = (all.pore_sizes.get(r).unwrap_or(&0.0), all.chords.get(r).unwrap_or(&0));
        write!(text, "{phase},{r},{},{pores:.9},{chords}", cells.join(","))?;
        match pixel {
            Some(pixel) => writeln!(text, ",{:.6}", r as f64 * pixel.metres * 1e6)?,
            None => writeln!(text)?,
        }
    }
    Ok(())
}

/// A column of the summary: its heading, and its text for a phase.
type Column = (&'static str, fn(&PhaseStatistics) -> String);

const SUMMARY: &[Column] = &[
    ("volume_fraction", |all| format!("{:.6}", all.fraction.volume_fraction)),
    ("half_of_95_percent_interval", |all| format!("{:.6}", all.fraction.half_width())),
    ("integral_range_px2", |all| format!("{:.1}", all.fraction.integral_range)),
    ("independent_areas", |all| format!("{:.1}", all.fraction.independent_areas)),
    ("specific_surface_per_px", |all| format!("{:.6}", all.specific_surface)),
    ("interface_length_px", |all| format!("{:.1}", all.interface_length)),
    ("mean_chord_px", |all| format!("{:.3}", all.mean_chord())),
    ("mean_pore_radius_px", |all| format!("{:.3}", all.mean_pore_size)),
    ("components", |all| all.component_sizes.len().to_string()),
    ("largest_component_share", |all| format!("{:.4}", all.largest_share)),
    ("percolates_x", |all| all.percolates[0].to_string()),
    ("percolates_y", |all| all.percolates[1].to_string()),
];

/// Adds the line of single numbers of a phase.
fn summary(text: &mut String, heading: bool, phase: usize, all: &PhaseStatistics) -> std::fmt::Result {
    if heading {
        writeln!(text, "phase,{}", SUMMARY.iter().map(|(heading, _)| *heading).collect::<Vec<_>>().join(","))?;
    }
    writeln!(text, "{phase},{}", SUMMARY.iter().map(|(_, cell)| cell(all)).collect::<Vec<_>>().join(","))
}
