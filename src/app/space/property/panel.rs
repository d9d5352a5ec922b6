//! The panel: properties, materials, how they are computed, and of which maps.

use egui::{DragValue, ProgressBar, RichText, ScrollArea, Ui};

use super::materials::{materials_of_phases, sources};
use super::state::{self, NAME, PropertySpace, STOP};
use super::work::{blocked, compute, export};
use crate::app::command::Action;
use crate::app::shared::Shared;
use crate::app::shared::ask::{ask_for_files, picture_filters};
use crate::app::shared::original::Original;
use crate::app::shared::question::PathKind;
use crate::app::space::document_summary;
use crate::app::theme;
use crate::app::widgets::{choice, heading, primary, row, value};
use crate::figure::duration;
use crate::job::Progress;
use crate::property::{Cell, Dimension, LightSettings, Plane, Property};

pub fn panel(space: &mut PropertySpace, shared: &mut Shared, ui: &mut Ui) {
    ui.add_space(theme::STEP);
    document_summary(shared, ui);
    let originals = state::originals(shared);
    let Some(original) = space.original_of(&originals) else {
        ui.label("Properties are those of phases: segment the micrograph first (Micrograph).");
        return;
    };
    let phases = original.phases.as_ref().map_or(0, |m| m.phases);
    space.fit_set(phases);
    ScrollArea::vertical().auto_shrink([false, false]).max_height(ui.available_height() - 78.0).show(ui, |ui| {
        original_choice(space, &original, &originals, ui);
        properties(space, ui);
        materials_of_phases(space, shared, &original, phases, ui);
        how(space, ui);
        if space.wanted.properties.contains(&Property::Light) {
            light(&mut space.set.light, original.pixel_size.is_none(), ui);
        }
        maps(space, shared, &original, ui);
        ui.add_space(theme::STEP);
        sources(&space.set, phases, ui);
    });
    ui.separator();
    start(space, shared, ui);
}

fn original_choice(space: &mut PropertySpace, original: &Original, originals: &[Original], ui: &mut Ui) {
    if originals.len() < 2 {
        return;
    }
    let named: Vec<(usize, &str)> = originals.iter().enumerate().map(|(n, o)| (n, o.name.as_str())).collect();
    let mut chosen = originals.iter().position(|o| o.is_same(original)).unwrap_or(0);
    choice(ui, "Original", "The micrograph whose properties are computed.", &mut chosen, &0, &named);
    space.original = originals.get(chosen).filter(|_| chosen != 0 || space.original.is_some()).cloned();
}

fn properties(space: &mut PropertySpace, ui: &mut Ui) {
    heading(ui, "Properties");
    for property in Property::ALL {
        let tip = match property {
            Property::Conductivity => {
                "Thermal or electrical conductivity: bounds, third-order estimate, and the flux in every pixel."
            }
            Property::Diffusivity => "Diffusion through the phases, and the tortuosity factor.",
            Property::Elasticity => {
                "Elastic moduli: bounds, third-order estimate, and stress and strain in every pixel."
            }
            Property::Permeability => {
                "Slow flow through the pores: Kozeny–Carman, and Stokes' equations in every pixel."
            }
            Property::Light => "Reflection, transmission and absorption of the map as a pattern in a layer (RCWA).",
        };
        let mut ticked = space.wanted.properties.contains(&property);
        if ui.checkbox(&mut ticked, property.name()).on_hover_text(tip).changed() {
            space.wanted.properties.retain(|p| *p != property);
            if ticked {
                space.wanted.properties.push(property);
                space.wanted.properties.sort();
            }
        }
    }
}

