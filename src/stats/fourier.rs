//! Fourier transforms of pictures and volumes.

use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use rayon::prelude::*;
use rustfft::num_complex::Complex;
use rustfft::{Fft, FftDirection, FftPlanner};

/// Lines that one task transforms, so that threads do not wait for each other.
const LINES: usize = 16;

/// A line of one length ready to be transformed.
type Plan = Arc<dyn Fft<f64>>;

/// The plans of every length that the program has met.
static PLANS: LazyLock<Mutex<FftPlanner<f64>>> = LazyLock::new(|| Mutex::new(FftPlanner::new()));

/// The plan of a line, forward or inverse, made at its first use.
fn plan(length: usize, direction: FftDirection) -> Plan {
    PLANS.lock().unwrap_or_else(PoisonError::into_inner).plan_fft(length, direction)
}

/// Transforms of real fields of one shape: a picture `[rows, columns]` or a volume `[planes, rows, columns]`.
#[derive(Clone)]
pub struct Fourier {
    /// Numbers along the last axis.
    columns: usize,
    /// Numbers along the other axes.
    others: Vec<usize>,
    forward: Vec<Plan>,
    inverse: Vec<Plan>,
}

impl Fourier {
    /// Plans the transforms of `rows × columns` fields.
    pub fn new(rows: usize, columns: usize) -> Self {
        Self::of(&[rows, columns])
    }

    /// Plans the transforms of fields of a shape with two or three axes.
    ///
    /// # Panics
    /// If there is no axis.
    pub fn of(shape: &[usize]) -> Self {
        let (columns, others) = shape.split_last().expect("a field has an axis");
        let plans = |direction| shape.iter().map(|n| plan(*n, direction)).collect();
        Self {
            columns: *columns,
            others: others.to_vec(),
            forward: plans(FftDirection::Forward),
            inverse: plans(FftDirection::Inverse),
        }
    }

    /// Column frequencies that are kept, 0 … columns/2: those of a real field's other half are their conjugates.
    pub fn kept(&self) -> usize {
        self.columns / 2 + 1
    }

    /// Lines along the columns: all rows of a picture, or of all planes of a volume.
    fn rows(&self) -> usize {
        self.others.iter().product()
    }

    /// The transform of a real field. The values of column frequency `u` stand from `u * rows` on, for `u` below
    /// [`Fourier::kept`]: first by plane frequency, then by row frequency.
    pub fn transform(&self, field: impl Fn(usize) -> f64 + Sync) -> Vec<Complex<f64>> {
        let (rows, columns, kept) = (self.rows(), self.columns, self.kept());
        let along_columns = &self.forward[self.others.len()];
        let mut half = vec![Complex::default(); rows * kept];
        // Two real rows are transformed as one complex row: their transforms are its even and its odd part.
        half.par_chunks_mut(2 * kept).enumerate().for_each(|(pair, out)| {
            let first = 2 * pair * columns;
            let second = out.len() > kept;
            let value =
                |x: usize| Complex::new(field(first + x), if second { field(first + columns + x) } else { 0.0 });
            let mut line: Vec<Complex<f64>> = (0..columns).map(value).collect();
            along_columns.process(&mut line);
            for u in 0..kept {
                let (here, there) = (line[u], line[(columns - u) % columns].conj());
                out[u] = 0.5 * (here + there);
                if second {
                    out[kept + u] = Complex::new(0.0, -0.5) * (here - there);
                }
            }
        });
        let turned = transposed(&half, rows, kept);
        drop(half);
        self.transform_others(turned, &self.forward)
    }

