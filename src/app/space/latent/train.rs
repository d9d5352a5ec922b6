//! The Train page: data, model, and the progress of the training.

use egui::{CollapsingHeader, DragValue, ProgressBar, RichText, ScrollArea, Ui};

use super::data::{data_choice, missing_data, train_request};
use super::state::{Data, LatentSpace, grey};
use crate::app::shared::Shared;
use crate::app::shared::methods::gram_settings;
use crate::app::shared::plots::row_of_plots;
use crate::app::space::placeholder;
use crate::app::theme::{self, Palette};
use crate::app::widgets::{Picture, ShownFigure, choice, heading, preset, primary, value};
use crate::compute::{DeviceKind, mebibytes};
use crate::figure::{Figure, MADE, Series, duration};
use crate::job::{PatchSource, Request, Train, TrainProgress};
use crate::latent::{
    Head, LEAST_HELD_OUT, LEAST_TRAIN, LatentPreset, LatentSettings, ModelKind, Needs, patches_of, proposed_patches,
};
use crate::net::{DEPTHS, WeightsKind};

pub fn train_panel(space: &mut LatentSpace, shared: &mut Shared, ui: &mut Ui) {
    egui::Panel::bottom("train start")
        .frame(egui::Frame::NONE)
        .show_separator_line(true)
        .show(ui, |ui| train_controls(space, shared, ui));
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        data_choice(space, shared, ui);
        patches_of_open(space, shared, ui);
        let tip = "The most patches to train on, drawn at random.";
        value(ui, "At most", tip, &mut space.most_patches, &2000, |ui, v| {
            ui.add(DragValue::new(v).range(8..=100_000).suffix(" patches"))
        });
        model_choice(space, shared, ui);
        CollapsingHeader::new("Further").show(ui, |ui| further_settings(space, ui));
    });
}

/// How many patches the open micrograph gives. Where the defaults give too few, others take their place.
fn patches_of_open(space: &mut LatentSpace, shared: &Shared, ui: &mut Ui) {
    let Some(document) = shared.document.as_ref().filter(|_| *space.page_data() == Data::Open) else { return };
    let size = document.size();
    let defaults = (LatentSettings::of(space.settings.model).edge, STRIDE);
    let few = |(train, held_out): (usize, usize)| train < LEAST_TRAIN || held_out < LEAST_HELD_OUT;
    let proposed = proposed_patches(size);
    if few(patches_of(size, space.settings.edge, space.stride)) && (space.settings.edge, space.stride) == defaults {
        (space.settings.edge, space.stride) = proposed.unwrap_or(defaults);
    }
    let counts = patches_of(size, space.settings.edge, space.stride);
    let text = format!("{} patches to train on, {} held out", counts.0.min(space.most_patches), counts.1);
    if !few(counts) {
        ui.label(RichText::new(text).weak());
        return;
    }
    ui.colored_label(theme::palette(ui).warning, format!("{text}: too few."));
    match proposed {
        Some((edge, stride)) => {
            if ui.button(format!("Take patches of {edge} px every {stride} px")).clicked() {
                (space.settings.edge, space.stride) = (edge, stride);
            }
        }
        None => drop(ui.label("The micrograph is too small to train on; choose several.")),
    }
}

/// Pixels from one patch to the next, by default.
const STRIDE: usize = 50;

