//! Dialogs, reading and writing, all off the window's thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::document::{Document, Measured};
use super::workspace::{CompareRequest, CompareResult, Sensitivity};
use crate::latent::Model;
use crate::micrograph::{self, Micrograph, MicrographError, PhaseMap, Recipe, Segmentation, segment_file};
use crate::project::{self, Project, Stamp};
use crate::reconstruct::Report;

/// What came of it.
pub enum FileEvent {
    /// A micrograph was read, or could not be.
    /// The number says which request it answers: an older one than the newest is stale.
    Opened(Result<Box<Opened>, String>, u64),
    /// A recipe was applied to the open micrograph, or does not fit it.
    Evaluated(Result<Box<Document>, (Arc<Micrograph>, Recipe, String)>),
    /// A phase map was measured.
    Measured(Arc<PhaseMap>, Arc<Measured>),
    /// What thresholds around the chosen one give.
    Sensitivity(Sensitivity),
    /// What was measured to be compared.
    Statistics(CompareResult),
    /// A file for the recipe, and a folder for what it makes of others, were chosen.
    RecipePath(PathBuf),
    RecipeFolder(PathBuf),
    /// A recipe was read.
    Recipe(Box<Recipe>),
    /// Micrographs to compare were read.
    Compared(Vec<Result<Compared, String>>),
    /// A recipe was applied to a folder.
    Segmented(Result<String, String>),
    /// The project was written; the path is none for the copy that is kept in case of a crash.
    ProjectSaved(Option<PathBuf>, Result<Option<Stamp>, String>),
    /// A project was read.
    Project(PathBuf, Option<Stamp>, Box<Project>),
    /// A name for the project was chosen.
    ProjectPath(PathBuf),
    /// A dialog was closed without a choice; so soon that there was none, if the flag is set.
    NoChoice(Ask, bool),
    /// A file could not be used.
    Failed(String),
    /// A report was read: its settings can be used again.
    Report(Box<Report>),
    /// A file of weights was chosen.
    Weights(PathBuf),
    /// A latent model was read.
    Model(PathBuf, Box<Model>),
    /// Micrographs for the Latent workspace were chosen.
    LatentFiles(Vec<PathBuf>),
    /// A folder for exports was chosen.
    Folder(PathBuf),
    /// Results were written.
    Exported(Result<PathBuf, String>),
}

/// A micrograph that was opened, and where it came from.
pub struct Opened {
    pub document: Document,
    pub source: Source,
    /// A recipe that was to be kept but does not fit, and why.
    pub refused: Option<(Recipe, String)>,
}

/// The file of a micrograph, its pages, and the folder that it was opened from.
#[derive(Clone, Debug, Default)]
pub struct Source {
    pub path: PathBuf,
    pub page: usize,
    pub pages: usize,
    /// All pictures of the folder, where a folder was opened.
    pub list: Arc<Vec<PathBuf>>,
}

impl Source {
    /// The place of the file in its list.
    pub fn place(&self) -> Option<usize> {
        self.list.iter().position(|p| *p == self.path)
    }
}

/// A phase map to be compared with the original.
pub struct Compared {
    pub name: String,
    pub map: Arc<PhaseMap>,
}

/// What a path is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask {
    /// A file to open.
    Open,
    /// Micrographs to compare.
    Compare,
    /// Where the project goes.
    Project,
    /// Where the recipe goes.
    Recipe,
    /// Where the phase maps of a folder go.
    PhaseMaps,
    /// Where exports go.
    Exports,
    /// A file of weights.
    Weights,
    /// A latent model.
    Model,
    /// A micrograph, or a folder of them, for the Latent workspace.
    Latent,
}

/// A dialog that is gone sooner than this was never there: a desktop without one answers at once.
const NEVER_THERE: Duration = Duration::from_millis(400);

/// Waits for a dialog, and does something with what was chosen.
fn chosen<T>(
    ask: Ask,
    dialog: impl Future<Output = Option<T>>,
    then: impl FnOnce(T) -> FileEvent,
) -> Option<FileEvent> {
    let start = Instant::now();
    Some(match pollster::block_on(dialog) {
        Some(choice) => then(choice),
        None => FileEvent::NoChoice(ask, start.elapsed() < NEVER_THERE),
    })
}

/// Runs each piece of work on a thread of its own; results are taken in order of arrival.
pub struct Files {
    sender: Sender<(bool, Option<FileEvent>)>,
    receiver: Receiver<(bool, Option<FileEvent>)>,
    ctx: egui::Context,
    pending: usize,
    /// The number of the newest request that opens something.
    newest: u64,
}

