//! Spatial statistics of phase maps, and the errors between them.

mod components;
mod confidence;
mod error;
mod fourier;
mod lineal;
mod measure;
mod number;
mod pores;
mod surface;
mod two_point;

pub use components::{Components, cluster_function};
pub use confidence::Interval;
pub use error::{Curves, ErrorRates, MapStatistics, PhaseComparison, all_curves, compare, curves, white_noise};
use fourier::quick_size;
pub use fourier::{Fourier, transform_complex};
pub use lineal::{chord_lengths, lineal_path, mean_chord};
pub use measure::{PhaseStatistics, Unfitted, measure};
pub use pores::{largest_discs, mean_pore_size, pore_sizes, squared_distances};
pub use surface::{interface_length, local_variance, power_spectrum, specific_surface};
pub use two_point::{Correlation, two_point_axis, two_point_radial};

/// What lies beyond the edge of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Boundary {
    /// The opposite edge.
    Periodic,
    /// Nothing: only pairs and segments that fit are counted.
    Open,
}

/// A direction of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Axis {
    /// Along rows, from left to right.
    Rows,
    /// Along columns, from top to bottom.
    Columns,
}

/// An indicator of one phase.
#[derive(Clone, Copy, Debug)]
pub struct Indicator<'a> {
    /// Whether each pixel is in the phase, row by row.
    pub inside: &'a [bool],
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Indicator<'_> {
    /// Distances at which statistics are taken: 0 … min(height, width)/2 − 1.
    pub fn distances(&self) -> usize {
        self.height.min(self.width) / 2
    }

    /// Whether a pixel is in the phase.
    pub fn at(&self, row: usize, column: usize) -> bool {
        self.inside[row * self.width + column]
    }

    /// Lines along an axis, and pixels of each.
    fn lines(&self, axis: Axis) -> (usize, usize) {
        match axis {
            Axis::Rows => (self.height, self.width),
            Axis::Columns => (self.width, self.height),
        }
    }

    /// One line along an axis.
    fn line(&self, axis: Axis, number: usize) -> impl Iterator<Item = bool> + '_ {
        let (_, length) = self.lines(axis);
        (0..length).map(move |k| match axis {
            Axis::Rows => self.at(number, k),
            Axis::Columns => self.at(k, number),
        })
    }
}
