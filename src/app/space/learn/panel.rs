//! The panel: micrographs, values, inputs, regressions, validation.

use egui::{DragValue, ProgressBar, RichText, ScrollArea, TextEdit, Ui};

use super::state::{LearnSpace, NAME, Set, Wanted};
use super::{artificial, work};
use crate::app::shared::Shared;
use crate::app::shared::ask::{ask_for_files, model_row};
use crate::app::shared::methods::gram_settings;
use crate::app::shared::question::PathKind;
use crate::app::theme;
use crate::app::widgets::{choice, heading, primary, row, value};
use crate::job::{InputKind, NetworkPreset, Progress, Request, about_seconds};
use crate::learn::{Regressor, SplitKind};

pub fn panel(space: &mut LearnSpace, shared: &mut Shared, ui: &mut Ui) {
    egui::Panel::bottom("learn start")
        .frame(egui::Frame::NONE)
        .show_separator_line(true)
        .show(ui, |ui| start(space, shared, ui));
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.add_enabled_ui(!space.is_running(), |ui| {
            set_rows(&mut space.wanted, shared, ui);
            value_rows(space, shared, ui);
            input_rows(&mut space.wanted, shared, ui);
            regression_rows(&mut space.wanted, space.cost, ui);
            validation_rows(&mut space.wanted, ui);
        });
        prediction_rows(shared, ui);
        ui.add_enabled_ui(!space.is_studying(), |ui| artificial::rows(space, shared, ui));
    });
}

fn set_rows(wanted: &mut Wanted, shared: &mut Shared, ui: &mut Ui) {
    heading(ui, "Micrographs");
    ui.horizontal(|ui| {
        ui.radio_value(&mut wanted.set, Set::Files, "Micrographs")
            .on_hover_text("Files, and folders with their subfolders. Drop them on the window.");
        for (text, tip, kind) in [
            ("Files…", "Choose micrographs.", PathKind::Files),
            ("Folder…", "Choose a folder of micrographs, such as a property set.", PathKind::Folders),
        ] {
            if ui.button(text).on_hover_text(tip).clicked() {
                wanted.set = Set::Files;
                work::ask_for_set(shared, kind);
            }
        }
    });
    let names: Vec<_> = wanted.files.iter().filter_map(|f| f.file_name()).map(|n| n.to_string_lossy()).collect();
    let text = if names.is_empty() { "nothing chosen yet".to_string() } else { names.join(", ") };
    ui.add(egui::Label::new(RichText::new(&text).weak()).truncate()).on_hover_text(&text);
    ui.radio_value(&mut wanted.set, Set::Graphite, "Synthetic graphite")
        .on_hover_text("Cast-iron-like micrographs of 128 × 128 pixels with known nodularity, radius, fraction and a strength that follows from them.");
    let defaults = Wanted::default();
    if wanted.set == Set::Graphite {
        value(ui, "Pictures", "How many are made.", &mut wanted.count, &defaults.count, |ui, v| {
            ui.add(DragValue::new(v).range(8..=100_000))
        });
    }
    let tip =
        "Cut micrographs into patches. All patches of one have its value, and stay together when samples are split.";
    value(ui, "Patches", tip, &mut wanted.cuts, &defaults.cuts, |ui, v| ui.checkbox(v, "cut micrographs"));
    if wanted.cuts {
        value(ui, "Patch", "Edge of the patches.", &mut wanted.edge, &defaults.edge, |ui, v| {
            ui.add(DragValue::new(v).range(16..=4096).suffix(" px"))
        });
        value(ui, "Stride", "Pixels from one patch to the next.", &mut wanted.stride, &defaults.stride, |ui, v| {
            ui.add(DragValue::new(v).range(1..=4096).suffix(" px"))
        });
    }
    if shared.document.is_some() && wanted.set == Set::Files {
        let tip = "Each file gets the preparation, segmentation and corrections of the open micrograph. Without this it is taken as it is.";
        value(ui, "Prepare", tip, &mut wanted.prepares, &false, |ui, v| ui.checkbox(v, "like the open micrograph"));
    }
}

