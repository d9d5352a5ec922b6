//! Multidimensional scaling: places in few dimensions whose distances are near to given ones.

use faer::{Mat, Side};
use ndarray::{Array1, Array2, Axis, s};
use rand::SeedableRng;
use rand_pcg::Pcg64;
use rayon::prelude::*;

use super::Distances;
use crate::stats::normal;

/// An embedding.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedding {
    /// The place of each member: a row of coordinates, in units of the distances.
    pub places: Array2<f64>,
    /// Kruskal's stress; see [`stress`].
    pub stress: f64,
}

/// Up to this size all eigenvalues are computed; above, only the largest.
const ALL: usize = 600;

/// Classical scaling (Torgerson, Psychometrika 17:401, 1952): the eigenvectors of `−½ J D² J` with the largest
/// eigenvalues. Returns the embedding and its eigenvalues, the largest first; a dimension with a negative eigenvalue has
/// coordinates of 0. Each eigenvector's largest number is positive.
pub fn classical_scaling(distances: &Distances, dimensions: usize) -> (Embedding, Vec<f64>) {
    let count = distances.count();
    let dimensions = dimensions.min(count);
    let products = centred(distances);
    let (values, vectors) = if count <= ALL { all_pairs(&products) } else { largest_pairs(&products, dimensions) };
    let mut places = Array2::zeros((count, dimensions));
    for (k, mut column) in places.columns_mut().into_iter().enumerate() {
        let vector = vectors.column(k);
        let largest = vector.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
        column.assign(&vector.mapv(|v| v * largest.signum() * values[k].max(0.0).sqrt()));
    }
    let stress = stress(distances, &places);
    (Embedding { places, stress }, values.into_iter().take(dimensions).collect())
}

/// `−½ J D² J`, whose entries are scalar products if the distances are Euclidean.
fn centred(distances: &Distances) -> Array2<f64> {
    let mut squares = distances.matrix().mapv(|d| -0.5 * d * d);
    let rows: Array1<f64> = squares.mean_axis(Axis(1)).expect("a member at least");
    let all = rows.mean().unwrap_or(0.0);
    for ((i, j), value) in squares.indexed_iter_mut() {
        *value += all - rows[i] - rows[j];
    }
    squares
}

/// All eigenvalues of a symmetric matrix, the largest first, and their vectors as columns.
fn all_pairs(matrix: &Array2<f64>) -> (Vec<f64>, Array2<f64>) {
    let count = matrix.nrows();
    let dense = Mat::from_fn(count, count, |i, j| matrix[[i, j]]);
    let Ok(eigen) = dense.self_adjoint_eigen(Side::Lower) else {
        // Without an answer every dimension is empty.
        return (vec![0.0; count], Array2::zeros((count, count)));
    };
    let values: Vec<f64> = (0..count).rev().map(|k| eigen.S()[k]).collect();
    let vectors = Array2::from_shape_fn((count, count), |(i, k)| eigen.U()[(i, count - 1 - k)]);
    (values, vectors)
}

/// The largest eigenvalues of a symmetric matrix and their vectors, by subspace iteration from random vectors (Halko,
/// Martinsson & Tropp, SIAM Rev. 53:217, 2011).
fn largest_pairs(matrix: &Array2<f64>, wanted: usize) -> (Vec<f64>, Array2<f64>) {
    /// Vectors besides those that are wanted, which make the others converge sooner.
    const MORE: usize = 12;
    const ITERATIONS: usize = 24;
    let count = matrix.nrows();
    let width = (wanted + MORE).min(count);
    let mut random = Pcg64::seed_from_u64(0);
    let mut basis = Array2::from_shape_simple_fn((count, width), || normal(&mut random));
    for _ in 0..ITERATIONS {
        basis = orthonormal(&times(matrix, &basis));
    }
    let small = basis.t().dot(&times(matrix, &basis));
    let symmetric = 0.5 * (&small + &small.t());
    let (values, vectors) = all_pairs(&symmetric);
    (values, basis.dot(&vectors))
}

