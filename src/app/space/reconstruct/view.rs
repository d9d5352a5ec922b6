//! The view of the workspace: pictures at the top, plots below them, realisations at the bottom.

use egui::{Panel, RichText, ScrollArea, Ui};

use super::state::{ReconstructSpace, Shown};
use super::{figures, paint, run};
use crate::app::shared::Shared;
use crate::app::shared::plots::{handle_picture_request, handle_plot_request};
use crate::app::space::readout_of;
use crate::app::theme;
use crate::app::widgets::{Pane, PlotRequest, curve_plot, enlarged, show_panes, shrink_all, thumbnail};
use crate::figure::{Figure, significant};
use crate::micrograph::PhaseMap;
use crate::stats::{ErrorRates, JudgedNumber, RULE};

/// The names of the pictures and of the plots, of which each can be enlarged.
const PANES: &str = "reconstruct panes";
const PLOTS: &str = "reconstruct";
/// From this width on, a plot's title and its numbers fit into one line.
const BROAD: f32 = 320.0;
/// Edge of a thumbnail.
const THUMBNAIL: f32 = 64.0;

pub fn pictures_and_plots(space: &mut ReconstructSpace, shared: &mut Shared, ui: &mut Ui) {
    // What is enlarged has the whole view.
    if enlarged(ui.ctx(), PANES).is_some() {
        return panes(space, shared, ui);
    }
    if enlarged(ui.ctx(), PLOTS).is_some() {
        return plots(space, shared, ui);
    }
    let bare = theme::bare(ui);
    // In a low window the verdict has one line, and the rest is in its tooltip.
    let lines = if ui.available_height() < 400.0 { 1 } else { 2 };
    let height = THUMBNAIL + 30.0 + 18.0 * lines as f32;
    Panel::bottom("gallery").frame(bare).exact_size(height).show(ui, |ui| {
        ui.spacing_mut().item_spacing.y = 4.0;
        verdict(space, shared, ui, lines);
        gallery(space, shared, ui);
    });
    let height = ui.available_height();
    Panel::bottom("plots")
        .frame(bare)
        .resizable(true)
        .default_size((0.38 * height).max(190.0))
        .size_range(150.0..=(height - 160.0).max(160.0))
        .show(ui, |ui| plots(space, shared, ui));
    egui::CentralPanel::no_frame().show(ui, |ui| panes(space, shared, ui));
}

fn panes(space: &mut ReconstructSpace, shared: &mut Shared, ui: &mut Ui) {
    let mut view = shared.view;
    let what_next = match (&shared.document, &space.started) {
        (None, _) => "Open a micrograph, or drop one on the window.",
        (Some(_), None) => {
            "Start makes a new micrograph with the statistics of the original, from random noise. It appears here while it converges."
        }
        (Some(_), Some(_)) => "Measuring the original…",
    };
    let no_phases = "The micrograph is reconstructed as an image, without phases.";
    let segmented = space.live_document(shared).is_none_or(|d| d.phases().is_some());
    let (wanted, painted) = {
        let shown_original = match space.shown {
            Shown::Realisation(n) => shared.realisations.get(n).and_then(|r| r.original.clone()),
            Shown::Live => space.live_document(shared).and_then(|d| d.phases().cloned()),
        };
        let document = space.live_document(shared);
        let original_title = original_title(space, shared);
        let original_readout = |row: usize, column: usize| match (&shown_original, document) {
            (Some(map), _) => phase_at(Some(map), row, column),
            (None, Some(d)) => readout_of(d.micrograph(), row, column),
            (None, None) => String::new(),
        };
        let pixel_size = figures::shown_pixel_size(space, shared);
        let (image, phases) = shown_pixels(space, shared);
        let image_readout = |row: usize, column: usize| match &image {
            Some((values, width)) => {
                let at = 3 * (row * width + column);
                values.get(at..at + 3).map_or(String::new(), |v| format!("{:.0} {:.0} {:.0}", v[0], v[1], v[2]))
            }
            None => String::new(),
        };
        let phase_readout = |row: usize, column: usize| phase_at(phases, row, column);
        let live = if space.shown == Shown::Live { "Live image" } else { "Image" };
        let p = &space.pictures;
        let panes = [
            Pane {
                title: &original_title,
                picture: p.original.as_ref(),
                waiting: what_next,
                readout: &original_readout,
                pixel_size,
                tool: paint::paints(space, shared),
            },
            Pane {
                title: live,
                picture: p.image.as_ref(),
                waiting: what_next,
                readout: &image_readout,
                pixel_size,
                tool: false,
            },
            Pane {
                title: "Phases",
                picture: p.phases.as_ref(),
                waiting: if segmented { "The phases of the image." } else { no_phases },
                readout: &phase_readout,
                pixel_size,
                tool: false,
            },
        ];
        let mut painted = None;
        let wanted = show_panes(ui, PANES, &panes, &mut view, |_, n, response, place| {
            if n == 0 {
                painted = place.map(|place| (response.clone(), place));
            }
        });
        (wanted, painted)
    };
    if let Some((response, place)) = painted {
        paint::paint(space, shared, ui, &response, place);
    }
    shared.view = view;
    handle_picture_request(shared, wanted);
}

