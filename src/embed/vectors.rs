//! Vectors whose distances are those of a map.

use ndarray::{Array2, ArrayView1, ArrayView2, Axis, s};

use super::Distances;

/// A row of numbers for each member of a set, so scaled that Euclidean distances between rows are the distances of the
/// members. It keeps its scale for members that are added later: so their distances can be compared with the first ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Vectors {
    rows: Array2<f32>,
    /// How long each part of a row is, and its factor.
    parts: Vec<(usize, f32)>,
}

impl Vectors {
    /// Rows whose parts, of these lengths and weights, count alike: each is divided by the root of its mean squared
    /// distance over the set and multiplied by the root of its weight. A part in which all rows are the same counts
    /// nothing.
    pub fn alike(rows: Array2<f32>, parts: &[(usize, f64)]) -> Self {
        let pairs = (rows.nrows() as f64 / (rows.nrows() as f64 - 1.0).max(1.0)) * 2.0;
        let mut at = 0;
        let factor = |(length, weight): &(usize, f64)| {
            at += length;
            // The mean squared distance of all pairs is twice the variance.
            let columns = rows.slice(s![.., at - length..at]);
            let variance: f64 = columns.axis_iter(Axis(1)).map(variance).sum();
            let root = (pairs * variance).sqrt();
            if root > 0.0 { (weight.sqrt() / root) as f32 } else { 0.0 }
        };
        let factors: Vec<f32> = parts.iter().map(factor).collect();
        let parts = parts.iter().zip(factors).map(|((length, _), factor)| (*length, factor)).collect();
        Self::scaled(rows, parts)
    }

    /// Rows whose parts, of these lengths, are multiplied by factors.
    pub fn scaled(mut rows: Array2<f32>, parts: Vec<(usize, f32)>) -> Self {
        rows.rows_mut().into_iter().for_each(|mut row| scale(row.as_slice_mut().expect("standard layout"), &parts));
        Self { rows, parts }
    }

    /// One row for each member.
    pub fn rows(&self) -> ArrayView2<'_, f32> {
        self.rows.view()
    }

    /// How many members there are.
    pub fn count(&self) -> usize {
        self.rows.nrows()
    }

    /// Lengths and factors of the parts of a row.
    pub fn parts(&self) -> &[(usize, f32)] {
        &self.parts
    }

    /// The distances of all members.
    pub fn distances(&self) -> Distances {
        Distances::between(&self.rows())
    }

    /// The same with more members, whose rows are scaled like the first ones. None if a row has another length.
    pub fn with(&self, more: Vec<Vec<f32>>) -> Option<Self> {
        let width = self.rows.ncols();
        let mut flat = Vec::with_capacity(self.rows.len() + more.len() * width);
        flat.extend(self.rows.iter());
        for mut row in more {
            if row.len() != width {
                return None;
            }
            scale(&mut row, &self.parts);
            flat.extend(row);
        }
        let rows = Array2::from_shape_vec((flat.len() / width.max(1), width), flat).ok()?;
        Some(Self { rows, parts: self.parts.clone() })
    }

    /// The distances of a member from all.
    pub fn distances_of(&self, member: usize) -> Vec<f64> {
        let own = self.rows.row(member);
        let gap = |row: ArrayView1<f32>| {
            let square = |(a, b): (&f32, &f32)| f64::from(a - b).powi(2);
            row.iter().zip(&own).map(square).sum::<f64>().sqrt()
        };
        self.rows.rows().into_iter().map(gap).collect()
    }
}

/// Multiplies the parts of a row, of these lengths, by their factors.
pub fn scale(row: &mut [f32], parts: &[(usize, f32)]) {
    let mut at = 0usize;
    for (length, factor) in parts {
        row.iter_mut().skip(at).take(*length).for_each(|v| *v *= factor);
        at = at.saturating_add(*length);
    }
}

