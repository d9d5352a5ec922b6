//! Regression by a random forest.

use ndarray::Array2;
use rafor::MaxFeaturesPolicy;
use rafor::prelude::*;
use rafor::rf::Regressor;

/// A random forest (Breiman, Mach. Learn. 45:5, 2001): the mean of trees, each grown on a draw of the samples and splitting
/// by a third of the inputs.
#[derive(Debug)]
pub struct Forest {
    trees: Regressor,
    width: usize,
    /// The mean of the values, which are centred for the single precision of the trees.
    mean: f64,
}

/// Trees, the fewest samples of a leaf, and the seed.
const TREES: usize = 300;
const LEAF: usize = 2;
const SEED: u64 = 1;

impl Forest {
    /// Fits it.
    pub fn fit(rows: &Array2<f64>, values: &[f64]) -> Self {
        let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
        let width = rows.ncols();
        let numbers: Vec<f32> = rows.iter().map(|v| *v as f32).collect();
        let wanted: Vec<f32> = values.iter().map(|v| (v - mean) as f32).collect();
        let mut trainer = Regressor::trainer();
        trainer
            .with_trees(TREES)
            .with_min_samples_leaf(LEAF)
            .with_max_features(MaxFeaturesPolicy::NUMBER(width.div_ceil(3).max(1)))
            .with_seed(SEED)
            .with_threads(1);
        Self { trees: trainer.train(&numbers, &wanted), width, mean }
    }

    /// The predictions of rows.
    pub fn predict(&self, rows: &Array2<f64>) -> Vec<f64> {
        debug_assert_eq!(rows.ncols(), self.width, "as many inputs as were learned");
        let numbers: Vec<f32> = rows.iter().map(|v| *v as f32).collect();
        self.trees.predict_batch(&numbers, 1).into_iter().map(|v| self.mean + f64::from(v)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_learned() {
        let rows = Array2::from_shape_fn((80, 3), |(i, k)| ((i * (7 + 4 * k)) % 80) as f64);
        let values: Vec<f64> = rows.column(0).iter().map(|v| if *v < 40.0 { 1000.0 } else { 1001.0 }).collect();
        let fitted = Forest::fit(&rows, &values);
        let others = Array2::from_shape_vec((2, 3), vec![10.0, 40.0, 40.0, 70.0, 40.0, 40.0]).expect("two rows");
        let found = fitted.predict(&others);
        assert!((found[0] - 1000.0).abs() < 0.2 && (found[1] - 1001.0).abs() < 0.2, "{found:?}");
    }
}
