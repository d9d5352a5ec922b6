//! The view: the fields as pictures, and what belongs to them below.

use egui::{ComboBox, Panel, RichText, ScrollArea, Ui};

use super::state::{self, PropertySpace, Tab};
use super::{field, table, threshold};
use crate::app::shared::Shared;
use crate::app::shared::original::Original;
use crate::app::shared::plots::{handle_picture_request, row_of_plots};
use crate::app::space::placeholder;
use crate::app::theme;
use crate::app::widgets::{Pane, Picture, ShownFigure, color_bar, show_panes};
use crate::figure::significant;
use crate::job::convergence_figures;

pub fn view(space: &mut PropertySpace, shared: &mut Shared, ui: &mut Ui) {
    let originals = state::originals(shared);
    let Some(original) = space.original_of(&originals) else {
        placeholder(
            ui,
            "Open a micrograph with phases. Its bounds and estimates appear here at once; Compute solves the fields.",
        );
        return;
    };
    let height = ui.available_height();
    Panel::bottom("property tables")
        .resizable(true)
        .default_size(0.46 * height)
        .size_range(120.0..=(height - 140.0).max(130.0))
        .show(ui, |ui| below(space, shared, &original, ui));
    egui::CentralPanel::no_frame().show(ui, |ui| pictures(space, shared, &original, ui));
}

/// The original's phases beside the chosen field of up to three maps, all of them at one zoom.
fn pictures(space: &mut PropertySpace, shared: &mut Shared, original: &Original, ui: &mut Ui) {
    let Some(map) = original.phases.clone() else { return };
    if space.pictured.as_ref().is_none_or(|p| !std::sync::Arc::ptr_eq(p, &map)) {
        Picture::show_phases(
            &mut space.original_picture,
            ui.ctx(),
            "original of the properties",
            &map,
            &original.recipe,
        );
        space.pictured = Some(map.clone());
    }
    let names = space.results.as_ref().map_or(vec![], field::names);
    if !names.contains(&space.field) {
        space.field = names.first().cloned().unwrap_or_default();
        space.fields.clear();
    }
    ui.horizontal(|ui| {
        ui.label("Field");
        let before = space.field.clone();
        let shown = if names.is_empty() { "none yet" } else { &before };
        ui.add_enabled_ui(!names.is_empty(), |ui| {
            ComboBox::from_id_salt("field").selected_text(shown).width(320.0).height(520.0).show_ui(ui, |ui| {
                for name in &names {
                    ui.selectable_value(&mut space.field, name.clone(), name);
                }
            })
        })
        .response
        .on_hover_text("Which field the pictures show: flux, stress, speed or absorption.")
        .on_disabled_hover_text("Compute shows fields here.");
        if space.field != before {
            space.fields.clear();
        }
    });
    let shown = field::shown(space);
    field::paint(space, ui.ctx(), &shown);
    let unit = shown.first().and_then(|(_, f)| field::named(f, &space.field)).map_or(String::new(), |f| f.unit.clone());
    let values: Vec<_> = shown.iter().filter_map(|(_, found)| field::named(found, &space.field)).collect();
    let request = space.results.as_ref().map(|r| r.request.clone());
    let title = |n: usize| request.as_ref().map_or(String::new(), |r| r.maps[shown[n].0].name.clone());
    let titles: Vec<String> = (0..shown.len()).map(title).collect();
    let readouts: Vec<Box<dyn Fn(usize, usize) -> String>> = values
        .iter()
        .map(|field| {
            let unit = field.unit.clone();
            let values = &field.values;
            Box::new(move |row: usize, column: usize| {
                values.get((row, column)).map_or(String::new(), |v| format!("{} {unit}", significant(f64::from(*v))))
            }) as Box<dyn Fn(usize, usize) -> String>
        })
        .collect();
    let of_phases = |row: usize, column: usize| {
        map.labels.get((row, column)).map_or(String::new(), |l| original.recipe.phase_name(usize::from(*l)))
    };
    let phases_title = format!("Phases: {}", original.name);
    let pixel_size = original.pixel_size.as_ref();
    let mut panes = vec![Pane {
        title: &phases_title,
        picture: space.original_picture.as_ref(),
        waiting: "",
        readout: &of_phases,
        pixel_size,
        tool: false,
    }];
    for ((title, picture), readout) in titles.iter().zip(&space.fields).zip(&readouts) {
        panes.push(Pane { title, picture: picture.as_ref(), waiting: "", readout, pixel_size, tool: false });
    }
    let nothing = |_: usize, _: usize| String::new();
    if shown.is_empty() {
        let waiting = if space.is_running() {
            "The fields appear here as soon as a map is done."
        } else {
            "Compute solves the fields and shows them here: flux, stress and strain, velocity, absorbed light."
        };
        panes.push(Pane { title: "Field", picture: None, waiting, readout: &nothing, pixel_size: None, tool: false });
    }
    let mut pane_view = shared.view;
    let room = ui.available_size();
    let wanted = ui
        .allocate_ui_with_layout(room, egui::Layout::left_to_right(egui::Align::Min), |ui| {
            /// The width of the scale of colours.
            const BAR: f32 = 92.0;
            let bar = if shown.is_empty() { 0.0 } else { BAR };
            let size = egui::vec2(room.x - bar, room.y);
            let wanted = ui
                .allocate_ui(size, |ui| {
                    ui.set_min_size(size);
                    show_panes(ui, "property panes", &panes, &mut pane_view, |_, _, _, _| {})
                })
                .inner;
            if !shown.is_empty() {
                let (low, high) = field::range(&shown, &space.field);
                let (low, high) = (f64::from(low), f64::from(high));
                let share = |v: f64| if high > low { (v - low) / (high - low) } else { 0.5 };
                color_bar(ui, &unit, (low, high), &|v| theme::scale(share(v)));
            }
            wanted
        })
        .inner;
    shared.view = pane_view;
    handle_picture_request(shared, wanted);
}

