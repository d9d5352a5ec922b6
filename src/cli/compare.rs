//! `microwright compare`

use std::fmt::Write;
use std::path::PathBuf;

use super::SegmentationArguments;
use super::say;
use crate::stats::{PhaseComparison, compare};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The original.
    original: PathBuf,
    /// What is compared with it.
    #[arg(required = true)]
    reconstructions: Vec<PathBuf>,
    #[command(flatten)]
    segmentation: SegmentationArguments,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let original = arguments.segmentation.phase_map(&arguments.original)?;
    for path in &arguments.reconstructions {
        let found = arguments.segmentation.phase_map(path)?;
        say!("{}", path.display());
        say!("{}", table(&compare(&original, &found)));
    }
    Ok(())
}

/// Errors of every phase beside what white noise of the same volume fraction scores.
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
    }
    text.pop();
    text
}
