//! Vectors of this program's statistics of phases.

use crate::micrograph::PhaseMap;
use crate::stats::{Boundary, Components, chord_lengths, mean_chord, specific_surface, two_point_radial};

/// Statistics of every phase of a map: volume fraction, specific surface, mean chord, number of components for each
/// thousand pixels, share of the largest component, and S2 at 1, 2, 4, 8 and 16 pixels.
pub fn measured_vector(map: &PhaseMap) -> Vec<f32> {
    (0..map.phases).flat_map(|phase| of_phase(map, phase)).collect()
}

fn of_phase(map: &PhaseMap, phase: usize) -> Vec<f32> {
    /// Distances of S2, in pixels; those beyond the reach of a small picture count as the last one.
    const DISTANCES: [usize; 5] = [1, 2, 4, 8, 16];
    let inside = map.indicator(phase);
    let indicator = inside.view();
    let components = Components::of(&indicator, false, Boundary::Open);
    let s2 = two_point_radial(&indicator, Boundary::Open);
    let chord = mean_chord(&chord_lengths(&indicator, Boundary::Open));
    let at = |r: usize| s2.get(r).or(s2.last()).copied().unwrap_or(0.0);
    let mut all = vec![
        at(0),
        specific_surface(&indicator, Boundary::Open),
        // A phase without a whole chord has none.
        if chord.is_finite() { chord } else { 0.0 },
        1000.0 * components.sizes.len() as f64 / map.pixels() as f64,
        components.largest_share(),
    ];
    all.extend(DISTANCES.map(at));
    all.into_iter().map(|v| if v.is_finite() { v as f32 } else { 0.0 }).collect()
}
