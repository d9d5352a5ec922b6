//! The original, prepared once.

use std::sync::{Arc, OnceLock};

use sha2::{Digest, Sha256};

use super::ReconstructError;
use crate::micrograph::{Micrograph, MicrographError, PhaseMap, Prepared, Recipe};
use crate::stats::{Curves, MapStatistics, Quarters, all_curves, overlap_of_halves};

/// An original after its preparation, with its measurements. Runs, studies and comparisons share it.
#[derive(Debug)]
pub struct Target {
    /// The picture as its file has it.
    pub raw: Arc<Micrograph>,
    /// The picture after its preparation.
    pub micrograph: Arc<Micrograph>,
    /// Its phases, unless it stays unsegmented.
    pub phases: Option<Arc<PhaseMap>>,
    /// What was decided about it without being asked, as parts of a sentence.
    pub notes: Vec<String>,
    fingerprint: OnceLock<String>,
    curves: OnceLock<Vec<Curves>>,
    statistics: OnceLock<MapStatistics>,
    quarters: OnceLock<Option<Quarters>>,
    overlap_of_halves: OnceLock<Option<f64>>,
}

impl Target {
    /// Prepares and segments a micrograph.
    ///
    /// # Errors
    /// The recipe does not fit.
    pub fn new(raw: impl Into<Arc<Micrograph>>, recipe: &Recipe) -> Result<Self, MicrographError> {
        let raw = raw.into();
        let prepared = recipe.apply_after(raw.clone(), None)?;
        Ok(Self::of(raw, &prepared))
    }

    /// The target of a micrograph that is prepared already.
    pub fn of(raw: Arc<Micrograph>, prepared: &Prepared) -> Self {
        Self {
            raw,
            micrograph: prepared.micrograph.clone(),
            phases: prepared.phases.clone(),
            notes: prepared.notes(),
            fingerprint: OnceLock::new(),
            curves: OnceLock::new(),
            statistics: OnceLock::new(),
            quarters: OnceLock::new(),
            overlap_of_halves: OnceLock::new(),
        }
    }

    /// Height and width after the preparation.
    pub fn size(&self) -> (usize, usize) {
        self.micrograph.size()
    }

    /// Its phases, for a method that needs them; `needs` is the beginning of the sentence if there are none.
    ///
    /// # Errors
    /// The micrograph has no phases.
    pub(super) fn needed_phases(&self, needs: &str) -> Result<&Arc<PhaseMap>, ReconstructError> {
        let text = || format!("{needs}, and this micrograph has none. Segment it, or take the Gram matrices.");
        self.phases.as_ref().ok_or_else(|| ReconstructError::Settings(text()))
    }

    /// The first 16 hexadecimal digits of the SHA-256 of the file's size and values, before any preparation, by which a
    /// checkpoint recognises its original. Computed at the first call.
    pub fn fingerprint(&self) -> &str {
        self.fingerprint.get_or_init(|| fingerprint(&self.raw))
    }

    /// The curves of every phase; none of an image without phases. Measured at the first call.
    pub fn curves(&self) -> &[Curves] {
        self.curves.get_or_init(|| match (self.statistics.get(), &self.phases) {
            (Some(statistics), _) => statistics.curves.clone(),
            (None, Some(map)) => all_curves(map),
            (None, None) => vec![],
        })
    }

    /// Curves and statistics of every phase, where there are phases. Measured at the first call.
    pub fn statistics(&self) -> Option<&MapStatistics> {
        let map = self.phases.as_ref()?;
        Some(self.statistics.get_or_init(|| MapStatistics::of(map)))
    }

    /// The statistics of its quarters, where it is large enough. Measured at the first call.
    pub fn quarters(&self) -> Option<&Quarters> {
        let map = self.phases.as_ref()?;
        self.quarters.get_or_init(|| Quarters::of(map)).as_ref()
    }

    /// The largest overlap of its halves with each other, where they are large enough. Measured at the first call.
    pub fn overlap_of_halves(&self) -> Option<f64> {
        let map = self.phases.as_ref()?;
        *self.overlap_of_halves.get_or_init(|| overlap_of_halves(map))
    }
}

/// The first 16 hexadecimal digits of the SHA-256 of size and values.
fn fingerprint(micrograph: &Micrograph) -> String {
    let mut hash = Sha256::new();
    micrograph.values.shape().iter().for_each(|size| hash.update((*size as u64).to_le_bytes()));
    micrograph.values.iter().for_each(|v| hash.update(v.to_le_bytes()));
    crate::folders::hex(&hash.finalize()[..8])
}
