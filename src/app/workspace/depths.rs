//! The depth study: reconstructions at every depth of the network in a row, with their errors and their cost.

use std::path::Path;
use std::sync::Arc;

use egui::{DragValue, ProgressBar, RichText, ScrollArea, Ui};

use super::figures::ShownFigure;
use crate::app::figure::{Figure, Series};
use crate::app::overlays::primary;
use crate::app::theme;
use crate::app::widgets::{Pane, Picture, curve_plot, heading, significant, value};
use crate::app::{App, Background};
use crate::compute::mebibytes;
use crate::job::{
    Ending, Event, Request, StudyProgress, StudyRequest, recommend_depth, start_study, study_csv, study_svg,
};
use crate::net::{DEPTHS, Depth, WeightsKind};

/// The state of the workspace.
pub struct DepthSpace {
    iterations: usize,
    seeds: usize,
    study: Option<Background<StudyProgress>>,
    progress: StudyProgress,
    pictures: Vec<Option<Picture>>,
}

impl Default for DepthSpace {
    fn default() -> Self {
        Self { iterations: 150, seeds: 3, study: None, progress: StudyProgress::default(), pictures: vec![] }
    }
}

impl DepthSpace {
    /// Iterations of each reconstruction, and reconstructions at each depth.
    pub fn set(&mut self, iterations: usize, seeds: usize) {
        (self.iterations, self.seeds) = (iterations, seeds);
    }

    /// The share of a study under way that is done.
    pub fn share(&self) -> Option<f64> {
        self.study.is_some().then_some(self.progress.share)
    }

    /// Depths that are done.
    pub fn depths(&self) -> usize {
        self.progress.rows.len()
    }
}

impl App {
    pub(in crate::app) fn take_study_events(&mut self) {
        let Some(study) = &self.depth_space.study else { return };
        if let Some(progress) = study.latest.take() {
            if progress.rows.len() < self.depth_space.progress.rows.len() {
                self.depth_space.pictures.clear();
            }
            self.depth_space.progress = progress;
        }
        while let Some(event) = self.depth_space.study.as_ref().and_then(|s| s.job.poll()) {
            match event {
                Event::Warning(text) => self.messages.warning(text),
                Event::Ended(ending) => {
                    // The last state may have come between the look at it and the ending.
                    if let Some(progress) = self.depth_space.study.take().and_then(|s| s.latest.take()) {
                        self.depth_space.progress = progress;
                    }
                    match ending {
                        Ending::Finished => self.messages.note("The depth study is done."),
                        Ending::Failed(reason) => self.messages.error(reason),
                        Ending::Kept | Ending::Cancelled => self.messages.note("The depth study was stopped."),
                    }
                }
                Event::Saved(_) | Event::Realisation(_) => {}
            }
        }
    }

    pub(in crate::app) fn depth_panel(&mut self, ui: &mut Ui) {
        ui.add_space(theme::STEP);
        self.document_summary(ui);
        ui.label(
            "Reconstructs at every depth of the network as published, several times each, and shows which is deep \
             enough: a deeper network sees larger patterns and costs more (Li et al. 2018, Figure 5).",
        );
        heading(ui, "Study");
        let space = &mut self.depth_space;
        let tip = "Iterations of each reconstruction.";
        value(ui, "Iterations", tip, &mut space.iterations, &150, |ui, v| ui.add(DragValue::new(v).range(1..=10_000)));
        let tip = "Reconstructions at each depth: their spread tells which differences mean something.";
        value(ui, "Seeds", tip, &mut space.seeds, &3, |ui, v| ui.add(DragValue::new(v).range(2..=50)));
        ui.label(RichText::new(format!("Weights: {}", self.settings.weights.label())).weak())
            .on_hover_text("Chosen in the Reconstruct workspace.");
        ui.add_space(theme::STEP);
        if self.depth_space.study.is_some() {
            let progress = self.depth_space.progress.clone();
            ui.add(ProgressBar::new(progress.share as f32).text(progress.doing));
            if ui.button("Stop").on_hover_text("What is done stays.").clicked()
                && let Some(study) = &self.depth_space.study
            {
                study.job.request(Request::Cancel);
            }
        } else {
            let blocked = match &self.document {
                None => Some("Open a micrograph first."),
                Some(d) if d.phases().is_none() => Some("The study compares phases: choose a segmentation first."),
                Some(_) if self.running.is_some() => Some("A reconstruction is under way; wait for it, or stop it."),
                Some(_) => None,
            };
            let start = ui.add_enabled(blocked.is_none(), primary(ui, "Study all depths"));
            if start.on_disabled_hover_text(blocked.unwrap_or_default()).clicked() {
                self.start_study();
            }
        }
        if !self.depth_space.progress.rows.is_empty()
            && ui.button("Export table, figures and pictures").on_hover_text("Into the folder of exports.").clicked()
        {
            self.export_study();
        }
    }

