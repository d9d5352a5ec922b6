//! Synthesis by a decision tree (Bostanabad, Bui, Xie, Apley & Chen, Acta Mater. 103:89, 2016).
//!
//! A classification tree learns the phase of a pixel from the phases before it in reading order. A result is made in
//! reading order: each pixel takes a phase at random, with the probabilities of its leaf. In several sizes, each size has
//! a tree of its own, which sees the coarser picture too.

mod grow;
mod settings;

use std::sync::Arc;

use rand::RngExt;

pub use settings::{MOST_LEAF, MOST_REACH, MOST_SCALES, Tree};

use super::ReconstructError;
use super::causal::{Canvases, Place, Steps, Surroundings, inner_places, most_reach, sizes_of};
use super::pieces::{Pieces, Synthesis, random_of};
use super::plane::Plane;
use super::reconstruction::Reconstruction;
use super::settings::{MethodSettings, Settings, check_edges};
use super::steering::Steering;
use super::target::Target;
use super::target_counts;
use crate::compute::Device;
use crate::micrograph::MOST_PHASES;

/// What cross-validation chooses from, in pixels.
const REACHES: [usize; 11] = [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16];
/// How far a reach may be from the best one.
const WITHIN: f64 = 1.02;
/// Parts of the original, of which each is foretold by a tree of the others.
const FOLDS: usize = 3;
/// The most pixels that a tree learns from, and the most that each tree of the cross-validation does.
const MOST_PIXELS: usize = 1 << 18;
const MOST_TRIAL_PIXELS: usize = 1 << 16;
impl MethodSettings for Tree {
    fn name(&self) -> &'static str {
        "Decision tree"
    }

    fn check(&self, original: (usize, usize), result: (usize, usize)) -> Result<(), ReconstructError> {
        check_edges("A decision tree", original, result)?;
        let wrong = |text: String| Err(ReconstructError::Settings(text));
        if self.reach > MOST_REACH {
            return wrong(format!("A pixel can see at most {MOST_REACH} pixels."));
        }
        if !(1..=MOST_LEAF).contains(&self.leaf) {
            return wrong(format!("A leaf can have between 1 and {MOST_LEAF} pixels at least."));
        }
        if !(1..=MOST_SCALES).contains(&self.scales) {
            return wrong(format!("Between 1 and {MOST_SCALES} sizes are possible."));
        }
        Ok(())
    }

    fn prepare(
        &self,
        target: &Arc<Target>,
        settings: &Settings,
        _device: Device,
    ) -> Result<Box<dyn Reconstruction>, ReconstructError> {
        let map = target.needed_phases("A decision tree tells phases")?;
        let size = settings.output_size(target.size());
        let counts = target_counts(&map.counts(), size.0 * size.1);
        Ok(Box::new(Pieces::new(TreeSynthesis::new(Plane::of_phases(map), self, size), counts)))
    }
}

/// The trees of an original, and the realisation in progress.
struct TreeSynthesis {
    originals: Vec<Plane>,
    trees: Vec<grow::Tree>,
    reaches: Vec<usize>,
    size: (usize, usize),
    seed: u64,
    made: usize,
    canvases: Canvases,
    steering: Steering,
}

impl TreeSynthesis {
    fn new(original: Plane, settings: &Tree, size: (usize, usize)) -> Self {
        let originals = sizes_of(original, settings.scales);
        let (mut trees, mut reaches) = (vec![], vec![]);
        for n in 0..originals.len() {
            let (plane, coarser) = (&originals[n], n.checked_sub(1).map(|c| &originals[c]));
            let reach = match settings.reach {
                0 => chosen_reach(plane, coarser, settings.leaf),
                reach => reach.min(most_reach(plane)),
            };
            let pixels = pixels_of(plane, coarser, reach, MOST_PIXELS);
            let steps = Steps::of(plane, coarser, reach);
            let around = Surroundings::of(plane, coarser, &steps);
            trees.push(grow::Tree::grow(&around, plane.phases, &pixels, settings.leaf));
            reaches.push(reach);
        }
        let canvases = Canvases::new(&originals, &reaches, size, 0);
        let steering = Steering::of(&originals[0]);
        Self { originals, trees, reaches, size, seed: 0, made: 0, canvases, steering }
    }
}

