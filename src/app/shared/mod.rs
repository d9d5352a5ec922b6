//! What all spaces of the window use.

pub mod ask;
pub mod devices;
pub mod document;
pub mod export;
pub mod folder;
pub mod history;
pub mod messages;
pub mod open;
pub mod read;
pub mod source;
pub mod watch;
pub mod work;

use std::sync::Arc;

use egui::Context;

use super::command::Action;
use super::widgets::View;
use crate::job::Wake;
use crate::micrograph::Micrograph;
use crate::reconstruct::{Realisation, Settings};
use devices::{Devices, Network};
use document::Document;
use export::ExportChoice;
use folder::OwnFolder;
use history::{History, Situation};
use messages::Messages;
use read::Opener;
use source::Source;

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
    noted: u64,
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
    refused: Option<open::Refused>,
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
    pub work: work::Work,
    /// Questions that wait for an answer.
    pub asked: Vec<ask::Asked>,
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
    newest_read: u64,
    openers: Arc<Vec<Opener>>,
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
            work: work::Work::default(),
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

    /// Takes the news of everything that runs for all spaces.
    pub fn poll(&mut self) {
        work::poll(self);
        self.devices.poll(&mut self.messages);
        self.network.poll(&mut self.settings, &mut self.messages);
        open::evaluate(self);
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
