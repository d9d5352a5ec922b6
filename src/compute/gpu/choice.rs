//! Chooses the fastest of several kernels for a shape on an adapter; measured on first use.

use std::sync::Arc;
use std::time::Instant;

use super::adapter::Gpu;
use super::program::GpuProgram;
use crate::compute::ComputeError;
use crate::compute::graph::{Graph, Op, Plan, Precision, TensorId};
use crate::compute::info::DeviceKind;
use crate::compute::kernels::{Algorithm, Choices, Probe};

impl Gpu {
    /// Sets the choices of an earlier run; `save` is called with all choices whenever there is a new one.
    pub fn set_choices(&self, choices: Choices, save: impl Fn(&Choices) + Send + Sync + 'static) {
        let mut selection = self.selection.lock().unwrap_or_else(|e| e.into_inner());
        selection.choices = choices;
        selection.save = Some(Arc::new(save));
    }

    /// Uses one algorithm wherever it fits, instead of the fastest; for tests and benchmarks.
    pub fn prefer(&self, algorithm: Option<Algorithm>) {
        self.selection.lock().unwrap_or_else(|e| e.into_inner()).preferred = algorithm;
    }

    /// Whether the adapter has what an algorithm needs.
    pub fn has(&self, algorithm: Algorithm) -> bool {
        let is_disabled = || self.selection.lock().unwrap_or_else(|e| e.into_inner()).is_cooperative_disabled;
        algorithm != Algorithm::Cooperative || self.matrices().is_some() && !is_disabled()
    }

    /// Stops using cooperative matrices, because they compute wrong results on this adapter.
    pub fn disable_cooperative(&self) {
        self.selection.lock().unwrap_or_else(|e| e.into_inner()).is_cooperative_disabled = true;
    }

    /// The algorithm for the operation `id` of a graph on this adapter; measured if it is not known yet.
    ///
    /// # Errors
    /// The device is lost.
    pub(super) fn choice(self: &Arc<Self>, graph: &Graph, id: TensorId) -> Result<Algorithm, ComputeError> {
        let fitting: Vec<Algorithm> =
            Algorithm::ALL.into_iter().filter(|algorithm| self.has(*algorithm) && algorithm.fits(graph, id)).collect();
        if fitting.len() < 2 {
            return Ok(Algorithm::Direct);
        }
        let Some(probe) = Probe::of(graph, id)? else { return Ok(Algorithm::Direct) };
        {
            let selection = self.selection.lock().unwrap_or_else(|e| e.into_inner());
            if let Some(preferred) = selection.preferred {
                return Ok(if fitting.contains(&preferred) { preferred } else { Algorithm::Direct });
            }
            if let Some(found) = selection.choices.get(&probe.name).filter(|algorithm| fitting.contains(algorithm)) {
                return Ok(*found);
            }
        }
        // If shaders run on the CPU, measuring takes longer than it can save.
        if self.info().kind == DeviceKind::Software {
            return Ok(fitting[fitting.len() - 1]);
        }
        let quickest = match self.quickest(&probe, &fitting) {
            // There may be too little memory to measure, but enough to compute.
            Err(ComputeError::OutOfMemory { .. } | ComputeError::Limit { .. }) => return Ok(Algorithm::Direct),
            other => other?,
        };
        let (choices, save) = {
            let mut selection = self.selection.lock().unwrap_or_else(|e| e.into_inner());
            selection.choices.insert(probe.name, quickest);
            (selection.choices.clone(), selection.save.clone())
        };
        if let Some(save) = save {
            save(&choices);
        }
        Ok(quickest)
    }

    /// Measures some algorithms, all of which must fit, and returns the fastest.
    ///
    /// # Errors
    /// There is not enough memory, or the device is lost.
    pub fn quickest(self: &Arc<Self>, probe: &Probe, algorithms: &[Algorithm]) -> Result<Algorithm, ComputeError> {
        let mut best = (f64::INFINITY, Algorithm::Direct);
        for algorithm in algorithms {
            let seconds = self.time(probe, *algorithm)?;
            if seconds < best.0 {
                best = (seconds, *algorithm);
            }
        }
        Ok(best.1)
    }

    /// Seconds of one run: the shortest of three.
    fn time(self: &Arc<Self>, probe: &Probe, algorithm: Algorithm) -> Result<f64, ComputeError> {
        let mut plan = Plan::new(&probe.graph, &[probe.output], probe.graph.precision);
        if probe.graph.precision == Precision::Half {
            // Inside a network these maps have 16 bits; here they are input and output, so this is set explicitly.
            plan.halves[0] = true;
            plan.halves[probe.output.0] = matches!(probe.graph.nodes()[probe.output.0].op, Op::Conv { .. });
        }
        let mut program = GpuProgram::with(self.clone(), probe.graph.clone(), plan, &[], Some(algorithm))?;
        program.run()?;
        let mut least = f64::INFINITY;
        for _ in 0..3 {
            let start = Instant::now();
            program.run()?;
            least = least.min(start.elapsed().as_secs_f64());
        }
        Ok(least)
    }
}
