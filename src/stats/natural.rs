//! How much pictures of one material differ by nature, and whether a reconstruction differs more.

use ndarray::s;
use rayon::prelude::*;

use super::error::{Curves, ErrorRates, MapStatistics, NaturalVariation, PhaseComparison, all_curves};
use super::measure::Unfitted;
use crate::micrograph::PhaseMap;

/// The smallest edge of a quarter that is measured, in pixels.
const LEAST_EDGE: usize = 16;

/// The quarters of a map; `None` where it is too small for them, below 32 pixels along an edge.
pub fn quarters(map: &PhaseMap) -> Option<[PhaseMap; 4]> {
    let (h, w) = (map.size().0 / 2, map.size().1 / 2);
    let quarter = |(y, x): (usize, usize)| {
        let labels = map.labels.slice(s![y..y + h, x..x + w]).as_standard_layout().into_owned();
        PhaseMap { labels, phases: map.phases }
    };
    (h.min(w) >= LEAST_EDGE).then(|| [(0, 0), (0, w), (h, 0), (h, w)].map(quarter))
}

/// The standard errors of a phase's curves as estimates of the material's, at r = 0, 1, 2 … pixels up to the reach of a
/// quarter of the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct CurveErrors {
    /// Of S2.
    pub s2: Vec<f64>,
    /// Of the lineal path.
    pub lineal_path: Vec<f64>,
}

/// The standard errors of the curves of every phase: half of the standard deviation of the quarters, as the whole has four
/// times the area. `None` where the picture is too small to be quartered.
pub fn curve_errors(map: &PhaseMap) -> Option<Vec<CurveErrors>> {
    let quarters: Vec<Vec<Curves>> = quarters(map)?.par_iter().map(all_curves).collect();
    let of_phase = |phase: usize| {
        let errors = |of: fn(&Curves) -> &Vec<f64>| -> Vec<f64> {
            let error = |r: usize| {
                let values: Vec<f64> = quarters.iter().map(|q| of(&q[phase])[r]).collect();
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (values.len() - 1) as f64;
                0.5 * variance.sqrt()
            };
            (0..of(&quarters[0][phase]).len()).map(error).collect()
        };
        CurveErrors { s2: errors(|c| &c.s2), lineal_path: errors(|c| &c.lineal_path) }
    };
    Some((0..map.phases).map(of_phase).collect())
}

/// The area between the curves of a whole picture and of a quarter over the area under the whole's, in percent. A quarter's
/// curve is shorter; beyond its end it is taken to be as far from the whole's as on the last quarter of its length, because
/// the errors at long distances are alike.
fn area_percent(whole: &[f64], quarter: &[f64]) -> f64 {
    let gaps: Vec<f64> = whole.iter().zip(quarter).map(|(a, b)| (a - b).abs()).collect();
    let end = &gaps[3 * gaps.len() / 4..];
    let beyond = end.iter().sum::<f64>() / end.len().max(1) as f64 * (whole.len() - gaps.len()) as f64;
    100.0 * (gaps.iter().sum::<f64>() + beyond) / whole.iter().map(|v| v.abs()).sum::<f64>()
}

/// The statistics of the four quarters of a picture, from which its natural variation follows.
#[derive(Clone, Debug)]
pub struct Quarters(Vec<MapStatistics>);

impl Quarters {
    /// Measures them; `None` where the picture is too small to be quartered.
    pub fn of(map: &PhaseMap) -> Option<Self> {
        Some(Self(quarters(map)?.par_iter().map(MapStatistics::of).collect()))
    }

    /// The natural variation of every phase of the whole picture, its curves compared over so many distances.
    pub fn variation(&self, whole: &MapStatistics, distances: usize) -> Vec<NaturalVariation> {
        variation(&self.0, whole, distances)
    }
}

fn variation(measured: &[MapStatistics], whole: &MapStatistics, distances: usize) -> Vec<NaturalVariation> {
    let quarters: Vec<Vec<PhaseComparison>> = measured.iter().map(|quarter| whole.compare(quarter)).collect();
    let of_phase = |phase: usize| {
        let mean_of = |values: Vec<f64>| {
            let found: Vec<f64> = values.into_iter().map(f64::abs).filter(|v| v.is_finite()).collect();
            found.iter().sum::<f64>() / found.len() as f64 * (2.0f64 / 3.0).sqrt()
        };
        let mean = |of: &dyn Fn(&PhaseComparison) -> f64| {
            mean_of(quarters.iter().map(|quarter| of(&quarter[phase])).collect())
        };
        let area = |of: &dyn Fn(&MapStatistics) -> Vec<f64>| {
            let mut all = of(whole);
            all.truncate(distances);
            mean_of(measured.iter().map(|quarter| area_percent(&all, &of(quarter))).collect())
        };
        let unfitted = |of: fn(&Unfitted) -> f64| mean(&|p| p.unfitted.as_ref().map_or(f64::NAN, of));
        NaturalVariation {
            errors: ErrorRates {
                s2_error_percent: area(&|m| m.curves[phase].s2.clone()),
                s2_covariance_error_percent: area(&|m| m.curves[phase].covariance()),
                lineal_path_error_percent: area(&|m| m.curves[phase].lineal_path.clone()),
            },
            unfitted: Unfitted {
                cluster_error_percent: area(&|m| m.phases[phase].cluster.radial()),
                pore_size_error_percent: unfitted(|u| u.pore_size_error_percent),
                mean_chord_change_percent: unfitted(|u| u.mean_chord_change_percent),
                specific_surface_change_percent: unfitted(|u| u.specific_surface_change_percent),
                interface_length_change_percent: unfitted(|u| u.interface_length_change_percent),
                components_change_percent: unfitted(|u| u.components_change_percent),
            },
        }
    };
    (0..whole.curves.len()).map(of_phase).collect()
}

