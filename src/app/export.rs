//! Writing a realisation's files from the window.

use std::path::{Path, PathBuf};

use super::App;
use super::figure::Figure;
use super::widgets::PlotRequest;
use super::workspace::ShownFigure;
use crate::folders::write_atomically;
use crate::reconstruct::{OutputFiles, Realisation, output_path, write_realisation};

/// What to write, and where.
#[derive(Clone, Debug)]
pub struct ExportChoice {
    pub folder: String,
    pub files: OutputFiles,
    pub plots_png: bool,
    pub plots_svg: bool,
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
        }
    }
}

impl ExportChoice {
    /// A file in the folder of exports.
    pub fn proposed(&self, name: &str) -> String {
        PathBuf::from(self.folder.trim()).join(name).display().to_string()
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

    /// Does what was chosen in a plot's menu.
    pub(super) fn serve_plot(&mut self, ui: &egui::Ui, wanted: Option<(ShownFigure, PlotRequest)>) {
        match wanted {
            Some((figure, PlotRequest::CopyCsv)) => ui.ctx().copy_text(figure.figure.csv()),
            Some((figure, PlotRequest::Save(kind))) => self.save_plot(figure.figure, kind),
            None => {}
        }
    }

    /// Saves one plot beside the other results.
    fn save_plot(&mut self, figure: Figure, kind: &'static str) {
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

/// Writes a figure as SVG, PNG and CSV.
pub fn write_figure_files(folder: &Path, figure: &Figure) -> Result<(), String> {
    let stem = file_stem(&figure.title);
    ["svg", "png", "csv"]
        .into_iter()
        .try_for_each(|kind| write_figure(&folder.join(format!("{stem}.{kind}")), figure, kind))
}

fn write_all(
    folder: &Path,
    realisation: &Realisation,
    choice: &ExportChoice,
    figures: &[Figure],
) -> Result<(), String> {
    write_realisation(folder, realisation, choice.files).map_err(|e| e.to_string())?;
    for figure in figures.iter().filter(|f| !f.series.is_empty()) {
        for (wanted, kind) in [(choice.plots_png, "png"), (choice.plots_svg, "svg")] {
            if wanted {
                let stem = file_stem(&figure.title);
                write_figure(&output_path(folder, &stem, realisation.number, kind), figure, kind)?;
            }
        }
    }
    Ok(())
}
