//! Regression by a Gaussian process.

use faer::Mat;
use ndarray::{Array2, ArrayView1};
use rayon::prelude::*;

use super::LearnError;
use super::measure::{distance, drawn};
use super::score::Prediction;

/// A Gaussian process with the kernel `exp(−d²/2l²) + a x·x′/⟨x·x⟩` and noise (Rasmussen & Williams, Gaussian Processes for
/// Machine Learning, 2006, chapter 2). The length l, the share a of the linear part and the noise are those of the largest
/// marginal likelihood (Eq. 5.8) on a grid; the variance of the process has a closed form.
#[derive(Debug)]
pub struct GaussianProcess {
    rows: Array2<f64>,
    mean: f64,
    kernel: Kernel,
    variance: f64,
    values: Vec<f64>,
    vectors: Mat<f64>,
    /// The kernel's inverse times the centred values.
    weights: Vec<f64>,
}

/// A kernel with its noise.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Kernel {
    /// The length l.
    pub length: f64,
    /// The share a of the linear part.
    pub linear: f64,
    /// The mean square ⟨x·x⟩ of the rows.
    pub scale: f64,
    /// The noise over the variance of the process.
    pub noise: f64,
}

/// Lengths that are tried, in units of the median distance of rows.
const LENGTHS: [f64; 6] = [0.3, 0.6, 1.0, 2.0, 4.0, 8.0];
/// Shares of the linear part.
const LINEAR: [f64; 3] = [0.0, 1.0, 10.0];
/// Noise over the variance of the process.
const NOISES: [f64; 11] = [1e-5, 1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 10.0];
/// The most rows from which the grid is judged.
const MOST_JUDGED: usize = 400;
/// The most rows that are learned from, evenly drawn from all: the work grows with their cube.
const MOST_ROWS: usize = 1500;

impl Kernel {
    fn of(self, a: ArrayView1<f64>, b: ArrayView1<f64>) -> f64 {
        let (mut square, mut product) = (0.0, 0.0);
        for (a, b) in a.iter().zip(b) {
            square += (a - b).powi(2);
            product += a * b;
        }
        (-0.5 * square / (self.length * self.length)).exp() + self.linear * product / self.scale
    }
}

/// A kernel's eigenvalues and vectors, and the values along these.
struct Parts {
    values: Vec<f64>,
    vectors: Mat<f64>,
    along: Vec<f64>,
}

impl Parts {
    fn of(kernel: Kernel, rows: &Array2<f64>, centred: &[f64]) -> Result<Self, LearnError> {
        let count = rows.nrows();
        let lines: Vec<Vec<f64>> = (0..count)
            .into_par_iter()
            .map(|i| (0..=i).map(|k| kernel.of(rows.row(i), rows.row(k))).collect())
            .collect();
        let matrix = Mat::from_fn(count, count, |i, k| lines[i.max(k)][i.min(k)]);
        let eigen = matrix.self_adjoint_eigen(faer::Side::Lower);
        let eigen = eigen.map_err(|_| LearnError::Numbers("The kernel has no eigenvalues.".into()))?;
        let values = eigen.S().column_vector().iter().map(|v| v.max(0.0)).collect();
        let along = (0..count).map(|k| (0..count).map(|i| eigen.U()[(i, k)] * centred[i]).sum()).collect();
        Ok(Self { values, vectors: eigen.U().to_owned(), along })
    }

    /// The variance of the process at a noise, and the logarithm of the marginal likelihood but for a constant.
    fn likelihood(&self, noise: f64) -> (f64, f64) {
        let count = self.values.len() as f64;
        let fit: f64 = self.along.iter().zip(&self.values).map(|(z, v)| z * z / (v + noise)).sum();
        let variance = (fit / count).max(f64::MIN_POSITIVE);
        let volume: f64 = self.values.iter().map(|v| (v + noise).ln()).sum();
        (variance, -0.5 * (count * variance.ln() + volume))
    }
}

impl GaussianProcess {
    /// The kernel and the noise of the largest marginal likelihood.
    ///
    /// # Errors
    /// The eigenvalues of a kernel cannot be computed.
    pub fn tune(rows: &Array2<f64>, values: &[f64]) -> Result<Kernel, LearnError> {
        let some = drawn(values.len(), MOST_JUDGED);
        let rows = rows.select(ndarray::Axis(0), &some);
        let (_, centred) = centred(&some, values);
        let length = median_distance(&rows);
        let scale = (rows.iter().map(|v| v * v).sum::<f64>() / some.len() as f64).max(f64::MIN_POSITIVE);
        let one = |share: &f64, linear| Kernel { length: share * length, linear, scale, noise: 1.0 };
        let kernels: Vec<Kernel> = LENGTHS.iter().flat_map(|share| LINEAR.map(|linear| one(share, linear))).collect();
        let judge = |kernel: &Kernel| -> Result<(f64, Kernel), LearnError> {
            let parts = Parts::of(*kernel, &rows, &centred)?;
            let best = NOISES.into_iter().map(|noise| (parts.likelihood(noise).1, Kernel { noise, ..*kernel }));
            Ok(best.max_by(|a, b| a.0.total_cmp(&b.0)).unwrap_or((f64::NEG_INFINITY, *kernel)))
        };
        let all: Vec<(f64, Kernel)> = kernels.par_iter().map(judge).collect::<Result<_, _>>()?;
        let best = all.into_iter().max_by(|a, b| a.0.total_cmp(&b.0));
        best.map(|(_, kernel)| kernel).ok_or_else(|| LearnError::Numbers("There is no kernel.".into()))
    }

