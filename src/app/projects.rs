//! The project that the window holds: saving, opening, and the copy that survives a crash.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use egui::Context;

use super::document::Document;
use super::files::{Compared, Source};
use super::history::Situation;
use super::running::folders_of_windows;
use super::{App, Shown};
use crate::micrograph::PhaseMap;
use crate::project::{ENDING, Project, Stamp};
use crate::reconstruct::Realisation;

/// Seconds between two copies.
const AUTOSAVE: Duration = Duration::from_secs(10);
/// The copy's name in the window's own folder, and the file that is locked while the window lives.
const COPY: &str = "autosave.microwright";
const LOCK: &str = "lock";

/// What was in the project at some moment: cheap to keep and to compare.
struct State {
    situation: Situation,
    realisations: Vec<Arc<Realisation>>,
    compared: Vec<Arc<PhaseMap>>,
}

/// Where the project lies, and what of it is saved.
pub struct ProjectState {
    /// Its file, once it has one.
    pub path: Option<PathBuf>,
    /// What the file looked like when this window last read or wrote it.
    stamp: Option<Stamp>,
    saved: Option<State>,
    /// What is being written at the moment.
    saving: Option<State>,
    copied: Option<State>,
    copied_at: Instant,
    busy: bool,
    folder: Option<PathBuf>,
    _lock: Option<File>,
    /// The copy of a window that did not close properly.
    pub found: Option<PathBuf>,
    /// The same, once it is opened and until this window has a copy of its own.
    pub recovering: Option<PathBuf>,
    recovered: bool,
}

impl ProjectState {
    /// Of a window with this folder of its own.
    pub fn new(folder: Option<&Path>) -> Self {
        let lock = folder.and_then(|f| File::create(f.join(LOCK)).ok()).filter(|f| f.try_lock().is_ok());
        Self {
            path: None,
            stamp: None,
            saved: None,
            saving: None,
            copied: None,
            copied_at: Instant::now(),
            busy: false,
            folder: folder.map(Path::to_path_buf),
            _lock: lock,
            found: leftover(folder),
            recovering: None,
            recovered: false,
        }
    }
}

/// The newest copy in the folder of a window that lives no more.
fn leftover(own: Option<&Path>) -> Option<PathBuf> {
    let orphaned = |folder: &PathBuf| {
        let unlocked = File::open(folder.join(LOCK)).is_ok_and(|f| f.try_lock().is_ok());
        Some(folder.as_path()) != own && unlocked && folder.join(COPY).is_file()
    };
    let copies = folders_of_windows().into_iter().filter(orphaned).map(|folder| folder.join(COPY));
    copies.max_by_key(|copy| copy.metadata().and_then(|m| m.modified()).ok())
}

/// Removes a copy, and the folder of its window if nothing else is in it.
pub fn remove_copy(copy: &Path) {
    let _ = std::fs::remove_file(copy);
    if let Some(folder) = copy.parent() {
        let _ = std::fs::remove_file(folder.join(LOCK));
        let _ = std::fs::remove_dir(folder);
    }
}

impl App {
    fn project(&self) -> Project {
        Project {
            micrograph: self.raw.clone(),
            settings: self.settings.clone(),
            realisations: self.realisations.clone(),
            compared: self.compared.iter().map(|c| (c.name.clone(), c.map.clone())).collect(),
        }
    }

    fn state(&self) -> State {
        let (raw, source) = (self.raw.clone(), self.source.clone());
        State {
            situation: Situation { raw, source, settings: self.settings.clone() },
            realisations: self.realisations.clone(),
            compared: self.compared.iter().map(|c| c.map.clone()).collect(),
        }
    }

    fn is_state(&self, state: Option<&State>) -> bool {
        fn same<T>(a: &[Arc<T>], b: &mut dyn Iterator<Item = &Arc<T>>) -> bool {
            a.iter().all(|a| b.next().is_some_and(|b| Arc::ptr_eq(a, b))) && b.next().is_none()
        }
        state.is_some_and(|s| {
            s.situation.is(self.raw.as_ref(), &self.settings)
                && same(&s.realisations, &mut self.realisations.iter())
                && same(&s.compared, &mut self.compared.iter().map(|c| &c.map))
        })
    }

    /// Whether there is something that would be lost: a decision or a result that no file holds.
    pub(super) fn has_unsaved_work(&self) -> bool {
        let untouched = !self.history.can_undo() && self.realisations.is_empty() && self.compared.is_empty();
        !untouched && !self.is_state(self.project.saved.as_ref())
    }

    /// Saves to the project's file, or asks for a name where it has none, or where another window has written the file.
    pub fn save_project(&mut self) {
        if self.project.saving.is_some() {
            // What is asked for again is under way.
            return;
        }
        let changed = |path: &PathBuf| Stamp::of(path).is_some_and(|found| Some(found) != self.project.stamp);
        match self.project.path.clone() {
            Some(path) if changed(&path) => {
                self.messages.warning(format!(
                    "{} was changed since this window opened or saved it, perhaps by another window. Nothing was written; choose \
                     another name, or the same one to replace what is there.",
                    path.display()
                ));
                self.overlays.quit_after_save = false;
                self.ask_project_name();
            }
            Some(path) => self.save_project_as(path),
            None => self.ask_project_name(),
        }
    }

