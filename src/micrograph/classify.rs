//! A pixel classifier that learns from strokes: features at several scales, and a random forest (Breiman, Mach. Learn.
//! 45:5, 2001).

use ndarray::{Array2, Axis, s};
use rafor::prelude::*;
use rafor::rf::Classifier;
use rayon::prelude::*;

use std::sync::Arc;

use super::correct::Stroke;
use super::filter::gaussian;
use super::{MOST_PHASES, Micrograph};

/// Standard deviations of the Gaussians under the features, in pixels.
const SCALES: [f32; 4] = [1.0, 2.0, 4.0, 5.9];
/// Features of each scale: value, gradient, and both eigenvalues of the Hessian matrix.
const FEATURES: usize = 4;
/// Trees and their depth, and the seed of the forest.
const TREES: usize = 30;
const DEPTH: usize = 12;
const SEED: u64 = 1;
/// The most painted pixels of a phase from which the classifier learns.
const MOST_SAMPLES: usize = 600;
/// Rows that are classified together; only their features have to be in memory, not those of the whole picture.
const BAND: usize = 128;

/// The result of the classifier for each pixel.
#[derive(Clone, Debug, PartialEq)]
pub struct Classified {
    /// The likeliest phase.
    pub labels: Array2<u8>,
    /// The share of trees that vote for it, in 255ths.
    pub certainty: Array2<u8>,
}

/// The picture as planes in 0 … 1: grey, and the three colours where there are any.
fn planes(micrograph: &Micrograph) -> Vec<Array2<f32>> {
    let (low, high) = micrograph.range;
    let scale = if high > low { 1.0 / (high - low) } else { 0.0 };
    let mut all = vec![micrograph.grey()];
    if micrograph.channels() == 3 {
        let channels = micrograph.values.axis_iter(Axis(2));
        all.extend(channels.map(|channel| channel.as_standard_layout().into_owned()));
    }
    all.iter_mut().for_each(|plane| plane.mapv_inplace(|v| (v - low) * scale));
    all
}

/// Rows `top … bottom` of a plane, with as many rows around them as the features need, and the number of the first row.
fn band(plane: &Array2<f32>, top: usize, bottom: usize) -> (Array2<f32>, usize) {
    let reach = (4.0 * SCALES[SCALES.len() - 1]).ceil() as usize + 2;
    let (first, last) = (top.saturating_sub(reach), (bottom + reach).min(plane.nrows()));
    (plane.slice(s![first..last, ..]).to_owned(), first)
}

/// The features of rows `top … bottom`, pixel by pixel.
fn features(planes: &[Array2<f32>], top: usize, bottom: usize) -> (Vec<f32>, usize) {
    let width = planes[0].ncols();
    let mut columns: Vec<Vec<f32>> = vec![];
    for (number, plane) in planes.iter().enumerate() {
        let (part, first) = band(plane, top, bottom);
        let rows = |p: &Array2<f32>| p.slice(s![top - first..bottom - first, ..]).iter().copied().collect::<Vec<f32>>();
        columns.push(rows(&part));
        for sigma in SCALES {
            let smooth = gaussian(&part, sigma);
            columns.push(rows(&smooth));
            if number == 0 {
                columns.extend(derivatives(&smooth, top - first, bottom - first));
            }
        }
    }
    let count = columns.len();
    let mut out = vec![0.0; count * (bottom - top) * width];
    for (k, column) in columns.iter().enumerate() {
        out.iter_mut().skip(k).step_by(count).zip(column).for_each(|(o, v)| *o = *v);
    }
    (out, count)
}

/// Gradient magnitude and the eigenvalues of the Hessian, larger first, of some rows of a smooth plane.
fn derivatives(plane: &Array2<f32>, top: usize, bottom: usize) -> [Vec<f32>; FEATURES - 1] {
    let (h, w) = plane.dim();
    let at = |y: usize, x: usize| plane[[y, x]];
    let mut out: [Vec<f32>; FEATURES - 1] = std::array::from_fn(|_| Vec::with_capacity((bottom - top) * w));
    for y in top..bottom {
        let (up, down) = (y.saturating_sub(1), (y + 1).min(h - 1));
        for x in 0..w {
            let (left, right) = (x.saturating_sub(1), (x + 1).min(w - 1));
            let (dy, dx) = (0.5 * (at(down, x) - at(up, x)), 0.5 * (at(y, right) - at(y, left)));
            let (yy, xx) = (at(down, x) + at(up, x) - 2.0 * at(y, x), at(y, right) + at(y, left) - 2.0 * at(y, x));
            let xy = 0.25 * (at(down, right) + at(up, left) - at(down, left) - at(up, right));
            let (mean, half) = (0.5 * (xx + yy), (0.25 * (xx - yy) * (xx - yy) + xy * xy).sqrt());
            out[0].push(dy.hypot(dx));
            out[1].push(mean + half);
            out[2].push(mean - half);
        }
    }
    out
}

