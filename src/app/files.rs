//! Dialogs, reading and writing, all off the window's thread.

use std::path::{Path, PathBuf};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::document::Document;
use crate::micrograph::{self, Micrograph, Segmentation};
use crate::reconstruct::Report;

/// What came of it.
pub enum FileEvent {
    /// A micrograph was read, or could not be.
    Opened(Result<Box<Document>, String>),
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
    sender: Sender<FileEvent>,
    receiver: Receiver<FileEvent>,
    ctx: egui::Context,
    pending: usize,
}

impl Files {
    pub fn new(ctx: &egui::Context) -> Self {
        // Bounded by what a person can click; the window takes everything each frame.
        let (sender, receiver) = unbounded();
        Self { sender, receiver, ctx: ctx.clone(), pending: 0 }
    }

    /// Whether something is being read or written.
    pub fn busy(&self) -> bool {
        self.pending > 0
    }

    /// The next result.
    pub fn poll(&mut self) -> Option<FileEvent> {
        self.receiver.try_recv().ok().inspect(|_| self.pending = self.pending.saturating_sub(1))
    }

    /// Runs `work` elsewhere; dialogs that were cancelled have no result, so they do not count as pending.
    fn spawn(&mut self, counts: bool, work: impl FnOnce() -> Option<FileEvent> + Send + 'static) {
        let (sender, ctx) = (self.sender.clone(), self.ctx.clone());
        self.pending += usize::from(counts);
        let body = move || {
            if let Some(event) = work() {
                let _ = sender.send(event);
                ctx.request_repaint();
            }
        };
        // Without a thread, doing it here is better than not at all.
        if let Err(error) = std::thread::Builder::new().name("files".into()).spawn(body) {
            let _ = self.sender.send(FileEvent::Opened(Err(format!("The system gives no thread: {error}."))));
        }
    }

    /// Reads a dropped or named file: a micrograph, a report, or weights.
    pub fn open(&mut self, path: PathBuf) {
        self.spawn(true, move || Some(read_any(&path)));
    }

    /// Segments a micrograph anew.
    pub fn segment(&mut self, micrograph: Micrograph, how: Segmentation) {
        self.spawn(true, move || Some(opened(Document::new(micrograph, how))));
    }

    /// Asks for a micrograph with the system's dialog and reads it.
    pub fn open_dialog(&mut self) {
        let dialog = rfd::AsyncFileDialog::new()
            .set_title("Open a micrograph")
            .add_filter("Micrographs and reports", &["png", "jpg", "jpeg", "tif", "tiff", "bmp", "webp", "npy", "json"])
            .add_filter("All files", &["*"])
            .pick_file();
        self.spawn(false, move || Some(read_any(pollster::block_on(dialog)?.path())));
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

fn opened(document: Result<Document, micrograph::MicrographError>) -> FileEvent {
    FileEvent::Opened(document.map(Box::new).map_err(|e| e.to_string()))
}

fn read_any(path: &Path) -> FileEvent {
    match path.extension().and_then(|e| e.to_str()).map(str::to_lowercase).as_deref() {
        Some("safetensors") => FileEvent::Weights(path.into()),
        Some("json") => match read_report(path) {
            Ok(report) => FileEvent::Report(Box::new(report)),
            Err(reason) => FileEvent::Opened(Err(reason)),
        },
        _ => opened(micrograph::read(path).and_then(|m| Document::new(m, Segmentation::Auto))),
    }
}

/// The longest report that is read.
const MOST_REPORT: u64 = 64 << 20;

fn read_report(path: &Path) -> Result<Report, String> {
    let unusable = |reason: String| format!("{} is no report of this program: {reason}.", path.display());
    let size = std::fs::metadata(path).map_err(|e| unusable(e.to_string()))?.len();
    if size > MOST_REPORT {
        return Err(unusable(format!("it has {size} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(|e| unusable(e.to_string()))?;
    serde_json::from_str(&text).map_err(|e| unusable(e.to_string()))
}