/// A product, row blocks on all cores.
fn times(matrix: &Array2<f64>, vectors: &Array2<f64>) -> Array2<f64> {
    const BLOCK: usize = 64;
    let blocks: Vec<usize> = (0..matrix.nrows()).step_by(BLOCK).collect();
    let of = |first: &usize| matrix.slice(s![*first..(first + BLOCK).min(matrix.nrows()), ..]).dot(vectors);
    let parts: Vec<Array2<f64>> = blocks.par_iter().map(of).collect();
    let views: Vec<_> = parts.iter().map(|part| part.view()).collect();
    ndarray::concatenate(Axis(0), &views).expect("blocks of the same width")
}

/// Orthonormal columns with the same span.
fn orthonormal(columns: &Array2<f64>) -> Array2<f64> {
    let (rows, count) = columns.dim();
    let q = Mat::from_fn(rows, count, |i, k| columns[[i, k]]).qr().compute_thin_Q();
    Array2::from_shape_fn((rows, count), |(i, k)| q[(i, k)])
}

/// Kruskal's stress (Psychometrika 29:1, 1964; Lubbers et al., Eq. 8): `√(Σ(d − δ)² / Σd²)`, with the distances d of the
/// places and the given distances δ.
pub fn stress(distances: &Distances, places: &Array2<f64>) -> f64 {
    let Sums { gaps, squares, .. } = sums(distances, places);
    if squares > 0.0 { (gaps / squares).sqrt() } else { f64::NAN }
}

/// Sums over all pairs, of the distances d of places and the given ones δ.
#[derive(Clone, Copy, Default)]
struct Sums {
    /// `Σ(d − δ)²`.
    gaps: f64,
    /// `Σd²`.
    squares: f64,
    /// `Σdδ`.
    products: f64,
}

fn sums(distances: &Distances, places: &Array2<f64>) -> Sums {
    let width = places.ncols();
    let flat = places.as_slice().expect("standard layout");
    let of_row = |i: usize| {
        let mut sums = Sums::default();
        let own = &flat[i * width..][..width];
        for (other, wanted) in flat.chunks_exact(width.max(1)).zip(distances.row(i)).take(i) {
            let square: f64 = own.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum();
            let found = square.sqrt();
            sums.gaps += (found - wanted).powi(2);
            sums.squares += square;
            sums.products += found * wanted;
        }
        sums
    };
    // Rows are added in order, so that the sum is the same with any number of threads.
    let rows: Vec<Sums> = (0..distances.count()).into_par_iter().map(of_row).collect();
    rows.into_iter().fold(Sums::default(), |sum, row| Sums {
        gaps: sum.gaps + row.gaps,
        squares: sum.squares + row.squares,
        products: sum.products + row.products,
    })
}

/// The smallest share by which an iteration of [`smacof`] has to lower the raw stress, for maps: the places then move no
/// more that one could see it.
pub const LEAST_GAIN: f64 = 1e-6;

/// The embedding with the least raw stress near a start: SMACOF (De Leeuw, 1977), by relaxed steps (De Leeuw & Heiser,
/// 1980), which need about half of the iterations; by plain ones in one dimension. It ends with an iteration that lowers
/// the raw stress by a smaller share than `least_gain`, or by a thousandth of this share of all squared distances: where
/// hardly any stress is left, as in many dimensions, its share says nothing. `go_on` is called after each iteration with its number, from 0, and the stress; where it returns
/// false, the places so far are the result.
pub fn smacof(
    distances: &Distances,
    start: &Array2<f64>,
    least_gain: f64,
    mut go_on: impl FnMut(usize, f64) -> bool,
) -> Embedding {
    let mut places = start.as_standard_layout().into_owned();
    let mut before = sums(distances, &places).gaps;
    // Places on a line reach their order within a few plain steps; relaxed ones would change it again.
    let is_relaxed = places.ncols() > 1;
    for iteration in 0.. {
        let plain = guttman(distances, &places);
        let relaxed = || {
            let mut next = 2.0 * &plain - &places;
            // Relaxed steps overshoot in size, which one factor corrects.
            let found = sums(distances, &next);
            next *= found.products / found.squares.max(f64::MIN_POSITIVE);
            let found = sums(distances, &next);
            (found.gaps <= before).then_some((next, found))
        };
        let (next, found) = match is_relaxed.then(relaxed).flatten() {
            Some(taken) => taken,
            None => {
                let found = sums(distances, &plain);
                (plain, found)
            }
        };
        /// The share of all squared distances that counts like a share of the raw stress.
        const OF_ALL: f64 = 1e-3;
        let gain = (before - found.gaps) / before.max(f64::MIN_POSITIVE);
        let is_last = gain < least_gain || before - found.gaps < OF_ALL * least_gain * found.squares;
        if gain <= 0.0 {
            break;
        }
        (places, before) = (next, found.gaps);
        if is_last || !go_on(iteration, (found.gaps / found.squares).sqrt()) {
            break;
        }
    }
    let stress = stress(distances, &places);
    Embedding { places, stress }
}

