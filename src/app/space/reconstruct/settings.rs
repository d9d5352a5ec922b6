//! The settings in the order in which a scientist decides: what, how deep, how faithful, how many, how large, where.

use egui::{CollapsingHeader, DragValue, RichText, ScrollArea, Ui};

use super::state::{ReconstructSpace, SETTLING};
use super::{classic, gram, paint, particles, run};
use crate::app::command::{Action, Command};
use crate::app::shared::Shared;
use crate::app::shared::methods::choose_method;
use crate::app::space::micrograph::{add_preparation, remaining_data_bar};
use crate::app::space::{document_summary, phase_choice};
use crate::app::theme;
use crate::app::widgets::{choice, heading, primary, row, value};
use crate::compute::DeviceKind;
use crate::compute::graph::Precision;
use crate::micrograph::Prepare;
use crate::reconstruct::gram::Gram;
use crate::reconstruct::{MOST_REALISATIONS, Method, Settings};

pub fn panel(space: &mut ReconstructSpace, shared: &mut Shared, ui: &mut Ui) {
    ui.add_space(theme::STEP);
    document_summary(shared, ui);
    egui::Panel::bottom("start")
        .frame(egui::Frame::NONE)
        .show_separator_line(true)
        .show(ui, |ui| start_button(space, shared, ui));
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        phase_settings(space, shared, ui);
        method_choice(shared, ui);
        match shared.settings.method.clone() {
            Method::Gram(gram) => gram_settings(space, shared, gram, ui),
            other => {
                let (other, note) = classic::method_settings(other, ui);
                shared.settings.method = other;
                paint::settings(space, shared, ui);
                particles::histograms(&mut space.measured, shared, ui);
                heading(ui, "Run");
                run_settings(shared, ui);
                ui.add(egui::Label::new(RichText::new(note).small().weak()).wrap());
            }
        }
    });
}

/// The menu of methods; a menu with one entry is not shown.
fn method_choice(shared: &mut Shared, ui: &mut Ui) {
    let all = Method::all();
    if all.len() < 2 {
        return;
    }
    let name = shared.settings.method.settings().name();
    let same = |method: &&Method| method.settings().name() == name;
    let Some(default) = all.first().cloned() else { return };
    let mut chosen = all.iter().find(same).unwrap_or(&default).clone();
    let before = chosen.clone();
    let options: Vec<(Method, &str)> = all.iter().map(|method| (method.clone(), method.settings().name())).collect();
    choice(ui, "Method", "How new micrographs are made.", &mut chosen, &default, &options);
    if chosen != before {
        choose_method(shared, chosen);
    }
}

/// Start, and Pause or Resume while a run is under way.
fn start_button(space: &mut ReconstructSpace, shared: &mut Shared, ui: &mut Ui) {
    ui.add_space(theme::STEP);
    let is_running = space.run.is_running();
    let is_settling = space.is_settling();
    let impossible = space.cost.impossible(shared);
    let missing = match (is_running, &shared.document) {
        (true, _) if is_settling => Some("The run begins.".to_string()),
        (true, _) => None,
        (false, _) if is_settling => Some("The run has ended.".into()),
        (false, None) => Some("Open a micrograph first.".into()),
        (false, Some(_)) => shared.network.missing(&shared.settings).map(String::from).or(impossible.clone()),
    };
    let (text, tip) = match (is_running, space.run.wants_pause) {
        (false, _) => ("Start", "Reconstruct the micrograph with these settings (Space)."),
        (true, false) => ("Pause", "Pause the run (Space)."),
        (true, true) => ("Resume", "Go on with the run (Space)."),
    };
    ui.add_enabled_ui(missing.is_none(), |ui| {
        let size = [ui.available_width(), 36.0];
        let button = ui.add_sized(size, primary(ui, text)).on_hover_text(tip);
        if button.on_disabled_hover_text(missing.unwrap_or_default()).clicked() {
            match is_running {
                true => space.run.toggle_pause(),
                false => run::start(space, shared, ui.ctx(), false),
            }
        }
    });
    if is_settling {
        ui.ctx().request_repaint_after(SETTLING);
    }
    if space.resumable.is_some() {
        let tip = "The run left a checkpoint. It resumes from there, on the device chosen above.";
        if ui.button("Resume the stopped run").on_hover_text(tip).clicked() {
            run::resume_failed(space, shared, ui.ctx());
        }
    }
    let note = match (is_running, impossible) {
        (true, _) => "Changes apply to the next run.".into(),
        (false, Some(reason)) => reason,
        (false, None) => space.cost.duration_text(shared),
    };
    ui.add(egui::Label::new(RichText::new(note).small().weak()).wrap());
    ui.add_space(2.0);
}

