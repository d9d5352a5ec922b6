//! Learning a property of micrographs from what is measured of them.
//!
//! ```text
//! Samples ─► folds ─► Reduction + Regressor of each fold ─► Validation: predictions of what was left out
//!    └──────────────► Predictor of all ─► prediction of a new micrograph, with its interval and its novelty
//! ```
//!
//! [`Samples`] hold a row of numbers, a value and a micrograph for each sample. [`folds`] splits them by micrograph,
//! [`validate`] predicts every sample from folds that do not hold it, beside the baselines, and a [`Predictor`] is what is
//! kept in a file.

mod file;
mod forest;
mod gaussian;
mod importance;
mod inverse;
mod measure;
mod method;
mod network;
mod predictor;
mod reduction;
mod regressor;
mod ridge;
mod samples;
mod score;
mod span;
mod split;
mod validate;
mod vector;

use std::path::PathBuf;

pub use file::{predictor_bytes, read_predictor};
pub use importance::{Importance, importances};
pub use inverse::{Goal, Proposal, Search, miss};
pub use method::Method;
pub use network::{Architecture, Network, NetworkInput, NetworkPlan, Schedule};
pub use predictor::{Forecast, Known, Predictor};
pub use reduction::{MOST_COMPONENTS, Reduction, ReductionKind};
pub use regressor::{Fitted, Regressor, Tuned};
pub use samples::{LEAST_SAMPLES, Samples};
pub use score::{PartErrors, Prediction, Scores};
pub use span::Span;
pub use split::{Split, SplitKind, folds, repeated_folds, without};
pub use validate::{CurvePoint, Validation, learning_curve, predict_part, validate, validate_fractions, validate_mean};

/// Errors of learning, in sentences.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// What the samples lack.
    #[error("{0}")]
    Samples(String),
    /// The numbers of a regression cannot be computed.
    #[error("{0}")]
    Numbers(String),
    /// It was asked to end.
    #[error("The learning was stopped.")]
    Stopped,
    /// A file cannot be used.
    #[error("{} cannot be opened as a predictor: {reason}.", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}