pub fn model_choice(space: &mut LatentSpace, shared: &mut Shared, ui: &mut Ui) {
    heading(ui, "Model");
    let weights = gram_settings(shared).weights;
    let settings = &mut space.settings;
    let before = settings.model;
    let options = ModelKind::ALL.map(|m| (m, m.label()));
    choice(ui, "Kind", before.description(), &mut settings.model, &ModelKind::Texture, &options);
    if settings.model != before {
        *settings = LatentSettings { seed: settings.seed, turn: settings.turn, ..LatentSettings::of(settings.model) };
    }
    let of = |is_chosen: bool| if is_chosen { weights.clone() } else { WeightsKind::BuiltIn };
    settings.weights = of(space.encoder_as_chosen);
    settings.style = Some(of(space.style_as_chosen)).filter(|style| *style != settings.weights);
    let options = LatentPreset::ALL.map(|p| (p, p.name(), p.tooltip()));
    let tip = "Settings that go together.";
    let current = LatentPreset::of(settings);
    if let Some(chosen) = preset(ui, tip, current, LatentPreset::Standard, &options) {
        chosen.apply(settings);
    }
    let default = LatentSettings::of(settings.model);
    let tip = "Numbers that describe a patch. Few are easier to interpret; more keep more detail.";
    value(ui, "Dimensions", tip, &mut settings.dimensions, &default.dimensions, |ui, v| {
        ui.add(DragValue::new(v).range(LatentSettings::DIMENSIONS))
    });
    let edges = [32, 48, 64, 96, 128, 192, 256].map(|e| (e, format!("{e} px")));
    let options: Vec<(usize, &str)> = edges.iter().map(|(e, name)| (*e, name.as_str())).collect();
    let tip = "Edge of the patches: several times the largest particle or pore.";
    choice(ui, "Patch", tip, &mut settings.edge, &default.edge, &options);
    let options: Vec<(usize, &str)> = DEPTHS.iter().take(5).enumerate().map(|(n, d)| (n, d.name())).collect();
    let mut depth = DEPTHS.iter().position(|d| *d == settings.depth).unwrap_or(3);
    let standard = DEPTHS.iter().position(|d| *d == default.depth).unwrap_or(3);
    let tip = "Depth of the feature network whose Gram matrices are matched. A deeper one sees larger patterns.";
    choice(ui, "Depth", tip, &mut depth, &standard, &options);
    settings.depth = DEPTHS[depth];
    let options = [(true, "as in Reconstruct"), (false, "built in")];
    let tip = format!(
        "The network whose Gram matrices are matched; only the training needs it. VGG-19's weights give cleaner particles than random filters. In Reconstruct: {}.",
        weights.label()
    );
    choice(ui, "Style uses", &tip, &mut space.style_as_chosen, &true, &options);
    if !settings.model.matches_pixels() {
        let tip = "The network that the encoder reads patches through; the model needs it wherever it is used. With the built-in one it opens on every machine.";
        choice(ui, "Encoder uses", tip, &mut space.encoder_as_chosen, &false, &options);
    }
    let tip = "Every patch is taken in all eight orientations: for materials without a preferred direction.";
    value(ui, "Turn", tip, &mut settings.turn, &false, |ui, v| ui.checkbox(v, "isotropic"));
    heading(ui, "Training");
    let tip = "The most training steps; one step is one batch.";
    value(ui, "Steps", tip, &mut settings.steps, &default.steps, |ui, v| {
        ui.add(DragValue::new(v).range(1..=1_000_000))
    });
    let tip = "Patches per step. A batch that does not fit the memory is computed in parts.";
    value(ui, "Batch", tip, &mut settings.batch, &default.batch, |ui, v| ui.add(DragValue::new(v).range(1..=256)));
    let tip = "Weight of the divergence (β). A larger one keeps fewer dimensions alive, and latent points nearer the standard normal distribution.";
    value(ui, "Divergence", tip, &mut settings.beta, &default.beta, |ui, v| {
        ui.add(DragValue::new(v).range(0.0..=100.0).speed(0.0005).max_decimals(5))
    });
}