/// How many features a pixel of a picture with `planes` planes has: all of the grey plane, only values of colours.
fn feature_count(planes: usize) -> usize {
    1 + FEATURES * SCALES.len() + (planes - 1) * (1 + SCALES.len())
}

/// The number of painted phases: the largest phase number of a stroke, plus 1.
pub fn painted_phases(strokes: &[Stroke]) -> usize {
    strokes.iter().map(|s| s.phase.saturating_add(1)).max().unwrap_or(0)
}

/// The painted pixels of each phase: the last stroke over a pixel counts.
fn painted(strokes: &[Stroke], size: (usize, usize)) -> Vec<Vec<usize>> {
    let mut labels = vec![u8::MAX; size.0 * size.1];
    for stroke in strokes.iter().filter(|s| s.phase < MOST_PHASES) {
        stroke.visit(size, |row, column| labels[row * size.1 + column] = stroke.phase as u8);
    }
    let mut pixels = vec![vec![]; painted_phases(strokes).min(MOST_PHASES)];
    for (at, label) in labels.iter().enumerate().filter(|(_, l)| **l != u8::MAX) {
        pixels[usize::from(*label)].push(at);
    }
    for list in &mut pixels {
        // Evenly thinned, so that the picture's first rows do not count more.
        let step = list.len().div_ceil(MOST_SAMPLES).max(1);
        *list = list.iter().copied().step_by(step).collect();
    }
    pixels
}

/// What a classifier learns from: strokes on the micrograph, and the features of pixels that were painted on others.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Lesson {
    /// Strokes on this micrograph.
    pub strokes: Vec<Stroke>,
    /// For each phase the features of pixels of other micrographs, pixel by pixel.
    pub learnt: Arc<Vec<Vec<f32>>>,
}

impl Lesson {
    /// The number of known phases: the largest phase number that is painted or learnt, plus 1.
    pub fn phases(&self) -> usize {
        painted_phases(&self.strokes).max(self.learnt.len()).min(MOST_PHASES)
    }

    /// The same lesson for other micrographs: the strokes on this one become features.
    pub fn learnt_from(&self, micrograph: &Micrograph) -> Self {
        let features = self.samples(micrograph, &planes(micrograph));
        Self { strokes: vec![], learnt: Arc::new(features) }
    }

    /// The features of all known pixels, phase by phase.
    fn samples(&self, micrograph: &Micrograph, planes: &[Array2<f32>]) -> Vec<Vec<f32>> {
        let mut all = features_at(planes, &painted(&self.strokes, micrograph.size()));
        all.resize(self.phases(), vec![]);
        for (to, learnt) in all.iter_mut().zip(self.learnt.iter()) {
            let mut both = learnt.clone();
            both.append(to);
            *to = both;
        }
        all
    }
}

/// Trains a classifier and finds the phase of every pixel. `None` unless there are pixels of at least two phases, of
/// all phases from 0 on, and what was learnt elsewhere comes from pictures of this kind.
pub fn classify(micrograph: &Micrograph, lesson: &Lesson) -> Option<Classified> {
    let (h, w) = micrograph.size();
    let planes = planes(micrograph);
    let samples = lesson.samples(micrograph, &planes);
    let count = feature_count(planes.len());
    let usable = |s: &Vec<f32>| !s.is_empty() && s.len().is_multiple_of(count) && s.iter().all(|v| v.is_finite());
    if samples.len() < 2 || !samples.iter().all(usable) {
        return None;
    }
    let phases = samples.len();
    let labels: Vec<i64> =
        samples.iter().enumerate().flat_map(|(phase, s)| vec![phase as i64; s.len() / count]).collect();
    // On one thread only: the order of the trees, and thus the last digit of a mean, must not depend on threads.
    let forest: Classifier = Classifier::trainer()
        .with_trees(TREES)
        .with_threads(1)
        .with_max_depth(DEPTH)
        .with_seed(SEED)
        .train(&samples.concat(), &labels);
    let bands: Vec<usize> = (0..h.div_ceil(BAND)).collect();
    let parts: Vec<(Vec<u8>, Vec<u8>)> = bands
        .into_par_iter()
        .map(|number| {
            let (top, bottom) = (number * BAND, ((number + 1) * BAND).min(h));
            let (rows, _) = features(&planes, top, bottom);
            let shares = forest.proba(&rows, 1);
            shares.chunks_exact(phases).map(likeliest).unzip()
        })
        .collect();
    let (mut labels, mut certainty) = (Vec::with_capacity(h * w), Vec::with_capacity(h * w));
    for (l, c) in parts {
        labels.extend(l);
        certainty.extend(c);
    }
    let picture = |values| Array2::from_shape_vec((h, w), values).expect("a value for each pixel");
    Some(Classified { labels: picture(labels), certainty: picture(certainty) })
}