    pub(super) fn ask_project_name(&mut self) {
        self.files.project_dialog(&self.raw_stem());
    }

    /// The micrograph's name without its ending.
    pub(super) fn raw_stem(&self) -> String {
        let name = self.raw.as_ref().map_or("project", |raw| raw.name.as_str());
        Path::new(name).file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Saves under a name; says so when it is done.
    pub fn save_project_as(&mut self, mut path: PathBuf) {
        if path.extension().is_none() {
            path.set_extension(ENDING);
        }
        self.project.saving = Some(self.state());
        self.files.save_project(Some(path.clone()), path, self.project());
    }

    pub(super) fn project_saved(&mut self, path: Option<PathBuf>, result: Result<Option<Stamp>, String>) {
        match (path, result) {
            (Some(path), Ok(stamp)) => {
                self.messages.note(format!("The project was saved as {}.", path.display()));
                self.project.stamp = stamp;
                self.project.path = Some(path);
                self.project.saved = self.project.saving.take();
                // What is saved needs no copy; a later change makes a new one.
                if let Some(folder) = &self.project.folder {
                    let _ = std::fs::remove_file(folder.join(COPY));
                }
                self.project.copied = None;
                if self.overlays.quit_after_save {
                    self.overlays.quit_confirmed = true;
                }
            }
            (Some(_), Err(reason)) => {
                self.project.saving = None;
                self.overlays.quit_after_save = false;
                self.messages.error(reason);
            }
            (None, result) => {
                self.project.busy = false;
                match result {
                    Ok(_) => {
                        // Now the work that was opened again is kept here.
                        if let Some(old) = self.project.recovering.take().filter(|_| self.project.recovered) {
                            remove_copy(&old);
                        }
                    }
                    Err(reason) => {
                        self.project.copied = None;
                        tracing::warn!("the copy in case of a crash was not written: {reason}");
                    }
                }
            }
        }
    }

    /// Keeps a copy of unsaved work beside the program's data, for the case of a crash.
    pub(super) fn autosave(&mut self, ctx: &Context) {
        let Some(folder) = self.project.folder.clone() else { return };
        if self.project.busy || !self.has_unsaved_work() || self.is_state(self.project.copied.as_ref()) {
            return;
        }
        match AUTOSAVE.checked_sub(self.project.copied_at.elapsed()) {
            // A window at rest paints no frames; this one has something to do.
            Some(left) => ctx.request_repaint_after(left + Duration::from_millis(50)),
            None => {
                self.project.copied_at = Instant::now();
                self.copy_now(folder);
            }
        }
    }

    fn copy_now(&mut self, folder: PathBuf) {
        self.project.busy = true;
        self.project.copied = Some(self.state());
        self.files.save_project(None, folder.join(COPY), self.project());
    }

    /// Opens a project in place of what there is.
    pub(super) fn show_project(&mut self, ctx: &Context, path: PathBuf, stamp: Option<Stamp>, project: Project) {
        if self.running.is_some() {
            self.messages.warning("A run is under way; stop it before a project is opened.");
            return;
        }
        let Project { micrograph, settings, realisations, compared } = project;
        let document = micrograph.map(|raw| Document::new(raw, settings.recipe.clone(), None));
        let document = match document.transpose() {
            Ok(document) => document,
            Err(error) => {
                self.messages.error(format!("The project's recipe does not fit its micrograph: {error}"));
                return;
            }
        };
        self.realisations.clear();
        self.pictures.thumbnails.clear();
        self.shown = Shown::Live;
        self.source = Source::default();
        self.settings = settings;
        if let Some(document) = document {
            self.show_document(ctx, document);
        }
        for realisation in realisations {
            self.add_realisation(ctx, realisation);
        }
        self.compared = compared.into_iter().map(|(name, map)| Compared { name, map }).collect();
        self.compare_space.refresh();
        if !self.realisations.is_empty() {
            self.show_realisation(ctx, 0);
        }
        self.history.note(self.raw.as_ref(), &self.source, &self.settings);
        if self.project.recovering.as_ref() == Some(&path) {
            self.messages
                .note("The work of the window that did not close properly is open again; save it as a project.");
            self.project.recovered = true;
            self.project.copied_at = Instant::now().checked_sub(AUTOSAVE).unwrap_or_else(Instant::now);
            self.project.copied = None;
        } else {
            self.messages.note(format!("The project {} is open.", path.display()));
            self.project.stamp = stamp;
            self.project.path = Some(path);
            self.project.saved = Some(self.state());
        }
    }

    /// The project's name for the bar, with a mark while something is unsaved.
    pub(super) fn project_name(&self) -> Option<String> {
        let name = self.project.path.as_ref()?.file_name()?.to_string_lossy().into_owned();
        let name = name.trim_end_matches(&format!(".{ENDING}")).to_string();
        Some(if self.has_unsaved_work() { format!("{name} •") } else { name })
    }

    /// Adds micrographs to what is compared.
    pub(super) fn add_compared(&mut self, results: Vec<Result<Compared, String>>) {
        for result in results {
            match result {
                Ok(compared) => self.compared.push(compared),
                Err(reason) => self.messages.error(reason),
            }
        }
        self.compare_space.refresh();
    }
}
