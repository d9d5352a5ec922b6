//! The project that the window holds: saving, opening, and the copy that survives a crash.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::Context;

use super::command::Action;
use super::shared::Shared;
use super::shared::ask::ask_to_replace;
use super::shared::document::Document;
use super::shared::folder::folders_of_windows;
use super::shared::question::{Answer, Ask, PathKind};
use super::shared::source::Source;
use super::shared::work::remember;
use super::space::Space;
use crate::job::CHECKPOINT;
use crate::project::{EXTENSION, Project, Stamp};

/// Seconds between two copies.
const AUTOSAVE: Duration = Duration::from_secs(10);
/// The copy's name in the window's own folder.
const COPY: &str = "autosave.microwright";
/// Beside the copy: the project's own file, if it has one.
const ORIGIN: &str = "origin.json";
/// A file in the same folder that is locked while the window is open.
const LOCK: &str = "lock";

/// The project's own file, as the window last read or wrote it.
#[derive(serde::Serialize, serde::Deserialize)]
struct Origin {
    path: PathBuf,
    stamp: Option<Stamp>,
}

/// The state of a project: the number of its undo step, and a count of changes of its results.
type Revision = (u64, u64);

/// Where the project is saved, and which state of it.
pub struct ProjectState {
    /// Its file, once it has one.
    path: Option<PathBuf>,
    /// What the file looked like when this window last read or wrote it.
    stamp: Option<Stamp>,
    saved: Option<Revision>,
    /// The state that is being written.
    saving: Option<Revision>,
    copied: Option<Revision>,
    copied_at: Instant,
    is_copying: bool,
    /// The locked file: it tells other windows that this one is open.
    _lock: Option<File>,
    /// The copy of a window that did not close properly: from its opening until this window has its own copy.
    recovering: Option<PathBuf>,
    is_recovered: bool,
}

impl ProjectState {
    /// The state without a project. Asks what to do with the work of a window that did not close properly.
    pub fn new(shared: &mut Shared) -> Self {
        let own = shared.folder.is_own().then(|| shared.folder.path.clone());
        let lock = own.as_ref().and_then(|f| File::create(f.join(LOCK)).ok()).filter(|f| f.try_lock().is_ok());
        if let Some(copy) = orphaned_copy(own.as_deref()) {
            ask_to_recover(shared, copy);
        }
        Self {
            path: None,
            stamp: None,
            saved: None,
            saving: None,
            copied: None,
            copied_at: Instant::now(),
            is_copying: false,
            _lock: lock,
            recovering: None,
            is_recovered: false,
        }
    }

    /// Whether there is a change or a result that no file holds.
    pub fn is_unsaved(&self, shared: &Shared) -> bool {
        !shared.is_untouched() && self.saved != Some(shared.revision())
    }

    /// What closing the window now would lose, in sentences.
    pub fn would_lose(&self, shared: &Shared, spaces: &[Box<dyn Space>]) -> Vec<String> {
        let mut lost: Vec<String> = spaces.iter().filter_map(|space| space.would_lose()).collect();
        if self.is_unsaved(shared) {
            lost.push("The recipe, the settings or the results are not saved in a project yet.".into());
        }
        lost
    }

    /// Saves to the project's file, or asks for a name where it has none, or where another window has written the file.
    pub fn save(&mut self, shared: &mut Shared, quit: bool) {
        if self.saving.is_some() {
            // A save is already under way.
            return;
        }
        let changed = |path: &PathBuf| Stamp::of(path).is_some_and(|found| Some(found) != self.stamp);
        match self.path.clone() {
            Some(path) if changed(&path) => {
                shared.messages.warning(format!(
                    "{} has changed since this window opened or saved it, perhaps by another window. Nothing was written. \
                     Choose another name, or the same name to replace the file.",
                    path.display()
                ));
                ask_for_project_name(shared, quit);
            }
            Some(path) => shared.act(Action::SaveProject { path, quit }),
            None => ask_for_project_name(shared, quit),
        }
    }

    /// Writes the project under a name.
    pub fn write(&mut self, shared: &mut Shared, spaces: &[Box<dyn Space>], path: PathBuf, quit: bool) {
        let path = with_ending(path);
        shared.record_undo();
        self.saving = Some(shared.revision());
        let project = collect_project(shared, spaces);
        shared.in_background(true, move || {
            let result = project.save(&path).map(|()| Stamp::of(&path)).map_err(|e| e.to_string());
            Box::new(move |shared| shared.act(Action::ProjectSaved { path: Some(path), result, quit }))
        });
    }

