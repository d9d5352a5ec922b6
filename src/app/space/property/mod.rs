//! The Properties workspace: what structures conduct, bear, let through and absorb.

mod field;
mod materials;
mod panel;
mod part;
mod state;
mod table;
mod threshold;
mod view;
mod work;

use std::path::PathBuf;

use egui::{Context, Key, KeyboardShortcut, Modifiers, Ui};

pub use state::PropertySpace;

use super::{Space, SpaceCommand, Status};
use crate::app::command::plain_key;
use crate::app::shared::Shared;
use crate::app::shared::watch::{News, OneShot};
use crate::folders::has_ending;
use crate::job::{Ending, Progress, Request};
use crate::micrograph::is_picture;
use crate::project::Project;
use crate::property::PropertySet;
use state::{COMPUTE, EXPORT, NAME, STOP};

impl Space for PropertySpace {
    fn name(&self) -> &'static str {
        NAME
    }

    fn purpose(&self) -> &'static str {
        "What the structure conducts, bears, lets through and absorbs: bounds, estimates and full fields."
    }

    fn panel(&mut self, ui: &mut Ui, shared: &mut Shared) {
        panel::panel(self, shared, ui);
    }

    fn view(&mut self, ui: &mut Ui, shared: &mut Shared) {
        self.is_shown = true;
        view::view(self, shared, ui);
    }

    fn poll(&mut self, _ctx: &Context, shared: &mut Shared) {
        while let Some(news) = self.reading.poll(&mut shared.messages) {
            let News::Output(found) = news else { continue };
            for map in found {
                match map {
                    Ok(map) => {
                        self.others.push(map);
                        shared.changed();
                    }
                    Err(reason) => shared.messages.error(reason),
                }
            }
        }
        if !self.reading.is_running() && !self.waiting.is_empty() {
            let paths = std::mem::take(&mut self.waiting);
            let read = move || Ok(paths.into_iter().map(state::read_map).collect());
            self.reading.start_detached(OneShot(Box::new(read)), &shared.wake);
        }
        let is_shown = std::mem::take(&mut self.is_shown);
        work::estimate(self, shared, is_shown);
        threshold::poll(self, shared, is_shown);
        self.job.take_progress();
        while let Some(news) = self.job.poll(&mut shared.messages) {
            match news {
                News::Output(output) => {
                    self.results.iter_mut().for_each(|results| results.take(output.clone()));
                    self.fields.clear();
                    shared.changed();
                }
                News::Ended(Ending::Finished) => shared.messages.note("The properties are computed."),
                News::Ended(Ending::Kept | Ending::Cancelled) => {
                    shared.messages.note("The computation of properties was stopped; what was done stays.");
                }
                News::Ended(Ending::Failed(_)) => {}
            }
        }
    }

    fn status(&self) -> Option<Status> {
        let progress = &self.job.progress;
        let buttons = vec![("Stop", "End it; the properties that are done stay.", STOP)];
        let (share, text) = (progress.share(), progress.doing());
        self.is_running().then_some(Status { what: "Properties", share, text, memory: None, buttons })
    }

    /// Pictures become further maps; a property set is opened, and a table of n and k is read.
    fn take_files(&mut self, files: Vec<PathBuf>, shared: &mut Shared) -> Vec<PathBuf> {
        let mut left = vec![];
        for path in files {
            match PropertySet::text_of(&path) {
                Some(text) => materials::open_set(self, shared, &path, &text),
                None => left.push(path),
            }
        }
        let (tables, files): (Vec<_>, Vec<_>) =
            left.into_iter().partition(|path| has_ending(path, &["csv", "txt", "tsv"]));
        tables.into_iter().for_each(|path| materials::open_table(self, shared, &path));
        let (pictures, others): (Vec<_>, Vec<_>) = files.into_iter().partition(|path| is_picture(path));
        self.waiting.extend(pictures);
        others
    }

    fn commands(&self, shared: &Shared) -> Vec<SpaceCommand> {
        let command = |id, name, tooltip, key, unavailable| SpaceCommand { id, name, tooltip, key, unavailable };
        let idle = (!self.is_running()).then(|| "Nothing is being computed.".to_string());
        let none = self.results.is_none().then(|| "Nothing is computed yet.".to_string());
        vec![
            command(
                COMPUTE,
                "Compute the properties",
                "Compute the chosen properties of the original, its realisations and the other maps.",
                Some(plain_key(Key::Space)),
                work::blocked(self, shared).map(String::from),
            ),
            command(
                STOP,
                "Stop computing properties",
                "End it; what is done stays.",
                Some(plain_key(Key::Escape)),
                idle,
            ),
            command(
                EXPORT,
                "Export properties and fields",
                "Write tables (CSV, Markdown, LaTeX), figures and fields (PNG, NPY, VTI) into the export folder.",
                Some(KeyboardShortcut::new(Modifiers::COMMAND, Key::E)),
                none,
            ),
        ]
    }

    fn perform(&mut self, id: &'static str, _ctx: &Context, shared: &mut Shared) {
        match id {
            COMPUTE => work::compute(self, shared),
            STOP => self.job.request(Request::StopAndKeep),
            _ => work::export(self, shared),
        }
    }

    fn save(&self, project: &mut Project) {
        project.parts.insert(part::NAME.into(), part::of(self));
    }

    fn restore(&mut self, project: &mut Project, shared: &mut Shared) {
        self.job.stop();
        *self = Self::default();
        shared.materials = None;
        match project.parts.remove(part::NAME).as_ref().map(part::read) {
            Some(Ok(kept)) => part::take(self, kept),
            Some(Err(reason)) => shared.messages.warning(format!("The project's properties were left out: {reason}.")),
            None => {}
        }
    }

    fn would_lose(&self) -> Option<String> {
        self.is_running().then(|| "Properties are being computed; closing the window ends that.".into())
    }
}
