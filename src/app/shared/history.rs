//! Undo and redo of everything that the user decides: which micrograph is open, how it is prepared and segmented, and
//! every setting. Results are not kept: they are computed again.

use std::sync::Arc;

use super::source::Source;
use crate::micrograph::{Micrograph, Segmentation};
use crate::reconstruct::Settings;

/// About the most bytes of undo steps that are kept, with the micrographs that were open. The oldest steps go first.
const MOST_BYTES: usize = 256 << 20;

/// Everything that undo restores, at one moment.
#[derive(Clone, Debug)]
pub struct Snapshot {
    pub raw: Option<Arc<Micrograph>>,
    pub source: Source,
    pub settings: Settings,
}

impl Snapshot {
    /// Whether nothing has changed since.
    pub fn matches(&self, raw: Option<&Arc<Micrograph>>, settings: &Settings) -> bool {
        let same = match (&self.raw, raw) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (None, None) => true,
            _ => false,
        };
        same && self.settings == *settings
    }

    /// About the bytes that it needs besides the micrograph. Steps are small, and snapshots share the points of strokes.
    fn bytes(&self) -> usize {
        let recipe = &self.settings.recipe;
        let strokes = match &recipe.segmentation {
            Segmentation::Strokes(lesson) => lesson.strokes.len(),
            _ => 0,
        };
        1024 + 64 * (recipe.prepare.len() + recipe.corrections.len() + strokes)
    }
}

/// The undo and redo steps. Each has a number of its own.
#[derive(Debug)]
pub struct History {
    past: Vec<(u64, Snapshot)>,
    present: (u64, Snapshot),
    future: Vec<(u64, Snapshot)>,
    newest: u64,
}

impl History {
    pub fn new(present: Snapshot) -> Self {
        Self { past: vec![], present: (0, present), future: vec![], newest: 0 }
    }

    /// The number of the present step: the same again once later steps are undone.
    pub fn present_number(&self) -> u64 {
        self.present.0
    }

    /// Records an undo step if something has changed; returns whether it has.
    pub fn record(&mut self, raw: Option<&Arc<Micrograph>>, source: &Source, settings: &Settings) -> bool {
        if self.present.1.matches(raw, settings) {
            return false;
        }
        let now = Snapshot { raw: raw.cloned(), source: source.clone(), settings: settings.clone() };
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

    /// The bytes that are freed with a past step: its settings, and its micrograph unless the next step has the same.
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

    /// Goes back one step.
    pub fn undo(&mut self) -> Option<&Snapshot> {
        let before = self.past.pop()?;
        self.future.push(std::mem::replace(&mut self.present, before));
        Some(&self.present.1)
    }

    /// Goes forward to the step that was undone last.
    pub fn redo(&mut self) -> Option<&Snapshot> {
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
        let mut history = History::new(Snapshot { raw: None, source: Source::default(), settings: of(0) });
        for seed in 1..=5 {
            assert!(history.record(None, &Source::default(), &of(seed)));
            assert!(!history.record(None, &Source::default(), &of(seed)));
        }
        let seeds: Vec<u64> = std::iter::from_fn(|| history.undo().map(|s| s.settings.seed)).collect();
        assert_eq!(seeds, [4, 3, 2, 1, 0]);
        assert_eq!(history.redo().map(|s| s.settings.seed), Some(1));
        // After a new change nothing can be redone.
        assert!(history.record(None, &Source::default(), &of(9)));
        assert!(!history.can_redo() && history.can_undo());
    }
}
