//! The command line: one file per subcommand, with the same settings as the window.

mod artificial;
mod bench;
mod bench_kernels;
mod choices;
mod compare;
mod design;
mod devices;
mod follow;
mod from_curve;
mod latent;
mod learn;
mod map;
mod map_study;
mod method_study;
mod print;
mod property;
mod property_set;
mod prune_study;
mod reconstruct;
mod segment;
mod segmentation;
mod selftest;
mod stats;
mod weights;

use std::path::PathBuf;

use clap::{Parser, Subcommand};

pub use reconstruct::demonstrate;

/// Statistically equivalent micrographs by matching the Gram matrices of a feature network.
///
/// Without a command the window opens.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, args_override_self = true)]
pub struct Arguments {
    /// The command to run instead of opening the window.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// A micrograph to open in the window.
    pub file: Option<PathBuf>,
}

/// A subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make new micrographs that are statistically equivalent to one.
    Reconstruct(Box<reconstruct::Arguments>),
    /// Apply a recipe to micrographs: prepare, segment and correct them, and write their phases.
    Segment(segment::Arguments),
    /// Reconstruct at every depth of the network and recommend the shallowest that is deep enough.
    PruneStudy(prune_study::Arguments),
    /// Make micrographs from a saved S2, without an original, by simulated annealing.
    FromCurve(from_curve::Arguments),
    /// Reconstruct micrographs by several methods, and compare the methods.
    MethodStudy(method_study::Arguments),
    /// Print the two-point and lineal-path functions of a micrograph as CSV.
    Stats(stats::Arguments),
    /// Print how far reconstructions are from their original.
    Compare(compare::Arguments),
    /// Map a set of micrographs: distances between them, an embedding in few dimensions, and what explains it.
    Map(Box<map::Arguments>),
    /// Study how well maps give back the parameters of synthetic pictures.
    MapStudy(map_study::Arguments),
    /// Compute what micrographs conduct, bear, let through and absorb.
    Property(Box<property::Arguments>),
    /// Make a set of synthetic micrographs with their properties, for learning.
    PropertySet(property_set::Arguments),
    /// Learn a property of micrographs from a table of values, and say how well it is predicted.
    Learn(Box<learn::LearnArguments>),
    /// Say what artificial micrographs add to what is learned from authentic ones.
    Artificial(Box<artificial::Arguments>),
    /// Predict a property of micrographs that was learned.
    Predict(learn::PredictArguments),
    /// Design micrographs: pictures of a latent model whose properties have wanted values.
    Design(Box<design::Arguments>),
    /// Train latent models of micrographs, and apply them.
    Latent {
        /// The command.
        #[command(subcommand)]
        action: latent::Action,
    },
    /// List the devices that can compute.
    Devices,
    /// Show, fetch or import the trained network's weights.
    Weights {
        /// The command.
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
/// What went wrong, in one sentence.
pub fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Reconstruct(arguments) => reconstruct::run(&arguments),
        Command::Segment(arguments) => segment::run(&arguments),
        Command::PruneStudy(arguments) => prune_study::run(&arguments),
        Command::FromCurve(arguments) => from_curve::run(&arguments),
        Command::MethodStudy(arguments) => method_study::run(&arguments),
        Command::Map(arguments) => map::run(&arguments),
        Command::MapStudy(arguments) => map_study::run(&arguments),
        Command::Stats(arguments) => stats::run(&arguments),
        Command::Compare(arguments) => compare::run(&arguments),
        Command::Property(arguments) => property::run(&arguments),
        Command::PropertySet(arguments) => property_set::run(&arguments),
        Command::Learn(arguments) => learn::learn(&arguments),
        Command::Artificial(arguments) => artificial::run(&arguments),
        Command::Predict(arguments) => learn::predict(&arguments),
        Command::Design(arguments) => design::run(&arguments),
        Command::Latent { action } => latent::run(&action),
        Command::Devices => devices::run(),
        Command::Weights { action } => weights::run(&action),
        Command::Bench(arguments) => bench::run(&arguments),
        Command::Selftest(arguments) => selftest::run(&arguments),
    }
}
