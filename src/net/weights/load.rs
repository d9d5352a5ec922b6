//! Loads weights from any source: made by the program, downloaded by it, or a file of the user.

use super::layers::{Preprocessing, Weights, WeightsError, WeightsKind};
use super::{builtin, file, store};
use crate::net::Layer;

impl Weights {
    /// The seeded random filters up to `depth`.
    pub fn built_in(depth: Layer) -> Self {
        Self::new(WeightsKind::BuiltIn, Preprocessing::LESS_MEAN, builtin::layers(depth))
    }

    /// Loads the weights of a kind up to `depth` from this machine.
    ///
    /// # Errors
    /// They are not there, cannot be read, or end before the depth.
    pub fn load(kind: &WeightsKind, depth: Layer) -> Result<Self, WeightsError> {
        match kind {
            WeightsKind::BuiltIn => Ok(Self::built_in(depth)),
            WeightsKind::Vgg19 => store::load(&store::folder(), depth),
            WeightsKind::File(path) => file::weights(path, kind.clone(), depth),
        }
    }
}