    /// The real field of a transform, scaled so that it undoes [`Fourier::transform`].
    pub fn invert(&self, spectrum: Vec<Complex<f64>>) -> Vec<f64> {
        let (rows, columns, kept) = (self.rows(), self.columns, self.kept());
        let along_columns = &self.inverse[self.others.len()];
        let spectrum = self.transform_others(spectrum, &self.inverse);
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
            along_columns.process(&mut line);
            let (first, second) = out.split_at_mut(columns);
            first.iter_mut().zip(&line).for_each(|(o, v)| *o = v.re * scale);
            second.iter_mut().zip(&line).for_each(|(o, v)| *o = v.im * scale);
        });
        out
    }

    /// Transforms along all axes but the columns. After each axis the next one becomes the last, so that the axes end in
    /// their first order.
    fn transform_others(&self, mut spectrum: Vec<Complex<f64>>, plans: &[Plan]) -> Vec<Complex<f64>> {
        for (length, plan) in self.others.iter().zip(plans).rev() {
            lines(&mut spectrum, *length, &**plan);
            let rest = self.rows() / length;
            if rest > 1 {
                spectrum.par_chunks_mut(self.rows()).for_each(|volume| {
                    let turned = transposed(volume, rest, *length);
                    volume.copy_from_slice(&turned);
                });
            }
        }
        spectrum
    }

    /// `Σ_x a(x) b(x + d)` for every displacement d, periodic, displacement 0 first and negative ones last.
    pub fn correlate(&self, a: &[Complex<f64>], b: &[Complex<f64>]) -> Vec<f64> {
        self.invert(a.par_iter().zip(b).map(|(a, b)| a.conj() * b).collect())
    }
}

/// Transforms a complex picture in place; the inverse is scaled so that it undoes the forward transform.
pub fn transform_complex(values: &mut [Complex<f64>], (rows, columns): (usize, usize), direction: FftDirection) {
    lines(values, columns, &*plan(columns, direction));
    let mut turned = transposed(values, rows, columns);
    lines(&mut turned, rows, &*plan(rows, direction));
    values.copy_from_slice(&transposed(&turned, columns, rows));
    if direction == FftDirection::Inverse {
        let scale = 1.0 / (rows * columns) as f64;
        values.iter_mut().for_each(|v| *v *= scale);
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
    fn correlations_of_a_volume_are_those_that_counting_finds() {
        let shape = [3, 4, 5];
        let fourier = Fourier::of(&shape);
        let (a, b) = (|n: usize| ((n * 37) % 11) as f64, |n: usize| ((n * 53) % 7) as f64 - 3.0);
        let (fa, fb) = (fourier.transform(a), fourier.transform(b));
        let back = fourier.invert(fa.clone());
        assert!((0..60).all(|n| (back[n] - a(n)).abs() < 1e-12));
        let found = fourier.correlate(&fa, &fb);
        let place = |n: usize| [n / 20, n / 5 % 4, n % 5];
        for d in 0..60 {
            let other = |n: usize| {
                let at: [usize; 3] = std::array::from_fn(|k| (place(n)[k] + place(d)[k]) % shape[k]);
                (at[0] * 4 + at[1]) * 5 + at[2]
            };
            let wanted: f64 = (0..60).map(|n| a(n) * b(other(n))).sum();
            assert!((found[d] - wanted).abs() < 1e-9, "at {d}");
        }
    }

    #[test]
    fn a_complex_picture_comes_back() {
        let wave =
            |n: usize| Complex::from_polar(1.0, std::f64::consts::TAU * (2 * (n / 6) * 6 + n % 6 * 4) as f64 / 24.0);
        let picture: Vec<Complex<f64>> = (0..24).map(wave).collect();
        let mut values = picture.clone();
        transform_complex(&mut values, (4, 6), FftDirection::Forward);
        let (row, column) = (2, 1);
        for (n, v) in values.iter().enumerate() {
            let wanted = if n == row * 6 + column { 24.0 } else { 0.0 };
            assert!((v - wanted).norm() < 1e-9, "{n}: {v}");
        }
        transform_complex(&mut values, (4, 6), FftDirection::Inverse);
        assert!(values.iter().zip(&picture).all(|(a, b)| (a - b).norm() < 1e-12));
    }

    #[test]
    fn quick_sizes_are_the_next_ones() {
        assert_eq!([7, 11, 128, 790, 0].map(quick_size), [8, 12, 128, 800, 1]);
    }
}
