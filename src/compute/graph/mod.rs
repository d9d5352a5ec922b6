//! Networks as static graphs: operations, the shapes that follow from them, their adjoints and the plan of memory.

mod adjoint;
mod build;
mod op;
mod plan;
mod shape;

pub use build::{ADAM_DECAYS, adam_numbers};
pub use op::{Function, Op, Product};
pub use plan::{Plan, Storage};
pub use shape::{ConvSettings, Cut, Padding, Pooling, Precision, Shape};

use std::sync::Arc;

use super::ComputeError;

/// A tensor of a [`Graph`], valid only for the graph that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(pub(crate) usize);

/// One tensor of a graph: the operation that computes it, and its shape.
#[derive(Clone, Debug)]
pub struct Node {
    /// The operation that computes it.
    pub op: Op,
    /// Its shape.
    pub shape: Shape,
}

/// A network as a list of operations, each of which uses only earlier tensors.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    /// How its feature maps are stored on a GPU.
    pub precision: Precision,
    nodes: Vec<Node>,
    /// Operations in place, which run whichever outputs are requested.
    effects: Vec<TensorId>,
}

impl Graph {
    /// A graph without operations.
    pub fn new() -> Self {
        Self::default()
    }

    /// A graph without operations; a GPU stores its feature maps in this precision.
    pub fn with(precision: Precision) -> Self {
        Self { precision, ..Self::default() }
    }

    /// The operations in the order in which they can be run.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    /// The tensors in the same order.
    pub fn ids(&self) -> impl Iterator<Item = TensorId> {
        (0..self.nodes.len()).map(TensorId)
    }

    /// The shape of a tensor.
    pub fn shape(&self, id: TensorId) -> Shape {
        self.nodes[id.0].shape
    }

    fn push(&mut self, op: Op, shape: Shape) -> TensorId {
        self.nodes.push(Node { op, shape });
        TensorId(self.nodes.len() - 1)
    }

    /// A tensor that the caller writes before a run; it keeps its numbers between runs.
    pub fn input(&mut self, shape: Shape) -> TensorId {
        self.push(Op::Input, shape)
    }

    /// Turns a tensor into an input: from now on the caller writes its values, and the operations that computed it are
    /// no longer needed for it.
    pub fn supply(&mut self, id: TensorId) {
        self.nodes[id.0].op = Op::Input;
    }

    /// A tensor that never changes.
    ///
    /// # Errors
    /// The number of values does not match the shape.
    pub fn constant(&mut self, shape: Shape, values: Arc<Vec<f32>>) -> Result<TensorId, ComputeError> {
        if values.len() != shape.len() {
            return Err(ComputeError::shape(format!("{} values for a constant of shape {shape:?}", values.len())));
        }
        Ok(self.push(Op::Constant(values), shape))
    }

    /// Reorders, scales and shifts the three channels of an image: `y[p, c] = scale[c] · x[p, order[c]] + shift[c]`.
    ///
    /// # Errors
    /// `x` does not have three channels, or `order` is not a permutation.
    pub fn channel_shift(
        &mut self,
        x: TensorId,
        order: [u32; 3],
        scale: [f32; 3],
        shift: [f32; 3],
    ) -> Result<TensorId, ComputeError> {
        let shape = self.shape(x);
        let mut sorted = order;
        sorted.sort_unstable();
        if shape.channels != 3 || sorted != [0, 1, 2] {
            return Err(ComputeError::shape(format!("channel shift of {shape:?} in the order {order:?}")));
        }
        Ok(self.push(Op::ChannelShift { x, order, scale, shift }, shape))
    }

    /// 3 × 3 convolution with bias and ReLU, `y = max(0, W ∗ x + b)`. The result has the size of the input, minus what
    /// is cut off.
    ///
    /// # Errors
    /// Channels do not match, the image is too small for a mirrored edge or for the cut, or a periodic image is cut.
    pub fn conv_relu(
        &mut self,
        x: TensorId,
        weights: TensorId,
        bias: TensorId,
        padding: Padding,
        cut: Cut,
    ) -> Result<TensorId, ComputeError> {
        let (x, border) = match padding {
            Padding::Reflect => (self.pad_reflect(x)?, 0),
            Padding::Zero | Padding::Periodic => (x, 1),
        };
        let settings = ConvSettings::three(border, padding == Padding::Periodic, true).cut(cut);
        self.conv(x, weights, Some(bias), None, settings)
    }

    /// One bit for each number: whether it is positive. The adjoint of a ReLU needs this of its result; see
    /// [`Op::Signs`].
    pub fn signs(&mut self, x: TensorId) -> TensorId {
        self.push(Op::Signs { x }, self.shape(x).signs())
    }

    /// The input shape that the kernels of a convolution read; not that of `x` if a pooled gradient is spread.
    pub(crate) fn conv_input(&self, x: TensorId, mask: Option<TensorId>, settings: ConvSettings) -> Shape {
        match mask.map(|m| self.shape(m)).filter(|_| settings.spread) {
            Some(pooled) => Shape { channels: self.shape(x).channels, ..pooled },
            None => self.shape(x),
        }
    }

