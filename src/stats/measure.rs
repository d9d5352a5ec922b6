//! All statistics of a phase together.

use super::{
    Boundary, COLUMNS, Components, Correlation, Interval, ROWS, chord_lengths, cluster_function, interface_length,
    largest_discs, lineal_path, local_variance, mean_chord, mean_pore_size, pore_sizes, power_spectrum,
    specific_surface,
};
use crate::micrograph::PhaseMap;

/// Everything that is known of one phase. Lengths in pixels; curves over r = 0, 1, 2 … pixels.
#[derive(Clone, Debug)]
pub struct PhaseStatistics {
    /// The volume fraction with its confidence interval.
    pub fraction: Interval,
    /// S2, from which its radial mean, directions and map are read.
    pub two_point: Correlation,
    /// The two-point cluster function.
    pub cluster: Correlation,
    /// The lineal path along rows and along columns.
    pub lineal_path: [Vec<f64>; 2],
    /// How many chords have each length.
    pub chords: Vec<u64>,
    /// The share of the phase whose largest covering disc has a radius above r.
    pub pore_sizes: Vec<f64>,
    /// The mean radius of the largest covering discs; NaN without any.
    pub mean_pore_size: f64,
    /// Interface length for each unit of area, from S2's slope.
    pub specific_surface: f64,
    /// Interface length by Crofton's formula.
    pub interface_length: f64,
    /// Pixels of each connected component.
    pub component_sizes: Vec<usize>,
    /// Whether a component spans the picture along x and along y.
    pub percolates: [bool; 2],
    /// The share of the phase in its largest component.
    pub largest_share: f64,
    /// The variance of the volume fraction in windows, `(edge, variance)`.
    pub local_variance: Vec<(usize, f64)>,
    /// The radial power spectrum, `(cycles per pixel, power)`.
    pub power_spectrum: Vec<(f64, f64)>,
}

/// Measures a phase against the rest, everything with the same boundary.
pub fn measure(map: &PhaseMap, phase: usize, boundary: Boundary) -> PhaseStatistics {
    let inside = map.indicator(phase);
    let indicator = inside.view();
    let components = Components::of(&indicator, false, boundary);
    let two_point = Correlation::two_point(&indicator, boundary);
    let fraction = match boundary {
        Boundary::Periodic => Interval::of(&two_point),
        Boundary::Open => Interval::of(&Correlation::two_point(&indicator, Boundary::Periodic)),
    };
    let radii = largest_discs(&indicator, boundary);
    PhaseStatistics {
        fraction,
        cluster: cluster_function(&indicator, &components, boundary),
        lineal_path: [ROWS, COLUMNS].map(|axis| lineal_path(&indicator, axis, boundary)),
        chords: chord_lengths(&indicator, boundary),
        pore_sizes: pore_sizes(&radii),
        mean_pore_size: mean_pore_size(&radii),
        specific_surface: specific_surface(&indicator, boundary),
        interface_length: interface_length(&indicator, boundary),
        percolates: [components.percolates_x, components.percolates_y],
        largest_share: components.largest_share(),
        component_sizes: components.sizes,
        local_variance: local_variance(&indicator, boundary),
        power_spectrum: power_spectrum(&indicator),
        two_point,
    }
}

impl PhaseStatistics {
    /// The covariance χ(r) = S2(r) − φ², radial.
    pub fn covariance(&self) -> Vec<f64> {
        let square = self.fraction.volume_fraction.powi(2);
        self.two_point.radial().into_iter().map(|s| s - square).collect()
    }

    /// The lineal path, the mean of both directions.
    pub fn mean_lineal_path(&self) -> Vec<f64> {
        let [rows, columns] = &self.lineal_path;
        rows.iter().zip(columns).map(|(a, b)| 0.5 * (a + b)).collect()
    }

    /// The mean chord.
    pub fn mean_chord(&self) -> f64 {
        mean_chord(&self.chords)
    }
}

/// The differences of two phases in the statistics that no reconstruction is fitted to, in percent of the original.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Unfitted {
    /// Area between the cluster functions over the area under the original's.
    #[serde(deserialize_with = "super::number::number")]
    pub cluster_error_percent: f64,
    /// Area between the pore-size distributions over the area under the original's.
    #[serde(deserialize_with = "super::number::number")]
    pub pore_size_error_percent: f64,
    /// Change of the mean chord.
    #[serde(deserialize_with = "super::number::number")]
    pub mean_chord_change_percent: f64,
    /// Change of the specific surface.
    #[serde(deserialize_with = "super::number::number")]
    pub specific_surface_change_percent: f64,
    /// Change of the interface length for each unit of area.
    #[serde(deserialize_with = "super::number::number")]
    pub interface_length_change_percent: f64,
    /// Change of the number of components for each unit of area.
    #[serde(deserialize_with = "super::number::number")]
    pub components_change_percent: f64,
}

impl Unfitted {
    /// All of them times a factor.
    pub fn scaled(&self, factor: f64) -> Self {
        Self {
            cluster_error_percent: factor * self.cluster_error_percent,
            pore_size_error_percent: factor * self.pore_size_error_percent,
            mean_chord_change_percent: factor * self.mean_chord_change_percent,
            specific_surface_change_percent: factor * self.specific_surface_change_percent,
            interface_length_change_percent: factor * self.interface_length_change_percent,
            components_change_percent: factor * self.components_change_percent,
        }
    }

    /// Compares what was measured of an original and of another picture, with the pixels of each.
    pub fn between(original: (&PhaseStatistics, usize), found: (&PhaseStatistics, usize)) -> Self {
        let ((a, pixels_a), (b, pixels_b)) = (original, found);
        let change = |a: f64, b: f64| if a == b { 0.0 } else { 100.0 * (b - a) / a };
        let area = |a: &[f64], b: &[f64]| {
            let at = |v: &[f64], r: usize| v.get(r).copied().unwrap_or(0.0);
            let between: f64 = (0..a.len().max(b.len())).map(|r| (at(a, r) - at(b, r)).abs()).sum();
            100.0 * between / a.iter().sum::<f64>()
        };
        let (cluster_a, mut cluster_b) = (a.cluster.radial(), b.cluster.radial());
        cluster_b.truncate(cluster_a.len());
        let per_area = |value: f64, pixels: usize| value / pixels as f64;
        Self {
            cluster_error_percent: area(&cluster_a[..cluster_b.len()], &cluster_b),
            pore_size_error_percent: area(&a.pore_sizes, &b.pore_sizes),
            mean_chord_change_percent: change(a.mean_chord(), b.mean_chord()),
            specific_surface_change_percent: change(a.specific_surface, b.specific_surface),
            interface_length_change_percent: change(
                per_area(a.interface_length, pixels_a),
                per_area(b.interface_length, pixels_b),
            ),
            components_change_percent: change(
                per_area(a.component_sizes.len() as f64, pixels_a),
                per_area(b.component_sizes.len() as f64, pixels_b),
            ),
        }
    }
}
