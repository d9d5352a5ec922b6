//! The table of the comparison.

use egui::{RichText, Ui};

use super::measuring::{Measured, Measurements};
use super::plots::unit;
use crate::app::theme;
use crate::figure::significant;
use crate::stats::{ErrorRates, Unfitted};

/// The text of a cell: of all measurements, a picture, and the original unless the picture is the original.
type Cell = fn(&Measurements, &Measured, Option<&Measured>) -> String;
/// The columns of the table: heading, tooltip, and the text of a cell.
const COLUMNS: &[(&str, &str, Cell)] = &[
    ("volume fraction", "With its 95 % confidence interval, from the picture's own S2.", |_, m, _| {
        m.all.fraction.to_string()
    }),
    (
        "S2 error %",
        "Area between the S2 curves over the area under the original's (Li et al. 2018, Eq. 1).",
        |_, m, o| rate(m, o, |e| e.s2_error_percent),
    ),
    (
        "covariance error %",
        "Σ|ΔS2| / Σ|S2 − φ²|: the error of what the volume fraction does not fix.",
        |_, m, o| rate(m, o, |e| e.s2_covariance_error_percent),
    ),
    ("lineal-path error %", "Area between the lineal-path curves over the area under the original's.", |_, m, o| {
        rate(m, o, |e| e.lineal_path_error_percent)
    }),
    (
        "cluster error %",
        "Not fitted: area between the cluster functions over the area under the original's.",
        |_, m, o| unfitted(m, o, |u| u.cluster_error_percent),
    ),
    ("pore-size error %", "Not fitted: area between the pore-size distributions.", |_, m, o| {
        unfitted(m, o, |u| u.pore_size_error_percent)
    }),
    ("mean chord", "Not fitted: mean length of chords along rows and columns.", |r, m, _| {
        length(r, m.all.mean_chord())
    }),
    ("mean pore radius", "Not fitted: mean radius of the largest discs.", |r, m, _| length(r, m.all.mean_pore_size)),
    ("specific surface", "Interface length for each unit of area, from S2's slope.", |r, m, _| {
        let (scale, unit) = unit(r);
        format!("{} 1/{unit}", significant(m.all.specific_surface / scale))
    }),
    ("interface length", "Not fitted: by Crofton's formula.", |r, m, _| length(r, m.all.interface_length)),
    ("components", "Not fitted: connected regions, pixels that share an edge.", |_, m, _| {
        m.all.component_sizes.len().to_string()
    }),
    ("largest component", "Share of the phase in its largest component.", |_, m, _| {
        format!("{:.1} %", 100.0 * m.all.largest_share)
    }),
    ("percolates", "Whether a component spans the picture along x and along y.", |_, m, _| {
        match m.all.percolates {
            [true, true] => "x and y",
            [true, false] => "x",
            [false, true] => "y",
            [false, false] => "no",
        }
        .into()
    }),
];

fn rate(m: &Measured, original: Option<&Measured>, of: fn(&ErrorRates) -> f64) -> String {
    original.map_or("–".into(), |o| percent(of(&ErrorRates::between(&o.curves, &m.curves))))
}

fn unfitted(m: &Measured, original: Option<&Measured>, of: fn(&Unfitted) -> f64) -> String {
    original.map_or("–".into(), |o| percent(of(&Unfitted::between((&o.all, o.pixels), (&m.all, m.pixels)))))
}

fn percent(value: f64) -> String {
    if value.is_finite() { significant(value) } else { "–".into() }
}

fn length(result: &Measurements, pixels: f64) -> String {
    let (scale, unit) = unit(result);
    if pixels.is_finite() { format!("{} {unit}", significant(pixels * scale)) } else { "–".into() }
}

/// A cell of white noise's row; empty where white noise is not measured.
fn noise_cell(result: &Measurements, heading: &str) -> String {
    let Some(original) = result.measured.first() else { return String::new() };
    let errors = ErrorRates::between(&original.curves, &result.noise);
    match heading {
        "S2 error %" => percent(errors.s2_error_percent),
        "covariance error %" => percent(errors.s2_covariance_error_percent),
        "lineal-path error %" => percent(errors.lineal_path_error_percent),
        _ => String::new(),
    }
}

/// All cells, with the headings first.
fn cells(result: &Measurements) -> Vec<Vec<String>> {
    let heading = std::iter::once("picture".to_string()).chain(COLUMNS.iter().map(|(name, ..)| (*name).to_string()));
    let mut rows = vec![heading.collect::<Vec<_>>()];
    let original = result.measured.first();
    for (n, m) in result.measured.iter().enumerate() {
        let name = if n == 0 { format!("{} (original)", m.name) } else { m.name.clone() };
        let with = if n == 0 { None } else { original };
        rows.push(std::iter::once(name).chain(COLUMNS.iter().map(|(_, _, cell)| cell(result, m, with))).collect());
    }
    let noise = COLUMNS.iter().map(|(name, ..)| noise_cell(result, name));
    rows.push(std::iter::once("white noise".to_string()).chain(noise).collect());
    rows
}

pub(super) fn table(ui: &mut Ui, result: &Measurements) {
    let faint = theme::palette(ui).faint;
    egui::Grid::new("comparison").striped(true).spacing([18.0, 4.0]).show(ui, |ui| {
        for (n, row) in cells(result).iter().enumerate() {
            for (k, cell) in row.iter().enumerate() {
                let text = RichText::new(cell);
                let text = match n {
                    0 => text.strong(),
                    n if n == result.measured.len() + 1 => text.color(faint),
                    _ => text,
                };
                let label = ui.label(text);
                if let (0, Some((_, tip, _))) = (n, k.checked_sub(1).and_then(|k| COLUMNS.get(k))) {
                    label.on_hover_text(*tip);
                }
            }
            ui.end_row();
        }
    });
}

pub(super) fn table_csv(result: &Measurements) -> String {
    let line = |row: &Vec<String>| {
        let quoted: Vec<String> = row.iter().map(|c| format!("\"{}\"", c.replace('"', "\"\""))).collect();
        quoted.join(",")
    };
    cells(result).iter().map(line).collect::<Vec<_>>().join("\n") + "\n"
}
