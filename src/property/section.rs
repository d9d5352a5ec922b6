//! Integrals over the three-point correlation S3(r, s, θ) that is measured in a section.
//!
//! With `A_{r,m} = IFFT(Î(k) iᵐ Jₘ(kr) exp(imφ_k))`, the m-th harmonic over the circle of radius r around each pixel, the
//! m-th harmonic of S3(r, s, θ) in θ is `⟨I A_{r,m} A*_{s,m}⟩`: every triangle of the picture is counted.

use gemm::Parallelism;
use rayon::prelude::*;
use rustfft::FftDirection;
use rustfft::num_complex::Complex;

use super::waves::frequency;
use crate::stats::{Indicator, transform_complex};

/// Even harmonics up to this one.
const HARMONICS: usize = 16;
/// Radii of the integrals over ln r.
const RADII: usize = 28;
/// The shortest radius, in pixels.
const SHORTEST: f64 = 0.35;

/// Nothing if `go_on` says no, which is asked for each harmonic. Otherwise the integrals over `d ln r d ln s` of the projections `∫ Pₗ(cos θ) S3(r, s, θ) d cos θ` for l = 2 and 4.
pub fn projections(phase: &Indicator, fraction: f64, go_on: &(dyn Fn() -> bool + Sync)) -> Option<(f64, f64)> {
    let (height, width) = phase.dim();
    let longest = (height.min(width) as f64 / 2.0).max(1.0);
    let step = (longest / SHORTEST).ln() / (RADII - 1) as f64;
    let radii: Vec<f64> = (0..RADII).map(|n| SHORTEST * (step * n as f64).exp()).collect();
    let mut spectrum: Vec<Complex<f64>> =
        phase.iter().map(|i| Complex::from(f64::from(u8::from(*i)) - fraction)).collect();
    transform_complex(&mut spectrum, (height, width), FftDirection::Forward);
    let inside: Vec<usize> = phase.iter().enumerate().filter(|(_, i)| **i).map(|(at, _)| at).collect();
    let bessel = Bessel::new((height, width), &radii);

    // The harmonic 0 has no part of P₂ or P₄: their integrals over the sphere are 0.
    let sums = |m: usize| {
        let fields: Vec<Vec<f64>> =
            (0..RADII).into_par_iter().map(|r| harmonic(&spectrum, (height, width), &bessel, r, m, &inside)).collect();
        let products = products(&fields);
        let of = |n: usize| if n == 0 || n == RADII - 1 { 0.5 * step } else { step };
        let sum = (0..RADII * RADII).map(|at| of(at / RADII) * of(at % RADII) * products[at]).sum::<f64>();
        2.0 * sum / phase.len() as f64
    };
    let mut found = (0.0, 0.0);
    for m in (2..=HARMONICS).step_by(2) {
        if !go_on() {
            return None;
        }
        let sum = sums(m);
        found = (found.0 + sum * legendre_part(2, m), found.1 + sum * legendre_part(4, m));
    }
    Some(found)
}

/// A_{r,m} at the pixels of the phase: real parts, then imaginary parts.
fn harmonic(
    spectrum: &[Complex<f64>],
    (height, width): (usize, usize),
    bessel: &Bessel,
    radius: usize,
    m: usize,
    inside: &[usize],
) -> Vec<f64> {
    let sign = if m.is_multiple_of(4) { 1.0 } else { -1.0 };
    let mut field = spectrum.to_vec();
    for (row, line) in field.chunks_exact_mut(width).enumerate() {
        let y = frequency(row, height);
        for (column, v) in line.iter_mut().enumerate() {
            let x = frequency(column, width);
            let length = y.hypot(x);
            let turn = if length > 0.0 { (Complex::new(x, y) / length).powi(m as i32) } else { Complex::default() };
            *v *= sign * turn * bessel.at(radius, m, row.min(height - row), column.min(width - column));
        }
    }
    transform_complex(&mut field, (height, width), FftDirection::Inverse);
    inside.iter().map(|at| field[*at].re).chain(inside.iter().map(|at| field[*at].im)).collect()
}

/// The scalar products of all pairs of fields.
fn products(fields: &[Vec<f64>]) -> Vec<f64> {
    let (count, length) = (fields.len(), fields[0].len());
    let flat: Vec<f64> = fields.concat();
    let mut out = vec![0.0; count * count];
    // SAFETY: `out` is count × count and `flat` count × length, both row by row, and the strides say so.
    unsafe {
        gemm::gemm(
            count,
            count,
            length,
            out.as_mut_ptr(),
            1,
            count as isize,
            false,
            flat.as_ptr(),
            1,
            length as isize,
            flat.as_ptr(),
            length as isize,
            1,
            0.0,
            1.0,
            false,
            false,
            false,
            Parallelism::Rayon(0),
        );
    }
    out
}

