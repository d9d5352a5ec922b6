//! The feature networks of a training.

use super::{LatentError, LatentSettings};
use crate::net::Weights;

/// The weights of the two feature networks of a training: of the encoder, which every later use of the model needs, and
/// of the style, which only the training needs.
#[derive(Clone, Debug)]
pub struct Networks {
    /// What the encoder reads patches through.
    pub encoder: Weights,
    /// Whose Gram matrices are matched.
    pub style: Weights,
}

impl Networks {
    /// Loads the weights that settings name.
    ///
    /// # Errors
    /// They cannot be read.
    pub fn load(settings: &LatentSettings) -> Result<Self, LatentError> {
        let encoder = Weights::load(&settings.weights, settings.depth)?;
        let style = match &settings.style {
            Some(kind) if *kind != settings.weights => Weights::load(kind, settings.depth)?,
            _ => encoder.clone(),
        };
        Ok(Self { encoder, style })
    }

    /// One network for both.
    pub fn same(weights: Weights) -> Self {
        Self { style: weights.clone(), encoder: weights }
    }

    /// Whether the style has a network of its own.
    pub fn differ(&self) -> bool {
        self.encoder.hash() != self.style.hash()
    }
}
