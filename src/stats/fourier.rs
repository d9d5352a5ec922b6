//! Two-dimensional Fourier transforms of real fields.

use std::sync::Arc;

use rayon::prelude::*;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlanner};

/// Lines that one task transforms, so that threads do not wait for each other.
const LINES: usize = 16;

/// Transforms of one size, planned once.
#[derive(Clone)]
pub struct Fourier {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    forward: [Arc<dyn Fft<f64>>; 2],
    inverse: [Arc<dyn Fft<f64>>; 2],
}

impl Fourier {
    /// Plans the transforms of `rows × columns` fields.
    pub fn new(rows: usize, columns: usize) -> Self {
        let mut planner = FftPlanner::new();
        let forward = [planner.plan_fft_forward(columns), planner.plan_fft_forward(rows)];
        let inverse = [planner.plan_fft_inverse(columns), planner.plan_fft_inverse(rows)];
        Self { rows, columns, forward, inverse }
    }

    /// Column frequencies that are kept, 0 … columns/2: those of a real field's other half are their conjugates.
    pub fn kept(&self) -> usize {
        self.columns / 2 + 1
    }

    /// The transform of a real field. The value of row frequency `v` and column frequency `u` stands at `u * rows + v`,
    /// for `u` below [`Fourier::kept`].
    pub fn transform(&self, field: impl Fn(usize) -> f64 + Sync) -> Vec<Complex<f64>> {
        let (rows, columns, kept) = (self.rows, self.columns, self.kept());
        let mut half = vec![Complex::default(); rows * kept];
        // Two real rows are transformed as one complex row: their transforms are its even and its odd part.
        half.par_chunks_mut(2 * kept).enumerate().for_each(|(pair, out)| {
            let first = 2 * pair * columns;
            let second = out.len() > kept;
            let value =
                |x: usize| Complex::new(field(first + x), if second { field(first + columns + x) } else { 0.0 });
            let mut line: Vec<Complex<f64>> = (0..columns).map(value).collect();
            self.forward[0].process(&mut line);
            for u in 0..kept {
                let (here, there) = (line[u], line[(columns - u) % columns].conj());
                out[u] = 0.5 * (here + there);
                if second {
                    out[kept + u] = Complex::new(0.0, -0.5) * (here - there);
                }
            }
        });
        let mut turned = transposed(&half, rows, kept);
        drop(half);
        lines(&mut turned, rows, &*self.forward[1]);
        turned
    }

    /// The real field of a transform, scaled so that it undoes [`Fourier::transform`].
    pub fn invert(&self, mut spectrum: Vec<Complex<f64>>) -> Vec<f64> {
        let (rows, columns, kept) = (self.rows, self.columns, self.kept());
        lines(&mut spectrum, rows, &*self.inverse[1]);
        let half = transposed(&spectrum, kept, rows);
        drop(spectrum);
        let scale = 1.0 / (rows * columns) as f64;
        let mut out = vec![0.0; rows * columns];
        out.par_chunks_mut(2 * columns).zip(half.par_chunks(2 * kept)).for_each(|(out, half)| {
            let (a, b) = half.split_at(kept);
            let i = Complex::new(0.0, 1.0);
            let at = |u: usize| a[u] + b.get(u).map_or(Complex::default(), |b| i * b);
            let mirrored = |u: usize| a[u].conj() + b.get(u).map_or(Complex::default(), |b| i * b.conj());
            let mut line: Vec<Complex<f64>> =
                (0..columns).map(|u| if u < kept { at(u) } else { mirrored(columns - u) }).collect();
            self.inverse[0].process(&mut line);
            let (first, second) = out.split_at_mut(columns);
            first.iter_mut().zip(&line).for_each(|(o, v)| *o = v.re * scale);
            second.iter_mut().zip(&line).for_each(|(o, v)| *o = v.im * scale);
        });
        out
    }

    /// `Σ_x a(x) b(x + d)` for every displacement d, periodic, displacement 0 first and negative ones last.
    pub fn correlate(&self, a: &[Complex<f64>], b: &[Complex<f64>]) -> Vec<f64> {
        self.invert(a.par_iter().zip(b).map(|(a, b)| a.conj() * b).collect())
    }
}

/// The next size that has no prime factor above 5, and so is transformed quickly.
pub fn quick_size(n: usize) -> usize {
    let smooth = |n: &usize| {
        let mut rest = *n;
        for p in [2, 3, 5] {
            while rest.is_multiple_of(p) {
                rest /= p;
            }
        }
        rest == 1
    };
    (n.max(1)..).find(smooth).unwrap_or(n)
}

fn lines(values: &mut [Complex<f64>], length: usize, plan: &dyn Fft<f64>) {
    values.par_chunks_mut(LINES * length).for_each(|some| plan.process(some));
}

/// Rows become columns, in blocks that stay in the cache.
fn transposed(from: &[Complex<f64>], rows: usize, columns: usize) -> Vec<Complex<f64>> {
    let mut to = vec![Complex::default(); from.len()];
    to.par_chunks_mut(LINES * rows).enumerate().for_each(|(block, out)| {
        let first = block * LINES;
        let width = out.len() / rows;
        for r in 0..rows {
            for c in 0..width {
                out[c * rows + r] = from[r * columns + first + c];
            }
        }
    });
    to
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn correlations_are_those_that_counting_finds_for_odd_and_even_sizes() {
        for (rows, columns) in [(6, 8), (5, 7), (1, 4), (4, 1), (9, 2)] {
            let fourier = Fourier::new(rows, columns);
            let (a, b) = (|n: usize| ((n * 37) % 11) as f64, |n: usize| ((n * 53) % 7) as f64 - 3.0);
            let (fa, fb) = (fourier.transform(a), fourier.transform(b));
            let back = fourier.invert(fa.clone());
            assert!((0..rows * columns).all(|n| (back[n] - a(n)).abs() < 1e-12));
            let found = fourier.correlate(&fa, &fb);
            for d in 0..rows * columns {
                let (dy, dx) = (d / columns, d % columns);
                let other = |n: usize| (n / columns + dy) % rows * columns + (n % columns + dx) % columns;
                let wanted: f64 = (0..rows * columns).map(|n| a(n) * b(other(n))).sum();
                assert!((found[d] - wanted).abs() < 1e-9, "{rows} × {columns} at {d}");
            }
        }
    }

    #[test]
    fn quick_sizes_are_the_next_ones() {
        assert_eq!([7, 11, 128, 790, 0].map(quick_size), [8, 12, 128, 800, 1]);
    }
}