fn further_settings(space: &mut LatentSpace, ui: &mut Ui) {
    let settings = &mut space.settings;
    let default = LatentSettings::of(settings.model);
    let number = |ui: &mut Ui, v: &mut f64, most: f64, speed: f64| {
        ui.add(DragValue::new(v).range(0.0..=most).speed(speed).max_decimals(5))
    };
    let tip = "Adam's rate: it grows over 100 steps and then falls to zero.";
    value(ui, "Rate", tip, &mut settings.rate, &default.rate, |ui, v| number(ui, v, 0.1, 0.0001));
    let tip = "Steps over which the weight of the divergence grows from zero.";
    value(ui, "Warm-up", tip, &mut settings.warm_up, &default.warm_up, |ui, v| {
        ui.add(DragValue::new(v).range(0..=100_000))
    });
    let tip = "Nats of each dimension that cost nothing: keeps dimensions alive.";
    value(ui, "Free nats", tip, &mut settings.free_bits, &default.free_bits, |ui, v| number(ui, v, 5.0, 0.01));
    let tip = "Channels of the widest layers.";
    value(ui, "Width", tip, &mut settings.width, &default.width, |ui, v| ui.add(DragValue::new(v).range(4..=256)));
    if settings.model == ModelKind::Texture {
        let options = [(Head::Pooled, "pooled features"), (Head::Flattened, "whole map (as in the paper)")];
        let tip = "What the encoder reads. A whole map overfits small sets.";
        choice(ui, "Encoder", tip, &mut settings.head, &default.head, &options);
        if settings.head == Head::Pooled {
            let tip = "Weight of the encoder's own loss: the latent point has to predict the pooled features. So the latent space also keeps what the decoder cannot paint yet.";
            value(ui, "Encoder loss", tip, &mut settings.feature_weight, &default.feature_weight, |ui, v| {
                number(ui, v, 1e4, 0.1)
            });
        }
        if settings.free_layout {
            let tip = "Weight of the loss of stationarity: particles must not prefer places of the decoder's cells of 16 pixels. 0 leaves it out.";
            value(ui, "Stationarity", tip, &mut settings.stationarity_weight, &default.stationarity_weight, |ui, v| {
                number(ui, v, 1e5, 1.0)
            });
        }
        let tip = "The layout comes from separate noise. Without it every sample has its particles at the same places.";
        value(ui, "Layout", tip, &mut settings.free_layout, &true, |ui, v| ui.checkbox(v, "free"));
    }
    if settings.model == ModelKind::Morphology {
        let tip = "Weight of the style loss beside the pixels.";
        value(ui, "Style", tip, &mut settings.style_weight, &default.style_weight, |ui, v| number(ui, v, 1e5, 1.0));
        let tip = "Weight of the term against mode collapse.";
        value(ui, "Diversity", tip, &mut settings.collapse_weight, &default.collapse_weight, |ui, v| {
            number(ui, v, 1e5, 1.0)
        });
    }
    if settings.model.matches_style() {
        let tip = "Weight of the loss of the autocorrelation (S2) up to 16 pixels; 0 leaves it out.";
        value(ui, "Autocorrelation", tip, &mut settings.correlation_weight, &default.correlation_weight, |ui, v| {
            number(ui, v, 1e4, 0.1)
        });
        let tip = "Weight of the loss of the lineal path up to 32 pixels; 0 leaves it out.";
        value(ui, "Lineal path", tip, &mut settings.lineal_weight, &default.lineal_weight, |ui, v| {
            number(ui, v, 1e4, 0.1)
        });
        let tip = "Weight of the loss of the Minkowski functionals: area, interface and Euler number of both phases, and what is grey between them. It counts specks, holes and smears, after a quarter of the steps; 0 leaves it out.";
        value(ui, "Minkowski", tip, &mut settings.minkowski_weight, &default.minkowski_weight, |ui, v| {
            number(ui, v, 1e4, 0.1)
        });
    }
    let tip = "The picture continues at its opposite edge.";
    value(ui, "Edges", tip, &mut settings.periodic, &true, |ui, v| ui.checkbox(v, "periodic"));
    let tip = "Steps between two checks on the held-out patches.";
    value(ui, "Check every", tip, &mut settings.check_every, &default.check_every, |ui, v| {
        ui.add(DragValue::new(v).range(1..=10_000).suffix(" steps"))
    });
    let tip =
        "Training stops after so many checks without a better loss, and the best model is kept. 0 never stops early.";
    value(ui, "Patience", tip, &mut settings.patience, &default.patience, |ui, v| {
        ui.add(DragValue::new(v).range(0..=1000))
    });
    value(ui, "Seed", "Seed of weights, order and noise.", &mut settings.seed, &1, |ui, v| ui.add(DragValue::new(v)));
}

pub fn train_controls(space: &mut LatentSpace, shared: &mut Shared, ui: &mut Ui) {
    ui.add_space(theme::STEP);
    if space.training.is_running() {
        training_controls(space, ui);
        return;
    }
    let available = shared.devices.chosen(&shared.settings.device).map(|d| d.kind);
    let problem = space.settings.problem();
    let missing = missing(space, shared);
    let text = match problem.map_or_else(|| training_needs(space, shared), Err) {
        Ok(needs) => {
            let device = available.unwrap_or(DeviceKind::Cpu).name();
            format!("{} for the network on the {device}, and more for each patch", mebibytes(needs.bytes))
        }
        Err(reason) => reason,
    };
    ui.add(egui::Label::new(RichText::new(text).weak().small()).wrap());
    let start = ui.add_enabled_ui(missing.is_none(), |ui| {
        let size = [ui.available_width(), 36.0];
        ui.add_sized(size, primary(ui, "Train"))
    });
    if start.inner.on_disabled_hover_text(missing.unwrap_or_default()).clicked() {
        start_training(space, shared);
    }
    if space.resumable.is_some()
        && ui.button("Resume the last training").on_hover_text("From its checkpoint.").clicked()
        && let Some(request) = space.resumable.take()
    {
        begin_training(space, shared, request);
    }
    ui.add_space(4.0);
}

