//! Phases by the nearest of a few colours, and by thresholds.

use super::clusters::nearest;
use super::limits::extremes;
use super::{Micrograph, PhaseMap};

/// Grey levels of the histogram.
const LEVELS: usize = 256;

/// Each pixel has the phase of the colour that is nearest to its own.
pub fn by_nearest(micrograph: &Micrograph, colours: &[Vec<f32>]) -> PhaseMap {
    let labels = micrograph.pixels().map(|pixel| nearest(pixel, colours)).collect();
    PhaseMap::new(micrograph.size(), labels, colours.len())
}

/// Phases by thresholds on grey.
pub fn cut(micrograph: &Micrograph, cuts: &[f32]) -> PhaseMap {
    let label = |v: f32| cuts.iter().filter(|c| v >= **c).count() as u8;
    PhaseMap { labels: micrograph.grey().mapv(label), phases: cuts.len() + 1 }
}

/// The `phases − 1` thresholds that make the variance between classes largest (Otsu, IEEE Trans. SMC 9:62, 1979),
/// found exactly on a histogram of 256 levels by dynamic programming.
pub fn thresholds<'a>(grey: impl IntoIterator<Item = &'a f32> + Copy, phases: usize) -> Vec<f32> {
    let (low, high) = extremes(grey);
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
