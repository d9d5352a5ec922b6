//! From phases to the three channels that the feature network sees (Li et al. 2018, "Encoding").

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

use crate::micrograph::PhaseMap;
use crate::reconstruct::fractions::least_distance;

/// How each phase gets its vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Encoding {
    /// Corners of the cube [0, 255]³ as far apart as they can be.
    Corners,
    /// A maximin Latin hypercube design, as in the paper.
    Hypercube,
}

/// Random designs, of which the one with the largest minimum distance is taken.
const DESIGNS: usize = 2000;

/// One vector in [0, 255]³ for each phase; `seed` matters to the hypercube only.
pub fn phase_vectors(phases: usize, encoding: Encoding, seed: u64) -> Vec<[f32; 3]> {
    match encoding {
        Encoding::Corners => corners(phases),
        Encoding::Hypercube => hypercube(phases, seed),
    }
}

fn corners(phases: usize) -> Vec<[f32; 3]> {
    // Opposite corners for two; a tetrahedron (edge √2) for up to four, then its mirror image (edge 1).
    let order: &[u8] =
        if phases == 2 { &[0b000, 0b111] } else { &[0b000, 0b011, 0b101, 0b110, 0b111, 0b100, 0b010, 0b001] };
    let vector = |bits: &u8| [4, 2, 1].map(|mask| if bits & mask != 0 { 255.0 } else { 0.0 });
    order.iter().take(phases).map(vector).collect()
}

fn hypercube(phases: usize, seed: u64) -> Vec<[f32; 3]> {
    let mut random = Pcg64::seed_from_u64(seed);
    let step = 255.0 / (phases.max(2) - 1) as f32;
    let design = |_| {
        let columns: [Vec<usize>; 3] = std::array::from_fn(|_| {
            let mut levels: Vec<usize> = (0..phases).collect();
            levels.shuffle(&mut random);
            levels
        });
        (0..phases).map(|p| [0, 1, 2].map(|c| columns[c][p] as f32 * step)).collect::<Vec<_>>()
    };
    let all = (0..DESIGNS).map(design);
    all.max_by(|a, b| least_distance(a).total_cmp(&least_distance(b))).unwrap_or_default()
}

/// The image of a phase map.
pub fn encode(map: &PhaseMap, vectors: &[[f32; 3]]) -> Vec<f32> {
    map.flat().iter().flat_map(|l| vectors[usize::from(*l)]).collect()
}
