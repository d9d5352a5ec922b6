//! The run that the window watches, and the download beside it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use egui::Context;

use super::document::Document;
use super::widgets::Picture;
use super::{App, Background, Shown};
use crate::compute::graph::Precision;
use crate::job::{
    CHECKPOINT, Ending, Event, FetchProgress, Job, Latest, Preview, Progress, Request, Run, estimate_cost,
    fetch_weights, start_reconstruction,
};
use crate::micrograph::{Micrograph, PhaseMap, Recipe};
use crate::net::weights::download::Server;
use crate::net::weights::store;
use crate::net::{Depth, WeightsKind};
use crate::reconstruct::{Realisation, Settings};

/// A run under way.
pub struct Running {
    job: Job,
    latest: Arc<Latest<Progress>>,
    /// The original, as it was when the run began.
    pub document: Document,
    /// Whether a pause was asked for.
    pub wants_pause: bool,
    /// Its settings: those in the panel may have changed since.
    pub settings: Settings,
}

impl Running {
    pub fn request(&self, request: Request) {
        self.job.request(request);
    }
}

/// How the folders of windows begin.
const RUN_FOLDER: &str = "run-";

/// Removes what windows that were killed have left, once it is old enough to belong to no open one.
fn remove_leftovers() {
    const OLD: Duration = Duration::from_secs(30 * 24 * 3600);
    for folder in folders_of_windows() {
        let age = folder.metadata().and_then(|m| m.modified()).ok().and_then(|t| t.elapsed().ok());
        if age.is_some_and(|age| age > OLD) {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}

/// The folders of all windows, also of those that did not close properly.
pub fn folders_of_windows() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(crate::folders::data()).into_iter().flatten().flatten();
    let ours = |path: &PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(RUN_FOLDER));
    entries.map(|e| e.path()).filter(ours).collect()
}

/// A folder for the checkpoints of this window alone, in the data directory or, failing that, the temporary one.
pub fn own_folder() -> Option<tempfile::TempDir> {
    let data = crate::folders::data();
    let make = || tempfile::Builder::new().prefix(RUN_FOLDER).tempdir_in(&data);
    remove_leftovers();
    std::fs::create_dir_all(&data).and_then(|()| make()).or_else(|_| tempfile::tempdir()).ok()
}

/// Settings without what costs nothing: the seed, and the recipe, whose every stroke would be a new question.
fn cost_settings(settings: &Settings) -> Settings {
    Settings { seed: 0, recipe: Recipe::default(), ..settings.clone() }
}

impl App {
    /// Starts a reconstruction of what is open.
    pub(super) fn start(&mut self, ctx: &Context) {
        let Some(document) = &self.document else { return };
        if let Err(error) = self.settings.check(document.size()) {
            self.messages.error(error.to_string());
            return;
        }
        let document = document.clone();
        let same = self.raw.as_ref().is_some_and(|raw| Arc::ptr_eq(raw, &document.raw));
        if document.recipe != self.settings.recipe || !same {
            self.messages.warning("The phases are still being worked out; start again in a moment.");
            return;
        }
        let settings = self.settings.clone();
        self.begin(ctx, document, settings, false);
    }

    /// Goes on from the checkpoint of a run that failed, on the device and in the precision that are chosen now.
    pub(super) fn resume_failed(&mut self, ctx: &Context) {
        let Some((raw, mut settings)) = self.resumable.take() else { return };
        settings.device = self.settings.device.clone();
        settings.precision = self.settings.precision;
        // Another micrograph may have been opened since; a run is watched beside its own.
        match Document::new(raw, settings.recipe.clone(), self.document.as_ref()) {
            Ok(document) => {
                self.show_document(ctx, document.clone());
                self.begin(ctx, document, settings, true);
            }
            Err(error) => self.messages.error(error.to_string()),
        }
    }