fn likeliest(shares: &[f32]) -> (u8, u8) {
    let mut best = 0;
    for (phase, share) in shares.iter().enumerate() {
        if *share > shares[best] {
            best = phase;
        }
    }
    (best as u8, (255.0 * shares[best]).round() as u8)
}

/// The features of some pixels of each phase. They are computed band by band; bands without such pixels are skipped.
fn features_at(planes: &[Array2<f32>], pixels: &[Vec<usize>]) -> Vec<Vec<f32>> {
    let (h, w) = planes[0].dim();
    let of_band = |number: usize| -> Vec<Vec<f32>> {
        let (top, bottom) = (number * BAND, ((number + 1) * BAND).min(h));
        let within = |at: &&usize| (top * w..bottom * w).contains(*at);
        if !pixels.iter().flatten().any(|at| within(&at)) {
            return vec![vec![]; pixels.len()];
        }
        let (all, count) = features(planes, top, bottom);
        let row = |at: &usize| all[(at - top * w) * count..][..count].to_vec();
        pixels.iter().map(|list| list.iter().filter(within).flat_map(row).collect()).collect()
    };
    let parts: Vec<Vec<Vec<f32>>> = (0..h.div_ceil(BAND)).into_par_iter().map(of_band).collect();
    let mut out = vec![vec![]; pixels.len()];
    for part in parts {
        out.iter_mut().zip(part).for_each(|(to, from)| to.extend(from));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two textures of the same mean: fine stripes and coarse ones.
    fn textures(height: usize, width: usize) -> Micrograph {
        let value = |n: usize| {
            let (y, x) = (n / width, n % width);
            let period = if x < width / 2 { 3 } else { 12 };
            if (y + x) % period < period / 2 + 1 { 200.0 } else { 50.0 + ((n * 7919) % 23) as f32 }
        };
        Micrograph::new((height, width), 1, (0..height * width).map(value).collect(), (0.0, 255.0))
    }

    #[test]
    fn textures_that_no_threshold_tells_apart_are_learnt_from_two_strokes() {
        let picture = textures(150, 160);
        let points = |x: f32| Arc::new(vec![[20.0, x], [130.0, x]]);
        let stroke = |phase, x: f32| Stroke { phase, radius: 4.0, points: points(x) };
        let lesson = Lesson { strokes: vec![stroke(0, 20.0), stroke(1, 130.0)], ..Lesson::default() };
        let found = classify(&picture, &lesson).expect("two phases");
        let right = found.labels.indexed_iter().filter(|((_, x), label)| usize::from(**label) == x / 80).count();
        assert!(right as f64 > 0.93 * 150.0 * 160.0, "{right}");
        assert_eq!(found, classify(&picture, &lesson).expect("two phases"), "the same strokes give the same phases");
        let only = |strokes: &[Stroke]| Lesson { strokes: strokes.to_vec(), ..Lesson::default() };
        assert!(classify(&picture, &only(&lesson.strokes[1..])).is_none(), "phase 0 is not painted");
        assert!(classify(&picture, &Lesson::default()).is_none());
        // What was learnt works for any picture, this one too, and can be written as text and read again.
        let learnt = lesson.learnt_from(&picture);
        assert_eq!(classify(&picture, &learnt), Some(found));
        let text = serde_json::to_string(&learnt).expect("a text");
        assert_eq!(serde_json::from_str::<Lesson>(&text).expect("a lesson"), learnt);
        let colours = Micrograph::new((8, 8), 3, (0..192).map(|n| n as f32).collect(), (0.0, 255.0));
        assert!(classify(&colours, &learnt).is_none(), "colours have other features");
    }
}
