//! Which layers' Gram matrices are compared, and how.

use crate::compute::graph::{Padding, Pooling, Precision};
use crate::net::Layer;

/// How the difference of two Gram matrices of one layer is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Normalisation {
    /// `‖G − G₀‖² / ‖G₀‖²`: every layer counts alike.
    Relative,
    /// `‖G − G₀‖² / (4 N² M²)`, N channels and M positions, as in the paper; the layers differ by up to 10⁹.
    Paper,
}

/// The settings of a loss.
#[derive(Clone, Debug, PartialEq)]
pub struct LossSettings {
    /// Layers and their weights.
    pub taps: Vec<(Layer, f32)>,
    /// Scale of each layer.
    pub normalisation: Normalisation,
    /// Edges of convolutions.
    pub padding: Padding,
    /// Kind of pooling.
    pub pooling: Pooling,
    /// How feature maps are stored on a GPU.
    pub precision: Precision,
}

impl LossSettings {
    /// The default layers of a depth, all with weight 1, and default settings otherwise.
    pub fn new(depth: Layer) -> Self {
        Self {
            taps: depth.default_taps().into_iter().map(|layer| (layer, 1.0)).collect(),
            normalisation: Normalisation::Relative,
            padding: Padding::Zero,
            pooling: Pooling::Mean,
            precision: Precision::Single,
        }
    }

    /// The layers alone.
    pub fn layers(&self) -> Vec<Layer> {
        self.taps.iter().map(|(layer, _)| *layer).collect()
    }

    /// The deepest layer.
    pub fn deepest(&self) -> Layer {
        self.layers().into_iter().max().unwrap_or(Layer::CONV1_1)
    }
}

/// Gram matrices of an original, divided by the positions of their layer.
pub type Grams = Vec<Vec<f32>>;
