//! The window's own folder: its checkpoints, and the copy of unsaved work.

use std::path::PathBuf;
use std::time::Duration;

/// The prefix of the names of windows' folders.
const PREFIX: &str = "run-";
/// How long folders of windows that were killed are kept.
const MAX_AGE: Duration = Duration::from_secs(30 * 24 * 3600);

/// A folder that is removed with the window.
pub struct OwnFolder {
    /// Where it is.
    pub path: PathBuf,
    /// Removes the folder when it is dropped; none where no folder could be made.
    guard: Option<tempfile::TempDir>,
}

impl OwnFolder {
    /// Makes one in the data directory or, failing that, the temporary one.
    pub fn new() -> Self {
        let data = crate::folders::data();
        remove_leftovers();
        let make = || tempfile::Builder::new().prefix(PREFIX).tempdir_in(&data);
        let guard = std::fs::create_dir_all(&data).and_then(|()| make()).or_else(|_| tempfile::tempdir()).ok();
        let path = guard.as_ref().map_or_else(std::env::temp_dir, |guard| guard.path().to_path_buf());
        Self { path, guard }
    }

    /// Whether it belongs to this window alone.
    pub fn is_own(&self) -> bool {
        self.guard.is_some()
    }
}

/// The folders of all windows, also of those that did not close properly.
pub fn folders_of_windows() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(crate::folders::data()).into_iter().flatten().flatten();
    let ours = |path: &PathBuf| path.file_name().is_some_and(|n| n.to_string_lossy().starts_with(PREFIX));
    entries.map(|e| e.path()).filter(ours).collect()
}

/// Removes folders of windows that were killed, once they are too old to belong to an open window.
fn remove_leftovers() {
    for folder in folders_of_windows() {
        let age = folder.metadata().and_then(|m| m.modified()).ok().and_then(|t| t.elapsed().ok());
        if age.is_some_and(|age| age > MAX_AGE) {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
