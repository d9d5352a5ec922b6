//! The settings of direct sampling.

/// Pixels that are given: a disc of one phase.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dab {
    /// The row of its centre in the result.
    pub row: usize,
    /// The column of its centre.
    pub column: usize,
    /// Its radius in pixels; 0 is one pixel.
    pub radius: usize,
    /// The phase, or the grey value of a picture without phases.
    pub value: u8,
}

/// The settings of the method.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sampling {
    /// How many of the nearest pixels that are made already are compared.
    pub neighbours: usize,
    /// The share of them that may differ (of grey values: the mean difference over 255).
    pub threshold: f64,
    /// The most places of the original that are looked at for one pixel.
    pub places: usize,
    /// Pixels that are given and stay as they are.
    pub painted: Vec<Dab>,
}

/// The most neighbours.
pub const MOST_NEIGHBOURS: usize = 200;
/// The most places that are looked at.
pub const MOST_PLACES: usize = 1 << 20;
/// The most discs that are painted.
pub const MOST_DABS: usize = 100_000;

impl Default for Sampling {
    fn default() -> Self {
        Self { neighbours: 16, threshold: 0.0, places: 20_000, painted: vec![] }
    }
}
