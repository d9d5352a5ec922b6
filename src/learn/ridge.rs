//! Ridge regression.

use faer::Mat;
use ndarray::Array2;

use super::LearnError;
use super::split::{inner_folds, without};

/// A linear regression whose coefficients are kept small (Hoerl & Kennard, Technometrics 12:55, 1970).
#[derive(Clone, Debug, PartialEq)]
pub struct Ridge {
    mean: Vec<f64>,
    intercept: f64,
    coefficients: Vec<f64>,
}

/// Penalties that are tried, as shares of the largest squared singular value.
const PENALTIES: [f64; 9] = [1e-8, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0];
/// Parts of the inner validation.
const PARTS: usize = 5;

impl Ridge {
    /// The penalty that predicts best what an inner split leaves out.
    ///
    /// # Errors
    /// The singular values cannot be computed.
    pub fn tune(rows: &Array2<f64>, values: &[f64], groups: &[usize]) -> Result<f64, LearnError> {
        let mut errors = [0.0; PENALTIES.len()];
        for part in inner_folds(PARTS, groups) {
            let kept = without(&part, values.len());
            let own: Vec<f64> = kept.iter().map(|n| values[*n]).collect();
            let solver = Solver::of(&rows.select(ndarray::Axis(0), &kept), &own)?;
            let left_out = rows.select(ndarray::Axis(0), &part);
            for (error, penalty) in errors.iter_mut().zip(PENALTIES) {
                let found = solver.with(penalty).predict(&left_out);
                *error += part.iter().zip(found).map(|(n, found)| (values[*n] - found).powi(2)).sum::<f64>();
            }
        }
        let best = (0..errors.len()).min_by(|a, b| errors[*a].total_cmp(&errors[*b])).unwrap_or(0);
        Ok(PENALTIES[best])
    }

    /// Fits it with a penalty, a share of the largest squared singular value.
    ///
    /// # Errors
    /// The singular values cannot be computed.
    pub fn fit(rows: &Array2<f64>, values: &[f64], penalty: f64) -> Result<Self, LearnError> {
        Ok(Solver::of(rows, values)?.with(penalty))
    }

    /// The predictions of rows.
    pub fn predict(&self, rows: &Array2<f64>) -> Vec<f64> {
        let of = |row: ndarray::ArrayView1<f64>| {
            let parts = row.iter().zip(&self.mean).zip(&self.coefficients);
            self.intercept + parts.map(|((v, m), c)| (v - m) * c).sum::<f64>()
        };
        rows.rows().into_iter().map(of).collect()
    }
}

/// The singular values of centred rows, ready for any penalty.
struct Solver {
    mean: Vec<f64>,
    intercept: f64,
    sizes: Vec<f64>,
    right: Mat<f64>,
    /// The products of the left singular vectors and the centred values.
    parts: Vec<f64>,
}

impl Solver {
    fn of(rows: &Array2<f64>, values: &[f64]) -> Result<Self, LearnError> {
        let (count, width) = rows.dim();
        let mean: Vec<f64> = (0..width).map(|k| rows.column(k).sum() / count as f64).collect();
        let intercept = values.iter().sum::<f64>() / count as f64;
        let centred = Mat::from_fn(count, width, |i, k| rows[[i, k]] - mean[k]);
        let found = centred.thin_svd();
        let found = found.map_err(|_| LearnError::Numbers("The inputs have no singular values.".into()))?;
        let sizes: Vec<f64> = found.S().column_vector().iter().copied().collect();
        let part = |k: usize| (0..count).map(|i| found.U()[(i, k)] * (values[i] - intercept)).sum();
        let parts = (0..sizes.len()).map(part).collect();
        Ok(Self { mean, intercept, right: found.V().to_owned(), sizes, parts })
    }

    fn with(&self, penalty: f64) -> Ridge {
        let largest = self.sizes.first().copied().unwrap_or(0.0);
        let added = penalty * largest * largest;
        let shrunk: Vec<f64> =
            self.sizes.iter().zip(&self.parts).map(|(s, p)| s * p / (s * s + added).max(f64::MIN_POSITIVE)).collect();
        let coefficient = |k: usize| shrunk.iter().enumerate().map(|(n, v)| self.right[(k, n)] * v).sum();
        Ridge {
            mean: self.mean.clone(),
            intercept: self.intercept,
            coefficients: (0..self.mean.len()).map(coefficient).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(rows: &Array2<f64>, values: &[f64], groups: &[usize]) -> Ridge {
        let penalty = Ridge::tune(rows, values, groups).expect("a penalty");
        Ridge::fit(rows, values, penalty).expect("a fit")
    }

    #[test]
    fn a_plane_is_found_and_noise_is_not_learned() {
        let rows = Array2::from_shape_fn((40, 3), |(i, k)| ((i * (k + 3) * 17) % 41) as f64 / 10.0);
        let plane: Vec<f64> = rows.rows().into_iter().map(|r| 2.0 + 3.0 * r[0] - r[2]).collect();
        let groups: Vec<usize> = (0..40).collect();
        let fitted = fit(&rows, &plane, &groups);
        assert!(fitted.predict(&rows).iter().zip(&plane).all(|(a, b)| (a - b).abs() < 1e-3));
        // Of numbers that have nothing to do with the inputs the mean is the best prediction.
        let noise: Vec<f64> = (0..40).map(|i| ((i * 7919 + 13) % 97) as f64).collect();
        let mean = noise.iter().sum::<f64>() / 40.0;
        let fitted = fit(&rows, &noise, &groups);
        let moved = fitted.predict(&rows).iter().map(|v| (v - mean).abs()).fold(0.0, f64::max);
        assert!(moved < 30.0, "{moved}");
        // Samples of one micrograph are split at random.
        let of_one = fit(&rows, &noise, &[7; 40]).predict(&rows);
        assert!(of_one.iter().all(|v| (v - mean).abs() < 30.0), "{of_one:?}");
        // A single input that never differs.
        let flat = Array2::from_elem((40, 1), 1.0);
        assert!(fit(&flat, &noise, &groups).predict(&flat).iter().all(|v| (v - mean).abs() < 1e-9));
    }
}
