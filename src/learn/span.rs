//! Long rows as coordinates in the space that they span.

use faer::Mat;
use ndarray::{Array1, Array2, ArrayView2};

use super::reduction::Reduction;

/// The space that the rows of a set span: rows of a million numbers of which there are a hundred lie in a hundred
/// dimensions. Their coordinates in it have the same distances and products, so that nothing about any row is lost or
/// learned.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// Coordinates: a row for each row of the set.
    pub places: Array2<f64>,
    /// The share of each row in each axis of the space: a row for each axis.
    shares: Array2<f64>,
}

/// Directions whose share of the largest eigenvalue is smaller are rounding errors.
const LEAST: f64 = 1e-10;

impl Span {
    /// The span of rows.
    pub fn of(rows: &ArrayView2<f32>) -> Self {
        let count = rows.nrows();
        let products = products(rows);
        let eigen = products.self_adjoint_eigen(faer::Side::Lower).expect("products of finite numbers");
        let values: Vec<f64> = eigen.S().column_vector().iter().copied().collect();
        let largest = values.iter().copied().fold(0.0, f64::max);
        let kept: Vec<usize> =
            (0..count).rev().filter(|k| values[*k] > LEAST * largest.max(f64::MIN_POSITIVE)).collect();
        let root = |n: usize| values[kept[n]].sqrt();
        let places = Array2::from_shape_fn((count, kept.len()), |(i, n)| eigen.U()[(i, kept[n])] * root(n));
        let shares = Array2::from_shape_fn((kept.len(), count), |(n, i)| eigen.U()[(i, kept[n])] / root(n));
        Self { places, shares }
    }

    /// A reduction of coordinates as one of the rows themselves.
    pub fn lengthen(&self, reduction: &Reduction, rows: &ArrayView2<f32>) -> Reduction {
        use rayon::prelude::*;
        let (count, width) = rows.dim();
        let shares = reduction.axes.mapv(f64::from).dot(&self.shares);
        let axis = |shares: ndarray::ArrayView1<f64>| {
            let mut axis = Array1::<f32>::zeros(width);
            rows.rows().into_iter().zip(shares).for_each(|(row, share)| axis.scaled_add(*share as f32, &row));
            axis.to_vec()
        };
        let lines: Vec<usize> = (0..shares.nrows()).collect();
        let flat: Vec<f32> = lines.par_iter().flat_map_iter(|n| axis(shares.row(*n))).collect();
        let mut mean = vec![0.0; width];
        for row in rows.rows() {
            mean.iter_mut().zip(row).for_each(|(m, v)| *m += f64::from(*v) / count as f64);
        }
        let axes = Array2::from_shape_vec((shares.nrows(), width), flat).expect("an axis for each number");
        Reduction { kind: reduction.kind, mean, axes }
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
    use super::super::reduction::ReductionKind;
    use super::*;

    #[test]
    fn coordinates_keep_products_and_reductions_of_them_are_those_of_rows() {
        let rows = Array2::from_shape_fn((12, 300), |(i, k)| ((i * 31 + k * 17) % 101) as f32 / 50.0 - 1.0);
        let span = Span::of(&rows.view());
        let places = &span.places;
        assert!(places.ncols() <= 12);
        for i in 0..12 {
            for k in 0..12 {
                let wanted: f64 = rows.row(i).iter().zip(rows.row(k)).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
                assert!((places.row(i).dot(&places.row(k)) - wanted).abs() < 1e-6 * wanted.abs().max(1.0));
            }
        }
        let short = Reduction::of(ReductionKind::Components(4), places);
        let long = span.lengthen(&short, &rows.view());
        let row = rows.row(5).mapv(f64::from);
        let (a, b) = (short.apply(places.row(5)), long.apply(row.view()));
        assert!(a.len() == 4 && a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-4), "{a:?} {b:?}");
        let (a, b) = (short.outside(places.row(5)), long.outside(row.view()));
        assert!((a - b).abs() < 1e-3, "{a} {b}");
    }
}