    /// Fits it with a kernel.
    ///
    /// # Errors
    /// The eigenvalues of the kernel cannot be computed.
    pub fn fit(rows: &Array2<f64>, values: &[f64], kernel: Kernel) -> Result<Self, LearnError> {
        let some = drawn(values.len(), MOST_ROWS);
        let rows = rows.select(ndarray::Axis(0), &some);
        let (mean, centred) = centred(&some, values);
        let count = some.len();
        let parts = Parts::of(kernel, &rows, &centred)?;
        let (variance, _) = parts.likelihood(kernel.noise);
        let solved: Vec<f64> = parts.along.iter().zip(&parts.values).map(|(z, v)| z / (v + kernel.noise)).collect();
        let weight = |i: usize| (0..count).map(|k| parts.vectors[(i, k)] * solved[k]).sum();
        let weights = (0..count).map(weight).collect();
        Ok(Self { rows, mean, kernel, variance, weights, values: parts.values, vectors: parts.vectors })
    }

    /// The predictions of rows with their standard deviations, noise included (Rasmussen & Williams, Eq. 2.25 and 2.26).
    pub fn predict(&self, rows: &Array2<f64>) -> Vec<Prediction> {
        let count = self.weights.len();
        let of = |row: ArrayView1<f64>| {
            let near: Vec<f64> = (0..count).map(|i| self.kernel.of(row, self.rows.row(i))).collect();
            let value = self.mean + near.iter().zip(&self.weights).map(|(k, w)| k * w).sum::<f64>();
            let explained: f64 = (0..count)
                .map(|k| {
                    let along: f64 = (0..count).map(|i| self.vectors[(i, k)] * near[i]).sum();
                    along * along / (self.values[k] + self.kernel.noise)
                })
                .sum();
            let left = (self.kernel.of(row, row) + self.kernel.noise - explained).max(self.kernel.noise);
            Prediction { value, deviation: Some((self.variance * left).sqrt()) }
        };
        (0..rows.nrows()).into_par_iter().map(|i| of(rows.row(i))).collect()
    }
}

/// The mean of some values, and these values without it.
fn centred(some: &[usize], values: &[f64]) -> (f64, Vec<f64>) {
    let mean = some.iter().map(|n| values[*n]).sum::<f64>() / some.len() as f64;
    (mean, some.iter().map(|n| values[*n] - mean).collect())
}

/// The median distance of pairs of rows, or 1 if all are the same.
fn median_distance(rows: &Array2<f64>) -> f64 {
    let pairs = (0..rows.nrows()).flat_map(|i| (0..i).map(move |k| (i, k)));
    let mut all: Vec<f64> = pairs.map(|(i, k)| distance(rows.row(i), rows.row(k))).collect();
    all.sort_by(f64::total_cmp);
    all.get(all.len() / 2).copied().filter(|d| *d > 0.0).unwrap_or(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(rows: &Array2<f64>, values: &[f64]) -> GaussianProcess {
        let kernel = GaussianProcess::tune(rows, values).expect("a kernel");
        GaussianProcess::fit(rows, values, kernel).expect("a fit")
    }

    fn sample(count: usize, noise: f64, offset: usize) -> (Array2<f64>, Vec<f64>) {
        let chance = |n: usize| {
            let mixed = (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(0x1234_5678);
            let mixed = (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            ((mixed ^ (mixed >> 32)) >> 11) as f64 / (1u64 << 53) as f64
        };
        let rows = Array2::from_shape_fn((count, 2), |(i, k)| 4.0 * chance(offset + 3 * i + k) - 2.0);
        let values = (0..count).map(|i| {
            // A sum of uniform numbers with the deviation of the noise.
            let error: f64 = (0..12).map(|n| chance(1_000_003 + offset + 100 * i + n) - 0.5).sum();
            10.0 + (2.0 * rows[[i, 0]]).sin() + rows[[i, 1]].powi(2) + noise * error
        });
        (rows.clone(), values.collect())
    }

    #[test]
    fn a_curved_surface_is_learned_and_error_bars_hold_what_they_say() {
        let (rows, values) = sample(120, 0.1, 0);
        let fitted = fit(&rows, &values);
        let (others, wanted) = sample(200, 0.1, 50_000);
        let found = fitted.predict(&others);
        let rmse = (found.iter().zip(&wanted).map(|(p, v)| (p.value - v).powi(2)).sum::<f64>() / 200.0).sqrt();
        assert!(rmse < 0.2, "{rmse}");
        let within =
            found.iter().zip(&wanted).filter(|(p, v)| (p.value - **v).abs() < 1.96 * p.deviation.expect("a deviation"));
        let share = within.count() as f64 / 200.0;
        assert!((0.88..=1.0).contains(&share), "{share}");
        // Far away it knows nothing, and says so.
        let far = fitted.predict(&Array2::from_elem((1, 2), 40.0))[0].deviation.expect("a deviation");
        assert!(far > 5.0 * found[0].deviation.expect("a deviation"), "{far}");
    }

    #[test]
    fn a_plane_is_continued_beyond_the_samples() {
        let (rows, _) = sample(60, 0.0, 0);
        let plane: Vec<f64> = rows.rows().into_iter().map(|r| 1.0 + 2.0 * r[0] - r[1]).collect();
        let fitted = fit(&rows, &plane);
        let found = fitted.predict(&Array2::from_shape_vec((1, 2), vec![4.0, -4.0]).expect("two"))[0].value;
        assert!((found - 13.0).abs() < 0.5, "{found}");
    }
}
