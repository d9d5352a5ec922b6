//! Networks as static graphs: operations, the shapes that follow from them, their adjoints and the plan of memory.

mod adjoint;
mod plan;

pub use plan::{Plan, Storage};

use std::sync::Arc;

use super::ComputeError;

/// A tensor of a [`Graph`], valid only for the graph that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TensorId(pub(crate) usize);

/// The shape of a tensor, stored row by row with channels last: `[height, width, channels]`.
///
/// A feature map is `[H, W, C]`; a Gram matrix `[C, 1, C]`; the kernels of a convolution `[9, Cin, Cout]`; a vector
/// `[1, 1, n]`; a scalar `[1, 1, 1]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Numbers at each position.
    pub channels: usize,
}

impl Shape {
    /// A shape from its three sizes.
    pub const fn new(height: usize, width: usize, channels: usize) -> Self {
        Self { height, width, channels }
    }

    /// One number.
    pub const SCALAR: Self = Self::new(1, 1, 1);

    /// Positions, that is height times width.
    pub const fn positions(&self) -> usize {
        self.height * self.width
    }

    /// Numbers in the tensor.
    pub const fn len(&self) -> usize {
        self.positions() * self.channels
    }

    /// Whether the tensor holds no number.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the tensor in f32.
    pub const fn bytes(&self) -> u64 {
        self.len() as u64 * 4
    }
}

/// How a convolution reads beyond the edge of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Padding {
    /// Zeros, as VGG-19 was trained.
    Zero,
    /// The opposite edge, which makes a result that can be tiled.
    Periodic,
    /// The mirror image without its edge pixel.
    Reflect,
}

impl Padding {
    /// All kinds, in the order of the menus.
    pub const ALL: [Self; 3] = [Self::Zero, Self::Periodic, Self::Reflect];

    /// The name as files and the command line spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zero => "zero",
            Self::Periodic => "periodic",
            Self::Reflect => "reflect",
        }
    }
}

/// How 2 × 2 pixels become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// Their mean.
    Mean,
    /// Their largest.
    Max,
}

/// A 3 × 3 convolution of stride 1, everything but its tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvSettings {
    /// Pixels by which the kernel's centre may leave the input: 0 valid, 1 same size, 2 full.
    pub border: usize,
    /// Whether the input continues at the opposite edge instead of with zeros (border 1 only).
    pub periodic: bool,
    /// Whether negative results become zero.
    pub relu: bool,
}

/// One operation. Tensors are named by the node that makes them.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the fields are the operands of the formula that each variant states")]
pub enum Op {
    /// Numbers that the caller writes.
    Input,
    /// Numbers that never change.
    Constant(Arc<Vec<f32>>),
    /// `y[p, c] = scale[c] · x[p, order[c]] + shift[c]` on three channels.
    ChannelShift { x: TensorId, order: [u32; 3], scale: [f32; 3], shift: [f32; 3] },
    /// 3 × 3 convolution; with a mask, `x` counts only where the mask is positive.
    Conv3x3 { x: TensorId, weights: TensorId, bias: Option<TensorId>, mask: Option<TensorId>, settings: ConvSettings },
    /// One mirrored pixel around the input.
    PadReflect { x: TensorId },
    /// Adjoint of [`Op::PadReflect`].
    PadReflectAdjoint { gradient: TensorId },
    /// 2 × 2 pooling of stride 2; an odd last row or column is dropped.
    Pool { x: TensorId, pooling: Pooling },
    /// Adjoint of [`Op::Pool`] at the input `x`.
    PoolAdjoint { x: TensorId, gradient: TensorId, pooling: Pooling },
    /// `G = Fᵀ F / positions`.
    Gram { features: TensorId },
    /// `features · matrix · scale`, added to `carry` in place where there is one: the adjoint of [`Op::Gram`].
    GramAdjoint { features: TensorId, matrix: TensorId, carry: Option<TensorId>, scale: f32 },
    /// `scale · ‖gram − target‖²`.
    GramLoss { gram: TensorId, target: TensorId, scale: f32 },
    /// `2 · scale · (gram − target)`: the adjoint of [`Op::GramLoss`].
    GramLossAdjoint { gram: TensorId, target: TensorId, scale: f32 },
    /// `Σ weight · scalar`.
    WeightedSum { terms: Vec<TensorId>, weights: Vec<f32> },
}

