//! Exact volume fractions: the number of pixels of each phase, and simulated annealing that changes pixels until the
//! numbers are met (Li et al. 2018, "Decoding").

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::micrograph::PhaseMap;

/// Cost of a pair of unlike neighbours, in units of the squared distance of the nearest two phase centres.
const INTERFACE: f32 = 0.05;
/// First and last temperature of the annealing, in the same unit.
const HOT: f32 = 0.02;
const COLD: f32 = 0.0005;
/// Tries for each pixel that has to change. After that, pixels are chosen by their colour alone.
const TRIES: usize = 400;

/// The squared distance of a pixel's channels from a vector.
pub fn distance(a: &[f32], b: &[f32; 3]) -> f32 {
    (0..3).map(|c| (a[c] - b[c]).powi(2)).sum()
}

/// The squared distance of the nearest two vectors.
pub fn least_distance(vectors: &[[f32; 3]]) -> f32 {
    let mut least = f32::INFINITY;
    for (n, a) in vectors.iter().enumerate() {
        for b in &vectors[..n] {
            least = least.min((0..3).map(|c| (a[c] - b[c]).powi(2)).sum());
        }
    }
    least
}

/// The pixels of each phase in `pixels` pixels, in proportion to `counts`; rounded so that they add up.
pub fn target_counts(counts: &[usize], pixels: usize) -> Vec<usize> {
    let all: usize = counts.iter().sum();
    let exact = |n: &usize| *n as f64 * pixels as f64 / all as f64;
    let mut out: Vec<usize> = counts.iter().map(|n| exact(n).floor() as usize).collect();
    let mut order: Vec<usize> = (0..counts.len()).collect();
    let rest = |p: &usize| exact(&counts[*p]).fract();
    order.sort_by(|a, b| rest(b).total_cmp(&rest(a)));
    let missing = pixels - out.iter().sum::<usize>();
    order.iter().take(missing).for_each(|p| out[*p] += 1);
    out
}

/// Changes pixels at interfaces, preferably those whose colour lies between two phases, until every phase has exactly
/// its count.
pub fn match_counts(map: &mut PhaseMap, image: &[f32], centres: &[[f32; 3]], counts: &[usize], seed: u64) {
    let mut excess: Vec<isize> = map.counts().iter().zip(counts).map(|(n, t)| *n as isize - *t as isize).collect();
    let wrong: isize = excess.iter().filter(|e| **e > 0).sum();
    let scale = least_distance(centres).max(1.0);
    let mut random = Pcg64::seed_from_u64(seed);
    let tries = wrong as usize * TRIES;
    for n in 0..tries {
        if excess.iter().all(|e| *e == 0) {
            return;
        }
        let at = random.random_range(0..map.pixels());
        let from = usize::from(map.flat()[at]);
        if excess[from] <= 0 {
            continue;
        }
        let around = neighbours(map, at);
        let to = around[random.random_range(0..4)];
        if excess[usize::from(to)] >= 0 {
            continue;
        }
        let unlike = |label: u8| around.iter().filter(|l| **l != label).count() as f32;
        let pixel = &image[3 * at..3 * at + 3];
        let colour = (distance(pixel, &centres[usize::from(to)]) - distance(pixel, &centres[from])) / scale;
        let change = colour + INTERFACE * (unlike(to) - unlike(from as u8));
        let temperature = HOT * (COLD / HOT).powf(n as f32 / tries as f32);
        if change <= 0.0 || random.random::<f32>() < (-change / temperature).exp() {
            map.flat_mut()[at] = to;
            excess[from] -= 1;
            excess[usize::from(to)] += 1;
        }
    }
    match_anywhere(map, image, centres, &mut excess);
}

/// Changes the pixels that the annealing has left, mostly none: those nearest in colour, wherever they are.
fn match_anywhere(map: &mut PhaseMap, image: &[f32], centres: &[[f32; 3]], excess: &mut [isize]) {
    for to in 0..excess.len() {
        while excess[to] < 0 {
            let labels = map.flat_mut();
            let surplus = |at: &usize| excess[usize::from(labels[*at])] > 0;
            let cost = |at: &usize| {
                let pixel = &image[3 * at..3 * at + 3];
                distance(pixel, &centres[to]) - distance(pixel, &centres[usize::from(labels[*at])])
            };
            let mut candidates: Vec<usize> = (0..labels.len()).filter(surplus).collect();
            candidates.sort_by(|a, b| cost(a).total_cmp(&cost(b)));
            let Some(_) = candidates.first() else { return };
            for at in candidates {
                let from = usize::from(labels[at]);
                if excess[to] < 0 && excess[from] > 0 {
                    labels[at] = to as u8;
                    excess[from] -= 1;
                    excess[to] += 1;
                }
            }
        }
    }
}

/// The labels above, below, left and right; the picture continues at the opposite edge.
pub fn neighbours(map: &PhaseMap, at: usize) -> [u8; 4] {
    let (h, w) = map.size();
    let (y, x) = (at / w, at % w);
    let (up, down) = (if y == 0 { h - 1 } else { y - 1 }, if y + 1 == h { 0 } else { y + 1 });
    let (left, right) = (if x == 0 { w - 1 } else { x - 1 }, if x + 1 == w { 0 } else { x + 1 });
    [[up, x], [down, x], [y, left], [y, right]].map(|at| map.labels[at])
}