fn how(space: &mut PropertySpace, ui: &mut Ui) {
    heading(ui, "How");
    let wanted = &mut space.wanted;
    let tip = "What the map is a picture of: a structure that goes on unchanged through the thickness, or a section of an isotropic material in three dimensions. Full fields are always solved in the plane.";
    let dimensions = [(Dimension::Plane, "two-dimensional"), (Dimension::Section, "section of 3-D")];
    choice(ui, "The map is", tip, &mut wanted.dimension, &Dimension::Plane, &dimensions);
    let tip = "How full fields go on beyond the edges: repeated, or mirrored like a sample between two plates whose sides are sealed.";
    let cells = [(Cell::Periodic, "periodic"), (Cell::Sealed, "mirrored, sides sealed")];
    choice(ui, "Edges", tip, &mut wanted.cell, &Cell::Periodic, &cells);
    if wanted.properties.contains(&Property::Elasticity) {
        let tip = "No strain across the plane (a thick body), or no stress (a thin sheet).";
        choice(
            ui,
            "Across",
            tip,
            &mut wanted.plane,
            &Plane::Strain,
            &[(Plane::Strain, "plane strain"), (Plane::Stress, "plane stress")],
        );
    }
    let tip = "Solve the fields on the pixels. Without them only bounds and estimates are computed, which is instant.";
    ui.checkbox(&mut wanted.full_fields, "Full fields").on_hover_text(tip);
    if wanted.full_fields {
        let tip = "What the fields are solved to: the residual as a share of the first one.";
        let tolerance = &mut wanted.accuracy.tolerance;
        let options = [(1e-4, "1e-4, quick"), (1e-6, "1e-6"), (1e-8, "1e-8, exact")];
        choice(ui, "Residual", tip, tolerance, &1e-6, &options);
    }
}

fn light(light: &mut LightSettings, needs_pixel: bool, ui: &mut Ui) {
    heading(ui, "Light");
    let default = LightSettings::default();
    let nm = |ui: &mut Ui, v: &mut f64| ui.add(DragValue::new(v).speed(1.0).range(0.0..=1e6).suffix(" nm"));
    let mut wavelength = light.wavelengths.first().copied().unwrap_or(600.0);
    value(ui, "Wavelength", "In vacuum.", &mut wavelength, &600.0, |ui, v| {
        ui.add(DragValue::new(v).speed(1.0).range(1.0..=1e6).suffix(" nm"))
    });
    match light.wavelengths.first_mut() {
        Some(first) => *first = wavelength,
        None => light.wavelengths.push(wavelength),
    }
    if light.wavelengths.len() > 1 {
        let others: Vec<String> = light.wavelengths[1..].iter().map(|w| format!("{w}")).collect();
        ui.horizontal(|ui| {
            ui.add(
                egui::Label::new(RichText::new(format!("and {} nm of the set", others.join(", "))).weak()).truncate(),
            );
            if ui.small_button("×").on_hover_text("Leave the other wavelengths out.").clicked() {
                light.wavelengths.truncate(1);
            }
        });
    }
    value(ui, "Thickness", "Of the patterned layer.", &mut light.thickness, &default.thickness, nm);
    value(ui, "Angle", "Of incidence, from above.", &mut light.angle, &0.0, |ui, v| {
        ui.add(DragValue::new(v).speed(0.5).range(0.0..=89.0).suffix("°"))
    });
    value(ui, "Azimuth", "Between the plane of incidence and the x axis.", &mut light.azimuth, &0.0, |ui, v| {
        ui.add(DragValue::new(v).speed(1.0).range(-180.0..=180.0).suffix("°"))
    });
    if needs_pixel {
        value(
            ui,
            "Pixel",
            "The edge of a pixel: the micrograph has no pixel size.",
            &mut light.pixel,
            &default.pixel,
            |ui, v| ui.add(DragValue::new(v).speed(0.5).range(0.01..=1e6).suffix(" nm")),
        );
    }
    let tip = "Orders of diffraction along each axis. More are more exact; the time grows with the sixth power.";
    let orders = [(7, "7 × 7"), (11, "11 × 11"), (15, "15 × 15"), (21, "21 × 21")];
    choice(ui, "Orders", tip, &mut light.orders, &default.orders, &orders);
    value(ui, "Above: n", "The medium that light comes from.", &mut light.above, &1.0, |ui, v| {
        ui.add(DragValue::new(v).speed(0.01).range(0.1..=10.0))
    });
    row(ui, "Below: n + ik", "The medium below the layers.", |ui| {
        let first = ui.add(DragValue::new(&mut light.below[0]).speed(0.01).range(0.0..=100.0));
        let second = DragValue::new(&mut light.below[1]).speed(0.01).range(0.0..=100.0);
        first | ui.add(second).on_hover_text("k below, absorption index")
    });
    layers(&mut light.upper_layers, "Layers above", "Add a uniform layer on the pattern", ui);
    layers(&mut light.lower_layers, "Layers below", "Add a uniform layer under the pattern", ui);
}