fn value_rows(space: &mut LearnSpace, shared: &mut Shared, ui: &mut Ui) {
    heading(ui, "Value to learn");
    let (wanted, table) = (&mut space.wanted, &space.table);
    if wanted.set == Set::Files {
        let tip =
            "A table (CSV) with a row for each file. A folder with a properties.csv of a property set needs none.";
        row(ui, "Table", tip, |ui| {
            ui.horizontal(|ui| {
                if ui.button("Table…").on_hover_text(tip).clicked() {
                    let filters = &[("Tables", &["csv", "tsv", "txt"] as &[&str]), ("All files", &["*"])];
                    ask_for_files(shared, NAME, PathKind::File, "A table of values by file name", filters);
                }
                if wanted.table.is_some() && ui.small_button("×").on_hover_text("Take no table.").clicked() {
                    wanted.table = None;
                }
                let name = table.as_ref().and_then(|path| path.file_name()).unwrap_or_default().to_string_lossy();
                ui.add(egui::Label::new(RichText::new(name).weak()).truncate());
            })
            .response
        });
        let tip = "Values in names of files and folders, such as E{modulus}_{number}.tif";
        value(ui, "Names", tip, &mut wanted.pattern, &String::new(), |ui, v| {
            ui.add(TextEdit::singleline(v).hint_text("E{modulus}_{number}").desired_width(f32::INFINITY))
        });
    }
    match &space.columns {
        Some(Ok(columns)) if !columns.is_empty() => {
            if !columns.contains(&wanted.column) {
                wanted.column = columns.last().cloned().unwrap_or_default();
            }
            let options: Vec<(String, &str)> = columns.iter().map(|c| (c.clone(), c.as_str())).collect();
            let last = columns.last().cloned().unwrap_or_default();
            choice(ui, "Column", "The column of the table that is learned.", &mut wanted.column, &last, &options);
        }
        Some(Err(reason)) => {
            let color = theme::palette(ui).warning;
            ui.add(egui::Label::new(RichText::new(reason).small().color(color)).wrap());
        }
        _ => {
            let text = "Columns of numbers appear here once there are micrographs and a table.";
            ui.add(egui::Label::new(RichText::new(text).weak().small()).wrap());
        }
    }
}

/// A check box for each of some kinds, in their order.
fn ticks<T: Copy + PartialEq + Ord>(ui: &mut Ui, chosen: &mut Vec<T>, all: &[(T, &str, &str)]) {
    for (kind, name, tip) in all {
        let mut ticked = chosen.contains(kind);
        if ui.checkbox(&mut ticked, *name).on_hover_text(*tip).changed() {
            chosen.retain(|k| k != kind);
            if ticked {
                chosen.push(*kind);
                chosen.sort();
            }
        }
    }
}

fn input_rows(wanted: &mut Wanted, shared: &mut Shared, ui: &mut Ui) {
    heading(ui, "What is read");
    let network = format!(
        "Principal components of Gram matrices: what micrographs look like. Network: {}, as in Reconstruct.",
        gram_settings(shared).weights.label()
    );
    let maps = format!(
        "Principal components of a network's feature maps, pooled to 4 × 4 squares: where something is counts. Network: {}, as in Reconstruct.",
        gram_settings(shared).weights.label()
    );
    ticks(
        ui,
        &mut wanted.readings,
        &[
            (
                InputKind::Statistics,
                "Statistics of phases",
                "Volume fraction, surface, chords, components and S2 of each phase.",
            ),
            (
                InputKind::TwoPoint,
                "Two-point statistics",
                "Principal components of power spectra, which are two-point correlations along all directions.",
            ),
            (InputKind::Textures, "Texture vectors", &network),
            (InputKind::MapsPool2, "Feature maps, pool2", &maps),
            (InputKind::MapsPool3, "Feature maps, pool3", &maps),
            (InputKind::MapsPool4, "Feature maps, pool4", &maps),
            (
                InputKind::Pixels,
                "Pixels",
                "The pixels themselves, by the convolutions of a neural network. Tick that among the regressions.",
            ),
            (
                InputKind::Latent,
                "Latent point",
                "The latent point of a model that was trained in the Latent workspace.",
            ),
        ],
    );
    if wanted.readings.contains(&InputKind::Latent) {
        let tip = "The file of a latent model. Without one the built-in model is taken.";
        model_row(ui, shared, NAME, tip, "built in", &mut wanted.model);
    }
}

fn regression_rows(wanted: &mut Wanted, cost: Option<(usize, f64)>, ui: &mut Ui) {
    heading(ui, "Regression");
    ticks(ui, &mut wanted.regressors, &Regressor::ALL.map(|r| (r, r.name(), r.tooltip())));
    if !wanted.regressors.contains(&Regressor::Network) {
        return;
    }
    let presets = NetworkPreset::ALL.map(|preset| (preset, preset.name()));
    let tip = wanted.preset.tooltip();
    choice(ui, "Networks", tip, &mut wanted.preset, &NetworkPreset::Quick, &presets);
    if wanted.preset == NetworkPreset::AsPublished {
        let tip = "Transferred layers stay as they are, and only the full layers are trained. Some ten times as quick.";
        value(ui, "Transferred", tip, &mut wanted.frozen, &false, |ui, v| ui.checkbox(v, "layers stay"));
    }
    if let Some((trainings, seconds)) = cost {
        let text = format!(
            "{trainings} trainings on pictures: about {} on the cores of this machine, if none ends early.",
            about_seconds(seconds)
        );
        ui.add(egui::Label::new(RichText::new(text).weak().small()).wrap());
    }
}

