//! The settings of reconstruction from physical descriptors.

use super::histogram::Edit;

/// Which directions the particles have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Orientations {
    /// Those that are measured.
    #[default]
    Measured,
    /// Any, with equal probability.
    Random,
    /// Along the rows.
    Rows,
    /// Along the columns.
    Columns,
}

/// The settings of the method.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Descriptors {
    /// Whether particles that touch are separated at their necks (watershed) before they are measured.
    pub split: bool,
    /// The number of particles in an area, as a multiple of the measured one. The volume fraction stays, so more particles
    /// are smaller ones.
    pub number: f64,
    /// The aspect ratio of each particle, as a multiple of the measured one.
    pub aspect: f64,
    /// The directions of their long axes.
    pub orientations: Orientations,
    /// The distance from each centre to the nearest one, as a multiple of the measured one; 0 leaves the centres random.
    pub spacing: f64,
    /// Histograms in place of measured ones. The multiples above apply to their values too.
    pub edits: Vec<Edit>,
}

impl Default for Descriptors {
    fn default() -> Self {
        Self {
            split: true,
            number: 1.0,
            aspect: 1.0,
            orientations: Orientations::default(),
            spacing: 1.0,
            edits: vec![],
        }
    }
}
