//! Writing a realisation's files.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use egui::{TextEdit, Ui};

use super::state::{Export, ReconstructSpace, Taken};
use super::{figures, page};
use crate::app::shared::Shared;
use crate::app::shared::export::ExportChoice;
use crate::app::shared::question::{Ask, PathKind};
use crate::app::shared::watch::{News, OneShot};
use crate::app::shared::work::{free_name, is_taken};
use crate::app::theme;
use crate::app::widgets::{dialog, primary};
use crate::figure::{Figure, file_stem};
use crate::folders::write_atomically;
use crate::reconstruct::{OUTPUTS, Realisation, output_path, write_realisation};

impl Export {
    /// Handles the events of what is being written.
    pub fn poll(&mut self, shared: &mut Shared) {
        while let Some(news) = self.writing.poll(&mut shared.messages) {
            if let News::Output(folder) = news {
                self.is_open = false;
                shared.messages.note(format!("Written to {}.", folder.display()));
            }
        }
        if let Some(reason) = self.writing.failure.take() {
            self.error = reason;
        }
    }
}

impl Taken {
    /// The folder that results go to instead, where the named one has results of that number. Looks at the disk at most once
    /// a second.
    fn beside(&mut self, folder: &str, number: usize) -> Option<PathBuf> {
        let is_new = self.asked.as_ref().is_some_and(|(of, n, when)| {
            (of.as_str(), *n) == (folder, number) && when.elapsed() < Duration::from_secs(1)
        });
        if !is_new {
            let path = Path::new(folder);
            self.beside = (!folder.is_empty() && has_results(path, number)).then(|| free_name(path));
            self.asked = Some((folder.into(), number, Instant::now()));
        }
        self.beside.clone()
    }
}

/// Whether a folder has any file that an export of the realisation can write.
fn has_results(folder: &Path, number: usize) -> bool {
    let own = figures::TITLES.map(file_stem);
    let plots = own.iter().flat_map(|stem| [(stem.as_str(), "png"), (stem.as_str(), "svg")]);
    let mut all = OUTPUTS.into_iter().chain([(PAGE, "svg")]).chain(plots);
    all.any(|(stem, ending)| is_taken(&output_path(folder, stem, number, ending)))
}

/// The stem of the page's file.
const PAGE: &str = "page";

/// Shows the dialog while it is open.
pub fn overlay(space: &mut ReconstructSpace, shared: &mut Shared, ui: &Ui) {
    if !space.export.is_open {
        return;
    }
    let Some(realisation) = space.shown_realisation(shared).cloned() else {
        space.export.is_open = false;
        return;
    };
    let (number, has_phases) = (realisation.number + 1, realisation.phases.is_some());
    let mut write = false;
    let modal = dialog(ui, "export").show(ui.ctx(), |ui| {
        ui.set_width(520.0);
        ui.heading(format!("Export realisation {number}"));
        ui.add_space(theme::STEP);
        let label = ui.label("Folder");
        ui.horizontal(|ui| {
            let field = TextEdit::singleline(&mut shared.export.folder).desired_width(ui.available_width() - 96.0);
            ui.add(field).labelled_by(label.id);
            if ui.button("Browse…").clicked() {
                ask_for_folder(shared);
            }
        });
        ui.add_space(theme::STEP);
        let choice = &mut shared.export;
        let files = &mut choice.files;
        ui.checkbox(&mut files.reconstruction_png, "Phase map in phase colours (PNG)");
        ui.checkbox(&mut files.reconstruction_npy, "Labels (.npy, u8)");
        ui.add_enabled_ui(has_phases, |ui| {
            ui.checkbox(&mut files.labels_png, "Labels (PNG, grey value = phase)");
            ui.checkbox(&mut files.labels_tiff, "Labels (TIFF)");
            ui.checkbox(&mut files.curves, "Curves of all phases (CSV)");
        });
        ui.checkbox(&mut files.image_png, "Image before decoding (PNG)");
        ui.checkbox(&mut files.image_npy, "Image before decoding (.npy, f32)");
        ui.checkbox(&mut choice.plots_png, "Plots (PNG)");
        ui.checkbox(&mut choice.plots_svg, "Plots (SVG)");
        ui.checkbox(&mut choice.page, "Page with pictures, plots, numbers and verdict (SVG)");
        ui.checkbox(&mut choice.files.report, "Report (JSON): opening it sets up the same run again");
        if let Some(beside) = space.export.taken.beside(shared.export.folder.trim(), realisation.number) {
            let text = format!("The folder has results of this name. They go to {} instead.", beside.display());
            ui.checkbox(&mut space.export.replaces, "Replace the results that are there");
            if !space.export.replaces {
                ui.label(egui::RichText::new(text).weak());
            }
        }
        if !space.export.error.is_empty() {
            ui.colored_label(theme::palette(ui).error, &space.export.error);
        }
        ui.add_space(theme::STEP);
        ui.horizontal(|ui| {
            write = ui.add(primary(ui, "Write")).clicked();
            if ui.button("Close").clicked() {
                ui.close();
            }
        });
    });
    if write {
        write_files(space, shared, realisation);
    }
    space.export.is_open = !modal.should_close();
}

fn ask_for_folder(shared: &mut Shared) {
    let ask = Ask::Path {
        kind: PathKind::Folder,
        title: "Folder for the results",
        action: "Choose",
        filters: &[],
        proposed: shared.export.folder.trim().into(),
    };
    shared.ask(ask, |shared, answer| shared.export.folder = answer.path().display().to_string());
}

/// Writes the chosen files of a realisation, on another thread.
fn write_files(space: &mut ReconstructSpace, shared: &Shared, realisation: std::sync::Arc<Realisation>) {
    space.export.error.clear();
    let choice = shared.export.clone();
    let figures = figures::for_files(space, shared);
    let folder = PathBuf::from(choice.folder.trim());
    if folder.as_os_str().is_empty() {
        space.export.error = "Name a folder for the results.".into();
        return;
    }
    let mut folder = folder;
    if has_results(&folder, realisation.number) && !space.export.replaces {
        // Results are not replaced without being asked.
        folder = free_name(&folder);
    }
    let write = move || write_all(&folder, &realisation, &choice, &figures).map(|()| folder);
    space.export.writing.start_detached(OneShot(Box::new(write)), &shared.wake);
}

fn write_all(
    folder: &Path,
    realisation: &Realisation,
    choice: &ExportChoice,
    figures: &[Figure],
) -> Result<(), String> {
    write_realisation(folder, realisation, choice.files).map_err(|e| e.to_string())?;
    if choice.page {
        let shown = figures.iter().filter(|f| !f.series.is_empty()).cloned().collect();
        let svg = page::page(realisation, shown)?.svg()?;
        let path = output_path(folder, PAGE, realisation.number, "svg");
        write_atomically(&path, svg.as_bytes())
            .map_err(|e| format!("{} could not be written: {e}.", path.display()))?;
    }
    for figure in figures.iter().filter(|f| !f.series.is_empty()) {
        for (wanted, kind) in [(choice.plots_png, "png"), (choice.plots_svg, "svg")] {
            if wanted {
                figure.write(&output_path(folder, &figure.file_stem(), realisation.number, kind), kind)?;
            }
        }
    }
    Ok(())
}