    fn begin(&mut self, ctx: &Context, document: Document, settings: Settings, resume: bool) {
        let run = Run {
            micrograph: Micrograph::clone(&document.raw),
            settings: settings.clone(),
            folder: self.run_folder.clone(),
            write: false,
            resume,
        };
        self.resumable = None;
        self.clear_live();
        self.show_original(ctx);
        let (job, latest) = start_reconstruction(run, self.wake.clone());
        self.shown = Shown::Live;
        self.running = Some(Running { job, latest, document, wants_pause: false, settings });
    }

    pub(super) fn take_run_events(&mut self, ctx: &Context) {
        let Some(running) = &self.running else { return };
        if let Some(progress) = running.latest.take() {
            if let Some(preview) = progress.preview.clone() {
                self.show_preview(ctx, preview);
            }
            self.progress = progress;
            self.learn_speed();
        }
        while let Some(event) = self.running.as_ref().and_then(|r| r.job.poll()) {
            match event {
                Event::Warning(text) => self.messages.warning(text),
                Event::Saved(path) => self.messages.note(format!("Written: {}.", path.display())),
                Event::Realisation(realisation) => self.add_realisation(ctx, realisation),
                Event::Ended(ending) => self.end_run(ctx, ending),
            }
        }
    }

    /// Starts an estimate when what it depends on has changed and none is under way.
    pub(super) fn estimate_cost(&mut self) {
        let (Some(document), None) = (&self.document, &self.estimate) else { return };
        let size = self.settings.output_size(document.size());
        let kind = self.chosen_device().map_or(crate::compute::DeviceKind::Cpu, |d| d.kind);
        let wanted = (cost_settings(&self.settings), size, kind);
        if self.cost_for.as_ref() == Some(&wanted) {
            return;
        }
        let (job, latest) = estimate_cost(wanted.0.clone(), size, kind, self.wake.clone());
        self.estimate = Some(Background { job, latest });
        self.cost_for = Some(wanted);
    }

    pub(super) fn chosen_device(&self) -> Option<&crate::compute::DeviceInfo> {
        self.devices.as_ref()?.chosen(&self.settings.device)
    }

    /// What the run needs for an iteration is a better measure of the device than the probe's short trial.
    fn learn_speed(&mut self) {
        const ENOUGH: f64 = 5.0;
        let (Some(running), Some(cost)) = (&self.running, self.cost) else { return };
        let same = self.cost_for.as_ref().is_some_and(|(settings, ..)| *settings == cost_settings(&running.settings));
        // It is the speed of single precision that is shown.
        let is_single = running.settings.precision == Precision::Single;
        if !same || !is_single || self.progress.work.0 < ENOUGH || self.progress.seconds <= 0.0 {
            return;
        }
        let speed = cost.operations as f64 / self.progress.seconds_per_iteration();
        if let Some(table) = &mut self.devices
            && let Some(device) = table.chosen(&running.settings.device).cloned()
        {
            table.set_speed(&device, speed);
        }
    }

    fn show_preview(&mut self, ctx: &Context, preview: Preview) {
        if self.shown == Shown::Live {
            self.show_result(ctx, &preview.image, preview.size, preview.phases.as_deref());
            self.shown_curves = preview.curves.clone();
        }
        self.preview = Some(preview);
    }

    /// Puts an image and its phases into the panes.
    fn show_result(&mut self, ctx: &Context, image: &[f32], size: (usize, usize), phases: Option<&PhaseMap>) {
        Picture::show_image(&mut self.pictures.image, ctx, "image", image, size);
        match phases {
            Some(map) => {
                let recipe = match self.shown {
                    Shown::Realisation(n) => self.realisations.get(n).map(|r| &r.report.settings.recipe),
                    Shown::Live => self.running.as_ref().map(|r| &r.settings.recipe),
                };
                let recipe = recipe.unwrap_or(&self.settings.recipe);
                Picture::show_phases(&mut self.pictures.phases, ctx, "phases", map, recipe);
            }
            None => self.pictures.phases = None,
        }
    }

