//! The settings in the order in which a scientist decides: what, how deep, how faithful, how many, how large, where.

use egui::{CollapsingHeader, DragValue, RichText, ScrollArea, Slider, Ui};

use super::{ReconstructSpace, run};
use crate::app::command::{Action, Command};
use crate::app::shared::Shared;
use crate::app::shared::ask::{Ask, PathKind};
use crate::app::space::micrograph::{add_preparation, bar_of};
use crate::app::space::{document_summary, phase_choice};
use crate::app::theme;
use crate::app::widgets::{choice, heading, preset, primary, row, value};
use crate::compute::graph::{Padding, Pooling, Precision};
use crate::compute::{DeviceKind, mebibytes};
use crate::figure::thousands;
use crate::job::{Progress, Request};
use crate::micrograph::Prepare;
use crate::net::weights::download::download_bytes;
use crate::net::{Depth, LAYERS, WeightsKind};
use crate::reconstruct::loss::Normalisation;
use crate::reconstruct::{
    Cost, Decoding, Encoding, MOST_ITERATIONS, MOST_LEVELS, MOST_REALISATIONS, OptimiserKind, Preset, Settings,
};

pub fn panel(space: &mut ReconstructSpace, shared: &mut Shared, ui: &mut Ui) {
    ui.add_space(theme::STEP);
    document_summary(shared, ui);
    egui::Panel::bottom("start")
        .frame(egui::Frame::NONE)
        .show_separator_line(true)
        .show(ui, |ui| start_button(space, shared, ui));
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        phase_settings(shared, ui);
        network_settings(space, shared, ui);
        run_settings(shared, ui);
        device_settings(shared, ui);
        CollapsingHeader::new("Faithfulness").show(ui, |ui| faithful_settings(shared, ui));
        CollapsingHeader::new("Method").show(ui, |ui| method_settings(shared, ui));
    });
}

fn start_button(space: &mut ReconstructSpace, shared: &mut Shared, ui: &mut Ui) {
    ui.add_space(theme::STEP);
    let missing = match (&space.begun, &shared.document) {
        (Some(_), _) => Some("A run is under way; pause or stop it in the bar below."),
        (None, None) => Some("Open a micrograph first."),
        (None, Some(_)) => shared.network.missing(&shared.settings),
    };
    ui.add_enabled_ui(missing.is_none(), |ui| {
        let size = [ui.available_width(), 36.0];
        let start = ui.add_sized(size, primary(ui, if space.run.is_running() { "Running" } else { "Start" }));
        let start = start.on_hover_text("Reconstruct the micrograph with these settings (Space).");
        if start.on_disabled_hover_text(missing.unwrap_or_default()).clicked() {
            run::start(space, shared, ui.ctx());
        }
    });
    if space.resumable.is_some() {
        let tip = "The run that failed left a checkpoint; it goes on from there on the device chosen above.";
        if ui.button("Resume the failed run").on_hover_text(tip).clicked() {
            run::resume_failed(space, shared, ui.ctx());
        }
    }
    let note = if space.run.is_running() { "Changes apply to the next run." } else { "" };
    ui.label(RichText::new(note).small().weak());
    ui.add_space(2.0);
}

fn phase_settings(shared: &mut Shared, ui: &mut Ui) {
    heading(ui, "Phases");
    let summary = if shared.settings.recipe.is_plain() { "Prepare and segment…" } else { "Edit the recipe…" };
    let tip = "Crop, denoise, thresholds, classifier, corrections: in the Micrograph workspace.";
    if ui.button(summary).on_hover_text(tip).clicked() {
        shared.act(Action::Go("Micrograph"));
    }
    if let Some(rows) = shared.document.as_ref().and_then(|d| bar_of(shared, d)) {
        let tip = "The strip at the bottom looks like a microscope's data bar, and is counted with the phases.";
        if ui.button(format!("Cut off the data bar ({rows} rows)")).on_hover_text(tip).clicked() {
            add_preparation(shared, Prepare::CutBottom { rows });
        }
    }
    phase_choice(shared, ui);
}

fn network_settings(space: &mut ReconstructSpace, shared: &mut Shared, ui: &mut Ui) {
    let default = Settings::default();
    heading(ui, "Feature network");
    weights_setting(shared, ui);
    let mut layer = Depth::all().position(|d| d == shared.settings.depth).unwrap_or(0);
    let (_, reset) =
        row(ui, "Depth", "The last layer of VGG-19 that is kept: deeper sees larger patterns and costs more.", |ui| {
            let slider = Slider::new(&mut layer, 0..=LAYERS.len() - 1);
            ui.add(
                slider
                    .custom_formatter(|n, _| LAYERS[n as usize].name.into())
                    .custom_parser(|text| LAYERS.iter().position(|l| l.name == text.trim()).map(|n| n as f64)),
            )
        });
    shared.settings.depth = if reset { default.depth } else { Depth::all().nth(layer).unwrap_or(default.depth) };
    depth_facts(space, shared, ui);
    CollapsingHeader::new("Layer weights").show(ui, |ui| layer_weights(shared, ui));
}

