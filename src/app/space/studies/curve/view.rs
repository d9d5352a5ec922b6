//! The picture of a realisation, and its S2 beside that of the curve.

use egui::{DragValue, RichText, Ui};

use super::super::placeholder;
use super::state::CurveSpace;
use crate::app::shared::Shared;
use crate::app::shared::plots::{handle_picture_request, handle_plot_request};
use crate::app::theme;
use crate::app::widgets::{Pane, Picture, ShownFigure, show_panes, titled_plot};
use crate::job::curve_figure;
use crate::micrograph::Recipe;

pub fn view(space: &mut CurveSpace, shared: &mut Shared, ui: &mut Ui) {
    let Some(curve) = space.curve.clone() else {
        placeholder(
            ui,
            "Open a table of S2, or drop one on the window: its curve and the micrographs that have it appear here.",
        );
        return;
    };
    if space.described.is_none() {
        space.described = space.made.get(space.shown).map(|one| one.errors(curve.radial()));
    }
    let made = space.made.get(space.shown);
    let (map, found) = match &space.preview {
        Some(preview) => (preview.phases.clone(), preview.curves.get(1).map(|curves| curves.s2.clone())),
        None => (made.map(|one| one.map.clone()), made.map(|one| one.s2.clone())),
    };
    let height = ui.available_height();
    egui::Panel::bottom("curve plot")
        .frame(theme::bare(ui))
        .resizable(true)
        .default_size(0.42 * height)
        .size_range(120.0..=(height - 140.0).max(130.0))
        .show(ui, |ui| {
            below(space, ui);
            let palette = theme::palette(ui);
            let figure = curve_figure(curve.radial(), found.as_deref());
            let colors = vec![palette.original, palette.faint, palette.accent];
            let wanted = titled_plot(ui, "curve", ShownFigure { figure, colors }, None);
            handle_plot_request(shared, ui, wanted);
        });
    egui::CentralPanel::no_frame().show(ui, |ui| {
        if let Some(map) = &map
            && space.picture.is_none()
        {
            Picture::show_phases(&mut space.picture, ui.ctx(), "reconstruction from a curve", map, &Recipe::default());
        }
        let nothing = |_: usize, _: usize| String::new();
        let title = match (&space.preview, space.made.get(space.shown)) {
            (Some(_), _) => "Reconstruction".to_string(),
            (None, Some(one)) => format!("Reconstruction, seed {}", one.seed),
            (None, None) => "No reconstruction yet".into(),
        };
        let pane = Pane {
            title: &title,
            picture: space.picture.as_ref().filter(|_| map.is_some()),
            waiting: "Micrographs of two phases with this S2 appear here.",
            readout: &nothing,
            pixel_size: None,
            tool: false,
        };
        let mut view = shared.view;
        let wanted = show_panes(ui, "curve pane", &[pane], &mut view, |_, _, _, _| {});
        shared.view = view;
        handle_picture_request(shared, wanted);
    });
}

/// The choice of the realisation, and its errors.
fn below(space: &mut CurveSpace, ui: &mut Ui) {
    ui.horizontal_wrapped(|ui| {
        let count = space.made.len();
        if count > 1 {
            let mut shown = space.shown + 1;
            ui.label("Realisation shown");
            ui.add(DragValue::new(&mut shown).range(1..=count).suffix(format!(" of {count}")))
                .on_hover_text("Which realisation the picture and the plot show.");
            if shown - 1 != space.shown {
                space.show(shown - 1);
            }
        }
        if let Some(errors) = space.described.as_ref().filter(|_| space.preview.is_none()) {
            ui.label(RichText::new(errors).weak());
        }
    });
}
