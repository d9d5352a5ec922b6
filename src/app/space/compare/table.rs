//! The table of the comparison.

use egui::{RichText, ScrollArea, Ui};

use super::measuring::{Measured, Measurements};
use crate::app::theme;
use crate::figure::significant;
use crate::stats::{ErrorRates, PhaseStatistics, Unfitted};

/// What a column shows of a picture, against the original unless the picture is the original.
enum Value {
    /// An error of its curves, in percent.
    Error(fn(&ErrorRates) -> f64),
    /// A difference in the other statistics, in percent.
    Difference(fn(&Unfitted) -> f64),
    /// A length in pixels.
    Length(fn(&PhaseStatistics) -> f64),
    /// Something else: its text, and its numbers for files.
    Other(fn(&Measured) -> String, fn(&PhaseStatistics) -> Vec<f64>),
}

/// A column of the table in the window, with the columns of the file that hold its numbers.
struct Column {
    heading: &'static str,
    tip: &'static str,
    in_files: &'static [&'static str],
    value: Value,
}

const COLUMNS: &[Column] = &[
    Column {
        heading: "volume fraction",
        tip: "With its 95 % confidence interval, from the picture's own S2.",
        in_files: &["volume_fraction", "half_of_95_percent_interval"],
        value: Value::Other(
            |m| m.all.fraction.to_string(),
            |all| vec![all.fraction.volume_fraction, all.fraction.half_width()],
        ),
    },
    Column {
        heading: "S2 error %",
        tip: "Area between the S2 curves over the area under the original's (Li et al. 2018, Eq. 1).",
        in_files: &["s2_error_percent"],
        value: Value::Error(|e| e.s2_error_percent),
    },
    Column {
        heading: "covariance error %",
        tip: "Σ|Δχ| / Σ|χ|, χ = S2 − φ² with each picture's own φ: the error of what the volume fraction does not fix.",
        in_files: &["covariance_error_percent"],
        value: Value::Error(|e| e.s2_covariance_error_percent),
    },
    Column {
        heading: "lineal-path error %",
        tip: "Area between the lineal-path curves over the area under the original's.",
        in_files: &["lineal_path_error_percent"],
        value: Value::Error(|e| e.lineal_path_error_percent),
    },
    Column {
        heading: "cluster error %",
        tip: "Not fitted: area between the cluster functions over the area under the original's.",
        in_files: &["cluster_error_percent"],
        value: Value::Difference(|u| u.cluster_error_percent),
    },
    Column {
        heading: "pore-size error %",
        tip: "Not fitted: area between the pore-size distributions.",
        in_files: &["pore_size_error_percent"],
        value: Value::Difference(|u| u.pore_size_error_percent),
    },
    Column {
        heading: "mean chord",
        tip: "Mean length of chords along rows and columns; it follows from the lineal path.",
        in_files: &["mean_chord_px"],
        value: Value::Length(|all| all.mean_chord()),
    },
    Column {
        heading: "mean pore radius",
        tip: "Not fitted: mean radius of the largest discs.",
        in_files: &["mean_pore_radius_px"],
        value: Value::Length(|all| all.mean_pore_size),
    },
    Column {
        heading: "specific surface",
        tip: "Interface length for each unit of area, from S2's slope.",
        in_files: &["specific_surface_per_px"],
        value: Value::Other(
            |m| {
                let (unit, scale) = unit(m);
                format!("{} 1/{unit}", significant(m.all.specific_surface / scale))
            },
            |all| vec![all.specific_surface],
        ),
    },
    Column {
        heading: "interface length",
        tip: "By Crofton's formula; the polish keeps it.",
        in_files: &["interface_length_px"],
        value: Value::Length(|all| all.interface_length),
    },
    Column {
        heading: "components",
        tip: "Not fitted: connected regions, pixels that share an edge.",
        in_files: &["components"],
        value: Value::Other(|m| m.all.component_sizes.len().to_string(), |all| vec![all.component_sizes.len() as f64]),
    },
    Column {
        heading: "largest component",
        tip: "Share of the phase in its largest component.",
        in_files: &["largest_component_share"],
        value: Value::Other(|m| format!("{:.1} %", 100.0 * m.all.largest_share), |all| vec![all.largest_share]),
    },
    Column {
        heading: "percolates",
        tip: "Whether a component spans the picture along x and along y.",
        in_files: &["percolates_x", "percolates_y"],
        value: Value::Other(
            |m| {
                match m.all.percolates {
                    [true, true] => "x and y",
                    [true, false] => "x",
                    [false, true] => "y",
                    [false, false] => "no",
                }
                .into()
            },
            |all| all.percolates.map(|percolates| f64::from(u8::from(percolates))).to_vec(),
        ),
    },
];

