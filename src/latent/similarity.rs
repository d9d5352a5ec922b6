//! Measures how similar two textures look.

use std::f64::consts::PI;

use rustfft::FftDirection;
use rustfft::num_complex::Complex;

use super::LatentSettings;
use crate::compute::graph::{Graph, Padding, Pooling, Shape, TensorId};
use crate::compute::{ComputeError, Device, Program};
use crate::net::{Weights, features};
use crate::stats::transform_complex;

/// Scales of the steerable pyramid.
const SCALES: usize = 3;
/// Orientations of each scale.
const ORIENTATIONS: usize = 4;
/// Makes the quotient of vanishing numbers 1.
const GUARD: f64 = 1e-10;

/// Statistics of a picture's steerable pyramid, which [`stsim2`] compares.
#[derive(Clone, Debug)]
pub struct PyramidStatistics {
    /// Of each subband: mean, deviation, correlation with its right and its lower neighbour.
    bands: Vec<[f64; 4]>,
    /// Correlations between subbands of neighbouring scales and of different orientations.
    across: Vec<f64>,
}

/// Statistics of the steerable pyramid of a picture, 0 … 1: the magnitudes of three scales with four orientations each,
/// and the frequencies above and below them. All subbands have full size; neighbours lie 2^scale pixels apart.
pub fn pyramid_statistics(values: &[f32], (height, width): (usize, usize)) -> PyramidStatistics {
    let mut spectrum: Vec<Complex<f64>> = values.iter().map(|v| Complex::new(f64::from(*v), 0.0)).collect();
    transform_complex(&mut spectrum, (height, width), FftDirection::Forward);
    let band = |filter: &dyn Fn(f64, f64) -> f64, magnitude: bool| -> Vec<f64> {
        let frequency = |at: usize, size: usize| {
            let at = if 2 * at > size { at as f64 - size as f64 } else { at as f64 };
            2.0 * at / size as f64
        };
        let filtered = spectrum.iter().enumerate().map(|(i, v)| {
            let (y, x) = (frequency(i / width, height), frequency(i % width, width));
            v * filter(y.hypot(x), y.atan2(x))
        });
        let mut made: Vec<Complex<f64>> = filtered.collect();
        transform_complex(&mut made, (height, width), FftDirection::Inverse);
        made.iter().map(|v| if magnitude { v.norm() } else { v.re }).collect()
    };
    let mut bands = vec![(band(&|r, _| high(r, 1.0), false), 1)];
    for scale in 0..SCALES {
        let cut = 0.5f64.powi(scale as i32);
        for k in 0..ORIENTATIONS {
            let filter = |r: f64, angle: f64| {
                let away = (angle - PI * k as f64 / ORIENTATIONS as f64 + 3.0 * PI).rem_euclid(2.0 * PI) - PI;
                // Only one half of the plane, doubled: the result is complex, and its magnitude is the envelope.
                let angular = if away.abs() < PI / 2.0 { 2.0 * 0.894_427 * away.cos().powi(3) } else { 0.0 };
                low(r, cut) * high(r, cut / 2.0) * angular
            };
            bands.push((band(&filter, true), 1 << scale));
        }
    }
    bands.push((band(&|r, _| low(r, 0.5f64.powi(SCALES as i32)), false), 1 << SCALES));
    let size = (height, width);
    let within = bands.iter().map(|(b, step)| {
        let (mean, deviation) = moments(b);
        [mean, deviation, shifted_correlation(b, size, (0, *step)), shifted_correlation(b, size, (*step, 0))]
    });
    let of = |scale: usize, k: usize| &bands[1 + scale * ORIENTATIONS + k].0;
    let mut across = vec![];
    for scale in 0..SCALES {
        for k in 0..ORIENTATIONS {
            across.extend((scale > 0).then(|| plain_correlation(of(scale - 1, k), of(scale, k))));
            across.extend((0..k).map(|other| plain_correlation(of(scale, other), of(scale, k))));
        }
    }
    PyramidStatistics { bands: within.collect(), across }
}