impl Files {
    pub fn new(ctx: &egui::Context) -> Self {
        // Bounded by what a person can click; the window takes everything each frame.
        let (sender, receiver) = unbounded();
        Self { sender, receiver, ctx: ctx.clone(), pending: 0, newest: 0 }
    }

    /// Whether something is being read or written.
    pub fn busy(&self) -> bool {
        self.pending > 0
    }

    /// The next result that still matters.
    pub fn poll(&mut self) -> Option<FileEvent> {
        while let Ok((counted, event)) = self.receiver.try_recv() {
            self.pending -= usize::from(counted);
            match event {
                Some(FileEvent::Opened(_, number)) if number < self.newest => {}
                Some(event) => return Some(event),
                None => {}
            }
        }
        None
    }

    /// Runs `work` elsewhere; a dialog may stay open for long, so it does not count as reading or writing.
    fn spawn(&mut self, counts: bool, work: impl FnOnce() -> Option<FileEvent> + Send + 'static) {
        let (sender, ctx) = (self.sender.clone(), self.ctx.clone());
        self.pending += usize::from(counts);
        let body = move || {
            // A decoder that panics on a hostile file must not leave the window waiting.
            let done = catch_unwind(AssertUnwindSafe(work));
            let failed = || Some(FileEvent::Failed("The file made the program stumble; it was not used.".into()));
            let _ = sender.send((counts, done.unwrap_or_else(|_| failed())));
            ctx.request_repaint();
        };
        if let Err(error) = std::thread::Builder::new().name("files".into()).spawn(body) {
            let failed = FileEvent::Failed(format!("The system gives no thread: {error}."));
            let _ = self.sender.send((counts, Some(failed)));
        }
    }

    fn next_number(&mut self) -> u64 {
        self.newest += 1;
        self.newest
    }

    /// Reads a dropped or named file: a micrograph, a folder of them, a report, a recipe, a project, or weights.
    pub fn open(&mut self, path: PathBuf) {
        let number = self.next_number();
        self.spawn(true, move || Some(read_any(&path, number)));
    }

    /// Reads a page, or another picture of a list, with a recipe.
    pub fn open_from(&mut self, source: Source, recipe: Recipe) {
        let number = self.next_number();
        self.spawn(true, move || Some(opened(read_source(source, Some(recipe)), number)));
    }

    /// Applies a recipe to a micrograph, going on from an earlier document of it.
    pub fn evaluate(&mut self, raw: Arc<Micrograph>, recipe: Recipe, earlier: Option<Document>) {
        self.spawn(true, move || {
            // However it ends, an answer comes: the window waits for it.
            let work = || Document::new(raw.clone(), recipe.clone(), earlier.as_ref());
            let result = match catch_unwind(AssertUnwindSafe(work)) {
                Ok(document) => document.map(Box::new).map_err(|e| e.to_string()),
                Err(_) => Err("The recipe made the program stumble; take its last step out.".to_string()),
            };
            Some(FileEvent::Evaluated(result.map_err(|reason| (raw, recipe, reason))))
        });
    }

    /// Measures a phase map.
    pub fn measure(&mut self, map: Arc<PhaseMap>) {
        self.spawn(false, move || {
            let measured = catch_unwind(AssertUnwindSafe(|| Measured::of(&map))).unwrap_or_default();
            Some(FileEvent::Measured(map, Arc::new(measured)))
        });
    }

    /// Works out what thresholds around the chosen one give.
    pub fn sensitivity(&mut self, micrograph: Arc<Micrograph>, recipe: Recipe) {
        self.spawn(false, move || Some(FileEvent::Sensitivity(Sensitivity::of(&micrograph, &recipe))));
    }

    /// Measures phase maps to be compared.
    pub fn statistics(&mut self, request: CompareRequest) {
        self.spawn(false, move || Some(FileEvent::Statistics(request.measure())));
    }

    /// Asks for a recipe's name.
    pub fn recipe_dialog(&mut self) {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Save the recipe")
            .add_filter("Recipes", &["json"])
            .set_file_name("recipe.json")
            .save_file();
        self.spawn(false, move || chosen(Ask::Recipe, dialog, |file| FileEvent::RecipePath(file.path().into())));
    }

    /// Asks for the folder of what a recipe makes of a list of pictures.
    pub fn recipe_folder_dialog(&mut self) {
        let dialog = rfd::AsyncFileDialog::new().set_title("Folder for the phase maps").pick_folder();
        self.spawn(false, move || chosen(Ask::PhaseMaps, dialog, |file| FileEvent::RecipeFolder(file.path().into())));
    }

