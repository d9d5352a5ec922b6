//! The state of the method study.

use crate::app::shared::Shared;
use crate::app::shared::original::Original;
use crate::app::shared::watch::Watch;
use crate::app::widgets::Picture;
use crate::job::{MethodRow, MethodStudy, StudiedMicrograph};
use crate::reconstruct::Method;

/// The state of the study.
pub struct MethodStudySpace {
    /// Whether each of the methods takes part.
    pub(super) chosen: Vec<bool>,
    pub(super) seeds: usize,
    pub(super) study: Watch<MethodStudy>,
    pub(super) rows: Vec<MethodRow>,
    /// Which realisation of each method is shown.
    pub(super) shown: usize,
    /// The pictures of the realisation that is shown, and which one that is.
    pub(super) pictures: Vec<Option<Picture>>,
    pub(super) pictured: usize,
    pub(super) shows_curves: bool,
    /// The original of the study; another micrograph may be open by now.
    pub(super) original: Option<Original>,
    pub(super) original_picture: Option<Picture>,
}

impl Default for MethodStudySpace {
    fn default() -> Self {
        Self {
            chosen: vec![true; Method::all().len()],
            seeds: 3,
            study: Watch::default(),
            rows: vec![],
            shown: 0,
            pictures: vec![],
            pictured: 0,
            shows_curves: false,
            original: None,
            original_picture: None,
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
        &self.rows
    }

    /// Why no study can start now.
    pub fn blocked(&self, shared: &Shared) -> Option<&'static str> {
        match &shared.document {
            _ if self.study.is_running() => Some("The study is under way."),
            None => Some("Open a micrograph first."),
            Some(d) if d.phases().is_none() => Some("The study compares phases: choose a segmentation first."),
            Some(_) if !shared.is_document_wanted() => Some("The phases are still being worked out."),
            Some(_) if shared.keeps_micrograph => Some("A reconstruction is under way; wait for it, or stop it."),
            Some(_) if !self.chosen.contains(&true) => Some("Choose a method first."),
            Some(_) => None,
        }
    }

    /// The results with their original, for tables, plots and files.
    pub fn studied(&self, shared: &Shared) -> Option<StudiedMicrograph> {
        // A study from a project belongs to the project's micrograph.
        let open = || shared.document.as_ref().map(Original::of_document);
        let original = self.original.clone().or_else(open)?;
        Some(StudiedMicrograph {
            original: original.phases.clone()?,
            name: original.name,
            recipe: original.recipe,
            pixel_size: original.pixel_size,
            rows: self.rows.clone(),
        })
    }
}
