//! From a file or a sample to a document, and from a changed recipe to new phases.

use std::path::PathBuf;
use std::sync::Arc;

use egui::Context;

use super::document::{Document, Measured};
use super::files::{Ask, FileEvent, Opened, Source, is_picture};
use super::widgets::{Picture, View};
use super::{App, Refused, Shown, Workspace};
use crate::micrograph::{Micrograph, Recipe, Segmentation};
use crate::net::WeightsKind;
use crate::synth::Sample;

/// Edge of the built-in micrographs.
const SAMPLE_SIZE: usize = 256;
/// Values up to which a micrograph is measured on the window's thread: a few milliseconds.
const AT_ONCE: usize = 128 * 128;

impl App {
    pub(super) fn open_sample(&mut self, ctx: &Context, sample: Sample) {
        if self.running.is_some() {
            self.messages.warning("A run is under way; stop it before another micrograph is opened.");
            return;
        }
        match Document::new(Arc::new(sample.micrograph(SAMPLE_SIZE)), Recipe::default(), None) {
            Ok(document) => {
                self.source = Source::default();
                self.show_document(ctx, document);
            }
            Err(error) => self.messages.error(error.to_string()),
        }
    }

    /// Shows a document in place of the one before; while a run goes on, its own original stays in its panes.
    pub(super) fn show_document(&mut self, ctx: &Context, mut document: Document) {
        if document.measured.is_none() && document.raw.values.len() <= AT_ONCE {
            document.measured = document.phases().map(|map| Arc::new(Measured::of(map)));
        }
        let same = self.raw.as_ref().is_some_and(|raw| Arc::ptr_eq(raw, &document.raw));
        let phases = document.phases().map_or(1, |map| map.phases);
        if !same {
            self.view = View::default();
            // The brightest or last phase is usually the one that is spoken of.
            self.phase = phases - 1;
        }
        self.phase = self.phase.min(phases - 1);
        self.raw = Some(document.raw.clone());
        self.settings.recipe = document.recipe.clone();
        self.refused = None;
        self.document = Some(document);
        self.micrograph_space.refresh();
        if self.running.is_none() {
            self.clear_live();
            self.show_original(ctx);
        }
        self.measure();
    }

    /// Measures the document's phases where that has not been done yet.
    pub(super) fn measure(&mut self) {
        if let Some(document) = &self.document
            && let (Some(map), None, false) = (document.phases(), &document.measured, self.measuring)
        {
            self.measuring = true;
            self.files.measure(map.clone());
        }
    }

    /// The document that the shown run belongs to.
    pub(super) fn live_document(&self) -> Option<&Document> {
        self.running.as_ref().map(|r| &r.document).or(self.document.as_ref())
    }

    /// Puts the original of what is live into its pane.
    pub(super) fn show_original(&mut self, ctx: &Context) {
        let Some(document) = self.live_document().cloned() else { return };
        let slot = &mut self.pictures.original;
        match document.phases() {
            Some(map) => Picture::show_phases(slot, ctx, "original", map, &document.recipe),
            None => {
                let image = document.micrograph().image();
                Picture::show_image(slot, ctx, "original", &image, document.size());
            }
        }
    }

    /// Empties what a run shows; finished realisations stay.
    pub(super) fn clear_live(&mut self) {
        self.preview = None;
        self.shown = Shown::Live;
        self.shown_curves = Arc::default();
        self.progress = crate::job::Progress::default();
        self.pictures.image = None;
        self.pictures.phases = None;
    }

    pub(super) fn take_file_events(&mut self, ctx: &Context) {
        while let Some(event) = self.files.poll() {
            match event {
                FileEvent::Opened(Ok(_), _) if self.running.is_some() => {
                    self.messages.warning("A run is under way; stop it before another micrograph is opened.");
                }
                FileEvent::Opened(Ok(opened), _) => {
                    let Opened { document, source, refused } = *opened;
                    let name = document.raw.name.clone();
                    self.messages.note(format!("{name}: {}.", document.summary()));
                    self.source = source;
                    self.tell_of_data_bar(&document);
                    self.show_document(ctx, document);
                    if let Some((recipe, reason)) = refused {
                        // It stays wanted, so that the next picture of a folder may have it again.
                        self.messages.warning(format!("The recipe does not fit {name}: {reason}"));
                        self.settings.recipe = recipe.clone();
                        self.refused = self.raw.clone().map(|raw| Refused { raw, recipe, reason });
                    }
                }
                FileEvent::Evaluated(result) => self.take_evaluated(ctx, result),
                FileEvent::Measured(map, measured) => {
                    self.measuring = false;
                    if let Some(document) = &mut self.document
                        && document.phases().is_some_and(|now| Arc::ptr_eq(now, &map))
                    {
                        document.measured = Some(measured);
                    }
                    self.measure();
                }
                FileEvent::Recipe(recipe) => {
                    self.messages.note("The recipe was read and is applied.");
                    self.settings.recipe = *recipe;
                    self.workspace = Workspace::Micrograph;
                }
                FileEvent::RecipePath(path) => self.save_recipe(path),
                FileEvent::Compared(results) => self.add_compared(results),
                FileEvent::Sensitivity(curves) => self.micrograph_space.take_sensitivity(curves),
                FileEvent::Statistics(result) => self.compare_space.take(result),
                FileEvent::Segmented(Ok(text)) => self.messages.note(text),
                FileEvent::Segmented(Err(text)) => self.messages.error(text),
                FileEvent::ProjectSaved(path, result) => self.project_saved(path, result),
                FileEvent::Project(path, stamp, project) => self.show_project(ctx, path, stamp, *project),
                FileEvent::ProjectPath(path) => self.save_project_as(path),
                FileEvent::NoChoice(ask, at_once) => self.no_choice(ask, at_once),
                FileEvent::RecipeFolder(folder) => self.segment_folder(folder),
                FileEvent::Opened(Err(reason), _) | FileEvent::Failed(reason) => self.messages.error(reason),
                FileEvent::Report(report) => {
                    self.messages.note(format!("The settings are now those of the report on {}.", report.input.name));
                    self.settings = report.settings;
                }
                FileEvent::Weights(path) => self.settings.weights = WeightsKind::File(path),
                FileEvent::Model(path, model) => {
                    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
                    self.messages.note(format!("{name} is open in the Latent workspace."));
                    self.open_model(Arc::from(model), name);
                    self.workspace = Workspace::Latent;
                }
                FileEvent::LatentFiles(paths) => self.take_latent_files(paths),
                FileEvent::Folder(folder) => self.export.folder = folder.display().to_string(),
                FileEvent::Exported(Ok(folder)) => {
                    self.overlays.export = false;
                    self.messages.note(format!("Written to {}.", folder.display()));
                }
                FileEvent::Exported(Err(reason)) => {
                    self.overlays.export_error.clone_from(&reason);
                    self.messages.error(reason);
                }
            }
        }
    }