fn depth_facts(space: &mut ReconstructSpace, shared: &mut Shared, ui: &mut Ui) {
    let depth = shared.settings.depth;
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
    let again = "Work the cost out again.";
    if space.cost.estimate.failure.is_some() && ui.small_button("Try again").on_hover_text(again).clicked() {
        space.cost.retry(shared);
    }
}

fn layer_weights(shared: &mut Shared, ui: &mut Ui) {
    let layers: Vec<Depth> = Depth::all().take_while(|d| *d <= shared.settings.depth).collect();
    let defaults = Settings { depth: shared.settings.depth, ..Settings::default() };
    for layer in layers {
        let default = defaults.layer_weight(layer);
        let mut weight = shared.settings.layer_weight(layer);
        let tip = "How much this layer's Gram matrix counts; 0 leaves it out.";
        value(ui, layer.name(), tip, &mut weight, &default, |ui, w| {
            ui.add(Slider::new(w, 0.0..=4.0).max_decimals(2).clamping(egui::SliderClamping::Never))
        });
        if weight == default {
            shared.settings.layer_weights.remove(&layer);
        } else {
            shared.settings.layer_weights.insert(layer, weight);
        }
    }
}

fn weights_setting(shared: &mut Shared, ui: &mut Ui) {
    let current = shared.settings.weights.clone();
    let tip =
        "Built in: random filters with a fixed seed, always there. VGG-19: trained on photographs, downloaded once.";
    let (_, reset) = row(ui, "Weights", tip, |ui| {
        let combo =
            egui::ComboBox::from_id_salt("weights").selected_text(current.label()).width(ui.available_width() - 4.0);
        combo
            .truncate()
            .show_ui(ui, |ui| {
                for kind in [WeightsKind::BuiltIn, WeightsKind::Vgg19] {
                    let label = kind.label();
                    ui.selectable_value(&mut shared.settings.weights, kind, label);
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
        shared.settings.weights = WeightsKind::BuiltIn;
    }
    fetch_controls(shared, ui);
}

fn fetch_controls(shared: &mut Shared, ui: &mut Ui) {
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
        let depth = shared.settings.depth;
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
    shared.ask(ask, |shared, answer| shared.settings.weights = WeightsKind::File(answer.path()));
}

fn run_settings(shared: &mut Shared, ui: &mut Ui) {
    let default = Settings::default();
    heading(ui, "Run");
    preset_setting(shared, ui);
    let s = &mut shared.settings;
    value(
        ui,
        "Iterations",
        "The most iterations at each size; 200 usually suffice.",
        &mut s.iterations,
        &default.iterations,
        |ui, v| ui.add(DragValue::new(v).range(1..=MOST_ITERATIONS)),
    );
    value(
        ui,
        "Realisations",
        "How many new micrographs to make, from seeds s, s + 1, …",
        &mut s.realisations,
        &default.realisations,
        |ui, v| ui.add(DragValue::new(v).range(1..=MOST_REALISATIONS)),
    );
    value(
        ui,
        "Seed",
        "The seed of the random start: the same seed gives the same result.",
        &mut s.seed,
        &default.seed,
        |ui, v| ui.add(DragValue::new(v)),
    );
    size_setting(shared, ui);
    let s = &mut shared.settings;
    let edges = [
        (Padding::Zero, "zero, as trained"),
        (Padding::Periodic, "periodic: can be tiled"),
        (Padding::Reflect, "reflect"),
    ];
    choice(
        ui,
        "Edges",
        "What convolutions see beyond the edge; periodic makes a result that can be tiled.",
        &mut s.padding,
        &default.padding,
        &edges,
    );
}

fn preset_setting(shared: &mut Shared, ui: &mut Ui) {
    let current = Preset::of(&shared.settings);
    let tip = "Settings that go together. Faithful gives the closest statistics.";
    let options = Preset::ALL.map(|p| (p, p.name(), p.tooltip()));
    if let Some(chosen) = preset(ui, tip, current, Preset::Faithful, &options) {
        chosen.apply(&mut shared.settings);
    }
}

fn faithful_settings(shared: &mut Shared, ui: &mut Ui) {
    let default = Settings::default();
    let s = &mut shared.settings;
    let tip = "Sizes from coarse to fine: what is large settles before what is small. 1: the full size alone.";
    value(ui, "Sizes", tip, &mut s.levels, &default.levels, |ui, v| ui.add(Slider::new(v, 1..=MOST_LEVELS)));
    let weight = |ui: &mut Ui, v: &mut f64| {
        ui.add(Slider::new(v, 0.0..=100.0).logarithmic(true).smallest_positive(0.1).max_decimals(1))
    };
    let tip = "Weight of the two-point correlation S2 in the loss; 0: Gram matrices alone.";
    value(ui, "S2 weight", tip, &mut s.correlation_weight, &default.correlation_weight, weight);
    let tip = "Weight of the lineal path in the loss; 0: Gram matrices alone.";
    value(ui, "Path weight", tip, &mut s.path_weight, &default.path_weight, weight);
    let methods = [(Decoding::Rank, "rank (two phases)"), (Decoding::Clusters, "k-means and annealing")];
    let tip = "How the image becomes phases: at the rank that gives the exact volume fraction, or by clusters.";
    choice(ui, "Phases by", tip, &mut s.decoding, &default.decoding, &methods);
    let tip = "In the end, exchange pixels at interfaces wherever that brings S2 and lineal path closer.";
    value(ui, "Polish", tip, &mut s.polish, &default.polish, |ui, v| ui.checkbox(v, ""));
}

fn size_setting(shared: &mut Shared, ui: &mut Ui) {
    let original = shared.document.as_ref().map_or((256, 256), |d| d.size());
    let mut own = shared.settings.size.is_some();
    let (mut height, mut width) = shared.settings.output_size(original);
    let tip = "Height and width of the result in pixels; by default the original's.";
    let (_, reset) = row(ui, "Height × width", tip, |ui| {
        ui.horizontal(|ui| {
            let check = ui.checkbox(&mut own, "").on_hover_text("Another size than the original's");
            ui.add_enabled_ui(own, |ui| {
                ui.add(DragValue::new(&mut height).range(2..=16_384)).on_hover_text("Height in pixels");
                ui.label("×");
                ui.add(DragValue::new(&mut width).range(2..=16_384)).on_hover_text("Width in pixels");
            });
            check
        })
        .inner
    });
    shared.settings.size = (own && !reset).then_some((height, width));
}

fn device_settings(shared: &mut Shared, ui: &mut Ui) {
    let mut options = vec![("auto".to_string(), "automatic".to_string()), ("cpu".into(), "CPU".into())];
    if let Some(table) = &shared.devices.table {
        for device in table.devices.iter().filter(|d| d.kind != DeviceKind::Cpu) {
            options.push((device.name.clone(), format!("{} ({})", device.name, device.kind.name())));
        }
    }
    let named: Vec<_> = options.iter().map(|(v, name)| (v.clone(), name.as_str())).collect();
    let tip = "Automatic takes a real GPU that passes the self-test, else the processor's cores; never a software GPU.";
    choice(ui, "Device", tip, &mut shared.settings.device, &"auto".to_string(), &named);
    if let Some(reason) = shared.devices.probe.failure.clone() {
        ui.label(RichText::new(reason).color(theme::palette(ui).warning));
        if ui.button("Look at the devices again").clicked() {
            shared.devices.look(&shared.wake);
        }
    }
    let is_gpu = shared.devices.chosen(&shared.settings.device).is_some_and(|device| device.kind != DeviceKind::Cpu);
    let ways = [(Precision::Single, "single (32 bits)"), (Precision::Half, "half (16 bits)")];
    let tip = "How a GPU stores feature maps. In half precision they take half of the memory, and tensor cores multiply where \
               the driver offers them and they are quicker; the loss differs by about a thousandth, its gradient by one \
               per cent. The CPU computes in single precision always.";
    if is_gpu || shared.settings.precision != Precision::Single {
        choice(ui, "Precision", tip, &mut shared.settings.precision, &Precision::Single, &ways);
    }
    ui.add_space(4.0);
}

fn method_settings(shared: &mut Shared, ui: &mut Ui) {
    let default = Settings::default();
    let s = &mut shared.settings;
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
    let tip = "MiB that a run may take. Above it the network goes over the image in windows, with the same result; 0: what is free.";
    let mut limit = s.memory_limit.unwrap_or(0);
    value(ui, "Memory", tip, &mut limit, &0, |ui, v| {
        let free = |n: f64, _: _| if n < 1.0 { "what is free".into() } else { format!("{n:.0} MiB") };
        ui.add(DragValue::new(v).range(0..=1 << 20).speed(16.0).custom_formatter(free))
    });
    s.memory_limit = (limit > 0).then_some(limit);
    if ui.button("Reset all settings").on_hover_text(Command::ResetSettings.tooltip()).clicked() {
        shared.act(Action::Do(Command::ResetSettings));
    }
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
