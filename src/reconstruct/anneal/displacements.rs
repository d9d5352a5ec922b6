//! S2 at every displacement, updated with every exchange of pixels.

use crate::micrograph::PhaseMap;
use crate::reconstruct::exchange::Exchange;
use crate::reconstruct::half_disc::{HalfDisc, Wide, moved};
use crate::stats::{self, Boundary, Correlation};

/// S2 of all phases at every displacement, periodic.
pub struct Displacements {
    disc: HalfDisc,
    /// Of two phases only the second, because the errors of both are equal.
    phases: Vec<Phase>,
}

struct Phase {
    label: u8,
    wide: Wide,
    /// Pairs of pixels at each displacement, less those that are wanted.
    gaps: Vec<i32>,
    /// `Σ|gap|`, and what it is divided by: `Σ|S2 − φ²|` of the original, in pairs.
    sum: i64,
    under: f64,
    /// What the exchange that is tried changes at each displacement.
    changes: Vec<i8>,
}

impl Displacements {
    /// S2 of a map, with that of its original as target, at displacements shorter than `most`.
    pub fn new(map: &PhaseMap, original: &PhaseMap, most: usize) -> Self {
        let distances = stats::distances(map.labels.shape()).min(stats::distances(original.labels.shape())).min(most);
        let disc = HalfDisc::new(map.size(), distances);
        let pixels = map.pixels() as f64;
        let phase = |label: u8| {
            let of =
                |map: &PhaseMap| Correlation::two_point(&map.indicator(usize::from(label)).view(), Boundary::Periodic);
            let (own, target) = (of(map), of(original));
            let square = target.at([0, 0]).powi(2);
            let under = disc.displacements().map(|d| (target.at(d) - square).abs()).sum::<f64>() * pixels;
            let gap = |d| (own.at(d) * pixels).round() as i32 - (target.at(d) * pixels).round() as i32;
            let gaps: Vec<i32> = disc.displacements().map(gap).collect();
            let sum = gaps.iter().map(|gap| i64::from(gap.abs())).sum();
            let wide = disc.indicator(map, label);
            Phase { label, wide, gaps, sum, under: under.max(1e-300), changes: vec![] }
        };
        let phases = (u8::from(map.phases == 2)..map.phases as u8).map(phase).collect();
        Self { disc, phases }
    }

    /// How many distances are reached.
    pub fn reach(&self) -> usize {
        self.disc.distances()
    }

    /// The sum of the errors of all phases, `Σ|ΔS2| / Σ|S2 − φ²|` of each.
    pub fn error(&self) -> f64 {
        self.phases.iter().map(|phase| phase.sum as f64 / phase.under).sum()
    }

    /// Makes an exchange if `accepts` the change of the summed errors. Returns whether it did.
    pub fn exchange_if(&mut self, e: Exchange, accepts: impl FnOnce(f64) -> bool) -> bool {
        let (before, disc) = (self.error(), &self.disc);
        let (mut after, mut tried) = (0.0, vec![]);
        for (n, phase) in self.phases.iter_mut().enumerate() {
            let mut sum = phase.sum;
            if let Some((leaves, enters)) = moved(phase.label, e) {
                disc.set(&mut phase.wide, leaves, false);
                disc.changes(&phase.wide, (leaves, enters), &mut phase.changes);
                sum = phase.sum_with_changes();
                tried.push((n, leaves, enters, sum));
            }
            after += sum as f64 / phase.under;
        }
        let is_made = accepts(after - before);
        for (n, leaves, enters, sum) in tried {
            let phase = &mut self.phases[n];
            if is_made {
                disc.set(&mut phase.wide, enters, true);
                phase.gaps.iter_mut().zip(&phase.changes).for_each(|(gap, change)| *gap += i32::from(*change));
                phase.sum = sum;
            } else {
                disc.set(&mut phase.wide, leaves, true);
            }
        }
        is_made
    }
}

impl Phase {
    /// `Σ|gap|` with the changes.
    fn sum_with_changes(&self) -> i64 {
        /// The sum of so many gaps fits into 32 bits: each is at most the number of pixels, below 2²⁸.
        const SOME: usize = 16;
        let both = self.gaps.chunks(SOME).zip(self.changes.chunks(SOME));
        let some = |(gaps, changes): (&[i32], &[i8])| -> u32 {
            gaps.iter().zip(changes).map(|(gap, change)| (gap + i32::from(*change)).unsigned_abs()).sum()
        };
        both.map(|both| i64::from(some(both))).sum()
    }
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
