//! How far the statistics of a reconstruction are from those of its original.

use super::{Boundary, COLUMNS, Interval, PhaseStatistics, ROWS, Unfitted, lineal_path, measure, two_point_radial};
use crate::micrograph::PhaseMap;

/// The curves of one phase against the rest.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Curves {
    /// Share of the phase.
    pub volume_fraction: f64,
    /// Radial S2(r).
    pub s2: Vec<f64>,
    /// L(r), the mean of both directions.
    pub lineal_path: Vec<f64>,
}

impl Curves {
    /// The covariance χ(r) = S2(r) − φ².
    pub fn covariance(&self) -> Vec<f64> {
        let square = self.volume_fraction.powi(2);
        self.s2.iter().map(|s| s - square).collect()
    }
}

/// The curves of a phase against the rest.
pub fn curves(map: &PhaseMap, phase: usize, s2_boundary: Boundary, lineal_boundary: Boundary) -> Curves {
    let inside = map.indicator(phase);
    let indicator = inside.view();
    Curves {
        volume_fraction: inside.iter().filter(|i| **i).count() as f64 / inside.len() as f64,
        s2: two_point_radial(&indicator, s2_boundary),
        lineal_path: mean_lineal_path(map, phase, lineal_boundary),
    }
}

/// The curves of every phase, S2 periodic and the lineal path open, as error rates take them.
///
/// The S2 of one of two phases follows from the other's, which saves half of the work.
pub fn all_curves(map: &PhaseMap) -> Vec<Curves> {
    let of = |phase| curves(map, phase, Boundary::Periodic, Boundary::Open);
    if map.phases != 2 {
        return (0..map.phases).map(of).collect();
    }
    let second = of(1);
    let volume_fraction = 1.0 - second.volume_fraction;
    let s2 = second.s2.iter().map(|s| s + 1.0 - 2.0 * second.volume_fraction).collect();
    vec![Curves { volume_fraction, s2, lineal_path: mean_lineal_path(map, 0, Boundary::Open) }, second]
}

fn mean_lineal_path(map: &PhaseMap, phase: usize, boundary: Boundary) -> Vec<f64> {
    let inside = map.indicator(phase);
    let indicator = inside.view();
    let rows = lineal_path(&indicator, ROWS, boundary);
    let columns = lineal_path(&indicator, COLUMNS, boundary);
    rows.iter().zip(&columns).map(|(a, b)| 0.5 * (a + b)).collect()
}

/// The mean curves of uncorrelated pixels with the same volume fraction: S2(r > 0) = φ (φN − 1)/(N − 1) ≈ φ²,
/// L(r) = φ^(r + 1).
pub fn white_noise(volume_fraction: f64, pixels: usize, distances: usize) -> Curves {
    let (phi, n) = (volume_fraction, pixels as f64);
    let pair = if n > 1.0 { (phi * (phi * n - 1.0) / (n - 1.0)).max(0.0) } else { phi };
    Curves {
        volume_fraction: phi,
        s2: (0..distances).map(|r| if r == 0 { phi } else { pair }).collect(),
        lineal_path: (0..distances).map(|r| phi.powi(r as i32 + 1)).collect(),
    }
}

/// Errors of one pair of curves, in percent.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ErrorRates {
    /// Area between the S2 curves over the area under the original's (Li et al. 2018, Eq. 1).
    #[serde(deserialize_with = "super::number::number")]
    pub s2_error_percent: f64,
    /// `Σ|Δχ| / Σ|χ|` with the covariance χ = S2 − φ², each picture with its own φ; unlike the rate above, it is never
    /// small for white noise.
    #[serde(deserialize_with = "super::number::number")]
    pub s2_covariance_error_percent: f64,
    /// Area between the lineal-path curves over the area under the original's.
    #[serde(deserialize_with = "super::number::number")]
    pub lineal_path_error_percent: f64,
}

impl ErrorRates {
    /// All of them times a factor.
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            s2_error_percent: factor * self.s2_error_percent,
            s2_covariance_error_percent: factor * self.s2_covariance_error_percent,
            lineal_path_error_percent: factor * self.lineal_path_error_percent,
        }
    }

    /// Errors of `found` against `original`, over the distances that both have.
    pub fn between(original: &Curves, found: &Curves) -> Self {
        Self {
            s2_error_percent: error_rate(&original.s2, &found.s2),
            s2_covariance_error_percent: error_rate(&original.covariance(), &found.covariance()),
            lineal_path_error_percent: error_rate(&original.lineal_path, &found.lineal_path),
        }
    }
}

/// The area between two curves over the area under the first one, in percent, over the distances that both have (Li et al.
/// 2018, Eq. 1); NaN if nothing is under it.
pub fn error_rate(original: &[f64], found: &[f64]) -> f64 {
    let n = original.len().min(found.len());
    let between: f64 = original[..n].iter().zip(&found[..n]).map(|(a, b)| (a - b).abs()).sum();
    let under: f64 = original[..n].iter().map(|a| a.abs()).sum();
    if under > 0.0 { 100.0 * between / under } else { f64::NAN }
}

