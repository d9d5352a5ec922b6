//! The settings of a reconstruction, the same for the window, the command line and the report.

use std::collections::BTreeMap;

use super::ReconstructError;
use super::encode::Encoding;
use super::loss::{LossSettings, Normalisation};
use crate::compute::graph::{Padding, Pooling};
use crate::micrograph::Segmentation;
use crate::net::{Depth, WeightsKind};

/// The optimiser.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum OptimiserKind {
    /// Quasi-Newton within bounds, as in the paper.
    Lbfgsb,
    /// First order; needs many more iterations, but no history.
    Adam,
}

/// Everything that decides a reconstruction besides the micrograph.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How phases are told apart.
    pub segmentation: Segmentation,
    /// How phases become vectors.
    pub encoding: Encoding,
    /// The feature network's weights.
    pub weights: WeightsKind,
    /// The last layer kept.
    pub depth: Depth,
    /// Weights of layers that differ from the default: 1 for conv1_1, every pool up to the depth and the last layer, else 0.
    pub layer_weights: BTreeMap<Depth, f32>,
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
    /// The most iterations.
    pub iterations: usize,
    /// Seed of the random start; further realisations take the next ones.
    pub seed: u64,
    /// How many realisations.
    pub realisations: usize,
    /// Height and width of the result, where they differ from the original's.
    pub size: Option<(usize, usize)>,
    /// `auto`, `cpu`, `gpu` or a part of an adapter's name.
    pub device: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            segmentation: Segmentation::Auto,
            encoding: Encoding::Corners,
            weights: WeightsKind::BuiltIn,
            depth: Depth::POOL3,
            layer_weights: BTreeMap::new(),
            normalisation: Normalisation::Relative,
            padding: Padding::Zero,
            pooling: Pooling::Mean,
            optimiser: OptimiserKind::Lbfgsb,
            adam_rate: 4.0,
            iterations: 300,
            seed: 1,
            realisations: 1,
            size: None,
            device: "auto".into(),
        }
    }
}

/// The most iterations of a realisation, and realisations of a run.
pub const MOST_ITERATIONS: usize = 1_000_000;
/// The most realisations of a run.
pub const MOST_REALISATIONS: usize = 100_000;
/// The longest edge of a result.
const MOST_EDGE: usize = 16_384;

impl Settings {
    /// The weight of a layer.
    pub fn layer_weight(&self, layer: Depth) -> f32 {
        let default = if self.depth.default_taps().contains(&layer) { 1.0 } else { 0.0 };
        self.layer_weights.get(&layer).copied().unwrap_or(default)
    }

    /// The layers that count, with their weights, in the order of the network.
    pub fn taps(&self) -> Vec<(Depth, f32)> {
        let layers = Depth::all().take_while(|d| *d <= self.depth);
        layers.map(|d| (d, self.layer_weight(d))).filter(|(_, w)| *w != 0.0).collect()
    }

    /// What the loss needs of these settings.
    pub fn loss(&self) -> LossSettings {
        LossSettings {
            taps: self.taps(),
            normalisation: self.normalisation,
            padding: self.padding,
            pooling: self.pooling,
        }
    }

    /// Height and width of the result for an original of this size.
    pub fn output_size(&self, original: (usize, usize)) -> (usize, usize) {
        self.size.unwrap_or(original)
    }

    /// Whether these settings can be met for an original of this size.
    ///
    /// # Errors
    /// A sentence that says what cannot be met and what to change.
    pub fn check(&self, original: (usize, usize)) -> Result<(), ReconstructError> {
        let wrong = |text: String| Err(ReconstructError::Settings(text));
        let least = self.depth.smallest_image(self.padding);
        for (what, (height, width)) in [("The micrograph", original), ("The result", self.output_size(original))] {
            if height < least || width < least {
                return wrong(format!(
                    "{what} has {height} × {width} pixels, too few for {}: the depth needs at least {least} each way. \
                     Choose a shallower depth or a larger picture.",
                    self.depth
                ));
            }
            if height > MOST_EDGE || width > MOST_EDGE {
                return wrong(format!(
                    "{what} has {height} × {width} pixels; at most {MOST_EDGE} each way are possible."
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
        if self.iterations == 0 || self.realisations == 0 {
            return wrong("At least one iteration and one realisation are needed.".into());
        }
        if self.iterations > MOST_ITERATIONS || self.realisations > MOST_REALISATIONS {
            return wrong(format!(
                "At most {MOST_ITERATIONS} iterations and {MOST_REALISATIONS} realisations can be made in one run."
            ));
        }
        if !(self.adam_rate > 0.0 && self.adam_rate.is_finite()) {
            return wrong("Adam's step size must be larger than 0.".into());
        }
        Ok(())
    }
}
