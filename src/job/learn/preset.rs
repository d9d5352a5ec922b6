//! Presets of neural networks.

/// How much the neural networks of a learning may cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkPreset {
    /// Seconds: few units, small pictures, pooled feature maps
    #[default]
    Quick,
    /// Minutes: whole pictures, whole feature maps of frozen layers
    Thorough,
    /// Hours: whole pictures, transferred layers trained on, and as many units as Li et al. have
    AsPublished,
}

impl NetworkPreset {
    /// All presets.
    pub const ALL: [Self; 3] = [Self::Quick, Self::Thorough, Self::AsPublished];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Quick => "Quick",
            Self::Thorough => "Thorough",
            Self::AsPublished => "As published",
        }
    }

    /// What it means, in a sentence.
    pub const fn tooltip(self) -> &'static str {
        match self {
            Self::Quick => "Pictures of at most 64 px, and feature maps averaged over 4 × 4 squares. Seconds.",
            Self::Thorough => {
                "Pictures of at most 128 px and more channels; whole feature maps of frozen layers, 512 and 256 units. Minutes."
            }
            Self::AsPublished => {
                "Whole pictures; transferred layers are trained on, with 2048 and 1024 units, as by Li et al. (2018). Hours without a GPU."
            }
        }
    }
}
