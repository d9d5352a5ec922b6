//! Why a property cannot be computed.

use std::path::PathBuf;

/// Errors of property sets and of the computation of properties.
#[derive(Debug, thiserror::Error)]
pub enum PropertyError {
    /// A value that a property needs is missing.
    #[error("Phase {phase} has no {value}. Enter it in the property set, or leave {property} out.")]
    Missing {
        /// The phase.
        phase: usize,
        /// The value.
        value: &'static str,
        /// The property that needs it.
        property: &'static str,
    },
    /// A value that no material has.
    #[error("Phase {phase}: {value} is {found}; it has to be {wanted}.")]
    Unfit {
        /// The phase.
        phase: usize,
        /// The value.
        value: &'static str,
        /// What was entered.
        found: f64,
        /// What is possible.
        wanted: &'static str,
    },
    /// Values of the phases that are too far apart.
    #[error(
        "The values of the phases ({value}) differ by a factor of {factor:.0e}, more than the equations resolve ({MOST_CONTRAST:.0e}). Enter 0 for the phase with the least value: it is then treated as a void exactly."
    )]
    Contrast {
        /// The values.
        value: &'static str,
        /// The largest over the smallest that is not 0.
        factor: f64,
    },
    /// Every phase has the value 0.
    #[error("No phase of this map has a {value} above 0, so {property} is 0 everywhere.")]
    AllZero {
        /// The value.
        value: &'static str,
        /// The property.
        property: &'static str,
    },
    /// The iterations ended before the residual was small enough.
    #[error(
        "The {field} did not converge: its residual is {residual:.1e} of the first one after {iterations} iterations, not {wanted:.0e}. {advice}"
    )]
    NotConverged {
        /// The field.
        field: &'static str,
        /// The residual that was reached.
        residual: f64,
        /// Iterations.
        iterations: usize,
        /// The residual that was wanted.
        wanted: f64,
        /// What to do.
        advice: &'static str,
    },
    /// No path leads through the pores.
    #[error(
        "No path leads through the pores from one edge of the map to the opposite one, so nothing flows and the permeability is 0. Check which phase is the pore space."
    )]
    NoPath,
    /// There is nothing that flows, or nothing that it flows around.
    #[error("{0}")]
    Flow(String),
    /// Something is wrong with the layers, the light or the orders.
    #[error("{0}")]
    Light(String),
    /// A file that cannot be read or written.
    #[error("{} could not be {done}: {source}.", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// "read" or "written".
        done: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A file with other content than was expected.
    #[error("{} cannot be used: {reason}.", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The work was cancelled.
    #[error("The work was cancelled.")]
    Cancelled,
}

/// The largest ratio of two values above 0 that fields are computed with.
pub const MOST_CONTRAST: f64 = 1e8;
