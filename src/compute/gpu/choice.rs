//! Chooses the fastest of several kernels for a shape on an adapter; measured on first use.

use std::sync::Arc;
use std::time::Instant;

use super::adapter::Gpu;
use super::program::GpuProgram;
use super::way::{Choices, Probe, Way};
use crate::compute::ComputeError;
use crate::compute::graph::{Graph, Op, Plan, Precision, TensorId};
use crate::compute::info::DeviceKind;

impl Gpu {
    /// Sets the choices of an earlier run; `keep` is called with all choices whenever there is a new one.
    pub fn know(&self, choices: Choices, keep: impl Fn(&Choices) + Send + Sync + 'static) {
        let mut known = self.known.lock().unwrap_or_else(|e| e.into_inner());
        known.choices = choices;
        known.keep = Some(Arc::new(keep));
    }

    /// Uses one method wherever it fits, instead of the fastest; for tests and benchmarks.
    pub fn prefer(&self, way: Option<Way>) {
        self.known.lock().unwrap_or_else(|e| e.into_inner()).preferred = way;
    }

    /// Whether the adapter has what a method needs.
    pub fn has(&self, way: Way) -> bool {
        let is_wrong = || self.known.lock().unwrap_or_else(|e| e.into_inner()).is_cooperative_wrong;
        way != Way::Cooperative || self.matrices().is_some() && !is_wrong()
    }

    /// Stops using cooperative matrices, because they compute wrong results on this adapter.
    pub fn leave_cooperative(&self) {
        self.known.lock().unwrap_or_else(|e| e.into_inner()).is_cooperative_wrong = true;
    }

    /// The method that computes the operation `id` of a graph on this adapter; measured if it is not known yet.
    ///
    /// # Errors
    /// The device is lost.
    pub(super) fn choice(self: &Arc<Self>, graph: &Graph, id: TensorId) -> Result<Way, ComputeError> {
        let fitting: Vec<Way> = Way::ALL.into_iter().filter(|way| self.has(*way) && way.fits(graph, id)).collect();
        if fitting.len() < 2 {
            return Ok(Way::Direct);
        }
        let Some(probe) = Probe::of(graph, id)? else { return Ok(Way::Direct) };
        {
            let known = self.known.lock().unwrap_or_else(|e| e.into_inner());
            if let Some(preferred) = known.preferred {
                return Ok(if fitting.contains(&preferred) { preferred } else { Way::Direct });
            }
            if let Some(found) = known.choices.get(&probe.name).filter(|way| fitting.contains(way)) {
                return Ok(*found);
            }
        }
        // If shaders run on the CPU, measuring takes longer than it can save.
        if self.info().kind == DeviceKind::Software {
            return Ok(fitting[fitting.len() - 1]);
        }
        let quickest = match self.quickest(&probe, &fitting) {
            // There may be too little memory to measure, but enough to compute.
            Err(ComputeError::OutOfMemory { .. } | ComputeError::Limit { .. }) => return Ok(Way::Direct),
            other => other?,
        };
        let (choices, keep) = {
            let mut known = self.known.lock().unwrap_or_else(|e| e.into_inner());
            known.choices.insert(probe.name, quickest);
            (known.choices.clone(), known.keep.clone())
        };
        if let Some(keep) = keep {
            keep(&choices);
        }
        Ok(quickest)
    }

    /// Measures some methods, all of which must fit, and returns the fastest.
    ///
    /// # Errors
    /// There is not enough memory, or the device is lost.
    pub fn quickest(self: &Arc<Self>, probe: &Probe, ways: &[Way]) -> Result<Way, ComputeError> {
        let mut best = (f64::INFINITY, Way::Direct);
        for way in ways {
            let seconds = self.time(probe, *way)?;
            if seconds < best.0 {
                best = (seconds, *way);
            }
        }
        Ok(best.1)
    }

    /// Seconds of one run: the shortest of three.
    fn time(self: &Arc<Self>, probe: &Probe, way: Way) -> Result<f64, ComputeError> {
        let mut plan = Plan::new(&probe.graph, &[probe.output], probe.graph.precision);
        if probe.graph.precision == Precision::Half {
            // Inside a network these maps have 16 bits; here they are input and output, so this is set explicitly.
            plan.halves[0] = true;
            plan.halves[probe.output.0] = matches!(probe.graph.nodes()[probe.output.0].op, Op::Conv { .. });
        }
        let mut program = GpuProgram::with(self.clone(), probe.graph.clone(), plan, &[], Some(way))?;
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