/// The Guttman transform: `x′ᵢ = Σⱼ (δᵢⱼ / dᵢⱼ) (xᵢ − xⱼ) / n`.
fn guttman(distances: &Distances, places: &Array2<f64>) -> Array2<f64> {
    let (count, width) = places.dim();
    let flat = places.as_slice().expect("standard layout");
    let mut found = vec![0.0; count * width];
    found.par_chunks_mut(width.max(1)).enumerate().for_each(|(i, sum)| {
        let own = &flat[i * width..][..width];
        for (other, wanted) in flat.chunks_exact(width).zip(distances.row(i)) {
            let square: f64 = own.iter().zip(other).map(|(a, b)| (a - b) * (a - b)).sum();
            if square > 0.0 {
                let ratio = wanted / square.sqrt();
                sum.iter_mut().zip(own.iter().zip(other)).for_each(|(sum, (a, b))| *sum += ratio * (a - b));
            }
        }
        sum.iter_mut().for_each(|v| *v /= count as f64);
    });
    Array2::from_shape_vec((count, width), found).expect("the shape of the places")
}

/// The place of a member whose distances from members with places are given: that with the least raw stress near the
/// mean of its nearest ones, by the same majorisation as [`smacof`].
pub fn place(distances: &[f64], places: &Array2<f64>) -> Array1<f64> {
    /// Members that the start is the mean of.
    const NEAREST: usize = 4;
    const ITERATIONS: usize = 300;
    /// A step that is shorter than this share of the mean distance is the last one.
    const LAST: f64 = 1e-6;
    let width = places.ncols();
    let count = distances.len().min(places.nrows());
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by(|a, b| distances[*a].total_cmp(&distances[*b]).then(a.cmp(b)));
    order.truncate(NEAREST);
    let mut own = Array1::zeros(width);
    order.iter().for_each(|i| own += &places.row(*i));
    own /= order.len().max(1) as f64;
    let mean = distances.iter().sum::<f64>() / count.max(1) as f64;
    for _ in 0..ITERATIONS {
        let mut next = Array1::zeros(width);
        for (other, wanted) in places.rows().into_iter().zip(distances) {
            let gap = &own - &other;
            let found = gap.dot(&gap).sqrt();
            next += &other;
            if found > 0.0 {
                next.scaled_add(wanted / found, &gap);
            }
        }
        next /= count.max(1) as f64;
        let step = (&next - &own).mapv(|v| v * v).sum().sqrt();
        own = next;
        if step <= LAST * mean {
            break;
        }
    }
    own
}

