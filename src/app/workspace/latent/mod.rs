//! The Latent workspace: train a model on micrographs, walk through its latent space, judge it.

mod explore;
mod judge;
mod train;
mod view;

use std::path::PathBuf;
use std::sync::Arc;

use egui::{Color32, RichText, Ui};

use crate::app::theme;
use crate::app::widgets::Picture;
use crate::app::{App, Background};
use crate::job::{
    Ending, Event, Explored, Explorer, Job, JudgeProgress, PaintedSheet, PatchSource, TrainProgress, TrainRequest,
    TrainSlots,
};
use crate::latent::{Judgement, LatentSettings, Model, Needs, Picture as PatchPicture};

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

/// A training under way.
struct Training {
    job: Job,
    slots: TrainSlots,
    paused: bool,
    request: TrainRequest,
}

/// The state of the workspace.
pub struct LatentSpace {
    page: Page,
    open: Option<Open>,
    /// Whether the model in the box was tried.
    looked_in_the_box: bool,
    /// What is trained on.
    data: Data,
    /// What the open model is judged on: at first what the model in the box knows.
    judged: Data,
    settings: LatentSettings,
    stride: usize,
    most_patches: usize,
    graphite: usize,
    /// Whether files are prepared and segmented like the open micrograph.
    prepares: bool,
    training: Option<Training>,
    /// A training that was cancelled or failed but left a checkpoint.
    resumable: Option<TrainRequest>,
    progress: TrainProgress,
    needs: Option<(String, Result<Needs, String>)>,
    pictures: Vec<Option<Picture>>,
    shown_step: Option<usize>,
    picture_is_old: bool,
    picture: Option<Picture>,
    sheet_picture: Option<Picture>,
    sheet_shown: (usize, usize),
    judging: Option<Background<JudgeProgress>>,
    judge_share: f64,
    judgement: Option<Arc<Judgement>>,
}

impl Default for LatentSpace {
    fn default() -> Self {
        Self {
            page: Page::Explore,
            open: None,
            looked_in_the_box: false,
            data: Data::Open,
            judged: Data::Graphite,
            settings: LatentSettings::default(),
            stride: 50,
            most_patches: 2000,
            graphite: 400,
            prepares: false,
            training: None,
            resumable: None,
            progress: TrainProgress::default(),
            needs: None,
            pictures: vec![],
            shown_step: None,
            picture_is_old: false,
            picture: None,
            sheet_picture: None,
            sheet_shown: (0, 0),
            judging: None,
            judge_share: 0.0,
            judgement: None,
        }
    }
}

impl LatentSpace {
    /// How far a training or judgement under way is.
    pub fn share(&self) -> Option<(&'static str, f64)> {
        match (&self.training, &self.judging) {
            (Some(_), _) => Some(("Training", self.progress.share)),
            (None, Some(_)) => Some(("Judging", self.judge_share)),
            (None, None) => None,
        }
    }

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
        self.progress.step
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

impl App {
    /// The pages of the workspace, in the panel.
    pub(in crate::app) fn latent_panel(&mut self, ui: &mut Ui) {
        self.look_in_the_box();
        ui.add_space(theme::STEP);
        ui.horizontal(|ui| {
            for (page, name, tip) in [
                (Page::Explore, "Explore", "Walk through the latent space of a model."),
                (Page::Train, "Train", "Train a model on your own micrographs."),
                (Page::Judge, "Judge", "Measure how good the open model is."),
            ] {
                ui.selectable_value(&mut self.latent_space.page, page, name).on_hover_text(tip);
            }
        });
        ui.separator();
        // Each page scrolls by itself.
        ui.push_id(self.latent_space.page as usize, |ui| match self.latent_space.page {
            Page::Explore => self.explore_panel(ui),
            Page::Train => self.train_panel(ui),
            Page::Judge => self.judge_panel(ui),
        });
    }

    /// The pages of the workspace, beside the panel.
    pub(in crate::app) fn latent_view(&mut self, ui: &mut Ui) {
        match self.latent_space.page {
            Page::Explore => self.explore_view(ui),
            Page::Train => self.train_view(ui),
            Page::Judge => self.judge_view(ui),
        }
    }

    /// Takes in what training, judging and exploring have brought.
    pub(in crate::app) fn take_latent_events(&mut self) {
        self.take_training_events();
        self.take_judging_events();
        self.take_exploring_events();
    }

