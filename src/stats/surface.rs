//! The amount of interface, and the variation of the volume fraction.

use rayon::prelude::*;

use super::{Boundary, Indicator};

/// The share of pairs of pixels at a displacement whose ends lie on two sides of the interface.
fn unlike(phase: &Indicator, (dy, dx): (isize, isize), boundary: Boundary) -> f64 {
    let (h, w) = (phase.nrows() as isize, phase.ncols() as isize);
    let (mut unlike, mut pairs) = (0u64, 0u64);
    let inside = |at: isize, size: isize| boundary == Boundary::Periodic || (0..size).contains(&at);
    for y in (0..h).filter(|y| inside(y + dy, h)) {
        let (row, other) = (phase.row(y as usize), phase.row((y + dy).rem_euclid(h) as usize));
        for x in (0..w).filter(|x| inside(x + dx, w)) {
            pairs += 1;
            unlike += u64::from(row[x as usize] != other[(x + dx).rem_euclid(w) as usize]);
        }
    }
    unlike as f64 / pairs.max(1) as f64
}

/// Specific surface in 1/px: interface length for each unit of area, `−π S2′(0)` in two dimensions (Debye, Anderson &
/// Brumberger, J. Appl. Phys. 28:679, 1957), the slope taken between 0 and 1 pixel along rows and columns.
///
/// S2(0) and S2(1) are counted over the same pairs. Their difference is then half of the share of unlike neighbours,
/// which is the same for a phase and for the rest.
pub fn specific_surface(phase: &Indicator, boundary: Boundary) -> f64 {
    let slope = [(0, 1), (1, 0)].map(|step| 0.5 * unlike(phase, step, boundary));
    std::f64::consts::PI * 0.5 * (slope[0] + slope[1])
}

/// Length of the interface in pixels, by Crofton's formula over rows, columns and both diagonals: π/2 times the mean
/// number of crossings for each unit of length. Unlike a count of pixel edges, it does not overrate slanted interfaces.
pub fn interface_length(phase: &Indicator, boundary: Boundary) -> f64 {
    let density: f64 = [(0, 1), (1, 0), (1, 1), (1, -1)]
        .map(|(dy, dx)| unlike(phase, (dy, dx), boundary) / ((dy * dy + dx * dx) as f64).sqrt() / 4.0)
        .iter()
        .sum();
    std::f64::consts::FRAC_PI_2 * density * phase.len() as f64
}

/// The variance of the volume fraction in square windows, `(edge, variance)`, over all places where the window fits
/// (open) or all places (periodic); edges 1, 2, 3, 4, 6, 8, 12 … up to half of the picture (Lu & Torquato, J. Chem.
/// Phys. 93:3452, 1990). By a table of sums, exact.
pub fn local_variance(phase: &Indicator, boundary: Boundary) -> Vec<(usize, f64)> {
    let (h, w) = phase.dim();
    let most = h.min(w) / 2;
    let (rows, columns) = match boundary {
        Boundary::Open => (h, w),
        Boundary::Periodic => (h + most, w + most),
    };
    // sums[y, x]: pixels of the phase above and left of (y, x).
    let mut sums = vec![0u32; (rows + 1) * (columns + 1)];
    for y in 0..rows {
        let mut line = 0;
        let row = phase.row(y % h);
        for x in 0..columns {
            line += u32::from(row[x % w]);
            sums[(y + 1) * (columns + 1) + x + 1] = sums[y * (columns + 1) + x + 1] + line;
        }
    }
    let edges = std::iter::once(1).chain((1..32).flat_map(|k| [1usize << k, 3 << (k - 1)]));
    let edges: Vec<usize> = edges.take_while(|e| *e <= most).collect();
    let variance = |edge: usize| {
        let (ys, xs) = match boundary {
            Boundary::Open => (h - edge + 1, w - edge + 1),
            Boundary::Periodic => (h, w),
        };
        let (mut sum, mut square) = (0.0, 0.0);
        for y in 0..ys {
            let (top, bottom) = (&sums[y * (columns + 1)..], &sums[(y + edge) * (columns + 1)..]);
            for x in 0..xs {
                let count = f64::from(bottom[x + edge] + top[x] - bottom[x] - top[x + edge]);
                sum += count;
                square += count * count;
            }
        }
        let (n, area) = ((ys * xs) as f64, (edge * edge) as f64);
        ((square / n - (sum / n).powi(2)) / (area * area)).max(0.0)
    };
    edges.into_par_iter().map(|edge| (edge, variance(edge))).collect()
}

/// The radial power spectrum of a phase's indicator minus its mean: `(cycles per pixel, |F|²/N)` for rings that are one
/// frequency of the smaller edge wide, up to half a cycle per pixel. The mean over all frequencies is φ(1 − φ).
pub fn power_spectrum(phase: &Indicator) -> Vec<(f64, f64)> {
    let (h, w) = phase.dim();
    let fourier = super::Fourier::new(h, w);
    let standard = phase.as_standard_layout();
    let inside = standard.as_slice().expect("standard layout");
    let spectrum = fourier.transform(|at| f64::from(u8::from(inside[at])));
    let edge = h.min(w);
    let rings = edge / 2;
    let (mut sums, mut places) = (vec![0.0; rings + 1], vec![0u32; rings + 1]);
    let signed = |k: usize, n: usize| if 2 * k <= n { k as f64 / n as f64 } else { k as f64 / n as f64 - 1.0 };
    for u in 0..fourier.kept() {
        // A frequency that is not kept is the mirror image of one that is, with the same power.
        let both = if u == 0 || 2 * u == w { 1 } else { 2 };
        for v in 0..h {
            let ring = (signed(v, h).hypot(signed(u, w)) * edge as f64).round() as usize;
            if ring <= rings && ring > 0 {
                sums[ring] += f64::from(both) * spectrum[u * h + v].norm_sqr();
                places[ring] += both;
            }
        }
    }
    let n = (h * w) as f64;
    let mean = |k: usize| sums[k] / (n * f64::from(places[k].max(1)));
    (1..=rings).map(|k| (k as f64 / edge as f64, mean(k))).collect()
}
