//! Translates operations of a graph into dispatches of kernels.

use super::algorithm::Algorithm;
use crate::compute::graph::{Graph, Op, Plan, Shape, TensorId};
use crate::compute::kernels::conv_cooperative::Matrices;
use crate::compute::kernels::{self, Launch, winograd_input, winograd_kernels};

/// A buffer of a dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bound {
    /// A tensor of the graph.
    Tensor(TensorId),
    /// One of the two scratch buffers that all operations share in turn.
    Scratch(usize),
    /// Constant kernels in the form that Winograd's algorithm needs.
    Transformed(TensorId),
}

/// The dispatches of one operation by the given algorithm on an adapter with these cooperative matrices. The
/// buffers of each are in the order of the kernel's bindings.
pub fn launches(
    graph: &Graph,
    id: TensorId,
    algorithm: Algorithm,
    matrices: Option<Matrices>,
) -> Vec<(Launch, Vec<Bound>)> {
    let shape = |id: &TensorId| graph.shape(*id);
    let y = Bound::Tensor(id);
    let t = |id: &TensorId| Bound::Tensor(*id);
    let out = graph.shape(id);
    match &graph.nodes()[id.0].op {
        Op::Input | Op::Constant(_) => vec![],
        Op::ChannelShift { x, order, scale, shift } => {
            vec![(kernels::channel_shift::launch(out.rows(), *order, *scale, *shift), vec![t(x), y])]
        }
        Op::Conv { x, weights, bias, mask, settings } => {
            let seen = graph.conv_input(*x, *mask, *settings);
            // For an absent bias or mask, the weights are bound instead; the kernel does not read them there.
            let or_weights = |id: &Option<TensorId>| t(id.as_ref().unwrap_or(weights));
            if algorithm == Algorithm::Winograd {
                let channels = seen.channels.max(out.channels);
                let band = |band: std::ops::Range<usize>| {
                    let tiles = kernels::winograd_multiply::launch(band.len(), seen.channels, out.channels);
                    let input = winograd_input::launch(seen, out, *settings, mask.is_some(), &band);
                    let output = kernels::winograd_output::launch(out, settings.relu, bias.is_some(), &band);
                    let [v, m] = [0, 1].map(Bound::Scratch);
                    [
                        (input, vec![t(x), or_weights(mask), v]),
                        (tiles, vec![v, Bound::Transformed(*weights), m]),
                        (output, vec![m, or_weights(bias), y]),
                    ]
                };
                return winograd_input::bands(out, channels).flat_map(band).collect();
            }
            let parameters = kernels::conv::parameters(seen, out, *settings, bias.is_some(), mask.is_some());
            let launch = match (algorithm, matrices) {
                (Algorithm::Cooperative, Some(matrices)) => {
                    kernels::conv_cooperative::launch(&parameters, out, matrices)
                }
                (Algorithm::Tiled, _) => kernels::conv_tiled::launch(&parameters, out),
                (Algorithm::Few, _) if kernels::conv_narrow::fits(seen.channels, out.channels) => {
                    kernels::conv_narrow::launch(&parameters, out)
                }
                (Algorithm::Few, _) => kernels::conv_thin::launch(&parameters, out),
                _ => kernels::conv::launch(&parameters, out),
            };
            vec![(launch, vec![t(x), t(weights), or_weights(bias), or_weights(mask), y])]
        }
        Op::Signs { x } => vec![(kernels::signs::launch(shape(x)), vec![t(x), y])],
        Op::PadReflect { x } => vec![(kernels::pad_reflect::launch(shape(x)), vec![t(x), y])],
        Op::PadReflectAdjoint { gradient } => {
            vec![(kernels::pad_reflect_adjoint::launch(out), vec![t(gradient), y])]
        }
        Op::Pool { x, pooling } => vec![(kernels::pool::launch(shape(x), *pooling), vec![t(x), y])],
        Op::PoolAdjoint { x, gradient, pooling } => {
            vec![(kernels::pool_adjoint::launch(shape(x), *pooling), vec![t(x), t(gradient), y])]
        }
        Op::Gram { features, region } => {
            let f = shape(features);
            let (parts, _) = kernels::gram::split(f.positions());
            let each = f.channels * f.channels;
            let sum = kernels::sum_parts::launch(f.batch, each, parts, 1.0 / f.positions() as f32);
            let launch = match algorithm {
                Algorithm::Tiled => kernels::gram_tiled::launch(f, region.is_none()),
                _ => kernels::gram::launch(f, region.is_none()),
            };
            let bound = vec![t(features), t(region.as_ref().unwrap_or(features)), Bound::Scratch(0)];
            vec![(launch, bound), (sum, vec![Bound::Scratch(0), y])]
        }
        Op::GramAdjoint { features, matrix, region, carry, scale } => {
            let launch = kernels::gram_adjoint::launch(out, *scale, carry.is_some(), region.is_none());
            vec![(launch, vec![t(features), t(matrix), t(region.as_ref().unwrap_or(features)), y])]
        }
        Op::SquaredError { x, target, scale } => {
            vec![(kernels::squared_error::launch(shape(x).len(), *scale), vec![t(x), t(target), y])]
        }
        Op::SquaredErrorAdjoint { x, target, scale } => {
            vec![(kernels::squared_error_adjoint::launch(out.len(), *scale), vec![t(x), t(target), y])]
        }
        Op::FlipKernels { weights } => vec![(kernels::flip_kernels::launch(shape(weights)), vec![t(weights), y])],
        Op::ConvWeights { x, gradient, settings } => {
            let (parts, _) = kernels::conv_weights::split(shape(gradient).rows());
            let launch = kernels::conv_weights::launch(shape(x), shape(gradient), *settings);
            let sum = kernels::sum_parts::launch(1, out.len(), parts, 1.0);
            vec![(launch, vec![t(x), t(gradient), Bound::Scratch(0)]), (sum, vec![Bound::Scratch(0), y])]
        }
        Op::Upsample { x } => vec![(kernels::upsample::launch(shape(x)), vec![t(x), y])],
        Op::UpsampleAdjoint { gradient } => vec![(kernels::upsample_adjoint::launch(out), vec![t(gradient), y])],
        Op::Product { a, b, product } => vec![(kernels::product::launch(*product), vec![t(a), t(b), y])],
        Op::Pointwise { function, inputs } => {
            let shapes: Vec<Shape> = inputs.iter().map(shape).collect();
            let launch = kernels::pointwise::launch(*function, &shapes, out);
            // For an input that the function does not take, the first input is bound instead.
            let bound = (0..3).map(|n| t(inputs.get(n).unwrap_or(&inputs[0]))).chain([y]).collect();
            vec![(launch, bound)]
        }
        Op::Reduce { a, b, scale } => {
            let launch = kernels::reduce::launch(shape(a), out, b.is_some(), *scale);
            vec![(launch, vec![t(a), t(b.as_ref().unwrap_or(a)), y])]
        }
        Op::PullAway { products } => {
            vec![(kernels::pull_away::launch(shape(products).channels), vec![t(products), y])]
        }
        Op::PullAwayAdjoint { products, gradient } => {
            let launch = kernels::pull_away_adjoint::launch(shape(products).channels);
            vec![(launch, vec![t(products), t(gradient), y])]
        }
        Op::AdamMoments { gradient, step, .. } => {
            vec![(kernels::adam_moments::launch(shape(gradient).len()), vec![t(gradient), t(step), y])]
        }
        Op::AdamStep { state, step, .. } => {
            vec![(kernels::adam_step::launch(out.len()), vec![t(state), t(step), y])]
        }
        Op::WeightedSum { terms, weights } => {
            let term =
                |(n, (x, w)): (usize, (&TensorId, &f32))| (kernels::weighted_sum::launch(*w, n > 0), vec![t(x), y]);
            terms.iter().zip(weights).enumerate().map(term).collect()
        }
    }
}

