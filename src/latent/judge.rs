//! Measures how good a model is: held-out patches against their reconstructions and against random samples.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;
use rayon::prelude::*;

use super::model::{Painter, Reader};
use super::similarity::{FeatureMaps, PyramidStatistics, dists_form, pyramid_statistics, stsim2};
use super::stationarity::place_preference;
use super::targets::{Extractor, squared_norm};
use super::{Dataset, LatentError, Model, ModelKind, Patch, correlation, linear_fit, linear_prediction, phases};
use crate::compute::Device;
use crate::micrograph::PhaseMap;
use crate::net::Weights;
use crate::stats::{Boundary, Components, Curves, ErrorRates, all_curves};
use crate::synth::Graphite;

/// Median and quartiles.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Spread {
    /// The lower quartile.
    pub lower: f64,
    /// The median.
    pub median: f64,
    /// The upper quartile.
    pub upper: f64,
}

impl Spread {
    /// The spread of values; those that are not finite are left out.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let mut sorted: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
        sorted.sort_by(f64::total_cmp);
        let at = |share: f64| match sorted.len() {
            0 => f64::NAN,
            n => {
                let place = share * (n - 1) as f64;
                let (below, part) = (place as usize, place.fract());
                sorted[below] * (1.0 - part) + sorted[(below + 1).min(n - 1)] * part
            }
        };
        Self { lower: at(0.25), median: at(0.5), upper: at(0.75) }
    }
}

/// Errors and similarities of pictures to patches.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize)]
pub struct Scores {
    /// Error rate of S2 in percent.
    pub s2_error_percent: Spread,
    /// Covariance error in percent.
    pub s2_covariance_error_percent: Spread,
    /// Error rate of the lineal path in percent.
    pub lineal_path_error_percent: Spread,
    /// `Σ ‖G − G₀‖² / Σ ‖G₀‖²`, both sums over the taps.
    pub style_error: Spread,
    /// STSIM-2, global form.
    pub stsim2: Spread,
    /// Similarity in the form of DISTS, on the model's network.
    pub dists_form: Spread,
}

/// How well a known factor can be read from the latent space.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Factor {
    /// Its name.
    pub name: &'static str,
    /// R² of a linear regression on the latent means: fitted to one half of the patches, computed on the other.
    pub r_squared: f64,
    /// The same for pictures that are painted from those latent means and encoded again: what the decoder shows.
    pub painted_r_squared: f64,
    /// The dimension with the largest correlation, counted from 0.
    pub dimension: usize,
    /// That correlation.
    pub correlation: f64,
}

/// The result of [`judge`].
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Judgement {
    /// How many held-out patches were judged.
    pub patches: usize,
    /// Reconstructions against their patches.
    pub reconstructions: Scores,
    /// Random samples, each against the held-out patch that is nearest in that score.
    pub samples: Option<Scores>,
    /// Held-out patches, each against the nearest of the others: the scores that samples of the data itself would have.
    pub data: Scores,
    /// Mean correlation of the indicators of two layouts of one latent point, and of two unrelated patches.
    pub layout_correlation: Option<(f64, f64)>,
    /// How much samples of a TextureVAE prefer places of the decoder's cells (see [`place_preference`]), and the held-out
    /// patches.
    pub place_preference: Option<(f64, f64)>,
    /// Volume fractions of the patches and of the samples, with the two-sample statistic of Kolmogorov and Smirnov and
    /// its p-value.
    pub volume_fractions: Comparison,
    /// Mean component sizes in pixels, likewise.
    pub component_sizes: Comparison,
    /// Known factors of the patches, where there are some.
    pub factors: Vec<Factor>,
}

/// Values of the data and of samples.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
pub struct Comparison {
    /// Of the held-out patches.
    pub data: Vec<f64>,
    /// Of the samples.
    pub samples: Vec<f64>,
    /// The largest distance of the two cumulative distributions, and the chance of one as large from equal ones.
    pub kolmogorov_smirnov: (f64, f64),
}

impl Comparison {
    fn new(data: Vec<f64>, samples: Vec<f64>) -> Self {
        let kolmogorov_smirnov = kolmogorov_smirnov(&data, &samples);
        Self { data, samples, kolmogorov_smirnov }
    }
}

