//! Random fields.

use std::f64::consts::TAU;

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

/// A periodic Gaussian random field: a sum of plane waves of about one wavelength with random directions and phases.
pub fn gaussian(size: usize, wavelength: f64, seed: u64) -> Vec<f64> {
    /// Waves in the sum.
    const WAVES: usize = 96;
    waves(size, WAVES, seed, |random| size as f64 / wavelength * random.random_range(0.75..1.25))
}

/// A periodic Gaussian random field whose wave numbers are normally distributed around that of a wavelength: their
/// deviation is a share `bandwidth` of it.
pub fn banded(size: usize, wavelength: f64, bandwidth: f64, seed: u64) -> Vec<f64> {
    /// Waves in the sum.
    const WAVES: usize = 256;
    let middle = size as f64 / wavelength;
    waves(size, WAVES, seed, |random| middle * (1.0 + bandwidth * normal(random)).abs())
}

/// A normal number of two uniform ones (Box & Muller 1958).
pub fn normal(random: &mut Pcg64) -> f64 {
    let (u, angle): (f64, f64) = (random.random_range(f64::EPSILON..1.0), random.random_range(0.0..TAU));
    (-2.0 * u.ln()).sqrt() * angle.cos()
}

/// A sum of plane waves with random directions and phases; `length` gives the periods of each along its direction.
fn waves(size: usize, count: usize, seed: u64, length: impl Fn(&mut Pcg64) -> f64) -> Vec<f64> {
    let mut random = Pcg64::seed_from_u64(seed);
    let mut field = vec![0.0; size * size];
    for _ in 0..count {
        // The wave vector is rounded to whole periods, so that the field continues at the opposite edge.
        let length = length(&mut random);
        let angle = random.random_range(0.0..TAU);
        let (ky, kx) = ((length * angle.sin()).round(), (length * angle.cos()).round());
        let phase: f64 = random.random_range(0.0..TAU);
        // cos(a + b) = cos a cos b − sin a sin b, so that only rows and columns need cosines.
        let waves = |k: f64, phase: f64| -> Vec<(f64, f64)> {
            (0..size).map(|at| (k * at as f64 / size as f64 * TAU + phase).sin_cos()).collect()
        };
        let (rows, columns) = (waves(ky, phase), waves(kx, 0.0));
        for ((row_sin, row_cos), line) in rows.iter().zip(field.chunks_exact_mut(size)) {
            for ((sin, cos), value) in columns.iter().zip(line) {
                *value += row_cos * cos - row_sin * sin;
            }
        }
    }
    field
}

/// The value below which this share of the values lies.
pub fn quantile(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted[((sorted.len() as f64 * share).round() as usize).min(sorted.len() - 1)]
}

/// Gradient noise (Perlin, SIGGRAPH 1985 and 2002).
pub struct Perlin {
    order: [u8; 256],
}

impl Perlin {
    pub fn new(seed: u64) -> Self {
        let mut order = std::array::from_fn(|i| i as u8);
        order.shuffle(&mut Pcg64::seed_from_u64(seed));
        Self { order }
    }

    /// The noise at a place, roughly in −1 … 1.
    pub fn at(&self, y: f64, x: f64) -> f64 {
        let (row, column) = (y.floor(), x.floor());
        let (dy, dx) = (y - row, x - column);
        let corner = |j: f64, i: f64| {
            let hash = self.order[((column + i) as i64 & 255) as usize];
            let hash = self.order[((i64::from(hash) + (row + j) as i64) & 255) as usize];
            let angle = f64::from(hash) / 256.0 * TAU;
            angle.sin() * (dy - j) + angle.cos() * (dx - i)
        };
        let fade = |t: f64| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
        let mix = |a: f64, b: f64, t: f64| a + t * (b - a);
        let upper = mix(corner(0.0, 0.0), corner(0.0, 1.0), fade(dx));
        let lower = mix(corner(1.0, 0.0), corner(1.0, 1.0), fade(dx));
        mix(upper, lower, fade(dy)) * std::f64::consts::SQRT_2
    }
}