    fn start_study(&mut self) {
        let Some(document) = &self.document else { return };
        let deepest = match self.settings.weights {
            WeightsKind::Vgg19 => self.vgg19.unwrap_or(Depth::CONV1_1),
            _ => Depth::POOL5,
        };
        let request = StudyRequest {
            micrograph: (*document.raw).clone(),
            settings: self.settings.clone(),
            iterations: self.depth_space.iterations,
            seeds: self.depth_space.seeds,
            deepest,
        };
        let (job, latest) = start_study(request, self.wake.clone());
        self.depth_space.progress = StudyProgress::default();
        self.depth_space.pictures.clear();
        self.depth_space.study = Some(Background { job, latest });
    }

    pub(in crate::app) fn depth_view(&mut self, ui: &mut Ui) {
        let rows = self.depth_space.progress.rows.clone();
        if rows.is_empty() {
            let text = if self.depth_space.study.is_some() {
                "The first depth is under way; its reconstruction appears here."
            } else {
                "The reconstructions of all depths will stand here in a row, with their errors below."
            };
            let faint = theme::palette(ui).faint;
            ui.centered_and_justified(|ui| ui.label(RichText::new(text).color(faint)));
            return;
        }
        let height = ui.available_height();
        egui::Panel::bottom("study plots")
            .frame(theme::bare(ui))
            .resizable(true)
            // The pictures are squares in a row; what they leave is the plots'.
            .default_size((height - ui.available_width() / (DEPTHS.len() + 1) as f32 - 40.0).max(0.4 * height))
            .size_range(160.0..=(height - 120.0).max(170.0))
            .show(ui, |ui| self.study_plots(ui, &rows));
        egui::CentralPanel::no_frame().show(ui, |ui| self.study_pictures(ui, &rows));
    }

    fn study_pictures(&mut self, ui: &mut Ui, rows: &[crate::job::StudyRow]) {
        self.depth_space.pictures.resize_with(rows.len(), || None);
        for (row, slot) in rows.iter().zip(&mut self.depth_space.pictures).filter(|(_, slot)| slot.is_none()) {
            Picture::show_phases(slot, ui.ctx(), "depth", &row.phases, &self.settings.recipe);
        }
        let mut view = self.view;
        let pixel = self.document.as_ref().and_then(|d| d.micrograph().pixel_size.clone());
        ui.columns(rows.len() + 1, |columns| {
            let nothing = |_: usize, _: usize| String::new();
            let original = Pane {
                title: "Original",
                picture: self.pictures.original.as_ref(),
                waiting: "",
                readout: &nothing,
                pixel_size: pixel.as_ref(),
                tool: false,
            };
            original.show(&mut columns[0], &mut view);
            for ((row, slot), ui) in rows.iter().zip(&self.depth_space.pictures).zip(&mut columns[1..]) {
                let pane = Pane {
                    title: row.depth.name(),
                    picture: slot.as_ref(),
                    waiting: "",
                    readout: &nothing,
                    pixel_size: None,
                    tool: false,
                };
                pane.show(ui, &mut view);
            }
        });
        self.view = view;
    }

