//! Tables below the map: what explains it, its members, and what was left out.

use std::sync::Arc;

use egui::{Align, DragValue, Grid, Layout, RichText, ScrollArea, Sense, Ui};

use super::state::MapSpace;
use crate::app::shared::Shared;
use crate::app::theme;
use crate::embed::explain::angle_between;
use crate::embed::{Column, Values};
use crate::figure::significant;
use crate::job::Map;

/// The value of a column for a member, as text.
pub fn cell(column: &Column, member: usize) -> String {
    match &column.values {
        Values::Numbers(values) => values[member].map_or("–".into(), significant),
        Values::Words(values) => values[member].clone().unwrap_or_else(|| "–".into()),
    }
}

/// Name, size and values of a member, one below the other, no wider than `width`.
pub fn row_of(ui: &mut Ui, map: &Map, member: usize, width: f32) {
    /// Columns that there is room for.
    const MOST: usize = 12;
    ui.set_max_width(width);
    let own = &map.members[member];
    ui.add(egui::Label::new(RichText::new(&own.name).strong()).wrap());
    let mut text = format!("{} × {} px", own.size.1, own.size.0);
    if let Some((unit, length)) = own.pixel_size.as_ref().map(|size| size.unit(own.size.1 as f64)) {
        text += &format!(", {} {unit} wide", significant(length));
    }
    ui.label(RichText::new(text).weak().small());
    for column in map.columns.iter().take(MOST) {
        ui.label(format!("{}: {}", column.name, cell(column, member)));
    }
    if let Some(clusters) = &map.clusters {
        ui.label(format!("Cluster: {}", clusters.of[member] + 1));
    }
    if map.outliers.contains(&member) {
        ui.label(RichText::new("It lies apart from all others.").color(theme::palette(ui).warning));
    }
    if member + map.added >= map.members.len() {
        ui.label(RichText::new("It was added to the map.").weak());
    }
}

/// What explains the shown embedding.
pub fn explained(space: &mut MapSpace, shared: &mut Shared, map: &Arc<Map>, ui: &mut Ui) {
    let each = &map.embeddings[space.look.embedding];
    let width = each.embedding.places.ncols();
    if each.explained.is_empty() {
        ui.label(
            "The set has no columns of numbers. Give a table, or a pattern of file names, and make the map again.",
        );
        return;
    }
    let mut periods = map.request.periods.clone();
    let palette = theme::palette(ui);
    if !map.request.scaling.keeps_distances() {
        let text = "t-SNE and UMAP keep neighbours, not directions: read these regressions with care.";
        ui.label(RichText::new(text).color(palette.warning));
    }
    Grid::new("explained").striped(true).spacing([20.0, 4.0]).show(ui, |ui| {
        let headings = [
            ("Column", "A column of numbers."),
            ("Values", "How many members have a value."),
            ("R²", "The share of the variance that a linear regression on the places explains."),
            ("R² left out", "The same with each member foretold from all others."),
            ("RMSE", "Of a periodic column: the root of the mean squared difference, the shorter way round."),
            ("Distance corr.", "Distance correlation, 0 to 1: it sees every kind of dependence."),
            ("Period", "After which the value comes back, such as 180 for angles; 0 for none."),
        ];
        let mut last = None;
        for (heading, tip) in headings {
            last = Some(ui.label(RichText::new(heading).strong()).on_hover_text(tip).id);
        }
        ui.end_row();
        for explained in &each.explained {
            let column = &map.columns[explained.column];
            ui.add(egui::Label::new(&column.name).extend());
            let fit = explained.fit.as_ref();
            ui.label(fit.map_or_else(|| column.values.known(), |fit| fit.count).to_string());
            ui.label(fit.map_or("–".into(), |fit| format!("{:.3}", fit.r2)));
            ui.horizontal(|ui| {
                ui.label(fit.map_or("–".into(), |fit| format!("{:.3}", fit.r2_left_out)));
                if fit.is_some_and(crate::embed::explain::Fit::has_few) {
                    let tip =
                        format!("Too few values for {width} dimensions: R² says little, R² left out a little more.");
                    ui.label(RichText::new("few").color(palette.warning)).on_hover_text(tip);
                }
            });
            ui.label(explained.periodic.as_ref().map_or("–".into(), |fit| significant(fit.rmse)));
            let correlation = map.correlations[explained.column];
            ui.label(if correlation.is_finite() { format!("{correlation:.3}") } else { "–".into() });
            let own = periods.iter().position(|(name, _)| *name == column.name);
            let mut period = own.map_or(0.0, |n| periods[n].1);
            let field = ui.add(DragValue::new(&mut period).range(0.0..=1e9).speed(1.0).max_decimals(3));
            let field = last.map_or_else(|| field.clone(), |id| field.clone().labelled_by(id));
            if field.on_hover_text("After which the value comes back; 0 for none.").changed() {
                periods.retain(|(name, _)| *name != column.name);
                if period > 0.0 {
                    periods.push((column.name.clone(), period));
                }
            }
            ui.end_row();
        }
        for (n, column) in map.columns.iter().enumerate().filter(|(_, c)| matches!(c.values, Values::Words(_))) {
            ui.add(egui::Label::new(&column.name).extend());
            ui.label(column.values.known().to_string());
            for text in ["words", "", ""] {
                ui.label(RichText::new(text).weak());
            }
            let correlation = map.correlations[n];
            ui.label(if correlation.is_finite() { format!("{correlation:.3}") } else { "–".into() });
            ui.end_row();
        }
    });
    if let Some(text) = angles(map, space.look.embedding) {
        ui.add(egui::Label::new(RichText::new(text).weak()).wrap())
            .on_hover_text("Near 90°: the two vary independently on the map. Near 0° or 180°: together.");
    }
    if periods != map.request.periods
        && let Some(own) = &mut space.map
    {
        Arc::make_mut(own).set_periods(periods);
        shared.changed();
    }
}

