//! What all spaces of the window use.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::Context;

use super::devices::{Devices, Network};
use super::document::Document;
use super::export::ExportChoice;
use super::folder::OwnFolder;
use super::history::{History, Snapshot};
use super::messages::Messages;
use super::predictor::OpenPredictor;
use super::question::{Answer, Ask};
use super::source::Source;
use super::watch::{OneShot, Watch};
use crate::app::command::Action;
use crate::app::widgets::View;
use crate::job::Wake;
use crate::micrograph::Micrograph;
use crate::property::{PropertySet, Wanted};
use crate::reconstruct::{Method, Realisation, Settings};

/// The name of a space, and its test for files that only this space opens.
pub type Opener = (&'static str, fn(&Path) -> bool);

/// Runs on the window's thread once background work is done.
pub type Completion = Box<dyn FnOnce(&mut Shared) + Send>;

/// Background work, each task on a thread of its own.
#[derive(Default)]
pub struct Work {
    /// The tasks, and whether the bar shows each as reading.
    pub tasks: Vec<(bool, Watch<OneShot<Completion>>)>,
}

impl Work {
    /// Whether something is being read or written.
    pub fn is_busy(&self) -> bool {
        self.tasks.iter().any(|(shows_busy, _)| *shows_busy)
    }
}

/// Called with the answer to a question.
pub type OnAnswer = Box<dyn FnOnce(&mut Shared, Answer) + Send>;

/// A question that the window shows.
pub struct Asked {
    pub ask: Ask,
    pub then: OnAnswer,
    /// The text of the path field.
    pub typed: String,
}

/// A recipe that could not be applied, and why.
pub struct Refused {
    pub raw: Arc<Micrograph>,
    pub revision: u64,
    pub reason: String,
}

/// Why no other micrograph can be opened now.
pub const RUN_UNDER_WAY: &str = "A run is under way; stop it before you open another micrograph.";

/// How often the settings have changed.
#[derive(Default)]
pub struct Revisions {
    /// The settings at the last comparison.
    seen: Settings,
    /// The number of changes of any setting and of the open micrograph.
    pub settings: u64,
    /// The number of changes of the recipe.
    pub recipe: u64,
    /// Whether something may have changed since the last comparison.
    pub touched: bool,
    /// The number of changes up to the last undo step.
    pub recorded: u64,
}

/// Everything that more than one space needs.
pub struct Shared {
    /// The wanted micrograph, as its file has it. The wanted recipe is in the settings.
    pub raw: Option<Arc<Micrograph>>,
    pub source: Source,
    /// The last result of both.
    pub document: Option<Document>,
    pub evaluating: bool,
    pub measuring: bool,
    pub refused: Option<Refused>,
    pub settings: Settings,
    /// The methods that were chosen before, with their settings.
    pub other_methods: Vec<Method>,
    pub revisions: Revisions,
    pub history: History,
    /// The finished realisations.
    pub realisations: Vec<Arc<Realisation>>,
    /// The number of changes of results that a project holds.
    changes: u64,
    /// The phase that plots and tables show.
    pub phase: usize,
    /// The materials of the phases and what is computed of them, once they were chosen.
    pub materials: Option<Arc<(PropertySet, Wanted)>>,
    /// What predicts a property, once one was learned or opened.
    pub predictor: Option<OpenPredictor>,
    pub view: View,
    pub messages: Messages,
    pub work: Work,
    /// Questions that wait for an answer.
    pub asked: Vec<Asked>,
    pub devices: Devices,
    pub network: Network,
    pub export: ExportChoice,
    pub folder: OwnFolder,
    /// Actions that spaces and answers have requested.
    pub actions: Vec<Action>,
    /// Whether a space works on the open micrograph, which then cannot be replaced.
    pub keeps_micrograph: bool,
    /// The space that is busy, if there is one.
    pub busy: Option<&'static str>,
    /// The number of the newest request to open a micrograph.
    pub newest_read: u64,
    /// The files and projects that were opened last.
    pub recent: Vec<PathBuf>,
    pub openers: Arc<Vec<Opener>>,
    pub wake: Wake,
}

impl Shared {
    /// The state with nothing open. `openers` say which files spaces open themselves.
    pub fn new(ctx: &Context, openers: Vec<Opener>) -> Self {
        let repaint = ctx.clone();
        let settings = Settings::default();
        let nothing = Snapshot { raw: None, source: Source::default(), settings: settings.clone() };
        let mut shared = Self {
            raw: None,
            source: Source::default(),
            document: None,
            evaluating: false,
            measuring: false,
            refused: None,
            settings,
            other_methods: vec![],
            revisions: Revisions::default(),
            history: History::new(nothing),
            realisations: vec![],
            changes: 0,
            phase: 0,
            materials: None,
            predictor: None,
            view: View::default(),
            messages: Messages::default(),
            work: Work::default(),
            asked: vec![],
            devices: Devices::default(),
            network: Network::default(),
            export: ExportChoice::default(),
            folder: OwnFolder::new(),
            actions: vec![],
            keeps_micrograph: false,
            busy: None,
            newest_read: 0,
            recent: super::recent::load(),
            openers: Arc::new(openers),
            wake: Arc::new(move || repaint.request_repaint()),
        };
        shared.devices.start_probe(&shared.wake);
        shared
    }

    /// Makes the present state the first one: undo goes back no further.
    pub fn start_history(&mut self) {
        self.update_revisions();
        let (raw, source, settings) = (self.raw.clone(), self.source.clone(), self.settings.clone());
        self.history = History::new(Snapshot { raw, source, settings });
        self.revisions.recorded = self.revisions.settings;
    }

    /// Requests an action at the end of this frame.
    pub fn act(&mut self, action: Action) {
        self.actions.push(action);
        (self.wake)();
    }

    /// Compares the settings with those of the last comparison, counts the changes, and returns the recipe's revision.
    pub fn update_revisions(&mut self) -> u64 {
        self.revisions.touched = false;
        if self.revisions.seen != self.settings {
            self.revisions.settings += 1;
            self.revisions.recipe += u64::from(self.revisions.seen.recipe != self.settings.recipe);
            self.revisions.seen = self.settings.clone();
        }
        self.revisions.recipe
    }

    /// The settings, mutable, for a change that no control makes.
    pub fn settings_mut(&mut self) -> &mut Settings {
        self.revisions.touched = true;
        &mut self.settings
    }

    /// Records an undo step if a setting or the micrograph has changed.
    pub fn record_undo(&mut self) {
        self.update_revisions();
        if self.revisions.recorded != self.revisions.settings {
            self.history.record(self.raw.as_ref(), &self.source, &self.settings);
            self.revisions.recorded = self.revisions.settings;
        }
    }

    /// Whether something may have changed since the last undo step.
    pub fn has_unrecorded_changes(&self) -> bool {
        self.revisions.touched || self.revisions.recorded != self.revisions.settings
    }

    /// Counts a change of a result that a project holds.
    pub fn changed(&mut self) {
        self.changes += 1;
    }

    /// The state of what a project holds: the same again once later changes are undone.
    pub fn revision(&self) -> (u64, u64) {
        (self.history.present_number(), self.changes)
    }

    /// Whether the user has changed nothing and made no result.
    pub fn is_untouched(&self) -> bool {
        !self.history.can_undo() && self.changes == 0
    }

    /// Adds a finished realisation.
    pub fn add_realisation(&mut self, realisation: &Realisation) {
        // Numbered across runs, so that their files do not overwrite each other.
        let number = self.realisations.len();
        self.realisations.push(Arc::new(Realisation { number, ..realisation.clone() }));
        self.changed();
    }
}
