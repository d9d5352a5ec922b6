//! The settings of the Gram matrices.

use std::collections::BTreeMap;

use super::encode::Encoding;
use super::layers::{LossSettings, Normalisation};
use crate::compute::graph::{Padding, Pooling, Precision};
use crate::net::{Layer, WeightsKind};
use crate::reconstruct::ReconstructError;

/// The optimiser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimiserKind {
    /// Quasi-Newton within bounds, as in the paper.
    Lbfgsb,
    /// First order; needs many more iterations, but no history.
    Adam,
}

/// How an image becomes phases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Decoding {
    /// k-means, then an annealing at the interfaces to the exact volume fractions, as in the paper.
    #[default]
    Clusters,
    /// Of two phases: the threshold that gives the exact volume fraction. More phases are clustered.
    Rank,
}

/// What S2 in the loss follows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CorrelationTarget {
    /// The sample: every displacement, exactly. Realisations then share the sample's own deviations from the material.
    #[default]
    Sample,
    /// The material: the radial mean, within the sampling error that the sample's quarters show. Realisations then vary like
    /// pictures of the material. Only for materials without a preferred direction.
    Material,
}

fn one() -> usize {
    1
}

/// How Gram matrices are matched.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gram {
    /// How phases become vectors.
    pub encoding: Encoding,
    /// The feature network's weights.
    pub weights: WeightsKind,
    /// The last layer kept.
    pub depth: Layer,
    /// Weights of layers that differ from the default, which is 1 for conv1_1, every pool up to the depth and the last
    /// layer, else 0.
    pub layer_weights: BTreeMap<Layer, f32>,
    /// Scale of each layer's loss.
    pub normalisation: Normalisation,
    /// Edges of convolutions; `periodic` makes a result that can be tiled.
    pub padding: Padding,
    /// Kind of pooling.
    pub pooling: Pooling,
    /// The optimiser.
    pub optimiser: OptimiserKind,
    /// Step size of Adam, in grey levels.
    pub adam_rate: f64,
    /// Sizes that the image goes through from coarse to fine, each twice the one before; 1: the full size alone.
    // Reports of versions without this field were made without this feature; the same holds for the fields below.
    #[serde(default = "one")]
    pub levels: usize,
    /// Weight of the two-point correlation's term in the loss; 0: none.
    #[serde(default)]
    pub correlation_weight: f64,
    /// What that term follows.
    #[serde(default)]
    pub correlation_target: CorrelationTarget,
    /// Weight of the lineal path's term in the loss; 0: none.
    #[serde(default)]
    pub path_weight: f64,
    /// How the image becomes phases.
    #[serde(default)]
    pub decoding: Decoding,
    /// The most iterations at each size.
    pub iterations: usize,
}

impl Default for Gram {
    fn default() -> Self {
        Self {
            encoding: Encoding::Corners,
            weights: WeightsKind::BuiltIn,
            depth: Layer::POOL3,
            layer_weights: BTreeMap::new(),
            normalisation: Normalisation::Relative,
            padding: Padding::Zero,
            pooling: Pooling::Mean,
            optimiser: OptimiserKind::Lbfgsb,
            adam_rate: 4.0,
            levels: 3,
            correlation_weight: 1.0,
            correlation_target: CorrelationTarget::Sample,
            path_weight: 10.0,
            decoding: Decoding::Rank,
            iterations: 200,
        }
    }
}

/// The most iterations of a realisation at each size.
pub const MOST_ITERATIONS: usize = 1_000_000;
/// The most sizes from coarse to fine.
pub const MOST_LEVELS: usize = 8;

impl Gram {
    /// The weight of a layer.
    pub fn layer_weight(&self, layer: Layer) -> f32 {
        let default = if self.depth.default_taps().contains(&layer) { 1.0 } else { 0.0 };
        self.layer_weights.get(&layer).copied().unwrap_or(default)
    }

    /// The layers that count, with their weights, in the order of the network.
    pub fn taps(&self) -> Vec<(Layer, f32)> {
        let layers = self.depth.kept();
        layers.map(|d| (d, self.layer_weight(d))).filter(|(_, w)| *w != 0.0).collect()
    }

    /// The deepest layer that counts.
    pub fn deepest(&self) -> Layer {
        self.taps().last().map_or(self.depth, |(layer, _)| *layer)
    }

    /// The settings of the loss.
    pub fn loss(&self, precision: Precision) -> LossSettings {
        LossSettings {
            taps: self.taps(),
            normalisation: self.normalisation,
            padding: self.padding,
            pooling: self.pooling,
            precision,
        }
    }

    /// Checks that these settings can be met for an original and a result of these sizes.
    pub(super) fn check(&self, original: (usize, usize), result: (usize, usize)) -> Result<(), ReconstructError> {
        let wrong = |text: String| Err(ReconstructError::Settings(text));
        let least = self.depth.smallest_image(self.padding);
        for (what, (height, width)) in [("The micrograph", original), ("The result", result)] {
            if height < least || width < least {
                return wrong(format!(
                    "{what} has {height} × {width} pixels, too few for {}: the depth needs at least {least} in each \
                     direction. Choose a shallower depth or a larger picture.",
                    self.depth
                ));
            }
        }
        if self.taps().is_empty() {
            return wrong(
                "All layer weights are 0, so there is nothing to match. Give at least one layer a weight.".into(),
            );
        }
        if self.taps().iter().any(|(_, w)| !(*w > 0.0 && w.is_finite())) {
            return wrong("A layer weight is negative or not a number; weights are 0 or larger.".into());
        }
        if self.iterations == 0 {
            return wrong("At least one iteration is needed.".into());
        }
        if self.iterations > MOST_ITERATIONS {
            return wrong(format!("At most {MOST_ITERATIONS} iterations can be made at each size."));
        }
        if self.levels == 0 || self.levels > MOST_LEVELS {
            return wrong(format!("Between 1 and {MOST_LEVELS} sizes from coarse to fine are possible."));
        }
        let fine = |weight: f64| weight >= 0.0 && weight.is_finite();
        if !(fine(self.correlation_weight) && fine(self.path_weight)) {
            return wrong(
                "The weights of the two-point correlation and of the lineal path must be 0 or larger.".into(),
            );
        }
        if !(self.adam_rate > 0.0 && self.adam_rate.is_finite()) {
            return wrong("Adam's step size must be larger than 0.".into());
        }
        Ok(())
    }
}