/// STSIM-2 in its global form (Zujovic, Pappas & Neuhoff, IEEE Trans. Image Process. 22:2545, 2013): for each subband
/// the fourth root of the product of the similarities of means, of deviations and of the two correlations of
/// neighbours; for each pair of subbands the similarity of their correlation; then the mean of all 40. 1 for equal
/// statistics.
pub fn stsim2(a: &PyramidStatistics, b: &PyramidStatistics) -> f64 {
    let quotient = |x: f64, y: f64| (2.0 * x * y + GUARD) / (x * x + y * y + GUARD);
    let nearness = |x: f64, y: f64| 1.0 - 0.5 * (x - y).abs();
    let band = |(x, y): (&[f64; 4], &[f64; 4])| {
        let product = quotient(x[0], y[0]) * quotient(x[1], y[1]) * nearness(x[2], y[2]) * nearness(x[3], y[3]);
        product.max(0.0).powf(0.25)
    };
    let within = a.bands.iter().zip(&b.bands).map(band);
    let between = a.across.iter().zip(&b.across).map(|(x, y)| nearness(*x, *y));
    let all: Vec<f64> = within.chain(between).collect();
    all.iter().sum::<f64>() / all.len() as f64
}

/// A high-pass filter: 0 below half of `cut`, 1 from `cut` on (1 is the highest frequency).
fn high(r: f64, cut: f64) -> f64 {
    if r >= cut {
        1.0
    } else if r <= cut / 2.0 {
        0.0
    } else {
        (PI / 2.0 * (r / cut).log2()).cos()
    }
}

/// The low-pass filter to [`high`]; the squares of both add up to 1.
fn low(r: f64, cut: f64) -> f64 {
    (1.0 - high(r, cut).powi(2)).max(0.0).sqrt()
}

