//! Optimisers on plain vectors with bounds; they know nothing of images.
//!
//! Each takes one step at a time, so that a caller can stop, save and go on between steps.

mod adam;
mod cauchy;
mod lbfgsb;
mod line_search;
mod matrix;
mod model;
mod subspace;

pub use adam::{Adam, SimpleObjective};
pub use lbfgsb::Lbfgsb;
pub use model::History;

/// The same bounds for all variables.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Bounds {
    /// The least value.
    pub lower: f64,
    /// The largest value.
    pub upper: f64,
}

impl Bounds {
    /// The nearest value within the bounds.
    pub fn clamp(self, x: f64) -> f64 {
        x.max(self.lower).min(self.upper)
    }
}

/// The result of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// A step was made; another may help.
    Moving,
    /// No further descent is possible in this arithmetic, or the gradient within the bounds is zero.
    Converged,
}

/// An objective: writes the gradient and returns the value.
pub type Objective<'a, E> = dyn FnMut(&[f64], &mut [f64]) -> Result<f64, E> + 'a;
