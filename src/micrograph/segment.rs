//! Segmentation, from a micrograph to a phase map: by its own labels, thresholds, clusters, or strokes.

use ndarray::{Array2, Zip};

use super::classify::{Classified, Lesson, classify};
use super::clusters::{k_means, nearest};
use super::filter::local_moments;
use super::palette::PHASE_COLORS;
use super::{MOST_PHASES, Micrograph, MicrographError, PhaseMap};

/// Up to this many distinct values, a picture is taken for one of too many labels, not for one of grey values.
const DOUBTFUL: usize = 16;
/// Grey levels of the histogram.
const LEVELS: usize = 256;

/// The method of segmentation.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Segmentation {
    /// At most [`MOST_PHASES`] distinct values are phases; anything else is thresholded in two.
    #[default]
    Auto,
    /// This many phases, by the thresholds that make the variance between them largest (multi-Otsu).
    Phases(usize),
    /// None: the micrograph is reconstructed as an image.
    Unsegmented,
    /// Thresholds in the micrograph's own grey scale, ascending: a value at or above the n-th is of phase n or higher.
    Thresholds(Vec<f32>),
    /// This many clusters of grey values or colours (k-means), darkest first.
    Clusters(usize),
    /// A threshold that follows its surroundings (Sauvola & Pietikäinen, Pattern Recognit. 33:225, 2000): phase 1 lies
    /// above mean · (1 + k (deviation / half the range − 1)) of the square around.
    Local {
        /// Half the edge of the square, in pixels, not counting the centre.
        radius: usize,
        /// `k`.
        sensitivity: f32,
    },
    /// A classifier that learns from strokes.
    Strokes(Lesson),
}

/// The largest square of a local threshold.
const MOST_LOCAL: usize = 4096;

/// The result of a segmentation.
#[derive(Clone, Debug, PartialEq)]
pub struct Segmented {
    /// The phases.
    pub map: PhaseMap,
    /// How certain a classifier is of each pixel, in 255ths.
    pub certainty: Option<Array2<u8>>,
}

/// The phase map of a micrograph, or `None` when it stays unsegmented.
///
/// # Errors
/// It has one phase only, or the number of phases cannot be made.
pub fn segment(micrograph: &Micrograph, how: &Segmentation) -> Result<Option<PhaseMap>, MicrographError> {
    Ok(segment_with_certainty(micrograph, how)?.map(|s| s.map))
}

/// Like [`segment`], with the certainty of a classifier.
///
/// # Errors
/// As [`segment`].
pub fn segment_with_certainty(
    micrograph: &Micrograph,
    how: &Segmentation,
) -> Result<Option<Segmented>, MicrographError> {
    let name = || micrograph.name.clone();
    let one_phase = || MicrographError::OnePhase { name: name() };
    let first = micrograph.pixels().next();
    let flat = micrograph.pixels().all(|pixel| Some(pixel) == first);
    let plain = |map: PhaseMap| Some(Segmented { map, certainty: None });
    let count = |n: usize| {
        if (2..=MOST_PHASES).contains(&n) {
            Ok(n)
        } else {
            Err(MicrographError::PhaseCount { name: name(), wanted: n })
        }
    };
    if let Segmentation::Phases(n) | Segmentation::Clusters(n) = how {
        count(*n)?;
    }
    if flat {
        return Err(one_phase());
    }
    match how {
        Segmentation::Unsegmented => Ok(None),
        Segmentation::Auto => automatic(micrograph, None).map(plain),
        Segmentation::Phases(n) => automatic(micrograph, Some(*n)).map(plain),
        Segmentation::Thresholds(cuts) => {
            count(cuts.len() + 1)?;
            if !cuts.iter().all(|c| c.is_finite()) || cuts.windows(2).any(|w| w[0] > w[1]) {
                return Err(wrong(micrograph, "thresholds must be numbers in ascending order"));
            }
            Ok(plain(cut(micrograph, cuts)))
        }
        Segmentation::Clusters(n) => clusters(micrograph, *n).map(plain),
        Segmentation::Local { radius, sensitivity } => {
            let fine = (1..=MOST_LOCAL).contains(radius) && sensitivity.is_finite() && sensitivity.abs() <= 10.0;
            if !fine {
                return Err(wrong(
                    micrograph,
                    "a radius between 1 and 4096 pixels and a sensitivity within ±10 are needed",
                ));
            }
            Ok(plain(local(micrograph, *radius, *sensitivity)))
        }
        Segmentation::Strokes(lesson) => match classify(micrograph, lesson) {
            Some(Classified { labels, certainty }) => {
                let map = PhaseMap { labels, phases: lesson.phases() };
                Ok(Some(Segmented { map, certainty: Some(certainty) }))
            }
            None => Err(wrong(micrograph, "paint at least one stroke for each of two phases or more, from phase 0 on")),
        },
    }
}

