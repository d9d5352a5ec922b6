//! The Latent workspace: train a model on micrographs, walk through its latent space, judge it.

mod data;
mod events;
mod explore;
mod judge;
mod part;
mod train;
mod view;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use egui::{Color32, Context, Key, Ui};

use super::{Space, SpaceCommand, Status};
use crate::app::command::plain_key;
use crate::app::shared::Shared;
use crate::app::shared::source::is_picture;
use crate::app::shared::watch::{Once, Watch};
use crate::app::theme;
use crate::app::widgets::Picture;
use crate::job::{Explored, Explorer, Judge, PaintedSheet, Progress, Request, Train};
use crate::latent::{Judgement, LatentSettings, Model, Needs};
use crate::project::Project;

/// The space's name.
const NAME: &str = "Latent";
/// The ids of its commands.
const LAYOUT: &str = "layout";
const TRAIN: &str = "train";
const KEEP: &str = "keep";
const CANCEL: &str = "cancel";
const JUDGE: &str = "judge";
const STOP: &str = "stop";

/// A page of the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Page {
    Explore,
    Train,
    Judge,
}

/// What patches are cut from.
#[derive(Clone, Debug, PartialEq)]
enum Data {
    /// The open micrograph, as it is prepared.
    Open,
    /// Files and folders.
    Files(Vec<PathBuf>),
    /// Synthetic graphite.
    Graphite,
}

/// What stands on the sheet below the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum SheetKind {
    Traversal,
    Samples,
    Interpolation,
    Correlations,
}

/// A model that is open, and where in its latent space one is.
struct Open {
    model: Arc<Model>,
    name: String,
    /// The bytes of its file, for projects; none of the model that comes with the program.
    bytes: Option<Arc<Vec<u8>>>,
    explorer: Explorer,
    /// Dimensions, the most telling first, and how many of them say something.
    order: Vec<usize>,
    alive: usize,
    z: Vec<f32>,
    start: Vec<f32>,
    start_name: String,
    layout: u64,
    edge: usize,
    asked: Option<crate::job::ExploreRequest>,
    shown: Option<Explored>,
    /// What the start looked like, to compare with.
    reference: Option<Explored>,
    sheet: PaintedSheet,
    sheet_kind: SheetKind,
    sample_seed: u64,
    /// The other end of an interpolation.
    target: Option<(String, Vec<f32>)>,
    /// Whether the next encoded micrograph is the other end.
    encodes_target: bool,
    pad: (usize, usize),
}

/// A model to be opened, its name, and the bytes of its file.
type Read = (Arc<Model>, String, Option<Arc<Vec<u8>>>);

/// The state of the workspace.
pub struct LatentSpace {
    page: Page,
    open: Option<Open>,
    /// A model that is being read.
    reading: Watch<Once<Read>>,
    /// Whether the model that comes with the program was opened.
    has_opened_built_in: bool,
    /// What is trained on.
    data: Data,
    /// What the open model is judged on: at first what the model that comes with the program knows.
    judged: Data,
    settings: LatentSettings,
    stride: usize,
    most_patches: usize,
    graphite: usize,
    /// Whether files are prepared and segmented like the open micrograph.
    prepares: bool,
    training: Watch<Train>,
    /// What is trained.
    trained: Option<Train>,
    /// A training that was cancelled or failed but left a checkpoint.
    resumable: Option<Train>,
    needs: Option<(String, Result<Needs, String>)>,
    pictures: Vec<Option<Picture>>,
    shown_step: Option<usize>,
    picture_is_old: bool,
    picture: Option<Picture>,
    sheet_picture: Option<Picture>,
    sheet_shown: (usize, usize),
    judging: Watch<Judge>,
    judgement: Option<Arc<Judgement>>,
}

impl Default for LatentSpace {
    fn default() -> Self {
        Self {
            page: Page::Explore,
            open: None,
            reading: Watch::default(),
            has_opened_built_in: false,
            data: Data::Open,
            judged: Data::Graphite,
            settings: LatentSettings::default(),
            stride: 50,
            most_patches: 2000,
            graphite: 400,
            prepares: false,
            training: Watch::default(),
            trained: None,
            resumable: None,
            needs: None,
            pictures: vec![],
            shown_step: None,
            picture_is_old: false,
            picture: None,
            sheet_picture: None,
            sheet_shown: (0, 0),
            judging: Watch::default(),
            judgement: None,
        }
    }
}

impl LatentSpace {
    /// The settings of the next training.
    pub fn settings_mut(&mut self) -> &mut LatentSettings {
        &mut self.settings
    }

    /// The name of the open model.
    pub fn model_name(&self) -> Option<&str> {
        self.open.as_ref().map(|o| o.name.as_str())
    }

    /// The picture that is shown, and its latent point.
    pub fn shown(&self) -> Option<&Explored> {
        self.open.as_ref()?.shown.as_ref()
    }

    /// Steps of the training under way, or of the last one.
    pub fn steps(&self) -> usize {
        self.training.progress.step
    }

    /// Pictures painted of the sheet, and all of it.
    pub fn sheet_progress(&self) -> (usize, usize) {
        self.open.as_ref().map_or((0, 0), |o| (o.sheet.pictures.len(), o.sheet.cells.iter().map(Vec::len).sum()))
    }

    /// What the last judgement found.
    pub fn judgement(&self) -> Option<&Arc<Judgement>> {
        self.judgement.as_ref()
    }

    /// The data of the page: what is trained on, or judged on.
    fn page_data(&self) -> &Data {
        if self.page == Page::Judge { &self.judged } else { &self.data }
    }

    fn page_data_mut(&mut self) -> &mut Data {
        if self.page == Page::Judge { &mut self.judged } else { &mut self.data }
    }

    /// Trains on so many synthetic graphite micrographs.
    pub fn take_graphite(&mut self, count: usize) {
        (self.data, self.graphite) = (Data::Graphite, count);
    }
}

impl Space for LatentSpace {
    fn name(&self) -> &'static str {
        NAME
    }

    fn purpose(&self) -> &'static str {
        "Train variational autoencoders, and walk through their latent space."
    }

    fn panel(&mut self, ui: &mut Ui, shared: &mut Shared) {
        events::open_built_in_once(self, shared);
        ui.add_space(theme::STEP);
        ui.horizontal(|ui| {
            for (page, name, tip) in [
                (Page::Explore, "Explore", "Walk through the latent space of a model."),
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

    /// Pictures and folders become the start on Explore, data elsewhere.
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

    /// A model says in its metadata that it is one; anything else of its kind is weights.
    fn own_files(&self) -> Option<fn(&Path) -> bool> {
        Some(|path| {
            let ending = path.extension().and_then(|e| e.to_str()).map(str::to_lowercase);
            ending.as_deref() == Some("safetensors") && Model::is_one(path)
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
                tooltip: "The same latent point with other places: what stays, where changes.",
                key: on(Page::Explore, Key::Space),
                unavailable: match &self.open {
                    Some(open) if open.has_free_layout() => None,
                    Some(_) => Some("In this model the layout lies in the latent point.".into()),
                    None => Some("Open or train a model first.".into()),
                },
            },
            SpaceCommand {
                id: TRAIN,
                name: "Train, pause or resume",
                tooltip: "Start a training with these settings; while one runs, pause it or let it go on.",
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
                tooltip: "Measure held-out patches against their reconstructions, and random samples.",
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

/// Grey values 0 … 1 as a colour.
fn grey(value: f32) -> Color32 {
    Color32::from_gray((255.0 * value).round().clamp(0.0, 255.0) as u8)
}
