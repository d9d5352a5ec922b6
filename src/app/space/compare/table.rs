//! The table of the comparison.

use egui::{RichText, ScrollArea, Ui};

use super::measuring::{Measured, Measurements};
use crate::app::theme;
use crate::figure::significant;
use crate::stats::{ErrorRates, Unfitted};

/// The text of a cell: of a picture, and the original unless the picture is the original.
type Cell = fn(&Measured, Option<&Measured>) -> String;
/// The same as a number for files, not a number where there is none.
type Number = fn(&Measured, Option<&Measured>) -> f64;

/// A column of the table in the window, with the columns of the file that hold its numbers.
struct Column {
    heading: &'static str,
    tip: &'static str,
    cell: Cell,
    numbers: &'static [(&'static str, Number)],
}

const COLUMNS: &[Column] = &[
    Column {
        heading: "volume fraction",
        tip: "With its 95 % confidence interval, from the picture's own S2.",
        cell: |m, _| m.all.fraction.to_string(),
        numbers: &[
            ("volume_fraction", |m, _| m.all.fraction.volume_fraction),
            ("half_of_95_percent_interval", |m, _| m.all.fraction.half_width()),
        ],
    },
    Column {
        heading: "S2 error %",
        tip: "Area between the S2 curves over the area under the original's (Li et al. 2018, Eq. 1).",
        cell: |m, o| percent(rate(m, o, |e| e.s2_error_percent)),
        numbers: &[("s2_error_percent", |m, o| rate(m, o, |e| e.s2_error_percent))],
    },
    Column {
        heading: "covariance error %",
        tip: "Σ|Δχ| / Σ|χ|, χ = S2 − φ² with each picture's own φ: the error of what the volume fraction does not fix.",
        cell: |m, o| percent(rate(m, o, |e| e.s2_covariance_error_percent)),
        numbers: &[("covariance_error_percent", |m, o| rate(m, o, |e| e.s2_covariance_error_percent))],
    },
    Column {
        heading: "lineal-path error %",
        tip: "Area between the lineal-path curves over the area under the original's.",
        cell: |m, o| percent(rate(m, o, |e| e.lineal_path_error_percent)),
        numbers: &[("lineal_path_error_percent", |m, o| rate(m, o, |e| e.lineal_path_error_percent))],
    },
    Column {
        heading: "cluster error %",
        tip: "Not fitted: area between the cluster functions over the area under the original's.",
        cell: |m, o| percent(unfitted(m, o, |u| u.cluster_error_percent)),
        numbers: &[("cluster_error_percent", |m, o| unfitted(m, o, |u| u.cluster_error_percent))],
    },
    Column {
        heading: "pore-size error %",
        tip: "Not fitted: area between the pore-size distributions.",
        cell: |m, o| percent(unfitted(m, o, |u| u.pore_size_error_percent)),
        numbers: &[("pore_size_error_percent", |m, o| unfitted(m, o, |u| u.pore_size_error_percent))],
    },
    Column {
        heading: "mean chord",
        tip: "Mean length of chords along rows and columns; it follows from the lineal path.",
        cell: |m, _| length(m, m.all.mean_chord()),
        numbers: &[("mean_chord_px", |m, _| m.all.mean_chord())],
    },
    Column {
        heading: "mean pore radius",
        tip: "Not fitted: mean radius of the largest discs.",
        cell: |m, _| length(m, m.all.mean_pore_size),
        numbers: &[("mean_pore_radius_px", |m, _| m.all.mean_pore_size)],
    },
    Column {
        heading: "specific surface",
        tip: "Interface length for each unit of area, from S2's slope.",
        cell: |m, _| {
            let (unit, scale) = unit(m);
            format!("{} 1/{unit}", significant(m.all.specific_surface / scale))
        },
        numbers: &[("specific_surface_per_px", |m, _| m.all.specific_surface)],
    },
    Column {
        heading: "interface length",
        tip: "By Crofton's formula; the polish keeps it.",
        cell: |m, _| length(m, m.all.interface_length),
        numbers: &[("interface_length_px", |m, _| m.all.interface_length)],
    },
    Column {
        heading: "components",
        tip: "Not fitted: connected regions, pixels that share an edge.",
        cell: |m, _| m.all.component_sizes.len().to_string(),
        numbers: &[("components", |m, _| m.all.component_sizes.len() as f64)],
    },
    Column {
        heading: "largest component",
        tip: "Share of the phase in its largest component.",
        cell: |m, _| format!("{:.1} %", 100.0 * m.all.largest_share),
        numbers: &[("largest_component_share", |m, _| m.all.largest_share)],
    },
    Column {
        heading: "percolates",
        tip: "Whether a component spans the picture along x and along y.",
        cell: |m, _| {
            match m.all.percolates {
                [true, true] => "x and y",
                [true, false] => "x",
                [false, true] => "y",
                [false, false] => "no",
            }
            .into()
        },
        numbers: &[
            ("percolates_x", |m, _| f64::from(u8::from(m.all.percolates[0]))),
            ("percolates_y", |m, _| f64::from(u8::from(m.all.percolates[1]))),
        ],
    },
];

