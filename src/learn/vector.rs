//! Support vector regression.

use ndarray::{Array2, ArrayView1, Axis};
use rayon::prelude::*;

use super::measure::{drawn, variance};
use super::split::{inner_folds, without};

/// ε-support vector regression with a radial basis (Drucker et al., NIPS 1996) of values that are brought to mean 0 and
/// deviation 1. The constant is a part of the kernel `exp(−γ d²) + 1`, so that the dual problem has no equation; it is
/// solved coordinate by coordinate (Ho & Lin, J. Mach. Learn. Res. 13:3323, 2012).
#[derive(Clone, Debug)]
pub struct SupportVectors {
    rows: Array2<f64>,
    weights: Vec<f64>,
    gamma: f64,
    mean: f64,
    deviation: f64,
}

/// The settings of a support vector regression.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct VectorSettings {
    /// The rate γ of the kernel.
    pub gamma: f64,
    /// The largest weight.
    pub cost: f64,
    /// The error that counts nothing, in deviations of the values.
    pub tube: f64,
}

/// Costs, rates γ in units of the inverse variance of the rows, and widths of the tube that are tried.
const COSTS: [f64; 3] = [1.0, 10.0, 100.0];
const RATES: [f64; 4] = [0.03, 0.1, 0.3, 1.0];
const TUBES: [f64; 2] = [0.02, 0.1];
/// Parts of the inner validation.
const PARTS: usize = 4;
/// The most sweeps over all weights, and the change of a prediction, in deviations, below which they end.
const MOST_SWEEPS: usize = 500;
const LEAST_CHANGE: f64 = 1e-4;
/// The most rows from which settings are chosen, and the most that are learned from, evenly drawn from all: the work grows
/// with their square at least.
const MOST_JUDGED: usize = 400;
const MOST_ROWS: usize = 1500;

impl SupportVectors {
    /// The settings that predict best what an inner split leaves out.
    pub fn tune(rows: &Array2<f64>, values: &[f64], groups: &[usize]) -> VectorSettings {
        let some = drawn(values.len(), MOST_JUDGED);
        let rows = rows.select(Axis(0), &some);
        let (_, _, values) = standardised(&some.iter().map(|n| values[*n]).collect::<Vec<_>>());
        let groups: Vec<usize> = some.iter().map(|n| groups[*n]).collect();
        let variance: f64 = rows.columns().into_iter().map(variance).sum();
        let parts = inner_folds(PARTS, &groups);
        // The best settings of each rate and width with their error.
        let best_of = |(rate, tube): &(f64, f64)| {
            let gamma = rate / variance.max(f64::MIN_POSITIVE);
            let kernel = kernel(&rows, gamma);
            let mut errors = [0.0; COSTS.len()];
            for part in &parts {
                let kept = without(part, values.len());
                let inner = kernel.select(Axis(0), &kept).select(Axis(1), &kept);
                let own: Vec<f64> = kept.iter().map(|n| values[*n]).collect();
                // The solution for a cost is where the next one starts.
                let mut weights = vec![0.0; kept.len()];
                for (cost, error) in COSTS.iter().zip(&mut errors) {
                    solve(&inner, &own, VectorSettings { gamma, cost: *cost, tube: *tube }, &mut weights);
                    let found = |n: usize| kept.iter().zip(&weights).map(|(k, w)| kernel[[n, *k]] * w).sum::<f64>();
                    *error += part.iter().map(|n| (values[*n] - found(*n)).powi(2)).sum::<f64>();
                }
            }
            let best = (0..COSTS.len()).min_by(|a, b| errors[*a].total_cmp(&errors[*b])).expect("there are costs");
            (errors[best], VectorSettings { gamma, cost: COSTS[best], tube: *tube })
        };
        let tried: Vec<(f64, f64)> = RATES.iter().flat_map(|rate| TUBES.map(|tube| (*rate, tube))).collect();
        let best = tried.par_iter().map(best_of).min_by(|a, b| a.0.total_cmp(&b.0));
        best.expect("there are rates").1
    }

    /// Fits it with these settings.
    pub fn fit(rows: &Array2<f64>, values: &[f64], settings: VectorSettings) -> Self {
        let some = drawn(values.len(), MOST_ROWS);
        let rows = rows.select(Axis(0), &some);
        let (mean, deviation, values) = standardised(&some.iter().map(|n| values[*n]).collect::<Vec<_>>());
        let mut weights = vec![0.0; values.len()];
        solve(&kernel(&rows, settings.gamma), &values, settings, &mut weights);
        // Only the support vectors count.
        let kept: Vec<usize> = (0..weights.len()).filter(|n| weights[*n] != 0.0).collect();
        let weights = kept.iter().map(|n| weights[*n]).collect();
        Self { rows: rows.select(Axis(0), &kept), weights, gamma: settings.gamma, mean, deviation }
    }

    /// The predictions of rows.
    pub fn predict(&self, rows: &Array2<f64>) -> Vec<f64> {
        let of = |row: ArrayView1<f64>| {
            let parts = self.rows.rows().into_iter().zip(&self.weights);
            let found: f64 = parts.map(|(own, w)| w * basis(row, own, self.gamma)).sum();
            self.mean + self.deviation * found
        };
        rows.rows().into_iter().map(of).collect()
    }
}