/// Memory of a step, computed again when its settings have changed.
fn training_needs(space: &mut LatentSpace, shared: &Shared) -> Result<Needs, String> {
    let settings = &space.settings;
    let kind = shared.devices.chosen(&shared.settings.device).map_or(DeviceKind::Cpu, |d| d.kind);
    let key = format!(
        "{:?} {} {} {} {} {} {:?} {} {} {} {} {} {} {} {} {kind:?}",
        settings.model,
        settings.dimensions,
        settings.edge,
        settings.width,
        settings.depth,
        settings.batch,
        settings.head,
        settings.free_layout,
        settings.predicts_features(),
        settings.matches_correlation(),
        settings.matches_lineal_path(),
        settings.matches_minkowski(),
        settings.is_stationary(),
        settings.periodic,
        settings.collapse_weight > 0.0
    );
    if space.needs.as_ref().is_none_or(|(k, _)| *k != key) {
        let needs = Needs::of(settings, 0, kind, None).map_err(|e| e.to_string());
        space.needs = Some((key, needs));
    }
    match &space.needs {
        Some((_, needs)) => needs.clone(),
        None => Err(String::new()),
    }
}

fn training_controls(space: &mut LatentSpace, ui: &mut Ui) {
    let progress = space.training.progress.clone();
    let left = progress.left.map_or_else(String::new, |l| format!(", {} left", duration(l.as_secs_f64())));
    ui.add(ProgressBar::new(progress.share as f32).text(format!("{}{left}", progress.doing)));
    ui.label(
        RichText::new(format!(
            "{:.1} patches/s, {} and {} patches, {}",
            progress.throughput,
            progress.patches.0,
            progress.patches.1,
            mebibytes(progress.memory)
        ))
        .weak()
        .small(),
    )
    .on_hover_text("Patches trained on and held out, and the memory in use.");
    let training = &mut space.training;
    ui.horizontal(|ui| {
        let text = if training.wants_pause { "Resume" } else { "Pause" };
        if ui.button(text).clicked() {
            training.toggle_pause();
        }
        if ui.button("Stop and keep").on_hover_text("End now, and open the model as it is.").clicked() {
            training.request(Request::StopAndKeep);
        }
        if ui.button("Cancel").on_hover_text("End now, without a model; it can be resumed.").clicked() {
            training.request(Request::Cancel);
        }
    });
    ui.add_space(4.0);
}

/// Why no training can start now.
pub fn missing(space: &LatentSpace, shared: &Shared) -> Option<String> {
    space.settings.problem().or(missing_data(space, shared).map(String::from))
}

pub fn start_training(space: &mut LatentSpace, shared: &mut Shared) {
    let settings = LatentSettings { device: shared.settings.device.clone(), ..space.settings.clone() };
    let folder = std::path::PathBuf::from(shared.export.folder.trim());
    let stamp = crate::folders::data().join("latent");
    let base = if folder.as_os_str().is_empty() { stamp } else { folder };
    // A new name, so that no training overwrites an earlier model.
    let is_free = |p: &std::path::PathBuf| !p.exists() && !Train::checkpoint(p).exists();
    let free = (1..).map(|n| base.join(format!("model-{n}.safetensors"))).find(is_free);
    let Some(output) = free else { return };
    let request = train_request(space, shared, settings, output);
    begin_training(space, shared, request);
}

pub fn begin_training(space: &mut LatentSpace, shared: &mut Shared, request: Train) {
    space.pictures.clear();
    space.resumable = None;
    space.judged = match &request.source {
        PatchSource::Pictures(_) => Data::Open,
        PatchSource::Files(files, _) => Data::Files(files.clone()),
        PatchSource::Graphite(..) => Data::Graphite,
    };
    space.training.start(request.clone(), &shared.wake);
    space.trained = Some(request);
}

