//! Whether a reconstruction repeats parts of its original.

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

    /// The largest agreement beyond chance of a block with any window that lies within.
    fn best(&self, block: &Array2<u8>) -> f64 {
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
        let fits = |at: &usize| at / w + edge <= h && at % w + edge <= w;
        let beyond = |at: usize| (agreement[at] - chance[at]) / (1.0 - chance[at]).max(1e-9);
        (0..h * w).filter(fits).map(beyond).fold(f64::NEG_INFINITY, f64::max)
    }
}
