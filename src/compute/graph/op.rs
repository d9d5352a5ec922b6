//! The operations of a graph.

use std::sync::Arc;

use super::{ConvSettings, Pooling, TensorId};

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
    /// Convolution; with a mask of [`Op::Signs`], `x` counts only where that bit is set.
    Conv { x: TensorId, weights: TensorId, bias: Option<TensorId>, mask: Option<TensorId>, settings: ConvSettings },
    /// One bit for each number of `x`, set where it is positive: bit `c % 32` of word `c / 32` of a position.
    Signs { x: TensorId },
    /// One mirrored pixel around the input.
    PadReflect { x: TensorId },
    /// Adjoint of [`Op::PadReflect`].
    PadReflectAdjoint { gradient: TensorId },
    /// 2 × 2 pooling of stride 2; an odd last row or column is dropped.
    Pool { x: TensorId, pooling: Pooling },
    /// Adjoint of [`Op::Pool`] at the input `x`.
    PoolAdjoint { x: TensorId, gradient: TensorId, pooling: Pooling },
    /// The kernels of the adjoint convolution: taps reversed, channels exchanged.
    FlipKernels { weights: TensorId },
    /// Adjoint of [`Op::Conv`] with respect to its kernels: `Σ_p x[p + t, i] · gradient[p, o]`, over all images.
    ConvWeights { x: TensorId, gradient: TensorId, settings: ConvSettings },
    /// Each pixel becomes 2 × 2.
    Upsample { x: TensorId },
    /// Adjoint of [`Op::Upsample`]: the sums over 2 × 2 pixels.
    UpsampleAdjoint { gradient: TensorId },
    /// Matrix product, see [`Product`].
    Product { a: TensorId, b: TensorId, product: Product },
    /// A function applied element by element, see [`Function`].
    Pointwise { function: Function, inputs: Vec<TensorId> },
    /// `scale · Σ a · b` (or of `a` alone) over every dimension in which the result has size 1.
    Reduce { a: TensorId, b: Option<TensorId>, scale: f32 },
    /// Mean squared cosine between different vectors, from the matrix of their scalar products.
    PullAway { products: TensorId },
    /// Adjoint of [`Op::PullAway`].
    PullAwayAdjoint { products: TensorId, gradient: TensorId },
    /// In place: the sum of the batch's gradients so far, and Adam's first and second moments, one after the other.
    AdamMoments { state: TensorId, gradient: TensorId, step: TensorId },
    /// In place: a step of Adam.
    AdamStep { parameter: TensorId, state: TensorId, step: TensorId },
    /// `G = Fᵀ F / positions`, of each image. With a region (first row, first column, and the row and column after the
    /// last) only the positions within are summed; the divisor is still all positions.
    Gram { features: TensorId, region: Option<TensorId> },
    /// Adjoint of [`Op::Gram`]: `features · matrix · scale`, and 0 outside a region. If there is a `carry`, it is added
    /// to that in place.
    GramAdjoint { features: TensorId, matrix: TensorId, region: Option<TensorId>, carry: Option<TensorId>, scale: f32 },
    /// `scale · ‖x − target‖²`, over all images.
    SquaredError { x: TensorId, target: TensorId, scale: f32 },
    /// `2 · scale · (x − target)`: the adjoint of [`Op::SquaredError`].
    SquaredErrorAdjoint { x: TensorId, target: TensorId, scale: f32 },
    /// `Σ weight · scalar`.
    WeightedSum { terms: Vec<TensorId>, weights: Vec<f32> },
}