fn wrong(micrograph: &Micrograph, reason: &str) -> MicrographError {
    MicrographError::Step { step: "Segmentation".into(), name: micrograph.name.clone(), reason: reason.into() }
}

/// Own labels where there are few values, else thresholds.
fn automatic(micrograph: &Micrograph, wanted: Option<usize>) -> Result<PhaseMap, MicrographError> {
    let name = || micrograph.name.clone();
    let colors = distinct_colors(micrograph, DOUBTFUL + 1);
    match (colors.len(), wanted) {
        (n, None) if n <= MOST_PHASES => Ok(by_labels(micrograph, &colors)),
        (n, Some(wanted)) if n == wanted => Ok(by_labels(micrograph, &colors)),
        (n, None) if n <= DOUBTFUL => Err(MicrographError::TooManyLabels { name: name(), found: n }),
        (n, Some(wanted)) if n < wanted => Err(MicrographError::PhaseCount { name: name(), wanted }),
        (_, wanted) => {
            let phases = wanted.unwrap_or(2);
            let map = cut(micrograph, &thresholds(&micrograph.grey(), phases));
            if map.counts().contains(&0) {
                return Err(MicrographError::PhaseCount { name: name(), wanted: phases });
            }
            Ok(map)
        }
    }
}

/// The distinct values or colours, in the order of their phases; no more than `most`.
fn distinct_colors(micrograph: &Micrograph, most: usize) -> Vec<Vec<f32>> {
    let mut colors: Vec<Vec<f32>> = vec![];
    for pixel in micrograph.pixels() {
        if !colors.iter().any(|c| c == pixel) {
            colors.push(pixel.to_vec());
            if colors.len() == most {
                break;
            }
        }
    }
    let sum = |c: &Vec<f32>| c.iter().sum::<f32>();
    colors.sort_by(|a, b| sum(a).total_cmp(&sum(b)).then(a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal)));
    // In a picture with the program's own phase colours, the phases have the order of these colours.
    let own: Vec<Vec<f32>> = PHASE_COLORS.iter().take(colors.len()).map(|c| c.map(f32::from).to_vec()).collect();
    if colors.len() > 2 && colors.iter().all(|c| own.contains(c)) { own } else { colors }
}

fn by_labels(micrograph: &Micrograph, colors: &[Vec<f32>]) -> PhaseMap {
    let label = |pixel: &[f32]| colors.iter().position(|c| c == pixel).unwrap_or(0) as u8;
    PhaseMap::new(micrograph.size(), micrograph.pixels().map(label).collect(), colors.len())
}

/// Phases by thresholds on grey.
fn cut(micrograph: &Micrograph, cuts: &[f32]) -> PhaseMap {
    let label = |v: f32| cuts.iter().filter(|c| v >= **c).count() as u8;
    PhaseMap { labels: micrograph.grey().mapv(label), phases: cuts.len() + 1 }
}

/// The most rounds of k-means, and the most pixels that it uses to find its centres.
const ROUNDS: usize = 60;
const SAMPLED: usize = 1 << 17;

