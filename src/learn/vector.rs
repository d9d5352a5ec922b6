//! Support vector regression.

use ndarray::Array2;
use rayon::prelude::*;
use smartcore::linalg::basic::matrix::DenseMatrix;
use smartcore::svm::Kernels;
use smartcore::svm::svr::{SVR, SVRParameters};

use super::LearnError;
use super::split::{Split, folds};

/// ε-support vector regression with a radial basis (Drucker et al., NIPS 1996); values are brought to mean 0 and deviation 1
/// first. The library's regression borrows its settings, so that it is fitted again for each set of predictions.
#[derive(Clone, Debug)]
pub struct SupportVectors {
    rows: Vec<Vec<f64>>,
    values: Vec<f64>,
    mean: f64,
    deviation: f64,
    settings: Choice,
}

/// The settings that validation chooses.
#[derive(Clone, Copy, Debug)]
struct Choice {
    cost: f64,
    gamma: f64,
    tube: f64,
}

/// Costs, rates of the basis over one half of the inverse mean square distance, and widths of the tube that are tried.
const COSTS: [f64; 3] = [1.0, 10.0, 100.0];
const RATES: [f64; 4] = [0.03, 0.1, 0.3, 1.0];
const TUBES: [f64; 2] = [0.02, 0.1];
/// Parts of the inner validation.
const PARTS: usize = 4;

impl SupportVectors {
    /// Fits it with the settings that predict best what an inner split leaves out.
    ///
    /// # Errors
    /// The regression cannot be computed.
    pub fn fit(rows: &Array2<f64>, values: &[f64], groups: &[usize]) -> Result<Self, LearnError> {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let deviation = (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt();
        let deviation = if deviation > 0.0 { deviation } else { 1.0 };
        let values: Vec<f64> = values.iter().map(|v| (v - mean) / deviation).collect();
        // Twice the sum of the variances is the mean square distance of rows.
        let variance: f64 = rows
            .columns()
            .into_iter()
            .map(|c| {
                let mean = c.sum() / count;
                c.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count
            })
            .sum();
        let rows: Vec<Vec<f64>> = rows.rows().into_iter().map(|row| row.to_vec()).collect();
        let choices: Vec<Choice> = COSTS
            .iter()
            .flat_map(|cost| RATES.iter().flat_map(move |rate| TUBES.map(|tube| (*cost, *rate, tube))))
            .map(|(cost, rate, tube)| Choice { cost, gamma: rate / variance.max(f64::MIN_POSITIVE), tube })
            .collect();
        let parts = folds(Split::ByMicrograph(PARTS), groups, 1);
        let error = |choice: &Choice| -> Result<f64, LearnError> {
            let mut error = 0.0;
            for part in &parts {
                let kept: Vec<usize> = (0..values.len()).filter(|n| part.binary_search(n).is_err()).collect();
                let (own_rows, own_values) = some(&rows, &values, &kept);
                let (left_rows, left_values) = some(&rows, &values, part);
                let found = predicted(*choice, &own_rows, &own_values, &left_rows)?;
                error += found.iter().zip(&left_values).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
            }
            Ok(error)
        };
        let errors: Vec<f64> = choices.par_iter().map(error).collect::<Result<_, _>>()?;
        let best = (0..errors.len()).min_by(|a, b| errors[*a].total_cmp(&errors[*b])).unwrap_or(0);
        Ok(Self { rows, values, mean, deviation, settings: choices[best] })
    }

    /// The predictions of rows; the mean, if they cannot be computed.
    pub fn predict(&self, rows: &Array2<f64>) -> Vec<f64> {
        let rows: Vec<Vec<f64>> = rows.rows().into_iter().map(|row| row.to_vec()).collect();
        let found = predicted(self.settings, &self.rows, &self.values, &rows);
        let found = found.unwrap_or_else(|_| vec![0.0; rows.len()]);
        found.into_iter().map(|v| self.mean + self.deviation * v).collect()
    }
}

fn some(rows: &[Vec<f64>], values: &[f64], which: &[usize]) -> (Vec<Vec<f64>>, Vec<f64>) {
    which.iter().map(|n| (rows[*n].clone(), values[*n])).unzip()
}

/// Fits a regression to rows and predicts others.
fn predicted(choice: Choice, rows: &[Vec<f64>], values: &[f64], others: &[Vec<f64>]) -> Result<Vec<f64>, LearnError> {
    let failed = |error: smartcore::error::Failed| LearnError::Numbers(format!("Support vectors failed: {error}."));
    let matrix = |rows: &[Vec<f64>]| DenseMatrix::from_2d_vec(&rows.to_vec()).map_err(failed);
    let settings = SVRParameters::default()
        .with_c(choice.cost)
        .with_eps(choice.tube)
        .with_kernel(Kernels::rbf().with_gamma(choice.gamma));
    let (own, others) = (matrix(rows)?, matrix(others)?);
    let values = values.to_vec();
    let fitted = SVR::fit(&own, &values, &settings).map_err(failed)?;
    fitted.predict(&others).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bent_curve_is_learned() {
        let rows = Array2::from_shape_fn((60, 1), |(i, _)| i as f64 / 10.0);
        let values: Vec<f64> = rows.iter().map(|x| 100.0 + 20.0 * x.sin()).collect();
        let groups: Vec<usize> = (0..60).collect();
        let fitted = SupportVectors::fit(&rows, &values, &groups).expect("a fit");
        let others = Array2::from_shape_fn((20, 1), |(i, _)| 0.55 + i as f64 / 4.0);
        for (x, found) in others.iter().zip(fitted.predict(&others)) {
            assert!((found - 100.0 - 20.0 * x.sin()).abs() < 3.0, "{x}: {found}");
        }
        // Constant inputs and values are no panic.
        let flat = SupportVectors::fit(&Array2::from_elem((9, 2), 1.0), &[3.0; 9], &groups[..9]).expect("a fit");
        assert!((flat.predict(&Array2::from_elem((1, 2), 1.0))[0] - 3.0).abs() < 0.2);
    }
}
