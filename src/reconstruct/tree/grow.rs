//! Classification trees on the labels around a pixel (Breiman et al., Classification and Regression Trees, 1984).

use rayon::prelude::*;

use crate::micrograph::MOST_PHASES;
use crate::reconstruct::causal::{Place, Surroundings};

/// The row and the column, as questions after those on the labels around a pixel.
const PARITIES: usize = 2;
/// The labels of a pixel's surroundings that are counted together on one core, about.
const GRAIN: usize = 1 << 18;

/// How often each phase occurs.
pub type Counts = [u32; MOST_PHASES];

/// A tree.
#[derive(Clone, Debug, PartialEq)]
pub enum Tree {
    /// How often each phase occurs among the pixels of the leaf.
    Leaf(Counts),
    /// Whether a label around the pixel is that of a phase.
    Question {
        /// The number of the label.
        about: u32,
        /// The phase.
        phase: u8,
        /// Where it is, and where it is not.
        branches: Box<[Tree; 2]>,
    },
}

/// The answer: a label around a pixel, or whether its row or column is odd.
fn answer(around: &Surroundings, place: Place, about: usize) -> u8 {
    match about.checked_sub(around.count()) {
        None => around.value(place, about),
        Some(which) => place.parity >> which & 1,
    }
}

/// A question, with the pixels that say yes and how good it is.
struct Split {
    about: usize,
    phase: u8,
    score: f64,
}

impl Tree {
    /// A tree of pixels with their phases, no leaf of fewer than `leaf` pixels.
    pub fn grow(around: &Surroundings, phases: usize, pixels: &[(Place, u8)], leaf: usize) -> Self {
        let counts = counts_of(pixels);
        let is_pure = counts.iter().filter(|n| **n > 0).count() < 2;
        if is_pure || pixels.len() < 2 * leaf {
            return Self::Leaf(counts);
        }
        let Some(split) = best_split(around, phases, pixels, leaf, &counts) else { return Self::Leaf(counts) };
        let says_yes = |pixel: &&(Place, u8)| answer(around, pixel.0, split.about) == split.phase;
        let (yes, no): (Vec<_>, Vec<_>) = pixels.iter().partition(says_yes);
        let is_large = pixels.len() * around.count() > GRAIN;
        let grow = |pixels: &[(Place, u8)]| Self::grow(around, phases, pixels, leaf);
        let branches = match is_large {
            true => rayon::join(|| grow(&yes), || grow(&no)).into(),
            false => [grow(&yes), grow(&no)],
        };
        Self::Question { about: split.about as u32, phase: split.phase, branches: Box::new(branches) }
    }

    /// How often each phase occurs in the leaf of a pixel.
    pub fn leaf(&self, around: &Surroundings, place: Place) -> &Counts {
        let mut tree = self;
        loop {
            match tree {
                Self::Leaf(counts) => return counts,
                Self::Question { about, phase, branches } => {
                    tree = &branches[usize::from(answer(around, place, *about as usize) != *phase)];
                }
            }
        }
    }

    /// Leaves.
    pub fn leaves(&self) -> usize {
        match self {
            Self::Leaf(_) => 1,
            Self::Question { branches, .. } => branches.iter().map(Self::leaves).sum(),
        }
    }

    /// Mean of −ln p over pixels, p being the probability of a pixel's phase in its leaf.
    pub fn surprise(&self, around: &Surroundings, phases: usize, pixels: &[(Place, u8)]) -> f64 {
        let of = |(place, phase): &(Place, u8)| {
            let counts = self.leaf(around, *place);
            let all: u32 = counts.iter().sum();
            // Half a pixel more of each phase: what a leaf has not seen is not impossible.
            -((f64::from(counts[usize::from(*phase)]) + 0.5) / (f64::from(all) + 0.5 * phases as f64)).ln()
        };
        // Summed in order, so that the result does not depend on the cores.
        let each: Vec<f64> = pixels.par_iter().map(of).collect();
        each.iter().sum::<f64>() / pixels.len().max(1) as f64
    }
}

fn counts_of(pixels: &[(Place, u8)]) -> Counts {
    let mut counts = Counts::default();
    pixels.iter().for_each(|(_, phase)| counts[usize::from(*phase)] += 1);
    counts
}

/// The question that separates the phases best by Gini's measure: the largest Σ n²/N over both branches.
fn best_split(
    around: &Surroundings,
    phases: usize,
    pixels: &[(Place, u8)],
    leaf: usize,
    counts: &Counts,
) -> Option<Split> {
    let sum_of_squares =
        |counts: &Counts, all: u32| counts.iter().map(|n| f64::from(*n).powi(2)).sum::<f64>() / f64::from(all);
    let before = sum_of_squares(counts, pixels.len() as u32);
    let best_of = |about: usize| -> Option<Split> {
        let mut table = [Counts::default(); MOST_PHASES];
        for (place, phase) in pixels {
            table[usize::from(answer(around, *place, about))][usize::from(*phase)] += 1;
        }
        let is_binary = phases == 2 || about >= around.count();
        let first = u8::from(is_binary);
        let last = if is_binary { 2 } else { phases as u8 };
        let split = |phase: u8| {
            let yes = &table[usize::from(phase)];
            let all: u32 = yes.iter().sum();
            let rest = pixels.len() as u32 - all;
            if (all as usize) < leaf || (rest as usize) < leaf {
                return None;
            }
            let no: Counts = std::array::from_fn(|n| counts[n] - yes[n]);
            Some(Split { about, phase, score: sum_of_squares(yes, all) + sum_of_squares(&no, rest) })
        };
        (first..last).filter_map(split).reduce(|a, b| if b.score > a.score { b } else { a })
    };
    let questions = around.count() + PARITIES;
    let all: Vec<Option<Split>> = match pixels.len() * questions > GRAIN {
        true => (0..questions).into_par_iter().map(best_of).collect(),
        false => (0..questions).map(best_of).collect(),
    };
    let best = all.into_iter().flatten().reduce(|a, b| if b.score > a.score { b } else { a })?;
    (best.score > before * (1.0 + 1e-9)).then_some(best)
}
