//! Where an open micrograph came from.

use std::path::PathBuf;
use std::sync::Arc;

/// The file of a micrograph, its pages, and the folder that it was opened from.
#[derive(Clone, Debug, Default)]
pub struct Source {
    pub path: PathBuf,
    pub page: usize,
    /// What each page shows; empty texts where the file does not say.
    pub pages: Vec<String>,
    /// All pictures of the folder, where a folder was opened.
    pub list: Arc<Vec<PathBuf>>,
}

impl Source {
    /// Index of the file in its list.
    pub fn place(&self) -> Option<usize> {
        self.list.iter().position(|p| *p == self.path)
    }
}