/// The title above the original: with its name, because it may have been opened before what is open now.
fn original_title(space: &ReconstructSpace, shared: &Shared) -> String {
    space.shown_original(shared).map_or("Original".into(), |original| format!("Original: {}", original.name))
}

/// The numbers behind the shown image and phases, with their widths, for the readout.
fn shown_pixels<'a>(
    space: &'a ReconstructSpace,
    shared: &'a Shared,
) -> (Option<(&'a [f32], usize)>, Option<&'a PhaseMap>) {
    match space.shown {
        Shown::Realisation(n) => match shared.realisations.get(n) {
            Some(r) => (Some((&r.image, r.size.1)), r.phases.as_deref()),
            None => (None, None),
        },
        Shown::Live => match &space.preview {
            Some(p) => (Some((&p.image, p.size.1)), p.phases.as_deref()),
            None => (None, None),
        },
    }
}

fn plots(space: &mut ReconstructSpace, shared: &mut Shared, ui: &mut Ui) {
    let palette = theme::palette(ui);
    let errors = figures::shown_errors(space, shared);
    let of =
        |value: fn(&ErrorRates) -> f64| errors.as_ref().map(|(found, noise)| (found.as_ref().map(value), value(noise)));
    let s2 = of(|e| e.s2_error_percent);
    let covariance = of(|e| e.s2_covariance_error_percent);
    let lineal = of(|e| e.lineal_path_error_percent);
    let top = figures::original_curves(space, shared).map(|(c, _)| c.volume_fraction * 1.05);
    let mut wanted: Option<(Figure, PlotRequest)> = None;
    ui.add_space(2.0);
    let only = enlarged(ui.ctx(), PLOTS);
    let difference = space.difference.is_shown;
    let mut toggled = false;
    let figures = figures::all(space, shared, palette, difference).into_iter().enumerate();
    let figures: Vec<_> = figures.filter(|(_, f)| only.as_ref().is_none_or(|only| f.figure.title == *only)).collect();
    ui.columns(figures.len().max(1), |columns| {
        for ((n, figure), ui) in figures.into_iter().zip(columns) {
            // Of one height in all columns, whatever stands in it, so that no plot jumps.
            let rows = if ui.available_width() < BROAD { 2 } else { 1 };
            let numbers = |ui: &mut Ui, row: usize| match (n, row) {
                (0, 0) => error_label(ui, "error", s2, S2_TIP),
                (0, 1) => error_label(ui, "covariance", covariance, COVARIANCE_TIP),
                (1, 0) => error_label(ui, "error", lineal, LINEAL_TIP),
                (2, 1) => iteration_label(space, ui),
                _ => {}
            };
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.horizontal(|ui| {
                ui.set_height(18.0);
                ui.label(RichText::new(&figure.figure.title).strong());
                // Beside the shortest numbers, where there is room for it.
                if n == 1 {
                    toggled |= difference_button(ui, difference, rows == 1);
                }
                (0..=2 - rows).for_each(|row| numbers(ui, row));
            });
            if rows == 2 {
                ui.horizontal(|ui| {
                    ui.set_height(16.0);
                    numbers(ui, 1);
                });
            }
            if figure.figure.series.is_empty() {
                let text = match n {
                    2 if !figures::has_loss(space, shared) => "The method has no loss to follow.",
                    2 => "The loss of each layer, once a run has started.",
                    _ if shared.measuring => "Measuring…",
                    _ if difference => "The difference from the original, once there is a reconstruction.",
                    _ => "Curves need phases.",
                };
                ui.centered_and_justified(|ui| ui.label(RichText::new(text).color(palette.faint)));
            } else {
                let y_top = if n == 2 || difference { None } else { top };
                if let Some(request) = curve_plot(ui, PLOTS, &figure.figure, &figure.colors, y_top) {
                    wanted = Some((figure.figure, request));
                }
            }
        }
    });
    handle_plot_request(shared, ui, wanted);
    if toggled {
        space.difference.is_shown = !difference;
        // The enlarged plot has another title now.
        shrink_all(ui.ctx());
    }
}

/// Chooses between curves and their differences from the original's. Returns whether it was clicked.
fn difference_button(ui: &mut Ui, difference: bool, has_room: bool) -> bool {
    let text = RichText::new(if has_room { "Difference" } else { "Δ" }).small();
    let button = ui.add(egui::Button::new(text).selected(difference).small());
    button.widget_info(|| {
        egui::WidgetInfo::selected(egui::Role::Button, true, difference, "Difference from the original")
    });
    let tip = "Shows what the reconstruction's S2 and lineal path differ by from the original's. The band is the sampling \
               error of the original: twice the standard error of its curve, estimated from its four quarters, and so as far \
               as a quarter reaches.";
    button.on_hover_text(tip).clicked()
}

fn iteration_label(space: &ReconstructSpace, ui: &mut Ui) {
    let progress = &space.run.progress;
    if space.run.is_running() && progress.iterations > 1 {
        let share = 100.0 * progress.share_of_realisation();
        let text = format!("iteration {} of {}: {share:.0} % of the work", progress.iteration, progress.iterations);
        let tip = "An iteration at a coarse size costs less, so the share of the work is not that of the iterations.";
        ui.add(egui::Label::new(RichText::new(text).small()).extend()).on_hover_text(tip);
    }
}

/// What the numbers of the shown realisation say, in a line that is always there, so that nothing jumps.
fn verdict(space: &ReconstructSpace, shared: &Shared, ui: &mut Ui, lines: usize) {
    let shown = match space.shown {
        Shown::Realisation(n) => shared.realisations.get(n),
        Shown::Live => None,
    };
    let report = shown.map(|realisation| &realisation.report);
    let phase = report.and_then(|report| report.phases.get(shared.phase_of(report.phases.len())));
    let text = phase.and_then(|phase| phase.verdict()).unwrap_or_default();
    let notes = report.map_or(vec![], |report| report.notes.clone());
    let room = egui::vec2(ui.available_width(), 18.0 * lines as f32);
    ui.allocate_ui(room, |ui| {
        ui.set_min_size(room);
        let color = if notes.is_empty() { ui.visuals().text_color() } else { theme::palette(ui).warning };
        let line = notes.iter().chain([&text]).filter(|t| !t.is_empty()).cloned().collect::<Vec<_>>().join(" ");
        if line.is_empty() {
            return;
        }
        let numbers = phase.map_or(vec![], |phase| phase.judged());
        let number = |n: &JudgedNumber| {
            format!("\n{} ({}): {:.2} %, own variation {:.2} %", n.name, n.kind(), n.found, n.natural)
        };
        let tip: String = [RULE.to_string()].into_iter().chain(numbers.iter().map(number)).collect();
        let mut text = egui::text::LayoutJob::simple(
            line.clone(),
            egui::TextStyle::Body.resolve(ui.style()),
            color,
            ui.available_width(),
        );
        text.wrap.max_rows = lines;
        ui.add(egui::Label::new(text).wrap()).on_hover_text(format!("{line}\n{tip}"));
    });
}

fn gallery(space: &mut ReconstructSpace, shared: &mut Shared, ui: &mut Ui) {
    let (mut chosen, mut wants_export) = (None, false);
    ui.horizontal_top(|ui| {
        ui.set_min_height(THUMBNAIL);
        ui.vertical(|ui| {
            ui.set_width(96.0);
            ui.spacing_mut().item_spacing.y = 2.0;
            ui.label(RichText::new("Realisations").strong());
            let export = ui.add_enabled(space.shown_realisation(shared).is_some(), egui::Button::new("Export…"));
            let export = export.on_hover_text("Write the shown realisation: phase map, image, curves, plots, report.");
            if export.on_disabled_hover_text("There is no finished realisation yet.").clicked() {
                wants_export = true;
            }
            if space.run.is_running() {
                let live = egui::Button::selectable(space.shown == Shown::Live, "Live");
                if ui.add(live).on_hover_text("Watch the running realisation.").clicked() {
                    chosen = Some(Shown::Live);
                }
            }
        });
        if shared.realisations.is_empty() {
            ui.label(
                RichText::new("Finished realisations stay here to be compared and exported.")
                    .color(theme::palette(ui).faint),
            );
        }
        ScrollArea::horizontal().show(ui, |ui| {
            ui.horizontal(|ui| {
                for (n, (realisation, picture)) in space.pictures.thumbnails.iter().enumerate() {
                    let name = format!("Realisation {}", n + 1);
                    let response = thumbnail(ui, picture, THUMBNAIL, space.shown == Shown::Realisation(n), &name);
                    if response
                        .on_hover_text(describe(realisation, shared.phase_of(realisation.report.phases.len())))
                        .clicked()
                    {
                        chosen = Some(Shown::Realisation(n));
                    }
                }
            });
        });
    });
    if wants_export {
        run::open_export(space, shared, ui.ctx());
    }
    match chosen {
        Some(Shown::Live) => run::show_live(space, shared, ui.ctx()),
        Some(Shown::Realisation(n)) => run::show_realisation(space, shared, ui.ctx(), n),
        None => {}
    }
}

/// The phase at a pixel for the line below a picture.
fn phase_at(map: Option<&PhaseMap>, row: usize, column: usize) -> String {
    let label = map.and_then(|map| map.labels.get([row, column]));
    label.map_or(String::new(), |l| format!("phase {l}"))
}

const S2_TIP: &str = "Area between the two S2 curves over the area under the original's. In brackets: white noise of the same volume fraction.";
const COVARIANCE_TIP: &str =
    "Σ|ΔS2| / Σ|S2 − φ²|: the error of what the volume fraction does not fix. In brackets: white noise.";
const LINEAL_TIP: &str =
    "Area between the two lineal-path curves over the area under the original's. In brackets: white noise.";

/// An error, with that of white noise in brackets.
fn error_label(ui: &mut Ui, name: &str, value: Option<(Option<f64>, f64)>, tooltip: &str) {
    let Some((found, noise)) = value else { return };
    let number = |v: f64| if v.is_finite() { significant(v) } else { "–".into() };
    let text = match found {
        Some(found) => format!("{name} {} % ({} %)", number(found), number(noise)),
        None => format!("{name}: noise {} %", number(noise)),
    };
    ui.add(egui::Label::new(RichText::new(text).small()).extend()).on_hover_text(tooltip);
}

fn describe(realisation: &crate::reconstruct::Realisation, phase: usize) -> String {
    let report = &realisation.report;
    let mut text = format!("Seed {}, {} iterations in {:.1} s", report.seed, report.iterations, report.seconds);
    if let Some(p) = report.phases.get(phase) {
        text.push_str(&format!(
            "\nPhase {phase}: S2 {:.2} %, lineal path {:.2} %",
            p.errors.s2_error_percent, p.errors.lineal_path_error_percent
        ));
    }
    if report.stopped_early {
        text.push_str("\nStopped early");
    }
    report.notes.iter().for_each(|note| text.extend(["\n", note]));
    text
}
