//! The tables of estimates and of results.

use egui::{Grid, RichText, Ui};

use super::state::PropertySpace;
use crate::app::space::placeholder;
use crate::app::theme;
use crate::figure::significant;
use crate::job::{PropertyRow, property_rows};
use crate::property::Quantity;

/// A number with its unit, or a dash.
fn number(value: Option<f64>, unit: &str) -> String {
    match value {
        Some(v) if v.is_infinite() => "∞".into(),
        Some(v) if unit.is_empty() => significant(v),
        Some(v) => format!("{} {unit}", significant(v)),
        None => "–".into(),
    }
}

/// All bounds of a quantity, a line each.
fn bounds_tip(quantity: &Quantity) -> String {
    let line = |(name, b): &(String, crate::property::Bounds)| {
        format!("{name}: {} to {}", significant(b.lower), number(Some(b.upper), &quantity.unit))
    };
    quantity.bounds.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The narrowest bounds as text.
fn bounds_text(quantity: &Quantity) -> String {
    quantity.narrowest().map_or("–".into(), |b| format!("{} – {}", significant(b.lower), significant(b.upper)))
}

/// Bounds and estimates of the original as it is now.
pub fn estimates(space: &PropertySpace, ui: &mut Ui) {
    let Some((_, found)) = &space.estimates else {
        placeholder(ui, "Tick a property; its bounds and estimates appear here.");
        return;
    };
    let rows: Vec<&Quantity> =
        found.quantities.iter().filter(|q| q.estimate.is_some() || !q.bounds.is_empty()).collect();
    Grid::new("estimates").striped(true).spacing([18.0, 4.0]).show(ui, |ui| {
        for (heading, tip) in [
            ("Property", "Hover a name for its formulas."),
            ("Estimate", "Third-order strong contrast, or Kozeny–Carman; for two phases."),
            ("Narrowest bounds", "No isotropic structure with these statistics lies outside. Hover for all of them."),
            ("Hashin–Shtrikman", "Bounds from the volume fractions alone."),
            ("Wiener, or Voigt–Reuss", "Means of the phases' values: the widest bounds."),
        ] {
            ui.label(RichText::new(heading).strong()).on_hover_text(tip);
        }
        ui.end_row();
        for quantity in rows {
            ui.label(&quantity.name).on_hover_text(&quantity.formula);
            ui.label(number(quantity.estimate, &quantity.unit)).on_hover_text(&quantity.formula);
            ui.label(bounds_text(quantity)).on_hover_text(bounds_tip(quantity));
            for kind in ["Hashin–Shtrikman", "W V"] {
                let of_kind = quantity.bounds.iter().find(|(name, _)| match kind {
                    "W V" => ["Wiener", "Voigt–Reuss"].contains(&name.as_str()),
                    _ => name == kind,
                });
                let text = of_kind
                    .map_or("–".into(), |(_, b)| format!("{} – {}", significant(b.lower), significant(b.upper)));
                ui.label(RichText::new(text).weak());
            }
            ui.end_row();
        }
    });
    notes(&found.notes, ui);
}

/// The table of the last computation, what it says, and its notes.
pub fn results(space: &PropertySpace, ui: &mut Ui) {
    let Some(results) = &space.results else {
        placeholder(
            ui,
            "Compute fills this table: estimate, bounds, full field, and what was made from the micrograph beside it.",
        );
        return;
    };
    let rows = property_rows(results);
    if rows.is_empty() {
        let text = if space.is_running() {
            "The first numbers appear as soon as a map is done."
        } else {
            "No property could be computed."
        };
        ui.label(text);
    } else {
        grid(&rows, ui);
    }
    ui.add_space(theme::STEP);
    let is_main = |row: &&PropertyRow| {
        let q = &row.quantity;
        q.estimate.is_some() || !q.bounds.is_empty() || q.name.starts_with("Absorption")
    };
    rows.iter().filter(is_main).flat_map(PropertyRow::verdicts).for_each(|text| drop(ui.label(text)));
    let mut all: Vec<String> = vec![];
    for (map, found) in results.request.maps.iter().zip(&results.maps) {
        for note in found.iter().flat_map(|f| &f.notes) {
            all.push(format!("{}: {note}", map.name));
        }
    }
    notes(&all, ui);
}

fn grid(rows: &[PropertyRow], ui: &mut Ui) {
    let mut groups: Vec<&str> = vec![];
    for (name, _) in rows.iter().flat_map(|row| &row.groups) {
        if !groups.contains(&name.as_str()) {
            groups.push(name);
        }
    }
    let palette = theme::palette(ui);
    Grid::new("results").striped(true).spacing([18.0, 4.0]).show(ui, |ui| {
        for (heading, tip) in [
            ("Property", "Hover a name for its formulas."),
            ("Full field", "Of the original, solved on its pixels."),
            (
                "± field size",
                "Half of the 95 % interval that the size of the original's field leaves open, from its quarters.",
            ),
            ("Estimate", "Third-order strong contrast, or Kozeny–Carman; for two phases."),
            ("Bounds", "The narrowest; hover for all."),
        ] {
            ui.label(RichText::new(heading).strong()).on_hover_text(tip);
        }
        for group in &groups {
            ui.label(RichText::new(*group).strong().color(palette.accent))
                .on_hover_text("The mean with its 95 % interval, and the number of maps.");
        }
        ui.end_row();
        for row in rows {
            let q = &row.quantity;
            ui.label(&q.name).on_hover_text(&q.formula);
            ui.label(number(q.field, &q.unit)).on_hover_text(&q.formula);
            let own = row.field_interval();
            let more = row.more_fields().map_or(String::new(), |n| match n {
                0 => "This one field gives ± 1 %.".into(),
                1 => "One more field of this size would give ± 1 %.".into(),
                n => format!("{n} more fields of this size would give ± 1 %."),
            });
            let own_text = own.map_or("–".into(), |v| format!("± {}", significant(v)));
            ui.label(RichText::new(own_text).weak()).on_hover_text(if more.is_empty() {
                "Unknown.".into()
            } else {
                more
            });
            ui.label(number(q.estimate, "")).on_hover_text(&q.formula);
            ui.label(bounds_text(q)).on_hover_text(bounds_tip(q));
            for group in &groups {
                let found = row.groups.iter().find(|(name, _)| name == group);
                let text = found.map_or("–".into(), |(_, s)| {
                    let half = s.half_width.map_or(String::new(), |h| format!(" ± {}", significant(h)));
                    format!("{}{half} ({})", significant(s.mean), s.count)
                });
                ui.label(text);
            }
            ui.end_row();
        }
    });
}

fn notes(notes: &[String], ui: &mut Ui) {
    ui.add_space(theme::STEP);
    for note in notes {
        ui.label(RichText::new(note).small().weak());
    }
}
