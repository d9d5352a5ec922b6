//! Distances between the members of a set.

use ndarray::{Array2, ArrayView2, s};
use rayon::prelude::*;

/// The distances between all members of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct Distances(Array2<f64>);

impl Distances {
    /// From a matrix. None if it is not square and symmetric, or has a number that is no distance.
    pub fn new(matrix: Array2<f64>) -> Option<Self> {
        let (rows, columns) = matrix.dim();
        let is_fine = |((i, j), v): ((usize, usize), &f64)| {
            v.is_finite() && *v >= 0.0 && matrix[[j, i]] == *v && (i != j || *v == 0.0)
        };
        (rows == columns && matrix.indexed_iter().all(is_fine)).then_some(Self(matrix))
    }

    /// The Euclidean distances between the rows of a matrix.
    ///
    /// They come from products of the rows, after the mean row is subtracted, in pieces of the rows whose sums are kept in
    /// 64 bits: so rows that are alike lose no digits.
    pub fn between(rows: &ArrayView2<f32>) -> Self {
        /// Columns of a piece.
        const PIECE: usize = 4096;
        /// Rows of a block, which one core multiplies.
        const BLOCK: usize = 64;
        let (count, length) = rows.dim();
        let mut products = Array2::<f64>::zeros((count, count));
        for start in (0..length).step_by(PIECE) {
            let mut piece = rows.slice(s![.., start..(start + PIECE).min(length)]).to_owned();
            let mean = piece.mean_axis(ndarray::Axis(0)).expect("a row at least");
            piece -= &mean;
            let blocks: Vec<usize> = (0..count).step_by(BLOCK).collect();
            let parts: Vec<Array2<f32>> = blocks
                .par_iter()
                .map(|first| {
                    // Only products with later rows are needed.
                    piece.slice(s![*first..(first + BLOCK).min(count), ..]).dot(&piece.slice(s![*first.., ..]).t())
                })
                .collect();
            for (first, part) in blocks.iter().zip(parts) {
                let mut into = products.slice_mut(s![*first..*first + part.nrows(), *first..]);
                into.zip_mut_with(&part, |sum, product| *sum += f64::from(*product));
            }
        }
        // In place: the matrix of a large set is large.
        let squares: Vec<f64> = products.diag().to_vec();
        for i in 0..count {
            products[[i, i]] = 0.0;
            for j in i + 1..count {
                let distance = (squares[i] + squares[j] - 2.0 * products[[i, j]]).max(0.0).sqrt();
                (products[[i, j]], products[[j, i]]) = (distance, distance);
            }
        }
        Self(products)
    }

    /// How many members the set has.
    pub fn count(&self) -> usize {
        self.0.nrows()
    }

    /// The distance of two members.
    pub fn at(&self, i: usize, j: usize) -> f64 {
        self.0[[i, j]]
    }

    /// The distances of a member from all, itself too.
    pub fn row(&self, i: usize) -> &[f64] {
        let count = self.count();
        &self.0.as_slice().expect("standard layout")[i * count..][..count]
    }

    /// The whole matrix.
    pub fn matrix(&self) -> &Array2<f64> {
        &self.0
    }

    /// The mean of the squared distances between different members.
    pub fn mean_square(&self) -> f64 {
        let pairs = self.count() * self.count().saturating_sub(1);
        self.0.iter().map(|d| d * d).sum::<f64>() / pairs.max(1) as f64
    }

    /// The same with more members: for each, its distances from all members, also those that are added before it, and
    /// itself. None if a row is too short or has a number that is no distance.
    pub fn with(&self, more: &[Vec<f64>]) -> Option<Self> {
        let (old, count) = (self.count(), self.count() + more.len());
        let fine = |(n, row): (usize, &Vec<f64>)| {
            row.len() > old + n && row.iter().all(|d| d.is_finite() && *d >= 0.0) && row[old + n] == 0.0
        };
        if !more.iter().enumerate().all(fine) {
            return None;
        }
        let mut matrix = Array2::zeros((count, count));
        matrix.slice_mut(s![..old, ..old]).assign(&self.0);
        for (n, row) in more.iter().enumerate() {
            for (j, distance) in row[..old + n].iter().enumerate() {
                (matrix[[old + n, j]], matrix[[j, old + n]]) = (*distance, *distance);
            }
        }
        Some(Self(matrix))
    }

    /// The members that are nearest to one, nearest first, without itself.
    pub fn nearest(&self, i: usize, most: usize) -> Vec<usize> {
        let row = self.row(i);
        let order = |a: &usize, b: &usize| row[*a].total_cmp(&row[*b]).then(a.cmp(b));
        let mut others: Vec<usize> = (0..self.count()).filter(|j| *j != i).collect();
        if most < others.len() {
            others.select_nth_unstable_by(most, order);
            others.truncate(most);
        }
        others.sort_by(order);
        others
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_every_pair() {
        let rows = Array2::from_shape_fn((70, 5000), |(i, k)| 1000.0 + ((i * 7919 + k * 31) % 97) as f32);
        let found = Distances::between(&rows.view());
        for (i, j) in [(0, 0), (0, 1), (3, 69), (65, 2), (69, 68)] {
            let square = |(a, b): (&f32, &f32)| f64::from(a - b).powi(2);
            let wanted = rows.row(i).iter().zip(rows.row(j)).map(square).sum::<f64>().sqrt();
            assert!((found.at(i, j) - wanted).abs() < 1e-5 * wanted.max(1.0), "{i}, {j}: {} {wanted}", found.at(i, j));
        }
        assert!(Distances::new(found.matrix().clone()).is_some());
        assert_eq!(found.nearest(0, 3).len(), 3);
        let more = found.with(&[[found.row(3), &[0.0]].concat()]).expect("a member more");
        assert!(more.count() == 71 && more.at(70, 69) == found.at(3, 69) && more.at(2, 70) == found.at(2, 3));
        assert!(found.with(&[vec![1.0; 71]]).is_none() && found.with(&[vec![0.0; 70]]).is_none());
        assert!(Distances::new(Array2::from_elem((2, 2), 1.0)).is_none());
        assert!(Distances::new(Array2::zeros((2, 3))).is_none());
    }
}
