//! Weights of the feature network, as one type: built in, downloaded, or a file of the user.

mod builtin;
pub mod download;
mod file;
mod layers;
mod load;
pub mod store;

pub use layers::{Preprocessing, Weights, WeightsError, WeightsKind};
