//! The state of the workspace.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cost::CostEstimate;
use super::particles::Measured;
use crate::app::shared::Shared;
use crate::app::shared::document::Document;
use crate::app::shared::messages::Messages;
use crate::app::shared::original::Original;
use crate::app::shared::watch::{News, OneShot, Watch};
use crate::app::widgets::Picture;
use crate::job::{Preview, Run, Wake};
use crate::micrograph::PhaseMap;
use crate::reconstruct::{Realisation, Settings};
use crate::stats::{CurveErrors, Curves, curve_errors};

/// The ids of its commands.
pub const START: &str = "start";
pub const KEEP: &str = "keep";
pub const CANCEL: &str = "cancel";
/// Cancels without a question.
pub const DISCARD: &str = "discard";
pub const EXPORT: &str = "export";
/// Goes on with the stopped run.
pub const RESUME: &str = "resume";
/// Starts a new run without a question.
pub const START_ANEW: &str = "start anew";

/// How long the button that starts and pauses does nothing after it has changed: the second click of a double click must
/// not pause, and a click on Pause must not start a run when the other one has just ended.
pub const SETTLING: Duration = Duration::from_millis(700);

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

/// The brush.
pub struct Brush {
    /// Whether the mouse paints.
    pub is_on: bool,
    /// The phase that it paints, or the grey value of a picture without phases.
    pub value: u8,
    /// Its radius in pixels.
    pub radius: usize,
}

impl Default for Brush {
    fn default() -> Self {
        Self { is_on: false, value: 1, radius: 6 }
    }
}

/// The state of the workspace.
#[derive(Default)]
pub struct ReconstructSpace {
    pub(super) run: Watch<Run>,
    pub(super) started: Option<StartedRun>,
    /// When it was started. For a moment its button does nothing, so that a double click does not pause it.
    pub(super) since: Option<Instant>,
    /// When the last run ended. For a moment the button that was Pause does not start another one.
    pub(super) ended: Option<Instant>,
    /// A run that failed or was stopped and left a checkpoint.
    pub(super) resumable: Option<StartedRun>,
    pub(super) preview: Option<Preview>,
    pub(super) shown: Shown,
    pub(super) curves: Arc<Vec<Curves>>,
    pub(super) difference: Difference,
    pub(super) pictures: Pictures,
    /// The number of the document that the panes last followed.
    pub(super) document: u64,
    pub(super) cost: CostEstimate,
    pub(super) export: Export,
    /// The brush of the pixels that direct sampling is given.
    pub(super) brush: Brush,
    /// The particles that the panel shows histograms of.
    pub(super) measured: Measured,
}

impl ReconstructSpace {
    /// Whether a run is under way.
    pub fn is_running(&self) -> bool {
        self.run.is_running()
    }

    /// Whether a run began or ended just now, so that its button has another meaning than a moment ago.
    pub(super) fn is_settling(&self) -> bool {
        let just_now = |then: Instant| then.elapsed() < SETTLING;
        self.since.is_some_and(just_now) || self.ended.is_some_and(just_now)
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

/// Whether the plots show differences from the original, and the sampling error of its curves.
#[derive(Default)]
pub struct Difference {
    pub(super) is_shown: bool,
    /// The original that the errors are of.
    pub(super) of: Option<Arc<PhaseMap>>,
    /// Empty while they are measured and where the original is too small.
    pub(super) errors: Vec<CurveErrors>,
    pub(super) measuring: Watch<OneShot<Vec<CurveErrors>>>,
}

impl Difference {
    /// Measures the sampling error of an original, once.
    pub(super) fn follow(&mut self, original: Option<Arc<PhaseMap>>, wake: &Wake) {
        let Some(map) = original else { return };
        if self.of.as_ref().is_none_or(|of| !Arc::ptr_eq(of, &map)) {
            (self.of, self.errors) = (Some(map.clone()), vec![]);
            let measure = move || Ok(curve_errors(&map).unwrap_or_default());
            self.measuring.start_detached(OneShot(Box::new(measure)), wake);
        }
    }

    /// Takes what was measured.
    pub(super) fn poll(&mut self, messages: &mut Messages) {
        while let Some(news) = self.measuring.poll(messages) {
            if let News::Output(errors) = news {
                self.errors = errors;
            }
        }
    }
}

/// Where an export goes if the named folder has results already.
#[derive(Default)]
pub struct Taken {
    /// The folder and the realisation that were looked for, and when.
    pub(super) asked: Option<(String, usize, Instant)>,
    pub(super) beside: Option<PathBuf>,
}

/// The dialog that exports a realisation.
#[derive(Default)]
pub struct Export {
    pub(super) is_open: bool,
    /// Whether results of the same name are replaced.
    pub(super) replaces: bool,
    pub(super) taken: Taken,
    /// Why the last one failed.
    pub(super) error: String,
    pub(super) writing: Watch<OneShot<PathBuf>>,
}
