//! The materials of the phases.

use std::path::{Path, PathBuf};

use egui::{ComboBox, DragValue, Response, RichText, Ui};

use super::state::{NAME, PropertySpace};
use crate::app::command::Action;
use crate::app::shared::Shared;
use crate::app::shared::original::Original;
use crate::app::shared::question::{Ask, PathKind};
use crate::app::shared::work::write_over;
use crate::app::theme;
use crate::app::widgets::{heading, row, value};
use crate::property::light::IndexTable;
use crate::property::{Material, Property, PropertySet, material, materials};

/// The name of a material whose values were changed by hand.
const OWN: &str = "Own values";
/// The largest table that is read, in bytes.
const MOST_BYTES: u64 = 4 << 20;

/// The heading with its buttons, and the material of each phase with the values that the chosen properties need.
pub fn materials_of_phases(
    space: &mut PropertySpace,
    shared: &mut Shared,
    original: &Original,
    phases: usize,
    ui: &mut Ui,
) {
    heading(ui, "Materials");
    ui.horizontal(|ui| {
        if ui.button("Open set…").on_hover_text("Open a property set: the materials of all phases in a file.").clicked()
        {
            let ask = Ask::Path {
                kind: PathKind::File,
                title: "Open a property set",
                action: "Open",
                filters: &[("Property sets", &["json"])],
                proposed: PathBuf::new(),
            };
            shared.ask(ask, |shared, answer| shared.act(Action::Files(NAME, answer.paths())));
        }
        if ui
            .button("Save set…")
            .on_hover_text("Save the materials of all phases in a file, to use them elsewhere.")
            .clicked()
        {
            save_set(space, shared);
        }
    });
    let colors = theme::phases(&original.recipe, phases);
    let wanted = space.wanted.properties.clone();
    let usual = PropertySet::first(phases);
    let units = [space.set.conductivity_unit.clone(), space.set.diffusivity_unit.clone()];
    for (phase, color) in colors.into_iter().enumerate() {
        let name = original.recipe.phase_name(phase);
        let Some(of_phase) = space.set.phases.get_mut(phase) else { break };
        let reads = ui.push_id(("material", phase), |ui| {
            ui.add_space(2.0);
            one(of_phase, &usual.phases[phase], (&name, color), &wanted, &units, ui)
        });
        if reads.inner {
            space.table_for = Some(phase);
            ask_for_table(shared);
        }
    }
}

/// One phase: its material and its values, with the usual ones. Returns whether a table of its index is to be read.
fn one(
    of_phase: &mut Material,
    usual: &Material,
    (name, color): (&str, egui::Color32),
    wanted: &[Property],
    [conductivity_unit, diffusivity_unit]: &[String; 2],
    ui: &mut Ui,
) -> bool {
    let before = of_phase.clone();
    let tip = format!("What {name} is made of. Its values can be changed below.");
    let (_, reset) = row(ui, name, &tip, |ui| {
        let (rect, _) = ui.allocate_exact_size(egui::vec2(12.0, 12.0), egui::Sense::hover());
        ui.painter().rect(rect, 2.0, color, ui.visuals().widgets.noninteractive.bg_stroke, egui::StrokeKind::Inside);
        let shown = if of_phase.name.is_empty() { OWN } else { &of_phase.name };
        let combo = ComboBox::from_id_salt("material")
            .selected_text(shown)
            .width(ui.available_width() - 4.0)
            .height(520.0)
            .truncate();
        let mut chosen = None;
        let response = combo.show_ui(ui, |ui| {
            for known in materials() {
                if ui.selectable_label(known.name == of_phase.name, &known.name).on_hover_text(&known.source).clicked()
                {
                    chosen = Some(known.clone());
                }
            }
        });
        if let Some(chosen) = chosen {
            *of_phase = chosen;
        }
        response.response
    });
    if reset {
        of_phase.clone_from(usual);
    }
    let known = material(&of_phase.name).unwrap_or(usual);
    let has = |property: Property| wanted.contains(&property);
    if has(Property::Conductivity) {
        number(
            ui,
            "Conductivity",
            "Thermal conductivity; 0 for an insulator.",
            &mut of_phase.conductivity,
            known.conductivity,
            &format!(" {conductivity_unit}"),
            0.0..=1e12,
        );
    }
    if has(Property::Diffusivity) {
        number(
            ui,
            "Diffusivity",
            "Diffusivity, over that of free diffusion unless the set names a unit; 0 where nothing moves.",
            &mut of_phase.diffusivity,
            known.diffusivity,
            &format!(" {diffusivity_unit}"),
            0.0..=1e12,
        );
    }
    if has(Property::Elasticity) {
        number(ui, "Young's E", "Young's modulus; 0 for a void.", &mut of_phase.young, known.young, " GPa", 0.0..=1e9);
        if of_phase.young != Some(0.0) {
            number(ui, "Poisson's ν", "Poisson's ratio.", &mut of_phase.poisson, known.poisson, "", -0.99..=0.499);
        }
    }
    if has(Property::Permeability) {
        let tip = "Whether a fluid flows through this phase.";
        value(ui, "Pore space", tip, &mut of_phase.pore, &known.pore, |ui, v| ui.checkbox(v, ""));
    }
    let reads = has(Property::Light) && index(of_phase, ui);
    if *of_phase != before && material(&of_phase.name).is_some_and(|known| known != of_phase) {
        (of_phase.name, of_phase.source) = (OWN.into(), String::new());
    }
    reads
}

