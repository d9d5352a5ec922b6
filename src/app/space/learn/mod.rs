//! The Learn workspace: a property of micrographs from a table, and its prediction.

mod artificial;
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
use state::{CHOOSE_SET, EXPORT, LEARN, NAME, STOP, STUDY, Set};

impl Space for LearnSpace {
    fn name(&self) -> &'static str {
        NAME
    }

    fn purpose(&self) -> &'static str {
        "Learn a property from micrographs and a table, and predict it of others."
    }

    fn panel(&mut self, ui: &mut Ui, shared: &mut Shared) {
        work::columns(self, shared);
        work::cost(self, shared);
        panel::panel(self, shared, ui);
    }

    fn view(&mut self, ui: &mut Ui, shared: &mut Shared) {
        view::view(self, shared, ui);
    }

    fn poll(&mut self, _ctx: &Context, shared: &mut Shared) {
        work::poll(self, shared);
    }

    fn status(&self) -> Option<Status> {
        let (what, tip, progress) = match (self.is_running(), self.is_predicting()) {
            _ if self.is_studying() => {
                ("Studying artificial micrographs", "End it without a result.", &self.study.progress)
            }
            (true, _) => ("Learning", "End it without a result; the one before stays.", &self.job.progress),
            (_, true) => ("Predicting", "End it without predictions.", &self.predicting.progress),
            _ => return None,
        };
        let buttons = vec![("Stop", tip, STOP)];
        Some(Status { what, share: progress.share(), text: progress.doing(), memory: None, buttons })
    }

    /// Tables and models are taken for the next learning. Pictures are predicted where there is something to predict with,
    /// unless they were chosen for the set; folders, and pictures before that, become the set.
    fn take_files(&mut self, files: Vec<PathBuf>, shared: &mut Shared) -> Vec<PathBuf> {
        let (mut left, mut set, mut predicted) = (vec![], vec![], vec![]);
        let predicts = shared.predictor.is_some() && !std::mem::take(&mut self.chooses_set);
        for path in files {
            match () {
                () if has_ending(&path, &["predictor"]) => work::open(self, shared, path),
                () if has_ending(&path, &["csv", "tsv", "txt"]) => self.wanted.table = Some(path),
                () if has_ending(&path, &["safetensors"]) && Model::is_model_file(&path) => {
                    self.wanted.model = Some(path);
                }
                () if path.is_dir() => set.push(path),
                () if is_picture(&path) && predicts => predicted.push(path),
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
        let is_idle = !self.is_running() && !self.is_predicting() && !self.is_studying();
        let idle = is_idle.then(|| "Nothing is being learned or predicted.".to_string());
        let has_nothing = self.learned.is_none() && self.artificial.is_none();
        let none = has_nothing.then(|| "Nothing is learned yet.".to_string());
        vec![
            command(
                LEARN,
                "Learn the property",
                "Learn the chosen column, and predict every micrograph from the others.",
                Some(plain_key(Key::Space)),
                work::missing(self).map(String::from),
            ),
            command(
                STOP,
                "Stop",
                "End the learning, or the prediction, without a result.",
                Some(plain_key(Key::Escape)),
                idle,
            ),
            command(
                STUDY,
                "Study artificial micrographs",
                "Say what micrographs of a latent model and of a Markov random field add to authentic ones.",
                None,
                artificial::missing(self).map(String::from),
            ),
            command(
                EXPORT,
                "Export scores, predictions and the predictor",
                "Write tables (CSV, Markdown, LaTeX), figures and the predictor into the export folder, and the study of artificial micrographs.",
                Some(KeyboardShortcut::new(Modifiers::COMMAND, Key::E)),
                none,
            ),
        ]
    }

    fn perform(&mut self, id: &'static str, _ctx: &Context, shared: &mut Shared) {
        match id {
            LEARN => work::learn(self, shared),
            STUDY => artificial::study(self, shared),
            STOP if self.is_running() => self.job.request(Request::Cancel),
            STOP if self.is_studying() => self.study.request(Request::Cancel),
            STOP => self.predicting.request(Request::Cancel),
            CHOOSE_SET => self.chooses_set = true,
            EXPORT => work::export(self, shared),
            _ => {}
        }
    }

    fn save(&self, project: &mut Project) {
        if let Some(part) = part::of(self) {
            project.parts.insert(part::NAME.into(), part);
        }
    }

    fn restore(&mut self, project: &mut Project, shared: &mut Shared) {
        self.job.stop();
        self.study.stop();
        self.predicting.stop();
        self.opening.stop();
        *self = Self::default();
        shared.predictor = None;
        match project.parts.remove(part::NAME).as_ref().map(part::read) {
            Some(Ok(kept)) => part::take(self, shared, kept),
            Some(Err(reason)) => {
                shared.messages.warning(format!("What the project had learned was left out: {reason}."));
            }
            None => {}
        }
    }

    fn would_lose(&self) -> Option<String> {
        let what = match (self.is_running(), self.is_predicting()) {
            _ if self.is_studying() => "studied",
            (true, _) => "learned",
            (_, true) => "predicted",
            _ => return None,
        };
        Some(format!("Something is being {what}; closing the window ends that."))
    }
}
