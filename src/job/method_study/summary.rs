//! Tables of a method study.

use super::{Made, MethodRow, StudiedMicrograph};
use crate::figure::{Cell, Table, csv_field, significant};
use crate::stats::{PhaseComparison, Unfitted};

/// A column of the tables.
pub struct Column {
    /// Its heading, with the unit.
    pub heading: &'static str,
    /// Its name in CSV.
    pub name: &'static str,
    /// What it says, in a sentence.
    pub tip: &'static str,
    /// Whether less is better.
    pub is_error: bool,
    /// The value of a phase of a realisation.
    pub of: fn(&Made, usize) -> f64,
    /// The same of white noise.
    pub noise: fn(&PhaseComparison) -> f64,
    /// The same of two pictures of the material.
    pub natural: fn(&PhaseComparison) -> f64,
}

fn none(_: &PhaseComparison) -> f64 {
    f64::NAN
}

fn phase(made: &Made, phase: usize) -> Option<&PhaseComparison> {
    made.phases.iter().find(|p| p.phase == phase)
}

fn unfitted(made: &Made, number: usize, of: fn(&Unfitted) -> f64) -> f64 {
    phase(made, number).and_then(|p| p.unfitted.as_ref()).map_or(f64::NAN, of)
}

fn natural(phase: &PhaseComparison, of: fn(&Unfitted) -> f64) -> f64 {
    phase.natural.as_ref().map_or(f64::NAN, |natural| of(&natural.unfitted))
}

/// A column of an error rate.
macro_rules! rate {
    ($heading:literal, $name:literal, $tip:literal, $field:ident) => {
        Column {
            heading: $heading,
            name: $name,
            tip: $tip,
            is_error: true,
            of: |made, n| phase(made, n).map_or(f64::NAN, |p| p.errors.$field),
            noise: |p| p.white_noise.$field,
            natural: |p| p.natural.as_ref().map_or(f64::NAN, |natural| natural.errors.$field),
        }
    };
}

/// A column of a statistic that no method fits.
macro_rules! free {
    ($heading:literal, $name:literal, $tip:literal, $field:ident) => {
        Column {
            heading: $heading,
            name: $name,
            tip: $tip,
            is_error: true,
            of: |made, n| unfitted(made, n, |u| u.$field),
            noise: none,
            natural: |p| natural(p, |u| u.$field),
        }
    };
}

/// All columns.
pub const COLUMNS: [Column; 16] = [
    rate!(
        "S2, %",
        "s2_error_percent",
        "Error rate of the two-point correlation (Li et al. 2018, Eq. 1).",
        s2_error_percent
    ),
    rate!(
        "covariance, %",
        "covariance_error_percent",
        "Error of S2 − φ², which is never small for white noise.",
        s2_covariance_error_percent
    ),
    rate!(
        "lineal path, %",
        "lineal_path_error_percent",
        "Error rate of the lineal-path function.",
        lineal_path_error_percent
    ),
    free!(
        "cluster, %",
        "cluster_error_percent",
        "Error rate of the two-point cluster function.",
        cluster_error_percent
    ),
    free!(
        "pore sizes, %",
        "pore_size_error_percent",
        "Error rate of the sizes of the largest covering discs.",
        pore_size_error_percent
    ),
    free!("chord, %", "mean_chord_change_percent", "Change of the mean chord.", mean_chord_change_percent),
    free!(
        "surface, %",
        "specific_surface_change_percent",
        "Change of the specific surface, by the slope of S2.",
        specific_surface_change_percent
    ),
    free!(
        "interface, %",
        "interface_length_change_percent",
        "Change of the interface length, by Crofton's formula.",
        interface_length_change_percent
    ),
    free!(
        "components, %",
        "components_change_percent",
        "Change of the number of connected components.",
        components_change_percent
    ),
    Column {
        heading: "three points, %",
        name: "three_point_error_percent",
        tip: "Error rate of the three-point correlation of right isosceles triangles.",
        is_error: true,
        of: |made, n| made.three_point.get(n).copied().unwrap_or(f64::NAN),
        noise: none,
        natural: none,
    },
    Column {
        heading: "conducts, %",
        name: "conductivity_change_percent",
        tip: "Not fitted: change of the conductivity when this phase conducts ten times as well as the rest.",
        is_error: true,
        of: |made, n| made.responses.get(n).map_or(f64::NAN, |r| r.conductivity),
        noise: none,
        natural: none,
    },
    Column {
        heading: "bears, %",
        name: "stiffness_change_percent",
        tip: "Not fitted: change of Young's modulus when this phase is ten times as stiff as the rest.",
        is_error: true,
        of: |made, n| made.responses.get(n).map_or(f64::NAN, |r| r.young),
        noise: none,
        natural: none,
    },
    Column {
        heading: "unseen 5 × 5, %",
        name: "unseen_patches_percent",
        tip: "The share of the patches of 5 × 5 pixels that the original does not have: wrong details, or new ones. A copy has none.",
        is_error: false,
        of: |made, _| 100.0 * made.unseen,
        noise: none,
        natural: none,
    },
    Column {
        heading: "largest overlap",
        name: "largest_overlap",
        tip: "The largest normalised correlation of a block of 32 × 32 pixels with any place of the original. 1 is a copy.",
        is_error: false,
        of: |made, _| made.overlap.unwrap_or(f64::NAN),
        noise: none,
        natural: none,
    },
    Column {
        heading: "time, s",
        name: "seconds",
        tip: "Seconds of one realisation, with the polish, without the preparation of the method.",
        is_error: false,
        of: |made, _| made.seconds,
        noise: none,
        natural: none,
    },
    Column {
        heading: "memory, MiB",
        name: "memory_mib",
        tip: "The memory of one realisation, as far as the method tells.",
        is_error: false,
        of: |made, _| made.memory as f64 / f64::from(1 << 20),
        noise: none,
        natural: none,
    },
];