    fn take_training_events(&mut self) {
        let Some(training) = &self.latent_space.training else { return };
        if let Some(progress) = training.slots.progress.take() {
            self.latent_space.progress = progress;
        }
        while let Some(event) = self.latent_space.training.as_ref().and_then(|t| t.job.poll()) {
            match event {
                Event::Warning(text) => self.messages.warning(text),
                Event::Saved(path) => self.messages.note(format!("The model is in {}.", path.display())),
                Event::Realisation(_) => {}
                Event::Ended(ending) => {
                    let Some(ended) = self.latent_space.training.take() else { continue };
                    if let Some(progress) = ended.slots.progress.take() {
                        self.latent_space.progress = progress;
                    }
                    match ending {
                        Ending::Finished => self
                            .messages
                            .note(format!("The training is done; the model is in {}.", ended.request.output.display())),
                        Ending::Kept => self.messages.note(format!(
                            "The training was stopped; the model as it was then is in {}.",
                            ended.request.output.display()
                        )),
                        Ending::Cancelled => self.messages.note("The training was cancelled."),
                        Ending::Failed(reason) => self.messages.error(reason),
                    }
                    let output = &ended.request.output;
                    let left = TrainRequest::checkpoint(output).exists();
                    self.latent_space.resumable = left.then(|| TrainRequest { resume: true, ..ended.request.clone() });
                    if let Some(model) = ended.slots.model.take() {
                        let name = output.file_name().unwrap_or_default().to_string_lossy().into_owned();
                        self.open_model(model, name);
                    }
                }
            }
        }
    }

    fn take_judging_events(&mut self) {
        let Some(judging) = &self.latent_space.judging else { return };
        if let Some(progress) = judging.latest.take() {
            self.latent_space.judge_share = progress.share;
            self.latent_space.judgement = progress.judgement.or(self.latent_space.judgement.take());
        }
        while let Some(event) = self.latent_space.judging.as_ref().and_then(|j| j.job.poll()) {
            match event {
                Event::Warning(text) => self.messages.warning(text),
                Event::Saved(_) | Event::Realisation(_) => {}
                Event::Ended(ending) => {
                    if let Some(progress) = self.latent_space.judging.take().and_then(|j| j.latest.take()) {
                        self.latent_space.judgement = progress.judgement.or(self.latent_space.judgement.take());
                    }
                    match ending {
                        Ending::Finished => self.messages.note("The model is judged."),
                        Ending::Failed(reason) => self.messages.error(reason),
                        Ending::Kept | Ending::Cancelled => self.messages.note("The judgement was stopped."),
                    }
                }
            }
        }
    }

    fn take_exploring_events(&mut self) {
        let Some(open) = &mut self.latent_space.open else { return };
        if let Some(shown) = open.explorer.shown.take() {
            let fits = |r: &Explored| r.cell.z == open.start && r.edge == shown.edge;
            if !open.reference.as_ref().is_some_and(fits) && shown.cell.z == open.start {
                open.reference = Some(shown.clone());
            }
            open.shown = Some(shown);
            self.latent_space.picture_is_old = true;
        }
        if let Some(sheet) = open.explorer.sheet.take() {
            open.sheet = sheet;
        }
        if let Some(encoded) = open.explorer.encoded.take() {
            match encoded.point {
                Err(reason) => self.messages.error(reason),
                Ok(z) if open.encodes_target => {
                    open.target = Some((encoded.name, z));
                    open.sheet_kind = SheetKind::Interpolation;
                }
                Ok(z) => open.set_start(z, encoded.name),
            }
            open.encodes_target = false;
        }
        while let Some(event) = open.explorer.poll() {
            match event {
                Event::Warning(text) => self.messages.warning(text),
                Event::Ended(Ending::Failed(reason)) => self.messages.error(reason),
                _ => {}
            }
        }
    }

    /// Opens the model that comes with the program, once, so that there is something to walk through at once.
    fn look_in_the_box(&mut self) {
        if !self.latent_space.looked_in_the_box && self.latent_space.open.is_none() {
            self.latent_space.looked_in_the_box = true;
            self.open_boxed_model();
        }
    }

    fn open_boxed_model(&mut self) {
        match Model::boxed() {
            Ok(model) => self.open_model(Arc::new(model), "Graphite (built in)".into()),
            Err(error) => self.messages.error(error.to_string()),
        }
    }

    /// Opens a model on Explore.
    pub(in crate::app) fn open_model(&mut self, model: Arc<Model>, name: String) {
        let explorer = Explorer::start(model.clone(), self.settings.device.clone(), self.wake.clone());
        let (order, alive) = crate::latent::order_by_divergence(&model.summary.divergence);
        let mean: Vec<f32> = model.summary.spread.iter().map(|(m, _)| *m as f32).collect();
        self.latent_space.open = Some(Open {
            edge: model.settings.edge,
            pad: (order[0], *order.get(1).unwrap_or(&order[0])),
            order,
            alive,
            z: mean.clone(),
            start: mean,
            start_name: "Mean of the data".into(),
            layout: 1,
            asked: None,
            shown: None,
            reference: None,
            sheet: PaintedSheet::default(),
            sheet_kind: SheetKind::Traversal,
            sample_seed: 1,
            target: None,
            encodes_target: false,
            name,
            explorer,
            model,
        });
        // What is being measured of another model must not come to stand under this one's name.
        (self.latent_space.judgement, self.latent_space.judging) = (None, None);
        self.latent_space.sheet_shown = (0, 0);
        if self.latent_space.training.is_none() {
            self.latent_space.page = Page::Explore;
        }
    }