/// The angles between the directions of columns.
fn angles(map: &Map, embedding: usize) -> Option<String> {
    /// Columns that there is room for.
    const MOST: usize = 5;
    let all = map.embeddings[embedding].explained.iter();
    let fits: Vec<_> =
        all.filter_map(|explained| Some((explained.column, explained.fit.as_ref()?))).take(MOST).collect();
    let mut found = vec![];
    for (n, (column, fit)) in fits.iter().enumerate() {
        for (other_column, other) in &fits[n + 1..] {
            let names = [*column, *other_column].map(|n| map.columns[n].name.as_str());
            found.push(format!("{} and {} {:.0}°", names[0], names[1], angle_between(fit, other)));
        }
    }
    (!found.is_empty()).then(|| format!("Angles between directions: {}.", found.join(", ")))
}

/// All members, or the selected ones, with their rows; a click selects one.
pub fn members(space: &mut MapSpace, map: &Map, ui: &mut Ui) {
    /// The width of a column, in points.
    const NAME: f32 = 260.0;
    const COLUMN: f32 = 110.0;
    let shown: Vec<usize> = match space.selected.is_empty() {
        true => (0..map.members.len()).collect(),
        false => space.selected.iter().copied().collect(),
    };
    let text_of = |ui: &mut Ui, width: f32, text: RichText| {
        ui.allocate_ui_with_layout(
            egui::vec2(width, ui.available_height()),
            Layout::left_to_right(Align::Center),
            |ui| {
                ui.set_min_width(width);
                ui.add(egui::Label::new(text).truncate().sense(Sense::click()))
            },
        )
        .inner
    };
    let mut wanted = None;
    ScrollArea::both().auto_shrink([false, false]).show(ui, |ui| {
        ui.horizontal(|ui| {
            text_of(ui, NAME, RichText::new("Name").strong());
            for column in &map.columns {
                text_of(ui, COLUMN, RichText::new(&column.name).strong());
            }
        });
        let height = ui.spacing().interact_size.y;
        let first = ui.next_widget_position().y;
        let clip = ui.clip_rect();
        // Only rows that are seen are laid out: a set may have ten thousand.
        let step = height + ui.spacing().item_spacing.y;
        let from = ((clip.top() - first) / step).floor().max(0.0) as usize;
        let to = (((clip.bottom() - first) / step).ceil().max(0.0) as usize).min(shown.len());
        let from = from.min(to);
        ui.add_space(from as f32 * step);
        for member in &shown[from..to] {
            ui.horizontal(|ui| {
                let own = &map.members[*member];
                if text_of(ui, NAME, RichText::new(&own.name)).on_hover_text(&own.name).clicked() {
                    wanted = Some(*member);
                }
                for column in &map.columns {
                    text_of(ui, COLUMN, RichText::new(cell(column, *member)));
                }
            });
        }
        ui.add_space((shown.len() - to) as f32 * step);
    });
    if let Some(member) = wanted {
        space.select([member]);
    }
}

/// What was left out or not found.
pub fn notes(map: &Map, ui: &mut Ui) {
    if map.notes.is_empty() {
        ui.label("Nothing was left out.");
        return;
    }
    let height = ui.text_style_height(&egui::TextStyle::Body);
    ScrollArea::vertical().auto_shrink([false, false]).show_rows(ui, height, map.notes.len(), |ui, rows| {
        for note in &map.notes[rows] {
            ui.add(egui::Label::new(note).truncate()).on_hover_text(note);
        }
    });
}
