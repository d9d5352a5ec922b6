//! The window's own folder: its checkpoints, and the copy of unsaved work.

use std::path::PathBuf;
use std::time::Duration;

/// How the folders of windows begin.
const PREFIX: &str = "run-";
/// Folders of windows that were killed are kept so long.
const OLD: Duration = Duration::from_secs(30 * 24 * 3600);

/// A folder that goes with the window.
pub struct OwnFolder {
    /// Where it is.
    pub path: PathBuf,
    /// What removes it in the end; none where no folder could be made.
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

    /// Whether it is this window's alone.
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

/// Removes what windows that were killed have left, once it is old enough to belong to no open one.
fn remove_leftovers() {
    for folder in folders_of_windows() {
        let age = folder.metadata().and_then(|m| m.modified()).ok().and_then(|t| t.elapsed().ok());
        if age.is_some_and(|age| age > OLD) {
            let _ = std::fs::remove_dir_all(folder);
        }
    }
}
