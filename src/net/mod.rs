//! Feature networks as graphs: VGG-19, its depths and receptive fields, and its weights.

mod vgg;
pub mod weights;

pub use vgg::{DEPTHS, Depth, Features, LAYERS, Layer, LayerKind, features, layer, preprocess};
pub use weights::{Weights, WeightsError, WeightsKind};
