//! The two-point cluster function, updated with every exchange of pixels (Jiao, Stillinger & Torquato, Proc. Natl. Acad.
//! Sci. 106:17634, 2009, put it in the energy).
//!
//! A pixel that leaves or enters a cluster changes its pairs with that cluster alone, as with S2. Where it splits a cluster
//! or joins several, the pairs between the parts change too: they are counted for the pixels of all parts but the largest.

use crate::micrograph::PhaseMap;
use crate::reconstruct::correlation::{BEYOND, bin_at, bins};
use crate::reconstruct::exchange::Exchange;
use crate::reconstruct::half_disc::{half_chord, images, moved, place};
use crate::stats::{self, Boundary, Components, cluster_function};

/// The cluster functions of all phases, periodic; clusters are pixels of a phase that share edges.
pub struct Clusters {
    grid: Grid,
    phases: Vec<Phase>,
}

/// What the phases have in common.
struct Grid {
    height: usize,
    width: usize,
    distances: usize,
    /// The rounded length of each displacement.
    bins: Vec<u16>,
}

struct Phase {
    label: u8,
    /// The number of the cluster at each pixel, with a border copied from the opposite edges; 0 outside of the phase.
    numbers: Vec<u32>,
    /// The last number that was given.
    last: u32,
    /// Ordered pairs of pixels of the same cluster at each distance.
    pairs: Vec<i64>,
    /// The original's cluster function.
    target: Vec<f64>,
    per_place: Vec<f64>,
    error: f64,
    /// The search that saw a pixel last, and from which of its starts.
    seen: Vec<(u64, u8)>,
    searches: u64,
    /// Pixels with the numbers that they had, since the exchange in progress began.
    log: Vec<(usize, u32)>,
}

impl Clusters {
    /// The cluster functions of a map, with those of its original as targets, over at most so many distances.
    pub fn new(map: &PhaseMap, original: &PhaseMap, most: usize) -> Self {
        let distances = stats::distances(map.labels.shape()).min(stats::distances(original.labels.shape())).min(most);
        let (height, width) = map.size();
        let grid = Grid { height, width, distances, bins: bins(distances) };
        let mut places = vec![0u32; distances];
        grid.bins.iter().filter(|b| **b != BEYOND).for_each(|b| places[usize::from(*b)] += 1);
        let per_place: Vec<f64> = places.iter().map(|n| 1.0 / (f64::from(*n) * map.pixels() as f64)).collect();
        let phase = |label: u8| {
            let clusters = |map: &PhaseMap| {
                let inside = map.indicator(usize::from(label));
                let components = Components::of(&inside.view(), false, Boundary::Periodic);
                let function = cluster_function(&inside.view(), &components, Boundary::Periodic);
                (components, function)
            };
            let (components, own) = clusters(map);
            let mut numbers = vec![0; (height + 2 * distances) * (width + 2 * distances)];
            for (at, number) in components.labels.iter().enumerate() {
                images(at, (height, width), distances).for_each(|place| numbers[place] = *number);
            }
            let mut pairs = vec![0; distances];
            let reach = distances as isize - 1;
            for dy in -reach..=reach {
                for dx in -reach..=reach {
                    if let Some(sum) = pairs.get_mut(usize::from(grid.bins[bin_at(dy, dx, distances)])) {
                        *sum += (own.at([dy, dx]) * map.pixels() as f64).round() as i64;
                    }
                }
            }
            let mut target = clusters(original).1.radial();
            target.truncate(distances);
            let mut phase = Phase {
                label,
                numbers,
                last: components.sizes.len() as u32,
                pairs,
                target,
                per_place: per_place.clone(),
                error: 0.0,
                seen: vec![(0, 0); map.pixels()],
                searches: 0,
                log: vec![],
            };
            phase.error = phase.measured();
            phase
        };
        let phases = (0..map.phases as u8).map(phase).collect();
        Self { grid, phases }
    }

    /// The sum of the errors of all phases, `Σ|ΔC2| / ΣC2` of each.
    pub fn error(&self) -> f64 {
        self.phases.iter().map(|phase| phase.error).sum()
    }

    /// Bytes in use, about.
    pub fn memory(&self) -> u64 {
        let each = |phase: &Phase| size_of_val(&*phase.numbers) + size_of_val(&*phase.seen);
        self.phases.iter().map(each).sum::<usize>() as u64
    }

