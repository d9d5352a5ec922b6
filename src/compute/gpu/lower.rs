//! From operations of a graph to dispatches of kernels.

use crate::compute::graph::{Graph, Op, TensorId};
use crate::compute::kernels::{self, Launch};

/// A buffer of a dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A tensor of the graph.
    Tensor(TensorId),
    /// The scratch buffer that all operations share in turn.
    Scratch,
}

/// The dispatches of one operation, with their buffers in the order of the kernel's bindings.
pub fn launches(graph: &Graph, id: TensorId) -> Vec<(Launch, Vec<Bound>)> {
    let shape = |id: &TensorId| graph.shape(*id);
    let y = Bound::Tensor(id);
    let t = |id: &TensorId| Bound::Tensor(*id);
    let out = graph.shape(id);
    match &graph.nodes()[id.0].op {
        Op::Input | Op::Constant(_) => vec![],
        Op::ChannelShift { x, order, scale, shift } => {
            vec![(kernels::channel_shift::launch(out.positions(), *order, *scale, *shift), vec![t(x), y])]
        }
        Op::Conv3x3 { x, weights, bias, mask, settings } => {
            let launch = kernels::conv3x3::launch(shape(x), out, *settings, bias.is_some(), mask.is_some());
            // What is absent is bound to something that is there and not read.
            let or_weights = |id: &Option<TensorId>| t(id.as_ref().unwrap_or(weights));
            vec![(launch, vec![t(x), t(weights), or_weights(bias), or_weights(mask), y])]
        }
        Op::PadReflect { x } => vec![(kernels::pad_reflect::launch(shape(x)), vec![t(x), y])],
        Op::PadReflectAdjoint { gradient } => {
            vec![(kernels::pad_reflect_adjoint::launch(out), vec![t(gradient), y])]
        }
        Op::Pool { x, pooling } => vec![(kernels::pool::launch(shape(x), *pooling), vec![t(x), y])],
        Op::PoolAdjoint { x, gradient, pooling } => {
            vec![(kernels::pool_adjoint::launch(shape(x), *pooling), vec![t(x), t(gradient), y])]
        }
        Op::Gram { features } => {
            let f = shape(features);
            let (parts, _) = kernels::gram::split(f.positions());
            let sum = kernels::sum_parts::launch(out.len(), parts, 1.0 / f.positions() as f32);
            vec![(kernels::gram::launch(f), vec![t(features), Bound::Scratch]), (sum, vec![Bound::Scratch, y])]
        }
        Op::GramAdjoint { features, matrix, carry, scale } => {
            let launch = kernels::gram_adjoint::launch(out, *scale, carry.is_some());
            vec![(launch, vec![t(features), t(matrix), y])]
        }
        Op::GramLoss { gram, target, scale } => {
            vec![(kernels::gram_loss::launch(shape(gram).len(), *scale), vec![t(gram), t(target), y])]
        }
        Op::GramLossAdjoint { gram, target, scale } => {
            vec![(kernels::gram_loss_adjoint::launch(out.len(), *scale), vec![t(gram), t(target), y])]
        }
        Op::WeightedSum { terms, weights } => {
            let term =
                |(n, (x, w)): (usize, (&TensorId, &f32))| (kernels::weighted_sum::launch(*w, n > 0), vec![t(x), y]);
            terms.iter().zip(weights).enumerate().map(term).collect()
        }
    }
}

/// Floats of the scratch buffer that an operation needs.
pub fn scratch(graph: &Graph, id: TensorId) -> usize {
    match &graph.nodes()[id.0].op {
        Op::Gram { features } => {
            let f = graph.shape(*features);
            kernels::gram::split(f.positions()).0 * f.channels * f.channels
        }
        _ => 0,
    }
}
