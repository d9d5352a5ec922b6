//! A realisation of a curve.

use std::sync::Arc;

use crate::micrograph::PhaseMap;
use crate::stats::{Boundary, two_point_radial};

/// A realisation of a curve.
#[derive(Clone, Debug, PartialEq)]
pub struct CurveRealisation {
    /// Its seed.
    pub seed: u64,
    /// Its phases: 1 is the phase of the curve.
    pub map: Arc<PhaseMap>,
    /// The radial S2 of the phase of the curve, with periodic edges.
    pub s2: Vec<f64>,
}

impl CurveRealisation {
    /// Measures the S2 of a map.
    pub fn new(seed: u64, map: Arc<PhaseMap>) -> Self {
        let s2 = two_point_radial(&map.indicator(1).view(), Boundary::Periodic);
        Self { seed, map, s2 }
    }
}
