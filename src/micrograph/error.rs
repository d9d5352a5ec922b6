//! What can be wrong with a micrograph.

use std::path::{Path, PathBuf};

use super::picture::MOST_PHASES;

/// Errors of a micrograph or its file.
#[derive(Debug, thiserror::Error)]
pub enum MicrographError {
    /// The file cannot be read.
    #[error("{} could not be read: {source}.", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("{} could not be written: {source}. Choose another folder, or make room there.", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The content is not a picture that can be read.
    #[error("{} cannot be opened: {reason}.", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The picture is larger than can be handled.
    #[error("{} claims {width} × {height} pixels, too many to be read at any scale.", path.display())]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Rows.
        height: u64,
        /// Columns.
        width: u64,
    },
    /// A step of a recipe that does not fit.
    #[error("“{step}” cannot be applied to {name}: {reason}.")]
    Step {
        /// The step.
        step: String,
        /// The micrograph.
        name: String,
        /// Why.
        reason: String,
    },
    /// Too many values for labels, too few for grey values.
    #[error(
        "{name} has {found} distinct values: too many for phases (at most {MOST_PHASES}), too few for a grey micrograph. Merge some, or segment it by thresholds (--phases 2, or Segmentation in the window)."
    )]
    TooManyLabels {
        /// The micrograph.
        name: String,
        /// Distinct values.
        found: usize,
    },
    /// Flat regions with numbers of their own, such as grains.
    #[error(
        "{name} has {found} distinct values in flat regions, as the numbers of grains or particles are: too many for phases (at most {MOST_PHASES}). Merge them into phases first, or segment it by thresholds (--phases 2, or Segmentation in the window)."
    )]
    TooManyRegions {
        /// The micrograph.
        name: String,
        /// Distinct values.
        found: usize,
    },
    /// There is only one phase.
    #[error(
        "{name} has one phase only: every pixel has the same value, so there is no structure to reconstruct. Open a micrograph with at least two phases."
    )]
    OnePhase {
        /// The micrograph.
        name: String,
    },
    /// A number of phases that cannot be made.
    #[error(
        "{wanted} phases cannot be made of {name}: choose between 2 and {MOST_PHASES}, and no more than it has grey values."
    )]
    PhaseCount {
        /// The micrograph.
        name: String,
        /// What was asked for.
        wanted: usize,
    },
}

pub(crate) fn malformed(path: &Path, reason: impl std::fmt::Display) -> MicrographError {
    MicrographError::Malformed { path: path.into(), reason: reason.to_string() }
}