/// The mean and the deviation of values, and the values with mean 0 and deviation 1.
fn standardised(values: &[f64]) -> (f64, f64, Vec<f64>) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let deviation = variance(ArrayView1::from(values)).sqrt();
    let deviation = if deviation > 0.0 { deviation } else { 1.0 };
    (mean, deviation, values.iter().map(|v| (v - mean) / deviation).collect())
}

fn basis(a: ArrayView1<f64>, b: ArrayView1<f64>, gamma: f64) -> f64 {
    (-gamma * a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>()).exp() + 1.0
}

fn kernel(rows: &Array2<f64>, gamma: f64) -> Array2<f64> {
    Array2::from_shape_fn((rows.nrows(), rows.nrows()), |(i, k)| basis(rows.row(i), rows.row(k), gamma))
}

/// Brings `weights` to those β with the least `βᵀKβ/2 − yᵀβ + ε Σ|β|`, each within ± the cost.
fn solve(kernel: &Array2<f64>, values: &[f64], settings: VectorSettings, weights: &mut [f64]) {
    let VectorSettings { cost, tube, .. } = settings;
    let count = values.len();
    let mut found = vec![0.0; count];
    for (i, weight) in weights.iter().enumerate().filter(|(_, weight)| **weight != 0.0) {
        found.iter_mut().zip(kernel.row(i)).for_each(|(f, k)| *f += weight * k);
    }
    for _ in 0..MOST_SWEEPS {
        let mut largest = 0.0f64;
        for i in 0..count {
            let curvature = kernel[[i, i]];
            let free = weights[i] - (found[i] - values[i]) / curvature;
            let next = (free.signum() * (free.abs() - tube / curvature).max(0.0)).clamp(-cost, cost);
            let step = next - weights[i];
            if step != 0.0 {
                weights[i] = next;
                found.iter_mut().zip(kernel.row(i)).for_each(|(f, k)| *f += step * k);
                largest = largest.max(step.abs() * curvature);
            }
        }
        if largest < LEAST_CHANGE {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fit(rows: &Array2<f64>, values: &[f64], groups: &[usize]) -> SupportVectors {
        SupportVectors::fit(rows, values, SupportVectors::tune(rows, values, groups))
    }

    #[test]
    fn a_bent_curve_is_learned() {
        let rows = Array2::from_shape_fn((60, 1), |(i, _)| i as f64 / 10.0);
        let values: Vec<f64> = rows.iter().map(|x| 100.0 + 20.0 * x.sin()).collect();
        let groups: Vec<usize> = (0..60).collect();
        let fitted = fit(&rows, &values, &groups);
        let others = Array2::from_shape_fn((20, 1), |(i, _)| 0.55 + i as f64 / 4.0);
        for (x, found) in others.iter().zip(fitted.predict(&others)) {
            assert!((found - 100.0 - 20.0 * x.sin()).abs() < 3.0, "{x}: {found}");
        }
        // Constant inputs and values are no panic, nor are more inputs than samples.
        let flat = fit(&Array2::from_elem((9, 2), 1.0), &[3.0; 9], &groups[..9]);
        assert!((flat.predict(&Array2::from_elem((1, 2), 1.0))[0] - 3.0).abs() < 0.2);
        let wide = Array2::from_shape_fn((9, 40), |(i, k)| ((i * 7 + k * 5) % 11) as f64);
        assert!(fit(&wide, &values[..9], &groups[..9]).predict(&wide).iter().all(|v| v.is_finite()));
    }

    #[test]
    fn the_solution_meets_the_conditions_of_the_problem() {
        let rows = Array2::from_shape_fn((50, 2), |(i, k)| ((i * (7 + 4 * k)) % 50) as f64 / 12.0);
        let values: Vec<f64> = rows.rows().into_iter().map(|r| r[0].sin() * r[1].cos()).collect();
        let kernel = kernel(&rows, 0.5);
        let settings = VectorSettings { gamma: 0.5, cost: 0.5, tube: 0.1 };
        let mut weights = vec![0.0; 50];
        solve(&kernel, &values, settings, &mut weights);
        // From the weights of another cost the same is reached.
        let mut again = vec![0.0; 50];
        solve(&kernel, &values, VectorSettings { cost: 0.1, ..settings }, &mut again);
        solve(&kernel, &values, settings, &mut again);
        let same = |i: usize| {
            (
                kernel.row(i).iter().zip(&weights).map(|(k, w)| k * w).sum::<f64>(),
                kernel.row(i).iter().zip(&again).map(|(k, w)| k * w).sum::<f64>(),
            )
        };
        assert!((0..50).map(same).all(|(a, b)| (a - b).abs() < 1e-2));
        let mut at_rest = [0; 3];
        for i in 0..50 {
            let found: f64 = kernel.row(i).iter().zip(&weights).map(|(k, w)| k * w).sum();
            let (error, w) = ((values[i] - found) * weights[i].signum(), weights[i].abs());
            // Karush, Kuhn and Tucker: within the tube no weight, on its edge any, outside the largest.
            let kind = if w == 0.0 {
                0
            } else if w < 0.5 {
                1
            } else {
                2
            };
            at_rest[kind] += 1;
            match kind {
                0 => assert!(error.abs() <= 0.1 + 1e-2, "{i}: {error}"),
                1 => assert!((error - 0.1).abs() < 1e-2, "{i}: {error}"),
                _ => assert!(error >= 0.1 - 1e-2, "{i}: {error}"),
            }
        }
        assert!(at_rest.iter().all(|n| *n > 0), "{at_rest:?}");
    }
}
