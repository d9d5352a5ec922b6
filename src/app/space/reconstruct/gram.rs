//! The settings of the Gram matrices.

use egui::{CollapsingHeader, DragValue, RichText, Slider, Ui};

use super::state::ReconstructSpace;
use crate::app::shared::Shared;
use crate::app::shared::question::{Ask, PathKind};
use crate::app::theme;
use crate::app::widgets::{choice, heading, preset, row, value};
use crate::compute::graph::{Padding, Pooling};
use crate::compute::mebibytes;
use crate::figure::thousands;
use crate::job::{Progress, Request};
use crate::net::weights::download::download_bytes;
use crate::net::{Layer, WeightsKind};
use crate::reconstruct::Cost;
use crate::reconstruct::gram::{
    CorrelationTarget, Decoding, Encoding, Gram, MOST_ITERATIONS, MOST_LEVELS, OptimiserKind, Preset,
};
use crate::reconstruct::loss::Normalisation;

pub fn network_settings(space: &mut ReconstructSpace, shared: &mut Shared, gram: &mut Gram, ui: &mut Ui) {
    let default = Gram::default();
    heading(ui, "Feature network");
    weights_setting(shared, gram, ui);
    let all: Vec<Layer> = Layer::all().collect();
    let mut last = gram.depth.number();
    let (_, reset) =
        row(ui, "Depth", "The last layer of VGG-19 that is kept: deeper sees larger patterns and costs more.", |ui| {
            let slider = Slider::new(&mut last, 0..=all.len() - 1);
            ui.add(
                slider
                    .custom_formatter(|n, _| all[n as usize].name().into())
                    .custom_parser(|text| Layer::named(text.trim()).map(|layer| layer.number() as f64)),
            )
        });
    gram.depth = if reset { default.depth } else { all[last] };
    depth_facts(space, shared, gram.depth, ui);
    CollapsingHeader::new("Layer weights").show(ui, |ui| layer_weights(gram, ui));
}

fn depth_facts(space: &mut ReconstructSpace, shared: &Shared, depth: Layer, ui: &mut Ui) {
    let field = depth.receptive_field();
    let mut lines = format!("{} weights, sees {field} × {field} px", thousands(depth.weights()));
    match (&space.cost.found, shared.devices.chosen(&shared.settings.device), &shared.devices.table) {
        (Some(cost), Some(device), Some(table)) if table.speed(device) > 0.0 => {
            let ms = 1e3 * cost.operations as f64 / table.speed(device);
            lines.push_str(&format!("\n{}, about {} an iteration", memory(cost), milliseconds(ms)));
        }
        (Some(cost), ..) => lines.push_str(&format!("\n{}", memory(cost))),
        (None, ..) => match &space.cost.estimate.failure {
            Some(reason) => lines.push_str(&format!("\n{reason}")),
            None => lines.push_str("\nThe cost of an iteration is being worked out…"),
        },
    }
    let tip = "Weights of the convolutions, receptive field of one output, memory, and the time of an iteration as measured on this device.";
    ui.label(RichText::new(lines).weak()).on_hover_text(tip);
    let original = shared.document.as_ref().map(|d| d.size());
    for note in original.map_or(vec![], |size| shared.settings.method.settings().notes(size)) {
        ui.colored_label(theme::palette(ui).warning, note);
    }
    let again = "Estimate the cost again.";
    if space.cost.estimate.failure.is_some() && ui.small_button("Try again").on_hover_text(again).clicked() {
        space.cost.retry(shared);
    }
}

fn layer_weights(gram: &mut Gram, ui: &mut Ui) {
    let layers: Vec<Layer> = gram.depth.kept().collect();
    let defaults = Gram { depth: gram.depth, ..Gram::default() };
    for layer in layers {
        let default = defaults.layer_weight(layer);
        let mut weight = gram.layer_weight(layer);
        let tip = "How much this layer's Gram matrix counts; 0 leaves it out.";
        value(ui, layer.name(), tip, &mut weight, &default, |ui, w| {
            ui.add(Slider::new(w, 0.0..=4.0).max_decimals(2).clamping(egui::SliderClamping::Never))
        });
        if weight == default {
            gram.layer_weights.remove(&layer);
        } else {
            gram.layer_weights.insert(layer, weight);
        }
    }
}