/// What two independent pictures of the size of the original would differ by, for one phase: estimated from its quarters.
///
/// A quarter holds a fourth of the independent areas, so its numbers deviate from the material's twice as much as those of
/// the whole picture do, and two pictures differ by √2 times the deviation of one. A quarter is a part of the whole, which
/// takes away a fourth of the variance of their difference. The mean deviation of the quarters from the whole, times
/// √(2/3), is therefore that of two pictures.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct NaturalVariation {
    /// Errors of the curves.
    pub errors: ErrorRates,
    /// Errors and changes of everything else; changes without their sign.
    pub unfitted: Unfitted,
}

fn yes() -> bool {
    true
}

/// One phase of an original and a reconstruction.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PhaseComparison {
    /// The phase.
    pub phase: usize,
    /// Its share in the original.
    pub original_volume_fraction: f64,
    /// The same with its standard error as an estimate of the material's.
    #[serde(default)]
    pub original_interval: Option<Interval>,
    /// Its share in the reconstruction.
    pub volume_fraction: f64,
    /// The reconstruction's errors.
    #[serde(flatten)]
    pub errors: ErrorRates,
    /// The errors of white noise at the original's volume fraction.
    pub white_noise: ErrorRates,
    /// The errors of the statistics that no reconstruction is fitted to.
    #[serde(default)]
    pub unfitted: Option<Unfitted>,
    /// Whether a component of the original spans it along x and along y.
    #[serde(default)]
    pub original_percolates: Option<[bool; 2]>,
    /// The same of the reconstruction.
    #[serde(default)]
    pub percolates: Option<[bool; 2]>,
    /// What two independent pictures of the sizes of both would differ by.
    #[serde(default)]
    pub natural: Option<NaturalVariation>,
    /// Whether the lineal path was fitted; S2 always counts as fitted.
    #[serde(default = "yes")]
    pub fits_lineal_path: bool,
    /// Whether chord lengths were fitted by themselves.
    #[serde(default)]
    pub fits_chords: bool,
    /// Whether the cluster function was fitted.
    #[serde(default)]
    pub fits_clusters: bool,
    /// Distances that S2 and lineal path are compared over: r = 0 … `distances` − 1 pixels.
    #[serde(default)]
    pub distances: usize,
}

/// Curves and statistics of every phase of a map, as comparisons take them: S2 of the curves periodic, everything else
/// open.
#[derive(Clone, Debug)]
pub struct MapStatistics {
    /// The curves of every phase.
    pub curves: Vec<Curves>,
    /// The statistics of every phase.
    pub phases: Vec<PhaseStatistics>,
    /// Pixels of the map.
    pub pixels: usize,
}

impl MapStatistics {
    /// Measures a phase map; takes seconds for large ones.
    pub fn of(map: &PhaseMap) -> Self {
        let phases = (0..map.phases).map(|phase| measure(map, phase, Boundary::Open)).collect();
        Self { curves: all_curves(map), phases, pixels: map.pixels() }
    }

    /// Compares every phase of another map with this one, over r = 0 … min(height, width)/2 − 1 of the smaller picture.
    pub fn compare(&self, found: &Self) -> Vec<PhaseComparison> {
        let none = || Curves { volume_fraction: 0.0, s2: vec![], lineal_path: vec![] };
        let one = |phase| {
            let a = self.curves.get(phase).cloned().unwrap_or_else(none);
            let b = found.curves.get(phase).cloned().unwrap_or_else(none);
            // Over the same distances as the errors.
            let noise = white_noise(a.volume_fraction, self.pixels, a.s2.len().min(b.s2.len()));
            let measured = self.phases.get(phase).zip(found.phases.get(phase));
            PhaseComparison {
                phase,
                original_volume_fraction: a.volume_fraction,
                volume_fraction: b.volume_fraction,
                errors: ErrorRates::between(&a, &b),
                white_noise: ErrorRates::between(&a, &noise),
                original_interval: measured.map(|(a, _)| a.fraction),
                unfitted: measured.map(|(a, b)| Unfitted::between((a, self.pixels), (b, found.pixels))),
                original_percolates: measured.map(|(a, _)| a.percolates),
                percolates: measured.map(|(_, b)| b.percolates),
                natural: None,
                fits_lineal_path: true,
                fits_chords: false,
                fits_clusters: false,
                distances: a.s2.len().min(b.s2.len()),
            }
        };
        (0..self.curves.len().max(found.curves.len())).map(one).collect()
    }
}

/// Compares every phase of two maps, as [`MapStatistics::compare`] does.
pub fn compare(original: &PhaseMap, found: &PhaseMap) -> Vec<PhaseComparison> {
    MapStatistics::of(original).compare(&MapStatistics::of(found))
}