    /// Handles the result of a save, or of a copy where there is no path. Returns whether the file was written.
    pub fn saved(&mut self, shared: &mut Shared, path: Option<PathBuf>, result: Result<Option<Stamp>, String>) -> bool {
        match (path, result) {
            (Some(path), Ok(stamp)) => {
                shared.messages.note(format!("The project was saved as {}.", path.display()));
                remember(shared, &path);
                self.stamp = stamp;
                self.path = Some(path);
                self.saved = self.saving.take();
                // A saved project needs no copy; the next change makes a new one.
                let _ = std::fs::remove_file(shared.folder.path.join(COPY));
                self.copied = None;
                true
            }
            (Some(_), Err(reason)) => {
                self.saving = None;
                shared.messages.error(reason);
                false
            }
            (None, result) => {
                self.is_copying = false;
                match &result {
                    // The recovered work is in this window's copy now: the old copy can go.
                    Ok(_) => self.recovering.take_if(|_| self.is_recovered).iter().for_each(|old| remove_copy(old)),
                    Err(reason) => {
                        self.copied = None;
                        tracing::warn!("the copy in case of a crash was not written: {reason}");
                    }
                }
                result.is_ok()
            }
        }
    }

    /// Keeps a copy of unsaved work, and of what a run is made from, in the window's own folder, in case of a crash.
    pub fn copy(&mut self, ctx: &Context, shared: &mut Shared, spaces: &[Box<dyn Space>]) {
        let is_copied = self.copied == Some(shared.revision());
        if !shared.folder.is_own() || self.is_copying || is_copied {
            return;
        }
        // A run that was stopped can go on too.
        let has_run = || shared.keeps_micrograph || shared.folder.path.join(CHECKPOINT).exists();
        if !self.is_unsaved(shared) && !has_run() {
            return;
        }
        if let Some(left) = AUTOSAVE.checked_sub(self.copied_at.elapsed()) {
            // An idle window paints no frames: ask for one when the copy is due.
            ctx.request_repaint_after(left + Duration::from_millis(50));
            return;
        }
        (self.copied_at, self.is_copying) = (Instant::now(), true);
        self.copied = Some(shared.revision());
        let (project, at) = (collect_project(shared, spaces), shared.folder.path.join(COPY));
        // A path that was typed may start from the folder of this run; the next one may be another's.
        let absolute = self.path.as_ref().and_then(|path| std::path::absolute(path).ok());
        let origin = absolute.and_then(|path| serde_json::to_vec(&Origin { path, stamp: self.stamp }).ok());
        shared.in_background(false, move || {
            // A copy without it is still one.
            let beside = at.with_file_name(ORIGIN);
            let _ = match origin {
                Some(origin) => crate::folders::write_atomically(&beside, &origin),
                None => std::fs::remove_file(&beside),
            };
            let result = project.save(&at).map(|()| None).map_err(|e| e.to_string());
            Box::new(move |shared| shared.act(Action::ProjectSaved { path: None, result, quit: false }))
        });
    }

    /// Opens a project in place of what is open.
    pub fn show(
        &mut self,
        shared: &mut Shared,
        spaces: &mut [Box<dyn Space>],
        path: PathBuf,
        stamp: Option<Stamp>,
        mut project: Project,
    ) {
        if shared.keeps_micrograph {
            shared.messages.warning("A run is under way; stop it before you open a project.");
            return;
        }
        let document = project.micrograph.take().map(|raw| Document::new(raw, project.settings.recipe.clone(), None));
        let document = match document.transpose() {
            Ok(document) => document,
            Err(error) => {
                shared.messages.error(format!("The project's recipe does not fit its micrograph: {error}"));
                return;
            }
        };
        shared.source = Source::default();
        shared.settings = std::mem::take(&mut project.settings);
        if let Some(document) = document {
            shared.show_document(document);
        }
        shared.realisations = std::mem::take(&mut project.realisations);
        let is_recovered = self.recovering.as_ref() == Some(&path);
        if is_recovered {
            take_checkpoint(shared, &path);
        }
        spaces.iter_mut().for_each(|space| space.restore(&mut project, shared));
        shared.changed();
        shared.record_undo();
        if is_recovered {
            shared
                .messages
                .note("The work of the window that did not close properly is open again; save it as a project.");
            let origin = origin_of(&path);
            (self.path, self.stamp) = origin.map_or((None, None), |origin| (Some(origin.path), origin.stamp));
            self.is_recovered = true;
            self.copied_at = Instant::now().checked_sub(AUTOSAVE).unwrap_or_else(Instant::now);
            self.copied = None;
        } else {
            shared.messages.note(format!("The project {} is open.", path.display()));
            self.stamp = stamp;
            self.path = Some(path);
            self.saved = Some(shared.revision());
        }
    }

    /// Opens the copy of a window that did not close properly, or deletes it.
    pub fn recover(&mut self, shared: &mut Shared, copy: PathBuf, open: bool) {
        if open {
            shared.open(copy.clone());
            self.recovering = Some(copy);
        } else {
            remove_copy(&copy);
        }
    }

