//! Variational autoencoders of micrographs, and their latent space.
//!
//! ```text
//! micrographs ─► Dataset (patches) ─► Trainer ─► Model ─┬─► encode: patch ─► latent point
//!                                                       └─► decode: latent point + layout noise ─► picture
//! ```

mod autocorrelation;
mod check;
mod data;
mod explore;
mod file;
mod judge;
mod lineal;
mod minkowski;
mod model;
mod needs;
mod network;
mod networks;
mod posterior;
mod principal;
mod scaling;
mod settings;
mod sheet;
mod similarity;
mod soft;
mod stationarity;
mod step;
mod targets;
mod trainer;
mod training;
mod weighing;

use std::path::PathBuf;

use crate::stats::normal;
use rand_pcg::Pcg64;

pub use check::Check;
pub use data::{Dataset, Patch, Picture, Source, patches_of, pictures_of_files, proposed_patches, synthetic};
pub use explore::{
    DESCRIPTORS, Descriptors, correlation, correlation_table, describe, linear_fit, linear_prediction,
    order_by_divergence, phases, slerp, suggested_name,
};
pub use file::{Tensors, read_tensors, tensor_bytes};
pub use judge::{Comparison, Factor, Judgement, Scores, Spread, judge, kolmogorov_smirnov, layout_correlation};
pub use model::{Model, Painter, Reader, Summary};
pub use needs::Needs;
pub use networks::Networks;
pub use posterior::Encoding;
pub use settings::{Head, LatentPreset, LatentSettings, ModelKind};
pub use sheet::{Cell, REACH, Stack, cells_csv, contact_sheet, interpolation, paint, samples, traversal, write_cells};
pub use similarity::{FeatureMaps, PyramidStatistics, dists_form, pyramid_statistics, stsim2};
pub use stationarity::place_preference;
pub use trainer::{Pictures, Trainer};

use crate::compute::ComputeError;
use crate::micrograph::MicrographError;

/// Errors of a model.
#[derive(Debug, thiserror::Error)]
pub enum LatentError {
    /// Settings that do not fit together.
    #[error("{0}")]
    Settings(String),
    /// Too few patches to train on some and hold others out.
    #[error(
        "{train} patches to train on and {held_out} to hold out are too few: at least {LEAST_TRAIN} and {LEAST_HELD_OUT} are needed, which never overlap. Add micrographs, take a smaller patch or a smaller stride."
    )]
    TooFewPatches {
        /// Patches to train on.
        train: usize,
        /// Patches held out.
        held_out: usize,
    },
    /// The file is not a model.
    #[error("{} cannot be opened as a latent model: {reason}.", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The file cannot be read or written.
    #[error("{} could not be {action}: {source}.", path.display())]
    Io {
        /// `read` or `written`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The loss of the training is no longer finite.
    #[error(
        "The loss is no longer a finite number after {step} steps. Take a smaller learning rate; the best model so far is kept."
    )]
    NotFinite {
        /// Steps taken.
        step: usize,
    },
    /// An error of a micrograph.
    #[error(transparent)]
    Micrograph(#[from] MicrographError),
    /// An error of the backend.
    #[error(transparent)]
    Compute(#[from] ComputeError),
    /// An error of the feature network.
    #[error(transparent)]
    Weights(#[from] crate::net::WeightsError),
}

/// The fewest patches to train on.
pub const LEAST_TRAIN: usize = 8;
/// The fewest patches to hold out.
pub const LEAST_HELD_OUT: usize = 2;

/// `len` standard normal numbers.
pub fn normals(random: &mut Pcg64, len: usize) -> Vec<f32> {
    (0..len).map(|_| normal(random) as f32).collect()
}
