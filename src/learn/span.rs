//! Long rows as coordinates in the space that they span.

use faer::Mat;
use ndarray::{Array2, ArrayView2};

/// An orthonormal basis of the space that the rows of a set span: rows of a million numbers of which there are a hundred
/// lie in a hundred dimensions. Their coordinates have the same distances and products, so that nothing about any row is
/// lost or learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Axes: a row of unit length each.
    pub axes: Array2<f32>,
}

/// Directions whose share of the largest eigenvalue is smaller are rounding errors.
const LEAST: f64 = 1e-10;

impl Span {
    /// The span of rows, and their coordinates.
    pub fn of(rows: &ArrayView2<f32>) -> (Self, Array2<f64>) {
        let (count, width) = rows.dim();
        let products = products(rows);
        let eigen = products.self_adjoint_eigen(faer::Side::Lower).expect("products of finite numbers");
        let values: Vec<f64> = eigen.S().column_vector().iter().copied().collect();
        let largest = values.iter().copied().fold(0.0, f64::max);
        let kept: Vec<usize> =
            (0..count).rev().filter(|k| values[*k] > LEAST * largest.max(f64::MIN_POSITIVE)).collect();
        let mut axes = Array2::<f32>::zeros((kept.len(), width));
        let mut places = Array2::<f64>::zeros((count, kept.len()));
        for (n, k) in kept.iter().enumerate() {
            let root = values[*k].sqrt();
            for i in 0..count {
                let part = eigen.U()[(i, *k)];
                places[[i, n]] = part * root;
                axes.row_mut(n).scaled_add((part / root) as f32, &rows.row(i));
            }
        }
        (Self { axes }, places)
    }

    /// The coordinates of a further row; what lies outside the span is lost.
    ///
    /// # Panics
    /// If the row has another length than the axes.
    pub fn place(&self, row: &[f64]) -> Vec<f64> {
        let product = |axis: ndarray::ArrayView1<f32>| {
            assert_eq!(axis.len(), row.len(), "a row of this span");
            axis.iter().zip(row).map(|(a, b)| f64::from(*a) * b).sum()
        };
        self.axes.rows().into_iter().map(product).collect()
    }
}

fn products(rows: &ArrayView2<f32>) -> Mat<f64> {
    use rayon::prelude::*;
    let count = rows.nrows();
    let lines: Vec<Vec<f64>> = (0..count)
        .into_par_iter()
        .map(|i| {
            let own = rows.row(i);
            (0..=i)
                .map(|k| own.iter().zip(rows.row(k)).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>())
                .collect()
        })
        .collect();
    Mat::from_fn(count, count, |i, k| lines[i.max(k)][i.min(k)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coordinates_keep_products() {
        let rows = Array2::from_shape_fn((12, 300), |(i, k)| ((i * 31 + k * 17) % 101) as f32 / 50.0 - 1.0);
        let (span, places) = Span::of(&rows.view());
        assert!(places.ncols() <= 12);
        for i in 0..12 {
            for k in 0..12 {
                let wanted: f64 = rows.row(i).iter().zip(rows.row(k)).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                assert!((places.row(i).dot(&places.row(k)) - wanted).abs() < 1e-6 * wanted.abs().max(1.0));
            }
        }
        let again = span.place(&rows.row(5).mapv(f64::from).to_vec());
        assert!(again.iter().zip(places.row(5)).all(|(a, b)| (a - b).abs() < 1e-4), "{again:?}");
    }
}