/// Floats of the two scratch buffers that an operation needs.
pub fn scratch(graph: &Graph, id: TensorId, algorithm: Algorithm) -> [usize; 2] {
    match &graph.nodes()[id.0].op {
        Op::Gram { features, .. } => {
            let f = graph.shape(*features);
            [f.batch * kernels::gram::split(f.positions()).0 * f.channels * f.channels, 0]
        }
        Op::ConvWeights { gradient, .. } => {
            [kernels::conv_weights::split(graph.shape(*gradient).rows()).0 * graph.shape(id).len(), 0]
        }
        Op::Conv { weights, .. } if algorithm == Algorithm::Winograd => {
            let (w, y) = (graph.shape(*weights), graph.shape(id));
            let tiles = winograd_input::band(y, w.width.max(w.channels));
            [36 * tiles * w.width, 36 * tiles * w.channels]
        }
        _ => [0, 0],
    }
}

/// The constant kernels that a plan's convolutions need in transformed form, each once. `choice` gives the algorithm
/// of each convolution.
pub fn transformed(graph: &Graph, plan: &Plan, choice: impl Fn(TensorId) -> Algorithm) -> Vec<TensorId> {
    let mut found: Vec<TensorId> = vec![];
    for id in plan.order.iter().map(|index| TensorId(*index)) {
        if let Op::Conv { weights, .. } = &graph.nodes()[id.0].op
            && choice(id) == Algorithm::Winograd
            && !found.contains(weights)
        {
            found.push(*weights);
        }
    }
    found
}

