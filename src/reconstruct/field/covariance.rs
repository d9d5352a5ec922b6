//! From the two-point correlation of a phase to the spectrum of a Gaussian field.

use ndarray::Array2;
use rayon::prelude::*;

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
    LevelCut { table: sums.into_iter().map(|sum| square + (sum - middle) / TAU).collect() }
}

impl LevelCut {
    /// The covariance of the field at which the level cut has an S2; −1 or 1 where no field has it.
    pub fn covariance(&self, s2: f64) -> f64 {
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

/// The covariance of the field at every displacement of a result, displacement 0 first and negative ones last.
///
/// S2 is known for displacements up to half of the original's shorter edge. The covariance fades out over the last quarter
/// of what is known and of what the result has, and is 0 beyond: far apart, pixels are independent.
pub fn field_covariance(
    s2: &dyn Fn([isize; 2]) -> f64,
    reach: usize,
    volume_fraction: f64,
    (height, width): (usize, usize),
) -> Array2<f64> {
    let cut = level_cut(volume_fraction);
    let end = reach.min(height.div_ceil(2)).min(width.div_ceil(2)) as f64;
    let signed = |k: usize, n: usize| if 2 * k <= n { k as isize } else { k as isize - n as isize };
    let fading = |r: f64| {
        let part = ((r / end - 0.75) / 0.25).clamp(0.0, 1.0);
        0.5 + 0.5 * (std::f64::consts::PI * part).cos()
    };
    Array2::from_shape_fn((height, width), |(y, x)| {
        let (dy, dx) = (signed(y, height), signed(x, width));
        let r = (dy as f64).hypot(dx as f64);
        if (dy, dx) == (0, 0) {
            1.0
        } else if r >= end {
            0.0
        } else {
            fading(r) * cut.covariance(s2([dy, dx]))
        }
    })
}

/// The amplitudes of a Gaussian field of unit variance.
#[derive(Clone, Debug)]
pub struct Spectrum {
    /// The square root of the power at the frequencies that [`Fourier`] keeps, in its order.
    pub amplitudes: Vec<f64>,
    /// The negative power that was left out, as a share of the positive.
    pub clipped: f64,
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
        Self { amplitudes, clipped: negative / positive.max(f64::MIN_POSITIVE) }
    }

    /// The spectra for the phases of a map but the last: each for the phase among what the earlier ones leave. Of two
    /// phases this is one field; of more, the fields are independent of each other, and S2 of a phase among the rest is the
    /// share of pairs in the phase among the pairs in the rest.
    pub fn of_phases(map: &PhaseMap, size: (usize, usize), directions: Directions) -> Vec<Self> {
        let spectrum = |phase: usize| {
            let inside = map.indicator(phase);
            let rest = map.labels.mapv(|label| usize::from(label) >= phase);
            let of = |indicator: &Array2<bool>| Correlation::two_point(&indicator.view(), Boundary::Open);
            let (pairs, among) = (of(&inside), of(&rest));
            let share = |of: &Array2<bool>| of.iter().filter(|i| **i).count() as f64;
            let fraction = share(&inside) / share(&rest);
            let reach = pairs.distances();
            let covariance = match directions {
                Directions::All => {
                    let s2 = |d: [isize; 2]| pairs.at(d) / among.at(d).max(f64::MIN_POSITIVE);
                    field_covariance(&s2, reach, fraction, size)
                }
                Directions::Radial => {
                    let (pairs, among) = (pairs.radial(), among.radial());
                    let s2 = |[dy, dx]: [isize; 2]| {
                        let r = (dy as f64).hypot(dx as f64);
                        let (first, part) = (r as usize, r.fract());
                        let at = |n: usize| {
                            let n = n.min(pairs.len() - 1);
                            pairs[n] / among[n].max(f64::MIN_POSITIVE)
                        };
                        at(first) * (1.0 - part) + at(first + 1) * part
                    };
                    field_covariance(&s2, reach, fraction, size)
                }
            };
            Self::of(&covariance)
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
            assert_eq!((cut.covariance(-0.1), cut.covariance(1.1)), (-1.0, 1.0));
            let last = cut.table[ANGLES];
            assert!((last - fraction).abs() < 1e-6, "{fraction}: {last}");
        }
    }
}
