//! What artificial micrographs add: its settings, its work and its results.

use egui::{DragValue, Grid, RichText, Sense, Ui};

use super::state::{LearnSpace, Set, WantedArtificial};
use crate::app::shared::Shared;
use crate::app::shared::materials::{materials, materials_row};
use crate::app::shared::methods::gram_settings;
use crate::app::space::placeholder;
use crate::app::widgets::{choice, heading, value};
use crate::job::{ArtificialStudy, Generator, InputKind, Measure, artificial_table};
use crate::learn::Regressor;
use crate::property::Property;
use crate::reconstruct::Method;
use crate::reconstruct::markov::Markov;

/// The rows of the panel.
pub fn rows(space: &mut LearnSpace, shared: &mut Shared, ui: &mut Ui) {
    heading(ui, "Artificial micrographs");
    let tip = "What micrographs of a generator add to authentic ones: a property of all of them is computed, and predicted for authentic micrographs that were not learned from.";
    value(ui, "Study", tip, &mut space.wanted.studies, &false, |ui, v| ui.checkbox(v, "what they add"));
    if !space.wanted.studies {
        return;
    }
    let (wanted, defaults) = (&mut space.wanted.artificial, WantedArtificial::default());
    let all = Property::ALL.map(|p| (p, p.name()));
    let tip = "The property that is computed of every micrograph, and predicted.";
    choice(ui, "Property", tip, &mut wanted.property, &defaults.property, &all);
    materials_row(&materials(shared, vec![wanted.property]).0, ui);
    let tip = "Make micrographs by a latent model: the one chosen with Latent point above, or the built-in one of graphite. It should not have been trained on the micrographs that are predicted.";
    value(ui, "By model", tip, &mut wanted.latent, &defaults.latent, |ui, v| ui.checkbox(v, "latent model"));
    let tip = "Make micrographs from the authentic ones as a Markov random field.";
    value(ui, "By field", tip, &mut wanted.markov, &defaults.markov, |ui, v| ui.checkbox(v, "Markov random field"));
    let tip = "Authentic micrographs that are learned from and made from; the others are predicted.";
    value(ui, "Authentic", tip, &mut wanted.authentic, &defaults.authentic, |ui, v| {
        ui.add(DragValue::new(v).range(8..=100_000))
    });
    let tip = "The most artificial micrographs that are added to them. A quarter and a half of them are tried too.";
    value(ui, "Added", tip, &mut wanted.most, &defaults.most, |ui, v| ui.add(DragValue::new(v).range(4..=10_000)));
    let tip = "How many times they are drawn from all that were made.";
    value(ui, "Draws", tip, &mut wanted.draws, &defaults.draws, |ui, v| ui.add(DragValue::new(v).range(1..=100)));
    let readings = [
        (InputKind::Statistics, "Statistics"),
        (InputKind::TwoPoint, "Two-point"),
        (InputKind::Textures, "Textures"),
        (InputKind::Pixels, "Pixels, by a network"),
    ];
    let tip = "What is read of micrographs. Pixels are read by a neural network alone.";
    choice(ui, "Read", tip, &mut wanted.reading, &defaults.reading, &readings);
    if wanted.reading != InputKind::Pixels {
        let tip = wanted.regressor.tooltip();
        let kinds = Regressor::ALL.map(|r| (r, r.name()));
        choice(ui, "Predicted by", tip, &mut wanted.regressor, &defaults.regressor, &kinds);
    }
}

/// Why the study cannot start now.
pub fn missing(space: &LearnSpace) -> Option<&'static str> {
    let wanted = &space.wanted;
    match () {
        () if space.is_running() || space.is_studying() => Some("Something is under way; stop that first."),
        () if wanted.set == Set::Files && wanted.files.is_empty() => Some("Choose micrographs or a folder first."),
        () if !wanted.artificial.latent && !wanted.artificial.markov => Some("Tick a generator."),
        () => None,
    }
}

/// Starts the study.
pub fn study(space: &mut LearnSpace, shared: &Shared) {
    if missing(space).is_some() {
        return;
    }
    let learn = super::work::request(space, shared);
    let wanted = &space.wanted.artificial;
    let model = wanted.latent.then(|| Generator::Latent(space.wanted.model.clone()));
    let markov = wanted.markov.then(|| Generator::Method(Box::new(Method::Markov(Markov::default()))));
    let reads_pixels = wanted.reading == InputKind::Pixels;
    let request = ArtificialStudy {
        source: learn.source,
        recipe: learn.recipe,
        patches: learn.patches,
        measure: Measure::Solve(Box::new(materials(shared, vec![wanted.property]))),
        generators: model.into_iter().chain(markov).collect(),
        authentic: wanted.authentic,
        counts: vec![0, wanted.most / 4, wanted.most / 2, wanted.most],
        draws: wanted.draws,
        inputs: wanted.reading.distances(&gram_settings(shared).weights, None),
        regressor: if reads_pixels { Regressor::Network } else { wanted.regressor },
        preset: learn.preset,
        seed: learn.seed,
        device: learn.device,
    };
    space.job.failure = None;
    space.study.start(request, &shared.wake);
}

/// The results.
pub fn view(space: &LearnSpace, ui: &mut Ui) {
    let Some(found) = &space.artificial else {
        placeholder(ui, "Tick Study in the panel: what artificial micrographs add to authentic ones appears here.");
        return;
    };
    let table = artificial_table(found);
    ui.label(RichText::new(&table.caption).weak());
    Grid::new("artificial").striped(true).spacing([18.0, 4.0]).show(ui, |ui| {
        let tip = "KS distance: the largest difference of the cumulative distributions of the property, artificial and authentic. R²: mean and standard deviation of the draws.";
        for heading in &table.headings {
            ui.label(RichText::new(heading).strong()).on_hover_text(tip);
        }
        ui.end_row();
        for cell in table.rows.iter().flat_map(|row| row.iter().map(Some).chain([None])) {
            match cell {
                Some(cell) if cell.is_best => drop(ui.label(RichText::new(&cell.text).strong())),
                Some(cell) => drop(ui.add(egui::Label::new(&cell.text).sense(Sense::hover()))),
                None => ui.end_row(),
            }
        }
    });
    for note in &found.notes {
        ui.add(egui::Label::new(RichText::new(note).small().weak()).wrap());
    }
}
