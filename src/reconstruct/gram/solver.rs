//! One realisation, from noise to a micrograph.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::decode::{cluster, rank};
use super::loss::Loss;
use super::paths::PathTerm;
use super::problem::Problem;
use super::pyramid::enlarge;
use super::settings::{Decoding, OptimiserKind};
use super::spatial::SpatialTerm;
use super::state::{Optimiser, Saved};
use crate::compute::ComputeError;
use crate::micrograph::PhaseMap;
use crate::optimise::{Adam, Bounds, Lbfgsb, Progress};
use crate::reconstruct::ReconstructError;
use crate::reconstruct::fractions::{match_counts, target_counts};
use crate::reconstruct::reconstruction::LossValue;

/// Bounds of every channel.
const BOUNDS: Bounds = Bounds { lower: 0.0, upper: 255.0 };

/// The loss, the network's gradient and, if there are spatial terms, the whole gradient.
type Evaluation = (f64, Vec<f32>, Option<Vec<f64>>);

/// A realisation in progress.
pub struct Solver {
    loss: Loss,
    spatial: Option<SpatialTerm>,
    paths: Option<PathTerm>,
    optimiser: Optimiser,
    /// The current size, from 0, the coarsest.
    pub level: usize,
    /// The seed of the random start.
    pub seed: u64,
    /// The loss after every iteration so far, at all sizes.
    pub losses: Vec<LossValue>,
}

impl Solver {
    /// Starts from uniform noise.
    ///
    /// # Errors
    /// The device lacks memory or is lost.
    pub fn new(problem: &Problem, seed: u64) -> Result<Self, ReconstructError> {
        let mut random = Pcg64::seed_from_u64(seed);
        let size = problem.levels[0].size;
        let n = 3 * size.0 * size.1;
        let x: Vec<f32> = (0..n).map(|_| (f64::from(random.random::<f32>()) * BOUNDS.upper) as f32).collect();
        let loss = problem.loss(0)?;
        let (spatial, paths) = (problem.spatial(0), problem.paths(0));
        Ok(Self { loss, spatial, paths, optimiser: start(problem, x), level: 0, seed, losses: vec![] })
    }

    /// Resumes a saved realisation.
    ///
    /// # Errors
    /// It is of another size, or the device lacks memory or is lost.
    pub fn resume(problem: &Problem, seed: u64, saved: Saved) -> Result<Self, ReconstructError> {
        let Saved { optimiser, losses, level } = saved;
        let fits = problem.levels.get(level).is_some_and(|l| optimiser.variables() == 3 * l.size.0 * l.size.1);
        if !fits {
            return Err(ReconstructError::OtherState("another size".into()));
        }
        let (spatial, paths) = (problem.spatial(level), problem.paths(level));
        Ok(Self { loss: problem.loss(level)?, spatial, paths, optimiser, level, seed, losses })
    }

    /// Continues from the same state on the problem's device, after the previous one was lost.
    ///
    /// # Errors
    /// The device lacks memory or is lost.
    pub fn change_device(&mut self, problem: &Problem) -> Result<(), ComputeError> {
        self.loss = problem.loss(self.level)?;
        Ok(())
    }

    /// One iteration, at the next size if those at this size are done. `interrupted` is called before every evaluation.
    ///
    /// # Errors
    /// [`ReconstructError::Interrupted`], or an error of the device; the state is then as before the iteration.
    pub fn step(&mut self, problem: &Problem, interrupted: &dyn Fn() -> bool) -> Result<Progress, ReconstructError> {
        if self.at_end_of_level(problem) && self.level + 1 < problem.levels.len() {
            self.enlarge(problem)?;
        }
        let mut seen = vec![];
        let (loss, spatial, paths) = (&mut self.loss, &self.spatial, &self.paths);
        let mut evaluate = |image: &[f32]| -> Result<Evaluation, ReconstructError> {
            if interrupted() {
                return Err(ReconstructError::Interrupted);
            }
            let (mut value, slope) = loss.evaluate(image)?;
            // The terms add to a gradient in 64 bits, which exists only if there are terms.
            let has_terms = spatial.is_some() || paths.is_some();
            let mut gradient = has_terms.then(|| slope.iter().map(|s| f64::from(*s)).collect::<Vec<f64>>());
            if let Some(gradient) = &mut gradient {
                let terms = [
                    spatial.as_ref().map(|term| term.add(image, gradient)),
                    paths.as_ref().map(|term| term.add(image, gradient)),
                ];
                for term in terms.into_iter().flatten() {
                    value.total += term;
                    value.parts.push(term);
                }
            }
            let total = value.total;
            seen.push(value);
            Ok((total, slope, gradient))
        };
        let progress = match &mut self.optimiser {
            Optimiser::Lbfgsb(state) => {
                let mut image = vec![0.0f32; state.x.len()];
                state.step(&mut |x: &[f64], gradient: &mut [f64]| -> Result<f64, ReconstructError> {
                    image.iter_mut().zip(x).for_each(|(i, x)| *i = *x as f32);
                    let (total, slope, whole) = evaluate(&image)?;
                    match whole {
                        Some(whole) => gradient.copy_from_slice(&whole),
                        None => gradient.iter_mut().zip(slope).for_each(|(g, s)| *g = f64::from(s)),
                    }
                    Ok(total)
                })?
            }
            Optimiser::Adam(state) => state.step(&mut |x: &[f32]| -> Result<(f64, Vec<f32>), ReconstructError> {
                let (total, slope, whole) = evaluate(x)?;
                Ok((total, whole.map_or(slope, |whole| whole.iter().map(|g| *g as f32).collect())))
            })?,
        };
        // A line search evaluates several points; only the loss of the accepted one is kept.
        let value = self.optimiser.value();
        if progress == Progress::Moving
            && let Some(accepted) = seen.into_iter().rev().find(|v| v.total == value)
        {
            self.losses.push(accepted);
        }
        if progress == Progress::Converged && self.level + 1 < problem.levels.len() {
            self.enlarge(problem)?;
            return Ok(Progress::Moving);
        }
        Ok(progress)
    }