/// Median, smallest and largest value over realisations.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// The median.
    pub median: f64,
    /// The smallest.
    pub least: f64,
    /// The largest.
    pub most: f64,
}

impl Summary {
    /// Of the finite values; `None` if there are none.
    pub fn of(values: impl Iterator<Item = f64>) -> Option<Self> {
        let mut all: Vec<f64> = values.filter(|v| v.is_finite()).collect();
        all.sort_by(f64::total_cmp);
        let (first, last) = (*all.first()?, *all.last()?);
        let middle = all.len() / 2;
        let median = if all.len() % 2 == 1 { all[middle] } else { 0.5 * (all[middle - 1] + all[middle]) };
        Some(Self { median, least: first, most: last })
    }
}

impl std::fmt::Display for Summary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", significant(self.median))?;
        if self.least < self.most {
            write!(f, " ({} … {})", significant(self.least), significant(self.most))?;
        }
        Ok(())
    }
}

impl MethodRow {
    /// A column of a phase over the realisations.
    pub fn summary(&self, column: &Column, phase: usize) -> Option<Summary> {
        Summary::of(self.made.iter().map(|made| (column.of)(made, phase)))
    }
}

/// The table of a phase: a row for each method, the best of each column in bold, white noise and the original's own
/// variation below.
pub fn summary_table(rows: &[MethodRow], phase_number: usize, caption: String) -> Table {
    let summaries: Vec<Vec<Option<Summary>>> =
        rows.iter().map(|row| COLUMNS.iter().map(|column| row.summary(column, phase_number)).collect()).collect();
    let best = |n: usize| {
        let medians = summaries.iter().filter_map(|row| row[n]).map(|s| s.median.abs());
        // A single method is not the best of several.
        if summaries.iter().filter(|row| row[n].is_some()).count() < 2 {
            f64::NAN
        } else {
            medians.fold(f64::INFINITY, f64::min)
        }
    };
    let best: Vec<f64> = (0..COLUMNS.len()).map(best).collect();
    let mut table = Table { caption, ..Table::default() };
    table.headings.push("method".into());
    table.headings.extend(COLUMNS.iter().map(|column| column.heading.to_string()));
    for (row, summaries) in rows.iter().zip(&summaries) {
        let mut cells = vec![Cell::plain(row.method.settings().name())];
        for (n, summary) in summaries.iter().enumerate() {
            let is_best = COLUMNS[n].is_error && summary.is_some_and(|s| s.median.abs() <= best[n]);
            let empty = if row.refused.is_some() && n == 0 { "does not apply" } else { "" };
            cells.push(Cell { text: summary.map_or(empty.into(), |s| s.to_string()), is_best });
        }
        table.rows.push(cells);
    }
    let compared = rows.iter().flat_map(|row| &row.made).find_map(|made| phase(made, phase_number));
    if let Some(compared) = compared {
        let line = |name: &str, of: &dyn Fn(&Column) -> f64| {
            let cell = |column: &Column| match of(column) {
                value if value.is_finite() => Cell::plain(significant(value)),
                _ => Cell::default(),
            };
            std::iter::once(Cell::plain(name)).chain(COLUMNS.iter().map(cell)).collect::<Vec<_>>()
        };
        let own = |which: usize, column: &Column| {
            let response = rows.first()?.own_responses[which].get(phase_number)?;
            match column.name {
                "conductivity_change_percent" => Some(response.conductivity),
                "stiffness_change_percent" => Some(response.young),
                _ => None,
            }
        };
        table.rows.push(line("white noise", &|column| own(1, column).unwrap_or_else(|| (column.noise)(compared))));
        let halves = rows.first().and_then(|row| row.halves).unwrap_or(f64::NAN);
        table.rows.push(line("the original's own variation", &|column| match column.name {
            "largest_overlap" => halves,
            _ => own(0, column).unwrap_or_else(|| (column.natural)(compared)),
        }));
    }
    table
}

