//! The settings of Gaussian random fields.

/// Which displacements of S2 the field has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Directions {
    /// Every displacement, so that a preferred direction is kept.
    #[default]
    All,
    /// The mean over all directions, for materials without a preferred one: it has less noise.
    Radial,
}

/// The settings of the method.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Field {
    /// Which displacements of S2 the field has.
    pub directions: Directions,
}