fn phase_settings(space: &ReconstructSpace, shared: &mut Shared, ui: &mut Ui) {
    heading(ui, "Phases");
    let summary = if shared.settings.recipe.is_plain() { "Prepare and segment…" } else { "Edit the recipe…" };
    let tip = "Crop, denoise, thresholds, classifier, corrections: in the Micrograph workspace.";
    if ui.button(summary).on_hover_text(tip).clicked() {
        shared.act(Action::Go("Micrograph"));
    }
    if let Some(rows) = shared.document.as_ref().and_then(|d| remaining_data_bar(shared, d)) {
        let tip = "The strip at the bottom looks like a microscope's data bar, and is counted with the phases.";
        if ui.button(format!("Cut off the data bar ({rows} rows)")).on_hover_text(tip).clicked() {
            add_preparation(shared, Prepare::CutBottom { rows });
        }
    }
    if let Some(original) = space.shown_original(shared) {
        phase_choice(shared, &original, ui);
    }
}

/// The settings of the Gram matrices and those of all methods, in the panel's order. The former are edited as a copy.
fn gram_settings(space: &mut ReconstructSpace, shared: &mut Shared, before: Gram, ui: &mut Ui) {
    let mut edited = before.clone();
    gram::network_settings(space, shared, &mut edited, ui);
    heading(ui, "Run");
    // A preset also changes common settings, so nothing else is edited in that frame.
    if gram::preset_setting(shared, ui) {
        return;
    }
    gram::iterations(&mut edited, ui);
    run_settings(shared, ui);
    gram::edges(&mut edited, ui);
    device_settings(shared, ui);
    CollapsingHeader::new("Faithfulness").show(ui, |ui| gram::faithful_settings(shared, &mut edited, ui));
    CollapsingHeader::new("Network and optimiser").show(ui, |ui| {
        gram::method_settings(&mut edited, ui);
        memory_settings(shared, ui);
    });
    if edited != before {
        shared.settings.method = Method::Gram(edited);
    }
}

/// How many realisations, from which seed, how large.
fn run_settings(shared: &mut Shared, ui: &mut Ui) {
    let default = Settings::default();
    let s = &mut shared.settings;
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
}

fn size_setting(shared: &mut Shared, ui: &mut Ui) {
    let original = shared.document.as_ref().map_or((256, 256), |d| d.size());
    let mut own = shared.settings.size.is_some();
    let (mut height, mut width) = shared.settings.output_size(original);
    let tip = "Width and height of the result in pixels; by default the original's.";
    let (_, reset) = row(ui, "Width × height", tip, |ui| {
        ui.horizontal(|ui| {
            let check = ui.checkbox(&mut own, "").on_hover_text("Another size than the original's");
            ui.add_enabled_ui(own, |ui| {
                ui.add(DragValue::new(&mut width).range(2..=16_384)).on_hover_text("Width in pixels");
                ui.label("×");
                ui.add(DragValue::new(&mut height).range(2..=16_384)).on_hover_text("Height in pixels");
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
        if ui.button("Check the devices again").clicked() {
            shared.devices.start_probe(&shared.wake);
        }
    }
    let is_gpu = shared.devices.chosen(&shared.settings.device).is_some_and(|device| device.kind != DeviceKind::Cpu);
    let precisions = [(Precision::Single, "single (32 bits)"), (Precision::Half, "half (16 bits)")];
    let tip = "How a GPU stores feature maps. Half precision halves their memory. It uses tensor cores where the driver \
               offers them and they are quicker. The loss differs by about a thousandth, its gradient by about one per \
               cent. The CPU always computes in single precision.";
    if is_gpu || shared.settings.precision != Precision::Single {
        choice(ui, "Precision", tip, &mut shared.settings.precision, &Precision::Single, &precisions);
    }
    ui.add_space(4.0);
}

/// The memory of a run, and all settings back to their defaults.
fn memory_settings(shared: &mut Shared, ui: &mut Ui) {
    let s = &mut shared.settings;
    let tip = "MiB that a run may use. An image that needs more is computed in windows, with the same result. 0: what is free.";
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