    /// Convolution in its general form; see [`Op::Conv`]. The kernels are `[edge², inputs, outputs]`, the mask comes
    /// from [`Graph::signs`].
    ///
    /// # Errors
    /// Channels do not match, the mask does not fit `x`, or no position is left.
    pub fn conv(
        &mut self,
        x: TensorId,
        weights: TensorId,
        bias: Option<TensorId>,
        mask: Option<TensorId>,
        settings: ConvSettings,
    ) -> Result<TensorId, ComputeError> {
        let (xs, ws) = (self.conv_input(x, mask, settings), self.shape(weights));
        let pooled = Shape { height: xs.height / 2, width: xs.width / 2, ..xs };
        let spread_fits = !settings.spread || (mask.is_some() && pooled == self.shape(x));
        let bias_fits = bias.is_none_or(|b| self.shape(b).len() == ws.channels);
        let mask_fits = mask.is_none_or(|m| self.shape(m) == xs.signs());
        let ConvSettings { edge, before, after, .. } = settings;
        // The change of size along an axis: the borders add, and the kernel subtracts.
        let gain = |axis: usize| before[axis] + after[axis] + 1 - edge as isize;
        let left = |size: usize, axis: usize| size.checked_add_signed(gain(axis)).filter(|n| *n > 0);
        let border_fits = edge > 0 && (!settings.periodic || gain(0) == 0 && gain(1) == 0);
        let kernels_fit = ws.batch == 1 && ws.height == edge * edge && ws.width == xs.channels;
        let wrong = || ComputeError::shape(format!("convolution of {xs:?} with kernels {ws:?}, {settings:?}"));
        let (Some(height), Some(width)) = (left(xs.height, 0), left(xs.width, 1)) else { return Err(wrong()) };
        if !(kernels_fit && bias_fits && mask_fits && border_fits && spread_fits) {
            return Err(wrong());
        }
        let shape = Shape::new(height, width, ws.channels).times(xs.batch);
        Ok(self.push(Op::Conv { x, weights, bias, mask, settings }, shape))
    }

    /// The kernels of the adjoint convolution: taps reversed, channels exchanged. Constants are flipped at once.
    fn flip_kernels(&mut self, weights: TensorId) -> Result<TensorId, ComputeError> {
        let s = self.shape(weights);
        let shape = Shape::new(s.height, s.channels, s.width);
        match &self.nodes[weights.0].op {
            Op::Constant(values) => {
                let flipped = Arc::new(flip_kernels(values, s));
                self.constant(shape, flipped)
            }
            _ => Ok(self.push(Op::FlipKernels { weights }, shape)),
        }
    }

    /// One mirrored pixel on each side, the edge pixel itself not repeated.
    ///
    /// # Errors
    /// The image has fewer than two rows or columns.
    pub fn pad_reflect(&mut self, x: TensorId) -> Result<TensorId, ComputeError> {
        let s = self.shape(x);
        if s.height < 2 || s.width < 2 {
            return Err(ComputeError::shape(format!("{s:?} is too small for a mirrored edge")));
        }
        Ok(self.push(Op::PadReflect { x }, Shape::new(s.height + 2, s.width + 2, s.channels).times(s.batch)))
    }

    /// 2 × 2 pooling of stride 2; an odd last row or column is dropped.
    ///
    /// # Errors
    /// The image has fewer than two rows or columns.
    pub fn pool(&mut self, x: TensorId, pooling: Pooling) -> Result<TensorId, ComputeError> {
        let s = self.shape(x);
        if s.height < 2 || s.width < 2 {
            return Err(ComputeError::shape(format!("{s:?} is too small to be pooled")));
        }
        Ok(self.push(Op::Pool { x, pooling }, Shape::new(s.height / 2, s.width / 2, s.channels).times(s.batch)))
    }

    /// Gram matrix of each image's feature map, divided by its positions: `G[i, j] = Σ_p F[p, i] F[p, j] / P` (Li et
    /// al. 2018, Eq. 3, with the division that lets images of different sizes be compared).
    pub fn gram(&mut self, features: TensorId) -> TensorId {
        let s = self.shape(features);
        self.push(Op::Gram { features, region: None }, Shape::new(s.channels, 1, s.channels).times(s.batch))
    }

    /// Like [`Graph::gram`], but only the positions within a region are summed; the divisor is still all positions.
    /// `region` is an input of four numbers: the first row and column, and the row and column after the last.
    ///
    /// # Errors
    /// `region` does not have four numbers, or `features` are more than one image.
    pub fn gram_within(&mut self, features: TensorId, region: TensorId) -> Result<TensorId, ComputeError> {
        let s = self.shape(features);
        if self.shape(region).len() != 4 || s.batch != 1 {
            return Err(ComputeError::shape(format!("a region of {s:?} in {:?}", self.shape(region))));
        }
        Ok(self.push(Op::Gram { features, region: Some(region) }, Shape::new(s.channels, 1, s.channels)))
    }

