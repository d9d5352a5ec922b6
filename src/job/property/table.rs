//! The table of properties.

use super::request::PropertyResults;
use super::spread::Spread;
use crate::figure::{Cell, Table, significant};
use crate::property::{Property, Quantity};

/// One quantity of all maps.
#[derive(Clone, Debug)]
pub struct PropertyRow {
    /// The quantity of the first map.
    pub quantity: Quantity,
    /// What others were made by, and their best numbers.
    pub groups: Vec<(String, Spread)>,
    /// The mean over the first map's quarters: what the size of its field leaves open.
    pub field_size: Option<Spread>,
}

impl PropertyRow {
    /// Half of the 95 % interval that the size of the first map's field explains.
    pub fn field_interval(&self) -> Option<f64> {
        self.field_size.and_then(|s| s.half_width)
    }

    /// How many more fields of this size would narrow the interval to 1 % of the value.
    pub fn more_fields(&self) -> Option<usize> {
        // Four quarters are one field.
        self.field_size.and_then(|s| s.count_for(0.01)).map(|quarters| quarters.div_ceil(4).saturating_sub(1))
    }

    /// A sentence for each group of others that compares it with the first map, by the intervals of both.
    pub fn verdicts(&self) -> Vec<String> {
        let Some(original) = self.compared().filter(|v| v.is_finite() && *v != 0.0) else { return vec![] };
        self.groups.iter().map(|(group, made)| self.verdict(original, group, made)).collect()
    }

    /// The number of the first map that others are compared with: of the full field, or the estimate.
    fn compared(&self) -> Option<f64> {
        self.quantity.best()
    }

    fn verdict(&self, original: f64, group: &str, made: &Spread) -> String {
        let share = |value: f64| format!("{} %", significant(100.0 * value.abs() / original.abs()));
        let off = made.mean - original;
        let word = if off >= 0.0 { "above" } else { "below" };
        let text = format!("{} of {group} is {} {word} the original's", self.quantity.name, share(off));
        let Some(own) = self.field_interval() else { return format!("{text}.") };
        // A single map is as uncertain as the original.
        let reach = own.hypot(made.half_width.unwrap_or(own));
        let judged = if off.abs() <= reach {
            "within what the size of the fields explains"
        } else {
            "more than the size of the fields explains"
        };
        format!("{text}: {judged} (± {}).", share(reach))
    }
}

/// The number of another map that can be compared with a quantity: of the same kind.
pub fn alike(of: Option<&Quantity>, quantity: &Quantity) -> Option<f64> {
    of.and_then(|other| if quantity.field.is_some() { other.field } else { other.estimate })
}

/// A row for each quantity of the first map that is ready.
pub fn property_rows(results: &PropertyResults) -> Vec<PropertyRow> {
    let Some(first) = results.maps.first().and_then(Option::as_ref) else { return vec![] };
    let others = || results.request.maps.iter().zip(&results.maps).skip(1);
    let mut groups: Vec<String> = vec![];
    for (map, _) in others() {
        let name = map.made_by.clone().unwrap_or_else(|| "other micrographs".into());
        if !groups.contains(&name) {
            groups.push(name);
        }
    }
    let row = |quantity: &Quantity| {
        let of_group = |group: &String| {
            let members = others().filter(|(map, _)| map.made_by.as_deref().unwrap_or("other micrographs") == group);
            let values: Vec<f64> =
                members.filter_map(|(_, found)| alike(found.as_ref()?.named(&quantity.name), quantity)).collect();
            Spread::of(&values).map(|spread| (group.clone(), spread))
        };
        let quarters: Vec<f64> =
            results.quarters.iter().filter_map(|q| alike(q.named(&quantity.name), quantity)).collect();
        PropertyRow {
            quantity: quantity.clone(),
            groups: groups.iter().filter_map(of_group).collect(),
            field_size: Spread::of(&quarters).filter(|s| s.count == 4 && s.mean != 0.0),
        }
    };
    first.quantities.iter().map(row).collect()
}

/// The rows as a table for files.
pub fn property_table(results: &PropertyResults) -> Table {
    let rows = property_rows(results);
    let mut groups: Vec<String> = vec![];
    for (name, _) in rows.iter().flat_map(|row| &row.groups) {
        if !groups.contains(name) {
            groups.push(name.clone());
        }
    }
    let mut headings: Vec<String> =
        ["property", "unit", "estimate", "lower bound", "upper bound", "full field", "± of the field's size"]
            .map(String::from)
            .into();
    for group in &groups {
        headings.extend([format!("{group}: mean"), format!("{group}: ± 95 %"), format!("{group}: number")]);
    }
    let number = |value: Option<f64>| Cell::plain(value.map_or(String::new(), significant));
    let line = |row: &PropertyRow| {
        let quantity = &row.quantity;
        let bounds = quantity.narrowest();
        let mut cells = vec![
            Cell::plain(quantity.name.clone()),
            Cell::plain(quantity.unit.clone()),
            number(quantity.estimate),
            number(bounds.map(|b| b.lower)),
            number(bounds.map(|b| b.upper)),
            number(quantity.field),
            number(row.field_interval()),
        ];
        for group in &groups {
            let found = row.groups.iter().find(|(name, _)| name == group).map(|(_, spread)| spread);
            cells.push(number(found.map(|s| s.mean)));
            cells.push(number(found.and_then(|s| s.half_width)));
            cells.push(Cell::plain(found.map_or(String::new(), |s| s.count.to_string())));
        }
        cells
    };
    let name = results.request.maps.first().map_or("", |m| m.name.as_str());
    Table { caption: format!("Properties of {name}"), headings, rows: rows.iter().map(line).collect() }
}

/// How the name of the quantity begins that stands for a property.
pub fn main_quantity(property: Property) -> &'static str {
    match property {
        Property::Conductivity => "Conductivity",
        Property::Diffusivity => "Diffusivity",
        Property::Elasticity => "Young's modulus",
        Property::Permeability => "Permeability",
        Property::Light => "Absorption",
    }
}
