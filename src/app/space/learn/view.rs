//! The view: what predictions are worth.

use egui::{Grid, Panel, RichText, ScrollArea, Sense, Ui};

use super::artificial;
use super::state::{LearnSpace, Tab};
use crate::app::shared::Shared;
use crate::app::shared::plots::row_of_plots;
use crate::app::space::placeholder;
use crate::app::theme;
use crate::app::widgets::ShownFigure;
use crate::figure::{Figure, significant};
use crate::job::{Progress, artificial_figures, learned_figures, learned_table, part_figures};

pub fn view(space: &mut LearnSpace, shared: &mut Shared, ui: &mut Ui) {
    if space.learned.is_none() && shared.predictor.is_none() && space.artificial.is_none() {
        placeholder(
            ui,
            "Choose micrographs and a table with a value for each. Learn predicts every one from the others.",
        );
        return;
    }
    let height = ui.available_height();
    Panel::bottom("learn tables")
        .resizable(true)
        .default_size(0.45 * height)
        .size_range(120.0..=(height - 140.0).max(130.0))
        .show(ui, |ui| below(space, shared, ui));
    egui::CentralPanel::no_frame().show(ui, |ui| plots(space, shared, ui));
}

fn plots(space: &LearnSpace, shared: &mut Shared, ui: &mut Ui) {
    if let (Tab::Artificial, Some(found)) = (space.tab, &space.artificial) {
        return figures(shared, ui, "artificial", artificial_figures(found));
    }
    let Some(learned) = &space.learned else {
        let text = match &shared.predictor {
            Some(_) => "A predictor is open. Drop micrographs here to predict them.",
            None => "Nothing is learned yet.",
        };
        placeholder(ui, text);
        return;
    };
    let color = match learned.best().validation.scores.rmse < learned.mean.scores.rmse {
        true => ui.visuals().text_color(),
        false => theme::palette(ui).warning,
    };
    ui.add(egui::Label::new(RichText::new(learned.verdict()).color(color)).wrap());
    match space.tab {
        Tab::Parts => figures(shared, ui, "parts", part_figures(learned)),
        _ => {
            let attempt = space.attempt.min(learned.attempts.len() - 1);
            figures(shared, ui, "learned", learned_figures(learned, attempt));
        }
    }
}

/// A row of figures.
fn figures(shared: &mut Shared, ui: &mut Ui, id: &str, all: Vec<Figure>) {
    let columns = all.len();
    let shown: Vec<ShownFigure> = all.into_iter().map(|figure| ShownFigure::of(figure, ui)).collect();
    row_of_plots(shared, ui, id, shown, columns, None);
}

fn below(space: &mut LearnSpace, shared: &Shared, ui: &mut Ui) {
    // A panel takes the height of what it holds; on every tab it has to stay as it is.
    ui.set_min_height(ui.available_height());
    ui.horizontal(|ui| {
        for (tab, name, tip) in [
            (Tab::Scores, "Scores", "Every attempt and the baselines; a click shows the predictions of an attempt."),
            (
                Tab::Parts,
                "Parts",
                "Box plots of every attempt's errors part by part: how much they depend on what is learned from.",
            ),
            (Tab::Importance, "Importance", "Which inputs the best attempt reads."),
            (Tab::Predictions, "Predictions", "Predictions of further micrographs."),
            (Tab::Artificial, "Artificial", "What artificial micrographs add to authentic ones."),
            (Tab::Notes, "Notes", "What was left out, and what to know of the scores."),
        ] {
            ui.selectable_value(&mut space.tab, tab, name).on_hover_text(tip);
        }
    });
    ui.separator();
    ScrollArea::both().id_salt("learn").auto_shrink([false, false]).show(ui, |ui| match space.tab {
        Tab::Scores | Tab::Parts => scores(space, ui),
        Tab::Importance => importance(space, ui),
        Tab::Predictions => predictions(space, shared, ui),
        Tab::Artificial => artificial::view(space, ui),
        Tab::Notes => notes(space, ui),
    });
}

