//! The two-point correlation S2(r): the chance that two points at a distance r both lie in a phase.

use std::sync::Arc;

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

use super::{Axis, Boundary, Indicator};

/// Pairs of pixels in the phase for every displacement; `[rows, columns]`, displacement 0 first, negative ones last.
struct Pairs {
    counts: Vec<f64>,
    rows: usize,
    columns: usize,
}

/// Counts pairs by FFT. Counts are integers, so rounding makes them exact.
fn pairs(phase: &Indicator, boundary: Boundary) -> Pairs {
    let (rows, columns) = match boundary {
        Boundary::Periodic => (phase.height, phase.width),
        Boundary::Open => (2 * phase.height, 2 * phase.width),
    };
    let mut field = vec![Complex::default(); rows * columns];
    for y in 0..phase.height {
        for x in 0..phase.width {
            field[y * columns + x].re = f64::from(u8::from(phase.at(y, x)));
        }
    }
    let mut planner = FftPlanner::new();
    fft_2d(&mut field, rows, columns, planner.plan_fft_forward(columns), planner.plan_fft_forward(rows));
    field.iter_mut().for_each(|v| *v = Complex::from(v.norm_sqr()));
    fft_2d(&mut field, rows, columns, planner.plan_fft_inverse(columns), planner.plan_fft_inverse(rows));
    let scale = 1.0 / (rows * columns) as f64;
    Pairs { counts: field.iter().map(|v| (v.re * scale).round()).collect(), rows, columns }
}

/// In place: all rows, then all columns.
fn fft_2d(
    field: &mut [Complex<f64>],
    rows: usize,
    columns: usize,
    along: Arc<dyn Fft<f64>>,
    across: Arc<dyn Fft<f64>>,
) {
    along.process(field);
    let mut turned = vec![Complex::default(); field.len()];
    transpose(field, &mut turned, rows, columns);
    across.process(&mut turned);
    transpose(&turned, field, columns, rows);
}

fn transpose(from: &[Complex<f64>], to: &mut [Complex<f64>], rows: usize, columns: usize) {
    for r in 0..rows {
        for c in 0..columns {
            to[c * rows + r] = from[r * columns + c];
        }
    }
}

/// A displacement of the FFT's order as a signed one.
fn signed(at: usize, size: usize) -> isize {
    if 2 * at < size { at as isize } else { at as isize - size as isize }
}

/// The radial mean of S2 over displacements whose length rounds to r = 0 … `distances() − 1`.
pub fn two_point_radial(phase: &Indicator, boundary: Boundary) -> Vec<f64> {
    let pairs = pairs(phase, boundary);
    let n = phase.distances();
    let (mut sums, mut places) = (vec![0.0; n], vec![0u32; n]);
    for row in 0..pairs.rows {
        let dy = signed(row, pairs.rows);
        for column in 0..pairs.columns {
            let dx = signed(column, pairs.columns);
            let possible = possible_pairs(phase, boundary, dy, dx);
            let r = (dy as f64).hypot(dx as f64).round_ties_even() as usize;
            if r < n && possible > 0 {
                sums[r] += pairs.counts[row * pairs.columns + column] / possible as f64;
                places[r] += 1;
            }
        }
    }
    sums.iter().zip(&places).map(|(s, p)| s / f64::from(*p)).collect()
}

fn possible_pairs(phase: &Indicator, boundary: Boundary, dy: isize, dx: isize) -> usize {
    match boundary {
        Boundary::Periodic => phase.height * phase.width,
        Boundary::Open => {
            phase.height.saturating_sub(dy.unsigned_abs()) * phase.width.saturating_sub(dx.unsigned_abs())
        }
    }
}

/// S2 along an axis, r = 0 … `distances() − 1`.
pub fn two_point_axis(phase: &Indicator, axis: Axis, boundary: Boundary) -> Vec<f64> {
    let pairs = pairs(phase, boundary);
    let at = |r: usize| {
        let (dy, dx) = match axis {
            Axis::Rows => (0, r),
            Axis::Columns => (r, 0),
        };
        let possible = possible_pairs(phase, boundary, dy as isize, dx as isize);
        pairs.counts[dy * pairs.columns + dx] / possible as f64
    };
    (0..phase.distances()).map(at).collect()
}
