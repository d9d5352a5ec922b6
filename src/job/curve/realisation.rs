//! A realisation of a curve.

use std::sync::Arc;

use crate::micrograph::PhaseMap;

/// A realisation of a curve.
#[derive(Clone, Debug, PartialEq)]
pub struct CurveRealisation {
    /// Its seed.
    pub seed: u64,
    /// Its phases: 1 is the phase of the curve.
    pub map: Arc<PhaseMap>,
}