fn moments(values: &[f64]) -> (f64, f64) {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (mean, (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt())
}

fn plain_correlation(a: &[f64], b: &[f64]) -> f64 {
    let ((ma, da), (mb, db)) = (moments(a), moments(b));
    let covariance = a.iter().zip(b).map(|(x, y)| (x - ma) * (y - mb)).sum::<f64>() / a.len() as f64;
    (covariance + GUARD) / (da * db + GUARD)
}

fn shifted_correlation(values: &[f64], (height, width): (usize, usize), (down, right): (usize, usize)) -> f64 {
    let at = |i: usize| values[(i / width + down) % height * width + (i % width + right) % width];
    let shifted: Vec<f64> = (0..values.len()).map(at).collect();
    plain_correlation(values, &shifted)
}

/// Feature maps of pictures of one size, for [`dists_form`].
pub struct FeatureMaps {
    program: Program,
    image: TensorId,
}

impl FeatureMaps {
    /// The maps of the settings' network at its taps.
    ///
    /// # Errors
    /// The picture is too small, or the device lacks memory.
    pub fn new(
        device: &Device,
        weights: &Weights,
        settings: &LatentSettings,
        (height, width): (usize, usize),
    ) -> Result<Self, ComputeError> {
        let mut graph = Graph::new();
        let image = graph.input(Shape::new(height, width, 3));
        let taps = settings.depth.default_taps();
        let out = features(&mut graph, image, weights, &taps, Padding::Reflect, Pooling::Mean)?;
        let maps: Vec<TensorId> = out.taps.iter().map(|(_, id)| *id).collect();
        Ok(Self { program: device.compile(graph, &maps)?, image })
    }

    /// The feature maps of a picture of grey values 0 … 255.
    ///
    /// # Errors
    /// The device is lost.
    pub fn of(&mut self, values: &[f32]) -> Result<Vec<Vec<f32>>, ComputeError> {
        let image: Vec<f32> = values.iter().flat_map(|v| [*v; 3]).collect();
        self.program.write(self.image, &image);
        self.program.run()
    }
}

/// A similarity of the form of DISTS (Ding et al., IEEE TPAMI 44:2567, 2020): for each channel of each tap the
/// similarity of the means and of the structures (covariance over variances), here with equal weights on this network
/// instead of the published ones. 1 for equal pictures; the structures of two different layouts agree little.
/// `channels` are those of each map, whose numbers are stored position by position.
pub fn dists_form(a: &[Vec<f32>], b: &[Vec<f32>], channels: &[usize]) -> f64 {
    let (mut sum, mut count) = (0.0, 0);
    for ((a, b), c) in a.iter().zip(b).zip(channels) {
        let n = (a.len() / c) as f64;
        // Sums of x, y, x², y² and xy of all channels in one pass, position by position.
        let mut sums = vec![[0.0f64; 5]; *c];
        for (a, b) in a.chunks_exact(*c).zip(b.chunks_exact(*c)) {
            for ((sums, x), y) in sums.iter_mut().zip(a).zip(b) {
                let (x, y) = (f64::from(*x), f64::from(*y));
                *sums = [sums[0] + x, sums[1] + y, sums[2] + x * x, sums[3] + y * y, sums[4] + x * y];
            }
        }
        for [x, y, xx, yy, xy] in sums.into_iter().map(|sums| sums.map(|s| s / n)) {
            let (vx, vy) = ((xx - x * x).max(0.0), (yy - y * y).max(0.0));
            let means = (2.0 * x * y + GUARD) / (x * x + y * y + GUARD);
            let structures = (2.0 * (xy - x * y) + GUARD) / (vx + vy + GUARD);
            sum += 0.5 * (means + structures);
            count += 1;
        }
    }
    sum / f64::from(count.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::Graphite;

    fn picture(nodularity: f64, seed: u64) -> Vec<f32> {
        let graphite = Graphite { nodularity, radius: 4.0, area_fraction: 0.15 };
        graphite.phase_map(128, seed).labels.iter().map(|l| f32::from(*l)).collect()
    }

    #[test]
    fn the_pyramid_keeps_the_energy() {
        for r in [0.02, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0, 1.3] {
            let bands: f64 =
                (0..SCALES).map(|s| 0.5f64.powi(s as i32)).map(|c| (low(r, c) * high(r, c / 2.0)).powi(2)).sum();
            let all = high(r, 1.0).powi(2) + bands + low(r, 0.125).powi(2);
            assert!((all - 1.0).abs() < 1e-12, "{r}: {all}");
        }
        for angle in [0.0f64, 0.3, 1.0] {
            let away = |k: usize| (angle - PI * k as f64 / 4.0).cos().powi(3) * 0.894_427;
            let sum: f64 = (0..4).map(|k| away(k).powi(2)).sum();
            assert!((sum - 1.0).abs() < 1e-5, "{sum}");
        }
    }

    #[test]
    fn like_textures_are_more_alike_than_others() {
        let of = |nodularity, seed| pyramid_statistics(&picture(nodularity, seed), (128, 128));
        let (a, same, other) = (of(1.0, 1), of(1.0, 2), of(0.0, 3));
        assert!((stsim2(&a, &a) - 1.0).abs() < 1e-9);
        assert_eq!((a.bands.len(), a.across.len()), (14, 26));
        assert!(stsim2(&a, &same) > stsim2(&a, &other) + 0.005, "{} {}", stsim2(&a, &same), stsim2(&a, &other));
    }

    #[test]
    fn the_dists_form_is_one_for_equal_pictures_only() {
        let (a, b) = (picture(1.0, 1), picture(1.0, 2));
        let maps = |v: &[f32]| vec![v.to_vec()];
        assert!((dists_form(&maps(&a), &maps(&a), &[1]) - 1.0).abs() < 1e-9);
        assert!(dists_form(&maps(&a), &maps(&b), &[1]) < 0.7);
    }
}