/// `∫₀^π Pₗ(cos θ) cos(mθ) sin θ dθ`, by a rule that is exact for polynomials of cos θ.
fn legendre_part(l: usize, m: usize) -> f64 {
    // ∫ cos(aθ) sin θ dθ over 0 … π is 2/(1 − a²) for even a.
    let whole = |a: i64| if a % 2 == 0 { 2.0 / (1 - a * a) as f64 } else { 0.0 };
    // Products of cosines are sums of cosines: P₂ = (1 + 3 cos 2θ)/4, P₄ = (9 + 20 cos 2θ + 35 cos 4θ)/64.
    let m = m as i64;
    let with = |a: i64| 0.5 * (whole(m + a) + whole(m - a));
    match l {
        2 => 0.25 * whole(m) + 0.75 * with(2),
        _ => (9.0 * whole(m) + 20.0 * with(2) + 35.0 * with(4)) / 64.0,
    }
}

/// Jₘ(kr) of all even m for each radius and each wave vector of a quarter.
struct Bessel {
    quarter: (usize, usize),
    /// `[radius][m / 2][row, column]`.
    values: Vec<Vec<Vec<f32>>>,
}

impl Bessel {
    fn new((height, width): (usize, usize), radii: &[f64]) -> Self {
        let quarter = (height / 2 + 1, width / 2 + 1);
        let of = |r: &f64| {
            let mut orders = vec![vec![0.0f32; quarter.0 * quarter.1]; HARMONICS / 2 + 1];
            for at in 0..quarter.0 * quarter.1 {
                let (y, x) = (frequency(at / quarter.1, height), frequency(at % quarter.1, width));
                let found = bessel_orders(y.hypot(x) * r);
                orders.iter_mut().enumerate().for_each(|(half, o)| o[at] = found[2 * half] as f32);
            }
            orders
        };
        Self { quarter, values: radii.par_iter().map(of).collect() }
    }

    fn at(&self, radius: usize, m: usize, row: usize, column: usize) -> f64 {
        f64::from(self.values[radius][m / 2][row * self.quarter.1 + column])
    }
}

/// J₀ … J_HARMONICS of a number that is not negative.
fn bessel_orders(x: f64) -> [f64; HARMONICS + 1] {
    let mut out = [0.0; HARMONICS + 1];
    if x > HARMONICS as f64 {
        // The recurrence upwards is stable below the argument.
        (out[0], out[1]) = (libm::j0(x), libm::j1(x));
        for m in 1..HARMONICS {
            out[m + 1] = 2.0 * m as f64 / x * out[m] - out[m - 1];
        }
        return out;
    }
    if x == 0.0 {
        out[0] = 1.0;
        return out;
    }
    // Downwards from far above, scaled so that J₀ + 2 (J₂ + J₄ + …) = 1 (Miller's algorithm).
    let (mut above, mut here, mut sum) = (0.0, 1e-300, 0.0);
    for m in (0..=HARMONICS + 2 + (2.0 * x) as usize).rev() {
        if m <= HARMONICS {
            out[m] = here;
        }
        if m.is_multiple_of(2) {
            sum += if m == 0 { here } else { 2.0 * here };
        }
        (above, here) = (here, 2.0 * m as f64 / x * here - above);
    }
    out.map(|v| v / sum)
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    #[test]
    fn bessel_functions_are_those_of_the_library() {
        for x in [0.0, 1e-6, 0.3, 2.0, 7.7, 15.9, 16.1, 40.0, 500.0] {
            for (m, found) in bessel_orders(x).into_iter().enumerate() {
                let wanted = libm::jn(m as i32, x);
                assert!((found - wanted).abs() < 1e-10, "J{m}({x}) = {found}, not {wanted}");
            }
        }
    }

    #[test]
    fn legendre_parts_are_integrals() {
        for (l, m) in [(2, 0), (2, 2), (2, 6), (4, 0), (4, 2), (4, 4), (4, 16)] {
            let steps = 20_000;
            let value = |n: usize| {
                let theta = PI * (n as f64 + 0.5) / steps as f64;
                let c = theta.cos();
                let p = if l == 2 { 1.5 * c * c - 0.5 } else { (35.0 * c.powi(4) - 30.0 * c * c + 3.0) / 8.0 };
                p * (m as f64 * theta).cos() * theta.sin() * PI / steps as f64
            };
            let wanted: f64 = (0..steps).map(value).sum();
            assert!((legendre_part(l, m) - wanted).abs() < 1e-7, "P{l}, {m}: {wanted}");
        }
    }
}
