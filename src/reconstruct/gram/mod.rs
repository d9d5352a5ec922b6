//! Gram matrices of a feature network (Li, Zhang, Zhao, Burkhart, Brinson & Chen, Sci. Rep. 8:13461, 2018), with the
//! two-point correlation and the lineal path as terms of the loss.
//!
//! A random image is optimised from coarse to fine until its Gram matrices, S2 and lineal path are those of the
//! original. A threshold (or k-means) then turns it back into phases.

mod decode;
mod encode;
mod layers;
pub mod loss;
mod paths;
mod preset;
mod problem;
mod pyramid;
mod settings;
mod solver;
mod spatial;
mod state;
mod terms;
#[cfg(test)]
mod terms_tests;
mod tiles;

use std::sync::Arc;

pub use decode::{cluster, rank};
pub use encode::{Encoding, encode, phase_vectors};
pub use preset::Preset;
pub use problem::{Level, Problem, resources};
pub use settings::{CorrelationTarget, Decoding, Gram, MOST_ITERATIONS, MOST_LEVELS, OptimiserKind};
pub use solver::{Solver, decode, rough_phases};
pub use state::{Optimiser, Saved};
pub use terms::{Terms, level_sizes};

use super::ReconstructError;
use super::reconstruction::{Outcome, Reconstruction, State, Status, WeightsInfo};
use super::settings::{MethodSettings, Settings};
use super::target::Target;
use crate::compute::{Device, DeviceInfo};
use crate::micrograph::PhaseMap;
use crate::optimise::Progress;

impl MethodSettings for Gram {
    fn name(&self) -> &'static str {
        "Gram matrices"
    }

    fn check(&self, original: (usize, usize), result: (usize, usize)) -> Result<(), ReconstructError> {
        Gram::check(self, original, result)
    }

    fn prepare(
        &self,
        target: &Arc<Target>,
        settings: &Settings,
        device: Device,
    ) -> Result<Box<dyn Reconstruction>, ReconstructError> {
        let problem = Problem::new(target.clone(), settings.clone(), self.clone(), device)?;
        Ok(Box::new(GramReconstruction { problem, solver: None }))
    }

    fn iterations(&self) -> usize {
        self.iterations * self.levels
    }

    fn notes(&self, (height, width): (usize, usize)) -> Vec<String> {
        let field = self.depth.receptive_field();
        let sentence = || {
            format!(
                "The depth {} sees {field} × {field} px, more than the original's {width} × {height} px: results tend to copy \
                 the original. Choose a shallower depth or a larger micrograph.",
                self.depth.name()
            )
        };
        if field > height.min(width) { vec![sentence()] } else { vec![] }
    }

    fn uses_device(&self) -> bool {
        true
    }

    fn fits_lineal_path(&self) -> bool {
        true
    }

    fn is_polished(&self) -> bool {
        // The polish brings S2 to the sample's, which takes the material's variation away again.
        self.correlation_target == CorrelationTarget::Sample
    }

    fn loss_names(&self) -> Vec<String> {
        let layers = self.taps().into_iter().map(|(depth, _)| depth.name().to_string());
        let terms = [(self.correlation_weight, "S2"), (self.path_weight, "lineal path")];
        layers.chain(terms.into_iter().filter(|(w, _)| *w > 0.0).map(|(_, name)| name.to_string())).collect()
    }
}

/// A reconstruction by Gram matrices.
pub struct GramReconstruction {
    /// The original, its Gram matrices, and what all realisations share.
    pub problem: Problem,
    /// The realisation in progress.
    pub solver: Option<Solver>,
}

impl GramReconstruction {
    fn solver(&self) -> &Solver {
        self.solver.as_ref().expect("a realisation is in progress")
    }
}

impl Reconstruction for GramReconstruction {
    fn begin(&mut self, seed: u64) -> Result<(), ReconstructError> {
        self.solver = Some(Solver::new(&self.problem, seed)?);
        Ok(())
    }

    fn resume(&mut self, seed: u64, state: &State) -> Result<(), ReconstructError> {
        let saved = Saved::read(state).map_err(ReconstructError::DamagedState)?;
        self.solver = Some(Solver::resume(&self.problem, seed, saved)?);
        Ok(())
    }

    fn change_device(&mut self, device: Device) -> Result<(), ReconstructError> {
        self.problem.device = device;
        if let Some(solver) = &mut self.solver {
            solver.change_device(&self.problem)?;
        }
        Ok(())
    }

    fn step(&mut self, interrupted: &dyn Fn() -> bool) -> Result<Progress, ReconstructError> {
        let Self { problem, solver } = self;
        solver.as_mut().expect("a realisation is in progress").step(problem, interrupted)
    }

    fn state(&self) -> State<'_> {
        let solver = self.solver();
        state::state(solver.optimiser(), &solver.losses, solver.level)
    }

    fn status(&self) -> Status<'_> {
        let (problem, solver) = (&self.problem, self.solver());
        Status {
            iteration: solver.iteration(),
            iterations: problem.gram.iterations * problem.levels.len(),
            work: solver.work(problem),
            is_done: solver.is_done(problem),
            memory: solver.memory(),
            losses: &solver.losses,
        }
    }

    fn image(&self) -> Vec<f32> {
        self.solver().image(&self.problem)
    }

    fn rough_phases(&self, image: &[f32]) -> Option<PhaseMap> {
        rough_phases(&self.problem, image)
    }

    fn finish(&mut self) -> Outcome {
        let solver = self.solver.take().expect("a realisation is in progress");
        let image = solver.image(&self.problem);
        // This frees the optimiser's memory first, because decoding a large image takes as much again.
        let (seed, losses) = solver.into_record();
        let phases = decode(&self.problem, &image, seed);
        Outcome { image, phases, seed, losses }
    }

    fn device(&self) -> DeviceInfo {
        self.problem.device.info()
    }

    fn network(&self) -> Option<WeightsInfo> {
        let weights = &self.problem.weights;
        Some(WeightsInfo { name: weights.name(), sha256: weights.hash().into() })
    }

    fn windows(&self) -> (usize, u64) {
        (self.problem.cost.windows, self.problem.cost.bytes)
    }
}
