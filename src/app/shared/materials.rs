//! The materials of the phases, as the Properties workspace has them.

use super::Shared;
use crate::property::{Dimension, Property, PropertySet, Wanted, material};

/// The materials, and how these properties are computed: those of the Properties workspace, or iron with voids.
pub fn materials(shared: &Shared, properties: Vec<Property>) -> (PropertySet, Wanted) {
    let (set, wanted) = match &shared.materials {
        Some(kept) => (kept.0.clone(), kept.1.clone()),
        None => {
            let phases = ["Iron", "Void"].iter().filter_map(|name| material(name).cloned()).collect();
            (PropertySet::of(phases), Wanted::default())
        }
    };
    // Of a section there are estimates alone; its fields would say something about another material.
    let full_fields = wanted.dimension == Dimension::Plane;
    (set, Wanted { properties, keep_fields: false, full_fields, ..wanted })
}

/// The names of the materials in a row of the panel.
pub fn materials_row(set: &PropertySet, ui: &mut egui::Ui) {
    let names: Vec<&str> = set.phases.iter().map(|phase| phase.name.as_str()).collect();
    let text = format!("Phases: {}", names.join(", "));
    let tip = "The materials of phase 0, 1 and so on; phase 1 is the brighter one. They are chosen in Properties, with the boundaries.";
    ui.add(egui::Label::new(egui::RichText::new(text).weak()).truncate()).on_hover_text(tip);
}
