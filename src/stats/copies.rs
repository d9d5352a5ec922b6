//! Whether a reconstruction repeats parts of its original.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hasher};

use ndarray::{Array2, s};
use rayon::prelude::*;

use super::Fourier;
use crate::micrograph::PhaseMap;

/// Blocks along the shorter edge of a picture.
const BLOCKS: usize = 4;
/// The smallest block that can tell a copy from chance, in pixels.
const LEAST_EDGE: usize = 12;
/// The largest original that is searched: each block takes several transforms of it.
const MOST_PIXELS: usize = 1 << 20;
/// The most pixels that all searches together go through; of more blocks, evenly spread ones are looked for.
const MOST_WORK: usize = 1 << 26;
/// From this agreement beyond chance on, a block is a copy …
const COPY: f64 = 0.8;
/// … if it exceeds by so much what the mirrored original gives, which no reconstruction copies.
const MARGIN: f64 = 0.15;

/// How much of a picture is a copy of parts of another.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Copied {
    /// The edge of the blocks that were looked for, in pixels.
    pub block_edge: usize,
    /// The share of the blocks that are copies.
    pub share: f64,
    /// The largest agreement beyond chance (Cohen's κ) of any block.
    #[serde(deserialize_with = "super::number::number")]
    pub largest_agreement: f64,
}

/// Looks for every block of a picture at every place of the original. `None` where the pictures are too small to
/// tell, or the original is too large to be searched.
pub fn copied(original: &PhaseMap, found: &PhaseMap) -> Option<Copied> {
    let edge = [original, found].iter().map(|m| m.size().0.min(m.size().1)).min()? / BLOCKS;
    if edge < LEAST_EDGE || original.phases != found.phases || original.pixels() > MOST_PIXELS {
        return None;
    }
    let mut mirrored = original.clone();
    mirrored.labels.invert_axis(ndarray::Axis(1));
    mirrored.labels = mirrored.labels.as_standard_layout().into_owned();
    let (own, other) = (Searched::new(original, edge), Searched::new(&mirrored, edge));
    let (h, w) = found.size();
    let places: Vec<(usize, usize)> =
        (0..h / edge).flat_map(|y| (0..w / edge).map(move |x| (y * edge, x * edge))).collect();
    let most = (MOST_WORK / original.pixels()).max(BLOCKS * BLOCKS);
    let step = places.len().div_ceil(most).max(1);
    let places: Vec<(usize, usize)> = places.into_iter().step_by(step).collect();
    let agreements: Vec<(f64, f64)> = places
        .par_iter()
        .map(|(y, x)| found.labels.slice(s![*y..*y + edge, *x..*x + edge]).to_owned())
        .filter(|block| block.iter().any(|l| *l != block[[0, 0]]))
        .map(|block| (own.best(&block), other.best(&block)))
        .collect();
    let copies = agreements.iter().filter(|(own, other)| *own >= COPY && *own >= other + MARGIN).count();
    Some(Copied {
        block_edge: edge,
        share: copies as f64 / places.len().max(1) as f64,
        largest_agreement: agreements.iter().map(|(own, _)| *own).fold(f64::NAN, f64::max),
    })
}

/// The edge of the blocks of [`largest_overlap`], in pixels.
pub const OVERLAP_EDGE: usize = 32;

/// How similar a picture is to its original at the most similar place.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Overlap {
    /// The largest overlap of a block of the picture; see [`largest_overlap`].
    pub largest: f64,
    /// That of the original's halves; see [`overlap_of_halves`]. None where they are too small.
    pub halves: Option<f64>,
}

impl Overlap {
    /// Whether it is far above what the halves share.
    pub fn is_copy(&self) -> bool {
        self.halves.is_some_and(|halves| is_copy(self.largest, halves))
    }
}

/// The largest normalised correlation of a block of 32 × 32 pixels of a picture with any place of the original: 1 for a
/// copy. About 64 blocks are looked for, evenly spread, as they stand, neither turned nor mirrored. Those with less than
/// half of the picture's contrast are left out, because nearly empty ones occur everywhere. `None` where a picture is too
/// small, or the original too large to be searched.
pub fn largest_overlap(original: &PhaseMap, found: &PhaseMap) -> Option<f64> {
    overlap(original, found, OVERLAP_BLOCKS)
}

/// Blocks that are looked for.
const OVERLAP_BLOCKS: usize = 64;

