//! One realisation on its way from noise to a micrograph.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::decode::{cluster, match_counts, target_counts};
use super::loss::{Loss, LossValue};
use super::problem::Problem;
use super::settings::OptimiserKind;
use super::{Checkpoint, ReconstructError};
use crate::micrograph::PhaseMap;
use crate::optimise::{Adam, Bounds, Lbfgsb, Progress};

/// Bounds of every channel.
const BOUNDS: Bounds = Bounds { lower: 0.0, upper: 255.0 };

/// The optimiser's state.
#[derive(Clone, Debug, PartialEq)]
pub enum Optimiser {
    /// Quasi-Newton.
    Lbfgsb(Box<Lbfgsb>),
    /// First order.
    Adam(Box<Adam>),
}

impl Optimiser {
    /// The variables.
    pub fn x(&self) -> &[f64] {
        match self {
            Self::Lbfgsb(state) => &state.x,
            Self::Adam(state) => &state.x,
        }
    }

    fn value(&self) -> f64 {
        match self {
            Self::Lbfgsb(state) => state.value,
            Self::Adam(state) => state.value,
        }
    }
}

/// A realisation in progress.
pub struct Solver {
    loss: Loss,
    optimiser: Optimiser,
    /// The seed of the random start.
    pub seed: u64,
    /// The loss after every iteration so far.
    pub losses: Vec<LossValue>,
}

impl Solver {
    /// Starts from uniform noise.
    ///
    /// # Errors
    /// The device lacks memory or is lost.
    pub fn new(problem: &Problem, seed: u64) -> Result<Self, ReconstructError> {
        let loss = problem.loss()?;
        let mut random = Pcg64::seed_from_u64(seed);
        let n = 3 * problem.size.0 * problem.size.1;
        let x: Vec<f64> = (0..n).map(|_| f64::from(random.random::<f32>()) * BOUNDS.upper).collect();
        let optimiser = match problem.settings.optimiser {
            OptimiserKind::Lbfgsb => Optimiser::Lbfgsb(Box::new(Lbfgsb::new(x, BOUNDS))),
            OptimiserKind::Adam => Optimiser::Adam(Box::new(Adam::new(x, BOUNDS, problem.settings.adam_rate))),
        };
        Ok(Self { loss, optimiser, seed, losses: vec![] })
    }

    /// Goes on from a checkpoint.
    ///
    /// # Errors
    /// The device lacks memory or is lost.
    pub fn resume(problem: &Problem, checkpoint: Checkpoint) -> Result<Self, ReconstructError> {
        let Checkpoint { optimiser, losses, seed, .. } = checkpoint;
        Ok(Self { loss: problem.loss()?, optimiser, seed, losses })
    }

    /// One iteration. `interrupted` is asked before every evaluation.
    ///
    /// # Errors
    /// [`ReconstructError::Interrupted`], or the device's; the state is then as before the iteration.
    pub fn step(&mut self, interrupted: &dyn Fn() -> bool) -> Result<Progress, ReconstructError> {
        let mut seen = vec![];
        let loss = &mut self.loss;
        let mut image = vec![0.0f32; self.optimiser.x().len()];
        let mut objective = |x: &[f64], gradient: &mut [f64]| -> Result<f64, ReconstructError> {
            if interrupted() {
                return Err(ReconstructError::Interrupted);
            }
            image.iter_mut().zip(x).for_each(|(i, x)| *i = *x as f32);
            let (value, slope) = loss.evaluate(&image)?;
            gradient.iter_mut().zip(&slope).for_each(|(g, s)| *g = f64::from(*s));
            let total = value.total;
            seen.push(value);
            Ok(total)
        };
        let progress = match &mut self.optimiser {
            Optimiser::Lbfgsb(state) => state.step(&mut objective)?,
            Optimiser::Adam(state) => state.step(&mut objective)?,
        };
        // Of the points of a line search, the one that was accepted.
        let value = self.optimiser.value();
        if progress == Progress::Moving
            && let Some(accepted) = seen.into_iter().rev().find(|v| v.total == value)
        {
            self.losses.push(accepted);
        }
        Ok(progress)
    }

    /// Iterations so far.
    pub fn iteration(&self) -> usize {
        self.losses.len()
    }

    /// The optimiser's state, for a checkpoint.
    pub fn optimiser(&self) -> &Optimiser {
        &self.optimiser
    }

    /// The image as it is now: three channels in 0 … 255.
    pub fn image(&self) -> Vec<f32> {
        self.optimiser.x().iter().map(|x| *x as f32).collect()
    }

    /// Bytes in use on the device and by the optimiser.
    pub fn memory(&self) -> u64 {
        let vectors = match &self.optimiser {
            Optimiser::Lbfgsb(state) => 2 * state.history.s.len() + 2,
            Optimiser::Adam(_) => 3,
        };
        self.loss.memory() + (vectors * self.optimiser.x().len() * 8) as u64
    }

    /// The compiled loss; tests lose its device through it.
    pub fn loss(&mut self) -> &mut Loss {
        &mut self.loss
    }
}

/// The phases of an image with exactly the original's volume fractions, or `None` when there are no phases.
pub fn decode(problem: &Problem, image: &[f32], seed: u64) -> Option<PhaseMap> {
    let original = problem.phases.as_ref()?;
    let (mut map, centres) = cluster(image, &problem.vectors, problem.size);
    let counts = target_counts(&original.counts(), map.labels.len());
    match_counts(&mut map, image, &centres, &counts, seed);
    Some(map)
}
