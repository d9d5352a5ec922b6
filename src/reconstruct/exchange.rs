//! Exchanges of two pixels.

use rand::RngExt;
use rand_pcg::Pcg64;

use super::fractions::neighbours;
use crate::micrograph::PhaseMap;

/// Two pixels that change places.
#[derive(Clone, Copy, Debug)]
pub struct Exchange {
    /// One pixel.
    pub a: usize,
    /// The other one.
    pub b: usize,
    /// The phase at `a` before, and at `b` after.
    pub from: u8,
    /// The phase at `b` before, and at `a` after.
    pub to: u8,
}

impl Exchange {
    /// The exchange that undoes it.
    pub fn reversed(self) -> Self {
        Self { from: self.to, to: self.from, ..self }
    }
}

/// The pixels of each phase that have an unlike neighbour.
pub fn interfaces(map: &PhaseMap) -> Vec<Vec<u32>> {
    let mut found = vec![vec![]; map.phases];
    for (at, own) in map.flat().iter().copied().enumerate() {
        if neighbours(map, at).iter().any(|label| *label != own) {
            found[usize::from(own)].push(at as u32);
        }
    }
    found
}

/// Whether two pixels share an edge; the picture continues at the opposite edge.
fn is_beside(map: &PhaseMap, a: usize, b: usize) -> bool {
    let gap = |a: usize, b: usize, size: usize| a.abs_diff(b).min(size - a.abs_diff(b));
    let (height, width) = map.size();
    gap(a / width, b / width, height) + gap(a % width, b % width, width) == 1
}

/// Two pixels of unlike phases, each beside the phase that it would get.
pub fn propose(map: &PhaseMap, interfaces: &[Vec<u32>], random: &mut Pcg64) -> Option<Exchange> {
    let a = random.random_range(0..map.pixels());
    let list = &interfaces[usize::from(map.flat()[a])];
    let a = *list.get(random.random_range(0..list.len().max(1)))? as usize;
    let from = map.flat()[a];
    let around = neighbours(map, a);
    let to = around[random.random_range(0..4)];
    if to == from {
        return None;
    }
    let list = &interfaces[usize::from(to)];
    let b = *list.get(random.random_range(0..list.len().max(1)))? as usize;
    let beside = neighbours(map, b);
    // The lists may be older than the map, so `b` may have changed since.
    if map.flat()[b] != to || !beside.contains(&from) || is_beside(map, a, b) {
        return None;
    }
    Some(Exchange { a, b, from, to })
}