impl Op {
    /// The tensors that the operation reads.
    pub fn inputs(&self) -> Vec<TensorId> {
        match self {
            Self::Input | Self::Constant(_) => vec![],
            Self::ChannelShift { x, .. } | Self::PadReflect { x } | Self::Pool { x, .. } => vec![*x],
            Self::Conv3x3 { x, weights, bias, mask, .. } => {
                [Some(*x), Some(*weights), *bias, *mask].into_iter().flatten().collect()
            }
            Self::PadReflectAdjoint { gradient } => vec![*gradient],
            Self::PoolAdjoint { x, gradient, .. } => vec![*x, *gradient],
            Self::Gram { features } => vec![*features],
            Self::GramAdjoint { features, matrix, carry, .. } => {
                [Some(*features), Some(*matrix), *carry].into_iter().flatten().collect()
            }
            Self::GramLoss { gram, target, .. } | Self::GramLossAdjoint { gram, target, .. } => vec![*gram, *target],
            Self::WeightedSum { terms, .. } => terms.clone(),
        }
    }
}

/// One tensor of a graph: how it is made, and its shape.
#[derive(Clone, Debug)]
pub struct Node {
    /// The operation that makes it.
    pub op: Op,
    /// Its shape.
    pub shape: Shape,
}

/// A network as a list of operations, each using only tensors made before it.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
}

