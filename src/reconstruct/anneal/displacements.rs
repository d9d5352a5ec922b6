//! S2 at every displacement, updated with every exchange of pixels.

use crate::micrograph::PhaseMap;
use crate::reconstruct::correlation::{half_chord, images, sign_of, wide};
use crate::reconstruct::exchange::Exchange;
use crate::stats::{self, Boundary, Correlation};

/// S2 of all phases at every displacement, periodic.
pub struct Displacements {
    size: (usize, usize),
    distances: usize,
    rows: Vec<Row>,
    /// Of two phases only the second, because the errors of both are equal.
    phases: Vec<Phase>,
}

/// Displacements that are so many rows down: one after the other, from `left` on. Of each pair of opposite displacements
/// only one is there.
struct Row {
    down: usize,
    left: isize,
    length: usize,
    /// The place of the first one among all.
    start: usize,
}

struct Phase {
    label: u8,
    /// The indicator with a border copied from the opposite edges, and the same from its end to its beginning.
    wide: Vec<u8>,
    mirrored: Vec<u8>,
    /// Pairs of pixels at each displacement, less those that are wanted.
    gaps: Vec<i32>,
    /// `Σ|gap|`, and what it is divided by: `Σ|S2 − φ²|` of the original, in pairs.
    sum: i64,
    under: f64,
}

impl Displacements {
    /// S2 of a map, with that of its original as target, at displacements shorter than `most`.
    pub fn new(map: &PhaseMap, original: &PhaseMap, most: usize) -> Self {
        let distances = stats::distances(map.labels.shape()).min(stats::distances(original.labels.shape())).min(most);
        let mut rows: Vec<Row> = vec![];
        for down in 0..distances {
            let half = half_chord(distances, down);
            let left = if down == 0 { 1 } else { -(half as isize) };
            let start = rows.last().map_or(0, |row| row.start + row.length);
            rows.push(Row { down, left, length: (half as isize + 1 - left) as usize, start });
        }
        let pixels = map.pixels() as f64;
        let phase = |label: u8| {
            let of =
                |map: &PhaseMap| Correlation::two_point(&map.indicator(usize::from(label)).view(), Boundary::Periodic);
            let (own, target) = (of(map), of(original));
            let displacements =
                rows.iter().flat_map(|row| (0..row.length).map(|k| [row.down as isize, row.left + k as isize]));
            let square = target.at([0, 0]).powi(2);
            let under = displacements.clone().map(|d| (target.at(d) - square).abs()).sum::<f64>() * pixels;
            let gap = |d| (own.at(d) * pixels).round() as i32 - (target.at(d) * pixels).round() as i32;
            let gaps: Vec<i32> = displacements.map(gap).collect();
            let wide = wide(map, label, distances);
            let mirrored = wide.iter().rev().copied().collect();
            let sum = gaps.iter().map(|gap| i64::from(gap.abs())).sum();
            Phase { label, wide, mirrored, gaps, sum, under: under.max(1e-300) }
        };
        let phases = (u8::from(map.phases == 2)..map.phases as u8).map(phase).collect();
        Self { size: map.size(), distances, rows, phases }
    }

    /// How many distances are reached.
    pub fn reach(&self) -> usize {
        self.distances
    }

    /// The sum of the errors of all phases, `Σ|ΔS2| / Σ|S2 − φ²|` of each.
    pub fn error(&self) -> f64 {
        self.phases.iter().map(|phase| phase.sum as f64 / phase.under).sum()
    }

    /// Makes an exchange if `accepts` the change of the summed errors. Returns whether it did.
    pub fn exchange_if(&mut self, e: Exchange, accepts: impl FnOnce(f64) -> bool) -> bool {
        let before = self.error();
        let (mut after, mut tried) = (0.0, vec![]);
        for n in 0..self.phases.len() {
            let (leaves, enters) = match sign_of(self.phases[n].label, e) {
                0 => {
                    after += self.phases[n].sum as f64 / self.phases[n].under;
                    continue;
                }
                1 => (e.b, e.a),
                _ => (e.a, e.b),
            };
            self.set(n, leaves, 0);
            let sum = self.sum_with(n, leaves, enters);
            after += sum as f64 / self.phases[n].under;
            tried.push((n, leaves, enters, sum));
        }
        let is_made = accepts(after - before);
        for (n, leaves, enters, sum) in tried {
            if is_made {
                self.add(n, leaves, enters);
                self.set(n, enters, 1);
                self.phases[n].sum = sum;
            } else {
                self.set(n, leaves, 1);
            }
        }
        is_made
    }