/// The largest overlap of about so many blocks.
fn overlap(original: &PhaseMap, found: &PhaseMap, most: usize) -> Option<f64> {
    let edge = OVERLAP_EDGE;
    let (h, w) = found.size();
    if original.size().0.min(original.size().1).min(h).min(w) < edge || original.pixels() > MOST_PIXELS {
        return None;
    }
    let searched = Searched::new(original, edge);
    let contrast =
        |counts: &[usize], area: usize| 1.0 - counts.iter().map(|n| (*n as f64 / area as f64).powi(2)).sum::<f64>();
    let whole = contrast(&original.counts(), original.pixels());
    // Every k-th block in both directions.
    let every = (1..).find(|k| (h / edge).div_ceil(*k) * (w / edge).div_ceil(*k) <= most).unwrap_or(1);
    let rows = (0..h / edge).step_by(every);
    let places: Vec<(usize, usize)> =
        rows.flat_map(|y| (0..w / edge).step_by(every).map(move |x| (y * edge, x * edge))).collect();
    let of = |(y, x): &(usize, usize)| {
        let labels = found.labels.slice(s![*y..*y + edge, *x..*x + edge]).to_owned();
        let block = PhaseMap { labels, phases: original.phases.max(found.phases) };
        let is_rich = contrast(&block.counts(), block.pixels()) >= 0.5 * whole;
        is_rich.then(|| searched.best_correlation(&block.labels))
    };
    let all: Vec<f64> = places.par_iter().filter_map(of).collect();
    all.into_iter().reduce(f64::max)
}

/// The largest overlap of each half of a picture with the other one: what is chance in its material.
pub fn overlap_of_halves(map: &PhaseMap) -> Option<f64> {
    let (h, w) = map.size();
    let part = |rows: std::ops::Range<usize>, columns: std::ops::Range<usize>| {
        let labels = map.labels.slice(s![rows, columns]).to_owned();
        PhaseMap { labels, phases: map.phases }
    };
    let (a, b) = match w >= h {
        true => (part(0..h, 0..w / 2), part(0..h, w / 2..w)),
        false => (part(0..h / 2, 0..w), part(h / 2..h, 0..w)),
    };
    // As many blocks in all as of a result, so that the largest of them can be compared.
    let half = OVERLAP_BLOCKS / 2;
    [overlap(&a, &b, half), overlap(&b, &a, half)].into_iter().flatten().reduce(f64::max)
}

/// Whether an overlap is far above what the halves of the original share: more than half of the way to a copy.
pub fn is_copy(overlap: f64, halves: f64) -> bool {
    overlap > 0.5 * (1.0 + halves)
}

/// The share of the patches of 5 × 5 pixels of a picture that its original does not have.
pub fn unseen_share(original: &PhaseMap, found: &PhaseMap) -> f64 {
    const EDGE: usize = 5;
    if found.size().0.min(found.size().1).min(original.size().0).min(original.size().1) < EDGE {
        return f64::NAN;
    }
    // Hashes of the patches, which take less memory; two unlike ones with the same hash are not to be expected.
    let hash = |window: ndarray::ArrayView2<u8>| {
        let mut hasher = DefaultHasher::new();
        window.rows().into_iter().for_each(|row| row.iter().for_each(|label| hasher.write_u8(*label)));
        hasher.finish()
    };
    let known: HashSet<u64> = original.labels.windows((EDGE, EDGE)).into_iter().map(hash).collect();
    let (mut all, mut unseen) = (0usize, 0usize);
    for window in found.labels.windows((EDGE, EDGE)) {
        all += 1;
        unseen += usize::from(!known.contains(&hash(window)));
    }
    unseen as f64 / all as f64
}

/// A picture that blocks are looked for in.
struct Searched {
    size: (usize, usize),
    fourier: Fourier,
    /// The transform of each phase's indicator.
    spectra: Vec<Vec<rustfft::num_complex::Complex<f64>>>,
    /// The share of each phase in the window at each place.
    shares: Vec<Array2<f64>>,
}

impl Searched {
    fn new(map: &PhaseMap, edge: usize) -> Self {
        let (h, w) = map.size();
        let fourier = Fourier::new(h, w);
        let phases = 0..map.phases;
        let flat = map.flat();
        let spectra = phases.clone().map(|p| fourier.transform(|at| f64::from(u8::from(usize::from(flat[at]) == p))));
        let spectra: Vec<_> = spectra.collect();
        let window = fourier.transform(|at| f64::from(u8::from(at / w < edge && at % w < edge)));
        let area = (edge * edge) as f64;
        let share = |spectrum: &Vec<_>| {
            let sums = fourier.correlate(&window, spectrum);
            Array2::from_shape_vec((h, w), sums).expect("a value for each pixel").mapv(|n| n / area)
        };
        let shares = spectra.iter().map(share).collect();
        Self { size: (h, w), fourier, spectra, shares }
    }

