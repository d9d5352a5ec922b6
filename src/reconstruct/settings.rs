//! The settings of a reconstruction, the same for the window, the command line and the report.

use std::collections::BTreeMap;

use super::ReconstructError;
use super::encode::Encoding;
use super::loss::{LossSettings, Normalisation};
use crate::compute::graph::{Padding, Pooling, Precision};
use crate::micrograph::Recipe;
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

/// How an image becomes phases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Decoding {
    /// k-means, then an annealing at the interfaces to the exact volume fractions, as in the paper.
    #[default]
    Clusters,
    /// Of two phases: the threshold that gives the exact volume fraction. More phases are clustered.
    Rank,
}

/// Settings that go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Preset {
    /// A quick look: few iterations from coarse to fine, and the polish.
    Fast,
    /// The closest statistics: from coarse to fine, with the two-point correlation in the loss, and the polish.
    Faithful,
    /// The method of Li et al. 2018 as it stands in the paper.
    Published,
}

impl Preset {
    /// All of them, in the order of the menus.
    pub const ALL: [Self; 3] = [Self::Fast, Self::Faithful, Self::Published];

    /// The name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fast => "Fast",
            Self::Faithful => "Faithful",
            Self::Published => "As published (Li et al. 2018)",
        }
    }

    /// What it is for, in a sentence.
    pub const fn tooltip(self) -> &'static str {
        match self {
            Self::Fast => "A quick look: 60 iterations at each of three sizes, and the polish.",
            Self::Faithful => {
                "The closest statistics: 200 iterations at each of three sizes, with S2 in the loss, and the polish."
            }
            Self::Published => {
                "The method of the paper: Gram matrices alone, one size, 300 iterations, no polish, phases by k-means \
                 and annealing."
            }
        }
    }

    /// Sets what the preset decides; the micrograph's recipe, the network, seed, number, size and device stay.
    pub fn apply(self, settings: &mut Settings) {
        let plain = Settings {
            recipe: settings.recipe.clone(),
            weights: settings.weights.clone(),
            depth: settings.depth,
            seed: settings.seed,
            realisations: settings.realisations,
            size: settings.size,
            device: settings.device.clone(),
            precision: settings.precision,
            memory_limit: settings.memory_limit,
            ..Settings::default()
        };
        *settings = match self {
            Self::Faithful => plain,
            Self::Fast => Settings { iterations: 60, ..plain },
            Self::Published => Settings {
                encoding: Encoding::Hypercube,
                levels: 1,
                correlation_weight: 0.0,
                path_weight: 0.0,
                decoding: Decoding::Clusters,
                polish: false,
                iterations: 300,
                ..plain
            },
        };
    }

    /// The preset whose settings these are, if there is one.
    pub fn of(settings: &Settings) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| {
            let mut set = settings.clone();
            preset.apply(&mut set);
            set == *settings
        })
    }
}

fn one() -> usize {
    1
}

/// Everything that decides a reconstruction besides the micrograph.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// How the micrograph is prepared and its phases are told apart.
    pub recipe: Recipe,
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
    /// Sizes that the image goes through from coarse to fine, each twice the one before; 1: the full size alone.
    // A report of a version without this field was made without what it switches on; likewise below.
    #[serde(default = "one")]
    pub levels: usize,
    /// Weight of the two-point correlation's term in the loss; 0: none.
    #[serde(default)]
    pub correlation_weight: f64,
    /// Weight of the lineal path's term in the loss; 0: none.
    #[serde(default)]
    pub path_weight: f64,
    /// How the image becomes phases.
    #[serde(default)]
    pub decoding: Decoding,
    /// Whether pixels at interfaces are exchanged in the end where that brings S2 and lineal path closer.
    #[serde(default)]
    pub polish: bool,
    /// The most iterations at each size.
    pub iterations: usize,
    /// Seed of the random start; further realisations take the next ones.
    pub seed: u64,
    /// How many realisations.
    pub realisations: usize,
    /// Height and width of the result, where they differ from the original's.
    pub size: Option<(usize, usize)>,
    /// `auto`, `cpu`, `gpu` or a part of an adapter's name.
    pub device: String,
    /// How feature maps are stored on a GPU.
    pub precision: Precision,
    /// MiB that a run may take; above it the network goes over the image in windows. `None`: what is free.
    pub memory_limit: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            recipe: Recipe::default(),
            encoding: Encoding::Corners,
            weights: WeightsKind::BuiltIn,
            depth: Depth::POOL3,
            layer_weights: BTreeMap::new(),
            normalisation: Normalisation::Relative,
            padding: Padding::Zero,
            pooling: Pooling::Mean,
            optimiser: OptimiserKind::Lbfgsb,
            adam_rate: 4.0,
            levels: 3,
            correlation_weight: 1.0,
            path_weight: 10.0,
            decoding: Decoding::Rank,
            polish: true,
            iterations: 200,
            seed: 1,
            realisations: 1,
            size: None,
            device: "auto".into(),
            precision: Precision::Single,
            memory_limit: None,
        }
    }
}

/// The most iterations of a realisation, and realisations of a run.
pub const MOST_ITERATIONS: usize = 1_000_000;
/// The most realisations of a run.
pub const MOST_REALISATIONS: usize = 100_000;
/// The most sizes from coarse to fine.
pub const MOST_LEVELS: usize = 8;
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
            precision: self.precision,
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
        if self.memory_limit.is_some_and(|mebibytes| !(1..=1 << 30).contains(&mebibytes)) {
            return wrong("A limit of memory is 1 MiB or more, or none at all.".into());
        }
        if self.iterations == 0 || self.realisations == 0 {
            return wrong("At least one iteration and one realisation are needed.".into());
        }
        if self.iterations > MOST_ITERATIONS || self.realisations > MOST_REALISATIONS {
            return wrong(format!(
                "At most {MOST_ITERATIONS} iterations and {MOST_REALISATIONS} realisations can be made in one run."
            ));
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