    /// Opens what was dropped, or hands it to the workspace that it was dropped on.
    pub(super) fn take_dropped_files(&mut self, ctx: &Context) {
        let dropped: Vec<PathBuf> = ctx.input(|i| i.raw.dropped_files.iter().map(|f| f.path().to_owned()).collect());
        if self.workspace == Workspace::Compare && dropped.iter().any(|p| is_picture(p)) {
            self.files.compare(dropped);
            return;
        }
        if self.workspace == Workspace::Latent && dropped.iter().any(|p| is_picture(p) || p.is_dir()) {
            self.take_latent_files(dropped);
            return;
        }
        for path in dropped {
            self.files.open(path);
        }
    }

    /// Whether a classifier is being taught and knows fewer than two phases so far.
    pub(super) fn is_learning(&self) -> bool {
        let Segmentation::Strokes(lesson) = &self.settings.recipe.segmentation else { return false };
        let known = |phase: usize| {
            lesson.learnt.get(phase).is_some_and(|l| !l.is_empty()) || lesson.strokes.iter().any(|s| s.phase == phase)
        };
        lesson.phases() < 2 || !(0..lesson.phases()).all(known)
    }

    fn tell_of_data_bar(&mut self, document: &Document) {
        if let Some(rows) = document.bar.filter(|_| document.recipe.prepare.is_empty()) {
            self.messages.warning(format!(
                "The lowest {rows} rows look like a data bar, which is counted with the phases: cut it off in the Micrograph \
                 workspace."
            ));
        }
    }

    /// A dialog brought no file.
    fn no_choice(&mut self, ask: Ask, at_once: bool) {
        self.overlays.quit_after_save = false;
        if at_once {
            let proposed = match ask {
                Ask::Project => self.export.proposed(&format!("{}.{}", self.raw_stem(), crate::project::ENDING)),
                Ask::Recipe => self.export.proposed("recipe.json"),
                Ask::PhaseMaps => self.export.proposed("phase-maps"),
                Ask::Exports => self.export.folder.clone(),
                Ask::Open | Ask::Compare | Ask::Weights | Ask::Model | Ask::Latent => String::new(),
            };
            self.messages.note("This desktop has no file dialog; type the path instead.");
            self.overlays.path = Some((ask, proposed));
        }
    }

    /// Does with a typed path what it was asked for.
    pub(super) fn take_path(&mut self, ask: Ask, path: PathBuf) {
        match ask {
            Ask::Open => self.files.open(path),
            Ask::Compare => self.files.compare(vec![path]),
            Ask::Model => self.files.open(path),
            Ask::Latent => self.take_latent_files(vec![path]),
            Ask::Project => self.save_project_as(path),
            Ask::Recipe => self.save_recipe(path),
            Ask::PhaseMaps => self.segment_folder(path),
            Ask::Exports => self.export.folder = path.display().to_string(),
            Ask::Weights => self.settings.weights = WeightsKind::File(path),
        }
    }

    /// Applies the wanted recipe to the wanted micrograph where that has not been done, off the window's thread.
    pub(super) fn evaluate(&mut self) {
        let Some(raw) = &self.raw else { return };
        let done = self.is_document_wanted();
        let same = |r: &Refused| Arc::ptr_eq(&r.raw, raw) && r.recipe == self.settings.recipe;
        let refused = self.refused.as_ref().is_some_and(same);
        if done || refused || self.evaluating {
            return;
        }
        self.evaluating = true;
        self.files.evaluate(raw.clone(), self.settings.recipe.clone(), self.document.clone());
    }

    pub(super) fn take_evaluated(
        &mut self,
        ctx: &Context,
        result: Result<Box<Document>, (Arc<Micrograph>, Recipe, String)>,
    ) {
        self.evaluating = false;
        match result {
            Ok(document) => {
                // What is wanted may have changed meanwhile; then what came is a step on the way.
                if self.raw.as_ref().is_some_and(|raw| Arc::ptr_eq(raw, &document.raw)) {
                    let wanted = self.settings.recipe.clone();
                    self.show_document(ctx, *document);
                    self.settings.recipe = wanted;
                }
            }
            Err((raw, recipe, reason)) => {
                // Between the first stroke and the second phase nothing is wrong yet.
                if !self.is_learning() {
                    self.messages.warning(reason.clone());
                }
                self.refused = Some(Refused { raw, recipe, reason });
            }
        }
    }
}
