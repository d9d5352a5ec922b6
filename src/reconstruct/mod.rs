//! Statistically equivalent micrographs, by the methods of the literature.
//!
//! A [`Target`] is the original, prepared once. A [`Method`] with its settings prepares a [`Reconstruction`] of it,
//! which makes one realisation after another. Exact volume fractions, polish, comparison, output and checkpoints are
//! common to all methods.

pub mod anneal;
mod causal;
mod checkpoint;
mod correlation;
pub mod descriptors;
mod exchange;
pub mod field;
mod fractions;
pub mod gram;
mod half_disc;
pub mod markov;
mod output;
mod pieces;
mod plane;
mod polish;
mod reconstruction;
mod runs;
pub mod sampling;
mod settings;
mod steering;
mod target;
pub mod tree;

use std::path::PathBuf;

pub use checkpoint::{Checkpoint, SavedRun};
pub use fractions::{match_counts, target_counts};
pub use gram::loss;
pub use gram::loss::Cost;
pub use output::{
    Edges, InputInfo, OUTPUTS, OutputFiles, Realisation, Report, WrittenFile, curves_csv, input_info, output_path,
    write_realisation,
};
pub use polish::{Polished, polish};
pub use reconstruction::{LossValue, Outcome, Reconstruction, State, Status, Vector, WeightsInfo};
pub use settings::{MOST_REALISATIONS, Method, MethodSettings, Settings, prepare};
pub use target::Target;

use crate::compute::ComputeError;
use crate::micrograph::MicrographError;
use crate::net::WeightsError;

/// Errors of a reconstruction.
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
    /// A saved state that is damaged, in a few words.
    #[error("The saved state is damaged ({0}).")]
    DamagedState(String),
    /// A saved state of another run; says in a few words what differs.
    #[error("The saved state was made with {0}.")]
    OtherState(String),
    /// The user interrupted the step.
    #[error("interrupted")]
    Interrupted,
}
