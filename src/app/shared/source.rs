//! Where an open micrograph came from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The file name endings of pictures, for dialogs and folders.
pub const ENDINGS: &[&str] = &["png", "jpg", "jpeg", "tif", "tiff", "bmp", "webp", "npy"];

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
    /// Index of the file in its list.
    pub fn place(&self) -> Option<usize> {
        self.list.iter().position(|p| *p == self.path)
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
