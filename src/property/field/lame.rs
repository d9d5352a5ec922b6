//! Lamé's parameters.

/// Lamé's parameters of a phase.
#[derive(Clone, Copy)]
pub struct Lame {
    pub lambda: f64,
    pub mu: f64,
}