/// The algorithm that takes the most memory for an operation; plans assume it until the fastest is known.
pub fn largest(graph: &Graph, id: TensorId) -> Algorithm {
    let winograd = Algorithm::Winograd;
    if winograd.fits(graph, id) { winograd } else { Algorithm::Direct }
}

/// Bytes of scratch buffers and transformed kernels of a plan.
pub fn extra_bytes(graph: &Graph, plan: &Plan, choice: impl Fn(TensorId) -> Algorithm) -> u64 {
    let scratch: usize = scratch_len(graph, plan, &choice).iter().sum();
    let kernels =
        transformed(graph, plan, choice).iter().map(|id| winograd_kernels::len(graph.shape(*id))).sum::<usize>();
    (scratch + kernels) as u64 * 4
}

/// Floats of the two scratch buffers of a plan.
pub fn scratch_len(graph: &Graph, plan: &Plan, choice: impl Fn(TensorId) -> Algorithm) -> [usize; 2] {
    let each = plan.order.iter().map(|index| scratch(graph, TensorId(*index), choice(TensorId(*index))));
    each.fold([0, 0], |most, len| [most[0].max(len[0]), most[1].max(len[1])])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::compute::selftest::cases;

    /// Two kernels measure an adapter's peaks, and one transforms constant kernels before the first run.
    const OTHERS: [&str; 3] = ["copy", "multiply_add", "winograd_kernels"];

    #[test]
    fn the_self_test_has_a_case_for_every_kernel() {
        let mut used = BTreeSet::new();
        for case in cases().expect("cases") {
            for id in case.graph.ids() {
                for algorithm in
                    Algorithm::ALL.into_iter().filter(|a| *a == Algorithm::Direct || a.fits(&case.graph, id))
                {
                    for matrices in [Matrices::Eight, Matrices::Sixteen] {
                        let launches = launches(&case.graph, id, algorithm, Some(matrices));
                        used.extend(launches.iter().map(|(launch, _)| launch.kernel.name));
                    }
                }
            }
        }
        let unused: Vec<&str> = kernels::ALL
            .iter()
            .map(|kernel| kernel.name)
            .filter(|name| !used.contains(name) && !OTHERS.contains(name))
            .collect();
        assert!(unused.is_empty(), "the self-test never runs {unused:?}");
    }
}
