//! The pictures of all methods, and below them the table or the curves.

use egui::{DragValue, RichText, ScrollArea, Ui};

use super::super::placeholder;
use super::state::{Described, MethodStudySpace};
use crate::app::shared::Shared;
use crate::app::shared::plots::{handle_picture_request, handle_plot_request, take_enlarged};
use crate::app::theme;
use crate::app::widgets::{Pane, Picture, ShownFigure, show_panes, titled_plot};
use crate::figure::Cell;
use crate::job::METHOD_COLUMNS;

/// The most pictures beside each other.
const ACROSS: usize = 4;
/// The plots, of which each can be enlarged.
const PLOTS: &str = "methods";

pub fn view(space: &mut MethodStudySpace, shared: &mut Shared, ui: &mut Ui) {
    if space.rows().is_empty() {
        let text = if space.study.is_running() {
            "The first method is under way; its reconstruction appears here."
        } else {
            "The reconstructions of all methods will appear here, with a table of their errors below."
        };
        placeholder(ui, text);
        return;
    }
    let height = ui.available_height();
    egui::Panel::bottom("method table")
        .frame(theme::bare(ui))
        .resizable(true)
        .default_size(0.42 * height)
        .size_range(120.0..=(height - 140.0).max(130.0))
        .show(ui, |ui| below(space, shared, ui));
    egui::CentralPanel::no_frame().show(ui, |ui| pictures(space, shared, ui));
}

fn pictures(space: &mut MethodStudySpace, shared: &mut Shared, ui: &mut Ui) {
    let Some(studied) = space.studied.take() else { return };
    if space.pictured != space.shown {
        space.pictures.clear();
        space.pictured = space.shown;
    }
    space.pictures.resize_with(studied.rows.len(), || None);
    for (row, slot) in studied.rows.iter().zip(&mut space.pictures).filter(|(_, slot)| slot.is_none()) {
        if let Some(made) = row.made.get(space.shown) {
            Picture::show_phases(slot, ui.ctx(), row.method.settings().name(), &made.map, &studied.recipe);
        }
    }
    if space.original_picture.is_none() {
        let slot = &mut space.original_picture;
        Picture::show_phases(slot, ui.ctx(), "original of the method study", &studied.original, &studied.recipe);
    }
    let title = format!("Original: {}", studied.name);
    let nothing = |_: usize, _: usize| String::new();
    let pane = |title, picture, waiting| Pane {
        title,
        picture,
        waiting,
        readout: &nothing,
        pixel_size: studied.pixel_size.as_ref(),
        tool: false,
    };
    let mut panes = vec![pane(&title, space.original_picture.as_ref(), "")];
    for (row, slot) in studied.rows.iter().zip(&space.pictures) {
        let waiting = if row.refused.is_some() { "Does not apply: see below." } else { "No such realisation." };
        panes.push(pane(row.method.settings().name(), slot.as_ref(), waiting));
    }
    let mut view = shared.view;
    let count = panes.len().div_ceil(ACROSS);
    let across = panes.len().div_ceil(count);
    let height = (ui.available_height() - (count - 1) as f32 * ui.spacing().item_spacing.y) / count as f32;
    let mut wanted = None;
    for (n, row) in panes.chunks(across).enumerate() {
        let size = egui::vec2(ui.available_width(), height);
        ui.allocate_ui(size, |ui| {
            ui.set_min_size(size);
            wanted = show_panes(ui, &format!("method panes {n}"), row, &mut view, |_, _, _, _| {}).or(wanted.take());
        });
    }
    shared.view = view;
    handle_picture_request(shared, wanted);
    space.studied = Some(studied);
}

fn below(space: &mut MethodStudySpace, shared: &mut Shared, ui: &mut Ui) {
    let most = space.rows().iter().map(|row| row.made.len()).max().unwrap_or(0);
    ui.horizontal(|ui| {
        ui.selectable_value(&mut space.shows_curves, false, "Table").on_hover_text("Errors, time and memory.");
        ui.selectable_value(&mut space.shows_curves, true, "Curves")
            .on_hover_text("Two-point correlation and lineal path of all methods.");
        if most > 1 {
            ui.separator();
            let mut shown = space.shown + 1;
            ui.label("Realisation shown");
            ui.add(DragValue::new(&mut shown).range(1..=most).suffix(format!(" of {most}")))
                .on_hover_text("Which realisation of each method the pictures show.");
            space.shown = shown - 1;
        }
    });
    let Some(studied) = &space.studied else { return };
    let phase = shared.phase_of(studied.original.phases);
    let (shows_curves, methods) = (space.shows_curves, studied.rows.len());
    let Some(described) = space.describe(phase) else { return };
    match shows_curves {
        true => curves(described, shared, ui),
        false => ScrollArea::both().auto_shrink([false, false]).show(ui, |ui| table(described, methods, ui)).inner,
    }
}

/// The table of a phase, with what has to be known of the results below it.
fn table(described: &Described, methods: usize, ui: &mut Ui) {
    let table = &described.table;
    ui.label(RichText::new(&table.caption).weak());
    let palette = theme::palette(ui);
    egui::Grid::new("methods").striped(true).spacing([18.0, 4.0]).show(ui, |ui| {
        ui.label(RichText::new(&table.headings[0]).strong());
        for column in &METHOD_COLUMNS {
            ui.label(RichText::new(column.heading).strong()).on_hover_text(column.tip);
        }
        ui.end_row();
        for (n, row) in table.rows.iter().enumerate() {
            for cell in row {
                let Cell { text, is_best } = cell;
                let text = RichText::new(text);
                let is_method = n < methods;
                ui.label(match (is_method, is_best) {
                    (false, _) => text.color(palette.faint),
                    (true, true) => text.strong().color(palette.accent),
                    (true, false) => text,
                });
            }
            ui.end_row();
        }
    });
    ui.add_space(theme::STEP);
    let note = "The best of each column is highlighted. S2 and the lineal path are fitted by some methods, and with them the \
                mean chord, the surface and the interface. No method fits the cluster function, the pore sizes and the \
                three points.";
    ui.label(RichText::new(note).small().weak());
    for note in &described.notes {
        ui.label(RichText::new(note).small().color(palette.warning));
    }
}

fn curves(described: &Described, shared: &mut Shared, ui: &mut Ui) {
    let palette = theme::palette(ui);
    let shown = |figure: crate::figure::Figure| {
        let lines = figure.series.iter().skip(2).map(|series| {
            let [red, green, blue] = series.color;
            egui::Color32::from_rgb(red, green, blue)
        });
        let colors = [palette.original, palette.faint].into_iter().chain(lines).collect();
        ShownFigure { figure, colors }
    };
    let mut figures: Vec<ShownFigure> = described.figures.iter().cloned().map(shown).collect();
    if let Some(only) = take_enlarged(ui, PLOTS, &mut figures) {
        let wanted = titled_plot(ui, PLOTS, only, None);
        return handle_plot_request(shared, ui, wanted);
    }
    let mut wanted = None;
    if !figures.is_empty() {
        ui.columns(figures.len(), |columns| {
            for (figure, ui) in figures.into_iter().zip(columns) {
                wanted = titled_plot(ui, PLOTS, figure, None).or(wanted.take());
            }
        });
    }
    handle_plot_request(shared, ui, wanted);
}