fn weights_setting(shared: &mut Shared, gram: &mut Gram, ui: &mut Ui) {
    let current = gram.weights.clone();
    let tip = "Built in: random filters with a fixed seed, always available. VGG-19: trained on photographs, downloaded once.";
    let (_, reset) = row(ui, "Weights", tip, |ui| {
        let combo =
            egui::ComboBox::from_id_salt("weights").selected_text(current.label()).width(ui.available_width() - 4.0);
        combo
            .truncate()
            .show_ui(ui, |ui| {
                for kind in [WeightsKind::BuiltIn, WeightsKind::Vgg19] {
                    let label = kind.label();
                    ui.selectable_value(&mut gram.weights, kind, label);
                }
                if ui
                    .button("A file…")
                    .on_hover_text("safetensors with conv1_1.weight … or torchvision's features.0.weight …")
                    .clicked()
                {
                    ask_for_weights(shared);
                }
            })
            .response
    });
    if reset {
        gram.weights = WeightsKind::BuiltIn;
    }
    fetch_controls(shared, gram.depth, ui);
}

fn fetch_controls(shared: &mut Shared, depth: Layer, ui: &mut Ui) {
    let fetch = &shared.network.fetch;
    if fetch.is_running() {
        ui.horizontal(|ui| {
            let bar = egui::ProgressBar::new(fetch.progress.share() as f32);
            ui.add(bar.desired_width(180.0).text(fetch.progress.doing()));
            if ui.button("Stop").on_hover_text("What has arrived is kept.").clicked() {
                fetch.request(Request::Cancel);
            }
        });
    } else if shared.network.missing(&shared.settings).is_some() {
        let size = mebibytes(download_bytes(depth));
        let tip = "VGG-19's convolutions as published, each file checked. CC BY 4.0, Visual Geometry Group, University of Oxford.";
        ui.label(RichText::new("Not on this machine yet.").weak());
        if ui.button(format!("Download VGG-19 to {depth} ({size})")).on_hover_text(tip).clicked() {
            shared.network.start_fetch(depth, &shared.wake);
        }
    }
}

fn ask_for_weights(shared: &mut Shared) {
    let ask = Ask::Path {
        kind: PathKind::File,
        title: "A file of weights",
        action: "Choose",
        filters: &[("safetensors", &["safetensors"])],
        proposed: std::path::PathBuf::new(),
    };
    shared.ask(ask, |shared, answer| shared.settings.set_weights(WeightsKind::File(answer.path())));
}

/// The preset, which also changes common settings. Returns whether one was chosen.
pub fn preset_setting(shared: &mut Shared, ui: &mut Ui) -> bool {
    let current = Preset::of(&shared.settings);
    let tip = "Settings that go together. Faithful gives the closest statistics.";
    let options = Preset::ALL.map(|p| (p, p.name(), p.tooltip()));
    let chosen = preset(ui, tip, current, Preset::Faithful, &options);
    chosen.iter().for_each(|preset| preset.apply(&mut shared.settings));
    chosen.is_some()
}

pub fn iterations(gram: &mut Gram, ui: &mut Ui) {
    let default = Gram::default();
    value(
        ui,
        "Iterations",
        "The most iterations at each size; 200 usually suffice.",
        &mut gram.iterations,
        &default.iterations,
        |ui, v| ui.add(DragValue::new(v).range(1..=MOST_ITERATIONS)),
    );
}

pub fn edges(gram: &mut Gram, ui: &mut Ui) {
    let default = Gram::default();
    let edges = [
        (Padding::Zero, "zero, as trained"),
        (Padding::Periodic, "periodic: can be tiled"),
        (Padding::Reflect, "reflect"),
    ];
    choice(
        ui,
        "Edges",
        "What convolutions see beyond the edge; periodic makes a result that can be tiled.",
        &mut gram.padding,
        &default.padding,
        &edges,
    );
}