/// A number in CSV; empty where there is none.
fn number(value: f64) -> String {
    if value.is_finite() { format!("{value:.6}") } else { String::new() }
}

/// Median, smallest and largest value of all methods, phases and micrographs, as CSV.
pub fn joint_csv(studied: &[StudiedMicrograph]) -> String {
    let each = COLUMNS.iter().map(|c| format!("{0}_median,{0}_least,{0}_most,{0}_white_noise", c.name));
    let mut text = format!("micrograph,method,phase,realisations,{}\n", each.collect::<Vec<_>>().join(","));
    for micrograph in studied {
        for row in &micrograph.rows {
            for phase_number in 0..micrograph.original.phases {
                let noise = row.made.iter().find_map(|made| phase(made, phase_number));
                let cells = COLUMNS.iter().map(|column| {
                    let summary = row.summary(column, phase_number);
                    let of = |get: fn(&Summary) -> f64| number(summary.as_ref().map_or(f64::NAN, get));
                    let noise = number(noise.map_or(f64::NAN, column.noise));
                    format!("{},{},{},{noise}", of(|s| s.median), of(|s| s.least), of(|s| s.most))
                });
                text.push_str(&format!(
                    "{},{},{phase_number},{},{}\n",
                    csv_field(&micrograph.name),
                    row.method.settings().name(),
                    row.made.len(),
                    cells.collect::<Vec<_>>().join(",")
                ));
            }
        }
    }
    text
}

/// Every realisation of all methods, phases and micrographs, as CSV.
pub fn realisations_csv(studied: &[StudiedMicrograph]) -> String {
    let names: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
    let mut text = format!("micrograph,method,phase,seed,{}\n", names.join(","));
    for micrograph in studied {
        for row in &micrograph.rows {
            for made in &row.made {
                for phase_number in 0..micrograph.original.phases {
                    let cells = COLUMNS.iter().map(|column| number((column.of)(made, phase_number)));
                    text.push_str(&format!(
                        "{},{},{phase_number},{},{}\n",
                        csv_field(&micrograph.name),
                        row.method.settings().name(),
                        made.seed,
                        cells.collect::<Vec<_>>().join(",")
                    ));
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_those_of_finite_values() {
        let of = |values: &[f64]| Summary::of(values.iter().copied());
        assert_eq!(of(&[3.0, 1.0, f64::NAN, 2.0]), Some(Summary { median: 2.0, least: 1.0, most: 3.0 }));
        assert_eq!(of(&[1.0, 2.0]).map(|s| s.median), Some(1.5));
        assert_eq!(of(&[f64::NAN]), None);
        assert_eq!(of(&[1.0, 2.0, 4.0]).expect("a summary").to_string(), "2.00 (1.00 … 4.00)");
    }
}
