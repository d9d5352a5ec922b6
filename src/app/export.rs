//! Writing a realisation's files from the window.

use std::path::{Path, PathBuf};

use super::App;
use super::figure::Figure;
use crate::folders::write_atomically;
use crate::micrograph::{
    write_image_npy, write_image_png, write_labels_npy, write_labels_png, write_labels_tiff, write_phase_png,
};
use crate::reconstruct::{Realisation, curves_csv};

/// What to write, and where.
#[derive(Clone, Debug)]
pub struct ExportChoice {
    pub folder: String,
    pub phases_png: bool,
    pub labels_png: bool,
    pub labels_tiff: bool,
    pub labels_npy: bool,
    pub image: bool,
    pub curves: bool,
    pub plots_png: bool,
    pub plots_svg: bool,
    pub report: bool,
}

impl Default for ExportChoice {
    fn default() -> Self {
        let base = directories::UserDirs::new();
        let base = base.as_ref().map(|dirs| dirs.document_dir().unwrap_or(dirs.home_dir()).to_path_buf());
        Self {
            folder: base.unwrap_or_default().join("microwright").display().to_string(),
            phases_png: true,
            labels_png: false,
            labels_tiff: false,
            labels_npy: true,
            image: true,
            curves: true,
            plots_png: true,
            plots_svg: false,
            report: true,
        }
    }
}

impl App {
    /// Writes what is chosen of the shown realisation, off the window's thread.
    pub(super) fn export_shown(&mut self) {
        let Some(realisation) = self.shown_realisation().cloned() else { return };
        let choice = self.export.clone();
        let figures = self.figures();
        let folder = PathBuf::from(choice.folder.trim());
        if folder.as_os_str().is_empty() {
            self.messages.error("Name a folder for the results.");
            return;
        }
        self.files.export(folder, move |folder| write_all(folder, &realisation, &choice, &figures));
    }

    /// Saves one plot beside the other results.
    pub(super) fn save_plot(&mut self, figure: Figure, kind: &'static str) {
        let folder = PathBuf::from(self.export.folder.trim());
        let file = format!("{}.{kind}", file_stem(&figure.title));
        self.files.export(folder, move |folder| write_figure(&folder.join(file), &figure, kind));
    }
}

/// A title as a file's name.
fn file_stem(title: &str) -> String {
    let name: String =
        title.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    name.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}

fn write_text(path: &Path, bytes: &[u8]) -> Result<(), String> {
    write_atomically(path, bytes).map_err(|e| {
        format!("{} could not be written: {e}. Choose another folder, or make room there.", path.display())
    })
}

fn write_figure(path: &Path, figure: &Figure, kind: &str) -> Result<(), String> {
    match kind {
        "svg" => write_text(path, figure.svg()?.as_bytes()),
        "png" => write_text(path, &figure.png()?),
        _ => write_text(path, figure.csv().as_bytes()),
    }
}

fn write_all(
    folder: &Path,
    realisation: &Realisation,
    choice: &ExportChoice,
    figures: &[Figure],
) -> Result<(), String> {
    let suffix = if realisation.number == 0 { String::new() } else { format!("-{}", realisation.number + 1) };
    let path = |stem: &str, ending: &str| folder.join(format!("{stem}{suffix}.{ending}"));
    let text = |e: crate::micrograph::MicrographError| e.to_string();
    if let Some(map) = &realisation.phases {
        if choice.phases_png {
            write_phase_png(&path("reconstruction", "png"), map).map_err(text)?;
        }
        if choice.labels_png {
            write_labels_png(&path("labels", "png"), map).map_err(text)?;
        }
        if choice.labels_tiff {
            write_labels_tiff(&path("labels", "tiff"), map).map_err(text)?;
        }
        if choice.labels_npy {
            write_labels_npy(&path("reconstruction", "npy"), map).map_err(text)?;
        }
        if let (true, Some(original)) = (choice.curves, &realisation.original) {
            write_text(&path("curves", "csv"), curves_csv(original, map).as_bytes())?;
        }
    }
    if choice.image {
        write_image_png(&path("image", "png"), &realisation.image, realisation.size).map_err(text)?;
        write_image_npy(&path("image", "npy"), &realisation.image, realisation.size).map_err(text)?;
    }
    for figure in figures.iter().filter(|f| !f.series.is_empty()) {
        let stem = file_stem(&figure.title);
        if choice.plots_png {
            write_figure(&path(&stem, "png"), figure, "png")?;
        }
        if choice.plots_svg {
            write_figure(&path(&stem, "svg"), figure, "svg")?;
        }
    }
    if choice.report {
        let report = serde_json::to_string_pretty(&realisation.report).map_err(|e| e.to_string())?;
        write_text(&path("report", "json"), report.as_bytes())?;
    }
    Ok(())
}