/// The two-sample statistic of Kolmogorov and Smirnov with its asymptotic p-value (Press et al., Numerical Recipes,
/// third edition, section 14.3.3).
pub fn kolmogorov_smirnov(a: &[f64], b: &[f64]) -> (f64, f64) {
    if a.is_empty() || b.is_empty() {
        return (f64::NAN, f64::NAN);
    }
    let share = |of: &[f64], x: f64| of.iter().filter(|v| **v <= x).count() as f64 / of.len() as f64;
    let distance = a.iter().chain(b).map(|x| (share(a, *x) - share(b, *x)).abs()).fold(0.0, f64::max);
    let root = ((a.len() * b.len()) as f64 / (a.len() + b.len()) as f64).sqrt();
    let lambda = (root + 0.12 + 0.11 / root) * distance;
    let term = |k: i32| {
        let sign = if k % 2 == 1 { 2.0 } else { -2.0 };
        sign * (-2.0 * lambda * lambda * f64::from(k * k)).exp()
    };
    let chance: f64 = if lambda < 0.2 { 1.0 } else { (1..100).map(term).sum() };
    (distance, chance.clamp(0.0, 1.0))
}

/// Correlation of the indicators of two maps.
pub fn layout_correlation(a: &PhaseMap, b: &PhaseMap) -> f64 {
    let numbers = |m: &PhaseMap| m.labels.iter().map(|l| f64::from(*l)).collect::<Vec<f64>>();
    correlation(&numbers(a), &numbers(b))
}

/// The measurements of one picture.
struct Measured {
    curves: Curves,
    pyramid: PyramidStatistics,
    grams: Vec<f32>,
    maps: Vec<Vec<f32>>,
    phases: PhaseMap,
}

struct Meter<'a> {
    extractor: Extractor,
    maps: FeatureMaps,
    data: &'a Dataset,
}

impl Meter<'_> {
    /// Measures a picture of grey values 0 … 255.
    fn measure(&mut self, values: &[f32]) -> Result<Measured, LatentError> {
        let size = (self.data.edge, self.data.edge);
        let map = phases(values, size, self.data.threshold, self.data.dark);
        let unit: Vec<f32> = values.iter().map(|v| v / 255.0).collect();
        Ok(Measured {
            curves: all_curves(&map).swap_remove(1),
            pyramid: pyramid_statistics(&unit, size),
            grams: self.extractor.extract(values)?.grams,
            maps: self.maps.of(values)?,
            phases: map,
        })
    }

    fn spread(rows: &[[f64; 6]]) -> Scores {
        let of = |k: usize| Spread::of(rows.iter().map(|r| r[k]));
        Scores {
            s2_error_percent: of(0),
            s2_covariance_error_percent: of(1),
            lineal_path_error_percent: of(2),
            style_error: of(3),
            stsim2: of(4),
            dists_form: of(5),
        }
    }

    /// The best value of each score that a picture reaches against any of the patches.
    fn best(&self, patches: &[&Measured], found: &Measured) -> [f64; 6] {
        let all: Vec<[f64; 6]> = patches.par_iter().map(|p| scores(self.extractor.channels(), p, found)).collect();
        std::array::from_fn(|k| {
            let values = all.iter().map(|r| r[k]).filter(|v| v.is_finite());
            if k < 4 { values.fold(f64::INFINITY, f64::min) } else { values.fold(f64::NEG_INFINITY, f64::max) }
        })
    }
}

/// The six scores of a picture against a patch, where similarities stay similarities; `channels` are those of the taps.
fn scores(channels: &[usize], patch: &Measured, found: &Measured) -> [f64; 6] {
    let errors = ErrorRates::between(&patch.curves, &found.curves);
    let difference: Vec<f32> = patch.grams.iter().zip(&found.grams).map(|(a, b)| a - b).collect();
    [
        errors.s2_error_percent,
        errors.s2_covariance_error_percent,
        errors.lineal_path_error_percent,
        squared_norm(&difference, channels) / squared_norm(&patch.grams, channels).max(1e-30),
        stsim2(&patch.pyramid, &found.pyramid),
        dists_form(&patch.maps, &found.maps, channels),
    ]
}

/// The most held-out patches that are judged.
const MOST_JUDGED: usize = 48;
/// The most held-out patches, and samples, whose distributions are compared: with 48 of each, chance alone makes distances
/// of 0.2.
const MOST_COMPARED: usize = 400;

