//! Conduction and diffusion: full fields on the pixels.

use rayon::prelude::*;

use super::super::PropertyError;
use super::super::error::MOST_CONTRAST;
use super::grid::{Grid, LINES};
use super::lines::{by_lines, lengths, make_symmetric};
use super::solve::{Accuracy, Watch, conjugate_gradients};

/// The flux through a structure under a mean gradient of 1, and the effective conductivity.
#[derive(Clone, Debug)]
pub struct Conduction {
    /// The effective tensor, `[flux axis][gradient axis]`, axes x, y (and z).
    pub tensor: Vec<Vec<f64>>,
    /// For each axis of the mean gradient the negative flux in every pixel, a field for each of its axes.
    pub flux: Vec<Vec<Vec<f64>>>,
    /// For each axis of the mean gradient the iterations.
    pub iterations: Vec<usize>,
}

impl Conduction {
    /// The mean of the tensor's diagonal.
    pub fn mean(&self) -> f64 {
        (0..self.tensor.len()).map(|a| self.tensor[a][a]).sum::<f64>() / self.tensor.len() as f64
    }

    /// The length of the flux in each pixel under a mean gradient along an axis.
    pub fn magnitude(&self, axis: usize) -> Vec<f64> {
        lengths(&self.flux[axis])
    }
}

/// Solves `div(k grad u) = 0` on a periodic map of labels under a mean gradient of 1 along each axis, where `values` are
/// the conductivities of the labels (any one unit, 0 for a void): the rotated scheme of Willot with conjugate gradients,
/// in the potential, preconditioned by the homogeneous medium.
///
/// # Errors
/// A value is not a conductivity, the contrast is too large, the iterations do not converge, or the work is cancelled.
///
/// # Panics
/// If a label has no value, or the labels are not as many as the shape says.
pub fn conduction(
    labels: &[u8],
    shape: [usize; 3],
    values: &[f64],
    accuracy: Accuracy,
    watch: Watch,
) -> Result<Conduction, PropertyError> {
    check_values(values, "conductivity", "conduction")?;
    // Numbers of about 1, so that small and large units are not taken for rounding.
    let unit = values.iter().fold(0.0f64, |a, b| a.max(*b));
    let scaled: Vec<f64> = values.iter().map(|v| v / unit).collect();
    let values = scaled.as_slice();
    let grid = Grid::new(shape);
    assert_eq!(labels.len(), grid.pixels(), "a label for each pixel");
    let solver = Solver::new(&grid, labels, values);
    let axes = grid.axes();
    let mut found = Conduction { tensor: vec![vec![0.0; axes]; axes], flux: vec![], iterations: vec![] };
    for axis in 0..axes {
        let mut load = [0.0; 3];
        load[axis] = 1.0;
        let flux = solver.flux(None, load);
        let mut b = solver.divergence(&flux);
        b.par_iter_mut().for_each(|b| *b = -*b);
        let apply = |u: &[f64]| solver.divergence(&solver.flux(Some(u), [0.0; 3]));
        let precondition = |r: &[f64]| solver.precondition(r);
        let (u, iterations) = conjugate_gradients(apply, precondition, b, accuracy, "field of conduction", watch)?;
        let flux = solver.flux(Some(&u), load);
        for (of, flux) in flux.iter().enumerate() {
            found.tensor[of][axis] = flux.iter().sum::<f64>() / flux.len() as f64;
        }
        found.flux.push(flux);
        found.iterations.push(iterations);
    }
    make_symmetric(&mut found.tensor);
    let fluxes = found.flux.iter_mut().flatten();
    found.tensor.iter_mut().chain(fluxes).flatten().for_each(|v| *v *= unit);
    Ok(found)
}

/// Whether numbers can be conductivities of phases of one structure.
pub(in super::super) fn check_values(
    values: &[f64],
    value: &'static str,
    property: &'static str,
) -> Result<(), PropertyError> {
    if let Some((phase, found)) = values.iter().enumerate().find(|(_, v)| !(v.is_finite() && **v >= 0.0)) {
        return Err(PropertyError::Unfit { phase, value, found: *found, wanted: "a number that is not negative" });
    }
    let above = values.iter().filter(|v| **v > 0.0);
    let (low, high) = above.fold((f64::INFINITY, 0.0f64), |(low, high), v| (low.min(*v), high.max(*v)));
    if high == 0.0 {
        return Err(PropertyError::AllZero { value, property });
    }
    let factor = high / low;
    if factor > MOST_CONTRAST { Err(PropertyError::Contrast { value, factor }) } else { Ok(()) }
}

struct Solver<'a> {
    grid: &'a Grid,
    labels: &'a [u8],
    values: &'a [f64],
    /// `1/(|q|² n)` of each wave vector, 0 where that is 0.
    inverse: Vec<f64>,
}

impl<'a> Solver<'a> {
    fn new(grid: &'a Grid, labels: &'a [u8], values: &'a [f64]) -> Self {
        let inverse = |q: &[f64; 3]| {
            let square: f64 = q.iter().map(|q| q * q).sum();
            if square > 1e-14 { 1.0 / square } else { 0.0 }
        };
        let inverse = grid.wave_vectors().par_iter().map(inverse).collect();
        Self { grid, labels, values, inverse }
    }

    /// k (load + grad u) in every pixel, a field for each axis.
    fn flux(&self, u: Option<&[f64]>, load: [f64; 3]) -> Vec<Vec<f64>> {
        let (axes, columns) = (self.grid.axes(), self.grid.shape[2]);
        let mut out = vec![vec![0.0; self.grid.pixels()]; axes];
        by_lines(&mut out, columns, LINES, |first, parts| {
            let (mut scratch, mut gradient) = (self.grid.scratch(), vec![vec![0.0; columns]; axes]);
            for n in 0..parts[0].len() / columns {
                if let Some(u) = u {
                    self.grid.gradient(u, first + n, &mut scratch, &mut gradient);
                }
                let labels = &self.labels[(first + n) * columns..][..columns];
                for axis in 0..axes {
                    let out = &mut parts[axis][n * columns..][..columns];
                    for x in 0..columns {
                        out[x] = self.values[usize::from(labels[x])] * (gradient[axis][x] + load[axis]);
                    }
                }
            }
        });
        out
    }

    fn divergence(&self, flux: &[Vec<f64>]) -> Vec<f64> {
        let columns = self.grid.shape[2];
        let flux: Vec<&[f64]> = flux.iter().map(Vec::as_slice).collect();
        let mut out = vec![0.0; self.grid.pixels()];
        out.par_chunks_mut(LINES * columns).enumerate().for_each(|(chunk, out)| {
            let mut scratch = self.grid.scratch();
            for (n, out) in out.chunks_exact_mut(columns).enumerate() {
                self.grid.divergence(&flux, chunk * LINES + n, &mut scratch, out);
            }
        });
        out
    }

    fn precondition(&self, residual: &[f64]) -> Vec<f64> {
        let mut spectrum = self.grid.fourier().transform(|at| residual[at]);
        spectrum.par_iter_mut().zip(&self.inverse).for_each(|(v, scale)| *v *= scale);
        self.grid.fourier().invert(spectrum)
    }
}
