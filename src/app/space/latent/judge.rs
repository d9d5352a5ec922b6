//! The Judge page: the scores of the open model on patches that it was not trained on.

use egui::{ProgressBar, RichText, ScrollArea, Ui};

use super::data::{data_choice, missing_data, train_request};
use super::state::LatentSpace;
use crate::app::shared::Shared;
use crate::app::shared::plots::row_of_plots;
use crate::app::space::placeholder;
use crate::app::theme::{self, Palette};
use crate::app::widgets::{ShownFigure, heading, primary};
use crate::figure::{Figure, MADE, ORIGINAL, Series, significant};
use crate::job::{Judge, PatchSource, Progress, Request, unseen_seed};
use crate::latent::{Comparison, Judgement, Scores, Spread};

type Row = (&'static str, &'static str, fn(&Scores) -> Spread);

/// The scores, with what they mean.
const ROWS: [Row; 6] = [
    ("S2 error (%)", "Area between the S2 curves over the area under the patch's.", |s| s.s2_error_percent),
    ("covariance error (%)", "Σ|ΔS2| / Σ|S2 − φ²|.", |s| s.s2_covariance_error_percent),
    ("lineal-path error (%)", "Area between the lineal-path curves over the area under the patch's.", |s| {
        s.lineal_path_error_percent
    }),
    ("style error", "Σ‖G − G₀‖² / Σ‖G₀‖² of the Gram matrices.", |s| s.style_error),
    ("STSIM-2", "Similarity of steerable-pyramid statistics, global form; 1 for equal ones.", |s| s.stsim2),
    (
        "DISTS form",
        "Similarity of feature maps with equal weights on the model's own network, not the published weights; 1 for \
         equal pictures.",
        |s| s.dists_form,
    ),
];

pub fn judge_panel(space: &mut LatentSpace, shared: &mut Shared, ui: &mut Ui) {
    ui.label(
        "Compares held-out patches with their reconstructions, and random samples with the nearest held-out patches.",
    );
    data_choice(space, shared, ui);
    ui.add_space(theme::STEP);
    if space.judging.is_running() {
        ui.add(ProgressBar::new(space.judging.progress.share() as f32).show_percentage());
        if ui.button("Stop").clicked() {
            space.judging.request(Request::Cancel);
        }
        return;
    }
    let missing = missing(space, shared);
    let start = ui.add_enabled_ui(missing.is_none(), |ui| {
        let size = [ui.available_width(), 36.0];
        ui.add_sized(size, primary(ui, "Judge this model"))
    });
    if start.inner.on_disabled_hover_text(missing.unwrap_or_default()).clicked() {
        start_judging(space, shared);
    }
    let export = "Write the table and the distributions (CSV and figures) into the export folder.";
    if space.judgement.is_some() && ui.button("Export").on_hover_text(export).clicked() {
        export_judgement(space, shared);
    }
}

pub fn start_judging(space: &mut LatentSpace, shared: &Shared) {
    let Some(open) = &space.open else { return };
    let mut settings = open.model.settings.clone();
    settings.device.clone_from(&shared.settings.device);
    let model = open.model.clone();
    let mut patches = train_request(space, shared, settings, std::path::PathBuf::new());
    if let PatchSource::Graphite(_, seed) = &mut patches.source {
        *seed = unseen_seed(*seed);
    }
    space.judging.start(Judge { model, patches }, &shared.wake);
}

/// Why no judgement can start now.
pub fn missing(space: &LatentSpace, shared: &Shared) -> Option<&'static str> {
    match &space.open {
        _ if space.judging.is_running() => Some("A judgement is under way."),
        None => Some("Open or train a model first."),
        Some(_) => missing_data(space, shared),
    }
}

