//! Preconditioned conjugate gradients.

use rayon::prelude::*;

use super::super::PropertyError;

/// How far a solution is, and whether it goes on: it gets the number of iterations and the residual as a share of the
/// first one.
pub type Watch<'a> = &'a (dyn Fn(usize, f64) -> bool + Sync);

/// What a field is solved to.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Accuracy {
    /// The residual, in the norm of the energy of a homogeneous medium, as a share of the first one.
    pub tolerance: f64,
    /// The most iterations.
    pub iterations: usize,
}

impl Default for Accuracy {
    fn default() -> Self {
        Self { tolerance: 1e-6, iterations: 20_000 }
    }
}

/// The scalar product of two vectors, summed in pieces so that the result does not depend on the number of threads.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let piece = |(a, b): (&[f64], &[f64])| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let sums: Vec<f64> = a.par_chunks(4096).zip(b.par_chunks(4096)).map(piece).collect();
    sums.iter().sum()
}

/// Solves `A x = b` from `x = 0` and returns x with the number of iterations. A has to be symmetric and not negative, and
/// b in its range.
///
/// # Errors
/// The residual is not small enough after the most iterations, or the work is cancelled.
pub fn conjugate_gradients(
    apply: impl Fn(&[f64]) -> Vec<f64>,
    precondition: impl Fn(&[f64]) -> Vec<f64>,
    b: Vec<f64>,
    accuracy: Accuracy,
    field: &'static str,
    watch: Watch,
) -> Result<(Vec<f64>, usize), PropertyError> {
    let mut x = vec![0.0; b.len()];
    let mut residual = b;
    let mut z = precondition(&residual);
    let mut rz = dot(&residual, &z);
    let first = rz;
    // A right-hand side that is rounding alone has nothing to solve.
    if first <= f64::EPSILON * f64::EPSILON * residual.len() as f64 {
        return Ok((x, 0));
    }
    let mut p = z;
    for iteration in 0..=accuracy.iterations {
        let share = (rz.abs() / first).sqrt();
        if share <= accuracy.tolerance {
            return Ok((x, iteration));
        }
        if !watch(iteration, share) {
            return Err(PropertyError::Cancelled);
        }
        let ap = apply(&p);
        let bend = dot(&p, &ap);
        if iteration == accuracy.iterations || !share.is_finite() || bend.is_nan() || bend <= 0.0 {
            let advice =
                "Enter 0 for a phase that is nearly a void, or remove bridges of one pixel (Clean up in Micrograph).";
            let wanted = accuracy.tolerance;
            return Err(PropertyError::NotConverged { field, residual: share, iterations: iteration, wanted, advice });
        }
        let alpha = rz / bend;
        x.par_iter_mut().zip(&p).for_each(|(x, p)| *x += alpha * p);
        residual.par_iter_mut().zip(&ap).for_each(|(r, ap)| *r -= alpha * ap);
        z = precondition(&residual);
        let next = dot(&residual, &z);
        let beta = next / rz;
        p.par_iter_mut().zip(&z).for_each(|(p, z)| *p = z + beta * *p);
        rz = next;
    }
    unreachable!("the last iteration returns")
}
