//! The memory that a training takes.

use super::autocorrelation::correlation_numbers;
use super::lineal::LINEAL_NUMBERS;
use super::step::gram_channels;
use super::targets::target_bytes;
use super::training::{StyleWeights, Training};
use super::{LatentError, LatentSettings};
use crate::compute::{DeviceKind, planned_memory};
use crate::net::Weights;

/// Memory of a training, known before it starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Needs {
    /// Bytes of the programs, features and Gram matrices together.
    pub bytes: u64,
    /// Patches of one run: a part of the batch where the whole does not fit.
    pub part: usize,
}

impl Needs {
    /// The needs for a number of patches on a kind of device that has `available` bytes. The batch is split into equal
    /// parts until it fits.
    ///
    /// # Errors
    /// The settings do not fit together.
    pub fn of(
        settings: &LatentSettings,
        patches: usize,
        kind: DeviceKind,
        available: Option<u64>,
    ) -> Result<Self, LatentError> {
        let weights = Weights::blank(settings.depth);
        let style = blank_style(settings);
        let cached = patches as u64 * target_bytes(settings);
        let mut needs = Self { bytes: 0, part: settings.batch };
        for part in (settings.least_part()..=settings.batch).rev().filter(|p| settings.batch.is_multiple_of(*p)) {
            let mut bytes = cached;
            for train in [true, false] {
                let graph = Training::new(settings, &weights, &style, (part, settings.batch), train)?;
                bytes += planned_memory(kind, &graph.network.graph, &graph.outputs).bytes;
            }
            needs = Self { bytes, part };
            if available.is_none_or(|most| bytes <= most) {
                break;
            }
        }
        Ok(needs)
    }
}

/// Weights of all style losses that stand for those of a set of patches.
pub fn blank_style(settings: &LatentSettings) -> StyleWeights {
    let channels = gram_channels(settings);
    StyleWeights {
        grams: channels.iter().map(|c| vec![1.0; c * c]).collect(),
        correlation: vec![1.0; correlation_numbers()],
        paths: vec![1.0; LINEAL_NUMBERS],
        threshold: 0.5,
        variance: 0.25,
        // One for each tap, and for three statistics.
        halves: vec![1.0; channels.len() + 3],
    }
}