    pub(super) fn add_realisation(&mut self, ctx: &Context, realisation: Arc<Realisation>) {
        let name = format!("thumbnail {}", realisation.number);
        let mut slot = None;
        match &realisation.phases {
            Some(map) => Picture::show_phases(&mut slot, ctx, &name, map, &realisation.report.settings.recipe),
            None => Picture::show_image(&mut slot, ctx, &name, &realisation.image, realisation.size),
        }
        self.pictures.thumbnails.extend(slot);
        // Numbered by their place here, so that files of several runs do not overwrite each other.
        let number = self.realisations.len();
        self.realisations.push(Arc::new(Realisation { number, ..Realisation::clone(&realisation) }));
    }

    fn end_run(&mut self, ctx: &Context, ending: Ending) {
        let ended = self.running.take();
        self.progress.paused = false;
        match ending {
            Ending::Finished => self.messages.note("Done. Choose a realisation below the plots, or export it."),
            Ending::Kept => self.messages.note("Stopped early; the realisation is kept."),
            Ending::Cancelled => self.messages.note("The run was cancelled."),
            Ending::Failed(reason) => {
                self.messages.error(reason);
                let saved = self.run_folder.join(CHECKPOINT).exists();
                self.resumable = ended.filter(|_| saved).map(|run| (run.document.raw, run.settings));
            }
        }
        if !self.realisations.is_empty() && self.shown == Shown::Live {
            self.show_realisation(ctx, self.realisations.len() - 1);
        }
    }

    /// Shows a finished realisation in panes and plots.
    pub(super) fn show_realisation(&mut self, ctx: &Context, number: usize) {
        let Some(realisation) = self.realisations.get(number).cloned() else { return };
        self.shown = Shown::Realisation(number);
        self.show_result(ctx, &realisation.image, realisation.size, realisation.phases.as_deref());
        self.shown_curves = Arc::new(realisation.curves.clone());
        // It is shown beside its own original, which may have been opened before the one that is open now.
        if let Some(map) = &realisation.original {
            let recipe = &realisation.report.settings.recipe;
            Picture::show_phases(&mut self.pictures.original, ctx, "original", map, recipe);
            self.phase = self.phase.min(map.phases - 1);
        }
    }

    /// Shows the run again.
    pub(super) fn show_live(&mut self, ctx: &Context) {
        self.shown = Shown::Live;
        self.show_original(ctx);
        if let Some(preview) = self.preview.clone() {
            self.show_preview(ctx, preview);
        }
    }

    /// Fetches the trained network as deep as the settings need it.
    pub(super) fn start_fetch(&mut self) {
        let folder = store::folder();
        let (job, latest) = fetch_weights(Server::default(), folder, self.settings.depth, self.wake.clone());
        self.fetch_progress = FetchProgress::default();
        self.fetch = Some(Background { job, latest });
    }

    pub(super) fn take_fetch_events(&mut self) {
        let Some(fetch) = &self.fetch else { return };
        if let Some(progress) = fetch.latest.take() {
            self.fetch_progress = progress;
        }
        while let Some(event) = self.fetch.as_ref().and_then(|f| f.job.poll()) {
            let Event::Ended(ending) = event else { continue };
            self.fetch = None;
            self.vgg19 = store::deepest(&store::folder());
            match ending {
                Ending::Finished => {
                    let depth = self.vgg19.map_or("", Depth::name);
                    self.messages
                        .note(format!("VGG-19 is on this machine, to {depth} (CC BY 4.0, Visual Geometry Group)."));
                    self.settings.weights = WeightsKind::Vgg19;
                }
                Ending::Failed(reason) => self.messages.error(reason),
                Ending::Kept | Ending::Cancelled => {
                    self.messages.note("The download was stopped; what has arrived is kept.")
                }
            }
        }
    }
}