/// Uniform layers: thickness, n and k of each.
fn layers(layers: &mut Vec<[f64; 3]>, label: &str, tip: &str, ui: &mut Ui) {
    ui.push_id(label, |ui| {
        let (add, _) = row(ui, label, tip, |ui| ui.button("Add").on_hover_text(tip));
        if add.clicked() {
            layers.push([100.0, 1.5, 0.0]);
        }
        let mut removed = None;
        for (number, [thickness, n, k]) in layers.iter_mut().enumerate() {
            ui.horizontal(|ui| {
                ui.add(DragValue::new(thickness).speed(1.0).range(0.0..=1e6).suffix(" nm")).on_hover_text("Thickness.");
                ui.add(DragValue::new(n).speed(0.01).range(0.0..=100.0).prefix("n "))
                    .on_hover_text("Refractive index.");
                ui.add(DragValue::new(k).speed(0.01).range(0.0..=100.0).prefix("k "))
                    .on_hover_text("Absorption index.");
                if ui.small_button("×").on_hover_text("Remove this layer.").clicked() {
                    removed = Some(number);
                }
            });
        }
        if let Some(number) = removed {
            layers.remove(number);
        }
    });
}

fn maps(space: &mut PropertySpace, shared: &mut Shared, original: &Original, ui: &mut Ui) {
    heading(ui, "Maps");
    let count = space.realisations_of(shared, original).len();
    let tip = "Compute the original's realisations too: do they conduct and bear like it?";
    let text = match count {
        0 => "Realisations (none yet)".to_string(),
        n => format!("Realisations ({n})"),
    };
    ui.add_enabled(count > 0, egui::Checkbox::new(&mut space.realisations, text))
        .on_hover_text(tip)
        .on_disabled_hover_text("Make some in Reconstruct.");
    let mut removed = None;
    for (n, map) in space.others.iter().enumerate() {
        ui.horizontal(|ui| {
            if ui.small_button("×").on_hover_text("Leave this one out.").clicked() {
                removed = Some(n);
            }
            ui.add(egui::Label::new(&map.name).truncate());
        });
    }
    removed.into_iter().for_each(|n| drop(space.others.remove(n)));
    if ui
        .button("Add micrographs…")
        .on_hover_text("Other micrographs or phase maps, to compute beside the original.")
        .clicked()
    {
        ask_for_files(shared, NAME, PathKind::Files, "Add micrographs", picture_filters(PathKind::Files));
    }
}

/// The button that starts, or the progress; and the export.
fn start(space: &mut PropertySpace, shared: &mut Shared, ui: &mut Ui) {
    if space.is_running() {
        let progress = &space.job.progress;
        ui.add(ProgressBar::new(progress.share() as f32).text(format!("{:.0} %", 100.0 * progress.share())));
        let left = space.started.map_or(String::new(), |started| {
            let (taken, share) = (started.elapsed().as_secs_f64(), progress.share());
            if taken > 2.0 && share > 0.03 {
                format!(", {} left", duration(taken * (1.0 - share) / share))
            } else {
                String::new()
            }
        });
        ui.horizontal(|ui| {
            if ui.button("Stop").on_hover_text("The properties that are done stay.").clicked() {
                shared.act(Action::DoIn(NAME, STOP));
            }
            ui.add(egui::Label::new(RichText::new(format!("{}{left}", progress.doing())).small().weak()).truncate());
        });
        return;
    }
    ui.horizontal(|ui| {
        let blocked = blocked(space, shared);
        let button = ui.add_enabled(blocked.is_none(), primary(ui, "Compute"));
        let tip = "Compute the ticked properties of the original and the other maps.";
        if button.on_hover_text(tip).on_disabled_hover_text(blocked.unwrap_or_default()).clicked() {
            compute(space, shared);
        }
        let none = space.results.is_none();
        let tip = "Tables, figures and fields (PNG, NPY, VTI) into the export folder.";
        let button = ui.add_enabled(!none, egui::Button::new("Export"));
        if button.on_hover_text(tip).on_disabled_hover_text("Nothing is computed yet.").clicked() {
            export(space, shared);
        }
    });
}
