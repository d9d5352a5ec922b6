//! The Compare workspace: the original beside any number of reconstructions or other micrographs.

mod plots;
mod table;

use std::sync::Arc;

use egui::{Color32, RichText, ScrollArea, Ui};

use super::figures::ShownFigure;
use crate::app::App;
use crate::app::theme;
use crate::app::widgets::{Picture, curve_plot, significant};
use crate::micrograph::{PhaseMap, PixelSize};
use crate::stats::{Boundary, Curves, PhaseStatistics, measure, white_noise};
use plots::{figures, further_figures, size_figures};
use table::{table, table_csv};

/// What is to be measured: the original first.
pub struct CompareRequest {
    /// Which question it is: only the last one's answer counts.
    pub number: u64,
    pub items: Vec<(String, Arc<PhaseMap>)>,
    pub phase: usize,
    pub boundary: Boundary,
    pub pixel: Option<PixelSize>,
    /// Names and colours.
    pub phase_name: String,
    /// How many of the items after the original are reconstructions.
    pub reconstructions: usize,
}

/// What was measured of one picture.
pub struct Measured {
    name: String,
    pixels: usize,
    curves: Curves,
    all: PhaseStatistics,
}

/// What was measured.
pub struct CompareResult {
    request: CompareRequest,
    measured: Vec<Measured>,
    noise: Curves,
}

impl CompareRequest {
    /// Measures all of them; takes seconds for large pictures.
    pub fn measure(self) -> CompareResult {
        let one = |(name, map): &(String, Arc<PhaseMap>)| Measured {
            name: name.clone(),
            pixels: map.labels.len(),
            curves: crate::stats::curves(map, self.phase, Boundary::Periodic, Boundary::Open),
            all: measure(map, self.phase, self.boundary),
        };
        let measured: Vec<Measured> = self.items.iter().filter(|(_, map)| self.phase < map.phases).map(one).collect();
        let noise = measured.first().map_or_else(
            || white_noise(0.5, 1, 1),
            |m| white_noise(m.curves.volume_fraction, m.pixels, m.curves.s2.len()),
        );
        CompareResult { request: self, measured, noise }
    }
}

/// Which curves are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Page {
    /// S2, lineal path, cluster function, pore sizes, chords, covariance.
    #[default]
    Curves,
    /// Along rows and columns, variance in windows, power spectrum.
    Further,
    /// Sizes of components, pores and chords.
    Sizes,
    /// S2 over displacements.
    Maps,
}

/// The state of the workspace.
pub struct CompareSpace {
    page: Page,
    boundary: Boundary,
    /// Pictures that are left out.
    hidden: Vec<Arc<PhaseMap>>,
    result: Option<CompareResult>,
    /// The pictures, phase and boundary that were asked for last, and how often something was.
    asked: Option<(usize, Boundary, Vec<Arc<PhaseMap>>)>,
    number: u64,
    maps: Vec<Option<Picture>>,
}

impl Default for CompareSpace {
    fn default() -> Self {
        let (page, boundary) = (Page::Curves, Boundary::Open);
        Self { page, boundary, hidden: vec![], result: None, asked: None, number: 0, maps: vec![] }
    }
}

impl CompareSpace {
    /// What is compared has changed.
    pub fn refresh(&mut self) {
        self.asked = None;
    }

    /// Takes an answer; one to an earlier question than the last is late.
    pub fn take(&mut self, result: CompareResult) {
        if result.request.number != self.number {
            return;
        }
        self.maps.clear();
        self.result = Some(result);
    }
}

impl App {
    /// The original and what is compared with it; whether each comes from a file.
    fn compare_items(&self) -> Vec<(String, Arc<PhaseMap>)> {
        let original = match self.realisations.last().and_then(|r| r.original.clone()) {
            // Reconstructions are compared with their own original.
            Some(map) => Some((self.realisations.last().map_or(String::new(), |r| r.report.input.name.clone()), map)),
            None => self.document.as_ref().and_then(|d| Some((d.raw.name.clone(), d.phases()?.clone()))),
        };
        let mut items: Vec<(String, Arc<PhaseMap>)> = original.into_iter().collect();
        for realisation in &self.realisations {
            if let Some(map) = &realisation.phases {
                let name = format!("realisation {}", realisation.number + 1);
                items.push((name, map.clone()));
            }
        }
        items.extend(self.compared.iter().map(|c| (c.name.clone(), c.map.clone())));
        items
    }