/// The pixels that a tree learns from, in reading order; of too many, random ones.
fn pixels_of(plane: &Plane, coarser: Option<&Plane>, reach: usize, most: usize) -> Vec<(Place, u8)> {
    let places = inner_places(plane, coarser, reach, most);
    places.into_iter().map(|place| (place, plane.values[place.fine as usize])).collect()
}

/// The largest reach whose trees foretell nearly as well as the best ones the pixels of a part that they did not learn
/// from. Foretelling one pixel needs the nearest ones most; a larger reach keeps larger features.
fn chosen_reach(plane: &Plane, coarser: Option<&Plane>, leaf: usize) -> usize {
    let most = most_reach(plane);
    let possible = REACHES.into_iter().filter(|reach| *reach <= most);
    let surprise = |reach: usize| {
        let steps = Steps::of(plane, coarser, reach);
        let around = Surroundings::of(plane, coarser, &steps);
        let pixels = pixels_of(plane, coarser, reach, MOST_TRIAL_PIXELS);
        let fold = |place: &Place| place.fine as usize / plane.width * FOLDS / plane.height;
        (0..FOLDS)
            .map(|n| {
                let (test, train): (Vec<_>, Vec<_>) = pixels.iter().partition(|(place, _)| fold(place) == n);
                let tree = grow::Tree::grow(&around, plane.phases, &train, leaf);
                tree.surprise(&around, plane.phases, &test) * test.len() as f64 / pixels.len().max(1) as f64
            })
            .sum::<f64>()
    };
    let tried: Vec<(usize, f64)> = possible.map(|reach| (reach, surprise(reach))).collect();
    let best = tried.iter().map(|(_, surprise)| *surprise).fold(f64::INFINITY, f64::min);
    let good = tried.iter().rev().find(|(_, surprise)| *surprise <= WITHIN * best);
    good.map_or(most.min(REACHES[0]), |(reach, _)| *reach)
}

impl Synthesis for TreeSynthesis {
    fn begin(&mut self, seed: u64) {
        (self.seed, self.made) = (seed, 0);
        self.canvases = Canvases::new(&self.originals, &self.reaches, self.size, seed);
        self.steering = Steering::of(&self.originals[0]);
    }

    fn pieces(&self) -> usize {
        self.canvases.pieces()
    }

    fn make(&mut self, piece: usize) -> f64 {
        let mut random = random_of(self.seed, piece);
        let (n, pixels) = self.canvases.piece(piece);
        if pixels.start == 0 {
            self.steering = Steering::of(&self.originals[n]);
        }
        let phases = self.originals[n].phases;
        let count = pixels.len().max(1) as f64;
        let mut surprise = 0.0;
        for at in pixels {
            let place = self.canvases.canvas(n).place(at);
            let counts = *self.trees[n].leaf(&self.canvases.surroundings(n), place);
            let weights: [f64; MOST_PHASES] = std::array::from_fn(|p| match counts[p] {
                0 => 0.0,
                n => f64::from(n) * self.steering.factor(p),
            });
            let mut left = random.random::<f64>() * weights.iter().sum::<f64>();
            let last = (0..phases).rev().find(|p| counts[*p] > 0).unwrap_or(0);
            let chosen = (0..last).find(|p| {
                left -= weights[*p];
                left < 0.0
            });
            let chosen = chosen.unwrap_or(last);
            surprise -= (f64::from(counts[chosen]) / f64::from(counts.iter().sum::<u32>())).ln();
            self.canvases.set(n, place, &[chosen as u8]);
            self.steering.count(chosen as u8);
        }
        self.made = piece + 1;
        surprise / count
    }

    fn plane(&self) -> Plane {
        self.canvases.result(self.made)
    }

    fn saved(&self) -> Vec<f32> {
        [self.steering.saved(), self.canvases.saved()].concat()
    }

    fn restore(&mut self, piece: usize, saved: &[f32]) -> Result<(), String> {
        let values = self.steering.restore(saved)?;
        self.canvases.restore(values)?;
        self.made = piece;
        Ok(())
    }

    fn memory(&self) -> u64 {
        self.canvases.memory() + self.originals.iter().map(|p| p.values.len() as u64).sum::<u64>()
    }

    fn notes(&self) -> Vec<String> {
        let each = self
            .reaches
            .iter()
            .zip(&self.trees)
            .map(|(reach, tree)| format!("{reach} px with {} leaves", tree.leaves()));
        let each: Vec<String> = each.collect();
        vec![format!("Neighbourhoods of the tree, from coarse to fine: {}.", each.join(", "))]
    }
}
