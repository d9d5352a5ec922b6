//! The command line: one file a subcommand, over the same settings as the window.

mod bench;
mod bench_kernels;
mod compare;
mod devices;
mod follow;
mod latent;
mod prune_study;
mod reconstruct;
mod segment;
mod selftest;
mod stats;
mod weights;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::micrograph::{PhaseMap, Prepared, Recipe, Segmentation};

pub use reconstruct::demonstrate;

/// Statistically equivalent micrographs by matching the Gram matrices of a feature network.
///
/// Without a command the window opens.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, args_override_self = true)]
pub struct Arguments {
    /// What to do instead of opening the window.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// A micrograph to open in the window.
    pub file: Option<PathBuf>,
}

/// A subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make new micrographs that are statistically equivalent to one.
    Reconstruct(reconstruct::Arguments),
    /// Apply a recipe to micrographs: prepare, segment and correct them, and write their phases.
    Segment(segment::Arguments),
    /// Reconstruct at every depth of the network and recommend the shallowest that is deep enough.
    PruneStudy(prune_study::Arguments),
    /// Print the two-point and lineal-path functions of a micrograph as CSV.
    Stats(stats::Arguments),
    /// Print how far reconstructions are from their original.
    Compare(compare::Arguments),
    /// Train latent models of micrographs, and walk through them.
    Latent {
        /// Which of these.
        #[command(subcommand)]
        action: latent::Action,
    },
    /// List the devices that can compute.
    Devices,
    /// Show, fetch or import the trained network's weights.
    Weights {
        /// Which of these.
        #[command(subcommand)]
        action: weights::Action,
    },
    /// Time one loss and gradient on a device.
    Bench(bench::Arguments),
    /// Check every kernel of a device against the native code.
    Selftest(selftest::Arguments),
}

/// Runs a subcommand.
///
/// # Errors
/// Whatever went wrong, as a sentence.
pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Reconstruct(arguments) => reconstruct::run(&arguments),
        Command::Segment(arguments) => segment::run(&arguments),
        Command::PruneStudy(arguments) => prune_study::run(&arguments),
        Command::Stats(arguments) => stats::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Latent { action } => latent::run(&action),
        Command::Devices => devices::run(),
        Command::Weights { action } => weights::run(&action),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Selftest(arguments) => selftest::run(&arguments),
    }
}

/// How a micrograph becomes phases.
#[derive(Clone, Debug, clap::Args)]
pub struct SegmentationArguments {
    /// Make so many phases by thresholds (multi-Otsu) instead of taking at most 8 distinct values as phases.
    #[arg(long, value_name = "N", conflicts_with = "unsegmented")]
    phases: Option<usize>,
    /// Take the micrograph as a grey or colour image without phases.
    #[arg(long)]
    unsegmented: bool,
    /// Prepare, segment and correct by a recipe, as the window saves it
    #[arg(long, value_name = "JSON", conflicts_with_all = ["phases", "unsegmented"])]
    recipe: Option<PathBuf>,
}

impl SegmentationArguments {
    fn given(&self) -> anyhow::Result<Option<Recipe>> {
        Ok(match (self.phases, self.unsegmented, &self.recipe) {
            (_, _, Some(path)) => Some(Recipe::read(path)?),
            (Some(n), ..) => Some(Recipe::of(Segmentation::Phases(n))),
            (None, true, None) => Some(Recipe::of(Segmentation::Unsegmented)),
            (None, false, None) => None,
        })
    }

    /// What these make of a file.
    fn prepared(&self, path: &std::path::Path) -> anyhow::Result<Prepared> {
        let micrograph = crate::micrograph::read(path)?;
        Ok(self.given()?.unwrap_or_default().apply(&micrograph)?)
    }

    /// The phases of a file.
    fn phase_map(&self, path: &std::path::Path) -> anyhow::Result<std::sync::Arc<PhaseMap>> {
        self.prepared(path)?.phases.ok_or_else(|| anyhow::anyhow!("{} has no phases.", path.display()))
    }
}

/// `println!` that a reader who has had enough does not turn into a panic.
macro_rules! say {
    ($($text:tt)*) => {
        // Nothing is left to say to somebody who does not listen.
        $crate::cli::print(&format!("{}\n", format_args!($($text)*))).unwrap_or_default()
    };
}
use say;

/// Prints a text; a reader that has had enough (`| head`) is no error.
fn print(text: &str) -> anyhow::Result<()> {
    use std::io::Write;
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        other => Ok(other?),
    }
}
