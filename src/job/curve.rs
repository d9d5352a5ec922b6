//! The task of a reconstruction from a saved S2.

use std::cell::Cell;

use super::{Control, Ending, Failure, Progress, Task};
use crate::micrograph::PhaseMap;
use crate::reconstruct::anneal::{Anneal, anneal_curve};

/// Reconstructs from a radial S2; its outputs are the realisations, with their seeds.
pub struct FromCurve {
    /// S2 at r = 0, 1, 2 … pixels.
    pub radial: Vec<f64>,
    /// Height and width of the results.
    pub size: (usize, usize),
    /// The settings of the annealing.
    pub anneal: Anneal,
    /// The first seed, and how many realisations.
    pub seeds: (u64, usize),
}

/// How far it is.
#[derive(Clone, Debug, Default)]
pub struct CurveProgress {
    share: f64,
    doing: String,
}

impl Progress for CurveProgress {
    fn share(&self) -> f64 {
        self.share
    }

    fn doing(&self) -> String {
        self.doing.clone()
    }
}

impl Task for FromCurve {
    const NAME: &'static str = "reconstruction from a curve";
    type Progress = CurveProgress;
    type Output = (u64, PhaseMap);

    fn run(self, control: &Control<CurveProgress, (u64, PhaseMap)>) -> Result<Ending, Failure> {
        let (first, count) = self.seeds;
        for n in 0..count {
            let seed = first.wrapping_add(n as u64);
            let is_stopped = Cell::new(false);
            let go_on = |share: f64| {
                let doing = format!("annealing, realisation {} of {count}", n + 1);
                control.show(CurveProgress { share: (n as f64 + share) / count as f64, doing });
                is_stopped.set(control.is_ending());
                !is_stopped.get()
            };
            match anneal_curve(&self.radial, self.size, &self.anneal, seed, go_on) {
                Some(map) => control.output((seed, map)),
                None => return Ok(Ending::Kept),
            }
        }
        Ok(Ending::Finished)
    }
}
