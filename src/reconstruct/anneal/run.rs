//! One realisation by annealing.

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::energy::Energy;
use super::{Anneal, Pixels};
use crate::micrograph::PhaseMap;
use crate::optimise::Progress;
use crate::reconstruct::exchange::{Exchange, interfaces, propose};
use crate::reconstruct::reconstruction::LossValue;

/// Blocks of a realisation. After each, the temperature is set anew.
pub const BLOCKS: usize = 400;
/// The share of exchanges that is to be accepted, in the first and in the last block.
const FIRST_SHARE: f64 = 0.2;
const LAST_SHARE: f64 = 0.002;
/// Exchanges that are tried between two looks at requests: about a second.
const PIECE: usize = 1 << 15;

/// Pixels in random places.
pub fn noise(counts: &[usize], size: (usize, usize), seed: u64) -> PhaseMap {
    let mut labels: Vec<u8> = counts.iter().enumerate().flat_map(|(phase, n)| vec![phase as u8; *n]).collect();
    labels.shuffle(&mut Pcg64::seed_from_u64(seed));
    PhaseMap::new(size, labels, counts.len())
}

/// A realisation in progress.
pub struct Annealing {
    energy: Energy,
    /// In units of the energy.
    pub temperature: f64,
    /// The seed.
    pub seed: u64,
    /// The energy after each block, with the temperature, the share of accepted exchanges and the error of each statistic.
    pub losses: Vec<LossValue>,
    /// How far the next block is.
    pub begun: Begun,
}

/// How far a block is.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Begun {
    /// Pieces that are done.
    pieces: usize,
    /// Exchanges that were tried, and that were made.
    tried: u64,
    made: u64,
}

impl Annealing {
    /// Starts from phases.
    pub fn new(map: PhaseMap, original: &PhaseMap, settings: &Anneal, seed: u64) -> Self {
        Self::with(Energy::new(map, original, settings), settings, seed)
    }

    /// Starts from two phases, towards a radial S2 of the second one, the same in all directions.
    pub fn towards(map: PhaseMap, radial: &[f64], settings: &Anneal, seed: u64) -> Self {
        Self::with(Energy::of_curve(map, radial), settings, seed)
    }

    fn with(energy: Energy, settings: &Anneal, seed: u64) -> Self {
        let mut made = Self { energy, temperature: 0.0, seed, losses: vec![], begun: Begun::default() };
        if !settings.zero_tolerance {
            made.temperature = made.first_temperature(settings);
        }
        made
    }

    /// Its phases.
    pub fn map(&self) -> &PhaseMap {
        &self.energy.map
    }

    /// The energy: the sum of the errors of the statistics that are chosen.
    pub fn energy(&self) -> f64 {
        self.energy.total()
    }

    /// Whether all blocks are done, or nothing is left to do.
    pub fn is_done(&self) -> bool {
        self.losses.len() >= BLOCKS || self.losses.last().is_some_and(|loss| loss.total == 0.0)
    }

    /// Bytes in use, about.
    pub fn memory(&self) -> u64 {
        self.energy.memory()
    }

    /// The temperature at which about [`FIRST_SHARE`] of the exchanges that raise the energy are accepted.
    fn first_temperature(&mut self, settings: &Anneal) -> f64 {
        const SAMPLES: usize = 200;
        let mut random = Pcg64::seed_from_u64(self.seed ^ 0x5EED);
        let lists = interfaces(self.map());
        let (mut sum, mut rises) = (0.0, 0);
        for _ in 0..SAMPLES {
            let Some(e) = proposed(self.map(), &lists, settings.pixels, &mut random) else { continue };
            self.energy.exchange_if(e, |change| {
                if change > 0.0 {
                    (sum, rises) = (sum + change, rises + 1);
                }
                false
            });
        }
        if rises > 0 { -sum / f64::from(rises) / FIRST_SHARE.ln() } else { 0.0 }
    }

    /// One block of exchanges, or a piece of a large one.
    pub fn step(&mut self, settings: &Anneal) -> Progress {
        let (n, all) = (self.losses.len(), (settings.tries * self.map().pixels()).div_ceil(BLOCKS));
        let Begun { pieces, mut tried, mut made } = self.begun;
        // Each piece has random numbers of its own, so that a run goes on with the same ones.
        let number = (n as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add((pieces as u64) << 40);
        let mut random = Pcg64::seed_from_u64(self.seed.wrapping_add(number));
        let first = pieces.saturating_mul(PIECE).min(all);
        let count = PIECE.min(all - first);
        let lists = interfaces(self.map());
        for _ in 0..count {
            let Some(e) = proposed(self.map(), &lists, settings.pixels, &mut random) else { continue };
            let (temperature, chance) = (self.temperature, random.random::<f64>());
            let accepts = |change: f64| change <= 0.0 || chance < (-change / temperature).exp();
            tried += 1;
            made += u64::from(self.energy.exchange_if(e, accepts));
        }
        if first + count < all {
            self.begun = Begun { pieces: pieces + 1, tried, made };
            return Progress::Moving;
        }
        self.begun = Begun::default();
        let share = made as f64 / tried.max(1) as f64;
        let errors = self.energy.parts();
        let total = errors.iter().sum();
        self.losses.push(LossValue { total, parts: [vec![self.temperature, share], errors].concat() });
        if total == 0.0 {
            return Progress::Converged;
        }
        if !settings.zero_tolerance {
            let part = (n + 1) as f64 / BLOCKS as f64;
            let wanted = FIRST_SHARE * (LAST_SHARE / FIRST_SHARE).powf(part);
            self.temperature *= (wanted / share.max(1e-6)).powf(0.3).clamp(0.8, 1.1);
        }
        Progress::Moving
    }
}

/// Two pixels that may change places.
fn proposed(map: &PhaseMap, lists: &[Vec<u32>], pixels: Pixels, random: &mut Pcg64) -> Option<Exchange> {
    match pixels {
        Pixels::Interfaces => propose(map, lists, random),
        Pixels::Any => {
            let [a, b] = [0, 0].map(|_: usize| random.random_range(0..map.pixels()));
            let (from, to) = (map.flat()[a], map.flat()[b]);
            (from != to).then_some(Exchange { a, b, from, to })
        }
    }
}