pub fn judge_view(space: &mut LatentSpace, shared: &mut Shared, ui: &mut Ui) {
    let Some(judgement) = space.judgement.clone() else {
        let text = match (space.judging.is_running(), &space.open) {
            (true, _) => "The patches are being measured…".to_string(),
            (false, Some(open)) => format!("The scores of “{}” will appear here.", open.name),
            (false, None) => "Open or train a model first.".into(),
        };
        placeholder(ui, &text);
        return;
    };
    let height = ui.available_height();
    egui::Panel::bottom("judge plots")
        .frame(theme::bare(ui))
        .resizable(true)
        .default_size(0.48 * height)
        .size_range(140.0..=(height - 140.0).max(150.0))
        .show(ui, |ui| {
            let figures = distributions(&judgement, theme::palette(ui));
            row_of_plots(shared, ui, "judge", figures, 2, Some(1.0));
        });
    egui::CentralPanel::no_frame().show(ui, |ui| {
        ScrollArea::both().auto_shrink([false, false]).show(ui, |ui| {
            ui.horizontal_top(|ui| {
                ui.vertical(|ui| scores(ui, &judgement));
                if !judgement.factors.is_empty() {
                    ui.add_space(3.0 * theme::STEP);
                    ui.vertical(|ui| factors(ui, &judgement));
                }
            });
            layouts(ui, &judgement);
            places(ui, &judgement);
        });
    });
}

fn export_judgement(space: &LatentSpace, shared: &mut Shared) {
    let Some(judgement) = space.judgement.clone() else { return };
    let figures = distributions(&judgement, theme::LIGHT);
    shared.write(shared.export.path("judgement"), move |folder| {
        let text = serde_json::to_string_pretty(&*judgement).map_err(|e| e.to_string())?;
        let write = |name: &str, text: &str| {
            crate::folders::write_atomically(&folder.join(name), text.as_bytes())
                .map_err(|e| format!("{} could not be written: {e}.", folder.join(name).display()))
        };
        write("judgement.json", &text)?;
        write("judgement.csv", &table_csv(&judgement))?;
        figures.iter().try_for_each(|f| f.figure.write_all(folder))
    });
}

fn table_csv(judgement: &Judgement) -> String {
    let mut text = String::from("score,what,lower_quartile,median,upper_quartile\n");
    for (name, _, of) in ROWS {
        let columns = [
            ("reconstructions", Some(&judgement.reconstructions)),
            ("samples", judgement.samples.as_ref()),
            ("data", Some(&judgement.data)),
        ];
        for (what, scores) in columns.into_iter().filter_map(|(what, s)| Some((what, of(s?)))) {
            text.push_str(&format!("{name},{what},{},{},{}\n", scores.lower, scores.median, scores.upper));
        }
    }
    text
}

/// Errors and similarities of reconstructions and samples.
fn scores(ui: &mut Ui, judgement: &Judgement) {
    let cell = |ui: &mut Ui, spread: Option<Spread>| match spread {
        None => {
            ui.label("–");
        }
        Some(s) => {
            let quartiles = format!("quartiles {} – {}", significant(s.lower), significant(s.upper));
            ui.label(significant(s.median)).on_hover_text(quartiles);
        }
    };
    heading(ui, &format!("{} held-out patches (medians)", judgement.patches));
    egui::Grid::new("judgement").striped(true).spacing([28.0, 5.0]).show(ui, |ui| {
        ui.label("");
        for (name, tip) in [
            ("reconstructions", "Each against its own patch."),
            ("random samples", "Each against the held-out patch that it is nearest to in that score."),
            ("the data itself", "Each held-out patch against the nearest other one: what perfect samples would score."),
        ] {
            ui.label(RichText::new(name).weak()).on_hover_text(tip);
        }
        ui.end_row();
        for (name, tip, of) in ROWS {
            ui.label(name).on_hover_text(tip);
            cell(ui, Some(of(&judgement.reconstructions)));
            cell(ui, judgement.samples.as_ref().map(of));
            cell(ui, Some(of(&judgement.data)));
            ui.end_row();
        }
    });
}