pub fn faithful_settings(shared: &mut Shared, gram: &mut Gram, ui: &mut Ui) {
    let default = Gram::default();
    let tip = "Number of sizes from coarse to fine: large features settle before small ones. 1: the full size alone.";
    value(ui, "Sizes", tip, &mut gram.levels, &default.levels, |ui, v| ui.add(Slider::new(v, 1..=MOST_LEVELS)));
    let weight = |ui: &mut Ui, v: &mut f64| {
        ui.add(Slider::new(v, 0.0..=100.0).logarithmic(true).smallest_positive(0.1).max_decimals(1))
    };
    let tip = "Weight of the two-point correlation S2 in the loss; 0: Gram matrices alone.";
    value(ui, "S2 weight", tip, &mut gram.correlation_weight, &default.correlation_weight, weight);
    let follows = [(CorrelationTarget::Sample, "the sample, exactly"), (CorrelationTarget::Material, "the material")];
    let tip = "The sample: every displacement, so that realisations share the sample's own deviations from the material. The \
               material: the radial mean within its sampling error, without polish, so that realisations vary like pictures of \
               the material; only for materials without a preferred direction.";
    choice(ui, "S2 follows", tip, &mut gram.correlation_target, &default.correlation_target, &follows);
    let tip = "Weight of the lineal path in the loss; 0: Gram matrices alone.";
    value(ui, "Path weight", tip, &mut gram.path_weight, &default.path_weight, weight);
    let methods = [(Decoding::Rank, "rank (two phases)"), (Decoding::Clusters, "k-means and annealing")];
    let tip = "How the image becomes phases: at the rank that gives the exact volume fraction, or by clusters.";
    choice(ui, "Phases by", tip, &mut gram.decoding, &default.decoding, &methods);
    let tip = "In the end, exchange pixels at interfaces wherever that brings S2 and lineal path closer.";
    value(ui, "Polish", tip, &mut shared.settings.polish, &true, |ui, v| ui.checkbox(v, ""));
}

pub fn method_settings(gram: &mut Gram, ui: &mut Ui) {
    let default = Gram::default();
    let s = gram;
    let optimisers = [(OptimiserKind::Lbfgsb, "L-BFGS-B"), (OptimiserKind::Adam, "Adam")];
    choice(
        ui,
        "Optimiser",
        "L-BFGS-B as in the paper; Adam needs more iterations.",
        &mut s.optimiser,
        &default.optimiser,
        &optimisers,
    );
    if s.optimiser == OptimiserKind::Adam {
        value(ui, "Step", "Adam's step size in grey levels.", &mut s.adam_rate, &default.adam_rate, |ui, v| {
            ui.add(DragValue::new(v).range(0.01..=100.0).speed(0.1))
        });
    }
    let norms = [(Normalisation::Relative, "relative"), (Normalisation::Paper, "as in the paper")];
    let tip = "Relative: every layer counts alike. The paper's scale differs by up to 10⁹ between layers and converges slowly.";
    choice(ui, "Layer scale", tip, &mut s.normalisation, &default.normalisation, &norms);
    let pools = [(Pooling::Mean, "mean"), (Pooling::Max, "maximum")];
    choice(ui, "Pooling", "How 2 × 2 pixels become one.", &mut s.pooling, &default.pooling, &pools);
    let codes = [(Encoding::Corners, "corners"), (Encoding::Hypercube, "Latin hypercube (paper)")];
    choice(
        ui,
        "Encoding",
        "How phases become three channels: far corners of the colour cube, or a maximin Latin hypercube.",
        &mut s.encoding,
        &default.encoding,
        &codes,
    );
}

/// The memory of a run, and in how many windows it is done.
fn memory(cost: &Cost) -> String {
    match cost.windows {
        1 => mebibytes(cost.bytes),
        n => format!("{} in {n} windows", mebibytes(cost.bytes)),
    }
}

fn milliseconds(ms: f64) -> String {
    if ms < 1000.0 { format!("{ms:.0} ms") } else { format!("{:.1} s", ms / 1000.0) }
}
