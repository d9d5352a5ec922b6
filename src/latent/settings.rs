//! The settings of a model and of its training.

use crate::net::{Layer, WeightsKind};

/// The kind of a generative model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ModelKind {
    /// TextureVAE: matches Gram matrices (Sardeshmukh et al., CEUR 2964, 2021).
    Texture,
    /// Morphology-aware: matches pixels, with style and mode-collapse terms (Cang et al. 2018).
    Morphology,
    /// The plain variational autoencoder: matches pixels only.
    Vae,
    /// The plain autoencoder: no divergence, no sampling.
    Autoencoder,
}

impl ModelKind {
    /// All kinds in the order of the menu.
    pub const ALL: [Self; 4] = [Self::Texture, Self::Morphology, Self::Vae, Self::Autoencoder];

    /// The name in menus and tables.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Texture => "TextureVAE",
            Self::Morphology => "Morphology-aware VAE",
            Self::Vae => "Plain VAE",
            Self::Autoencoder => "Plain autoencoder",
        }
    }

    /// What it is for, in a sentence.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Texture => {
                "Matches the style of a patch (Gram matrices), not its pixels: latent dimensions are properties of the texture, and one point of the latent space gives any number of layouts."
            }
            Self::Morphology => {
                "Matches pixels, with the style of the samples and a term against mode collapse on top: a latent point is one patch with its layout."
            }
            Self::Vae => "Matches pixels only: for comparison.",
            Self::Autoencoder => "Matches pixels only, without a distribution of the latent points: for comparison.",
        }
    }

    /// Whether the decoder is compared with its patch pixel by pixel.
    pub const fn matches_pixels(self) -> bool {
        !matches!(self, Self::Texture)
    }

    /// Whether the loss has a style term.
    pub const fn matches_style(self) -> bool {
        matches!(self, Self::Texture | Self::Morphology)
    }

    /// Whether latent points are sampled.
    pub const fn is_variational(self) -> bool {
        !matches!(self, Self::Autoencoder)
    }
}

/// What the encoder of a TextureVAE reads from the feature maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Head {
    /// Logarithms of mean and standard deviation of every channel at every tap: a texture has no positions.
    Pooled,
    /// The last feature map as it is, as in the paper; it overfits small sets.
    Flattened,
}

/// Everything that decides the result of a training, besides the patches.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct LatentSettings {
    /// The kind of model.
    pub model: ModelKind,
    /// Latent dimensions.
    pub dimensions: usize,
    /// Edge of the patches in pixels, a multiple of 16.
    pub edge: usize,
    /// Channels of the decoder's widest layers.
    pub width: usize,
    /// Weights of the feature network that the encoder reads patches through; the model needs them wherever it encodes.
    pub weights: WeightsKind,
    /// Weights of the feature network whose Gram matrices are matched, which only the training needs; `None` for those of
    /// the encoder.
    pub style: Option<WeightsKind>,
    /// Depth of the feature network.
    pub depth: Layer,
    /// What the encoder of a TextureVAE reads.
    pub head: Head,
    /// Whether a TextureVAE's decoder takes the layout from noise of its own instead of from the latent point.
    pub free_layout: bool,
    /// Whether decoder and style network continue at the opposite edge.
    pub periodic: bool,
    /// Weight of the divergence, in units of the loss for each nat.
    pub beta: f64,
    /// Steps over which the weight of the divergence grows from 0.
    pub warm_up: usize,
    /// Nats of each dimension that add nothing to the loss (Kingma et al. 2016, arXiv:1606.04934, appendix C.8).
    pub free_bits: f64,
    /// Weight of the loss of the pooled features, as a share of their variance. A TextureVAE's latent point has to
    /// predict these features linearly, so that the latent space also keeps what the decoder cannot paint yet.
    pub feature_weight: f64,
    /// Weight of the loss of the autocorrelation (S2; Hashemi et al. 2024) where style is matched; 0 leaves it out.
    pub correlation_weight: f64,
    /// Weight of the loss of the lineal path where style is matched; 0 leaves it out.
    pub lineal_weight: f64,
    /// Weight of the loss of the Minkowski functionals (area, interface, Euler number) where style is matched; 0 leaves it
    /// out.
    pub minkowski_weight: f64,
    /// Weight of the loss of stationarity: the variance of the expected grey value over the places of the decoder's cells
    /// of 16 pixels, as a share of that of the patches' grey values. It is for free layouts; 0 leaves it out, as in
    /// settings from before there was such a loss.
    #[serde(default)]
    pub stationarity_weight: f64,
    /// Weight of the style loss where pixels are matched too.
    pub style_weight: f64,
    /// Weight of the mode-collapse term where pixels are matched too.
    pub collapse_weight: f64,
    /// Adam's rate: it grows over 100 steps, and falls to zero along a quarter of a cosine.
    pub rate: f64,
    /// Patches of a step.
    pub batch: usize,
    /// The most steps.
    pub steps: usize,
    /// Steps between two checks of the held-out patches.
    pub check_every: usize,
    /// Training stops after this many checks without a better loss; 0 never stops early.
    pub patience: usize,
    /// Whether every patch is taken in all eight orientations: for materials without a preferred direction.
    pub turn: bool,
    /// Seed of the initial weights, the order of the patches and all noise.
    pub seed: u64,
    /// Where to compute: `auto`, `cpu`, `gpu` or part of an adapter's name.
    pub device: String,
}

