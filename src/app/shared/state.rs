//! What all spaces of the window use.

use std::path::Path;
use std::sync::Arc;

use egui::Context;

use super::devices::{Devices, Network};
use super::document::Document;
use super::export::ExportChoice;
use super::folder::OwnFolder;
use super::history::{History, Situation};
use super::messages::Messages;
use super::question::{Answer, Ask};
use super::source::Source;
use super::watch::{Once, Watch};
use crate::app::command::Action;
use crate::app::widgets::View;
use crate::job::Wake;
use crate::micrograph::Micrograph;
use crate::reconstruct::{Realisation, Settings};

/// Whether a file is of the kind that a space opens itself.
pub type Opener = (&'static str, fn(&Path) -> bool);

/// What is to be done on the window's thread with a result.
pub type Deed = Box<dyn FnOnce(&mut Shared) + Send>;

/// Work under way, each piece on a thread of its own.
#[derive(Default)]
pub struct Work {
    pub errands: Vec<(bool, Watch<Once<Deed>>)>,
}

impl Work {
    /// Whether something is being read or written.
    pub fn is_busy(&self) -> bool {
        self.errands.iter().any(|(counts, _)| *counts)
    }
}

/// What is to be done with an answer.
pub type Then = Box<dyn FnOnce(&mut Shared, Answer) + Send>;

/// A question in the window.
pub struct Asked {
    pub ask: Ask,
    pub then: Then,
    /// The path that is typed.
    pub typed: String,
}

/// A recipe that could not be applied, and why.
pub struct Refused {
    pub raw: Arc<Micrograph>,
    pub revision: u64,
    pub reason: String,
}

/// Why no other micrograph takes the place of the open one.
pub const KEPT: &str = "A run is under way; stop it before another micrograph is opened.";

/// How often the settings have changed.
#[derive(Default)]
pub struct Revisions {
    /// The settings of the last look, to compare with.
    seen: Settings,
    /// Changes of any setting, and of the open micrograph.
    pub settings: u64,
    /// Changes of the recipe.
    pub recipe: u64,
    /// Whether something may have changed since the last look.
    pub touched: bool,
    /// The changes up to which decisions are noted.
    pub noted: u64,
}

/// Everything that more than one space needs.
pub struct Shared {
    /// The micrograph that is wanted, as its file has it; the recipe that is wanted is among the settings.
    pub raw: Option<Arc<Micrograph>>,
    pub source: Source,
    /// What was made of both last.
    pub document: Option<Document>,
    pub evaluating: bool,
    pub measuring: bool,
    pub refused: Option<Refused>,
    pub settings: Settings,
    pub revisions: Revisions,
    pub history: History,
    /// The finished realisations.
    pub realisations: Vec<Arc<Realisation>>,
    /// Changes of results that a project holds.
    changes: u64,
    /// The phase that plots and tables are about.
    pub phase: usize,
    pub view: View,
    pub messages: Messages,
    pub work: Work,
    /// Questions that wait for an answer.
    pub asked: Vec<Asked>,
    pub devices: Devices,
    pub network: Network,
    pub export: ExportChoice,
    pub folder: OwnFolder,
    /// What spaces and answers want done.
    pub actions: Vec<Action>,
    /// Whether a space works on the open micrograph, which must then stay.
    pub keeps_micrograph: bool,
    /// The space that is busy, if there is one.
    pub busy: Option<&'static str>,
    /// The number of the newest request that opens something.
    pub newest_read: u64,
    pub openers: Arc<Vec<Opener>>,
    pub wake: Wake,
}

impl Shared {
    /// With nothing open yet; `openers` say which files spaces open themselves.
    pub fn new(ctx: &Context, openers: Vec<Opener>) -> Self {
        let repaint = ctx.clone();
        let settings = Settings::default();
        let nothing = Situation { raw: None, source: Source::default(), settings: settings.clone() };
        let mut shared = Self {
            raw: None,
            source: Source::default(),
            document: None,
            evaluating: false,
            measuring: false,
            refused: None,
            settings,
            revisions: Revisions::default(),
            history: History::new(nothing),
            realisations: vec![],
            changes: 0,
            phase: 0,
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
            openers: Arc::new(openers),
            wake: Arc::new(move || repaint.request_repaint()),
        };
        shared.devices.look(&shared.wake);
        shared
    }

    /// Takes what there is for where undoing ends.
    pub fn start_history(&mut self) {
        self.look_at_settings();
        let (raw, source, settings) = (self.raw.clone(), self.source.clone(), self.settings.clone());
        self.history = History::new(Situation { raw, source, settings });
        self.revisions.noted = self.revisions.settings;
    }

    /// Has something done at the end of this frame.
    pub fn act(&mut self, action: Action) {
        self.actions.push(action);
        (self.wake)();
    }

    /// Compares the settings with those of the last look and counts what has changed; the recipe's revision.
    pub fn look_at_settings(&mut self) -> u64 {
        self.revisions.touched = false;
        if self.revisions.seen != self.settings {
            self.revisions.settings += 1;
            self.revisions.recipe += u64::from(self.revisions.seen.recipe != self.settings.recipe);
            self.revisions.seen = self.settings.clone();
        }
        self.revisions.recipe
    }

    /// The settings, about to be changed by something else than a control.
    pub fn settings_mut(&mut self) -> &mut Settings {
        self.revisions.touched = true;
        &mut self.settings
    }

    /// Notes what has been decided, so that it can be undone.
    pub fn note_decisions(&mut self) {
        self.look_at_settings();
        if self.revisions.noted != self.revisions.settings {
            self.history.note(self.raw.as_ref(), &self.source, &self.settings);
            self.revisions.noted = self.revisions.settings;
        }
    }

    /// Whether something has been decided since the last note.
    pub fn is_deciding(&self) -> bool {
        self.revisions.touched || self.revisions.noted != self.revisions.settings
    }

    /// Notes that a result that a project holds has changed.
    pub fn changed(&mut self) {
        self.changes += 1;
    }

    /// A number of what a project holds now: the same again where later decisions are undone.
    pub fn revision(&self) -> (u64, u64) {
        (self.history.moment(), self.changes)
    }

    /// Whether there is nothing that a person has decided or made.
    pub fn is_untouched(&self) -> bool {
        !self.history.can_undo() && self.changes == 0
    }

    /// Adds a finished realisation.
    pub fn add_realisation(&mut self, realisation: &Realisation) {
        // Numbered by their place here, so that files of several runs do not overwrite each other.
        let number = self.realisations.len();
        self.realisations.push(Arc::new(Realisation { number, ..realisation.clone() }));
        self.changed();
    }
}