fn validation_rows(wanted: &mut Wanted, ui: &mut Ui) {
    heading(ui, "Validation");
    let options = [
        (SplitKind::Micrographs, "By micrograph"),
        (SplitKind::LeaveOneOut, "Leave one out"),
        (SplitKind::Random, "Random patches"),
    ];
    let tip = match wanted.split {
        SplitKind::Micrographs => "Each part of the micrographs is predicted from all others; patches stay together.",
        SplitKind::LeaveOneOut => "Each micrograph is predicted from all others.",
        SplitKind::Random => {
            "Patches are split at random, so that a micrograph's own patches help to predict it: too good for new ones."
        }
    };
    choice(ui, "Split", tip, &mut wanted.split, &SplitKind::Micrographs, &options);
    if wanted.split != SplitKind::LeaveOneOut {
        value(ui, "Parts", "Into how many parts samples are split.", &mut wanted.parts, &5, |ui, v| {
            ui.add(DragValue::new(v).range(2..=100))
        });
        let tip = "How many times the set is split anew. Three times five parts are fifteen trainings of every attempt, whose errors the tab Parts shows.";
        value(ui, "Repeats", tip, &mut wanted.repeats, &1, |ui, v| ui.add(DragValue::new(v).range(1..=100)));
    }
    let tip = "Seed of the split and of synthetic micrographs.";
    value(ui, "Seed", tip, &mut wanted.seed, &1, |ui, v| ui.add(DragValue::new(v)));
}

fn prediction_rows(shared: &mut Shared, ui: &mut Ui) {
    heading(ui, "Prediction");
    let text = match &shared.predictor {
        Some(open) => format!("{} by {}", open.about.column, open.name),
        None => "Nothing is learned or opened yet.".into(),
    };
    ui.add(egui::Label::new(RichText::new(&text).weak()).truncate()).on_hover_text(&text);
    ui.horizontal(|ui| {
        let tip = "Choose micrographs whose value is predicted, or drop them on the window.";
        let predict = ui.add_enabled(shared.predictor.is_some(), egui::Button::new("Predict…"));
        if predict.on_hover_text(tip).on_disabled_hover_text("Learn, or open a predictor first.").clicked() {
            work::ask_for_predictions(shared);
        }
        if ui.button("Open…").on_hover_text("Open a predictor that was exported (.predictor).").clicked() {
            let filters: &[(&str, &[&str])] = &[("Predictors", &["predictor"])];
            ask_for_files(shared, NAME, PathKind::File, "A predictor", filters);
        }
    });
}

fn start(space: &mut LearnSpace, shared: &mut Shared, ui: &mut Ui) {
    ui.add_space(theme::STEP);
    if space.is_running() || space.is_studying() {
        let progress = if space.is_running() { &space.job.progress } else { &space.study.progress };
        ui.add(ProgressBar::new(progress.share() as f32).text(format!("{:.0} %", 100.0 * progress.share())));
        ui.add(egui::Label::new(RichText::new(progress.doing()).small().weak()).wrap());
        if ui.button("Stop").on_hover_text("End it without a result; the one before stays.").clicked() {
            space.job.request(Request::Cancel);
            space.study.request(Request::Cancel);
        }
        ui.add_space(4.0);
        return;
    }
    if let Some(reason) = space.job.failure.as_ref().or(space.study.failure.as_ref()) {
        let color = theme::palette(ui).error;
        ui.add(egui::Label::new(RichText::new(reason).small().color(color)).wrap());
    }
    if space.wanted.studies {
        let missing = artificial::missing(space);
        let study = ui.add_enabled_ui(missing.is_none(), |ui| {
            let tip = "Compute the property of authentic and artificial micrographs, and predict it with more and more of them.";
            let size = [ui.available_width(), 24.0];
            ui.add_sized(size, egui::Button::new("Study artificial micrographs")).on_hover_text(tip)
        });
        if study.inner.on_disabled_hover_text(missing.unwrap_or_default()).clicked() {
            artificial::study(space, shared);
        }
    }
    let missing = work::missing(space);
    let start = ui.add_enabled_ui(missing.is_none(), |ui| {
        let size = [ui.available_width(), 36.0];
        ui.add_sized(size, primary(ui, "Learn the property"))
    });
    if start.inner.on_disabled_hover_text(missing.unwrap_or_default()).clicked() {
        work::learn(space, shared);
    }
    ui.add_space(4.0);
}
