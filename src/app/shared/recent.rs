//! The files and projects that were opened last.

use std::path::{Path, PathBuf};

use crate::folders::write_atomically;

/// How many are kept.
const MOST: usize = 10;

fn file() -> PathBuf {
    crate::folders::data().join("recent.json")
}

/// The paths, the last one first; none where there is no list yet.
pub fn load() -> Vec<PathBuf> {
    let text = std::fs::read_to_string(file()).unwrap_or_default();
    let mut paths: Vec<PathBuf> = serde_json::from_str(&text).unwrap_or_default();
    paths.truncate(MOST);
    paths
}

/// Puts a path at the top of a list.
pub fn put_first(paths: &mut Vec<PathBuf>, path: &Path) {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
    paths.retain(|known| *known != path);
    paths.insert(0, path);
    paths.truncate(MOST);
}

/// Writes a list, which other windows see at their start. One that cannot be written is no loss that a message would help
/// against.
pub fn save(paths: &[PathBuf]) {
    let text = serde_json::to_string_pretty(paths).unwrap_or_default();
    let _ = write_atomically(&file(), text.as_bytes());
}
