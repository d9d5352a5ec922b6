//! The settings of synthesis by a decision tree.

/// The settings of the method.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tree {
    /// How far a pixel sees, in pixels; 0 lets cross-validation choose.
    pub reach: usize,
    /// The fewest pixels of a leaf.
    pub leaf: usize,
    /// Sizes from coarse to fine; each has a tree of its own.
    pub scales: usize,
}

/// The furthest that a pixel may see.
pub const MOST_REACH: usize = 32;
/// The most sizes.
pub const MOST_SCALES: usize = 4;
/// The most pixels that a leaf may be required to have.
pub const MOST_LEAF: usize = 10_000;

impl Default for Tree {
    fn default() -> Self {
        Self { reach: 0, leaf: 50, scales: 2 }
    }
}
