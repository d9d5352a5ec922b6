//! From inputs to the few numbers that a regression reads.

use faer::Mat;
use ndarray::{Array2, ArrayView1};

use super::measure::variance;

/// The most components that a regression reads.
pub const MOST_COMPONENTS: usize = 24;

/// How inputs become few numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReductionKind {
    /// Every input is brought to mean 0 and deviation 1.
    Standard,
    /// Rows stay as they are, of any length: for networks that read pictures.
    Nothing,
    /// Principal components, at most so many, all of them divided by the deviation of the first.
    Components(usize),
}

/// What was learned of the inputs of some samples: where they lie, and along which directions they differ.
#[derive(Clone, Debug, PartialEq)]
pub struct Reduction {
    pub(super) kind: ReductionKind,
    pub(super) mean: Vec<f64>,
    /// A row for each number that comes out.
    pub(super) axes: Array2<f32>,
}

/// A deviation below this share of the largest is none.
const LEAST: f64 = 1e-9;

impl Reduction {
    /// Of the rows of some samples.
    pub fn of(kind: ReductionKind, rows: &Array2<f64>) -> Self {
        if kind == ReductionKind::Nothing {
            return Self { kind, mean: vec![], axes: Array2::zeros((0, 0)) };
        }
        let (count, width) = rows.dim();
        let mean: Vec<f64> = (0..width).map(|k| rows.column(k).sum() / count as f64).collect();
        // What never differs becomes a single 0, so that a regression always has something to read.
        let nothing = || Array2::zeros((1, width));
        match kind {
            ReductionKind::Nothing | ReductionKind::Standard => {
                let deviations: Vec<f64> = rows.columns().into_iter().map(|c| variance(c).sqrt()).collect();
                // An input that never differs says nothing.
                let told: Vec<usize> =
                    (0..width).filter(|k| deviations[*k] > LEAST * mean[*k].abs().max(1e-30)).collect();
                if told.is_empty() {
                    return Self { kind, mean, axes: nothing() };
                }
                let mut axes = Array2::zeros((told.len(), width));
                told.iter().enumerate().for_each(|(n, k)| axes[[n, *k]] = (1.0 / deviations[*k]) as f32);
                Self { kind, mean, axes }
            }
            ReductionKind::Components(most) => {
                let centred = Mat::from_fn(count, width, |i, k| rows[[i, k]] - mean[k]);
                let Ok(parts) = centred.thin_svd() else { return Self { kind, mean, axes: nothing() } };
                let sizes: Vec<f64> = parts.S().column_vector().iter().copied().collect();
                let first = sizes.first().copied().unwrap_or(0.0);
                let kept = sizes.iter().take(most).take_while(|s| **s > LEAST * first && **s > 0.0).count();
                if kept == 0 {
                    return Self { kind, mean, axes: nothing() };
                }
                let scale = (count as f64).sqrt() / first.max(f64::MIN_POSITIVE);
                Self {
                    kind,
                    axes: Array2::from_shape_fn((kept, width), |(n, k)| (parts.V()[(k, n)] * scale) as f32),
                    mean,
                }
            }
        }
    }

    /// How many numbers come out.
    pub fn count(&self) -> usize {
        self.axes.nrows()
    }

    /// The numbers of one row.
    pub fn apply(&self, row: ArrayView1<f64>) -> Vec<f64> {
        if self.kind == ReductionKind::Nothing {
            return row.to_vec();
        }
        let centred: Vec<f64> = row.iter().zip(&self.mean).map(|(v, m)| v - m).collect();
        self.axes
            .rows()
            .into_iter()
            .map(|axis| axis.iter().zip(&centred).map(|(a, v)| f64::from(*a) * v).sum())
            .collect()
    }

    /// The distance of a row from what the numbers can stand for: what lies beside all components. Of standardised inputs it
    /// and of rows that stay as they are it is 0.
    pub fn outside(&self, row: ArrayView1<f64>) -> f64 {
        if !matches!(self.kind, ReductionKind::Components(_)) {
            return 0.0;
        }
        let square: f64 = row.iter().zip(&self.mean).map(|(v, m)| (v - m).powi(2)).sum();
        let length = |axis: ArrayView1<f32>| axis.iter().map(|a| f64::from(*a).powi(2)).sum::<f64>();
        let axes = self.axes.rows().into_iter();
        let along = axes.zip(self.apply(row)).map(|(axis, v)| v * v / length(axis).max(f64::MIN_POSITIVE));
        (square - along.sum::<f64>()).max(0.0).sqrt()
    }

    /// The numbers of all rows.
    pub fn apply_all(&self, rows: &Array2<f64>) -> Array2<f64> {
        if self.kind == ReductionKind::Nothing {
            return rows.clone();
        }
        let flat: Vec<f64> = rows.rows().into_iter().flat_map(|row| self.apply(row)).collect();
        Array2::from_shape_vec((rows.nrows(), self.count()), flat).expect("a row of numbers for each row")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Array2<f64> {
        Array2::from_shape_fn((40, 6), |(i, k)| {
            let t = (i * 7 % 40) as f64 / 40.0;
            match k {
                0 => 100.0 + 10.0 * t,
                1 => 3.0,
                _ => t * k as f64 + ((i * 13 + k * 5) % 11) as f64 * 0.01,
            }
        })
    }

    #[test]
    fn inputs_get_mean_0_and_deviation_1_and_constants_are_left_out() {
        let rows = rows();
        let reduction = Reduction::of(ReductionKind::Standard, &rows);
        assert_eq!(reduction.count(), 5);
        let found = reduction.apply_all(&rows);
        for column in found.columns() {
            let mean = column.sum() / 40.0;
            let square = column.iter().map(|v| v * v).sum::<f64>() / 40.0;
            assert!(mean.abs() < 1e-9 && (square - 1.0).abs() < 1e-6, "{mean} {square}");
        }
    }

    #[test]
    fn components_are_uncorrelated_and_the_first_has_deviation_1() {
        let rows = rows();
        let reduction = Reduction::of(ReductionKind::Components(3), &rows);
        assert_eq!(reduction.count(), 3);
        let found = reduction.apply_all(&rows);
        let product = |a: usize, b: usize| found.column(a).dot(&found.column(b)) / 40.0;
        assert!((product(0, 0) - 1.0).abs() < 1e-6 && product(0, 1).abs() < 1e-6 && product(1, 2).abs() < 1e-6);
        assert!(product(1, 1) <= product(0, 0));
        // What the components leave of a row is as long as what they miss.
        let all = Reduction::of(ReductionKind::Components(6), &rows);
        assert!(all.outside(rows.row(3)) < 1e-2);
        let mut far = rows.row(3).to_owned();
        far[1] += 5.0;
        assert!((all.outside(far.view()) - 5.0).abs() < 1e-2, "{}", all.outside(far.view()));
        // Rows that are all the same have no component but a 0.
        for kind in [ReductionKind::Components(3), ReductionKind::Standard] {
            let same = Array2::from_elem((9, 4), 2.0);
            let reduction = Reduction::of(kind, &same);
            assert!(reduction.apply_all(&same).iter().all(|v| *v == 0.0) && reduction.count() == 1);
            assert_eq!(reduction.outside(same.row(0)), 0.0);
        }
    }
}