    /// The project's name for the bar, with a mark while something is unsaved.
    pub fn name(&self, shared: &Shared) -> Option<String> {
        let name = self.path.as_ref()?.file_name()?.to_string_lossy().into_owned();
        let name = name.trim_end_matches(&format!(".{EXTENSION}")).to_string();
        Some(if self.is_unsaved(shared) { format!("{name} •") } else { name })
    }
}

/// Everything that a project holds, each space's own part included.
fn collect_project(shared: &Shared, spaces: &[Box<dyn Space>]) -> Project {
    let mut project = Project {
        micrograph: shared.raw.clone(),
        settings: shared.settings.clone(),
        realisations: shared.realisations.clone(),
        ..Project::default()
    };
    spaces.iter().for_each(|space| space.save(&mut project));
    project
}

/// Asks for the project's name and saves it there; then closes the window if `quit`.
pub fn ask_for_project_name(shared: &mut Shared, quit: bool) {
    let name = shared.raw.as_ref().map_or("project", |raw| raw.name.as_str());
    let stem = Path::new(name).file_stem().unwrap_or_default().to_string_lossy();
    let ask = Ask::Path {
        kind: PathKind::Save,
        title: "Save the project as",
        action: "Save",
        filters: &[("Microwright projects", &[EXTENSION])],
        proposed: shared.export.path(&format!("{stem}.{EXTENSION}")),
    };
    shared.ask(ask, move |shared, answer| {
        let typed = answer.path();
        let path = with_ending(typed.clone());
        let save = move |shared: &mut Shared, answer: Answer| {
            shared.act(Action::SaveProject { path: answer.path(), quit });
        };
        // Nobody has asked yet about the file with the ending.
        if path != typed && path.exists() {
            ask_to_replace(shared, vec![path], Box::new(save));
        } else {
            save(shared, Answer::Paths(vec![path]));
        }
    });
}

/// A project's file has its ending where the name has none.
fn with_ending(mut path: PathBuf) -> PathBuf {
    if path.extension().is_none() {
        path.set_extension(EXTENSION);
    }
    path
}

/// Asks what to do with work that closing would lose.
pub fn ask_before_closing(shared: &mut Shared, lost: &[String]) {
    let ask = Ask::Choice {
        title: "Close the window?".into(),
        text: lost.join("\n"),
        answers: ["Save the project", "Close without saving", "Keep working"].map(String::from).into(),
        can_dismiss: true,
    };
    shared.ask(ask, |shared, answer| match answer {
        Answer::Choice(0) => shared.act(Action::SaveAndQuit),
        Answer::Choice(1) => shared.act(Action::Quit),
        _ => {}
    });
}

fn ask_to_recover(shared: &mut Shared, copy: PathBuf) {
    let has_run = copy.with_file_name(CHECKPOINT).exists();
    let run = if has_run { ", and a run that can go on" } else { "" };
    let ask = Ask::Choice {
        title: "Microwright did not close properly".into(),
        text: format!("Its work was kept: the micrograph, the recipe, the settings and finished results{run}."),
        answers: ["Open it again", "Throw it away"].map(String::from).into(),
        can_dismiss: false,
    };
    shared.ask(ask, move |shared, answer| {
        let open = matches!(answer, Answer::Choice(0));
        shared.act(Action::Recover { copy, open });
    });
}

/// The newest copy that was left by a window that is no longer open.
fn orphaned_copy(own: Option<&Path>) -> Option<PathBuf> {
    let orphaned = |folder: &PathBuf| {
        let unlocked = File::open(folder.join(LOCK)).is_ok_and(|f| f.try_lock().is_ok());
        Some(folder.as_path()) != own && unlocked && folder.join(COPY).is_file()
    };
    let copies = folders_of_windows().into_iter().filter(orphaned).map(|folder| folder.join(COPY));
    copies.max_by_key(|copy| copy.metadata().and_then(|m| m.modified()).ok())
}

/// The project's file that a copy is of.
fn origin_of(copy: &Path) -> Option<Origin> {
    serde_json::from_slice(&std::fs::read(copy.with_file_name(ORIGIN)).ok()?).ok()
}

/// Takes over the checkpoint beside a copy, so that its run can go on in this window.
fn take_checkpoint(shared: &mut Shared, copy: &Path) {
    let checkpoint = copy.with_file_name(CHECKPOINT);
    if checkpoint.exists() && std::fs::rename(&checkpoint, shared.folder.path.join(CHECKPOINT)).is_err() {
        shared.messages.warning("The run that was under way cannot go on: its checkpoint could not be moved.");
    }
}

/// Removes a copy, what lies beside it, and the folder of its window if nothing else is in it.
fn remove_copy(copy: &Path) {
    let _ = std::fs::remove_file(copy);
    if let Some(folder) = copy.parent() {
        for name in [LOCK, ORIGIN, CHECKPOINT] {
            let _ = std::fs::remove_file(folder.join(name));
        }
        let _ = std::fs::remove_dir(folder);
    }
}