    /// Makes an exchange if `accepts` the change of the summed errors. Returns whether it did.
    pub fn exchange_if(&mut self, e: Exchange, accepts: impl FnOnce(f64) -> bool) -> bool {
        let (grid, before) = (&self.grid, self.error());
        let mut kept = vec![];
        for (n, phase) in self.phases.iter_mut().enumerate() {
            let Some((leaves, enters)) = moved(phase.label, e) else { continue };
            kept.push((n, phase.pairs.clone(), phase.error));
            phase.log.clear();
            phase.leave(grid, leaves);
            phase.enter(grid, enters);
            phase.error = phase.measured();
        }
        let is_made = accepts(self.error() - before);
        if !is_made {
            for (n, pairs, error) in kept {
                self.phases[n].take_back(&self.grid, pairs, error);
            }
        }
        is_made
    }
}

impl Grid {
    /// The place of a pixel in the array with the border.
    fn place(&self, at: usize) -> usize {
        place(at, self.width, self.distances)
    }

    /// The eight pixels around a pixel, from the one above on clockwise. The picture continues at the opposite edge.
    fn ring(&self, at: usize) -> [usize; 8] {
        let (y, x) = (at / self.width, at % self.width);
        let [above, below] = [y + self.height - 1, y + 1].map(|y| y % self.height);
        let [left, right] = [x + self.width - 1, x + 1].map(|x| x % self.width);
        [(above, x), (above, right), (y, right), (below, right), (below, x), (below, left), (y, left), (above, left)]
            .map(|(y, x)| y * self.width + x)
    }
}

impl Phase {
    fn number(&self, grid: &Grid, at: usize) -> u32 {
        self.numbers[grid.place(at)]
    }

    /// Gives a pixel a number, and remembers the one that it had.
    fn set(&mut self, grid: &Grid, at: usize, number: u32) {
        self.log.push((at, self.number(grid, at)));
        self.put(grid, at, number);
    }

    fn put(&mut self, grid: &Grid, at: usize, number: u32) {
        images(at, (grid.height, grid.width), grid.distances).for_each(|place| self.numbers[place] = number);
    }

    fn take_back(&mut self, grid: &Grid, pairs: Vec<i64>, error: f64) {
        (self.pairs, self.error) = (pairs, error);
        while let Some((at, number)) = self.log.pop() {
            self.put(grid, at, number);
        }
    }

    fn measured(&self) -> f64 {
        let found = self.pairs.iter().zip(&self.per_place).map(|(n, p)| *n as f64 * p);
        let gap: f64 = found.zip(&self.target).map(|(found, target)| (found - target).abs()).sum();
        gap / self.target.iter().sum::<f64>().max(1e-300)
    }

    /// Adds the pairs of a pixel with the others of a cluster, in both orders; `sign` −1 subtracts them.
    fn count(&mut self, grid: &Grid, at: usize, number: u32, sign: i64) {
        let (d, stride) = (grid.distances, grid.width + 2 * grid.distances);
        let (reach, centre) = (d - 1, grid.place(at));
        let edge = 2 * reach + 1;
        let mut found = vec![0u32; d];
        for dy in 0..edge {
            let half = half_chord(d, dy.abs_diff(reach));
            let line = &self.numbers[centre + dy * stride - reach * stride - half..][..2 * half + 1];
            let distances = &grid.bins[dy * edge + reach - half..][..2 * half + 1];
            for (other, bin) in line.iter().zip(distances) {
                found[usize::from(*bin)] += u32::from(*other == number);
            }
        }
        for (sum, found) in self.pairs.iter_mut().zip(&found).skip(1) {
            *sum += 2 * sign * i64::from(*found);
        }
    }

    /// Takes a pixel out of its cluster, and splits the cluster where that parts it.
    fn leave(&mut self, grid: &Grid, at: usize) {
        let number = self.number(grid, at);
        self.count(grid, at, number, -1);
        self.pairs[0] -= 1;
        self.set(grid, at, 0);
        let ring = grid.ring(at);
        let inside = ring.map(|other| self.number(grid, other) == number);
        // Neighbours that hang together around the pixel need no search.
        let mut starts: Vec<usize> = vec![];
        for k in (0..8).step_by(2).filter(|k| inside[*k]) {
            let is_joined = inside[(k + 7) % 8] && inside[(k + 6) % 8];
            if !is_joined {
                starts.push(ring[k]);
            }
        }
        if starts.len() < 2 {
            return;
        }
        for part in self.parts(grid, &starts) {
            self.last += 1;
            let new = self.last;
            part.iter().for_each(|at| self.set(grid, *at, new));
            part.iter().for_each(|at| self.count(grid, *at, number, -1));
        }
    }

