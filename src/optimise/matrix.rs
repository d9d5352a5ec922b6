//! Small dense matrices and long sums for the optimiser.

use rayon::prelude::*;

/// Elements of one task of a long sum; fixed, so that a sum does not depend on the number of threads.
const CHUNK: usize = 1 << 14;

/// `Σ a b`.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let part = |(a, b): (&[f64], &[f64])| {
        // Eight running sums, so that the additions overlap.
        let mut sums = [0.0; 8];
        let ((ac, ar), (bc, br)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
        for (a, b) in ac.iter().zip(bc) {
            for k in 0..8 {
                sums[k] += a[k] * b[k];
            }
        }
        sums.iter().sum::<f64>() + ar.iter().zip(br).map(|(a, b)| a * b).sum::<f64>()
    };
    let parts: Vec<f64> = a.par_chunks(CHUNK).zip(b.par_chunks(CHUNK)).map(part).collect();
    parts.iter().sum()
}

/// `y += a x`.
pub fn add_scaled(y: &mut [f64], a: f64, x: &[f64]) {
    y.par_chunks_mut(CHUNK).zip(x.par_chunks(CHUNK)).for_each(|(y, x)| {
        for (y, x) in y.iter_mut().zip(x) {
            *y += a * x;
        }
    });
}

/// A square matrix, row by row.
#[derive(Clone, Debug, PartialEq)]
pub struct Square {
    pub size: usize,
    pub values: Vec<f64>,
}

impl Square {
    pub fn zeros(size: usize) -> Self {
        Self { size, values: vec![0.0; size * size] }
    }

    pub fn at(&self, row: usize, column: usize) -> f64 {
        self.values[row * self.size + column]
    }

    pub fn set(&mut self, row: usize, column: usize, value: f64) {
        self.values[row * self.size + column] = value;
    }

    /// `self · v`.
    pub fn times(&self, v: &[f64]) -> Vec<f64> {
        self.values.chunks(self.size.max(1)).map(|row| row.iter().zip(v).map(|(a, b)| a * b).sum()).collect()
    }

    /// `self · other`.
    pub fn product(&self, other: &Self) -> Self {
        let n = self.size;
        let mut out = Self::zeros(n);
        for r in 0..n {
            for k in 0..n {
                let a = self.at(r, k);
                for c in 0..n {
                    out.values[r * n + c] += a * other.at(k, c);
                }
            }
        }
        out
    }

    /// The inverse by elimination with row exchanges; `None` when it is singular.
    pub fn inverse(&self) -> Option<Self> {
        let n = self.size;
        let mut a = self.clone();
        let mut b = Self::zeros(n);
        (0..n).for_each(|i| b.set(i, i, 1.0));
        for column in 0..n {
            let pivot = (column..n).max_by(|p, q| a.at(*p, column).abs().total_cmp(&a.at(*q, column).abs()))?;
            let value = a.at(pivot, column);
            if !(value.abs() > 1e-300 && value.is_finite()) {
                return None;
            }
            for m in [&mut a, &mut b] {
                for c in 0..n {
                    m.values.swap(pivot * n + c, column * n + c);
                    m.values[column * n + c] /= value;
                }
            }
            for row in (0..n).filter(|r| *r != column) {
                let factor = a.at(row, column);
                for m in [&mut a, &mut b] {
                    for c in 0..n {
                        m.values[row * n + c] -= factor * m.values[column * n + c];
                    }
                }
            }
        }
        Some(b)
    }
}
