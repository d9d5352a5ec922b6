//! `microwright compare`

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::bail;

use super::print::say;
use super::segmentation::SegmentationArguments;
use crate::folders::write_atomically;
use crate::stats::{Boundary, MapStatistics, PhaseComparison, Quarters};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The original.
    original: PathBuf,
    /// The micrographs that are compared with it.
    #[arg(required = true)]
    reconstructions: Vec<PathBuf>,
    /// Scale micrographs whose pixels have another size than the original's
    #[arg(long)]
    scale: bool,
    /// Also write all numbers to a file, whose ending decides its format: .csv or .json
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    segmentation: SegmentationArguments,
}

/// A micrograph with its errors against the original.
#[derive(serde::Serialize)]
struct Row {
    picture: String,
    original: String,
    /// The edge of a pixel in micrometres.
    pixel_size_um: Option<f64>,
    /// What lies beyond the edges: of S2 in the errors, and of everything else.
    s2_edges: Boundary,
    other_edges: Boundary,
    phases: Vec<PhaseComparison>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let ending = arguments.output.as_ref().map(|p| p.extension().unwrap_or_default().to_string_lossy().to_lowercase());
    if let Some(other) = ending.as_deref().filter(|e| !["csv", "json"].contains(e)) {
        bail!("A table is written as .csv or .json, not as .{other}.");
    }
    let (original, pixel) = arguments.segmentation.phase_map(&arguments.original)?;
    let statistics = MapStatistics::of(&original);
    let quarters = Quarters::of(&original);
    let mut rows = vec![];
    for path in &arguments.reconstructions {
        let (mut found, mut own) = arguments.segmentation.phase_map(path)?;
        let (original_name, name) = (arguments.original.display(), path.display());
        if let Some((a, b)) = pixel.as_ref().zip(own.clone()).filter(|(a, b)| b.differs(a)) {
            if !arguments.scale {
                bail!(
                    "The pixels of {original_name} are {a}, those of {name} {b}: lengths in pixels would not mean the same. \
                     Give --scale to scale {name}."
                );
            }
            (found, own) = arguments.segmentation.phase_map_scaled(path, a.metres)?;
        }
        if found.phases != original.phases {
            let (a, b) = (original.phases, found.phases);
            bail!("{original_name} has {a} phases and {name} has {b}; compare phase maps of the same phases.");
        }
        let phases = statistics.judge(&MapStatistics::of(&found), quarters.as_ref());
        say!("{}", path.display());
        say!("{}", table(&phases));
        rows.push(Row {
            picture: name.to_string(),
            original: original_name.to_string(),
            pixel_size_um: own.map(|p| 1e6 * p.metres),
            s2_edges: Boundary::Periodic,
            other_edges: Boundary::Open,
            phases,
        });
    }
    match (&arguments.output, ending.as_deref()) {
        (Some(path), Some("json")) => write_atomically(path, serde_json::to_string_pretty(&rows)?.as_bytes())?,
        (Some(path), _) => write_atomically(path, csv(&rows).as_bytes())?,
        (None, _) => {}
    }
    Ok(())
}

/// All numbers, a line for each picture and phase, plain and with their units in the headings.
fn csv(rows: &[Row]) -> String {
    let mut text = String::from(
        "picture,phase,pixel_size_um,s2_edges,other_edges,original_volume_fraction,original_half_of_95_percent_interval,\
         volume_fraction,s2_error_percent,covariance_error_percent,lineal_path_error_percent,white_noise_s2_error_percent,\
         white_noise_covariance_error_percent,white_noise_lineal_path_error_percent,cluster_error_percent,\
         pore_size_error_percent,mean_chord_change_percent,specific_surface_change_percent,\
         interface_length_change_percent,components_change_percent\n",
    );
    let number = |v: f64| if v.is_finite() { v.to_string() } else { String::new() };
    for row in rows {
        for p in &row.phases {
            let (e, n, u) = (p.errors, p.white_noise, p.unfitted);
            let numbers = [
                p.original_volume_fraction,
                p.original_interval.map_or(f64::NAN, |i| i.half_width()),
                p.volume_fraction,
                e.s2_error_percent,
                e.s2_covariance_error_percent,
                e.lineal_path_error_percent,
                n.s2_error_percent,
                n.s2_covariance_error_percent,
                n.lineal_path_error_percent,
                u.map_or(f64::NAN, |u| u.cluster_error_percent),
                u.map_or(f64::NAN, |u| u.pore_size_error_percent),
                u.map_or(f64::NAN, |u| u.mean_chord_change_percent),
                u.map_or(f64::NAN, |u| u.specific_surface_change_percent),
                u.map_or(f64::NAN, |u| u.interface_length_change_percent),
                u.map_or(f64::NAN, |u| u.components_change_percent),
            ];
            let numbers: Vec<String> = numbers.into_iter().map(number).collect();
            let name = row.picture.replace('"', "\"\"");
            let pixel = row.pixel_size_um.map_or(String::new(), number);
            let (s2, other) = (row.s2_edges.name(), row.other_edges.name());
            let _ = writeln!(text, "\"{name}\",{},{pixel},{s2},{other},{}", p.phase, numbers.join(","));
        }
    }
    text
}

/// The errors of every phase, beside those of white noise of the same volume fraction.
pub fn table(phases: &[PhaseComparison]) -> String {
    let mut text = String::from("  errors in %      volume fraction        S2    covariance   lineal path\n");
    for p in phases {
        let (e, n) = (p.errors, p.white_noise);
        let row = |s2: f64, covariance: f64, lineal: f64| format!("{s2:>8.2}  {covariance:>12.2}  {lineal:>12.2}");
        let _ = writeln!(
            text,
            "  phase {}    {:>7.4} → {:>7.4}  {}",
            p.phase,
            p.original_volume_fraction,
            p.volume_fraction,
            row(e.s2_error_percent, e.s2_covariance_error_percent, e.lineal_path_error_percent)
        );
        let noise = row(n.s2_error_percent, n.s2_covariance_error_percent, n.lineal_path_error_percent);
        let _ = writeln!(text, "    white noise                   {noise}");
        if let Some(v) = p.natural.map(|natural| natural.errors) {
            let own = row(v.s2_error_percent, v.s2_covariance_error_percent, v.lineal_path_error_percent);
            let _ = writeln!(text, "    original's own variation      {own}");
        }
        if let Some(interval) = &p.original_interval {
            let trust = if interval.can_be_trusted() { "" } else { " (too few independent areas to be trusted)" };
            let _ = writeln!(text, "    the original's fraction, 95 % confidence: {interval}{trust}");
        }
        if let Some(u) = &p.unfitted {
            let _ = writeln!(
                text,
                "    other statistics: cluster function {:.1}, pore sizes {:.1}; change of mean chord {:+.1}, specific surface {:+.1}, interface {:+.1}, components {:+.1}",
                u.cluster_error_percent,
                u.pore_size_error_percent,
                u.mean_chord_change_percent,
                u.specific_surface_change_percent,
                u.interface_length_change_percent,
                u.components_change_percent
            );
        }
    }
    for p in phases {
        if let Some(verdict) = p.verdict() {
            let _ = writeln!(text, "  phase {}: {verdict}", p.phase);
        }
    }
    text.pop();
    text
}