    /// Reads micrographs to compare, each segmented as it can be.
    pub fn compare(&mut self, paths: Vec<PathBuf>) {
        self.spawn(true, move || Some(FileEvent::Compared(paths.iter().map(|p| read_compared(p)).collect())));
    }

    /// Asks for micrographs to compare.
    pub fn compare_dialog(&mut self) {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Micrographs to compare")
            .add_filter("Micrographs", ENDINGS)
            .pick_files();
        self.spawn(false, move || {
            chosen(Ask::Compare, dialog, |files| {
                FileEvent::Compared(files.iter().map(|f| read_compared(f.path())).collect())
            })
        });
    }

    /// Applies a recipe to all pictures of a folder.
    pub fn segment_folder(&mut self, recipe: Recipe, paths: Vec<PathBuf>, output: PathBuf) {
        self.spawn(true, move || Some(FileEvent::Segmented(segment_all(&recipe, &paths, &output))));
    }

    /// Writes a project; `path` is none for the copy that is kept in case of a crash.
    pub fn save_project(&mut self, path: Option<PathBuf>, at: PathBuf, project: Project) {
        let counts = path.is_some();
        self.spawn(counts, move || {
            let saved = project.save(&at).map(|()| Stamp::of(&at)).map_err(|e| e.to_string());
            Some(FileEvent::ProjectSaved(path, saved))
        });
    }

    /// Asks for a project's name.
    pub fn project_dialog(&mut self, name: &str) {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Save the project")
            .add_filter("Microwright projects", &[project::ENDING])
            .set_file_name(format!("{name}.{}", project::ENDING))
            .save_file();
        self.spawn(false, move || chosen(Ask::Project, dialog, |file| FileEvent::ProjectPath(file.path().into())));
    }

    /// Asks for a micrograph with the system's dialog and reads it.
    pub fn open_dialog(&mut self) {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Open a micrograph")
            .add_filter("Micrographs", ENDINGS)
            .add_filter("Projects, recipes and reports", &[project::ENDING, "json"])
            .add_filter("All files", &["*"])
            .pick_file();
        let number = self.next_number();
        self.spawn(false, move || chosen(Ask::Open, dialog, |file| read_any(file.path(), number)));
    }

    /// Asks for a file of weights.
    pub fn weights_dialog(&mut self) {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Weights of the feature network")
            .add_filter("safetensors", &["safetensors"])
            .pick_file();
        self.spawn(false, move || chosen(Ask::Weights, dialog, |file| FileEvent::Weights(file.path().into())));
    }

    /// Asks for a latent model.
    pub fn model_dialog(&mut self) {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Open a latent model")
            .add_filter("Models", &["safetensors"])
            .pick_file();
        self.spawn(false, move || chosen(Ask::Model, dialog, |file| read_model(file.path())));
    }

    /// Asks for micrographs, or for folders of them, for the Latent workspace.
    pub fn latent_dialog(&mut self, folders: bool) {
        let paths = |files: Vec<rfd::FileHandle>| {
            FileEvent::LatentFiles(files.iter().map(|f| f.path().to_path_buf()).collect())
        };
        let dialog = rfd::AsyncFileDialog::new().set_title("Micrographs");
        if folders {
            let dialog = dialog.pick_folders();
            self.spawn(false, move || chosen(Ask::Latent, dialog, paths));
        } else {
            let dialog = dialog.add_filter("Micrographs", ENDINGS).pick_files();
            self.spawn(false, move || chosen(Ask::Latent, dialog, paths));
        }
    }

    /// Asks for a folder.
    pub fn folder_dialog(&mut self) {
        let dialog = rfd::AsyncFileDialog::new().set_title("Folder for the results").pick_folder();
        self.spawn(false, move || chosen(Ask::Exports, dialog, |file| FileEvent::Folder(file.path().into())));
    }

    /// Writes results.
    pub fn export(&mut self, folder: PathBuf, write: impl FnOnce(&Path) -> Result<(), String> + Send + 'static) {
        self.spawn(true, move || Some(FileEvent::Exported(write(&folder).map(|()| folder))));
    }
}

/// The endings of pictures, for dialogs and folders.
const ENDINGS: &[&str] = &["png", "jpg", "jpeg", "tif", "tiff", "bmp", "webp", "npy"];

