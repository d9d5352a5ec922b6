//! The map, its legend, and the tables below it.

use std::sync::Arc;

use egui::{ProgressBar, RichText, ScrollArea, Ui};

use super::canvas::{canvas, hover};
use super::clusters::clusters;
use super::drawn::Drawn;
use super::legend::legend;
use super::look::{Hand, Tab};
use super::make::start_making;
use super::state::{Camera, EXPORT, MapSpace, NAME};
use super::table;
use crate::app::command::Action;
use crate::app::shared::Shared;
use crate::app::shared::plots::handle_plot_request;
use crate::app::theme;
use crate::app::widgets::{ShownFigure, titled_plot};
use crate::figure::{Figure, MADE, Series, thousands};
use crate::job::{Map, Progress};

/// The whole view.
pub fn view(space: &mut MapSpace, shared: &mut Shared, ui: &mut Ui) {
    let Some(map) = space.map.clone() else { return empty(space, shared, ui) };
    let height = ui.available_height();
    egui::Panel::bottom("map tables")
        .frame(theme::bare(ui))
        .resizable(true)
        .default_size(0.3 * height)
        .size_range(90.0..=(height - 200.0).max(100.0))
        .show(ui, |ui| tables(space, shared, &map, ui));
    egui::CentralPanel::no_frame().show(ui, |ui| {
        header(space, shared, &map, ui);
        let dark = ui.visuals().dark_mode;
        if !space.drawn.as_ref().is_some_and(|drawn| drawn.is_of(&map, &space.look, dark)) {
            space.drawn = Some(Drawn::of(&map, &space.look, dark));
        }
        match (&space.drawn, &space.atlas) {
            (Some(drawn), Some(atlas)) => legend(drawn, atlas, ui),
            _ => drop(ui.label(RichText::new("Pictures are being made small …").weak())),
        }
        let response = canvas(space, ui);
        hover(space, response);
    });
}

/// What stands in place of a map.
fn empty(space: &mut MapSpace, shared: &mut Shared, ui: &mut Ui) {
    if space.job.is_running() {
        return running(space, ui);
    }
    ui.vertical_centered(|ui| {
        ui.add_space(0.36 * ui.available_height());
        ui.set_max_width(520.0);
        let faint = theme::palette(ui).faint;
        let text = "Drop a folder of micrographs here, and a table of how each was made (CSV): micrographs that look \
                    alike lie near each other on the map.";
        ui.add(egui::Label::new(RichText::new(text).color(faint)).wrap());
        ui.add_space(theme::STEP);
        let tip = "Make 200 striped pictures with known angle, scale and noise, and map them.";
        if ui.button("Show me one of synthetic marble").on_hover_text(tip).clicked() {
            space.take_marble(200, 96);
            start_making(space, shared);
        }
    });
}

fn running(space: &MapSpace, ui: &mut Ui) {
    ui.centered_and_justified(|ui| {
        let progress = &space.job.progress;
        ui.set_max_width(420.0);
        ui.vertical_centered(|ui| {
            ui.add_space(0.4 * ui.available_height());
            ui.add(ProgressBar::new(progress.share() as f32).desired_width(380.0));
            ui.label(RichText::new(progress.doing()).weak());
        });
    });
}

/// Two or three dimensions, what the pointer does, and what the map is.
fn header(space: &mut MapSpace, shared: &mut Shared, map: &Map, ui: &mut Ui) {
    let look = &mut space.look;
    let each = &map.embeddings[look.embedding];
    let width = each.embedding.places.ncols();
    ui.horizontal_wrapped(|ui| {
        ui.selectable_value(&mut look.is_3d, false, "2-D").on_hover_text("The map in two of its dimensions.");
        ui.add_enabled_ui(width >= 3, |ui| {
            ui.selectable_value(&mut look.is_3d, true, "3-D")
                .on_hover_text("The map in three of its dimensions; drag to turn it.")
                .on_disabled_hover_text(
                    "This embedding has fewer than three dimensions; choose another one on the left.",
                );
        });
        ui.separator();
        ui.selectable_value(&mut look.hand, Hand::Move, "Move")
            .on_hover_text("Drag to move or turn the map, scroll to zoom, click to select. Shift and drag: lasso.");
        ui.selectable_value(&mut look.hand, Hand::Lasso, "Lasso")
            .on_hover_text("Drag around members to select them; with Ctrl to add them.");
        if ui.button("Fit").on_hover_text("Show the whole map. So does a double click beside all members.").clicked() {
            space.camera = Camera { turn: space.camera.turn, ..Camera::default() };
        }
        let tip = "Write coordinates, distances, regressions and the map itself (CSV, NPY, PNG, SVG, HTML) into the export \
                   folder (Ctrl+E).";
        if ui.button("Export").on_hover_text(tip).clicked() {
            shared.act(Action::DoIn(NAME, EXPORT));
        }
        ui.separator();
        let stress = each.embedding.stress;
        let text = format!("{} members, D* = {width}, stress {stress:.3}", thousands(map.members.len()));
        ui.label(RichText::new(text).weak()).on_hover_text(
            "Kruskal's stress: how far distances in this embedding are from the given ones. Below 0.05 good, above 0.2 \
             poor (Kruskal 1964). The view shows two or three of the D* dimensions.",
        );
    });
}

/// What stands below the map.
fn tables(space: &mut MapSpace, shared: &mut Shared, map: &Arc<Map>, ui: &mut Ui) {
    ui.horizontal_wrapped(|ui| {
        let left_out = format!("Notes ({})", map.notes.len());
        let selected = match space.selected.len() {
            0 => "Members".to_string(),
            some => format!("Selected ({some})"),
        };
        for (tab, name, tip) in [
            (Tab::Explained, "What explains it", "How well each column follows from the places."),
            (Tab::Stress, "Stress", "The stress against the number of dimensions."),
            (Tab::Members, selected.as_str(), "The members with their values; the selected ones if there are some."),
            (Tab::Clusters, "Clusters", "The clusters with their representatives."),
            (Tab::Notes, left_out.as_str(), "What was left out or not found, and why."),
        ] {
            ui.selectable_value(&mut space.tab, tab, name).on_hover_text(tip);
        }
    });
    ui.separator();
    // A tab with little in it must not move the map.
    ui.set_min_height(ui.available_height());
    match space.tab {
        Tab::Explained => {
            let scrolled = ScrollArea::both().auto_shrink([false, false]);
            scrolled.show(ui, |ui| table::explained(space, shared, map, ui));
        }
        Tab::Stress => stress(shared, map, ui),
        Tab::Members => table::members(space, map, ui),
        Tab::Clusters => clusters(space, shared, map, ui),
        Tab::Notes => table::notes(map, ui),
    }
}

fn stress(shared: &mut Shared, map: &Map, ui: &mut Ui) {
    if map.embeddings.len() < 2 {
        ui.label("There is one embedding. Raise the number of dimensions and make the map again.");
        return;
    }
    let figure = stress_figure(map);
    let colors = vec![theme::palette(ui).accent];
    let wanted = titled_plot(ui, "map", ShownFigure { figure, colors }, Some(0.0));
    handle_plot_request(shared, ui, wanted);
}

/// Stress against the number of dimensions.
fn stress_figure(map: &Map) -> Figure {
    let points = map.embeddings.iter().map(|each| (each.embedding.places.ncols() as f64, each.embedding.stress));
    Figure {
        title: "Stress".into(),
        x_label: "dimensions D*".into(),
        y_label: "Kruskal's stress".into(),
        series: vec![Series { name: "stress".into(), color: MADE, points: points.collect() }],
        ..Figure::default()
    }
}