    fn study_plots(&mut self, ui: &mut Ui, rows: &[crate::job::StudyRow]) {
        let best = recommend_depth(rows);
        let text = match best {
            Some(best) => format!(
                "Recommended: {best}, the shallowest depth whose errors lie within the spread over seeds of the best."
            ),
            None if rows.len() < 2 => "The first depth is done.".to_string(),
            None => "No depth is recommended: the errors are hardly below white noise's. Take more iterations.".into(),
        };
        ui.label(RichText::new(text).strong());
        let figures = study_figures(rows, theme::palette(ui));
        let mut wanted = None;
        ui.columns(3, |columns| {
            for (figure, ui) in figures.into_iter().zip(columns.iter_mut()) {
                ui.label(RichText::new(&figure.figure.title).strong());
                let id = figure.figure.title.clone();
                if let Some(request) = curve_plot(ui, &id, &figure.figure, &figure.colors, None) {
                    wanted = Some((figure, request));
                }
            }
            let ui = &mut columns[2];
            ScrollArea::both().auto_shrink([false, true]).show(ui, |ui| {
                egui::Grid::new("depths").striped(true).spacing([22.0, 4.0]).show(ui, |ui| {
                    for name in
                        ["depth", "weights", "sees", "memory", "time each", "S2 error %", "lineal-path error %", ""]
                    {
                        ui.label(RichText::new(name).strong());
                    }
                    ui.end_row();
                    if let Some(first) = rows.first() {
                        let faint = theme::palette(ui).faint;
                        let noise = [significant(first.noise.0), significant(first.noise.1)];
                        for text in ["white noise", "", "", "", "", &noise[0], &noise[1], ""] {
                            ui.label(RichText::new(text).color(faint));
                        }
                        ui.end_row();
                    }
                    for row in rows {
                        let [s2, path] = row.summary().map(|(m, s)| format!("{} ± {}", significant(m), significant(s)));
                        ui.label(row.depth.name());
                        ui.label(super::settings::thousands(row.depth.weights()));
                        ui.label(format!("{} px", row.depth.receptive_field()));
                        ui.label(mebibytes(row.memory));
                        ui.label(format!("{:.1} s", row.seconds));
                        ui.label(s2);
                        ui.label(path);
                        ui.label(if Some(row.depth) == best { "recommended" } else { "" });
                        ui.end_row();
                    }
                });
            });
        });
        self.serve_plot(ui, wanted);
    }

    fn export_study(&mut self) {
        let rows = self.depth_space.progress.rows.clone();
        let recipe = self.settings.recipe.clone();
        let pixel = self.document.as_ref().and_then(|d| d.micrograph().pixel_size.clone());
        let folder = std::path::PathBuf::from(self.export.folder.trim()).join("depth-study");
        self.files.export(folder, move |folder| write_study(folder, &rows, &recipe, pixel.as_ref()));
    }
}

/// Errors against depth, mean over seeds with the range of one standard deviation.
fn study_figures(rows: &[crate::job::StudyRow], palette: theme::Palette) -> [ShownFigure; 2] {
    let figure = |title: &str, k: usize| {
        let points = rows.iter().enumerate().map(|(n, r)| (n as f64 + 1.0, r.summary()[k].0)).collect();
        let band = rows.iter().enumerate().map(|(n, r)| {
            let (mean, spread) = r.summary()[k];
            (n as f64 + 1.0, mean - spread, mean + spread)
        });
        let names: Vec<String> = rows.iter().enumerate().map(|(n, r)| format!("{} {}", n + 1, r.depth)).collect();
        let color = theme::PRINT.accent;
        let color = [color.r(), color.g(), color.b()];
        let figure = Figure {
            title: title.into(),
            x_label: format!("depth ({})", names.join(", ")),
            y_label: "error (%)".into(),
            series: vec![Series { name: "mean over seeds".into(), color, points }],
            bands: vec![crate::app::figure::Band { color, points: band.collect() }],
            ..Figure::default()
        };
        ShownFigure { figure, colors: vec![palette.accent] }
    };
    [figure("S2 error against depth", 0), figure("Lineal-path error against depth", 1)]
}

/// Writes the table, the figures and the pictures of a study.
///
/// # Errors
/// A file cannot be written.
fn write_study(
    folder: &Path,
    rows: &Arc<Vec<crate::job::StudyRow>>,
    recipe: &crate::micrograph::Recipe,
    pixel: Option<&crate::micrograph::PixelSize>,
) -> Result<(), String> {
    let failed = |e: std::io::Error| format!("{} could not be written: {e}.", folder.display());
    crate::folders::write_atomically(&folder.join("depths.csv"), study_csv(rows).as_bytes()).map_err(failed)?;
    crate::folders::write_atomically(&folder.join("depths.svg"), study_svg(rows).as_bytes()).map_err(failed)?;
    for figure in study_figures(rows, theme::PRINT) {
        crate::app::export::write_figure_files(folder, &figure.figure)?;
    }
    for row in rows.iter() {
        let map = &row.phases;
        let colors: Vec<[u8; 3]> = (0..map.phases).map(|p| recipe.phase_color(p, map.phases)).collect();
        let path = folder.join(format!("{}.png", row.depth));
        crate::micrograph::write_phase_png(&path, map, &colors, pixel).map_err(|e| e.to_string())?;
    }
    Ok(())
}