/// k-means on grey values or colours, starting from the quantiles of brightness.
fn clusters(micrograph: &Micrograph, phases: usize) -> Result<PhaseMap, MicrographError> {
    let step = micrograph.pixels().len().div_ceil(SAMPLED).max(1);
    let brightness = |p: &[f32]| p.iter().sum::<f32>();
    let mut some: Vec<&[f32]> = micrograph.pixels().step_by(step).collect();
    some.sort_by(|a, b| brightness(a).total_cmp(&brightness(b)));
    let centres: Vec<Vec<f32>> = (0..phases).map(|k| some[(2 * k + 1) * some.len() / (2 * phases)].to_vec()).collect();
    let (_, mut centres) = k_means(&some, centres, ROUNDS);
    centres.sort_by(|a, b| brightness(a).total_cmp(&brightness(b)));
    let labels = micrograph.pixels().map(|p| nearest(p, &centres)).collect();
    let map = PhaseMap::new(micrograph.size(), labels, phases);
    if map.counts().contains(&0) {
        return Err(MicrographError::PhaseCount { name: micrograph.name.clone(), wanted: phases });
    }
    Ok(map)
}

fn local(micrograph: &Micrograph, radius: usize, sensitivity: f32) -> PhaseMap {
    let (low, high) = micrograph.range;
    // In 0 … 1, where the formula's product with the mean has a meaning.
    let scale = if high > low { 1.0 / (high - low) } else { 0.0 };
    let plane = micrograph.grey().mapv_into(|v| (v - low) * scale);
    let (mean, deviation) = local_moments(&plane, radius);
    let label =
        |v: &f32, mean: &f32, deviation: &f32| u8::from(*v > mean * (1.0 + sensitivity * (deviation / 0.5 - 1.0)));
    PhaseMap { labels: Zip::from(&plane).and(&mean).and(&deviation).map_collect(label), phases: 2 }
}

/// The `phases − 1` thresholds that make the variance between classes largest (Otsu, IEEE Trans. SMC 9:62, 1979),
/// found exactly on a histogram of 256 levels by dynamic programming.
pub fn thresholds<'a>(grey: impl IntoIterator<Item = &'a f32> + Copy, phases: usize) -> Vec<f32> {
    let (low, high) = super::limits::extremes(grey);
    let scale = (high - low) / LEVELS as f32;
    let level = |v: f32| (((v - low) / scale) as usize).min(LEVELS - 1);
    let mut counts = vec![0.0f64; LEVELS];
    grey.into_iter().for_each(|v| counts[level(*v)] += 1.0);
    let mut mass = vec![0.0; LEVELS + 1];
    let mut moment = vec![0.0; LEVELS + 1];
    for l in 0..LEVELS {
        mass[l + 1] = mass[l] + counts[l];
        moment[l + 1] = moment[l] + counts[l] * l as f64;
    }
    // The variance between classes is, up to a constant, the sum of moment² / mass over the classes.
    let class = |from: usize, to: usize| {
        let m = mass[to] - mass[from];
        if m > 0.0 { (moment[to] - moment[from]).powi(2) / m } else { f64::NEG_INFINITY }
    };
    let mut best: Vec<f64> = (0..=LEVELS).map(|to| class(0, to)).collect();
    let mut cuts_at = vec![];
    for _ in 1..phases {
        let mut next = vec![f64::NEG_INFINITY; LEVELS + 1];
        let mut cut = vec![0; LEVELS + 1];
        for to in 1..=LEVELS {
            for from in 1..to {
                let value = best[from] + class(from, to);
                if value > next[to] {
                    (next[to], cut[to]) = (value, from);
                }
            }
        }
        best = next;
        cuts_at.push(cut);
    }
    let mut cuts = vec![];
    let mut at = LEVELS;
    for cut in cuts_at.iter().rev() {
        at = cut[at];
        cuts.push(low + at as f32 * scale);
    }
    cuts.reverse();
    cuts
}
