//! Feature networks as graphs: VGG-19, its depths and receptive fields, and its weights.

mod layer;
mod vgg;
pub mod weights;

pub use layer::{DEPTHS, Layer, LayerKind};
pub use vgg::{Features, features, layer, preprocess};
pub use weights::{Preprocessing, Weights, WeightsError, WeightsKind};