    /// `scale · Σ (x − target)²` over all images; for Gram matrices, this is a layer's style loss.
    ///
    /// # Errors
    /// The two differ in shape.
    pub fn squared_error(&mut self, x: TensorId, target: TensorId, scale: f32) -> Result<TensorId, ComputeError> {
        let (xs, ts) = (self.shape(x), self.shape(target));
        if xs != ts {
            return Err(ComputeError::shape(format!("the squared error of {xs:?} and {ts:?}")));
        }
        Ok(self.push(Op::SquaredError { x, target, scale }, Shape::SCALAR))
    }

    /// `Σ weight · term` over scalars.
    ///
    /// # Errors
    /// A term is not a scalar, there are no terms, or there are not as many weights as terms.
    pub fn weighted_sum(&mut self, terms: &[TensorId], weights: &[f32]) -> Result<TensorId, ComputeError> {
        let scalars = terms.iter().all(|t| self.shape(*t) == Shape::SCALAR);
        if terms.is_empty() || terms.len() != weights.len() || !scalars {
            return Err(ComputeError::shape(format!("a sum of {} terms, {} weights", terms.len(), weights.len())));
        }
        Ok(self.push(Op::WeightedSum { terms: terms.to_vec(), weights: weights.to_vec() }, Shape::SCALAR))
    }

    /// Multiplications and additions of one run of the operations that `outputs` need.
    pub fn operations(&self, outputs: &[TensorId]) -> u64 {
        self.needed(outputs).into_iter().map(|id| self.operations_of(TensorId(id))).sum()
    }

    /// Multiplications and additions that compute one tensor from its inputs.
    pub fn operations_of(&self, id: TensorId) -> u64 {
        let s = self.shape(id);
        match &self.nodes[id.0].op {
            Op::Conv { weights, .. } => 2 * s.rows() as u64 * self.shape(*weights).len() as u64,
            Op::ConvWeights { gradient, .. } => 2 * self.shape(*gradient).rows() as u64 * s.len() as u64,
            Op::Product { product: p, .. } => 2 * (p.rows * p.columns * p.inner) as u64,
            Op::Gram { features, .. } | Op::GramAdjoint { features, .. } => {
                let f = self.shape(*features);
                2 * f.len() as u64 * f.channels as u64
            }
            Op::Input | Op::Constant(_) => 0,
            _ => s.len() as u64,
        }
    }

    /// Whether each tensor is a feature map that may be stored in 16 bits per number. This holds for the result of a
    /// convolution with a ReLU or of a pooling, also with a mirrored edge, if it is not an output and all operations
    /// that read it accept 16 bits.
    pub(crate) fn halves(&self, outputs: &[TensorId]) -> Vec<bool> {
        let mut halves: Vec<bool> = vec![];
        for node in &self.nodes {
            halves.push(match &node.op {
                Op::Conv { settings, .. } => settings.relu,
                Op::Pool { .. } => true,
                // The image itself keeps 32 bits.
                Op::PadReflect { x } => halves[x.0],
                _ => false,
            });
        }
        outputs.iter().for_each(|id| halves[id.0] = false);
        for node in &self.nodes {
            let as_map = match &node.op {
                Op::Conv { x, .. } | Op::Signs { x } | Op::PadReflect { x } | Op::Pool { x, .. } => Some(*x),
                Op::PoolAdjoint { x, .. } => Some(*x),
                Op::Gram { features, .. } | Op::GramAdjoint { features, .. } => Some(*features),
                _ => None,
            };
            for input in node.op.inputs().into_iter().filter(|input| Some(*input) != as_map) {
                halves[input.0] = false;
            }
        }
        halves
    }

    /// The nodes that `outputs` and the operations in place depend on, in order.
    pub(crate) fn needed(&self, outputs: &[TensorId]) -> Vec<usize> {
        let mut keep = vec![false; self.nodes.len()];
        for id in outputs.iter().chain(&self.effects) {
            keep[id.0] = true;
        }
        for id in (0..self.nodes.len()).rev() {
            if keep[id] {
                for input in self.nodes[id].op.inputs() {
                    keep[input.0] = true;
                }
            }
        }
        (0..self.nodes.len()).filter(|id| keep[*id]).collect()
    }
}

/// The kernels of the adjoint convolution: `out[last − t, o, i] = in[t, i, o]`.
pub(crate) fn flip_kernels(values: &[f32], s: Shape) -> Vec<f32> {
    let (taps, inputs, outputs) = (s.height, s.width, s.channels);
    let mut flipped = vec![0.0; values.len()];
    for t in 0..taps {
        for i in 0..inputs {
            for o in 0..outputs {
                flipped[((taps - 1 - t) * outputs + o) * inputs + i] = values[(t * inputs + i) * outputs + o];
            }
        }
    }
    flipped
}
