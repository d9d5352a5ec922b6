//! The original that a picture and its numbers belong to. It may have been opened before the micrograph that is open now.

use std::sync::Arc;

use super::Shared;
use super::document::Document;
use crate::micrograph::{PhaseMap, PixelSize, Recipe};
use crate::reconstruct::{Realisation, Target};
use crate::stats::Interval;

/// A micrograph that others are made from or compared with.
#[derive(Clone)]
pub struct Original {
    pub name: String,
    pub phases: Option<Arc<PhaseMap>>,
    /// How it was segmented: the names and colours of its phases.
    pub recipe: Recipe,
    pub pixel_size: Option<PixelSize>,
    /// The volume fractions of its phases; empty where they are not measured.
    pub fractions: Vec<Interval>,
    hash: Hash,
}

/// The hash of an original's values. That of a document is made when it is needed: large ones take a while.
#[derive(Clone)]
enum Hash {
    Document(Arc<Target>),
    Report(String),
}

impl Hash {
    fn text(&self) -> &str {
        match self {
            Self::Document(target) => target.fingerprint(),
            Self::Report(text) => text,
        }
    }
}

impl Original {
    pub fn of_document(document: &Document) -> Self {
        Self {
            name: document.raw.name.clone(),
            phases: document.phases().cloned(),
            recipe: document.recipe.clone(),
            pixel_size: document.micrograph().pixel_size.clone(),
            fractions: document.measured.as_ref().map_or(vec![], |m| m.fractions.clone()),
            hash: Hash::Document(document.target.clone()),
        }
    }

    /// The original of a realisation.
    pub fn of_realisation(realisation: &Realisation) -> Self {
        let report = &realisation.report;
        Self {
            name: report.input.name.clone(),
            phases: realisation.original.clone(),
            recipe: report.settings.recipe.clone(),
            pixel_size: report.input.pixel_size.clone(),
            fractions: report.phases.iter().filter_map(|p| p.original_interval).collect(),
            hash: Hash::Report(report.input.sha256_of_values.clone()),
        }
    }

    /// Whether both are the same phases of the same micrograph.
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.phases, &other.phases) {
            (Some(a), Some(b)) if Arc::ptr_eq(a, b) => true,
            _ => self.recipe == other.recipe && self.hash.text() == other.hash.text(),
        }
    }
}

impl Shared {
    /// The chosen phase of a micrograph with so many of them: the last one where it has fewer.
    pub fn phase_of(&self, phases: usize) -> usize {
        self.phase.min(phases.saturating_sub(1))
    }

    /// The originals of the realisations, the last one's first, and the open micrograph; each once.
    pub fn originals(&self) -> Vec<Original> {
        let realised = self.realisations.iter().rev().map(|r| Original::of_realisation(r));
        let mut found: Vec<Original> = vec![];
        for original in realised.chain(self.document.as_ref().map(Original::of_document)) {
            if original.phases.is_some() && !found.iter().any(|known| known.is_same(&original)) {
                found.push(original);
            }
        }
        found
    }
}