    /// At each place: the share of a block's pixels that agree, and the share that would by chance.
    fn agreement(&self, block: &Array2<u8>) -> (Vec<f64>, Vec<f64>) {
        let ((h, w), edge) = (self.size, block.nrows());
        let area = (edge * edge) as f64;
        let mut agreement = vec![0.0; h * w];
        let mut chance = vec![0.0; h * w];
        for (phase, (spectrum, shares)) in self.spectra.iter().zip(&self.shares).enumerate() {
            let inside = |at: usize| {
                let (y, x) = (at / w, at % w);
                f64::from(u8::from(y < edge && x < edge && usize::from(block[[y, x]]) == phase))
            };
            let own = block.iter().filter(|l| usize::from(**l) == phase).count() as f64 / area;
            let common = self.fourier.correlate(&self.fourier.transform(inside), spectrum);
            for (at, (common, share)) in common.iter().zip(shares).enumerate() {
                agreement[at] += common / area;
                chance[at] += own * share;
            }
        }
        (agreement, chance)
    }

    /// The places where a block lies within.
    fn places(&self, edge: usize) -> impl Iterator<Item = usize> {
        let (h, w) = self.size;
        (0..h * w).filter(move |at| at / w + edge <= h && at % w + edge <= w)
    }

    /// The largest agreement beyond chance of a block with any window that lies within.
    fn best(&self, block: &Array2<u8>) -> f64 {
        let (agreement, chance) = self.agreement(block);
        let beyond = |at: usize| (agreement[at] - chance[at]) / (1.0 - chance[at]).max(1e-9);
        self.places(block.nrows()).map(beyond).fold(f64::NEG_INFINITY, f64::max)
    }

    /// The largest normalised correlation of a block's indicators with those of any window that lies within.
    fn best_correlation(&self, block: &Array2<u8>) -> f64 {
        let (agreement, chance) = self.agreement(block);
        let area = block.len() as f64;
        let share = |phase: usize| block.iter().filter(|l| usize::from(**l) == phase).count() as f64 / area;
        let own = 1.0 - (0..self.shares.len()).map(|phase| share(phase).powi(2)).sum::<f64>();
        let flat: Vec<&[f64]> = self.shares.iter().map(|s| s.as_slice().unwrap_or(&[])).collect();
        let correlation = |at: usize| {
            let there = 1.0 - flat.iter().map(|shares| shares[at].powi(2)).sum::<f64>();
            (agreement[at] - chance[at]) / (own * there).max(1e-9).sqrt()
        };
        self.places(block.nrows()).map(correlation).fold(f64::NEG_INFINITY, f64::max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(size: usize, seed: u64) -> PhaseMap {
        use rand::{RngExt, SeedableRng};
        let mut random = rand_pcg::Pcg64::seed_from_u64(seed);
        PhaseMap::new((size, size), (0..size * size).map(|_| u8::from(random.random::<f64>() < 0.4)).collect(), 2)
    }

    #[test]
    fn a_shifted_copy_overlaps_wholly_and_noise_does_not() {
        let original = noise(96, 1);
        let shifted =
            PhaseMap { labels: Array2::from_shape_fn((64, 64), |(y, x)| original.labels[[y + 7, x + 19]]), phases: 2 };
        let copy = largest_overlap(&original, &shifted).expect("a figure");
        assert!((copy - 1.0).abs() < 1e-9, "{copy}");
        let other = largest_overlap(&original, &noise(64, 2)).expect("a figure");
        let halves = overlap_of_halves(&original).expect("a figure");
        assert!(other < 0.25 && halves < 0.25 && is_copy(copy, halves) && !is_copy(other, halves), "{other} {halves}");
        assert_eq!(largest_overlap(&original, &noise(20, 3)), None);
    }

    #[test]
    fn unseen_patches_are_counted() {
        let original = noise(64, 1);
        assert_eq!(unseen_share(&original, &original), 0.0);
        let stripes = PhaseMap::new((64, 64), (0..64 * 64).map(|n| (n % 2) as u8).collect(), 2);
        assert_eq!(unseen_share(&original, &stripes), 1.0);
        assert!(unseen_share(&original, &noise(3, 1)).is_nan());
    }
}
