//! Statistically equivalent micrographs (Li, Zhang, Zhao, Burkhart, Brinson & Chen, Sci. Rep. 8:13461, 2018).
//!
//! A phase map is encoded as a three-channel image; a random image is optimised from coarse to fine until the Gram
//! matrices of its feature maps, its two-point correlation and its lineal path are those of the original; its ranks (or
//! k-means and an annealing at the interfaces) turn it back into phases, and a polish exchanges pixels at interfaces.

mod checkpoint;
mod decode;
mod encode;
pub mod loss;
mod output;
mod paths;
mod polish;
mod problem;
mod pyramid;
mod settings;
mod solver;
mod spatial;
mod target;
mod tiles;

use std::path::PathBuf;

pub use checkpoint::Checkpoint;
pub use decode::{cluster, match_counts, rank, target_counts};
pub use encode::{Encoding, encode, phase_vectors};
pub use loss::Cost;
pub use output::{
    InputInfo, OutputFiles, Realisation, Report, WeightsInfo, curves_csv, input_info, loss_names, output_path,
    write_realisation,
};
pub use polish::{Polished, polish};
pub use problem::{Level, Problem, resources};
pub use settings::{Decoding, MOST_ITERATIONS, MOST_LEVELS, MOST_REALISATIONS, OptimiserKind, Preset, Settings};
pub use solver::{Solver, decode, rough_phases};
pub use target::Target;

use crate::compute::ComputeError;
use crate::micrograph::MicrographError;
use crate::net::WeightsError;

/// What can go wrong in a reconstruction.
#[derive(Debug, thiserror::Error)]
pub enum ReconstructError {
    /// The micrograph.
    #[error(transparent)]
    Micrograph(#[from] MicrographError),
    /// The weights.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The device.
    #[error(transparent)]
    Compute(#[from] ComputeError),
    /// Settings that cannot be met.
    #[error("{0}")]
    Settings(String),
    /// A checkpoint or report that cannot be used.
    #[error("{} cannot be used: {reason}.", path.display())]
    Checkpoint {
        /// The file.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// A checkpoint that cannot be written.
    #[error("The checkpoint {} could not be written: {source}.", path.display())]
    CheckpointWrite {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A person interrupted the step.
    #[error("interrupted")]
    Interrupted,
}
