//! `microwright compare`

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::bail;

use super::print::say;
use super::segmentation::SegmentationArguments;
use crate::stats::{PhaseComparison, compare};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The original.
    original: PathBuf,
    /// The micrographs that are compared with it.
    #[arg(required = true)]
    reconstructions: Vec<PathBuf>,
    #[command(flatten)]
    segmentation: SegmentationArguments,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let original = arguments.segmentation.phase_map(&arguments.original)?;
    for path in &arguments.reconstructions {
        let found = arguments.segmentation.phase_map(path)?;
        if found.phases != original.phases {
            let (original_name, name) = (arguments.original.display(), path.display());
            let (a, b) = (original.phases, found.phases);
            bail!("{original_name} has {a} phases and {name} has {b}; compare phase maps of the same phases.");
        }
        say!("{}", path.display());
        say!("{}", table(&compare(&original, &found)));
    }
    Ok(())
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
        if let Some(interval) = &p.original_interval {
            let trust = if interval.can_be_trusted() { "" } else { " (too few independent areas to be trusted)" };
            let _ = writeln!(text, "    the original's fraction, 95 % confidence: {interval}{trust}");
        }
        if let Some(u) = &p.unfitted {
            let _ = writeln!(
                text,
                "    not fitted: cluster function {:.1}, pore sizes {:.1}; change of mean chord {:+.1}, specific surface {:+.1}, interface {:+.1}, components {:+.1}",
                u.cluster_error_percent,
                u.pore_size_error_percent,
                u.mean_chord_change_percent,
                u.specific_surface_change_percent,
                u.interface_length_change_percent,
                u.components_change_percent
            );
        }
    }
    text.pop();
    text
}