fn below(space: &mut PropertySpace, shared: &mut Shared, original: &Original, ui: &mut Ui) {
    // A panel takes the height of what it holds; on every tab it has to stay as it is.
    ui.set_min_height(ui.available_height());
    ui.horizontal(|ui| {
        for (tab, name, tip) in [
            (
                Tab::Estimates,
                "Estimates",
                "Bounds and estimates of the original as it is now; they follow every change at once.",
            ),
            (Tab::Results, "Results", "The table of the last computation."),
            (Tab::Histogram, "Histogram", "How often the values of the shown field occur, and its hot spots."),
            (Tab::Convergence, "Convergence", "How the numbers of light settle with the number of orders."),
            (Tab::Threshold, "Threshold", "How the estimates depend on the threshold of a grey micrograph."),
        ] {
            ui.selectable_value(&mut space.tab, tab, name).on_hover_text(tip);
        }
        let maps = space.maps(shared, original);
        if space.tab == Tab::Results && space.results.is_some() && !space.is_running() && !space.is_fresh(&maps) {
            let palette = theme::palette(ui);
            let text = RichText::new("Settings or maps have changed since: Compute again.").color(palette.warning);
            ui.add(egui::Label::new(text).truncate());
        }
    });
    ui.separator();
    match space.tab {
        Tab::Estimates => {
            ScrollArea::both()
                .id_salt("estimates")
                .auto_shrink([false, false])
                .show(ui, |ui| table::estimates(space, ui));
        }
        Tab::Results => {
            ScrollArea::both().id_salt("results").auto_shrink([false, false]).show(ui, |ui| table::results(space, ui));
        }
        Tab::Histogram => histogram(space, shared, original, ui),
        Tab::Convergence => convergence(space, shared, ui),
        Tab::Threshold => threshold::tab(space, shared, ui),
    }
}

/// How the numbers of light of the shown maps settle.
fn convergence(space: &PropertySpace, shared: &mut Shared, ui: &mut Ui) {
    let all = space.results.iter().flat_map(|r| r.request.maps.iter().zip(&r.maps));
    let figures = all.filter_map(|(map, found)| Some(convergence_figures(&map.name, found.as_ref()?))).flatten();
    let shown: Vec<ShownFigure> = figures
        .take(field::MOST_SHOWN)
        .map(|figure| ShownFigure { colors: (0..figure.series.len()).map(theme::line).collect(), figure })
        .collect();
    if shown.is_empty() {
        placeholder(
            ui,
            "Tick Light and compute with fields; absorption, reflection and transmission appear here over the orders.",
        );
        return;
    }
    let columns = shown.len();
    row_of_plots(shared, ui, "property convergence", shown, columns, None);
}

fn histogram(space: &mut PropertySpace, shared: &mut Shared, original: &Original, ui: &mut Ui) {
    let shown = field::shown(space);
    let first = shown.first().and_then(|(n, found)| Some((*n, field::named(found, &space.field)?)));
    let Some((number, of_field)) = first else {
        placeholder(ui, "Compute a field first; its values appear here by phase.");
        return;
    };
    let Some(map) = space.results.as_ref().map(|r| r.request.maps[number].map.clone()) else { return };
    let (figure, text) = space.histogram.get_or_insert_with(|| {
        let names: Vec<String> = (0..map.phases).map(|p| original.recipe.phase_name(p)).collect();
        (field::histogram(of_field, &map, &names), field::hot_spots(of_field))
    });
    ui.add(egui::Label::new(RichText::new(text.as_str()).weak()).wrap());
    let colors = (0..map.phases).map(theme::line).collect();
    let shown = ShownFigure { figure: figure.clone(), colors };
    row_of_plots(shared, ui, "property histogram", [shown], 1, None);
}