impl MapStatistics {
    /// Compares every phase of another map with this one, beside the natural variation of this one over the same distances
    /// and scaled to the sizes of both.
    pub fn judge(&self, found: &Self, quarters: Option<&Quarters>) -> Vec<PhaseComparison> {
        let mut phases = self.compare(found);
        let distances = phases.first().map_or(0, |phase| phase.distances);
        let natural = quarters.map_or(vec![], |quarters| quarters.variation(self, distances));
        for (phase, natural) in phases.iter_mut().zip(natural) {
            phase.natural = Some(natural.between(self.pixels, found.pixels));
        }
        phases
    }
}

impl NaturalVariation {
    /// The variation between an original and a picture of another size, from that of two pictures of the original's: the
    /// variance of a number falls with the pixels.
    pub fn between(&self, original_pixels: usize, pixels: usize) -> Self {
        let factor = ((1.0 + original_pixels as f64 / pixels.max(1) as f64) / 2.0).sqrt();
        Self { errors: self.errors.scaled(factor), unfitted: self.unfitted.scaled(factor) }
    }
}

const FITTED: &str = "fitted";
const NOT_FITTED: &str = "not fitted";

/// A number of a comparison beside what the material varies by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct JudgedNumber {
    /// What it is of.
    pub name: &'static str,
    /// Whether a reconstruction with S2 and lineal path in its loss is fitted to it: these two, and what follows from their
    /// first values (mean chord, surface) or is kept by the polish (interface length).
    pub fitted: bool,
    /// The error or the change without its sign, in percent.
    pub found: f64,
    /// The natural variation, in percent.
    pub natural: f64,
}

impl JudgedNumber {
    /// Whether it is fitted, in words.
    pub fn kind(&self) -> &'static str {
        if self.fitted { FITTED } else { NOT_FITTED }
    }

    /// Whether it differs no more than nine of ten pairs of pictures of the material would: twice the mean deviation of a
    /// normally distributed number.
    pub fn is_within(&self) -> bool {
        self.found <= 2.0 * self.natural
    }
}

/// The rule of the verdict, in sentences.
pub const RULE: &str = "The original's own variation is what two independent pictures of its size (or of its and the \
                        reconstruction's) differ by on average, estimated from its four quarters. A number is within it \
                        up to twice that, as nine of ten pictures of the same material would be.";

impl PhaseComparison {
    /// Its numbers beside the original's own variation; none where that is not known.
    pub fn judged(&self) -> Vec<JudgedNumber> {
        let (Some(natural), Some(u)) = (&self.natural, &self.unfitted) else { return vec![] };
        let (e, n, v) = (&self.errors, &natural.errors, &natural.unfitted);
        // The mean chord follows from the lineal path, and the polish, which fits both, keeps the interface length.
        let path = self.fits_lineal_path;
        let number = |name, fitted, found: f64, natural| JudgedNumber { name, fitted, found: found.abs(), natural };
        let all = [
            number("covariance", true, e.s2_covariance_error_percent, n.s2_covariance_error_percent),
            number("lineal path", path, e.lineal_path_error_percent, n.lineal_path_error_percent),
            number("cluster function", self.fits_clusters, u.cluster_error_percent, v.cluster_error_percent),
            number("pore sizes", false, u.pore_size_error_percent, v.pore_size_error_percent),
            number("mean chord", path || self.fits_chords, u.mean_chord_change_percent, v.mean_chord_change_percent),
            number("specific surface", true, u.specific_surface_change_percent, v.specific_surface_change_percent),
            number("interface length", path, u.interface_length_change_percent, v.interface_length_change_percent),
            number("number of components", false, u.components_change_percent, v.components_change_percent),
        ];
        all.into_iter().filter(|n| n.found.is_finite() && n.natural.is_finite()).collect()
    }

    /// What its numbers say, in one sentence: what was not fitted comes first. Of what is beyond the variation, the numbers
    /// that exceed it most are named: two that were not fitted, and one that was.
    pub fn verdict(&self) -> Option<String> {
        let all = self.judged();
        let part = |fitted: bool, most_named: usize| {
            let numbers: Vec<&JudgedNumber> = all.iter().filter(|n| n.fitted == fitted).collect();
            let mut beyond: Vec<&&JudgedNumber> = numbers.iter().filter(|n| !n.is_within()).collect();
            beyond.sort_by(|a, b| (b.found / b.natural).total_cmp(&(a.found / a.natural)));
            let named: Vec<String> =
                beyond.iter().take(most_named).map(|n| format!("{} {:.1} %", n.name, n.found)).collect();
            let more = match beyond.len().saturating_sub(most_named) {
                0 => String::new(),
                n => format!(" and {n} more"),
            };
            let but = if beyond.is_empty() { String::new() } else { format!(" (not {}{more})", named.join(", ")) };
            let kind = if fitted { FITTED } else { NOT_FITTED };
            format!("{} of {} numbers {kind}{but}", numbers.len() - beyond.len(), numbers.len())
        };
        (!all.is_empty())
            .then(|| format!("Within the original's own variation: {}, {}.", part(false, 2), part(true, 1)))
    }
}
