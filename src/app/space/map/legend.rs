//! What colours, sizes and markers stand for: a row above the map.

use egui::{Color32, RichText, Sense, Ui, vec2};

use super::atlas::Atlas;
use super::drawn::{Drawn, Legend};
use crate::app::theme;
use crate::figure::significant;

/// The row.
pub fn legend(drawn: &Drawn, atlas: &Atlas, ui: &mut Ui) {
    ui.horizontal_wrapped(|ui| {
        ui.spacing_mut().item_spacing.x = 6.0;
        match &drawn.legend {
            Legend::Nothing => {}
            Legend::Numbers { name, low, high } => {
                ui.label(RichText::new(name).strong());
                ui.label(significant(*low));
                bar(ui, theme::scale);
                ui.label(significant(*high));
            }
            Legend::Periodic { name, period } => {
                ui.label(RichText::new(name).strong());
                ui.label("0");
                bar(ui, theme::wheel);
                ui.label(significant(*period));
            }
            Legend::Words { name, words } => {
                ui.label(RichText::new(name).strong());
                for (word, color) in words {
                    square(ui, *color);
                    ui.label(word);
                }
            }
        }
        if let Some((name, low, high)) = &drawn.size_legend {
            ui.add_space(theme::STEP);
            ui.label(RichText::new(format!("Size: {name}")).strong());
            ui.label(format!("{} to {}", significant(*low), significant(*high)));
        }
        if let Some((name, words)) = &drawn.marker_legend {
            ui.add_space(theme::STEP);
            ui.label(RichText::new(format!("Marker: {name}")).strong());
            for (n, word) in words.iter().enumerate().take(atlas.markers.len() - 1) {
                let (place, _) = ui.allocate_exact_size(vec2(12.0, 12.0), Sense::hover());
                let color = ui.visuals().text_color();
                ui.painter().image(atlas.texture.id(), place, atlas.markers[n], color);
                ui.label(word);
            }
            if words.len() >= atlas.markers.len() {
                ui.label(RichText::new("and so on, from the first again").weak());
            }
        }
    });
}

fn bar(ui: &mut Ui, color: fn(f64) -> Color32) {
    const PARTS: usize = 48;
    let (place, _) = ui.allocate_exact_size(vec2(120.0, 10.0), Sense::hover());
    let width = place.width() / PARTS as f32;
    for n in 0..PARTS {
        let left = place.left() + n as f32 * width;
        let part = egui::Rect::from_min_size(egui::pos2(left, place.top()), vec2(width + 0.5, place.height()));
        ui.painter().rect_filled(part, 0.0, color(n as f64 / (PARTS - 1) as f64));
    }
}

fn square(ui: &mut Ui, color: Color32) {
    let (place, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
    ui.painter().rect_filled(place, 2.0, color);
}