fn scores(space: &mut LearnSpace, ui: &mut Ui) {
    let Some(learned) = space.learned.clone() else {
        placeholder(ui, "Learn fills this table: every attempt with its errors, beside the baselines.");
        return;
    };
    let table = learned_table(&learned);
    ui.label(RichText::new(&table.caption).weak());
    let tips = [
        "What was read of the micrographs.",
        "The kind of regression. A click shows its predictions above.",
        "1 for perfect predictions, 0 for those of the mean. Of samples that were not learned from.",
        "The mean absolute error.",
        "The root of the mean squared error.",
        "The mean absolute error over the value.",
    ];
    Grid::new("scores").striped(true).spacing([18.0, 4.0]).show(ui, |ui| {
        for (heading, tip) in table.headings.iter().zip(tips) {
            ui.label(RichText::new(heading).strong()).on_hover_text(tip);
        }
        ui.end_row();
        for (n, row) in table.rows.iter().enumerate() {
            let is_attempt = n < learned.attempts.len();
            for (k, cell) in row.iter().enumerate() {
                let mut text = RichText::new(&cell.text);
                if cell.is_best {
                    text = text.strong();
                }
                if !is_attempt {
                    text = text.weak();
                }
                if k == 1 && is_attempt {
                    if ui.selectable_label(n == space.attempt, text).clicked() {
                        space.attempt = n;
                    }
                } else {
                    ui.add(egui::Label::new(text).sense(Sense::hover()));
                }
            }
            ui.end_row();
        }
    });
}

fn importance(space: &LearnSpace, ui: &mut Ui) {
    let Some(learned) = &space.learned else {
        placeholder(ui, "Learn ranks the inputs by how much worse predictions become without them.");
        return;
    };
    if learned.importances.is_empty() {
        placeholder(ui, "The best is a network on pictures, and pixels have no ranking.");
        return;
    }
    let tip = "How much the root mean squared error grows when this input is shuffled among what was not learned from.";
    ui.label(RichText::new("Growth of the error when an input is shuffled").weak()).on_hover_text(tip);
    let largest = learned.importances.first().map_or(1.0, |(_, i)| i.growth.max(1e-9));
    Grid::new("importances").striped(true).spacing([18.0, 4.0]).show(ui, |ui| {
        for (name, importance) in &learned.importances {
            ui.label(name);
            let share = (importance.growth / largest).clamp(0.0, 1.0) as f32;
            let (rect, _) = ui.allocate_exact_size(egui::vec2(220.0, 12.0), Sense::hover());
            let bar = egui::Rect::from_min_size(rect.min, egui::vec2(share * rect.width(), rect.height()));
            ui.painter().rect_filled(bar, 2.0, theme::palette(ui).accent);
            ui.label(format!("{:.1} %", 100.0 * importance.growth));
            ui.end_row();
        }
    });
}

fn predictions(space: &LearnSpace, shared: &Shared, ui: &mut Ui) {
    let Some(open) = &shared.predictor else {
        placeholder(ui, "Learn, or open a predictor; then drop micrographs here.");
        return;
    };
    if space.predicting.is_running() {
        let text = format!("Predicting: {}", space.predicting.progress.doing());
        ui.label(RichText::new(text).weak());
    }
    if space.predicted.is_empty() {
        placeholder(ui, "Drop micrographs here, or press Predict…: their values appear with intervals.");
        return;
    }
    let palette = theme::palette(ui);
    Grid::new("predictions").striped(true).spacing([18.0, 4.0]).show(ui, |ui| {
        for (heading, tip) in [
            ("Micrograph", "Its file, and the patch."),
            (open.about.column.as_str(), "The predicted value."),
            ("95 % interval", "From the process itself, or from the errors of the validation."),
            ("Novelty", "Distance to the nearest sample over that of 95 % of the samples. Above 1: outside what was learned from."),
        ] {
            ui.label(RichText::new(heading).strong()).on_hover_text(tip);
        }
        ui.end_row();
        for predicted in &space.predicted {
            let forecast = predicted.forecast;
            ui.label(&predicted.name);
            ui.label(significant(forecast.value));
            ui.label(format!("± {}", significant(forecast.half_width)));
            if forecast.novelty > 1.0 {
                let text = format!("{:.2}: outside what was learned from", forecast.novelty);
                ui.label(RichText::new(text).color(palette.warning));
            } else {
                ui.label(format!("{:.2}", forecast.novelty));
            }
            ui.end_row();
        }
    });
}

fn notes(space: &LearnSpace, ui: &mut Ui) {
    let notes = space.learned.as_ref().map(|learned| learned.notes.as_slice()).unwrap_or_default();
    if notes.is_empty() {
        placeholder(ui, "There is nothing to note.");
    }
    for note in notes {
        ui.add(egui::Label::new(note).wrap());
    }
}
