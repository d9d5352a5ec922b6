//! The view: candidates, and the search.

use egui::{Context, Panel, RichText, ScrollArea, Ui};

use super::state::{DesignSpace, Shown};
use super::work::pictures;
use crate::app::shared::Shared;
use crate::app::shared::plots::row_of_plots;
use crate::app::shared::send::{Sent, send};
use crate::app::space::placeholder;
use crate::app::theme;
use crate::app::widgets::{Picture, ShownFigure, thumbnail};
use crate::figure::with_half_width;
use crate::job::{Candidate, Designed, Member, design_figures};
use crate::learn::{Forecast, Prediction};

/// The edge of a picture, and of the smallest one in a low window.
const EDGE: f32 = 200.0;
const LEAST_EDGE: f32 = 96.0;

pub fn view(space: &mut DesignSpace, shared: &mut Shared, ui: &mut Ui) {
    let Some(designed) = space.designed.clone() else {
        placeholder(
            ui,
            "Say which value a property is to have, and press Design micrographs. “What can be reached?” shows the values of pictures at random first.",
        );
        return;
    };
    let height = ui.available_height();
    Panel::bottom("design plots")
        .resizable(true)
        .default_size(0.45 * height)
        .size_range(120.0..=(height - 200.0).max(130.0))
        .show(ui, |ui| {
            ui.set_min_height(ui.available_height());
            plots(&designed, shared, ui);
        });
    egui::CentralPanel::no_frame().show(ui, |ui| candidates(space, &designed, shared, ui));
}

fn plots(designed: &Designed, shared: &mut Shared, ui: &mut Ui) {
    let figures: Vec<ShownFigure> =
        design_figures(designed).into_iter().map(|figure| ShownFigure::of(figure, ui)).collect();
    let columns = figures.len().max(1);
    row_of_plots(shared, ui, "designed", figures, columns, None);
}

fn candidates(space: &mut DesignSpace, designed: &Designed, shared: &mut Shared, ui: &mut Ui) {
    if designed.wished.is_empty() {
        let text =
            format!("{} pictures at random; these are from the least to the largest value.", designed.pictures.len());
        ui.label(text);
    }
    for wished in &designed.wished {
        let good = wished.candidates.iter().any(|c| c.miss <= designed.tolerance);
        let color = if good { ui.visuals().text_color() } else { theme::palette(ui).warning };
        ui.add(egui::Label::new(RichText::new(designed.verdict(wished)).color(color)).wrap());
    }
    for note in std::iter::once(&designed.made).chain(&designed.notes) {
        ui.add(egui::Label::new(RichText::new(note).weak().small()).wrap());
    }
    let refined = designed.candidates().any(|c| c.refined.is_some());
    if refined {
        ui.horizontal(|ui| {
            let before = space.shows_refined;
            ui.selectable_value(&mut space.shows_refined, false, "As painted")
                .on_hover_text("The pictures as the model paints them.");
            ui.selectable_value(&mut space.shows_refined, true, "Refined")
                .on_hover_text("Reconstructions of the candidates, as sharp as micrographs.");
            if before != space.shows_refined {
                space.shown = None;
            }
        });
    }
    let refined = refined && space.shows_refined;
    let shown = space.shown.get_or_insert_with(|| shown(designed, refined, ui.ctx()));
    if shown.iter().all(|shown| shown.number != space.chosen) {
        space.chosen = shown.first().map_or(0, |shown| shown.number);
    }
    buttons(shown.iter().find(|shown| shown.number == space.chosen), shared, ui);
    let lines = shown.iter().map(|shown| shown.lines.len()).max().unwrap_or(0) as f32;
    let edge = (ui.available_height() - 18.0 * lines - 24.0).clamp(LEAST_EDGE, EDGE);
    ScrollArea::both().id_salt("candidates").auto_shrink([false, false]).show(ui, |ui| {
        ui.horizontal_top(|ui| {
            for (n, shown) in shown.iter().enumerate() {
                ui.vertical(|ui| {
                    ui.set_width(edge);
                    let name = format!("Picture {}", n + 1);
                    if thumbnail(ui, &shown.picture, edge, shown.number == space.chosen, &name).clicked() {
                        space.chosen = shown.number;
                    }
                    for (k, line) in shown.lines.iter().enumerate() {
                        let text = RichText::new(line).small();
                        let text = if k == 0 && shown.is_good { text.strong() } else { text.weak() };
                        ui.add(egui::Label::new(text).truncate()).on_hover_text(line);
                    }
                });
            }
        });
    });
}

fn buttons(chosen: Option<&Shown>, shared: &mut Shared, ui: &mut Ui) {
    ui.horizontal(|ui| {
        for (to, name, tip) in [
            (Sent::Reconstruct, "Reconstruct it", "Open the chosen picture, to make micrographs like it."),
            (Sent::Compare, "Compare it", "Compare the chosen picture with the open micrograph."),
            (Sent::Properties, "Its properties", "Compute all properties of the chosen picture, with their fields."),
        ] {
            let button = ui.add_enabled(chosen.is_some(), egui::Button::new(name)).on_hover_text(tip);
            if let (true, Some(chosen)) = (button.clicked(), chosen) {
                send(shared, vec![chosen.member.clone()], false, to);
            }
        }
    });
}

/// The pictures with what is known of them.
fn shown(designed: &Designed, refined: bool, ctx: &Context) -> Vec<Shown> {
    let candidates: Vec<&Candidate> = designed.candidates().collect();
    let one = |(n, picture): (usize, usize)| {
        let candidate = candidates.get(n);
        let own = candidate.and_then(|c| c.refined.as_ref()).filter(|_| refined);
        let mut member = designed.member(picture);
        let looked = &designed.pictures[picture];
        let (mut values, mut forecast) = (&looked.values, looked.forecast);
        let mut miss = candidate.map(|c| c.miss);
        if let Some(own) = own {
            member = Member { grey: own.grey.clone(), ..member };
            (values, forecast, miss) = (&own.values, own.forecast, Some(own.miss));
        }
        let expected = if own.is_some() { [].as_slice() } else { &looked.predicted };
        let lines = lines(&designed.names, (values, forecast), miss, expected);
        let mut slot = None;
        let grey = member.grey.clone();
        Picture::show(&mut slot, ctx, &format!("designed {n}"), member.size, |i| egui::Color32::from_gray(grey[i]));
        let is_good = miss.is_some_and(|miss| miss <= designed.tolerance);
        slot.map(|shown| Shown { number: picture, picture: shown, member, lines, is_good })
    };
    pictures(designed).into_iter().enumerate().filter_map(one).collect()
}

/// What is known of a picture: its values, with what a predictor says beside them, the miss, and what the search expected.
fn lines(
    names: &[String],
    (values, forecast): (&[f64], Option<Forecast>),
    miss: Option<f64>,
    expected: &[Prediction],
) -> Vec<String> {
    let half_width = forecast.map(|forecast| forecast.half_width);
    let mut lines: Vec<String> = names
        .iter()
        .zip(values)
        .map(|(name, value)| format!("{} {name}", with_half_width(*value, half_width)))
        .collect();
    lines.extend(miss.map(|miss| format!("{:.1} % off", 100.0 * miss)));
    lines.extend(forecast.filter(|f| f.novelty > 1.0).map(|_| "outside what was learned from".to_string()));
    let expected = expected.iter().map(|p| with_half_width(p.value, p.deviation.map(|d| 1.96 * d)));
    lines.extend(expected.map(|text| format!("expected {text}")));
    lines
}
