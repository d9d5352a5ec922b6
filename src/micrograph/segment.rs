//! Segmentation, from a micrograph to a phase map: by its own labels, thresholds, clusters, or strokes.

use ndarray::{Array2, Zip};

use super::classify::{Classified, Lesson, classify};
use super::clusters::k_means;
use super::cut::{by_nearest, cut, thresholds};
use super::filter::local_moments;
use super::guess::{automatic, distinct_colours};
use super::picture::DOUBTFUL;
use super::{MOST_PHASES, Micrograph, MicrographError, PhaseMap};

/// The method of segmentation.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Segmentation {
    /// At most [`MOST_PHASES`] distinct values are phases, apart from those of blurred edges; grey values are thresholded in
    /// two.
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
    /// What the picture was taken for where nobody said how to segment it, as the end of a sentence.
    pub guess: Option<String>,
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
    let plain = |map: PhaseMap| Some(Segmented { map, certainty: None, guess: None });
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
        Segmentation::Auto => {
            let (map, guess) = automatic(micrograph)?;
            Ok(Some(Segmented { map, certainty: None, guess: Some(guess) }))
        }
        Segmentation::Phases(n) => by_number(micrograph, *n).map(plain),
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
                Ok(Some(Segmented { map, certainty: Some(certainty), guess: None }))
            }
            None => Err(wrong(micrograph, "paint at least one stroke for each of two phases or more, from phase 0 on")),
        },
    }
}

fn wrong(micrograph: &Micrograph, reason: &str) -> MicrographError {
    MicrographError::Step { step: "Segmentation".into(), name: micrograph.name.clone(), reason: reason.into() }
}

/// Own labels where there are as many values, else thresholds.
fn by_number(micrograph: &Micrograph, phases: usize) -> Result<PhaseMap, MicrographError> {
    let impossible = || MicrographError::PhaseCount { name: micrograph.name.clone(), wanted: phases };
    let colours = distinct_colours(micrograph, DOUBTFUL + 1);
    if colours.len() == phases {
        return Ok(by_nearest(micrograph, &colours));
    }
    if colours.len() < phases {
        return Err(impossible());
    }
    let map = cut(micrograph, &thresholds(&micrograph.grey(), phases));
    if map.counts().contains(&0) { Err(impossible()) } else { Ok(map) }
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
    let map = by_nearest(micrograph, &centres);
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
