//! The permittivity of a pattern in terms of orders, by the rules of Li (J. Opt. Soc. Am. A 14:2758, 1997): a component of
//! the field that is normal to an interface jumps there, so that its permittivity is the inverse of the matrix of 1/ε
//! along its own axis, and the plain matrix along the other one.

use std::collections::HashMap;
use std::f64::consts::PI;

use faer::linalg::solvers::DenseSolveCore;
use faer::{Mat, c64};
use rayon::prelude::*;

use super::{Expansion, Factorisation, Order};

/// The three matrices of a pattern.
pub struct Permittivity {
    /// For the field along x.
    pub x: Mat<c64>,
    /// For the field along y.
    pub y: Mat<c64>,
    /// For the field along z.
    pub z: Mat<c64>,
}

/// The matrices of a pattern of labels, row by row, where `values` are the permittivities of the labels.
pub fn permittivity(
    labels: &[u8],
    (height, width): (usize, usize),
    values: &[c64],
    expansion: &Expansion,
) -> Permittivity {
    let orders = &expansion.orders;
    let z = one_axis(labels, (height, width), values, orders, false);
    if expansion.factorisation == Factorisation::Plain {
        return Permittivity { x: z.clone(), y: z.clone(), z };
    }
    let turned: Vec<u8> = (0..labels.len()).map(|at| labels[at % height * width + at / height]).collect();
    let swapped: Vec<Order> = orders.iter().map(|(m, n)| (*n, *m)).collect();
    Permittivity {
        x: one_axis(labels, (height, width), values, orders, true),
        y: one_axis(&turned, (width, height), values, &swapped, true),
        z,
    }
}

/// The matrix of a pattern whose rows are inverted first (or not), and then expanded along y.
fn one_axis(
    labels: &[u8],
    (height, width): (usize, usize),
    values: &[c64],
    orders: &[Order],
    inverse: bool,
) -> Mat<c64> {
    let reach = |of: &dyn Fn(&Order) -> i32| orders.iter().map(|o| of(o).unsigned_abs() as usize).max().unwrap_or(0);
    let (x, y) = (reach(&|o| o.0), reach(&|o| o.1));
    // Rows that are alike are worked out once; a pattern of stripes has one.
    let mut kinds: Vec<(&[u8], Vec<usize>)> = vec![];
    let mut known: HashMap<&[u8], usize> = HashMap::new();
    for (row, line) in labels.chunks_exact(width).enumerate() {
        let number = *known.entry(line).or_insert(kinds.len());
        if number == kinds.len() {
            kinds.push((line, vec![]));
        }
        kinds[number].1.push(row);
    }
    let matrices: Vec<Mat<c64>> = kinds.par_iter().map(|(line, _)| row_matrix(line, values, x, inverse)).collect();
    // Of each kind of row, the coefficients along y of where it stands.
    let shares: Vec<Vec<c64>> = kinds.par_iter().map(|(_, rows)| coefficients(rows, height, 2 * y)).collect();
    let count = orders.len();
    let columns: Vec<Vec<c64>> = (0..count)
        .into_par_iter()
        .map(|column| {
            let (m0, n0) = orders[column];
            let entry = |(m, n): &Order| {
                let place = |m: i32| (m + x as i32) as usize;
                let difference = (n - n0 + 2 * y as i32) as usize;
                let each = matrices.iter().zip(&shares);
                each.map(|(matrix, share)| matrix[(place(*m), place(m0))] * share[difference]).sum()
            };
            orders.iter().map(entry).collect()
        })
        .collect();
    Mat::from_fn(count, count, |row, column| columns[column][row])
}

/// The matrix of a row's permittivity in the orders −x … x, or the inverse of the matrix of its reciprocal.
fn row_matrix(line: &[u8], values: &[c64], x: usize, inverse: bool) -> Mat<c64> {
    let phases = values.len();
    let mut sums = vec![c64::new(0.0, 0.0); 4 * x + 1];
    for phase in 0..phases {
        let there: Vec<usize> = (0..line.len()).filter(|at| usize::from(line[*at]) == phase).collect();
        if there.is_empty() {
            continue;
        }
        let value = if inverse { 1.0 / values[phase] } else { values[phase] };
        for (sum, c) in sums.iter_mut().zip(coefficients(&there, line.len(), 2 * x)) {
            *sum += value * c;
        }
    }
    let size = 2 * x + 1;
    let toeplitz = Mat::from_fn(size, size, |row, column| sums[row + 2 * x - column]);
    if inverse { toeplitz.partial_piv_lu().inverse() } else { toeplitz }
}

/// The Fourier coefficients −most … most of a function along one period that is 1 on some of its pixels and 0 elsewhere.
fn coefficients(there: &[usize], pixels: usize, most: usize) -> Vec<c64> {
    let n = pixels as f64;
    let one = |index: usize| {
        let m = index as f64 - most as f64;
        if m == 0.0 {
            return c64::new(there.len() as f64 / n, 0.0);
        }
        let half = PI * m / n;
        let turn = |at: &usize| c64::from_polar(1.0, -2.0 * PI * ((m * *at as f64) % n) / n);
        there.iter().map(turn).sum::<c64>() * c64::from_polar((half.sin() / half) / n, -half)
    };
    (0..=2 * most).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coefficients_of_a_bar_are_known() {
        // 1 on the first half of the period: ½ at 0, and (1 − exp(−iπm))/(2πim) elsewhere.
        let found = coefficients(&[0, 1, 2, 3], 8, 20);
        for (index, c) in found.iter().enumerate() {
            let m = index as f64 - 20.0;
            let wanted = if m == 0.0 {
                c64::new(0.5, 0.0)
            } else {
                (1.0 - c64::from_polar(1.0, -PI * m)) / c64::new(0.0, 2.0 * PI * m)
            };
            assert!((c - wanted).norm() < 1e-12, "{m}: {c} and {wanted}");
        }
    }
}