impl Default for LatentSettings {
    fn default() -> Self {
        Self {
            model: ModelKind::Texture,
            dimensions: 12,
            edge: 128,
            width: 64,
            weights: WeightsKind::BuiltIn,
            style: None,
            depth: Layer::POOL3,
            head: Head::Pooled,
            free_layout: true,
            periodic: true,
            beta: 0.01,
            warm_up: 200,
            free_bits: 0.0,
            feature_weight: 10.0,
            correlation_weight: 0.0,
            lineal_weight: 0.0,
            minkowski_weight: 0.0,
            stationarity_weight: 20.0,
            style_weight: 50.0,
            collapse_weight: 10.0,
            rate: 2e-3,
            batch: 8,
            steps: 1500,
            check_every: 50,
            patience: 0,
            turn: false,
            seed: 1,
            device: "auto".into(),
        }
    }
}

impl LatentSettings {
    /// The numbers of latent dimensions that are allowed.
    pub const DIMENSIONS: std::ops::RangeInclusive<usize> = 1..=64;
    /// The edges of patches that are allowed.
    pub const EDGES: std::ops::RangeInclusive<usize> = 32..=256;

    /// The defaults of a kind of model: those of the papers where pixels are matched.
    pub fn of(model: ModelKind) -> Self {
        match model {
            ModelKind::Texture => Self::default(),
            _ => Self {
                model,
                dimensions: 16,
                edge: 64,
                width: 32,
                depth: Layer::POOL2,
                beta: 1.0,
                rate: 1e-3,
                batch: 20,
                ..Self::default()
            },
        }
    }

    /// Whether the latent point has to predict the pooled features.
    pub fn predicts_features(&self) -> bool {
        self.model == ModelKind::Texture && self.head == Head::Pooled && self.feature_weight > 0.0
    }

    /// Whether the autocorrelation is matched.
    pub fn matches_correlation(&self) -> bool {
        self.model.matches_style() && self.correlation_weight > 0.0
    }

    /// Whether the lineal path is matched.
    pub fn matches_lineal_path(&self) -> bool {
        self.model.matches_style() && self.lineal_weight > 0.0
    }

    /// Whether the Minkowski functionals are matched.
    pub fn matches_minkowski(&self) -> bool {
        self.model.matches_style() && self.minkowski_weight > 0.0
    }

    /// Whether a spatial statistic is matched.
    pub fn matches_statistics(&self) -> bool {
        self.matches_correlation() || self.matches_lineal_path() || self.matches_minkowski()
    }

    /// Whether the layout comes from noise, and the latent point holds the texture alone.
    pub fn has_free_layout(&self) -> bool {
        self.model == ModelKind::Texture && self.free_layout
    }

    /// Whether places must not be preferred.
    pub fn is_stationary(&self) -> bool {
        self.has_free_layout() && self.stationarity_weight > 0.0
    }

    /// The fewest patches of a run: stationarity is seen in pairs of pictures.
    pub fn least_part(&self) -> usize {
        if self.is_stationary() { 2 } else { 1 }
    }

    /// The same settings without the spatial statistics: what encoding needs.
    pub fn without_statistics(&self) -> Self {
        Self { correlation_weight: 0.0, lineal_weight: 0.0, minkowski_weight: 0.0, ..self.clone() }
    }

