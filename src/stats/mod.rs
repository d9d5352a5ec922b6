//! Spatial statistics of phase maps, and the errors between them.

mod components;
mod confidence;
mod copies;
mod error;
mod fourier;
mod lineal;
mod measure;
mod natural;
mod number;
mod pores;
mod random;
mod surface;
mod three_point;
mod two_point;

use fourier::quick_size;
use ndarray::{ArrayView, Ix2};

pub use ndarray::Axis;

pub use components::{Components, cluster_function};
pub use confidence::Interval;
pub use copies::{Copied, OVERLAP_EDGE, Overlap, copied, is_copy, largest_overlap, overlap_of_halves, unseen_share};
pub use error::{
    Curves, ErrorRates, MapStatistics, NaturalVariation, PhaseComparison, all_curves, compare, curves, error_rate,
    white_noise,
};
pub use fourier::{Fourier, transform_complex};
pub use lineal::{chord_lengths, lineal_path, mean_chord};
pub use measure::{PhaseStatistics, Unfitted, measure};
pub use natural::{CurveErrors, JudgedNumber, Quarters, RULE, curve_errors, quarters};
pub use number::{number, numbers};
pub use pores::{largest_discs, mean_pore_size, pore_sizes, squared_distances};
pub use random::normal;
pub use surface::{interface_length, local_variance, power_spectrum, specific_surface};
pub use three_point::three_point;
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

impl Boundary {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::Periodic => "periodic",
            Self::Open => "open",
        }
    }
}

/// Along the rows of a picture, from left to right: S2 along rows has displacements (0, r).
pub const ROWS: Axis = Axis(1);
/// Along the columns of a picture, from top to bottom.
pub const COLUMNS: Axis = Axis(0);

/// Whether each pixel of a picture, or each voxel of a volume, is in a phase.
pub type Indicator<'a, D = Ix2> = ArrayView<'a, bool, D>;

/// Distances at which statistics of a picture or volume are taken: 0 … half of its shortest edge − 1.
pub fn distances(shape: &[usize]) -> usize {
    shape.iter().min().map_or(0, |edge| edge / 2)
}
