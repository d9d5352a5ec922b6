//! What is exported, and where.

use std::path::PathBuf;

use crate::reconstruct::OutputFiles;

/// What to write, and where.
#[derive(Clone, Debug)]
pub struct ExportChoice {
    pub folder: String,
    pub files: OutputFiles,
    pub plots_png: bool,
    pub plots_svg: bool,
    pub page: bool,
}

impl Default for ExportChoice {
    fn default() -> Self {
        let base = directories::UserDirs::new();
        let base = base.as_ref().map(|dirs| dirs.document_dir().unwrap_or(dirs.home_dir()).to_path_buf());
        Self {
            folder: base.unwrap_or_default().join("microwright").display().to_string(),
            files: OutputFiles::STANDARD,
            plots_png: true,
            plots_svg: false,
            page: true,
        }
    }
}

impl ExportChoice {
    /// A file or folder in the export folder.
    pub fn path(&self, name: &str) -> PathBuf {
        PathBuf::from(self.folder.trim()).join(name)
    }
}