impl Value {
    /// The numbers of a picture for files, not a number where there is none.
    fn numbers(&self, m: &Measured, original: Option<&Measured>) -> Vec<f64> {
        match self {
            Self::Error(of) => vec![original.and_then(|o| m.errors(o)).map_or(f64::NAN, |errors| of(&errors))],
            Self::Difference(of) => vec![original.and_then(|o| m.unfitted(o)).map_or(f64::NAN, |found| of(&found))],
            Self::Length(of) => vec![of(&m.all)],
            Self::Other(_, of) => of(&m.all),
        }
    }

    /// The text of a picture in the window.
    fn text(&self, m: &Measured, original: Option<&Measured>) -> String {
        match self {
            Self::Error(_) | Self::Difference(_) => percent(self.numbers(m, original)[0]),
            Self::Length(of) => length(m, of(&m.all)),
            Self::Other(text, _) => text(m),
        }
    }

    /// The error of white noise against the original, not a number where it has none.
    fn of_noise(&self, result: &Measurements) -> f64 {
        match (self, result.measured.first()) {
            (Self::Error(of), Some(original)) => of(&ErrorRates::between(&original.curves, &result.noise)),
            _ => f64::NAN,
        }
    }
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

/// All cells, with the headings first.
fn cells(result: &Measurements) -> Vec<Vec<String>> {
    let heading = std::iter::once("picture".to_string()).chain(COLUMNS.iter().map(|c| c.heading.to_string()));
    let mut rows = vec![heading.collect::<Vec<_>>()];
    let original = result.measured.first();
    for (n, m) in result.measured.iter().enumerate() {
        let name = if n == 0 { format!("{} (original)", m.name) } else { m.name.clone() };
        let with = if n == 0 { None } else { original };
        rows.push(std::iter::once(name).chain(COLUMNS.iter().map(|c| c.value.text(m, with))).collect());
    }
    let noise = COLUMNS.iter().map(|c| match c.value.of_noise(result) {
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
    let headings = COLUMNS.iter().flat_map(|c| c.in_files);
    let mut text = String::from("picture,phase,pixel_size_um,edges");
    headings.for_each(|heading| text.extend([",", heading]));
    let number = |v: f64| if v.is_finite() { v.to_string() } else { String::new() };
    let mut line = |name: &str, pixel: Option<f64>, numbers: Vec<f64>| {
        let edges = result.labels.boundary.name();
        let name = name.replace('"', "\"\"");
        text.push_str(&format!("\n\"{name}\",{},{},{edges}", result.labels.phase, pixel.map_or(String::new(), number)));
        numbers.into_iter().for_each(|v| text.extend([",", &number(v)]));
    };
    let original = result.measured.first();
    for (n, m) in result.measured.iter().enumerate() {
        let with = if n == 0 { None } else { original };
        let numbers = COLUMNS.iter().flat_map(|c| c.value.numbers(m, with)).collect();
        line(&m.name, m.pixel_size.as_ref().map(|p| 1e6 * p.metres), numbers);
    }
    let noise = COLUMNS.iter().flat_map(|c| vec![c.value.of_noise(result); c.in_files.len()]).collect();
    line("white noise", None, noise);
    text.push('\n');
    text
}
