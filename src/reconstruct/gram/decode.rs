//! From an image back to phases: by k-means (Li et al. 2018, "Decoding"), or by rank.

use crate::micrograph::{PhaseMap, k_means};

/// Rounds of k-means.
const ROUNDS: usize = 20;

/// Labels of `image` by k-means, and the final centres. k-means starts at the phases' vectors, so that each cluster
/// keeps its phase.
pub fn cluster(image: &[f32], vectors: &[[f32; 3]], size: (usize, usize)) -> (PhaseMap, Vec<[f32; 3]>) {
    let pixels: Vec<&[f32]> = image.chunks_exact(3).collect();
    let (labels, centres) = k_means(&pixels, vectors.iter().map(|v| v.to_vec()).collect(), ROUNDS);
    let centres = centres.iter().map(|c| [c[0], c[1], c[2]]).collect();
    (PhaseMap::new(size, labels, vectors.len()), centres)
}

/// The two phases of an image by the threshold that gives the second exactly `count` pixels: those that lie furthest in
/// the direction from the first vector to the second.
pub fn rank(image: &[f32], vectors: &[[f32; 3]], count: usize, size: (usize, usize)) -> PhaseMap {
    let along: [f32; 3] = std::array::from_fn(|c| vectors[1][c] - vectors[0][c]);
    let place = |p: &[f32]| (0..3).map(|c| p[c] * along[c]).sum::<f32>();
    let places: Vec<f32> = image.chunks_exact(3).map(place).collect();
    let mut order: Vec<u32> = (0..places.len() as u32).collect();
    let mut labels = vec![1; places.len()];
    let first = places.len() - count.min(places.len());
    if first > 0 && first < places.len() {
        let by_place = |a: &u32, b: &u32| places[*a as usize].total_cmp(&places[*b as usize]).then(a.cmp(b));
        order.select_nth_unstable_by(first, by_place);
    }
    order[..first].iter().for_each(|at| labels[*at as usize] = 0);
    PhaseMap::new(size, labels, 2)
}