    pub(in crate::app) fn compare_panel(&mut self, ui: &mut Ui) {
        ui.add_space(theme::STEP);
        ui.label(RichText::new("Compare").heading());
        let items = self.compare_items();
        let reconstructions = self.realisations.iter().filter(|r| r.phases.is_some()).count();
        if items.is_empty() {
            ui.label("Open a micrograph with phases first.");
            return;
        }
        self.phase_choice(ui);
        let tip = "What lies beyond the edges for all statistics but the error rates, which are S2 periodic and lineal path open.";
        let both = [(Boundary::Open, "open"), (Boundary::Periodic, "periodic")];
        crate::app::widgets::choice(ui, "Edges", tip, &mut self.compare_space.boundary, &Boundary::Open, &both);
        crate::app::widgets::heading(ui, "Pictures");
        let mut removed = None;
        ScrollArea::vertical().max_height((ui.available_height() - 130.0).max(60.0)).show(ui, |ui| {
            for (n, (name, map)) in items.iter().enumerate() {
                ui.horizontal(|ui| {
                    if n == 0 {
                        ui.add_enabled(false, egui::Checkbox::new(&mut true, ""))
                            .on_disabled_hover_text("The original is always shown.");
                    } else {
                        let hidden = &mut self.compare_space.hidden;
                        let place = hidden.iter().position(|m| Arc::ptr_eq(m, map));
                        let mut shown = place.is_none();
                        ui.checkbox(&mut shown, "").on_hover_text("Show it in plots and table.");
                        match place {
                            Some(at) if shown => drop(hidden.remove(at)),
                            None if !shown => hidden.push(map.clone()),
                            _ => {}
                        }
                    }
                    let text = if n == 0 { format!("{name} (original)") } else { name.clone() };
                    let size = format!("{} × {} px, {} phases", map.height, map.width, map.phases);
                    ui.add(egui::Label::new(text).truncate()).on_hover_text(size);
                    let file = n.checked_sub(1 + reconstructions);
                    if file.is_some() && ui.small_button("×").on_hover_text("Take it out.").clicked() {
                        removed = file;
                    }
                });
            }
        });
        if let Some(n) = removed {
            self.compared.remove(n);
            self.compare_space.refresh();
        }
        if ui.button("Add micrographs…").on_hover_text("Or drop them on the window.").clicked() {
            self.files.compare_dialog();
        }
        if items.len() == 1 {
            ui.label(RichText::new("Reconstruct it, or add others, to see them beside it.").weak());
        }
        let export = ui.add_enabled(self.compare_space.result.is_some(), egui::Button::new("Export table and plots"));
        let folder = self.export.proposed("comparison");
        if export.on_hover_text(format!("CSV, SVG and PNG files into {folder}.")).clicked() {
            self.export_comparison();
        }
        self.ask_for_statistics(&items, reconstructions);
    }

    fn ask_for_statistics(&mut self, items: &[(String, Arc<PhaseMap>)], reconstructions: usize) {
        let hidden = |map: &Arc<PhaseMap>| self.compare_space.hidden.iter().any(|m| Arc::ptr_eq(m, map));
        let shown: Vec<usize> = (0..items.len()).filter(|n| *n == 0 || !hidden(&items[*n].1)).collect();
        let maps: Vec<Arc<PhaseMap>> = shown.iter().map(|n| items[*n].1.clone()).collect();
        let same = |(phase, boundary, before): &(usize, Boundary, Vec<Arc<PhaseMap>>)| {
            let all = before.len() == maps.len() && before.iter().zip(&maps).all(|(a, b)| Arc::ptr_eq(a, b));
            (*phase, *boundary) == (self.phase, self.compare_space.boundary) && all
        };
        if self.compare_space.asked.as_ref().is_some_and(same) {
            return;
        }
        self.compare_space.number += 1;
        let realisation = self.realisations.last();
        let pixel = match realisation {
            Some(r) => r.report.input.pixel_size.clone(),
            None => self.document.as_ref().and_then(|d| d.micrograph().pixel_size.clone()),
        };
        self.files.statistics(CompareRequest {
            number: self.compare_space.number,
            reconstructions: shown.iter().filter(|n| **n > 0 && **n <= reconstructions).count(),
            items: shown.iter().map(|n| items[*n].clone()).collect(),
            phase: self.phase,
            boundary: self.compare_space.boundary,
            pixel,
            phase_name: self.settings.recipe.phase_name(self.phase),
        });
        self.compare_space.asked = Some((self.phase, self.compare_space.boundary, maps));
    }