pub fn train_view(space: &mut LatentSpace, shared: &mut Shared, ui: &mut Ui) {
    let progress = space.training.progress.clone();
    if progress.checks.is_empty() {
        let text = if space.training.is_running() {
            "The patches are being read; losses and pictures appear here."
        } else {
            "Losses, held-out patches with their reconstructions, and random samples appear here while a model trains."
        };
        placeholder(ui, text);
        return;
    }
    let height = ui.available_height();
    egui::Panel::bottom("train pictures")
        .frame(theme::bare(ui))
        .resizable(true)
        .default_size(0.55 * height)
        .size_range(140.0..=(height - 140.0).max(150.0))
        .show(ui, |ui| train_pictures(space, ui, &progress));
    egui::CentralPanel::no_frame().show(ui, |ui| {
        let figures = loss_figures(&progress, theme::palette(ui));
        row_of_plots(shared, ui, "train", figures, 2, None);
    });
}

/// Held-out patches, their reconstructions below them, and samples below those.
fn train_pictures(space: &mut LatentSpace, ui: &mut Ui, progress: &TrainProgress) {
    // Without this the panel would shrink to its content.
    ui.set_min_height(ui.available_height());
    let pictures = &progress.pictures;
    let rows: Vec<(&str, &Vec<Vec<f32>>)> = [
        ("Held-out patches", &pictures.patches),
        ("Reconstructions", &pictures.reconstructions),
        ("Random samples", &pictures.samples),
    ]
    .into_iter()
    .filter(|(_, row)| !row.is_empty())
    .collect();
    let Some(first) = rows.first().and_then(|(_, row)| row.first()) else { return };
    let edge = (first.len() as f64).sqrt() as usize;
    let columns = rows.iter().map(|(_, row)| row.len()).max().unwrap_or(1);
    let room = ui.available_size();
    let size = (room.y / rows.len() as f32 - 26.0).min(room.x / columns as f32 - 8.0).max(16.0);
    let step = progress.checks.last().map(|c| c.step);
    let slots = &mut space.pictures;
    let all: usize = rows.iter().map(|(_, row)| row.len()).sum();
    let is_new = slots.len() != all || space.shown_step != step;
    slots.resize_with(all, || None);
    let mut slot = slots.iter_mut();
    for (name, row) in rows {
        ui.label(RichText::new(name).small().weak());
        ui.horizontal(|ui| {
            for values in row {
                let Some(slot) = slot.next() else { continue };
                if is_new || slot.is_none() {
                    Picture::show(slot, ui.ctx(), name, (edge, edge), |i| grey(values[i]));
                }
                if let Some(picture) = slot {
                    let (rect, response) = ui.allocate_exact_size(egui::Vec2::splat(size), egui::Sense::hover());
                    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, name));
                    picture.paint(ui, rect);
                }
            }
        });
    }
    space.shown_step = step;
}

/// The sum of the other terms, and the divergence, of training and held-out patches.
fn loss_figures(progress: &TrainProgress, palette: Palette) -> Vec<ShownFigure> {
    type Terms = Vec<(String, f64)>;
    let checks = &progress.checks;
    let sum = |terms: &Terms, divergence: bool| -> f64 {
        terms.iter().filter(|(n, _)| (n == "divergence") == divergence).map(|(_, v)| v).sum()
    };
    let figure = |title: &str, label: &str, divergence: bool, logarithmic: bool| {
        let held: Vec<(f64, f64)> = checks.iter().map(|c| (c.step as f64, sum(&c.terms, divergence))).collect();
        let trained: Vec<(f64, f64)> =
            checks.iter().skip(1).map(|c| (c.step as f64, sum(&c.training, divergence))).collect();
        let series = vec![
            Series { name: "held out".into(), color: MADE, points: held },
            Series { name: "training".into(), color: crate::figure::FAINT, points: trained },
        ];
        let figure = Figure {
            title: title.into(),
            x_label: "step".into(),
            y_label: label.into(),
            logarithmic,
            series,
            ..Figure::default()
        };
        ShownFigure { figure, colors: vec![palette.accent, palette.faint] }
    };
    vec![
        figure("Loss", "all terms but the divergence", false, true),
        figure("Divergence", "nats of all dimensions", true, false),
    ]
}
