//! The algorithms that can compute an operation on an adapter, and what they are timed on.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::compute::ComputeError;
use crate::compute::graph::{ConvSettings, Graph, Op, Precision, Shape, TensorId};
use crate::compute::kernels::{conv_cooperative, conv_narrow, conv_thin, conv_tiled, gram_tiled};

/// An algorithm for a convolution or a Gram matrix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Algorithm {
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

/// The fastest algorithm found, by the description of the operation and its shape.
pub type Choices = BTreeMap<String, Algorithm>;

/// Called with all choices when there is a new one.
type Save = Arc<dyn Fn(&Choices) + Send + Sync>;

/// How algorithms are selected on an adapter.
#[derive(Default)]
pub struct Selection {
    pub choices: Choices,
    pub save: Option<Save>,
    pub preferred: Option<Algorithm>,
    /// Whether cooperative matrices compute wrong results on this adapter.
    pub is_cooperative_disabled: bool,
}

impl Algorithm {
    /// All algorithms.
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

    /// Whether the algorithm can compute the operation `id` of a graph, a convolution or a Gram matrix, if the adapter
    /// has what the algorithm needs.
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

/// A single operation, on which the algorithms for it are timed.
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
    /// with a single algorithm on every adapter.
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
                // Trained kernels allow fewer algorithms than constant ones.
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

/// The edge of the square map on which an operation is timed; all maps beyond 256 × 256 behave alike.
fn measured_edge(x: Shape) -> usize {
    let edge = (x.rows() as f64).sqrt() as usize;
    (1 << edge.max(1).ilog2()).clamp(16, 256)
}