    /// Puts a pixel into the clusters beside it, which become one.
    fn enter(&mut self, grid: &Grid, at: usize) {
        let ring = grid.ring(at);
        let mut starts: Vec<usize> = vec![];
        for other in ring.into_iter().step_by(2) {
            let number = self.number(grid, other);
            if number != 0 && starts.iter().all(|start| self.number(grid, *start) != number) {
                starts.push(other);
            }
        }
        let parts = if starts.len() > 1 { self.parts(grid, &starts) } else { vec![] };
        let is_left = |start: &&usize| parts.iter().all(|part| !part.contains(*start));
        let number = match starts.iter().find(is_left) {
            Some(start) => self.number(grid, *start),
            None => {
                self.last += 1;
                self.last
            }
        };
        for part in &parts {
            part.iter().for_each(|at| self.count(grid, *at, number, 1));
            part.iter().for_each(|at| self.set(grid, *at, number));
        }
        self.count(grid, at, number, 1);
        self.pairs[0] += 1;
        self.set(grid, at, number);
    }

    /// The parts of the phase that hang together with the starts, each part once, without the one that is found last (most
    /// often the largest). Searches go on from all starts in turn, so the work is that of the smaller parts.
    fn parts(&mut self, grid: &Grid, starts: &[usize]) -> Vec<Vec<usize>> {
        self.searches += 1;
        let mut found: Vec<Vec<usize>> = starts.iter().map(|start| vec![*start]).collect();
        let mut next = vec![0; starts.len()];
        // Searches that have met are one group, named by the first of them.
        let mut groups: Vec<usize> = (0..starts.len()).collect();
        for (k, start) in starts.iter().enumerate() {
            self.seen[*start] = (self.searches, k as u8);
        }
        let mut parts = vec![];
        let mut left = starts.len();
        while left > 1 {
            for k in 0..starts.len() {
                let Some(at) = found[k].get(next[k]).copied() else { continue };
                next[k] += 1;
                let number = self.number(grid, at);
                for other in grid.ring(at).into_iter().step_by(2) {
                    if self.number(grid, other) != number {
                        continue;
                    }
                    match self.seen[other] {
                        (search, by) if search == self.searches => {
                            let (own, met) = (groups[k], groups[usize::from(by)]);
                            if own != met {
                                groups.iter_mut().filter(|group| **group == met).for_each(|group| *group = own);
                                left -= 1;
                            }
                        }
                        _ => {
                            self.seen[other] = (self.searches, k as u8);
                            found[k].push(other);
                        }
                    }
                }
            }
            // A group without a pixel to go on from is a part of its own.
            for group in 0..starts.len() {
                let members: Vec<usize> = (0..starts.len()).filter(|k| groups[*k] == group).collect();
                let is_whole = !members.is_empty() && members.iter().all(|k| next[*k] == found[*k].len());
                if is_whole && left > 1 {
                    parts.push(members.iter().flat_map(|k| std::mem::take(&mut found[*k])).collect());
                    for k in members {
                        (next[k], groups[k]) = (0, usize::MAX);
                    }
                    left -= 1;
                }
            }
        }
        parts
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};

    use super::*;

    /// Pixels anywhere, so that clusters split, join, appear and vanish, also across the edges.
    #[test]
    fn updates_are_what_counting_anew_gives() {
        for (phases, fraction) in [(2u8, 0.5), (2, 0.62), (3, 0.4)] {
            let mut random = rand_pcg::Pcg64::seed_from_u64(1);
            let mut label = |_| if random.random::<f64>() < fraction { 0 } else { random.random_range(1..phases) };
            let original = PhaseMap::new((18, 21), (0..18 * 21).map(&mut label).collect(), phases.into());
            let mut map = original.clone();
            map.flat_mut().rotate_left(49);
            map.flat_mut()[..180].sort_unstable();
            let mut clusters = Clusters::new(&map, &original, 64);
            assert!(clusters.error() > 0.0 && Clusters::new(&original, &original, 64).error() < 1e-12);
            for k in 0..1500 {
                let [a, b] = [0, 0].map(|_: usize| random.random_range(0..map.pixels()));
                let (from, to) = (map.flat()[a], map.flat()[b]);
                if from != to && clusters.exchange_if(Exchange { a, b, from, to }, |_| k % 3 > 0) {
                    (map.flat_mut()[a], map.flat_mut()[b]) = (to, from);
                }
            }
            let anew = Clusters::new(&map, &original, 64);
            for (own, anew) in clusters.phases.iter().zip(&anew.phases) {
                assert_eq!((&own.pairs, own.error), (&anew.pairs, anew.error), "{phases} phases");
                // The same clusters, by whatever numbers.
                let mut names = std::collections::HashMap::new();
                for (own, anew) in own.numbers.iter().zip(&anew.numbers) {
                    assert_eq!(names.entry(*own).or_insert(*anew), anew);
                }
            }
        }
    }
}
