//! The settings of simulated annealing.

use crate::reconstruct::field::Directions;

/// What the annealing starts from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Start {
    /// Pixels in random places.
    Noise,
    /// A level cut of a Gaussian field, which has nearly the right S2 already (after Jiang et al., J. Microsc. 252:135,
    /// 2013).
    #[default]
    Field,
}

/// Which pixels are exchanged.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pixels {
    /// Pixels at interfaces, each beside the phase that it gets: compact phases, and no specks.
    #[default]
    Interfaces,
    /// Any two pixels of unlike phases.
    Any,
}

/// The settings of the method.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Anneal {
    /// Exchanges that are tried, for each pixel of the result.
    pub tries: usize,
    /// What it starts from.
    pub start: Start,
    /// Which pixels are exchanged.
    pub pixels: Pixels,
    /// Whether no exchange that raises the energy is accepted.
    pub zero_tolerance: bool,
    /// Which S2 is in the energy: the radial mean with rows and columns, or every displacement.
    pub directions: Directions,
    /// Whether the lineal path is in the energy too, along rows, columns and both diagonals.
    pub lineal_path: bool,
    /// Whether chord lengths are, along rows and columns.
    pub chords: bool,
    /// Whether the two-point cluster function is, radial.
    pub clusters: bool,
}

/// The most tries for each pixel.
pub const MOST_TRIES: usize = 10_000;

impl Default for Anneal {
    fn default() -> Self {
        Self {
            tries: 20,
            start: Start::default(),
            pixels: Pixels::default(),
            zero_tolerance: false,
            directions: Directions::Radial,
            lineal_path: false,
            chords: false,
            clusters: false,
        }
    }
}
