//! What a reconstruction will cost.

use std::time::Instant;

use super::{Control, Ending, Failure, Task};
use crate::compute::DeviceKind;
use crate::net::Weights;
use crate::reconstruct::gram::{Terms, level_sizes, resources};
use crate::reconstruct::{Cost, Settings};

/// Estimates memory and operations of an iteration. It is a task because planning a deep network takes a moment.
pub struct Estimate {
    /// The settings of the run.
    pub settings: Settings,
    /// Height and width of the result.
    pub size: (usize, usize),
    /// The kind of device that is to compute.
    pub kind: DeviceKind,
    /// Phases of the original; 0 if it has none.
    pub phases: usize,
}

impl Task for Estimate {
    const NAME: &'static str = "estimate";
    type Progress = ();
    /// The cost of the network, and the seconds that the other terms of the loss take at the full size.
    type Output = (Cost, f64);

    fn run(self, control: &Control<(), (Cost, f64)>) -> Result<Ending, Failure> {
        let Self { settings, size, kind, phases } = self;
        let Some(gram) = settings.method.gram() else { return Ok(Ending::Finished) };
        // The size of the original is not known here; it is taken to be that of the result.
        let cost = resources(kind, &Weights::blank(gram.deepest()), (&settings, gram), size, size)?;
        // Measured on a small picture: the terms take a time in proportion to the pixels.
        let edge = size.0.min(size.1).min(MEASURED);
        let terms = Terms::blank(gram, phases, (edge, edge));
        terms.evaluate();
        let start = Instant::now();
        terms.evaluate();
        let seconds = start.elapsed().as_secs_f64() * (size.0 * size.1) as f64 / (edge * edge) as f64;
        control.output((cost, seconds));
        Ok(Ending::Finished)
    }
}

/// The largest edge of the picture that the terms are measured on.
const MEASURED: usize = 256;
/// Evaluations of the loss that an iteration takes on average, for its line search.
const EVALUATIONS: f64 = 1.05;
/// Seconds for a pixel of what follows the iterations: the polish and the statistics, as measured on two cores (0.9 s at
/// 256 × 256).
const AFTERWARDS: f64 = 1.4e-5;

/// Seconds of one evaluation of the network, from those of an iteration and of the other terms, all at the full size.
pub fn network_seconds(iteration: f64, terms: f64) -> f64 {
    iteration / EVALUATIONS - terms
}

/// Seconds that all realisations of a run will take. `network` and `terms` are the seconds of an evaluation at the full size.
pub fn run_seconds(settings: &Settings, original: (usize, usize), network: f64, terms: f64) -> f64 {
    let size = settings.output_size(original);
    let pixels = |(h, w): (usize, usize)| (h * w) as f64;
    let Some(gram) = settings.method.gram() else { return f64::NAN };
    // An iteration costs as much as its image has pixels.
    let iterations: f64 =
        level_sizes(gram, size).into_iter().map(|s| pixels(s) / pixels(size)).sum::<f64>() * gram.iterations as f64;
    let one = iterations * EVALUATIONS * (network + terms) + AFTERWARDS * pixels(size);
    settings.realisations as f64 * one
}