fn variance(column: ArrayView1<f32>) -> f64 {
    let count = column.len() as f64;
    let mean = column.iter().map(|v| f64::from(*v)).sum::<f64>() / count;
    column.iter().map(|v| (f64::from(*v) - mean).powi(2)).sum::<f64>() / count
}

/// The most numbers of a part; longer ones are replaced by a sketch.
pub const SKETCH: usize = 8192;

/// A sketch of a long vector, added to `sketch`: each number is added to one of its places with a sign, both by chance
/// but always the same (Charikar, Chen & Farach-Colton, Theor. Comput. Sci. 312:3, 2004). Squared distances of sketches
/// are right on average, with a relative deviation of `√(2 / length)`: 1.6 % at [`SKETCH`] places, so 0.8 % of a
/// distance.
pub fn add_to_sketch(vector: &[f32], sketch: &mut [f32]) {
    let places = sketch.len() as u64;
    for (n, value) in vector.iter().enumerate() {
        let chance = mixed(n as u64);
        let sign = if chance >> 63 == 0 { 1.0 } else { -1.0 };
        sketch[(chance % places) as usize] += sign * value;
    }
}

/// A number that looks random, for each number (the finalizer of SplitMix64: Steele, Lea & Flood, OOPSLA 2014).
fn mixed(n: u64) -> u64 {
    let n = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let n = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let n = (n ^ (n >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    n ^ (n >> 31)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};
    use rand_pcg::Pcg64;

    use super::*;

    fn chance(n: usize) -> f32 {
        (mixed(n as u64) >> 40) as f32 / (1 << 24) as f32 - 0.5
    }

    #[test]
    fn parts_count_alike_and_added_members_keep_the_scale() {
        let rows = Array2::from_shape_fn((20, 8), |(i, k)| chance(i * 8 + k) * if k < 3 { 1000.0 } else { 0.01 });
        let both = Vectors::alike(rows.clone(), &[(3, 1.0), (5, 2.0)]);
        let part = |of: std::ops::Range<usize>| {
            let rows = both.rows().slice(s![.., of]).to_owned();
            Distances::between(&rows.view()).mean_square()
        };
        assert!((part(0..3) - 1.0).abs() < 1e-4 && (part(3..8) - 2.0).abs() < 1e-4, "{} {}", part(0..3), part(3..8));
        let more = both.with(vec![rows.row(4).to_vec(), rows.row(7).to_vec()]).expect("rows of that length");
        assert_eq!(more.count(), 22);
        let found = more.distances_of(21);
        assert!(found[7] < 1e-6 && (found[20] - both.distances().at(4, 7)).abs() < 1e-4);
        assert!(both.with(vec![vec![0.0; 3]]).is_none());
        // A part without any difference counts nothing.
        let flat = Vectors::alike(Array2::from_elem((4, 2), 7.0), &[(2, 1.0)]);
        assert_eq!(flat.distances().mean_square(), 0.0);
    }

    #[test]
    fn sketches_keep_distances() {
        // Numbers that have nothing to do with those of the sketch.
        let mut random = Pcg64::seed_from_u64(3);
        let long: Vec<Vec<f32>> =
            (0..12).map(|_| (0..100_000).map(|_| random.random_range(-0.5..0.5)).collect()).collect();
        let sketches: Vec<Vec<f32>> = long
            .iter()
            .map(|vector| {
                let mut sketch = vec![0.0; SKETCH];
                add_to_sketch(vector, &mut sketch);
                sketch
            })
            .collect();
        let gap = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f32>().sqrt();
        let mut errors = vec![];
        for i in 0..12 {
            for j in 0..i {
                errors.push((gap(&sketches[i], &sketches[j]) / gap(&long[i], &long[j]) - 1.0).abs());
            }
        }
        let mean = errors.iter().sum::<f32>() / errors.len() as f32;
        // A half-normal error of deviation 0.8 % has a mean of 0.6 %.
        assert!((0.002..0.011).contains(&mean), "{mean}");
    }
}
