//! Reads files that the user opens, on another thread.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::document::Document;
use super::question::{Answer, Ask, PathKind};
use super::source::Source;
use super::state::{Completion, Opener, RUN_UNDER_WAY, Shared};
use crate::app::command::Action;
use crate::micrograph::{ENDINGS, Micrograph, MicrographError, Part, PictureFile, Recipe, Segmentation, pictures_in};
use crate::net::WeightsKind;
use crate::project::{self, Project, Stamp};
use crate::reconstruct::Report;

/// A micrograph that was opened, and where it came from.
pub struct Opened {
    pub document: Document,
    pub source: Source,
    /// A recipe that should be kept but does not fit, and why.
    pub refused: Option<(Recipe, String)>,
}

impl Shared {
    /// Reads a dropped or named file: a micrograph, a folder of them, a report, a recipe, a project, or weights.
    pub fn open(&mut self, path: PathBuf) {
        self.newest_read += 1;
        let (number, openers) = (self.newest_read, self.openers.clone());
        self.in_background(true, move || read_any(&path, number, &openers));
    }

    /// Reads another page, or another picture of a list, with a recipe.
    pub fn open_from(&mut self, source: Source, recipe: Recipe) {
        self.newest_read += 1;
        let number = self.newest_read;
        self.in_background(true, move || show_opened(read_source(source, Some(recipe)), number));
    }
}

/// Shows a micrograph that was read, unless a later one was asked for meanwhile.
fn take_opened(shared: &mut Shared, opened: Result<Opened, MicrographError>, number: u64) {
    if number < shared.newest_read {
        return;
    }
    let Opened { document, source, refused } = match opened {
        Ok(_) if shared.keeps_micrograph => {
            shared.messages.warning(RUN_UNDER_WAY);
            return;
        }
        Ok(opened) => opened,
        Err(error) => {
            shared.messages.error(error.to_string());
            return;
        }
    };
    let name = document.raw.name.clone();
    shared.messages.note(format!("{name}: {}.", document.summary()));
    super::work::remember(shared, &source.path);
    shared.source = source;
    warn_of_data_bar(shared, &document);
    // A raw picture begins where it becomes phases.
    if document.is_grey && document.recipe == Recipe::default() {
        shared.act(Action::Go("Micrograph"));
    }
    shared.show_document(document);
    if let Some((recipe, reason)) = refused {
        // The settings keep the recipe: it may fit the next picture of the folder.
        shared.messages.warning(format!("The recipe does not fit {name}: {reason}"));
        shared.settings.recipe = recipe;
        super::open::refuse_recipe(shared, reason);
    }
}

fn warn_of_data_bar(shared: &mut Shared, document: &Document) {
    if let Some(rows) = document.bar.filter(|_| document.recipe.prepare.is_empty()) {
        shared.messages.warning(format!(
            "The lowest {rows} rows look like a data bar and are counted with the phases: cut them off in the Micrograph \
             workspace."
        ));
    }
}

/// Asks for a file and reads it; its path is typed in the window if `typed`.
pub fn ask_for_micrograph(shared: &mut Shared, typed: bool) {
    let open = |shared: &mut Shared, answer: Answer| shared.open(answer.path());
    if typed { shared.ask_here(open_dialog(), open) } else { shared.ask(open_dialog(), open) }
}

fn open_dialog() -> Ask {
    Ask::Path {
        kind: PathKind::File,
        title: "Open a micrograph",
        action: "Open",
        filters: &[
            ("Micrographs", ENDINGS),
            ("Projects, recipes and reports", &[project::EXTENSION, "json"]),
            ("All files", &["*"]),
        ],
        proposed: PathBuf::new(),
    }
}

fn show_opened(opened: Result<Opened, MicrographError>, number: u64) -> Completion {
    Box::new(move |shared| take_opened(shared, opened, number))
}

fn show_error(reason: String) -> Completion {
    Box::new(move |shared| shared.messages.error(reason))
}

/// Segments a picture automatically. One with too many values for labels and too few for a grey picture is cut into two
/// phases by a threshold, and its recipe says so.
pub fn open_as_labels_or_grey(raw: &Arc<Micrograph>) -> Result<Document, MicrographError> {
    match Document::new(raw.clone(), Recipe::default(), None) {
        Err(MicrographError::TooManyLabels { .. } | MicrographError::TooManyRegions { .. }) => {
            Document::new(raw.clone(), Recipe::of(Segmentation::Phases(2)), None)
        }
        other => other,
    }
}

fn read_source(mut source: Source, recipe: Option<Recipe>) -> Result<Opened, MicrographError> {
    let file = PictureFile::open(&source.path)?;
    let raw = Arc::new(file.read(&Part { page: source.page, crop: None })?);
    source.pages = file.pages;
    let (document, refused) = match recipe.map(|recipe| (Document::new(raw.clone(), recipe.clone(), None), recipe)) {
        Some((Ok(document), _)) => (document, None),
        Some((Err(error), recipe)) => (open_as_labels_or_grey(&raw)?, Some((recipe, error.to_string()))),
        None => (open_as_labels_or_grey(&raw)?, None),
    };
    Ok(Opened { document, source, refused })
}

fn read_any(path: &Path, number: u64, openers: &[Opener]) -> Completion {
    if let Some((space, _)) = openers.iter().find(|(_, is_own)| is_own(path)) {
        let (space, path) = (*space, path.to_path_buf());
        return Box::new(move |shared| shared.act(Action::OpenIn(space, path)));
    }
    // A folder with this file holds the shards of the trained network.
    if path.join("group1-shard1of1").is_file() {
        return use_weights(path);
    }
    if path.is_dir() {
        let list = pictures_in(path, 0);
        let Some(first) = list.first().cloned() else {
            return show_error(format!("There are no micrographs in the folder {}.", path.display()));
        };
        let source = Source { path: first, list: Arc::new(list), ..Source::default() };
        return show_opened(read_source(source, None), number);
    }
    match path.extension().and_then(|e| e.to_str()).map(str::to_lowercase).as_deref() {
        Some("safetensors") => use_weights(path),
        Some("json") => match (Report::read(path), Recipe::read(path)) {
            (Ok(report), _) => Box::new(move |shared| {
                shared.messages.note(format!("The settings are now those of the report on {}.", report.input.name));
                shared.settings = report.settings;
            }),
            (_, Ok(recipe)) => Box::new(move |shared| {
                shared.messages.note("The recipe was read and is applied.");
                shared.settings.recipe = recipe;
                shared.act(Action::Go("Micrograph"));
            }),
            (Err(error), Err(_)) => show_error(error.to_string()),
        },
        Some(project::EXTENSION) => {
            // The stamp is taken before reading: a write during the reading has to be noticed later.
            let (stamp, path) = (Stamp::of(path), path.to_path_buf());
            match Project::read(&path) {
                Ok(project) => Box::new(move |shared| {
                    shared.act(Action::ShowProject { path, stamp, project: Box::new(project) });
                }),
                Err(error) => show_error(error.to_string()),
            }
        }
        _ => show_opened(read_source(Source { path: path.into(), ..Source::default() }, None), number),
    }
}

fn use_weights(path: &Path) -> Completion {
    let path = path.to_path_buf();
    Box::new(move |shared| shared.settings.set_weights(WeightsKind::File(path)))
}