/// How much two layouts of one latent point resemble each other.
fn layouts(ui: &mut Ui, judgement: &Judgement) {
    if let Some((layouts, unrelated)) = judgement.layout_correlation {
        ui.add_space(4.0);
        ui.label(format!(
            "Two layouts of one latent point correlate with {layouts:+.3}, unrelated patches of the data with {unrelated:+.3}."
        ))
        .on_hover_text("The mean correlation of the indicator maps: near each other when layouts do not repeat.");
    }
}

/// How much random samples prefer places.
fn places(ui: &mut Ui, judgement: &Judgement) {
    if let Some((samples, data)) = judgement.place_preference {
        ui.label(format!(
            "Preference for places: random samples {:.0} %, patches of the data {:.0} %.",
            100.0 * samples,
            100.0 * data
        ))
        .on_hover_text("The standard deviation of the area fraction over the 256 places of the decoder's cells of 16 × 16 pixels, as a share of its mean and less what chance adds on average. Near 0 where particles lie anywhere.");
    }
}

/// How well the latent space determines the known factors of the data.
fn factors(ui: &mut Ui, judgement: &Judgement) {
    heading(ui, "Known factors in the latent space");
    egui::Grid::new("factors").striped(true).spacing([28.0, 5.0]).show(ui, |ui| {
        for (name, tip) in [
            ("", ""),
            (
                "R²",
                "Linear regression on the latent means: fitted to one half of the patches, evaluated on the other.",
            ),
            (
                "R² painted",
                "The same for pictures that were decoded from those means and encoded again: what the decoder shows. Below 0 it is worse than predicting the mean.",
            ),
            ("dimension", "The dimension with the largest correlation."),
            ("correlation", "The correlation of that dimension with the factor."),
        ] {
            ui.label(RichText::new(name).weak()).on_hover_text(tip);
        }
        ui.end_row();
        for factor in &judgement.factors {
            ui.label(factor.name);
            ui.label(format!("{:.3}", factor.r_squared));
            ui.label(format!("{:.3}", factor.painted_r_squared));
            ui.label(format!("{}", factor.dimension + 1));
            ui.label(format!("{:+.2}", factor.correlation));
            ui.end_row();
        }
    });
}

/// Cumulative distributions of the data and of the samples.
fn distributions(judgement: &Judgement, palette: Palette) -> Vec<ShownFigure> {
    let figure = |name: &str, label: &str, comparison: &Comparison, factor: f64| {
        let steps = |values: &[f64]| -> Vec<(f64, f64)> {
            let mut sorted: Vec<f64> = values.iter().map(|v| factor * v).collect();
            sorted.sort_by(f64::total_cmp);
            let n = sorted.len() as f64;
            let step = |(k, v): (usize, &f64)| [(*v, k as f64 / n), (*v, (k + 1) as f64 / n)];
            sorted.iter().enumerate().flat_map(step).collect()
        };
        let (distance, chance) = comparison.kolmogorov_smirnov;
        let title = match distance.is_finite() {
            true => format!("{name} (Kolmogorov–Smirnov {distance:.2}, p = {})", significant(chance)),
            false => name.to_string(),
        };
        let mut series = vec![Series { name: "data".into(), color: ORIGINAL, points: steps(&comparison.data) }];
        let mut colors = vec![palette.original];
        if !comparison.samples.is_empty() {
            series.push(Series { name: "samples".into(), color: MADE, points: steps(&comparison.samples) });
            colors.push(palette.accent);
        }
        let figure =
            Figure { title, x_label: label.into(), y_label: "share below".into(), series, ..Figure::default() };
        ShownFigure { figure, colors }
    };
    vec![
        figure("Volume fraction", "volume fraction (%)", &judgement.volume_fractions, 100.0),
        figure("Component size", "mean component size (px²)", &judgement.component_sizes, 1.0),
    ]
}