/// A number that may be unknown, with the value that its source gives.
fn number(
    ui: &mut Ui,
    label: &str,
    tip: &str,
    number: &mut Option<f64>,
    known: Option<f64>,
    suffix: &str,
    range: std::ops::RangeInclusive<f64>,
) {
    value(ui, label, tip, number, &known, |ui, number| -> Response {
        match number {
            Some(v) => {
                let speed = (0.01 * v.abs()).max(0.001);
                ui.add(DragValue::new(v).speed(speed).range(range).suffix(suffix).max_decimals(6))
            }
            None => {
                let response = ui.button("unknown").on_hover_text("No source is known. Click to enter a value.");
                if response.clicked() {
                    *number = Some(if suffix.trim().is_empty() { 0.25 } else { 1.0 });
                }
                response
            }
        }
    });
}

/// The refractive index: a table, or n and k by hand. Returns whether a table is to be read.
fn index(of_phase: &mut Material, ui: &mut Ui) -> bool {
    let tip =
        "Read a table: a line for each wavelength (nm or µm), with n and k, or a file of refractiveindex.info (CSV).";
    let Some(table) = &mut of_phase.index else {
        let unknown = row(ui, "Index n + ik", "The refractive index is not known.", |ui| {
            ui.button("unknown").on_hover_text("No source is known. Click to enter n and k, or read a table.")
        });
        if unknown.0.clicked() {
            of_phase.index = Some(IndexTable::constant(1.5, 0.0));
        }
        return ui.button("Read n, k…").on_hover_text(tip).clicked();
    };
    if let [[_, n, k]] = table.rows.as_mut_slice() {
        row(ui, "Index n + ik", "Refractive index for all wavelengths; k > 0 absorbs.", |ui| {
            let first = ui.add(DragValue::new(n).speed(0.01).range(0.0..=100.0).max_decimals(5));
            let second = DragValue::new(k).speed(0.01).range(0.0..=100.0).max_decimals(5);
            first | ui.add(second).on_hover_text("k, absorption index")
        });
    } else if let [[low, ..], .., [high, ..]] = table.rows.as_slice() {
        let text = format!("{low} to {high} nm");
        let (by_hand, _) = row(ui, "Index n + ik", "A table of n and k over the wavelength.", |ui| {
            ui.label(text);
            ui.button("By hand").on_hover_text("Enter n and k instead of the table.")
        });
        if by_hand.clicked() {
            let [_, n, k] = table.rows[table.rows.len() / 2];
            *table = IndexTable::constant(n, k);
        }
    }
    ui.button("Read n, k…").on_hover_text(tip).clicked()
}

/// Asks for a table; it comes back as a file for this workspace.
fn ask_for_table(shared: &mut Shared) {
    let ask = Ask::Path {
        kind: PathKind::File,
        title: "Read a table of n and k",
        action: "Read",
        filters: &[("Tables", &["csv", "txt", "tsv"])],
        proposed: PathBuf::new(),
    };
    shared.ask(ask, |shared, answer| shared.act(Action::Files(NAME, answer.paths())));
}

/// Reads a table of n and k for the phase that it was asked for, or says why not.
pub fn open_table(space: &mut PropertySpace, shared: &mut Shared, path: &Path) {
    let phase = space.table_for.take();
    let Some((phase, of_phase)) = phase.and_then(|phase| Some((phase, space.set.phases.get_mut(phase)?))) else {
        let text = "Tick Light, and choose “Read n, k…” at the phase that the table belongs to.";
        return shared.messages.warning(text);
    };
    let read = std::fs::metadata(path).and_then(|m| match m.len() {
        0..=MOST_BYTES => std::fs::read_to_string(path),
        _ => Err(std::io::Error::other("it is larger than any table of n and k")),
    });
    match read.map_err(|e| e.to_string()).and_then(|text| IndexTable::from_text(&text)) {
        Ok(table) => {
            of_phase.index = Some(table);
            of_phase.name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            of_phase.source = format!("Index from {}.", path.display());
            shared.changed();
            shared.messages.note(format!("The refractive index of phase {phase} is that of {}.", path.display()));
        }
        Err(reason) => shared.messages.error(format!("{} cannot be used: {reason}.", path.display())),
    }
}

/// Opens a property set from the text of its file, or says why not.
pub fn open_set(space: &mut PropertySpace, shared: &mut Shared, path: &Path, text: &str) {
    match PropertySet::from_text(text, path) {
        Ok(set) => {
            space.set = set;
            shared.changed();
            shared.messages.note(format!("The materials are those of {}.", path.display()));
        }
        Err(error) => shared.messages.error(error.to_string()),
    }
}

fn save_set(space: &PropertySpace, shared: &mut Shared) {
    let ask = Ask::Path {
        kind: PathKind::Save,
        title: "Save the property set as",
        action: "Save",
        filters: &[("Property sets", &["json"])],
        proposed: shared.export.path("materials.json"),
    };
    let text = space.set.to_json();
    shared.ask(ask, move |shared, answer| {
        write_over(shared, answer.path(), move |path| {
            crate::folders::write_atomically(path, text.as_bytes())
                .map_err(|e| format!("{} could not be written: {e}.", path.display()))
        });
    });
}

/// A short line on the source of a phase's values.
pub fn sources(set: &PropertySet, phases: usize, ui: &mut Ui) {
    for material in set.phases.iter().take(phases).filter(|m| !m.source.is_empty()) {
        ui.add(
            egui::Label::new(RichText::new(format!("{}: {}", material.name, material.source)).small().weak()).wrap(),
        );
    }
}