    fn set(&mut self, phase: usize, at: usize, inside: u8) {
        let phase = &mut self.phases[phase];
        let last = phase.wide.len() - 1;
        for place in images(at, self.size, self.distances) {
            phase.wide[place] = inside;
            phase.mirrored[last - place] = inside;
        }
    }

    /// The phase at the displacements of a row from a pixel, and at the opposite ones.
    fn around<'a>(&self, phase: &'a Phase, at: usize, row: &Row) -> (&'a [u8], &'a [u8]) {
        let (d, width) = (self.distances, self.size.1);
        let stride = width + 2 * d;
        let centre = (at / width + d) * stride + at % width + d;
        let along = (centre + row.down * stride).wrapping_add_signed(row.left);
        let opposite = (centre - row.down * stride).wrapping_add_signed(-row.left);
        (&phase.wide[along..][..row.length], &phase.mirrored[phase.wide.len() - 1 - opposite..][..row.length])
    }

    /// `Σ|gap|` after one pixel has left the phase and another one has entered it. The first is out of the indicator already,
    /// and the second is not yet in it.
    fn sum_with(&self, n: usize, leaves: usize, enters: usize) -> i64 {
        let phase = &self.phases[n];
        let mut sum = 0;
        for row in &self.rows {
            let ((a, b), (c, d)) = (self.around(phase, leaves, row), self.around(phase, enters, row));
            let gaps = &phase.gaps[row.start..][..row.length];
            let mut part = 0u32;
            for ((((gap, a), b), c), d) in gaps.iter().zip(a).zip(b).zip(c).zip(d) {
                part += (gap + change(*a, *b, *c, *d)).unsigned_abs();
            }
            sum += i64::from(part);
        }
        sum
    }

    /// Brings the gaps up to date for the same change.
    fn add(&mut self, n: usize, leaves: usize, enters: usize) {
        let mut gaps = std::mem::take(&mut self.phases[n].gaps);
        let phase = &self.phases[n];
        for row in &self.rows {
            let ((a, b), (c, d)) = (self.around(phase, leaves, row), self.around(phase, enters, row));
            let gaps = &mut gaps[row.start..][..row.length];
            for ((((gap, a), b), c), d) in gaps.iter_mut().zip(a).zip(b).zip(c).zip(d) {
                *gap += change(*a, *b, *c, *d);
            }
        }
        self.phases[n].gaps = gaps;
    }
}

/// What a displacement gains: pairs with the pixel that enters, less those with the one that leaves.
fn change(leaves: u8, opposite: u8, enters: u8, other: u8) -> i32 {
    i32::from(enters + other) - i32::from(leaves + opposite)
}

#[cfg(test)]
mod tests {
    use rand::{RngExt, SeedableRng};

    use super::*;

    #[test]
    fn updates_are_what_counting_anew_gives() {
        for phases in [2u8, 3] {
            let label = |n: usize| ((n * 7919 + n / 13 * 31) % 97 % usize::from(phases)) as u8;
            let original = PhaseMap::new((14, 17), (0..14 * 17).map(label).collect(), phases.into());
            let mut map = original.clone();
            map.flat_mut().rotate_left(29);
            let mut all = Displacements::new(&map, &original, 128);
            assert!(all.error() > 0.0 && Displacements::new(&original, &original, 128).error() == 0.0);
            let mut random = rand_pcg::Pcg64::seed_from_u64(1);
            for k in 0..400 {
                let [a, b] = [0, 0].map(|_: usize| random.random_range(0..map.pixels()));
                let (from, to) = (map.flat()[a], map.flat()[b]);
                if from != to && all.exchange_if(Exchange { a, b, from, to }, |_| k % 3 > 0) {
                    (map.flat_mut()[a], map.flat_mut()[b]) = (to, from);
                }
            }
            let anew = Displacements::new(&map, &original, 128);
            for (own, anew) in all.phases.iter().zip(&anew.phases) {
                assert_eq!((&own.gaps, own.sum, &own.wide), (&anew.gaps, anew.sum, &anew.wide));
            }
        }
    }
}