fn opened(opened: Result<Opened, MicrographError>, number: u64) -> FileEvent {
    FileEvent::Opened(opened.map(Box::new).map_err(|e| e.to_string()), number)
}

/// Opens as labels or by a threshold; a picture between the two is thresholded, as the settings then show.
fn open_somehow(raw: &Arc<Micrograph>) -> Result<Document, MicrographError> {
    match Document::new(raw.clone(), Recipe::default(), None) {
        Err(MicrographError::TooManyLabels { .. }) => {
            Document::new(raw.clone(), Recipe::of(Segmentation::Phases(2)), None)
        }
        other => other,
    }
}

fn read_source(mut source: Source, recipe: Option<Recipe>) -> Result<Opened, MicrographError> {
    let raw = Arc::new(micrograph::read_page(&source.path, source.page)?);
    source.pages = micrograph::pages(&source.path);
    let (document, refused) = match recipe.map(|recipe| (Document::new(raw.clone(), recipe.clone(), None), recipe)) {
        Some((Ok(document), _)) => (document, None),
        Some((Err(error), recipe)) => (open_somehow(&raw)?, Some((recipe, error.to_string()))),
        None => (open_somehow(&raw)?, None),
    };
    Ok(Opened { document, source, refused })
}

fn read_compared(path: &Path) -> Result<Compared, String> {
    let document = micrograph::read(path).and_then(|m| open_somehow(&Arc::new(m))).map_err(|e| e.to_string())?;
    let name = document.raw.name.clone();
    let map = document.prepared.phases.ok_or_else(|| format!("{name} has no phases to compare."))?;
    Ok(Compared { name, map })
}

fn segment_all(recipe: &Recipe, paths: &[PathBuf], output: &Path) -> Result<String, String> {
    let (mut done, mut failed) = (0, vec![]);
    for path in paths {
        match segment_file(recipe, path, output) {
            Ok(_) => done += 1,
            Err(error) => failed.push(error.to_string()),
        }
    }
    match failed.first() {
        None => Ok(format!("{done} micrographs were segmented into {}.", output.display())),
        Some(first) => {
            Err(format!("{done} of {} micrographs were segmented; the first that was not: {first}", paths.len()))
        }
    }
}

/// Whether a file's name is that of a picture.
pub fn is_picture(path: &Path) -> bool {
    let ending = path.extension().and_then(|e| e.to_str()).map(str::to_lowercase);
    ending.is_some_and(|e| ENDINGS.contains(&e.as_str()))
}

/// The pictures of a folder, by name.
pub fn pictures_in(folder: &Path) -> Vec<PathBuf> {
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.path());
    let mut list: Vec<PathBuf> = files.filter(|path| is_picture(path) && path.is_file()).collect();
    list.sort();
    list
}

fn read_model(path: &Path) -> FileEvent {
    match Model::open(path) {
        Ok(model) => FileEvent::Model(path.into(), Box::new(model)),
        Err(error) => FileEvent::Failed(error.to_string()),
    }
}

fn read_any(path: &Path, number: u64) -> FileEvent {
    // A folder with such a file is the trained network's shards.
    if path.join("group1-shard1of1").is_file() {
        return FileEvent::Weights(path.into());
    }
    if path.is_dir() {
        let list = pictures_in(path);
        let Some(first) = list.first().cloned() else {
            return FileEvent::Failed(format!("There are no micrographs in the folder {}.", path.display()));
        };
        let source = Source { path: first, list: Arc::new(list), ..Source::default() };
        return opened(read_source(source, None), number);
    }
    match path.extension().and_then(|e| e.to_str()).map(str::to_lowercase).as_deref() {
        // A model says in its metadata that it is one; anything else of this kind is weights.
        Some("safetensors") if Model::is_one(path) => read_model(path),
        Some("safetensors") => FileEvent::Weights(path.into()),
        Some("json") => match (Report::read(path), Recipe::read(path)) {
            (Ok(report), _) => FileEvent::Report(Box::new(report)),
            (_, Ok(recipe)) => FileEvent::Recipe(Box::new(recipe)),
            (Err(error), Err(_)) => FileEvent::Failed(error.to_string()),
        },
        Some(project::ENDING) => {
            // Before it is read: what is written while it is being read is not what was read.
            let stamp = Stamp::of(path);
            match Project::read(path) {
                Ok(project) => FileEvent::Project(path.into(), stamp, Box::new(project)),
                Err(error) => FileEvent::Failed(error.to_string()),
            }
        }
        _ => opened(read_source(Source { path: path.into(), ..Source::default() }, None), number),
    }
}
