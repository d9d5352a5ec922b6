//! The settings of the Markov random field.

/// The settings of the method.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Markov {
    /// How far a pixel sees at each size, in pixels.
    pub reach: usize,
    /// Sizes from coarse to fine.
    pub scales: usize,
    /// How much further than the nearest neighbourhood the one that is taken may be, as a share of its distance.
    pub tolerance: f64,
}

/// The furthest that a pixel may see.
pub const MOST_REACH: usize = 16;
/// The most sizes.
pub const MOST_SCALES: usize = 6;

impl Default for Markov {
    fn default() -> Self {
        Self { reach: 6, scales: 2, tolerance: 0.1 }
    }
}
