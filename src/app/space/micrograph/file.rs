//! The open file: which of a folder and which page, the size of its pixels, and what was decided about it.

use egui::{DragValue, RichText, Ui};

use crate::app::shared::Shared;
use crate::app::shared::source::Source;
use crate::app::widgets::row;
use crate::micrograph::{PixelSize, Segmentation, UNITS};

pub fn file_section(shared: &mut Shared, ui: &mut Ui) {
    let source = shared.source.clone();
    if let (Some(place), true) = (source.place(), source.list.len() > 1) {
        ui.horizontal(|ui| {
            let last = source.list.len() - 1;
            let mut to = None;
            if ui.add_enabled(place > 0, egui::Button::new("◀")).on_hover_text("Previous micrograph").clicked() {
                to = Some(place - 1);
            }
            ui.label(format!("{} of {}", place + 1, last + 1));
            if ui.add_enabled(place < last, egui::Button::new("▶")).on_hover_text("Next micrograph").clicked() {
                to = Some(place + 1);
            }
            if let Some(to) = to {
                let source = Source { path: source.list[to].clone(), page: 0, ..source.clone() };
                open_with_recipe(shared, source);
            }
        });
    }
    if source.pages.len() > 1 {
        let mut page = source.page + 1;
        let (_, _) = row(ui, "Page", "Which page, slice or image of the file is shown.", |ui| {
            let field = ui.add(DragValue::new(&mut page).range(1..=source.pages.len()));
            ui.label(format!("of {}", source.pages.len()));
            field
        });
        if let Some(shown) = source.pages.get(source.page).filter(|name| !name.is_empty()) {
            ui.label(RichText::new(shown).weak().small());
        }
        if page != source.page + 1 {
            open_with_recipe(shared, Source { page: page - 1, ..source });
        }
    }
    pixel_size_row(shared, ui);
    notes_rows(shared, ui);
}

/// What was decided about the file without being asked, and the button that changes how it becomes phases.
fn notes_rows(shared: &mut Shared, ui: &mut Ui) {
    let Some(document) = shared.document.clone() else { return };
    for note in &document.micrograph().notes {
        ui.label(RichText::new(sentence(note)).weak().small());
    }
    let Some(guess) = document.prepared.segmented.as_ref().and_then(|s| s.guess.clone()) else { return };
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(sentence(&guess)).weak().small());
        let tip = "The program guessed how this file becomes phases. Choose it yourself.";
        ui.menu_button(RichText::new("Change ▾").small(), |ui| {
            let others = [
                ("Grey values: two phases by Otsu's threshold", Segmentation::Phases(2)),
                ("Grey values: three phases by Otsu's thresholds", Segmentation::Phases(3)),
                ("No phases: keep the image", Segmentation::Unsegmented),
            ];
            for (name, segmentation) in others {
                if ui.button(name).clicked() {
                    shared.settings.recipe.segmentation = segmentation;
                }
            }
        })
        .response
        .on_hover_text(tip);
    });
}

/// A part of a sentence as a sentence of its own.
fn sentence(part: &str) -> String {
    let mut letters = part.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).chain(['.']).collect())
}

/// Opens another picture with those parts of the recipe that apply to it.
fn open_with_recipe(shared: &mut Shared, source: Source) {
    let recipe = match &shared.document {
        Some(document) => document.recipe.portable(document.micrograph(), false),
        None => shared.settings.recipe.clone(),
    };
    shared.open_from(source, recipe);
}

fn pixel_size_row(shared: &mut Shared, ui: &mut Ui) {
    let Some(document) = shared.document.clone() else { return };
    let known = document.micrograph().pixel_size.clone();
    let unit = known.as_ref().map_or("µm", |p| p.unit(1.0).0);
    let metres = UNITS.iter().find(|(name, _)| *name == unit).map_or(1e-6, |(_, m)| *m);
    let mut size = known.as_ref().map_or(0.0, |p| p.metres / metres);
    let tip = "Edge of a pixel. Type it, or choose “Set scale” above the pictures and draw along a scale bar.";
    let mut edited = false;
    let (_, reset) = row(ui, "Pixel size", tip, |ui| {
        let speed = 0.001 * size.max(0.001);
        let field = DragValue::new(&mut size).speed(speed).range(0.0..=1e6).max_decimals(5);
        let field = if known.is_none() { field.custom_formatter(|_, _| "unknown".into()) } else { field };
        let response = ui.add(field);
        edited = response.changed();
        ui.label(format!("{unit}/px"));
        response
    });
    if let Some(known) = &known {
        ui.label(RichText::new(format!("from: {}", known.source)).weak().small());
    }
    if edited {
        shared.settings.recipe.pixel_size = PixelSize::new(size * metres, "typed");
    }
    if reset {
        shared.settings.recipe.pixel_size = None;
    }
}
