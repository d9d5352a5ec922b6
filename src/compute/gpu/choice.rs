//! Which of the convolution's kernels serves a shape best on an adapter: measured on first use.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::{Gpu, GpuProgram};
use crate::compute::ComputeError;
use crate::compute::device::DeviceKind;
use crate::compute::graph::{ConvSettings, Graph, Op, Plan, Shape, TensorId};
use crate::compute::kernels::{conv_narrow, conv_thin, conv_tiled};

/// A way to compute a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Convolution {
    /// An implicit matrix product in tiles of 64 × 64: any kernels and channels.
    Direct,
    /// Each position by itself: at most 4 inputs and outputs in multiples of 16, or at most 4 outputs and inputs in multiples
    /// of 4.
    Few,
    /// As `Direct` in tiles of 128 × 64, held in more registers: inputs in multiples of 8, outputs in multiples of 4.
    Tiled,
    /// Winograd's F(4 × 4, 3 × 3): the channels of `Tiled`, 3 × 3 kernels that never change.
    Winograd,
}

/// What was found to be quickest, by the description of the shape.
pub type Choices = BTreeMap<String, Convolution>;

/// What is done with choices when there are new ones.
type Keep = Arc<dyn Fn(&Choices) + Send + Sync>;

/// What an adapter is known to do best.
#[derive(Default)]
pub struct Known {
    choices: Choices,
    keep: Option<Keep>,
    preferred: Option<Convolution>,
}

impl Convolution {
    /// All ways.
    pub const ALL: [Self; 4] = [Self::Direct, Self::Few, Self::Tiled, Self::Winograd];

    /// The name as the benchmark prints it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Few => "few",
            Self::Tiled => "tiled",
            Self::Winograd => "Winograd",
        }
    }

    /// Whether it serves the convolution `id` of a graph.
    pub fn fits(self, graph: &Graph, id: TensorId) -> bool {
        let Op::Conv { weights, settings, .. } = &graph.nodes()[id.0].op else { return false };
        let s = graph.shape(*weights);
        let is_constant = matches!(graph.nodes()[weights.0].op, Op::Constant(_));
        match self {
            Self::Direct => true,
            Self::Few => conv_narrow::fits(s.width, s.channels) || conv_thin::fits(s.width, s.channels),
            Self::Tiled => conv_tiled::fits(s.width, s.channels),
            Self::Winograd => settings.edge == 3 && is_constant && conv_tiled::fits(s.width, s.channels),
        }
    }
}

impl Gpu {
    /// Takes over choices of an earlier run; `keep` gets all of them whenever there is a new one.
    pub fn know(&self, choices: Choices, keep: impl Fn(&Choices) + Send + Sync + 'static) {
        let mut known = self.known.lock().unwrap_or_else(|e| e.into_inner());
        known.choices = choices;
        known.keep = Some(Arc::new(keep));
    }

    /// Takes one kind of convolution wherever it fits, instead of the quickest: for tests and benchmarks.
    pub fn prefer(&self, kind: Option<Convolution>) {
        self.known.lock().unwrap_or_else(|e| e.into_inner()).preferred = kind;
    }

    /// The way in which the convolution `id` of a graph is computed here; measured where that is not known yet.
    ///
    /// # Errors
    /// The device is lost.
    pub(super) fn choice(self: &Arc<Self>, graph: &Graph, id: TensorId) -> Result<Convolution, ComputeError> {
        let fitting: Vec<Convolution> = Convolution::ALL.into_iter().filter(|kind| kind.fits(graph, id)).collect();
        let Op::Conv { x, weights, mask, settings, .. } = &graph.nodes()[id.0].op else {
            return Ok(Convolution::Direct);
        };
        let (x, w) = (graph.conv_input(*x, *mask, *settings), graph.shape(*weights));
        let edge = measured_edge(x);
        let key = format!(
            "{} to {} channels, {} x {} {} kernels, {edge} x {edge} positions",
            w.width,
            w.channels,
            settings.edge,
            settings.edge,
            // Trained ones leave fewer ways.
            if matches!(graph.nodes()[weights.0].op, Op::Constant(_)) { "constant" } else { "trained" }
        );
        {
            let known = self.known.lock().unwrap_or_else(|e| e.into_inner());
            if let Some(preferred) = known.preferred {
                return Ok(if fitting.contains(&preferred) { preferred } else { Convolution::Direct });
            }
            let found = known.choices.get(&key).filter(|kind| fitting.contains(kind));
            if let Some(found) = found.or(fitting.first().filter(|_| fitting.len() == 1)) {
                return Ok(*found);
            }
        }
        // Where shaders run on the cores, measuring takes longer than it can save.
        if self.info().kind == DeviceKind::Software {
            return Ok(fitting[fitting.len() - 1]);
        }
        let quickest = match self.quickest(Shape::new(edge, edge, w.width), w, *settings, &fitting) {
            // Where there is no room to measure, there may still be room to compute.
            Err(ComputeError::OutOfMemory { .. } | ComputeError::Limit { .. }) => return Ok(Convolution::Direct),
            other => other?,
        };
        let (choices, keep) = {
            let mut known = self.known.lock().unwrap_or_else(|e| e.into_inner());
            known.choices.insert(key, quickest);
            (known.choices.clone(), known.keep.clone())
        };
        if let Some(keep) = keep {
            keep(&choices);
        }
        Ok(quickest)
    }

    /// The quickest of some ways, all of which must fit, for an input and kernels of given shapes, measured now.
    ///
    /// # Errors
    /// The shapes do not fit together, the memory cannot be had, or the device is lost.
    pub fn quickest(
        self: &Arc<Self>,
        x: Shape,
        weights: Shape,
        settings: ConvSettings,
        ways: &[Convolution],
    ) -> Result<Convolution, ComputeError> {
        let mut best = (f64::INFINITY, Convolution::Direct);
        for kind in ways {
            let seconds = self.time(x, weights, settings, *kind)?;
            if seconds < best.0 {
                best = (seconds, *kind);
            }
        }
        Ok(best.1)
    }

    /// Seconds of one convolution, the least of three.
    fn time(
        self: &Arc<Self>,
        x: Shape,
        weights: Shape,
        settings: ConvSettings,
        kind: Convolution,
    ) -> Result<f64, ComputeError> {
        let mut graph = Graph::new();
        let input = graph.input(x);
        let kernels = graph.constant(weights, Arc::new(vec![0.01; weights.len()]))?;
        // What an edge adds or leaves out does not matter for the time.
        let settings = ConvSettings::same(settings.edge, settings.periodic, settings.relu);
        let output = graph.conv(input, kernels, None, None, settings)?;
        let plan = Plan::new(&graph, &[output]);
        let mut program = GpuProgram::with(self.clone(), graph, plan, &[], Some(kind))?;
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

/// The edge of the square on which a picture's convolution is measured, no larger than the picture: beyond 256 × 256 all
/// behave alike.
fn measured_edge(x: Shape) -> usize {
    let edge = (x.rows() as f64).sqrt() as usize;
    (1 << edge.max(1).ilog2()).clamp(16, 256)
}