    pub(in crate::app) fn compare_view(&mut self, ui: &mut Ui) {
        let Some(result) = self.compare_space.result.take() else {
            ui.centered_and_justified(|ui| ui.label("Measuring…"));
            return;
        };
        ui.horizontal(|ui| {
            for (page, name) in [
                (Page::Curves, "Curves"),
                (Page::Further, "Further curves"),
                (Page::Sizes, "Sizes"),
                (Page::Maps, "Maps of S2"),
            ] {
                ui.selectable_value(&mut self.compare_space.page, page, name);
            }
            if result.request.number != self.compare_space.number {
                ui.spinner();
            }
        });
        let height = ui.available_height();
        egui::Panel::bottom("comparison table")
            .frame(theme::bare(ui))
            .resizable(true)
            .default_size((0.32 * height).max(150.0))
            .size_range(90.0..=(height - 140.0).max(100.0))
            .show(ui, |ui| {
                ScrollArea::both().auto_shrink([false, false]).show(ui, |ui| table(ui, &result));
            });
        egui::CentralPanel::no_frame().show(ui, |ui| match self.compare_space.page {
            Page::Curves => self.grid(ui, figures(&result, theme::palette(ui))),
            Page::Further => self.grid(ui, further_figures(&result, theme::palette(ui))),
            Page::Sizes => self.grid(ui, size_figures(&result, theme::palette(ui))),
            Page::Maps => self.correlation_maps(ui, &result),
        });
        if self.compare_space.result.is_none() {
            self.compare_space.result = Some(result);
        }
    }

    /// Plots in rows of three.
    fn grid(&mut self, ui: &mut Ui, figures: Vec<ShownFigure>) {
        let mut wanted = None;
        let rows = figures.len().div_ceil(3);
        let height = ui.available_height() / rows as f32 - 4.0;
        let mut figures = figures.into_iter();
        for _ in 0..rows {
            ui.allocate_ui(egui::vec2(ui.available_width(), height), |ui| {
                ui.columns(3, |columns| {
                    for ui in columns {
                        let Some(figure) = figures.next() else { continue };
                        ui.set_height(height);
                        ui.label(RichText::new(&figure.figure.title).strong());
                        let id = format!("compare {}", figure.figure.title);
                        if let Some(request) = curve_plot(ui, &id, &figure.figure, &figure.colors, None) {
                            wanted = Some((figure, request));
                        }
                    }
                });
            });
        }
        self.serve_plot(ui, wanted);
    }

    /// S2 over displacements, the origin in the middle.
    fn correlation_maps(&mut self, ui: &mut Ui, result: &CompareResult) {
        let maps: Vec<(Vec<f64>, usize)> = result.measured.iter().map(|m| m.all.two_point.map()).collect();
        self.compare_space.maps.resize_with(maps.len(), || None);
        let phi = result.measured.first().map_or(1.0, |m| m.curves.volume_fraction);
        for ((values, edge), slot) in maps.iter().zip(&mut self.compare_space.maps).filter(|(_, slot)| slot.is_none()) {
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let scale = 1.0 / (phi - low).max(1e-12);
            Picture::show(slot, ui.ctx(), "map of S2", (*edge, *edge), |i| {
                let v = (((values[i] - low) * scale).clamp(0.0, 1.0).sqrt() * 255.0) as u8;
                Color32::from_gray(v)
            });
        }
        let mut view = self.view;
        view.zoom = None;
        let count = maps.len().clamp(1, 4);
        ui.columns(count, |columns| {
            for ((n, ui), slot) in columns.iter_mut().enumerate().zip(&self.compare_space.maps) {
                let (values, edge) = &maps[n];
                let reach = (*edge / 2) as isize;
                let readout = |row: usize, column: usize| {
                    let (dy, dx) = (row as isize - reach, column as isize - reach);
                    format!("S2({dx}, {dy}) = {}", significant(values[row * edge + column]))
                };
                let pane = crate::app::widgets::Pane {
                    title: &result.measured[n].name,
                    picture: slot.as_ref(),
                    waiting: "",
                    readout: &readout,
                    pixel_size: result.request.pixel.as_ref(),
                    tool: false,
                };
                pane.show(ui, &mut view);
            }
        });
    }

    fn export_comparison(&mut self) {
        let Some(result) = &self.compare_space.result else { return };
        let mut figures = figures(result, theme::PRINT);
        figures.extend(further_figures(result, theme::PRINT));
        figures.extend(size_figures(result, theme::PRINT).into_iter().take(1));
        let table = table_csv(result);
        let folder = std::path::PathBuf::from(self.export.folder.trim()).join("comparison");
        self.files.export(folder, move |folder| {
            let failed = |e: std::io::Error| format!("{} could not be written: {e}.", folder.display());
            crate::folders::write_atomically(&folder.join("comparison.csv"), table.as_bytes()).map_err(failed)?;
            for figure in figures.iter().filter(|f| !f.figure.series.is_empty()) {
                crate::app::export::write_figure_files(folder, &figure.figure)?;
            }
            Ok(())
        });
    }
}