    fn at_end_of_level(&self, problem: &Problem) -> bool {
        self.optimiser.iteration() >= problem.gram.iterations
    }

    /// Whether all iterations at all sizes are done.
    pub fn is_done(&self, problem: &Problem) -> bool {
        self.level + 1 == problem.levels.len() && self.at_end_of_level(problem)
    }

    /// Goes on at the next size.
    fn enlarge(&mut self, problem: &Problem) -> Result<(), ReconstructError> {
        let (from, to) = (problem.levels[self.level].size, problem.levels[self.level + 1].size);
        let x = enlarge(&self.optimiser.image(), from, to);
        self.loss = problem.loss(self.level + 1)?;
        self.spatial = problem.spatial(self.level + 1);
        self.paths = problem.paths(self.level + 1);
        self.optimiser = start(problem, x);
        self.level += 1;
        Ok(())
    }

    /// Iterations so far, at all sizes.
    pub fn iteration(&self) -> usize {
        self.losses.len()
    }

    /// The work done so far, and all of it, in iterations at the full size: an iteration costs as much as its image has
    /// pixels.
    pub fn work(&self, problem: &Problem) -> (f64, f64) {
        let pixels = |(height, width): (usize, usize)| (height * width) as f64;
        let cost = |level: usize| pixels(problem.levels[level].size) / pixels(problem.size);
        let sum = |levels: usize| (0..levels).map(cost).sum::<f64>() * problem.gram.iterations as f64;
        (sum(self.level) + self.optimiser.iteration() as f64 * cost(self.level), sum(problem.levels.len()))
    }

    /// The optimiser's state, for a checkpoint.
    pub fn optimiser(&self) -> &Optimiser {
        &self.optimiser
    }

    /// The image as it is now, at the result's size: three channels in 0 … 255.
    pub fn image(&self, problem: &Problem) -> Vec<f32> {
        let image = self.optimiser.image();
        let size = problem.levels[self.level].size;
        if size == problem.size { image } else { enlarge(&image, size, problem.size) }
    }

    /// Bytes in use on the device and by the optimiser.
    pub fn memory(&self) -> u64 {
        let each = match &self.optimiser {
            Optimiser::Lbfgsb(state) => 8 * (2 * state.history.s.len() + 2),
            Optimiser::Adam(_) => 4 * 3,
        };
        self.loss.memory() + (each * self.optimiser.variables()) as u64
    }

    /// The seed and the loss after every iteration; everything else is freed.
    pub fn into_record(self) -> (u64, Vec<LossValue>) {
        (self.seed, self.losses)
    }

    /// The compiled loss; tests use it to lose the device.
    pub fn loss(&mut self) -> &mut Loss {
        &mut self.loss
    }
}

fn start(problem: &Problem, x: Vec<f32>) -> Optimiser {
    match problem.gram.optimiser {
        OptimiserKind::Lbfgsb => {
            Optimiser::Lbfgsb(Box::new(Lbfgsb::new(x.into_iter().map(f64::from).collect(), BOUNDS)))
        }
        OptimiserKind::Adam => Optimiser::Adam(Box::new(Adam::new(x, BOUNDS, problem.gram.adam_rate))),
    }
}

/// The phases of an image with exactly the original's volume fractions, or `None` when there are no phases.
pub fn decode(problem: &Problem, image: &[f32], seed: u64) -> Option<PhaseMap> {
    let original = problem.target.phases.as_ref()?;
    if let Some(map) = ranked(problem, original, image) {
        return Some(map);
    }
    let (mut map, centres) = cluster(image, &problem.vectors, problem.size);
    match_counts(&mut map, image, &centres, &wanted_counts(problem, original), seed);
    Some(map)
}

/// The phases of an image, computed quickly: by k-means, the volume fractions are not exact.
pub fn rough_phases(problem: &Problem, image: &[f32]) -> Option<PhaseMap> {
    let original = problem.target.phases.as_ref()?;
    Some(ranked(problem, original, image).unwrap_or_else(|| cluster(image, &problem.vectors, problem.size).0))
}

/// The number of pixels of each phase of a result.
fn wanted_counts(problem: &Problem, original: &PhaseMap) -> Vec<usize> {
    target_counts(&original.counts(), problem.size.0 * problem.size.1)
}

/// The two phases of an image by a threshold, if the settings say so.
fn ranked(problem: &Problem, original: &PhaseMap, image: &[f32]) -> Option<PhaseMap> {
    let wanted = original.phases == 2 && problem.gram.decoding == Decoding::Rank;
    wanted.then(|| rank(image, &problem.vectors, wanted_counts(problem, original)[1], problem.size))
}
