//! From the two-point correlation of a phase to the spectrum of a Gaussian field.

use ndarray::{Array2, Zip};
use rayon::prelude::*;
use rustfft::num_complex::Complex;

use super::Directions;
use crate::micrograph::PhaseMap;
use crate::stats::{Boundary, Correlation, Fourier};

/// Angles at which the correlation of a level cut is tabulated.
const ANGLES: usize = 4096;

/// The inverse of the normal distribution's cumulative function, by bisection of [`tail`].
fn quantile(share: f64) -> f64 {
    let (mut low, mut high) = (-9.0, 9.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if 1.0 - tail(middle) < share { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The share of a standard normal distribution above a value, by Simpson's rule.
fn tail(value: f64) -> f64 {
    /// Steps from the value to where nothing is left.
    const STEPS: usize = 2000;
    let (from, to) = (value, value.max(0.0) + 10.0);
    let step = (to - from) / STEPS as f64;
    let density = |x: f64| (-0.5 * x * x).exp() / std::f64::consts::TAU.sqrt();
    let weight = |n: usize| if n == 0 || n == STEPS { 1.0 } else { 2.0 + 2.0 * (n % 2) as f64 };
    (0..=STEPS).map(|n| weight(n) * density(from + n as f64 * step)).sum::<f64>() * step / 3.0
}

/// S2 of the part of a Gaussian field above a threshold, as a function of the field's covariance ρ: φ² + (1/2π) ∫₀^ρ
/// exp(−a²/(1 + t))/√(1 − t²) dt with a = Φ⁻¹(1 − φ) (Roberts & Teubner 1995, Eq. 17). Both rise together.
pub struct LevelCut {
    volume_fraction: f64,
    /// S2 at equal steps of asin ρ from −π/2 to π/2.
    table: Vec<f64>,
}

/// The level cut of a volume fraction in 0 … 1, neither 0 nor 1.
pub fn level_cut(volume_fraction: f64) -> LevelCut {
    use std::f64::consts::{FRAC_PI_2, PI, TAU};
    let threshold = quantile(1.0 - volume_fraction);
    // With t = sin θ the integrand has no pole: exp(−a²/(1 + sin θ)) dθ.
    let integrand = |angle: f64| {
        let below = 1.0 + angle.sin();
        if below > 1e-12 { (-threshold * threshold / below).exp() } else { f64::from(u8::from(threshold == 0.0)) }
    };
    let step = PI / ANGLES as f64;
    let angle = |n: f64| -FRAC_PI_2 + n * step;
    let mut sums = vec![0.0];
    for n in 0..ANGLES {
        let (a, b, c) =
            (integrand(angle(n as f64)), integrand(angle(n as f64 + 0.5)), integrand(angle(n as f64 + 1.0)));
        sums.push(sums[n] + step / 6.0 * (a + 4.0 * b + c));
    }
    let middle = sums[ANGLES / 2];
    let square = volume_fraction * volume_fraction;
    LevelCut { volume_fraction, table: sums.into_iter().map(|sum| square + (sum - middle) / TAU).collect() }
}

impl LevelCut {
    /// S2 of the level cut of a field with a covariance in −1 … 1.
    pub fn s2(&self, covariance: f64) -> f64 {
        let angle = covariance.clamp(-1.0, 1.0).asin() + std::f64::consts::FRAC_PI_2;
        let at = angle / std::f64::consts::PI * ANGLES as f64;
        let (first, part) = ((at as usize).min(ANGLES - 1), at - (at as usize).min(ANGLES - 1) as f64);
        self.table[first] * (1.0 - part) + self.table[first + 1] * part
    }

    /// The covariance of the field at which the level cut has an S2; 1 where it is too large for any field. An S2 too small
    /// to be measured gets the weakest covariance that gives about as little.
    pub fn covariance(&self, s2: f64) -> f64 {
        /// What cannot be measured, as a share of φ².
        const LEAST: f64 = 1e-3;
        let s2 = s2.max(self.table[0] + LEAST * self.volume_fraction.powi(2));
        let above = self.table.partition_point(|v| *v < s2);
        if above == 0 {
            return -1.0;
        }
        if above == self.table.len() {
            return 1.0;
        }
        let (low, high) = (self.table[above - 1], self.table[above]);
        let at = (above - 1) as f64 + (s2 - low) / (high - low).max(f64::MIN_POSITIVE);
        (at * std::f64::consts::PI / ANGLES as f64 - std::f64::consts::FRAC_PI_2).sin()
    }
}

/// S2 of a phase at every displacement of a result, as far as it is known.
struct Aim<'a> {
    volume_fraction: f64,
    /// The length of every displacement.
    lengths: &'a Array2<f64>,
    /// Displacement 0 first and negative ones last; only those shorter than `reach` count.
    s2: Array2<f64>,
    /// Half of the shorter edge of the original and of the result.
    reach: usize,
}

/// The length of every displacement of a result, displacement 0 first and negative ones last.
fn lengths((height, width): (usize, usize)) -> Array2<f64> {
    let signed = |k: usize, n: usize| if 2 * k <= n { k as f64 } else { k as f64 - n as f64 };
    Array2::from_shape_fn((height, width), |(y, x)| signed(y, height).hypot(signed(x, width)))
}

impl Aim<'_> {
    /// The mean of values over the displacements of each length that counts.
    fn radial(&self, values: impl Fn((usize, usize)) -> f64) -> Vec<f64> {
        let (mut sums, mut places) = (vec![0.0; self.reach], vec![0u32; self.reach]);
        for (at, length) in self.lengths.indexed_iter() {
            let r = length.round_ties_even() as usize;
            if r < self.reach {
                sums[r] += values(at);
                places[r] += 1;
            }
        }
        sums.iter().zip(places).map(|(sum, places)| sum / f64::from(places.max(1))).collect()
    }

    /// The spectrum for it.
    ///
    /// Far apart, S2 is noise about φ², and the covariance that follows from it is none of any field: most of its power
    /// would be negative. A Hann window lets the covariance fade out; of several lengths of the window that one is taken
    /// whose field is expected to have S2 nearest to the aim, each distance r with the weight 1/r²: far apart, the aim is
    /// mostly noise.
    fn spectrum(&self) -> Spectrum {
        /// Lengths of the window, in distances at which the radial covariance has faded.
        const LENGTHS: [f64; 7] = [1.5, 2.0, 3.0, 4.0, 6.0, 9.0, 14.0];
        /// The share of χ(0) at which it has.
        const FADED: f64 = 0.02;
        let (phi, cut) = (self.volume_fraction, level_cut(self.volume_fraction));
        let aim = self.radial(|at| self.s2[at]);
        let fades = aim.iter().position(|s| s - phi * phi <= FADED * phi * (1.0 - phi));
        let is_cut = fades.is_none();
        let fades = fades.unwrap_or(self.reach).max(1) as f64;
        let with_window = |length: f64| {
            let end = (length * fades).min(self.reach as f64);
            let windowed = |s2: &f64, r: &f64| match *r {
                0.0 => 1.0,
                r if r < end => (0.5 + 0.5 * (std::f64::consts::PI * r / end).cos()) * cut.covariance(*s2),
                _ => 0.0,
            };
            let spectrum = Spectrum::of(&Zip::from(&self.s2).and(self.lengths).map_collect(windowed));
            let made = spectrum.covariance(self.s2.dim());
            let expected = self.radial(|at| cut.s2(made[at]));
            let gaps = expected.iter().zip(&aim).map(|(a, b)| (a - b).abs());
            let error: f64 = gaps.enumerate().map(|(r, gap)| gap / (r * r).max(1) as f64).sum();
            (error, spectrum)
        };
        // One after another: each takes several times the memory of the result.
        let best = LENGTHS.into_iter().map(with_window).reduce(|a, b| if b.0 < a.0 { b } else { a });
        let (_, spectrum) = best.expect("there are windows");
        Spectrum { is_cut, ..spectrum }
    }
}

/// The mean length of the displacements whose length rounds to r = 0 … `reach` − 1: their mean S2 stands for it.
fn mean_lengths(reach: usize) -> Vec<f64> {
    let (mut sums, mut places) = (vec![0.0; reach], vec![0u32; reach]);
    for (dy, dx) in (0..reach).flat_map(|dy| (0..reach).map(move |dx| (dy, dx))) {
        let length = (dy as f64).hypot(dx as f64);
        let r = length.round_ties_even() as usize;
        if r < reach {
            // Displacements along an axis have two signs, others four.
            let signs = if dy == 0 || dx == 0 { 2 } else { 4 };
            sums[r] += f64::from(signs) * length;
            places[r] += signs;
        }
    }
    sums.iter().zip(places).map(|(sum, places)| sum / f64::from(places.max(1))).collect()
}

/// The value at a length, interpolated between the means that stand for their mean lengths.
fn between(means: &[f64], value: impl Fn(usize) -> f64, length: f64) -> f64 {
    let next = means.partition_point(|mean| *mean <= length).clamp(1, means.len() - 1);
    let (from, to) = (means[next - 1], means[next]);
    let part = ((length - from) / (to - from)).clamp(0.0, 1.0);
    value(next - 1) * (1.0 - part) + value(next) * part
}

/// S2 at the distances 0, 1, 2 … along a line, of a radial S2, whose values are means over rings.
pub fn along_a_line(radial: &[f64]) -> Vec<f64> {
    let means = mean_lengths(radial.len());
    (0..radial.len()).map(|r| if r == 0 { radial[0] } else { between(&means, |n| radial[n], r as f64) }).collect()
}

/// The amplitudes of a Gaussian field of unit variance.
#[derive(Clone, Debug)]
pub struct Spectrum {
    /// The square root of the power at the frequencies that [`Fourier`] keeps, in its order.
    pub amplitudes: Vec<f64>,
    /// The negative power that was left out, as a share of the positive.
    pub clipped: f64,
    /// Whether the aim had not faded within what is known of it.
    pub is_cut: bool,
}

impl Spectrum {
    /// The spectrum of a covariance. Negative power, which no field has, is left out, and the rest is scaled to unit
    /// variance.
    pub fn of(covariance: &Array2<f64>) -> Self {
        let (height, width) = covariance.dim();
        let fourier = Fourier::new(height, width);
        let values = covariance.as_slice().expect("standard layout");
        let power: Vec<f64> = fourier.transform(|at| values[at]).into_iter().map(|c| c.re).collect();
        // A frequency that is not kept is the mirror image of one that is, with the same power.
        let twice = |n: usize| {
            let u = n / height;
            if u == 0 || 2 * u == width { 1.0 } else { 2.0 }
        };
        let sum = |keep: &dyn Fn(f64) -> f64| power.iter().enumerate().map(|(n, p)| twice(n) * keep(*p)).sum::<f64>();
        let (positive, negative) = (sum(&|p| p.max(0.0)), sum(&|p| (-p).max(0.0)));
        // The mean power of a field of unit variance is 1.
        let scale = (height * width) as f64 / positive.max(f64::MIN_POSITIVE);
        let amplitudes = power.into_iter().map(|p| (scale * p.max(0.0)).sqrt()).collect();
        Self { amplitudes, clipped: negative / positive.max(f64::MIN_POSITIVE), is_cut: false }
    }

    /// The covariance of its fields.
    fn covariance(&self, (height, width): (usize, usize)) -> Array2<f64> {
        let power = self.amplitudes.iter().map(|a| Complex::from(a * a)).collect();
        let values = Fourier::new(height, width).invert(power);
        Array2::from_shape_vec((height, width), values).expect("a value for each displacement")
    }

    /// The spectrum of the field whose level cut has a radial S2, at r = 0, 1, 2 … pixels: at least four values, the first
    /// one being the volume fraction, neither 0 nor 1.
    pub fn of_radial(radial: &[f64], size: (usize, usize)) -> Self {
        let (volume_fraction, lengths) = (radial[0], lengths(size));
        let reach = radial.len().min(size.0 / 2).min(size.1 / 2);
        let means = mean_lengths(reach);
        let at = |r: f64| match r {
            r if r >= reach as f64 => volume_fraction * volume_fraction,
            r => between(&means, |n| radial[n], r),
        };
        let s2 = lengths.mapv(at);
        Aim { volume_fraction, lengths: &lengths, s2, reach }.spectrum()
    }

    /// The spectra for the phases of a map but the last: each for the phase among what the earlier ones leave. Of two
    /// phases this is one field; of more, the fields are independent of each other, and S2 of a phase among the rest is the
    /// share of pairs in the phase among the pairs in the rest.
    pub fn of_phases(map: &PhaseMap, size: (usize, usize), directions: Directions) -> Vec<Self> {
        let lengths = lengths(size);
        let spectrum = |phase: usize| {
            let inside = map.indicator(phase);
            let rest = map.labels.mapv(|label| usize::from(label) >= phase);
            let of = |indicator: &Array2<bool>| Correlation::two_point(&indicator.view(), Boundary::Open);
            let (pairs, among) = (of(&inside), of(&rest));
            let share = |of: &Array2<bool>| of.iter().filter(|i| **i).count() as f64;
            let fraction = share(&inside) / share(&rest);
            let reach = pairs.distances().min(size.0 / 2).min(size.1 / 2);
            // Where the rest has no pair, nothing is known.
            let ratio = |pairs: f64, among: f64| if among > 0.0 { pairs / among } else { fraction * fraction };
            let means = mean_lengths(reach);
            let (mean_pairs, mean_among) = (pairs.radial(), among.radial());
            let signed = |k: usize, n: usize| if 2 * k <= n { k as isize } else { k as isize - n as isize };
            let s2 = Array2::from_shape_fn(size, |(y, x)| {
                let [dy, dx] = [signed(y, size.0), signed(x, size.1)];
                let r = lengths[[y, x]];
                match directions {
                    _ if r >= reach as f64 => fraction * fraction,
                    Directions::All => ratio(pairs.at([dy, dx]), among.at([dy, dx])),
                    Directions::Radial => between(&means, |n| ratio(mean_pairs[n], mean_among[n]), r),
                }
            });
            Aim { volume_fraction: fraction, lengths: &lengths, s2, reach }.spectrum()
        };
        (0..map.phases.saturating_sub(1)).into_par_iter().map(spectrum).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_normal_distribution_is_inverted() {
        for (share, wanted) in [(0.5, 0.0), (0.975, 1.959_964), (0.158_655, -1.0), (1e-4, -3.719_016)] {
            assert!((quantile(share) - wanted).abs() < 1e-5, "{share}: {}", quantile(share));
        }
    }

    /// At φ = ½, S2 = ¼ + asin(ρ)/2π.
    #[test]
    fn half_and_half_follows_the_arcsine() {
        let cut = level_cut(0.5);
        for n in -9..=9 {
            let covariance = f64::from(n) / 9.5;
            let s2 = 0.25 + covariance.asin() / std::f64::consts::TAU;
            assert!((cut.covariance(s2) - covariance).abs() < 1e-6, "{covariance}: {}", cut.covariance(s2));
        }
    }

    #[test]
    fn a_level_cut_has_its_limits() {
        for fraction in [0.02, 0.14, 0.5, 0.8] {
            let cut = level_cut(fraction);
            assert!((cut.covariance(fraction * fraction)).abs() < 1e-6, "{fraction}");
            assert!((cut.covariance(fraction - 1e-9) - 1.0).abs() < 1e-3, "{fraction}");
            assert_eq!(cut.covariance(1.1), 1.0);
            let least = cut.covariance(-0.1);
            assert!(least < -0.3 && cut.covariance(1e-9) - least < 1e-6, "{fraction}: {least}");
            let last = cut.table[ANGLES];
            assert!((last - fraction).abs() < 1e-6, "{fraction}: {last}");
        }
    }
}