impl Graph {
    /// A graph without operations.
    pub fn new() -> Self {
        Self::default()
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

    /// A tensor that never changes.
    ///
    /// # Errors
    /// The number of values is not that of the shape.
    pub fn constant(&mut self, shape: Shape, values: Arc<Vec<f32>>) -> Result<TensorId, ComputeError> {
        if values.len() != shape.len() {
            return Err(ComputeError::shape(format!("{} values for a constant of shape {shape:?}", values.len())));
        }
        Ok(self.push(Op::Constant(values), shape))
    }

    /// Reorders, scales and shifts the three channels of an image: `y[p, c] = scale[c] · x[p, order[c]] + shift[c]`.
    ///
    /// # Errors
    /// `x` has other than three channels, or `order` is no permutation.
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

    /// 3 × 3 convolution with bias and ReLU that keeps the size of its input: `y = max(0, W ∗ x + b)`.
    ///
    /// # Errors
    /// Channels do not match, or the image is too small for a mirrored edge.
    pub fn conv3x3_relu(
        &mut self,
        x: TensorId,
        weights: TensorId,
        bias: TensorId,
        padding: Padding,
    ) -> Result<TensorId, ComputeError> {
        let (x, border) = match padding {
            Padding::Reflect => (self.pad_reflect(x)?, 0),
            Padding::Zero | Padding::Periodic => (x, 1),
        };
        let settings = ConvSettings { border, periodic: padding == Padding::Periodic, relu: true };
        self.conv3x3(x, weights, Some(bias), None, settings)
    }

    /// 3 × 3 convolution in its general form; see [`Op::Conv3x3`].
    ///
    /// # Errors
    /// The kernels are no constant, channels do not match, the mask has another shape than `x`, or no position is left.
    pub fn conv3x3(
        &mut self,
        x: TensorId,
        weights: TensorId,
        bias: Option<TensorId>,
        mask: Option<TensorId>,
        settings: ConvSettings,
    ) -> Result<TensorId, ComputeError> {
        let (xs, ws) = (self.shape(x), self.shape(weights));
        let bias_fits = bias.is_none_or(|b| self.shape(b).len() == ws.channels);
        let mask_fits = mask.is_none_or(|m| self.shape(m) == xs);
        let grow = 2 * settings.border;
        let positions = xs.height + grow > 2 && xs.width + grow > 2;
        let border_fits = settings.border <= 2 && (!settings.periodic || settings.border == 1);
        let constant = matches!(self.nodes[weights.0].op, Op::Constant(_));
        if !constant
            || ws.height != 9
            || ws.width != xs.channels
            || !bias_fits
            || !mask_fits
            || !positions
            || !border_fits
        {
            return Err(ComputeError::shape(format!("convolution of {xs:?} with kernels {ws:?}, {settings:?}")));
        }
        let shape = Shape::new(xs.height + grow - 2, xs.width + grow - 2, ws.channels);
        Ok(self.push(Op::Conv3x3 { x, weights, bias, mask, settings }, shape))
    }

    /// The kernels of the adjoint convolution: taps reversed, channels exchanged.
    fn flip_kernels(&mut self, weights: TensorId) -> Result<TensorId, ComputeError> {
        let s = self.shape(weights);
        let Op::Constant(values) = &self.nodes[weights.0].op else {
            return Err(ComputeError::shape("the kernels of a convolution are no constant".into()));
        };
        let flipped = Arc::new(flip_kernels(values, s.width, s.channels));
        self.constant(Shape::new(9, s.channels, s.width), flipped)
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
        Ok(self.push(Op::PadReflect { x }, Shape::new(s.height + 2, s.width + 2, s.channels)))
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
        Ok(self.push(Op::Pool { x, pooling }, Shape::new(s.height / 2, s.width / 2, s.channels)))
    }

    /// Gram matrix of a feature map, divided by its positions: `G[i, j] = Σ_p F[p, i] F[p, j] / P` (Li et al. 2018,
    /// Eq. 3, with the division that lets images of different sizes be compared).
    pub fn gram(&mut self, features: TensorId) -> TensorId {
        let c = self.shape(features).channels;
        self.push(Op::Gram { features }, Shape::new(c, 1, c))
    }

    /// `scale · Σ (gram − target)²`.
    ///
    /// # Errors
    /// The two matrices differ in shape.
    pub fn gram_loss(&mut self, gram: TensorId, target: TensorId, scale: f32) -> Result<TensorId, ComputeError> {
        if self.shape(gram) != self.shape(target) {
            return Err(ComputeError::shape(format!(
                "Gram matrices of shapes {:?} and {:?}",
                self.shape(gram),
                self.shape(target)
            )));
        }
        Ok(self.push(Op::GramLoss { gram, target, scale }, Shape::SCALAR))
    }

    /// `Σ weight · term` over scalars.
    ///
    /// # Errors
    /// A term is no scalar, there are no terms.
    pub fn weighted_sum(&mut self, terms: &[TensorId], weights: &[f32]) -> Result<TensorId, ComputeError> {
        let scalars = terms.iter().all(|t| self.shape(*t) == Shape::SCALAR);
        if terms.is_empty() || terms.len() != weights.len() || !scalars {
            return Err(ComputeError::shape(format!("a sum of {} terms, {} weights", terms.len(), weights.len())));
        }
        Ok(self.push(Op::WeightedSum { terms: terms.to_vec(), weights: weights.to_vec() }, Shape::SCALAR))
    }

    /// Multiplications and additions of one run of the operations that `outputs` need.
    pub fn operations(&self, outputs: &[TensorId]) -> u64 {
        let needed = self.needed(outputs);
        let of = |id: usize| -> u64 {
            let s = self.nodes[id].shape;
            match &self.nodes[id].op {
                Op::Conv3x3 { weights, .. } => 2 * s.positions() as u64 * self.shape(*weights).len() as u64,
                Op::Gram { features } | Op::GramAdjoint { features, .. } => {
                    let f = self.shape(*features);
                    2 * f.len() as u64 * f.channels as u64
                }
                Op::Input | Op::Constant(_) => 0,
                _ => s.len() as u64,
            }
        };
        needed.iter().map(|id| of(*id)).sum()
    }

    /// The nodes that `outputs` depend on, in order.
    pub(crate) fn needed(&self, outputs: &[TensorId]) -> Vec<usize> {
        let mut keep = vec![false; self.nodes.len()];
        for id in outputs {
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

/// The kernels of the adjoint convolution: `out[8 − t, o, i] = in[t, i, o]`.
fn flip_kernels(values: &[f32], inputs: usize, outputs: usize) -> Vec<f32> {
    let mut flipped = vec![0.0; values.len()];
    for t in 0..9 {
        for i in 0..inputs {
            for o in 0..outputs {
                flipped[((8 - t) * outputs + o) * inputs + i] = values[(t * inputs + i) * outputs + o];
            }
        }
    }
    flipped
}
