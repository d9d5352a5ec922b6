//! Chooses the fastest of several kernels for a shape on an adapter; measured on first use.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use super::{Gpu, GpuProgram};
use crate::compute::ComputeError;
use crate::compute::device::DeviceKind;
use crate::compute::graph::{ConvSettings, Graph, Op, Plan, Precision, Shape, TensorId};
use crate::compute::kernels::{conv_cooperative, conv_narrow, conv_thin, conv_tiled, gram_tiled};

/// A method to compute a convolution or a Gram matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// A matrix product (implicit for a convolution) in tiles of 64 × 64: for any kernels and channels.
    Direct,
    /// Each position by itself: for at most 4 inputs with outputs in multiples of 16, or at most 4 outputs with inputs
    /// in multiples of 4.
    Few,
    /// Like `Direct` in tiles of 128 × 64, held in more registers: for convolutions with inputs in multiples of 8 and
    /// outputs in multiples of 4, and for Gram matrices with channels in multiples of 128.
    Tiled,
    /// The adapter's cooperative matrices (tensor cores), which round their factors to 16 bits: in half precision, for
    /// convolutions with a ReLU, inputs in multiples of 16 and outputs in multiples of 4.
    Cooperative,
    /// Winograd's F(4 × 4, 3 × 3): for the channels of `Tiled` and constant 3 × 3 kernels.
    Winograd,
}

/// The fastest method found, by the description of the shape.
pub type Choices = BTreeMap<String, Way>;

/// Called with all choices when there is a new one.
type Keep = Arc<dyn Fn(&Choices) + Send + Sync>;

/// What is known about the methods on an adapter.
#[derive(Default)]
pub struct Known {
    choices: Choices,
    keep: Option<Keep>,
    preferred: Option<Way>,
    /// Whether cooperative matrices compute wrong results on this adapter.
    is_cooperative_wrong: bool,
}

impl Way {
    /// All methods.
    pub const ALL: [Self; 5] = [Self::Direct, Self::Few, Self::Tiled, Self::Cooperative, Self::Winograd];

    /// The name as the benchmark prints it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Few => "few",
            Self::Tiled => "tiled",
            Self::Cooperative => "cooperative",
            Self::Winograd => "Winograd",
        }
    }

    /// Whether the method can compute the operation `id` of a graph, a convolution or a Gram matrix, if the adapter has
    /// what the method needs.
    pub fn fits(self, graph: &Graph, id: TensorId) -> bool {
        match &graph.nodes()[id.0].op {
            Op::Conv { weights, settings, .. } => {
                let s = graph.shape(*weights);
                match self {
                    Self::Direct => true,
                    Self::Few => conv_narrow::fits(s.width, s.channels) || conv_thin::fits(s.width, s.channels),
                    Self::Tiled => conv_tiled::fits(s.width, s.channels),
                    // Gradients would have to be scaled to fit into 16 bits.
                    Self::Cooperative => is_half(graph, id) && conv_cooperative::fits(s.width, s.channels),
                    Self::Winograd => {
                        settings.edge == 3 && is_constant(graph, *weights) && conv_tiled::fits(s.width, s.channels)
                    }
                }
            }
            Op::Gram { features, .. } => match self {
                Self::Direct => true,
                Self::Tiled => gram_tiled::fits(graph.shape(*features).channels),
                Self::Few | Self::Cooperative | Self::Winograd => false,
            },
            _ => false,
        }
    }
}

/// Whether a convolution or a Gram matrix is of feature maps in half precision, and not of gradients.
fn is_half(graph: &Graph, id: TensorId) -> bool {
    let is_of_maps = match &graph.nodes()[id.0].op {
        Op::Conv { settings, .. } => settings.relu,
        op => matches!(op, Op::Gram { .. }),
    };
    graph.precision == Precision::Half && is_of_maps
}

fn is_constant(graph: &Graph, id: TensorId) -> bool {
    matches!(graph.nodes()[id.0].op, Op::Constant(_))
}

/// A single operation, on which the methods to compute it are timed.
pub struct Probe {
    /// The description of the operation and its shape.
    pub name: String,
    /// The operation with its inputs.
    pub graph: Graph,
    /// The operation.
    pub output: TensorId,
}

impl Probe {
    /// Makes a probe for the operation `id` of a graph, with the edge rounded to a power of two; `None` for operations
    /// with a single method on every adapter.
    ///
    /// # Errors
    /// Never, if the operation itself could be made.
    pub fn of(graph: &Graph, id: TensorId) -> Result<Option<Self>, ComputeError> {
        let is_half = is_half(graph, id);
        let mut small = Graph::with(if is_half { Precision::Half } else { Precision::Single });
        let (name, output) = match &graph.nodes()[id.0].op {
            Op::Conv { x, weights, mask, settings, .. } => {
                let (w, edge) = (graph.shape(*weights), measured_edge(graph.conv_input(*x, *mask, *settings)));
                let input = small.input(Shape::new(edge, edge, w.width));
                // Trained kernels allow fewer methods than constant ones.
                let (kind, kernels) = match &graph.nodes()[weights.0].op {
                    Op::Constant(values) => ("constant", small.constant(w, values.clone())?),
                    _ => ("trained", small.input(w)),
                };
                let (inputs, outputs, k) = (w.width, w.channels, settings.edge);
                // Rows and columns that are added or cut at the edges do not matter for the time.
                let settings = ConvSettings::same(k, settings.periodic, settings.relu);
                let name =
                    format!("{inputs} to {outputs} channels, {k} x {k} {kind} kernels, {edge} x {edge} positions");
                (name, small.conv(input, kernels, None, None, settings)?)
            }
            Op::Gram { features, .. } => {
                let f = graph.shape(*features);
                let edge = measured_edge(f);
                let input = small.input(Shape::new(edge, edge, f.channels));
                let name = format!("Gram matrix of {} channels, {edge} x {edge} positions", f.channels);
                (name, small.gram(input))
            }
            _ => return Ok(None),
        };
        let precision = if is_half { ", half precision" } else { "" };
        Ok(Some(Self { name: name + precision, graph: small, output }))
    }
}

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

/// The edge of the square map on which an operation is timed; all maps beyond 256 × 256 behave alike.
fn measured_edge(x: Shape) -> usize {
    let edge = (x.rows() as f64).sqrt() as usize;
    (1 << edge.max(1).ilog2()).clamp(16, 256)
}
