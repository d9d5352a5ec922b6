//! The Design workspace: micrographs whose properties have wanted values.

mod panel;
mod part;
mod state;
mod view;
mod work;

use std::path::PathBuf;

use egui::{Context, Key, KeyboardShortcut, Modifiers, Ui};

pub use state::DesignSpace;

use super::{Space, SpaceCommand, Status};
use crate::app::command::plain_key;
use crate::app::shared::Shared;
use crate::folders::has_ending;
use crate::job::{Progress, Request};
use crate::latent::Model;
use crate::project::Project;
use state::{DESIGN, EXPORT, NAME, STOP, SURVEY};

impl Space for DesignSpace {
    fn name(&self) -> &'static str {
        NAME
    }

    fn purpose(&self) -> &'static str {
        "Design micrographs whose properties have wanted values."
    }

    fn panel(&mut self, ui: &mut Ui, shared: &mut Shared) {
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
        let buttons = vec![("Stop", "End the search; what was found stays.", STOP)];
        let (share, text) = (progress.share(), progress.doing());
        self.is_running().then_some(Status { what: "Design", share, text, memory: None, buttons })
    }

    /// A latent model is taken for the next search.
    fn take_files(&mut self, files: Vec<PathBuf>, shared: &mut Shared) -> Vec<PathBuf> {
        let is_model = |path: &PathBuf| has_ending(path, &["safetensors"]) && Model::is_model_file(path);
        let (models, left): (Vec<PathBuf>, Vec<PathBuf>) = files.into_iter().partition(is_model);
        match models.into_iter().last() {
            Some(_) if self.is_running() => {
                shared.messages.warning("A search is under way; stop it before you choose another model.");
            }
            Some(model) => self.wanted.model = Some(model),
            None => {}
        }
        left
    }

    fn commands(&self, shared: &Shared) -> Vec<SpaceCommand> {
        let command = |id, name, tooltip, key, unavailable| SpaceCommand { id, name, tooltip, key, unavailable };
        let missing = work::missing(self, shared).map(String::from);
        let idle = (!self.is_running()).then(|| "Nothing is being designed.".to_string());
        let none = self.designed.is_none().then(|| "Nothing is designed yet.".to_string());
        vec![
            command(
                DESIGN,
                "Design micrographs",
                "Look for pictures of the model whose properties are the wanted ones.",
                Some(plain_key(Key::Space)),
                missing.clone(),
            ),
            command(
                SURVEY,
                "Show what can be reached",
                "Make pictures at random, and find their properties.",
                None,
                missing,
            ),
            command(STOP, "Stop", "End the search; what was found stays.", Some(plain_key(Key::Escape)), idle),
            command(
                EXPORT,
                "Export candidates",
                "Write the candidates (PNG), their table and the figures into the export folder.",
                Some(KeyboardShortcut::new(Modifiers::COMMAND, Key::E)),
                none,
            ),
        ]
    }

    fn perform(&mut self, id: &'static str, _ctx: &Context, shared: &mut Shared) {
        match id {
            DESIGN => work::design(self, shared, true),
            SURVEY => work::design(self, shared, false),
            STOP => self.job.request(Request::StopAndKeep),
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
        *self = Self::default();
        match project.parts.remove(part::NAME).as_ref().map(part::read) {
            Some(Ok((wanted, designed))) => (self.wanted, self.designed) = (wanted, designed),
            Some(Err(reason)) => shared.messages.warning(format!("The project's designs were left out: {reason}.")),
            None => {}
        }
    }

    fn would_lose(&self) -> Option<String> {
        self.is_running().then(|| "Micrographs are being designed; closing the window ends that.".into())
    }
}
