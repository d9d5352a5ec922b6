//! From a file or a sample to a document, and from a changed recipe to new phases.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::document::{Document, Measured};
use super::history::Snapshot;
use super::source::Source;
use super::state::{RUN_UNDER_WAY, Refused, Shared};
use crate::app::widgets::View;
use crate::micrograph::{Micrograph, Recipe, Segmentation};
use crate::reconstruct::Settings;
use crate::synth::Sample;

/// Edge of the built-in micrographs.
const SAMPLE_SIZE: usize = 256;
/// The most values of a micrograph that is measured on the window's thread: this takes a few milliseconds.
const MOST_MEASURED_DIRECTLY: usize = 128 * 128;

impl Shared {
    pub fn open_sample(&mut self, sample: Sample) {
        if self.keeps_micrograph {
            self.messages.warning(RUN_UNDER_WAY);
            return;
        }
        match Document::new(Arc::new(sample.micrograph(SAMPLE_SIZE)), Recipe::default(), None) {
            Ok(document) => {
                self.source = Source::default();
                self.show_document(document);
            }
            Err(error) => self.messages.error(error.to_string()),
        }
    }

    /// Opens a document with its recipe in place of the previous one.
    pub fn show_document(&mut self, mut document: Document) {
        self.settings.recipe = document.recipe.clone();
        document.revision = self.update_revisions();
        take_document(self, document);
    }

    /// Whether the document is up to date: made from the wanted micrograph with the wanted recipe.
    pub fn is_document_wanted(&self) -> bool {
        let same = |d: &Document| self.raw.as_ref().is_some_and(|raw| Arc::ptr_eq(raw, &d.raw));
        self.document.as_ref().is_some_and(|d| d.revision == self.revisions.recipe && same(d))
    }

    /// Why the wanted recipe was refused, if it was.
    pub fn refusal(&self) -> Option<&Refused> {
        let raw = self.raw.as_ref()?;
        self.refused.as_ref().filter(|r| Arc::ptr_eq(&r.raw, raw) && r.revision == self.revisions.recipe)
    }

    /// Whether the document is up to date, or its recipe refused, and nothing is being computed.
    pub fn is_settled(&self) -> bool {
        let touched = self.revisions.touched;
        !touched && (self.is_document_wanted() || self.refused.is_some()) && !self.evaluating && !self.measuring
    }

    /// Restores the micrograph and the settings of another undo step.
    pub fn restore(&mut self, snapshot: Option<Snapshot>) {
        let Some(snapshot) = snapshot else { return };
        self.refused = None;
        self.source = snapshot.source;
        self.raw = snapshot.raw;
        self.settings = snapshot.settings;
        self.update_revisions();
        self.revisions.recorded = self.revisions.settings;
    }
}

/// Shows a document, of the open micrograph or of another one.
fn take_document(shared: &mut Shared, mut document: Document) {
    if document.measured.is_none() && document.raw.values.len() <= MOST_MEASURED_DIRECTLY {
        document.measured = document.phases().map(|map| Arc::new(Measured::of(map)));
    }
    let same = shared.raw.as_ref().is_some_and(|raw| Arc::ptr_eq(raw, &document.raw));
    let phases = document.phases().map_or(1, |map| map.phases);
    if !same {
        shared.revisions.settings += 1;
        shared.view = View::default();
        // The last phase is usually the one of interest: the brightest.
        shared.phase = phases - 1;
    }
    shared.phase = shared.phase.min(phases - 1);
    shared.raw = Some(document.raw.clone());
    shared.refused = None;
    shared.document = Some(document);
    measure(shared);
}

/// Measures the document's phases where that has not been done yet.
fn measure(shared: &mut Shared) {
    let Some(document) = &shared.document else { return };
    let (Some(map), None, false) = (document.phases().cloned(), &document.measured, shared.measuring) else { return };
    shared.measuring = true;
    shared.in_background(false, move || {
        let measured = catch_unwind(AssertUnwindSafe(|| Measured::of(&map))).unwrap_or_default();
        Box::new(move |shared| {
            shared.measuring = false;
            if let Some(document) = &mut shared.document
                && document.phases().is_some_and(|now| Arc::ptr_eq(now, &map))
            {
                document.measured = Some(Arc::new(measured));
            }
            measure(shared);
        })
    });
}

/// Records that the recipe does not fit the open micrograph.
pub fn refuse_recipe(shared: &mut Shared, reason: String) {
    let revision = shared.update_revisions();
    shared.refused = shared.raw.clone().map(|raw| Refused { raw, revision, reason });
}

/// Whether a classifier is being taught and knows fewer than two phases so far.
pub fn is_learning(settings: &Settings) -> bool {
    let Segmentation::Strokes(lesson) = &settings.recipe.segmentation else { return false };
    let known = |phase: usize| {
        lesson.learnt.get(phase).is_some_and(|l| !l.is_empty()) || lesson.strokes.iter().any(|s| s.phase == phase)
    };
    lesson.phases() < 2 || !(0..lesson.phases()).all(known)
}

/// Applies the wanted recipe to the wanted micrograph on another thread, if that is not done yet.
pub fn evaluate(shared: &mut Shared) {
    let Some(raw) = shared.raw.clone() else { return };
    if shared.evaluating || shared.is_document_wanted() || shared.refusal().is_some() {
        return;
    }
    shared.evaluating = true;
    let (revision, recipe) = (shared.revisions.recipe, shared.settings.recipe.clone());
    let earlier = shared.document.clone();
    shared.in_background(true, move || {
        // A panic has to give an answer too: the window waits for one.
        let work = || Document::new(raw.clone(), recipe, earlier.as_ref());
        let result = match catch_unwind(AssertUnwindSafe(work)) {
            Ok(document) => document.map_err(|e| e.to_string()),
            Err(_) => {
                Err("The program ran into an internal error while applying the recipe; remove its last step."
                    .to_string())
            }
        };
        Box::new(move |shared| take_evaluated(shared, raw, revision, result))
    });
}

fn take_evaluated(shared: &mut Shared, raw: Arc<Micrograph>, revision: u64, result: Result<Document, String>) {
    shared.evaluating = false;
    match result {
        // The recipe may have changed meanwhile. The result is shown until the next one is ready.
        Ok(document) => {
            if shared.raw.as_ref().is_some_and(|raw| Arc::ptr_eq(raw, &document.raw)) {
                take_document(shared, Document { revision, ..document });
            }
        }
        Err(reason) => {
            // A classifier that is still being taught is no error.
            if !is_learning(&shared.settings) {
                shared.messages.warning(reason.clone());
            }
            shared.refused = Some(Refused { raw, revision, reason });
        }
    }
}
