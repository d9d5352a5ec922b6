//! The state of the workspace.

use std::path::PathBuf;
use std::sync::Arc;

use super::cost::CostEstimate;
use crate::app::shared::Shared;
use crate::app::shared::document::Document;
use crate::app::shared::original::Original;
use crate::app::shared::watch::{OneShot, Watch};
use crate::app::widgets::Picture;
use crate::job::{Preview, Run};
use crate::reconstruct::{Realisation, Settings};
use crate::stats::Curves;

/// The ids of its commands.
pub const START: &str = "start";
pub const KEEP: &str = "keep";
pub const CANCEL: &str = "cancel";
/// Cancels without a question.
pub const DISCARD: &str = "discard";
pub const EXPORT: &str = "export";

/// What the panes and plots show of the reconstruction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shown {
    /// The newest state of the run.
    #[default]
    Live,
    /// A finished realisation.
    Realisation(usize),
}

/// The textures of what is shown.
#[derive(Default)]
pub struct Pictures {
    pub(super) original: Option<Picture>,
    pub(super) image: Option<Picture>,
    pub(super) phases: Option<Picture>,
    /// Each with its realisation.
    pub(super) thumbnails: Vec<(Arc<Realisation>, Picture)>,
}

/// The document and the settings that a run was started with. The window may show others by now.
pub struct StartedRun {
    pub(super) document: Document,
    pub(super) settings: Settings,
}

/// The state of the workspace.
#[derive(Default)]
pub struct ReconstructSpace {
    pub(super) run: Watch<Run>,
    pub(super) started: Option<StartedRun>,
    /// When it was started. For a moment its button does nothing, so that a double click does not pause it.
    pub(super) since: Option<std::time::Instant>,
    /// A run that failed or was stopped and left a checkpoint.
    pub(super) resumable: Option<StartedRun>,
    pub(super) preview: Option<Preview>,
    pub(super) shown: Shown,
    pub(super) curves: Arc<Vec<Curves>>,
    pub(super) pictures: Pictures,
    /// The number of the document that the panes last followed.
    pub(super) document: u64,
    pub(super) cost: CostEstimate,
    pub(super) export: Export,
}

impl ReconstructSpace {
    /// Whether a run is under way.
    pub fn is_running(&self) -> bool {
        self.run.is_running()
    }

    /// Iterations of the running realisation.
    pub fn iteration(&self) -> usize {
        self.run.progress.iteration
    }

    /// Whether the run is paused.
    pub fn is_paused(&self) -> bool {
        self.run.progress.paused
    }

    /// Whether memory and operations of the settings are known.
    pub fn cost_is_known(&self) -> bool {
        self.cost.found.is_some()
    }

    /// The document that the shown run belongs to.
    pub(super) fn live_document<'a>(&'a self, shared: &'a Shared) -> Option<&'a Document> {
        self.started.as_ref().map(|started| &started.document).or(shared.document.as_ref())
    }

    /// The original that the shown pictures and numbers belong to.
    pub(super) fn shown_original(&self, shared: &Shared) -> Option<Original> {
        match self.shown {
            Shown::Realisation(n) => shared.realisations.get(n).map(|r| Original::of_realisation(r)),
            Shown::Live => self.live_document(shared).map(Original::of_document),
        }
    }

    /// The finished realisation that is shown, else the last one.
    pub(super) fn shown_realisation<'a>(&self, shared: &'a Shared) -> Option<&'a Arc<Realisation>> {
        match self.shown {
            Shown::Realisation(n) => shared.realisations.get(n),
            Shown::Live => shared.realisations.last(),
        }
    }
}

/// The dialog that exports a realisation.
#[derive(Default)]
pub struct Export {
    pub(super) is_open: bool,
    /// Whether results of the same name are replaced.
    pub(super) replaces: bool,
    /// Why the last one failed.
    pub(super) error: String,
    pub(super) writing: Watch<OneShot<PathBuf>>,
}