    /// Files that were dropped on the workspace, or chosen for it: the start on Explore, data elsewhere.
    pub(in crate::app) fn take_latent_files(&mut self, paths: Vec<PathBuf>) {
        match (self.latent_space.page, &mut self.latent_space.open) {
            (Page::Explore, Some(open)) => {
                if let Some(path) = paths.into_iter().next() {
                    open.explorer.encode(path);
                }
            }
            _ => *self.latent_space.page_data_mut() = Data::Files(paths),
        }
    }

    /// Why there are no patches yet, if there are none.
    fn missing_data(&self) -> Option<&'static str> {
        match self.latent_space.page_data() {
            Data::Open if self.document.is_none() => Some("Open a micrograph first, or choose other data."),
            Data::Files(files) if files.is_empty() => Some("Choose micrographs or a folder first, or drop them here."),
            _ => None,
        }
    }

    fn train_request(&self, settings: LatentSettings, output: PathBuf) -> TrainRequest {
        let space = &self.latent_space;
        let source = match space.page_data() {
            Data::Open => PatchSource::Pictures(
                self.document.iter().map(|d| PatchPicture::of(d.micrograph(), d.phases().map(|p| &**p))).collect(),
            ),
            Data::Files(files) => {
                let recipe = self.document.as_ref().filter(|_| space.prepares).map(|_| self.settings.recipe.clone());
                PatchSource::Files(files.clone(), recipe)
            }
            Data::Graphite => PatchSource::Graphite(space.graphite, settings.seed),
        };
        let (stride, most_patches) = (space.stride, space.most_patches);
        TrainRequest { source, stride, most_patches, settings, output, as_f16: false, resume: false }
    }

    /// Where patches come from, for Train and Judge.
    fn data_choice(&mut self, ui: &mut Ui) {
        use crate::app::widgets::{heading, value};
        use egui::DragValue;
        heading(ui, "Data");
        let open = self.document.as_ref().map_or("no micrograph is open".to_string(), |d| d.raw.name.clone());
        let is_files = matches!(self.latent_space.page_data(), Data::Files(_));
        ui.radio_value(self.latent_space.page_data_mut(), Data::Open, format!("This micrograph ({open})"))
            .on_hover_text("The open micrograph with its preparation and phases.");
        ui.horizontal(|ui| {
            if ui.radio(is_files, "Micrographs").on_hover_text("Drop files or folders here.").clicked() && !is_files {
                *self.latent_space.page_data_mut() = Data::Files(vec![]);
            }
            if ui.button("Files…").clicked() {
                self.files.latent_dialog(false);
            }
            if ui.button("Folder…").on_hover_text("Subfolders are looked into; their names are labels.").clicked() {
                self.files.latent_dialog(true);
            }
        });
        if let Data::Files(files) = self.latent_space.page_data() {
            let names: Vec<_> = files.iter().filter_map(|f| f.file_name()).map(|n| n.to_string_lossy()).collect();
            let text = if names.is_empty() { "nothing chosen yet".to_string() } else { names.join(", ") };
            ui.add(egui::Label::new(RichText::new(&text).weak()).truncate()).on_hover_text(&text);
            if self.document.is_some() {
                let tip = "Each file goes through the preparation, segmentation and corrections of the open micrograph; without, it is taken as it is.";
                value(ui, "Prepare", tip, &mut self.latent_space.prepares, &false, |ui, v| {
                    ui.checkbox(v, "like the open micrograph")
                });
            }
        }
        ui.radio_value(self.latent_space.page_data_mut(), Data::Graphite, "Synthetic graphite").on_hover_text(
            "Cast-iron-like micrographs with known nodularity, size and area fraction, to try things on.",
        );
        let space = &mut self.latent_space;
        if *space.page_data() == Data::Graphite {
            let tip = "Micrographs that are made, each with factors of its own.";
            value(ui, "Micrographs", tip, &mut space.graphite, &400, |ui, v| {
                ui.add(DragValue::new(v).range(20..=10_000))
            });
        } else {
            let tip = "Pixels from one patch to the next.";
            value(ui, "Stride", tip, &mut space.stride, &50, |ui, v| {
                ui.add(DragValue::new(v).range(1..=1024).suffix(" px"))
            });
        }
    }
}

/// Grey values 0 … 1 as a colour.
fn grey(value: f32) -> Color32 {
    Color32::from_gray((255.0 * value).round().clamp(0.0, 255.0) as u8)
}