    /// A sentence about what does not fit together, if anything.
    pub fn problem(&self) -> Option<String> {
        let positive = |name: &str, value: f64| {
            (!value.is_finite() || value < 0.0).then(|| format!("The {name} has to be a number of 0 or more."))
        };
        if !Self::DIMENSIONS.contains(&self.dimensions) {
            return Some(format!("Choose between 1 and {} latent dimensions.", Self::DIMENSIONS.end()));
        }
        if !Self::EDGES.contains(&self.edge) || !self.edge.is_multiple_of(16) {
            return Some(format!(
                "The edge of the patches has to be a multiple of 16 between {} and {} pixels, not {}.",
                Self::EDGES.start(),
                Self::EDGES.end(),
                self.edge
            ));
        }
        if self.edge < self.depth.smallest_image(crate::compute::graph::Padding::Reflect) {
            return Some(format!("Patches of {} pixels are too small for the depth {}.", self.edge, self.depth));
        }
        if !(1..=256).contains(&self.batch)
            || self.steps == 0
            || self.check_every == 0
            || !(4..=256).contains(&self.width)
        {
            return Some(
                "Steps and checks have to be 1 or more, the batch between 1 and 256, and the width between 4 and 256."
                    .into(),
            );
        }
        if self.batch < self.least_part() {
            return Some(
                "The loss of stationarity needs a batch of 2 or more; set its weight to 0 for a batch of 1.".into(),
            );
        }
        if !(self.rate.is_finite() && self.rate > 0.0) {
            return Some("The learning rate has to be above 0.".into());
        }
        positive("weight of the divergence", self.beta)
            .or_else(|| positive("number of free nats", self.free_bits))
            .or_else(|| positive("weight of the feature loss", self.feature_weight))
            .or_else(|| positive("weight of the autocorrelation", self.correlation_weight))
            .or_else(|| positive("weight of the lineal path", self.lineal_weight))
            .or_else(|| positive("weight of the Minkowski functionals", self.minkowski_weight))
            .or_else(|| positive("weight of the stationarity", self.stationarity_weight))
            .or_else(|| positive("weight of the style loss", self.style_weight))
            .or_else(|| positive("weight of the mode-collapse term", self.collapse_weight))
    }
}

/// A preset of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LatentPreset {
    /// A minute or two on a laptop, to see whether a longer training is worthwhile.
    Quick,
    /// The defaults.
    Standard,
    /// Four times the steps.
    Thorough,
    /// Encoder, layout and edges of the model's paper.
    Published,
}

impl LatentPreset {
    /// All of them, in the order of the menus.
    pub const ALL: [Self; 4] = [Self::Quick, Self::Standard, Self::Thorough, Self::Published];

    /// The name to display.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quick => "Quick look",
            Self::Standard => "Standard",
            Self::Thorough => "Thorough",
            Self::Published => "As published",
        }
    }

    /// What it is for, in a sentence.
    pub const fn tooltip(self) -> &'static str {
        match self {
            Self::Quick => {
                "Patches of 64 pixels, a network to pool2 and 400 steps, to see whether a longer training is worthwhile."
            }
            Self::Standard => "Suitable for most sets.",
            Self::Thorough => "Four times the steps.",
            Self::Published => {
                "Encoder, layout and edges as in the model's paper, and four times the steps. A TextureVAE then reads the whole last feature map and has one fixed layout, which overfits small sets."
            }
        }
    }

    /// Sets what the preset decides; the kind of model, the weights, the seed, the orientations and the device stay.
    pub fn apply(self, settings: &mut LatentSettings) {
        let plain = LatentSettings {
            weights: settings.weights.clone(),
            style: settings.style.clone(),
            seed: settings.seed,
            turn: settings.turn,
            device: settings.device.clone(),
            ..LatentSettings::of(settings.model)
        };
        *settings = match self {
            Self::Standard => plain,
            Self::Quick => LatentSettings { edge: 64, depth: Layer::POOL2, steps: 400, ..plain },
            Self::Thorough => LatentSettings { steps: 4 * plain.steps, ..plain },
            Self::Published if settings.model == ModelKind::Texture => LatentSettings {
                head: Head::Flattened,
                free_layout: false,
                periodic: false,
                beta: 0.0003,
                steps: 4 * plain.steps,
                ..plain
            },
            Self::Published => LatentSettings { periodic: false, steps: 4 * plain.steps, ..plain },
        };
    }

    /// The preset whose settings these are, if there is one.
    pub fn of(settings: &LatentSettings) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| {
            let mut set = settings.clone();
            preset.apply(&mut set);
            set == *settings
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_from_before_the_loss_of_stationarity_are_without_it() {
        let old: LatentSettings = serde_json::from_str(r#"{"model": "texture", "edge": 64}"#).expect("settings");
        assert_eq!(old, LatentSettings { edge: 64, stationarity_weight: 0.0, ..LatentSettings::default() });
        assert!(LatentSettings::default().is_stationary() && !old.is_stationary());
    }

    #[test]
    fn presets_fit_together_and_are_told_apart() {
        for model in ModelKind::ALL {
            for preset in LatentPreset::ALL {
                let mut settings = LatentSettings { seed: 7, turn: true, ..LatentSettings::of(model) };
                preset.apply(&mut settings);
                assert_eq!(settings.problem(), None, "{model:?} {preset:?}");
                assert_eq!((settings.seed, settings.turn, settings.model), (7, true, model));
                assert_eq!(LatentPreset::of(&settings), Some(preset), "{model:?}");
                let own = LatentSettings { beta: 0.123, ..settings };
                assert_eq!(LatentPreset::of(&own), None, "{model:?} {preset:?}");
            }
        }
    }
}