fn rate(m: &Measured, original: Option<&Measured>, of: fn(&ErrorRates) -> f64) -> f64 {
    original.and_then(|o| m.errors(o)).map_or(f64::NAN, |errors| of(&errors))
}

fn unfitted(m: &Measured, original: Option<&Measured>, of: fn(&Unfitted) -> f64) -> f64 {
    original.and_then(|o| m.unfitted(o)).map_or(f64::NAN, |unfitted| of(&unfitted))
}

fn percent(value: f64) -> String {
    if value.is_finite() { significant(value) } else { "–".into() }
}

/// The unit of a picture's own lengths, and the edge of its pixels in it. A picture of unknown scale has pixels.
fn unit(m: &Measured) -> (&'static str, f64) {
    m.pixel_size.as_ref().map_or(("px", 1.0), |pixel| pixel.unit(m.curves.s2.len() as f64))
}

fn length(m: &Measured, pixels: f64) -> String {
    let (unit, scale) = unit(m);
    if pixels.is_finite() { format!("{} {unit}", significant(pixels * scale)) } else { "–".into() }
}

/// A number of white noise's row; not a number where white noise is not measured.
fn noise_number(result: &Measurements, heading: &str) -> f64 {
    let Some(original) = result.measured.first() else { return f64::NAN };
    let errors = ErrorRates::between(&original.curves, &result.noise);
    match heading {
        "S2 error %" => errors.s2_error_percent,
        "covariance error %" => errors.s2_covariance_error_percent,
        "lineal-path error %" => errors.lineal_path_error_percent,
        _ => f64::NAN,
    }
}

/// All cells, with the headings first.
fn cells(result: &Measurements) -> Vec<Vec<String>> {
    let heading = std::iter::once("picture".to_string()).chain(COLUMNS.iter().map(|c| c.heading.to_string()));
    let mut rows = vec![heading.collect::<Vec<_>>()];
    let original = result.measured.first();
    for (n, m) in result.measured.iter().enumerate() {
        let name = if n == 0 { format!("{} (original)", m.name) } else { m.name.clone() };
        let with = if n == 0 { None } else { original };
        rows.push(std::iter::once(name).chain(COLUMNS.iter().map(|c| (c.cell)(m, with))).collect());
    }
    let noise = COLUMNS.iter().map(|c| match noise_number(result, c.heading) {
        v if v.is_finite() => percent(v),
        _ => String::new(),
    });
    rows.push(std::iter::once("white noise".to_string()).chain(noise).collect());
    rows
}

/// The table: its first column stays where it is while the others scroll.
pub(super) fn table(ui: &mut Ui, result: &Measurements) {
    let faint = theme::palette(ui).faint;
    let rows = cells(result);
    let last = rows.len() - 1;
    let styled = |n: usize, cell: &str| {
        let text = RichText::new(cell);
        match n {
            0 => text.strong(),
            n if n == last => text.color(faint),
            _ => text,
        }
    };
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        ui.horizontal_top(|ui| {
            egui::Grid::new("compared pictures").striped(true).spacing([18.0, 4.0]).show(ui, |ui| {
                for (n, row) in rows.iter().enumerate() {
                    ui.add(egui::Label::new(styled(n, &row[0])).extend());
                    ui.end_row();
                }
            });
            ui.separator();
            ScrollArea::horizontal().auto_shrink([false, true]).show(ui, |ui| {
                egui::Grid::new("comparison").striped(true).spacing([18.0, 4.0]).show(ui, |ui| {
                    for (n, row) in rows.iter().enumerate() {
                        for (cell, column) in row[1..].iter().zip(COLUMNS) {
                            let label = ui.add(egui::Label::new(styled(n, cell)).extend());
                            if n == 0 {
                                label.on_hover_text(column.tip);
                            }
                        }
                        ui.end_row();
                    }
                });
            });
        });
    });
}

/// The table for files: plain numbers, units in the headings, nothing where there is no number.
pub(super) fn table_csv(result: &Measurements) -> String {
    let headings = COLUMNS.iter().flat_map(|c| c.numbers.iter().map(|(heading, _)| *heading));
    let mut text = String::from("picture,phase,pixel_size_um,edges");
    headings.for_each(|heading| text.extend([",", heading]));
    let number = |v: f64| if v.is_finite() { v.to_string() } else { String::new() };
    let mut line = |name: &str, pixel: Option<f64>, numbers: Vec<f64>| {
        let edges = format!("{:?}", result.labels.boundary).to_lowercase();
        let name = name.replace('"', "\"\"");
        text.push_str(&format!("\n\"{name}\",{},{},{edges}", result.labels.phase, pixel.map_or(String::new(), number)));
        numbers.into_iter().for_each(|v| text.extend([",", &number(v)]));
    };
    let original = result.measured.first();
    for (n, m) in result.measured.iter().enumerate() {
        let with = if n == 0 { None } else { original };
        let numbers = COLUMNS.iter().flat_map(|c| c.numbers.iter().map(|(_, of)| of(m, with))).collect();
        line(&m.name, m.pixel_size.as_ref().map(|p| 1e6 * p.metres), numbers);
    }
    let noise = COLUMNS.iter().flat_map(|c| c.numbers.iter().map(|_| noise_number(result, c.heading))).collect();
    line("white noise", None, noise);
    text.push('\n');
    text
}