/// A start for [`smacof`] of a large set: an evenly chosen part of the members is scaled alone, and all others are placed
/// among them (landmarks; De Silva & Tenenbaum, 2004). `go_on` gets the share that is done; where it returns false, the
/// others stay where the mean of the landmarks is.
pub fn landmark_start(
    distances: &Distances,
    dimensions: usize,
    landmarks: usize,
    go_on: &dyn Fn(f64) -> bool,
) -> Array2<f64> {
    /// The share of the work that scaling the landmarks takes, about.
    const SCALED: f64 = 0.3;
    /// Members between two questions whether to go on.
    const PIECE: usize = 256;
    let count = distances.count();
    let landmarks = landmarks.min(count);
    let chosen: Vec<usize> = (0..landmarks).map(|n| n * count / landmarks).collect();
    let own = Array2::from_shape_fn((landmarks, landmarks), |(i, j)| distances.at(chosen[i], chosen[j]));
    let own = Distances::new(own).expect("a part of the distances");
    let (start, _) = classical_scaling(&own, dimensions);
    let scaled = smacof(&own, &start.places, LEAST_GAIN, |_, _| go_on(0.0)).places;
    let row_of = |i: usize| match chosen.binary_search(&i) {
        Ok(n) => scaled.row(n).to_owned(),
        Err(_) => place(&chosen.iter().map(|j| distances.at(i, *j)).collect::<Vec<_>>(), &scaled),
    };
    let mut rows: Vec<Array1<f64>> = Vec::with_capacity(count);
    while rows.len() < count {
        if !go_on(SCALED + (1.0 - SCALED) * rows.len() as f64 / count as f64) {
            rows.resize(count, Array1::zeros(dimensions));
            break;
        }
        let next = rows.len()..count.min(rows.len() + PIECE);
        rows.extend(next.into_par_iter().map(row_of).collect::<Vec<_>>());
    }
    let views: Vec<_> = rows.iter().map(|row| row.view().insert_axis(Axis(0))).collect();
    ndarray::concatenate(Axis(0), &views).expect("rows of the same width")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Places on a grid, whose distances are embedded without stress.
    fn grid(count: usize) -> (Array2<f64>, Distances) {
        let places =
            Array2::from_shape_fn((count, 2), |(i, k)| if k == 0 { (i % 30) as f64 } else { (i / 30) as f64 * 1.7 });
        let distance =
            |i: usize, j: usize| (0..2).map(|k| (places[[i, k]] - places[[j, k]]).powi(2)).sum::<f64>().sqrt();
        let matrix = Array2::from_shape_fn((count, count), |(i, j)| distance(i, j));
        (places, Distances::new(matrix).expect("distances"))
    }

    #[test]
    fn places_come_back_from_their_distances() {
        for count in [50, ALL + 100] {
            let (_, distances) = grid(count);
            let (found, values) = classical_scaling(&distances, 3);
            assert!(found.stress < 1e-6, "{count}: {}", found.stress);
            assert!(values[0] >= values[1] && values[2].abs() < 1e-6 * values[0], "{values:?}");
            // A disturbed start comes back too.
            let start =
                Array2::from_shape_fn((count, 2), |(i, k)| found.places[[i, k]] + 0.3 * ((i * 7 + k) as f64).sin());
            let better = smacof(&distances, &start, LEAST_GAIN, |_, _| true);
            assert!(better.stress < 0.2 * stress(&distances, &start), "{}", better.stress);
        }
    }

    #[test]
    fn members_are_placed_among_others() {
        let (_, distances) = grid(700);
        let (all, _) = classical_scaling(&distances, 2);
        for member in [0, 333, 699] {
            let others: Vec<usize> = (0..700).filter(|j| *j != member).collect();
            let row: Vec<f64> = others.iter().map(|j| distances.at(member, *j)).collect();
            let found = place(&row, &all.places.select(Axis(0), &others));
            let gap = (&found - &all.places.row(member)).mapv(|v| v * v).sum().sqrt();
            assert!(gap < 1e-3, "{member}: {gap}");
        }
        let start = landmark_start(&distances, 2, 100, &|_| true);
        assert!(stress(&distances, &start) < 1e-4, "{}", stress(&distances, &start));
    }

    #[test]
    fn every_step_lowers_the_stress_of_a_rough_start() {
        let (_, distances) = grid(80);
        let (best, _) = classical_scaling(&distances, 2);
        let start =
            Array2::from_shape_fn((80, 2), |(i, k)| best.places[[i, k]] + 2.0 * ((i * 31 + k * 17) as f64).sin());
        let mut all = vec![stress(&distances, &start)];
        smacof(&distances, &start, LEAST_GAIN, |_, stress| {
            all.push(stress);
            true
        });
        assert!(all.len() > 3 && all.windows(2).all(|pair| pair[1] < 1.001 * pair[0]), "{all:?}");
        assert!(all[all.len() - 1] < 0.01 * all[0], "{all:?}");
        // Stopped at once, what has been found so far is the result.
        assert!(smacof(&distances, &start, LEAST_GAIN, |_, _| false).stress < all[0]);
    }
}