impl Op {
    /// The tensors that the operation reads.
    pub fn inputs(&self) -> Vec<TensorId> {
        match self {
            Self::Input | Self::Constant(_) => vec![],
            Self::ChannelShift { x, .. } | Self::Signs { x } | Self::PadReflect { x } | Self::Pool { x, .. } => {
                vec![*x]
            }
            Self::Conv { x, weights, bias, mask, .. } => {
                [Some(*x), Some(*weights), *bias, *mask].into_iter().flatten().collect()
            }
            Self::PadReflectAdjoint { gradient } | Self::UpsampleAdjoint { gradient } => vec![*gradient],
            Self::PoolAdjoint { x, gradient, .. } | Self::ConvWeights { x, gradient, .. } => vec![*x, *gradient],
            Self::FlipKernels { weights } => vec![*weights],
            Self::Upsample { x } => vec![*x],
            Self::PullAway { products } => vec![*products],
            Self::PullAwayAdjoint { products, gradient } => vec![*products, *gradient],
            Self::Product { a, b, .. } => vec![*a, *b],
            Self::Pointwise { inputs, .. } => inputs.clone(),
            Self::Reduce { a, b, .. } => [Some(*a), *b].into_iter().flatten().collect(),
            Self::AdamMoments { state, gradient, step } => vec![*state, *gradient, *step],
            Self::AdamStep { parameter, state, step } => vec![*parameter, *state, *step],
            Self::Gram { features, region } => [Some(*features), *region].into_iter().flatten().collect(),
            Self::GramAdjoint { features, matrix, region, carry, .. } => {
                [Some(*features), Some(*matrix), *region, *carry].into_iter().flatten().collect()
            }
            Self::SquaredError { x, target, .. } | Self::SquaredErrorAdjoint { x, target, .. } => vec![*x, *target],
            Self::WeightedSum { terms, .. } => terms.clone(),
        }
    }
}

/// The function that [`Op::Pointwise`] computes from numbers `a`, `b`, `c` of its inputs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Function {
    /// `a + b`.
    Add,
    /// `a · b`.
    Multiply,
    /// `a · (1 + b)`.
    Modulate,
    /// `a` where it is positive, else the slope times `a`.
    LeakyRelu(f32),
    /// `b` where the result `a` of [`Function::LeakyRelu`] is positive, else the slope times `b`.
    LeakyReluAdjoint(f32),
    /// `1 / (1 + e^−a)`.
    Sigmoid,
    /// `b · a · (1 − a)`, `a` being the result of [`Function::Sigmoid`].
    SigmoidAdjoint,
    /// `a + e^(b / 2) · c`: a sample of the normal distribution of mean `a` and log variance `b` (Kingma & Welling
    /// 2014, arXiv:1312.6114, section 2.4).
    Reparameterise,
    /// `c · b · e^(a / 2) / 2`: the adjoint of [`Function::Reparameterise`] with respect to the log variance `a`.
    ReparameteriseAdjoint,
    /// `(a² + e^b − 1 − b) / 2`: the divergence of the normal distribution of mean `a` and log variance `b` from the
    /// standard one (Kingma & Welling 2014, appendix B).
    Divergence,
    /// `b · (e^a − 1) / 2`: the adjoint of [`Function::Divergence`] with respect to the log variance `a`.
    DivergenceAdjoint,
    /// The larger of `a` and a number.
    Floor(f32),
    /// `b` where `a` is above the number, else 0.
    FloorAdjoint(f32),
    /// `a / (1 + a)` of a number above −1.
    Saturate,
    /// `b / (1 + a)²`: the adjoint of [`Function::Saturate`].
    SaturateAdjoint,
}

impl Function {
    /// How many inputs it takes.
    pub const fn inputs(self) -> usize {
        match self {
            Self::LeakyRelu(_) | Self::Sigmoid | Self::Floor(_) | Self::Saturate => 1,
            Self::Reparameterise | Self::ReparameteriseAdjoint => 3,
            _ => 2,
        }
    }
}

/// `y = A · B`, where `y` is `rows × columns`. Each matrix is stored row by row, and may be read transposed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Product {
    /// Rows of `y`.
    pub rows: usize,
    /// Columns of `y`.
    pub columns: usize,
    /// Length of the inner sum.
    pub inner: usize,
    /// Whether `A` is stored as `inner × rows`.
    pub transpose_a: bool,
    /// Whether `B` is stored as `columns × inner`.
    pub transpose_b: bool,
}