/// Judges a model by the held-out patches of `data`. `progress` receives the share that is done and returns whether to
/// go on; the result is `None` if it stopped.
///
/// # Errors
/// The patches do not fit the model, or the device is lost.
pub fn judge(
    model: &Model,
    data: &Dataset,
    weights: &Weights,
    device: &Device,
    seed: u64,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<Option<Judgement>, LatentError> {
    let size = (data.edge, data.edge);
    let mut random = Pcg64::seed_from_u64(seed);
    let settings = &model.settings;
    let mut reader = model.reader(device, weights, size)?;
    let mut painter = model.painter(device, size)?;
    let extractor = Extractor::new(device, weights, &settings.without_statistics(), size, data.threshold)?;
    let mut meter = Meter { extractor, maps: FeatureMaps::new(device, weights, settings, size)?, data };
    let grey = |p: &Patch| p.values.iter().map(|v| f32::from(*v)).collect::<Vec<f32>>();
    let white = |p: Vec<f32>| p.into_iter().map(|v| 255.0 * v).collect::<Vec<f32>>();
    let mut chosen: Vec<&Patch> = data.held_out.iter().collect();
    chosen.shuffle(&mut random);
    chosen.truncate(MOST_COMPARED);
    let compared: Vec<PhaseMap> = chosen.iter().map(|p| phases(&grey(p), size, data.threshold, data.dark)).collect();
    chosen.truncate(MOST_JUDGED);
    let known = known_patches(data);
    let all = (2 * chosen.len() + compared.len() + known.len()) as f64;
    let (mut patches, mut found, mut made) = (vec![], vec![], vec![]);
    let mut other_layouts = vec![];
    for (n, patch) in chosen.iter().enumerate() {
        let measured = meter.measure(&grey(patch))?;
        let z = reader.encode(&grey(patch))?.mean;
        let noise = painter.noise(&mut random);
        let picture = meter.measure(&white(painter.paint(&z, &noise)?))?;
        if !noise.is_empty() {
            let noise = painter.noise(&mut random);
            let other = white(painter.paint(&z, &noise)?);
            let other = phases(&other, size, data.threshold, data.dark);
            other_layouts.push(layout_correlation(&picture.phases, &other));
        }
        found.push(scores(meter.extractor.channels(), &measured, &picture));
        patches.push(measured);
        if settings.model.is_variational() {
            let z = model.sample(&mut random);
            let noise = painter.noise(&mut random);
            made.push(meter.measure(&white(painter.paint(&z, &noise)?))?);
        }
        if !progress((n + 1) as f64 / all) {
            return Ok(None);
        }
    }
    let (mut of_samples, mut of_data) = (vec![], vec![]);
    for n in 0..patches.len() {
        let everyone: Vec<&Measured> = patches.iter().collect();
        of_samples.extend(made.get(n).map(|sample| meter.best(&everyone, sample)));
        let others: Vec<&Measured> = patches.iter().enumerate().filter(|(k, _)| *k != n).map(|(_, p)| p).collect();
        of_data.push(meter.best(&others, &patches[n]));
        if !progress((patches.len() + n + 1) as f64 / all) {
            return Ok(None);
        }
    }
    let unrelated = (0..patches.len()).map(|_| {
        let a = random.random_range(0..patches.len());
        let b = (a + random.random_range(1..patches.len())) % patches.len();
        layout_correlation(&patches[a].phases, &patches[b].phases)
    });
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let unrelated = mean(&unrelated.collect::<Vec<f64>>());
    let mut done = 2.0 * patches.len() as f64;
    let mut sampled = vec![];
    for _ in 0..if settings.model.is_variational() { compared.len() } else { 0 } {
        let z = model.sample(&mut random);
        let noise = painter.noise(&mut random);
        sampled.push(phases(&white(painter.paint(&z, &noise)?), size, data.threshold, data.dark));
        done += 1.0;
        if !progress(done / all) {
            return Ok(None);
        }
    }
    let factors = known_factors(&known, (&mut reader, &mut painter), &mut random, &mut || {
        done += 1.0;
        progress(done / all)
    })?;
    let Some(factors) = factors else { return Ok(None) };
    let is_texture = settings.model == ModelKind::Texture;
    let fractions = |maps: &[PhaseMap]| maps.iter().map(|map| map.volume_fractions()[1]).collect::<Vec<f64>>();
    let sizes = |maps: &[PhaseMap]| maps.par_iter().map(mean_component).collect::<Vec<f64>>();
    Ok(Some(Judgement {
        patches: patches.len(),
        reconstructions: Meter::spread(&found),
        samples: (!made.is_empty()).then(|| Meter::spread(&of_samples)),
        data: Meter::spread(&of_data),
        layout_correlation: (!other_layouts.is_empty()).then(|| (mean(&other_layouts), unrelated)),
        place_preference: if is_texture { place_preference(&sampled).zip(place_preference(&compared)) } else { None },
        volume_fractions: Comparison::new(fractions(&compared), fractions(&sampled)),
        component_sizes: Comparison::new(sizes(&compared), sizes(&sampled)),
        factors,
    }))
}

fn mean_component(map: &PhaseMap) -> f64 {
    let inside = map.indicator(1);
    let phase = inside.view();
    Components::of(&phase, false, Boundary::Periodic).mean_size()
}

/// Held-out patches with known factors, and these factors: none if there are too few, evenly thinned if there are many.
fn known_patches(data: &Dataset) -> Vec<(&Patch, [f64; 3])> {
    /// The fewest patches for a regression, and the most that are used.
    const LEAST: usize = 50;
    const MOST: usize = 500;
    let known = data.held_out.iter().filter_map(|p| Some((p, data.sources[p.source].factors?)));
    let known: Vec<(&Patch, [f64; 3])> = known.collect();
    if known.len() < LEAST {
        return vec![];
    }
    let every = known.len().div_ceil(MOST);
    known.into_iter().step_by(every).collect()
}

/// How well the known factors of patches can be read from their latent means; `None` if `go_on` returns false.
fn known_factors(
    known: &[(&Patch, [f64; 3])],
    (reader, painter): (&mut Reader<'_>, &mut Painter),
    random: &mut Pcg64,
    go_on: &mut dyn FnMut() -> bool,
) -> Result<Option<Vec<Factor>>, LatentError> {
    let (mut rows, mut painted) = (vec![], vec![]);
    let numbers = |z: &[f32]| z.iter().map(|v| f64::from(*v)).collect::<Vec<f64>>();
    for (patch, _) in known {
        if !go_on() {
            return Ok(None);
        }
        let values: Vec<f32> = patch.values.iter().map(|v| f32::from(*v)).collect();
        let z = reader.encode(&values)?.mean;
        let noise = painter.noise(random);
        let picture: Vec<f32> = painter.paint(&z, &noise)?.into_iter().map(|v| 255.0 * v).collect();
        painted.push(numbers(&reader.encode(&picture)?.mean));
        rows.push(numbers(&z));
    }
    let Some(dimensions) = rows.first().map(Vec::len) else { return Ok(Some(vec![])) };
    let half = known.len() / 2;
    let factor = |k: usize| {
        let y: Vec<f64> = known.iter().map(|(_, f)| f[k]).collect();
        let fit = linear_fit(&rows[..half], &y[..half], 1e-3);
        let mean = y[half..].iter().sum::<f64>() / (y.len() - half) as f64;
        let variance: f64 = y[half..].iter().map(|y| (y - mean).powi(2)).sum();
        let r_squared = |rows: &[Vec<f64>]| {
            let errors = rows[half..].iter().zip(&y[half..]).map(|(r, y)| (linear_prediction(&fit, r) - y).powi(2));
            1.0 - errors.sum::<f64>() / variance
        };
        let by_dimension: Vec<f64> =
            (0..dimensions).map(|d| correlation(&rows.iter().map(|r| r[d]).collect::<Vec<f64>>(), &y)).collect();
        let best = by_dimension.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()));
        let (dimension, correlation) = best.map_or((0, 0.0), |(d, c)| (d, *c));
        Factor {
            name: Graphite::FACTORS[k],
            r_squared: r_squared(&rows),
            painted_r_squared: r_squared(&painted),
            dimension,
            correlation,
        }
    };
    Ok(Some((0..3).map(factor).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_samples_are_told_from_different_ones() {
        let a: Vec<f64> = (0..100).map(|i| f64::from(i * 37 % 100)).collect();
        let b: Vec<f64> = a.iter().map(|v| v + 0.3).collect();
        let c: Vec<f64> = a.iter().map(|v| v + 40.0).collect();
        let distance = |a: &[f64], b: &[f64]| kolmogorov_smirnov(a, b).0;
        assert_eq!(distance(&[1.0, 2.0, 3.0, 4.0], &[1.0, 2.0, 3.0, 4.0]), 0.0);
        assert_eq!(distance(&[1.0, 2.0], &[3.0, 4.0]), 1.0);
        assert_eq!(distance(&[1.0, 2.0, 3.0, 4.0], &[3.0, 4.0, 5.0, 6.0]), 0.5);
        let ((_, same), (far, different)) = (kolmogorov_smirnov(&a, &b), kolmogorov_smirnov(&a, &c));
        assert!(same > 0.9 && (far - 0.4).abs() < 1e-9 && different < 1e-6, "{same} {far} {different}");
        let spread = Spread::of([3.0, 1.0, f64::NAN, 2.0]);
        assert_eq!((spread.lower, spread.median, spread.upper), (1.5, 2.0, 2.5));
    }
}
