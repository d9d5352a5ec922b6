//! The task of a reconstruction from a saved S2.

use std::cell::Cell;

use super::progress::StudyProgress;
use super::{Control, Ending, Failure, Task};
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

impl Task for FromCurve {
    const NAME: &'static str = "reconstruction from a curve";
    type Progress = StudyProgress;
    type Output = (u64, PhaseMap);

    fn run(self, control: &Control<StudyProgress, (u64, PhaseMap)>) -> Result<Ending, Failure> {
        let (first, count) = self.seeds;
        for n in 0..count {
            let seed = first.wrapping_add(n as u64);
            let is_stopped = Cell::new(false);
            let go_on = |share: f64| {
                let doing = format!("annealing, realisation {} of {count}", n + 1);
                control.show(StudyProgress { share: (n as f64 + share) / count as f64, doing });
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
