//! Undo and redo of everything that a person decides: which micrograph is open, how it is prepared and segmented, and
//! every setting. Pictures are not kept: they follow from the decisions.

use std::sync::Arc;

use super::source::Source;
use crate::micrograph::{Micrograph, Segmentation};
use crate::reconstruct::Settings;

/// Bytes of decisions, and of micrographs that were open, that are kept, about; the oldest go first.
const MOST_BYTES: usize = 256 << 20;

/// All decisions at one moment.
#[derive(Clone, Debug)]
pub struct Situation {
    pub raw: Option<Arc<Micrograph>>,
    pub source: Source,
    pub settings: Settings,
}

impl Situation {
    pub fn is(&self, raw: Option<&Arc<Micrograph>>, settings: &Settings) -> bool {
        let same = match (&self.raw, raw) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        same && self.settings == *settings
    }

    /// About the bytes that it alone needs: steps are small, and the points of strokes are shared.
    fn bytes(&self) -> usize {
        let recipe = &self.settings.recipe;
        let strokes = match &recipe.segmentation {
            Segmentation::Strokes(lesson) => lesson.strokes.len(),
            _ => 0,
        };
        1024 + 64 * (recipe.prepare.len() + recipe.corrections.len() + strokes)
    }
}

/// The decisions before and after, each moment with a number of its own.
#[derive(Debug)]
pub struct History {
    past: Vec<(u64, Situation)>,
    present: (u64, Situation),
    future: Vec<(u64, Situation)>,
    newest: u64,
}

impl History {
    pub fn new(present: Situation) -> Self {
        Self { past: vec![], present: (0, present), future: vec![], newest: 0 }
    }

    /// The number of the present decisions: the same again once later ones are undone.
    pub fn moment(&self) -> u64 {
        self.present.0
    }

    /// The decisions as they stand; says whether they are new, which can then be undone.
    pub fn note(&mut self, raw: Option<&Arc<Micrograph>>, source: &Source, settings: &Settings) -> bool {
        if self.present.1.is(raw, settings) {
            return false;
        }
        let now = Situation { raw: raw.cloned(), source: source.clone(), settings: settings.clone() };
        self.newest += 1;
        self.past.push(std::mem::replace(&mut self.present, (self.newest, now)));
        self.future.clear();
        let mut bytes: usize = (0..self.past.len()).map(|n| self.bytes_of(n)).sum();
        let mut gone = 0;
        while bytes > MOST_BYTES && gone < self.past.len() {
            bytes -= self.bytes_of(gone);
            gone += 1;
        }
        self.past.drain(..gone);
        true
    }

    /// What is freed when a past moment goes: its decisions, and its micrograph unless the next moment has the same.
    fn bytes_of(&self, n: usize) -> usize {
        let (here, next) = (&self.past[n].1, &self.past.get(n + 1).unwrap_or(&self.present).1);
        let shared = match (&here.raw, &next.raw) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        };
        let pixels = here.raw.as_ref().filter(|_| !shared).map_or(0, |raw| size_of::<f32>() * raw.values.len());
        here.bytes() + pixels
    }

    pub fn can_undo(&self) -> bool {
        !self.past.is_empty()
    }

    pub fn can_redo(&self) -> bool {
        !self.future.is_empty()
    }

    /// The decisions before the present ones.
    pub fn undo(&mut self) -> Option<&Situation> {
        let before = self.past.pop()?;
        self.future.push(std::mem::replace(&mut self.present, before));
        Some(&self.present.1)
    }

    /// The decisions that were undone last.
    pub fn redo(&mut self) -> Option<&Situation> {
        let after = self.future.pop()?;
        self.past.push(std::mem::replace(&mut self.present, after));
        Some(&self.present.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_done_is_undone_and_done_again() {
        let of = |seed| Settings { seed, ..Settings::default() };
        let mut history = History::new(Situation { raw: None, source: Source::default(), settings: of(0) });
        for seed in 1..=5 {
            assert!(history.note(None, &Source::default(), &of(seed)));
            assert!(!history.note(None, &Source::default(), &of(seed)));
        }
        let seeds: Vec<u64> = std::iter::from_fn(|| history.undo().map(|s| s.settings.seed)).collect();
        assert_eq!(seeds, [4, 3, 2, 1, 0]);
        assert_eq!(history.redo().map(|s| s.settings.seed), Some(1));
        // A new decision is the end of what was undone.
        assert!(history.note(None, &Source::default(), &of(9)));
        assert!(!history.can_redo() && history.can_undo());
    }
}
