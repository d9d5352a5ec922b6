//! The Learn workspace: a property of micrographs from a table, and its prediction.

mod panel;
mod part;
mod state;
mod view;
mod work;

use std::path::{Path, PathBuf};

use egui::{Context, Key, KeyboardShortcut, Modifiers, Ui};

pub use state::LearnSpace;

use super::{Space, SpaceCommand, Status};
use crate::app::command::plain_key;
use crate::app::shared::Shared;
use crate::folders::has_ending;
use crate::job::{Progress, Request};
use crate::latent::Model;
use crate::micrograph::is_picture;
use crate::project::Project;
use state::{EXPORT, LEARN, NAME, STOP, Set};

impl Space for LearnSpace {
    fn name(&self) -> &'static str {
        NAME
    }

    fn purpose(&self) -> &'static str {
        "Learn a property from micrographs and a table, and predict it of others."
    }

    fn panel(&mut self, ui: &mut Ui, shared: &mut Shared) {
        work::columns(self, shared);
        panel::panel(self, shared, ui);
    }

    fn view(&mut self, ui: &mut Ui, shared: &mut Shared) {
        view::view(self, shared, ui);
    }

    fn poll(&mut self, _ctx: &Context, shared: &mut Shared) {
        work::poll(self, shared);
    }

    fn status(&self) -> Option<Status> {
        let progress = &self.job.progress;
        let buttons = vec![("Stop", "End it without a result; the one before stays.", STOP)];
        let (share, text) = (progress.share(), progress.doing());
        self.is_running().then_some(Status { what: "Learning", share, text, memory: None, buttons })
    }

    /// Tables and models are taken for the next learning. Pictures are predicted where there is something to predict
    /// with; folders, and pictures before that, become the set.
    fn take_files(&mut self, files: Vec<PathBuf>, shared: &mut Shared) -> Vec<PathBuf> {
        let (mut left, mut set, mut predicted) = (vec![], vec![], vec![]);
        for path in files {
            match () {
                () if has_ending(&path, &["predictor"]) => work::open(self, shared, path),
                () if has_ending(&path, &["csv", "tsv", "txt"]) => self.wanted.table = Some(path),
                () if has_ending(&path, &["safetensors"]) && Model::is_model_file(&path) => {
                    self.wanted.model = Some(path);
                }
                () if path.is_dir() => set.push(path),
                () if is_picture(&path) && self.open.is_some() => predicted.push(path),
                () if is_picture(&path) => set.push(path),
                () => left.push(path),
            }
        }
        if !set.is_empty() {
            (self.wanted.set, self.wanted.files) = (Set::Files, set);
        }
        self.waiting.extend(predicted);
        left
    }

    fn own_files(&self) -> Option<fn(&Path) -> bool> {
        Some(|path| has_ending(path, &["predictor"]))
    }

    fn open(&mut self, path: PathBuf, shared: &mut Shared) {
        work::open(self, shared, path);
    }

    fn commands(&self, _shared: &Shared) -> Vec<SpaceCommand> {
        let command = |id, name, tooltip, key, unavailable| SpaceCommand { id, name, tooltip, key, unavailable };
        let idle = (!self.is_running()).then(|| "Nothing is being learned.".to_string());
        let none = self.learned.is_none().then(|| "Nothing is learned yet.".to_string());
        vec![
            command(
                LEARN,
                "Learn the property",
                "Learn the chosen column, and predict every micrograph from the others.",
                Some(plain_key(Key::Space)),
                work::missing(self).map(String::from),
            ),
            command(STOP, "Stop learning", "End it without a result.", Some(plain_key(Key::Escape)), idle),
            command(
                EXPORT,
                "Export scores, predictions and the predictor",
                "Write tables (CSV, Markdown, LaTeX), figures and the predictor into the export folder.",
                Some(KeyboardShortcut::new(Modifiers::COMMAND, Key::E)),
                none,
            ),
        ]
    }

    fn perform(&mut self, id: &'static str, _ctx: &Context, shared: &mut Shared) {
        match id {
            LEARN => work::learn(self, shared),
            STOP => self.job.request(Request::Cancel),
            _ => work::export(self, shared),
        }
    }

    fn save(&self, project: &mut Project) {
        if let Some(part) = part::of(self) {
            project.parts.insert(part::NAME.into(), part);
        }
    }

    fn restore(&mut self, project: &mut Project, shared: &mut Shared) {
        self.job.stop();
        self.predicting.stop();
        *self = Self::default();
        match project.parts.remove(part::NAME).as_ref().map(part::read) {
            Some(Ok(kept)) => part::take(self, kept),
            Some(Err(reason)) => {
                shared.messages.warning(format!("What the project had learned was left out: {reason}."));
            }
            None => {}
        }
    }

    fn would_lose(&self) -> Option<String> {
        self.is_running().then(|| "Something is being learned; closing the window ends that.".into())
    }
}
