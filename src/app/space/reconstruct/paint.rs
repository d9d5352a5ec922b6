//! Pixels that direct sampling is given, painted on the original.

use egui::{Color32, CursorIcon, DragValue, Response, Stroke, Ui};

use super::state::{Brush, ReconstructSpace};
use crate::app::shared::Shared;
use crate::app::theme;
use crate::app::widgets::{Place, value};
use crate::reconstruct::Method;
use crate::reconstruct::sampling::{Dab, MOST_DABS};

/// Whether the mouse paints on the original.
pub fn paints(space: &ReconstructSpace, shared: &Shared) -> bool {
    space.brush.is_on && !space.run.is_running() && matches!(shared.settings.method, Method::Sampling(_))
}

/// The settings of the brush, if the method takes painted pixels.
pub fn settings(space: &mut ReconstructSpace, shared: &mut Shared, ui: &mut Ui) {
    let phases = shared.document.as_ref().and_then(|d| d.phases()).map(|map| map.phases);
    let Method::Sampling(sampling) = &mut shared.settings.method else { return };
    let default = Brush::default();
    let brush = &mut space.brush;
    let tip = "Paint pixels that the result has to have, on the original's picture; they stay at the same place in the \
               result. The middle mouse button then moves the picture.";
    value(ui, "Paint", tip, &mut brush.is_on, &default.is_on, |ui, v| ui.checkbox(v, ""));
    if brush.is_on {
        let most = phases.map_or(255, |phases| phases as u8 - 1);
        brush.value = brush.value.min(most);
        let (label, tip) = match phases {
            Some(_) => ("Painted phase", "The phase of the pixels that are painted."),
            None => ("Painted value", "The grey value of the pixels that are painted, 0 to 255."),
        };
        value(ui, label, tip, &mut brush.value, &default.value.min(most), |ui, v| {
            ui.add(DragValue::new(v).range(0..=most))
        });
        value(ui, "Brush", "The radius of the brush.", &mut brush.radius, &default.radius, |ui, v| {
            ui.add(DragValue::new(v).range(0..=200).suffix(" px"))
        });
    }
    if !sampling.painted.is_empty()
        && ui.button("Remove what is painted").on_hover_text("No pixel is given any more.").clicked()
    {
        sampling.painted.clear();
    }
}

/// Paints where the button is held.
pub fn paint(space: &ReconstructSpace, shared: &mut Shared, ui: &Ui, response: &Response, place: Place) {
    let is_painting = paints(space, shared);
    let Method::Sampling(sampling) = &mut shared.settings.method else { return };
    let pointer = response.interact_pointer_pos().or(response.hover_pos());
    if let Some(at) = pointer.filter(|_| is_painting) {
        ui.set_cursor_icon(CursorIcon::Crosshair);
        let [row, column] = place.pixel(at).map(f32::round);
        let is_held = response.is_pointer_button_down_on() && ui.input(|i| i.pointer.primary_down());
        if is_held && row >= 0.0 && column >= 0.0 && place.target.contains(at) && sampling.painted.len() < MOST_DABS {
            let dab = Dab {
                row: row as usize,
                column: column as usize,
                radius: space.brush.radius,
                value: space.brush.value,
            };
            // Discs overlap by half, so that a stroke has no gaps.
            let apart = (dab.radius / 2).max(1);
            let is_far = |last: &Dab| last.row.abs_diff(dab.row).max(last.column.abs_diff(dab.column)) >= apart;
            if sampling.painted.last().is_none_or(|last| is_far(last) || last.value != dab.value) {
                sampling.painted.push(dab);
            }
        }
        let radius = (space.brush.radius as f32 + 0.5) * place.zoom;
        ui.painter_at(place.pane).circle_stroke(at, radius, Stroke::new(1.5, theme::palette(ui).accent));
    }
    let painter = ui.painter_at(place.pane);
    for dab in &sampling.painted {
        let centre = place.screen([dab.row as f32, dab.column as f32]);
        let radius = (dab.radius as f32 + 0.5) * place.zoom;
        // Dark and light, so that it is seen on every phase.
        let fill = if dab.value == 0 { Color32::from_black_alpha(150) } else { Color32::from_white_alpha(150) };
        painter.circle(centre, radius, fill, Stroke::new(1.0, theme::palette(ui).accent));
    }
}
