//! The state of the method study.

use super::super::blocked::blocked;
use crate::app::shared::Shared;
use crate::app::shared::watch::Watch;
use crate::app::widgets::Picture;
use crate::figure::{Figure, Table};
use crate::job::{MethodRow, MethodStudy, StudiedMicrograph, method_figures};
use crate::reconstruct::Method;

/// The state of the study.
pub struct MethodStudySpace {
    /// Whether each of the methods takes part.
    pub(super) chosen: Vec<bool>,
    pub(super) seeds: usize,
    pub(super) study: Watch<MethodStudy>,
    /// The original with the results so far; another micrograph may be open by now.
    pub(super) studied: Option<StudiedMicrograph>,
    /// Table, notes and figures of the results.
    pub(super) described: Option<Described>,
    /// Which realisation of each method is shown.
    pub(super) shown: usize,
    /// The pictures of the realisation that is shown, and which one that is.
    pub(super) pictures: Vec<Option<Picture>>,
    pub(super) pictured: usize,
    pub(super) original_picture: Option<Picture>,
    pub(super) shows_curves: bool,
}

/// Table, notes and figures, made once for so many rows and a phase.
pub(super) struct Described {
    rows: usize,
    phase: usize,
    pub(super) table: Table,
    pub(super) notes: Vec<String>,
    pub(super) figures: Vec<Figure>,
}

impl Default for MethodStudySpace {
    fn default() -> Self {
        Self {
            chosen: vec![true; Method::all().len()],
            seeds: 3,
            study: Watch::default(),
            studied: None,
            described: None,
            shown: 0,
            pictures: vec![],
            pictured: 0,
            original_picture: None,
            shows_curves: false,
        }
    }
}

impl MethodStudySpace {
    /// The methods that take part, by name, and realisations of each.
    pub fn set(&mut self, names: &[&str], seeds: usize) {
        let takes_part = |method: &Method| names.contains(&method.settings().name());
        self.chosen = Method::all().iter().map(takes_part).collect();
        self.seeds = seeds;
    }

    /// What the methods have made so far.
    pub fn rows(&self) -> &[MethodRow] {
        self.studied.as_ref().map_or(&[], |studied| &studied.rows)
    }

    /// Shows another study, or none.
    pub(super) fn replace(&mut self, studied: Option<StudiedMicrograph>) {
        self.studied = studied;
        (self.described, self.original_picture, self.shown) = (None, None, 0);
        self.pictures.clear();
    }

    /// Table, notes and figures of a phase; made anew where rows have come since.
    pub(super) fn describe(&mut self, phase: usize) -> Option<&Described> {
        let studied = self.studied.as_ref()?;
        let rows = studied.rows.len();
        if self.described.as_ref().is_none_or(|d| (d.rows, d.phase) != (rows, phase)) {
            let (table, notes) = (studied.table(phase), studied.notes());
            let figures = method_figures(studied, phase);
            self.described = Some(Described { rows, phase, table, notes, figures });
        }
        self.described.as_ref()
    }

    /// Why no study can start now.
    pub fn blocked(&self, shared: &Shared) -> Option<&'static str> {
        let none_chosen = || (!self.chosen.contains(&true)).then_some("Choose a method first.");
        blocked(self.study.is_running(), shared).or_else(none_chosen)
    }
}
