//! The Latent workspace: train a model on micrographs, explore its latent space, judge it.

mod data;
mod events;
mod explore;
mod judge;
mod part;
mod state;
mod train;
mod view;

use std::path::{Path, PathBuf};

use egui::{Context, Key, Ui};

pub use state::LatentSpace;

use super::{Space, SpaceCommand, Status};
use crate::app::command::plain_key;
use crate::app::shared::Shared;
use crate::app::theme;
use crate::job::{Progress, Request};
use crate::latent::Model;
use crate::micrograph::is_picture;
use crate::project::Project;
use state::{CANCEL, Data, JUDGE, KEEP, LAYOUT, NAME, Page, STOP, TRAIN, TRAIN_PAGE};

impl Space for LatentSpace {
    fn name(&self) -> &'static str {
        NAME
    }

    fn purpose(&self) -> &'static str {
        "Train variational autoencoders, and explore their latent space."
    }

    fn panel(&mut self, ui: &mut Ui, shared: &mut Shared) {
        events::open_built_in_once(self, shared);
        ui.add_space(theme::STEP);
        ui.horizontal(|ui| {
            for (page, name, tip) in [
                (Page::Explore, "Explore", "Explore the latent space of a model."),
                (Page::Train, "Train", "Train a model on your own micrographs."),
                (Page::Judge, "Judge", "Measure how good the open model is."),
            ] {
                ui.selectable_value(&mut self.page, page, name).on_hover_text(tip);
            }
        });
        ui.separator();
        // Each page scrolls by itself.
        ui.push_id(self.page as usize, |ui| match self.page {
            Page::Explore => explore::explore_panel(self, shared, ui),
            Page::Train => train::train_panel(self, shared, ui),
            Page::Judge => judge::judge_panel(self, shared, ui),
        });
    }

    fn view(&mut self, ui: &mut Ui, shared: &mut Shared) {
        match self.page {
            Page::Explore => view::explore_view(self, shared, ui),
            Page::Train => train::train_view(self, shared, ui),
            Page::Judge => judge::judge_view(self, shared, ui),
        }
    }

    fn poll(&mut self, _ctx: &Context, shared: &mut Shared) {
        events::poll(self, shared);
    }

    fn status(&self) -> Option<Status> {
        let status = |what, share| Status { what, share, text: String::new(), memory: None, buttons: vec![] };
        match (self.training.is_running(), self.judging.is_running()) {
            (true, _) => Some(status("Training", self.training.progress.share())),
            (false, true) => Some(status("Judging", self.judging.progress.share())),
            (false, false) => None,
        }
    }

    /// On the Explore page the first picture or folder becomes the start. On the other pages all of them become the data.
    fn take_files(&mut self, files: Vec<PathBuf>, _shared: &mut Shared) -> Vec<PathBuf> {
        let is_ours = |path: &PathBuf| is_picture(path) || path.is_dir() && !path.join("group1-shard1of1").is_file();
        let (ours, others): (Vec<_>, Vec<_>) = files.into_iter().partition(is_ours);
        match (self.page, &mut self.open, ours.first()) {
            (_, _, None) => {}
            (Page::Explore, Some(open), Some(first)) => open.explorer.encode(first.clone()),
            _ => *self.page_data_mut() = Data::Files(ours),
        }
        others
    }

    /// The metadata of a latent model says what it is; any other safetensors file holds weights.
    fn own_files(&self) -> Option<fn(&Path) -> bool> {
        Some(|path| {
            let ending = path.extension().and_then(|e| e.to_str()).map(str::to_lowercase);
            ending.as_deref() == Some("safetensors") && Model::is_model_file(path)
        })
    }

    fn open(&mut self, path: PathBuf, shared: &mut Shared) {
        events::read_model(self, shared, path);
    }

    fn commands(&self, shared: &Shared) -> Vec<SpaceCommand> {
        let on = |page: Page, key: Key| (self.page == page).then(|| plain_key(key));
        let (training, judging) = (self.training.is_running(), self.judging.is_running());
        let idle = |is_running: bool| (!is_running).then(|| "Nothing is running.".to_string());
        vec![
            SpaceCommand {
                id: LAYOUT,
                name: "Another layout",
                tooltip: "The same latent point with another arrangement: only the positions change.",
                key: on(Page::Explore, Key::Space),
                unavailable: match &self.open {
                    Some(open) if open.model.settings.has_free_layout() => None,
                    Some(_) => Some("In this model the latent point determines the layout.".into()),
                    None => Some("Open or train a model first.".into()),
                },
            },
            SpaceCommand {
                id: TRAIN_PAGE,
                name: "Page: Train",
                tooltip: "Show the page on which models are trained.",
                key: None,
                unavailable: None,
            },
            SpaceCommand {
                id: TRAIN,
                name: "Train, pause or resume",
                tooltip: "Start a training with these settings; while one runs, pause or resume it.",
                key: on(Page::Train, Key::Space),
                unavailable: if training { None } else { train::missing(self, shared) },
            },
            SpaceCommand {
                id: KEEP,
                name: "Stop the training and keep the model",
                tooltip: "End now, and open the model as it is.",
                key: on(Page::Train, Key::Escape),
                unavailable: idle(training),
            },
            SpaceCommand {
                id: CANCEL,
                name: "Cancel the training",
                tooltip: "End now, without a model; it can be resumed.",
                key: None,
                unavailable: idle(training),
            },
            SpaceCommand {
                id: JUDGE,
                name: "Judge this model",
                tooltip: "Compare held-out patches with their reconstructions, and with random samples.",
                key: on(Page::Judge, Key::Space),
                unavailable: judge::missing(self, shared).map(String::from),
            },
            SpaceCommand {
                id: STOP,
                name: "Stop judging",
                tooltip: "End the judgement without a result.",
                key: on(Page::Judge, Key::Escape),
                unavailable: idle(judging),
            },
        ]
    }

    fn perform(&mut self, id: &'static str, _ctx: &Context, shared: &mut Shared) {
        match id {
            LAYOUT => self.open.iter_mut().for_each(|open| open.layout += 1),
            TRAIN_PAGE => self.page = Page::Train,
            TRAIN if self.training.is_running() => self.training.toggle_pause(),
            TRAIN => train::start_training(self, shared),
            KEEP => self.training.request(Request::StopAndKeep),
            CANCEL => self.training.request(Request::Cancel),
            JUDGE => judge::start_judging(self, shared),
            _ => self.judging.request(Request::Cancel),
        }
    }

    fn save(&self, project: &mut Project) {
        project.parts.extend(part::of(self).map(|part| (part::NAME.to_string(), part)));
    }

    fn restore(&mut self, project: &mut Project, shared: &mut Shared) {
        if let Some(part) = project.parts.remove(part::NAME)
            && let Err(reason) = part::restore(self, shared, &part)
        {
            shared.messages.warning(format!("The project's latent model was left out: {reason}."));
        }
    }

    fn would_lose(&self) -> Option<String> {
        match (self.training.is_running(), self.judging.is_running()) {
            (true, _) => Some(
                "A training is under way: closing the window ends it. It can be resumed from its checkpoint on the command \
                 line (microwright latent train --resume)."
                    .into(),
            ),
            (false, true) => Some("A model is being judged: closing the window ends that without a result.".into()),
            (false, false) => None,
        }
    }
}
