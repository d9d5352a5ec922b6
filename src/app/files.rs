//! Dialogs, reading and writing, all off the window's thread.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::document::Document;
use crate::micrograph::{self, Micrograph, MicrographError, Segmentation};
use crate::reconstruct::Report;

/// What came of it.
pub enum FileEvent {
    /// A micrograph was read, or could not be.
    /// The number says which request it answers: an older one than the newest is stale.
    Opened(Result<Box<Document>, String>, u64),
    /// A file could not be used.
    Failed(String),
    /// A report was read: its settings can be used again.
    Report(Box<Report>),
    /// A file of weights was chosen.
    Weights(PathBuf),
    /// A folder for exports was chosen.
    Folder(PathBuf),
    /// Results were written.
    Exported(Result<PathBuf, String>),
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

    /// Reads a dropped or named file: a micrograph, a report, or weights.
    pub fn open(&mut self, path: PathBuf) {
        let number = self.next_number();
        self.spawn(true, move || Some(read_any(&path, number)));
    }

    /// Segments a micrograph anew.
    pub fn segment(&mut self, micrograph: Micrograph, how: Segmentation) {
        let number = self.next_number();
        self.spawn(true, move || Some(opened(Document::new(micrograph, how), number)));
    }

    /// Asks for a micrograph with the system's dialog and reads it.
    pub fn open_dialog(&mut self) {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Open a micrograph")
            .add_filter("Micrographs and reports", &["png", "jpg", "jpeg", "tif", "tiff", "bmp", "webp", "npy", "json"])
            .add_filter("All files", &["*"])
            .pick_file();
        let number = self.next_number();
        self.spawn(false, move || Some(read_any(pollster::block_on(dialog)?.path(), number)));
    }

    /// Asks for a file of weights.
    pub fn weights_dialog(&mut self) {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Weights of the feature network")
            .add_filter("safetensors", &["safetensors"])
            .pick_file();
        self.spawn(false, move || Some(FileEvent::Weights(pollster::block_on(dialog)?.path().into())));
    }

    /// Asks for a folder.
    pub fn folder_dialog(&mut self) {
        let dialog = rfd::AsyncFileDialog::new().set_title("Folder for the results").pick_folder();
        self.spawn(false, move || Some(FileEvent::Folder(pollster::block_on(dialog)?.path().into())));
    }

    /// Writes results.
    pub fn export(&mut self, folder: PathBuf, write: impl FnOnce(&Path) -> Result<(), String> + Send + 'static) {
        self.spawn(true, move || Some(FileEvent::Exported(write(&folder).map(|()| folder))));
    }
}

fn opened(document: Result<Document, MicrographError>, number: u64) -> FileEvent {
    FileEvent::Opened(document.map(Box::new).map_err(|e| e.to_string()), number)
}

/// Opens as labels or by a threshold; a picture between the two is thresholded, as the settings then show.
fn open_somehow(micrograph: Micrograph) -> Result<Document, MicrographError> {
    match Document::new(micrograph.clone(), Segmentation::Auto) {
        Err(MicrographError::TooManyLabels { .. }) => Document::new(micrograph, Segmentation::Phases(2)),
        other => other,
    }
}

fn read_any(path: &Path, number: u64) -> FileEvent {
    // A folder can only be the trained network's shards.
    if path.join("group1-shard1of1").is_file() {
        return FileEvent::Weights(path.into());
    }
    match path.extension().and_then(|e| e.to_str()).map(str::to_lowercase).as_deref() {
        Some("safetensors") => FileEvent::Weights(path.into()),
        Some("json") => match Report::read(path) {
            Ok(report) => FileEvent::Report(Box::new(report)),
            Err(error) => FileEvent::Failed(error.to_string()),
        },
        _ => opened(micrograph::read(path).and_then(open_somehow), number),
    }
}
