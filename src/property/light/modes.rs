//! The waves that travel in a layer without reflection.

use faer::{Mat, c64};
use rayon::prelude::*;

use super::super::PropertyError;
use super::Order;
use super::pattern::Permittivity;

/// In-plane wave vectors of the orders, over that of the vacuum.
pub struct Waves {
    /// Along x.
    pub x: Vec<c64>,
    /// Along y.
    pub y: Vec<c64>,
}

impl Waves {
    /// Of orders of a cell with these periods, for light of a wavelength (one unit) whose own in-plane wave vector is given.
    pub fn new(orders: &[Order], periods: [f64; 2], wavelength: f64, incident: [f64; 2]) -> Self {
        let of =
            |axis: usize, order: i32| c64::new(incident[axis] + f64::from(order) * wavelength / periods[axis], 0.0);
        Self { x: orders.iter().map(|o| of(0, o.0)).collect(), y: orders.iter().map(|o| of(1, o.1)).collect() }
    }
}

/// The modes of a layer. With lengths in wavelengths/2π, a wave that goes down has the fields `E = w exp(iqz)` and
/// `h = v exp(iqz)`, where h is H times the vacuum's impedance and i; one that goes up has `h = −v exp(−iqz)`. Rows are the
/// orders along x, then those along y.
pub struct Modes {
    /// Electric fields, a column for each mode.
    pub electric: Mat<c64>,
    /// Magnetic fields, a column for each mode.
    pub magnetic: Mat<c64>,
    /// q of each mode, with an imaginary part that is not negative.
    pub constants: Vec<c64>,
    /// Whether `electric` is the unit matrix.
    pub is_uniform: bool,
}

/// The root that decays, or goes on, downwards. One that is 0 belongs to a wave that grazes the layer; it gets a small
/// value, so that its fields are finite.
fn downward(square: c64) -> c64 {
    let root = square.sqrt();
    let root = if root.im < 0.0 || (root.im == 0.0 && root.re < 0.0) { -root } else { root };
    if root.norm() < 1e-6 { c64::new(0.0, 1e-6) } else { root }
}

/// Modes of a medium of one permittivity.
pub fn uniform(waves: &Waves, permittivity: c64) -> Modes {
    let n = waves.x.len();
    let q: Vec<c64> = waves.x.iter().zip(&waves.y).map(|(x, y)| downward(permittivity - x * x - y * y)).collect();
    let mut magnetic = Mat::zeros(2 * n, 2 * n);
    for k in 0..n {
        let (x, y, below) = (waves.x[k], waves.y[k], c64::i() * q[k]);
        // ε − x² is q² + y²; written so, it fits a q that was changed.
        let square = q[k] * q[k];
        magnetic[(k, k)] = x * y / below;
        magnetic[(k, n + k)] = (square + y * y) / below;
        magnetic[(n + k, k)] = -(square + x * x) / below;
        magnetic[(n + k, n + k)] = -x * y / below;
    }
    let constants = q.iter().chain(&q).copied().collect();
    Modes { electric: Mat::identity(2 * n, 2 * n), magnetic, constants, is_uniform: true }
}

/// Modes of a pattern: with `dE/dz = P h` and `dh/dz = Q E`, eigenvectors of PQ.
///
/// # Errors
/// The eigenvalues cannot be found.
pub fn patterned(waves: &Waves, permittivity: &Permittivity) -> Result<Modes, PropertyError> {
    use faer::linalg::solvers::DenseSolveCore;
    let n = waves.x.len();
    let (x, y) = (&waves.x, &waves.y);
    let inverse = permittivity.z.partial_piv_lu().inverse();
    let one = |same: bool| c64::new(if same { 1.0 } else { 0.0 }, 0.0);
    let p = filled(2 * n, |row, column| {
        let (r, c) = (row % n, column % n);
        let e = inverse[(r, c)];
        match (row < n, column < n) {
            (true, true) => x[r] * e * y[c],
            (true, false) => one(r == c) - x[r] * e * x[c],
            (false, true) => y[r] * e * y[c] - one(r == c),
            (false, false) => -y[r] * e * x[c],
        }
    });
    let q = filled(2 * n, |row, column| {
        let (r, c) = (row % n, column % n);
        match (row < n, column < n) {
            (true, true) => one(r == c) * x[r] * y[r],
            (true, false) => permittivity.y[(r, c)] - one(r == c) * x[r] * x[r],
            (false, true) => one(r == c) * y[r] * y[r] - permittivity.x[(r, c)],
            (false, false) => -one(r == c) * x[r] * y[r],
        }
    });
    let product = &p * &q;
    let eigen = product.eigen().map_err(|_| {
        PropertyError::Light(
            "The modes of a layer could not be found. Change the wavelength or the number of orders a little.".into(),
        )
    })?;
    let electric = eigen.U().to_owned();
    // The eigenvalues are −q².
    let constants: Vec<c64> = eigen.S().column_vector().iter().map(|s| downward(-*s)).collect();
    let mut magnetic = &q * &electric;
    for (column, constant) in constants.iter().enumerate() {
        let scale = 1.0 / (c64::i() * constant);
        (0..2 * n).for_each(|row| magnetic[(row, column)] *= scale);
    }
    Ok(Modes { electric, magnetic, constants, is_uniform: false })
}

/// A square matrix of values that cost something.
fn filled(size: usize, value: impl Fn(usize, usize) -> c64 + Sync) -> Mat<c64> {
    let columns: Vec<Vec<c64>> =
        (0..size).into_par_iter().map(|column| (0..size).map(|row| value(row, column)).collect()).collect();
    Mat::from_fn(size, size, |row, column| columns[column][row])
}
