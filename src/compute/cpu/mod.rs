//! The native backend: every kernel on all cores. The shaders are compared with it.

mod conv;
mod gram;
mod image;
mod matmul;
mod pointwise;
mod pool;
mod signs;
mod taps;
mod training;
mod winograd;

use std::collections::HashMap;
use std::sync::Arc;

use self::conv::Kernels;
use self::gram::Region;
use self::pointwise::Operand;
use self::signs::ConvInput;
use super::ComputeError;
use super::graph::{Graph, Op, Plan, Storage, TensorId, flip_kernels};

/// A graph made ready to run on this machine's cores.
pub struct CpuProgram {
    graph: Graph,
    plan: Plan,
    buffers: Vec<Vec<f32>>,
    kernels: HashMap<usize, Kernels>,
}

/// Bytes that a plan needs here: buffers, constants with the prepared kernels, and scratch.
pub fn memory(graph: &Graph, plan: &Plan) -> u64 {
    let threads = rayon::current_num_threads() as u64;
    let (mut kernels, mut scratch) = (0, 0);
    for index in &plan.order {
        match &graph.nodes()[*index].op {
            Op::Conv { weights, .. } => {
                let w = graph.shape(*weights);
                kernels += Kernels::bytes(w);
                scratch = scratch.max(threads * winograd::scratch_bytes(w.width, w.channels));
            }
            Op::ConvWeights { gradient, .. } => {
                let w = graph.nodes()[*index].shape;
                scratch = scratch.max(training::conv_weights_scratch_bytes(w, graph.shape(*gradient), threads));
            }
            Op::Product { product, .. } => scratch = scratch.max(training::product_scratch_bytes(*product)),
            Op::Gram { features, .. } => scratch = scratch.max(gram::gram_scratch_bytes(graph.shape(*features))),
            _ => {}
        }
    }
    plan.bytes() + kernels + scratch
}

impl CpuProgram {
    /// Allocates the memory of the plan and prepares the kernels of the convolutions.
    ///
    /// From an earlier program (`earlier`) it takes over the buffers that are large enough and the prepared kernels of
    /// the same constants, because allocating memory takes a good part of the time. Reused buffers, also those of
    /// inputs, hold old values.
    ///
    /// # Errors
    /// There is not enough memory.
    pub fn new(graph: Graph, plan: Plan, earlier: Option<Self>) -> Result<Self, ComputeError> {
        let (mut old, mut prepared, of) = earlier.map(|s| (s.buffers, s.kernels, s.graph)).unwrap_or_default();
        old.sort_by_key(Vec::len);
        let mut buffers = Vec::with_capacity(plan.buffers.len());
        for len in &plan.buffers {
            // Both lists start with the largest buffer. An old buffer that is too small is freed before the new one is
            // allocated, so that both never exist at once.
            let buffer = match old.pop() {
                Some(largest) if largest.len() >= *len => Ok(largest),
                other => {
                    drop(other);
                    bytemuck::allocation::try_zeroed_vec(*len)
                }
            };
            buffers.push(buffer.map_err(|()| ComputeError::OutOfMemory { needed: memory(&graph, &plan) })?);
        }
        let mut kernels = HashMap::new();
        for index in &plan.order {
            let Op::Conv { weights, .. } = &graph.nodes()[*index].op else { continue };
            let (s, op) = (graph.shape(*weights), &graph.nodes()[weights.0].op);
            let Op::Constant(values) = op else {
                kernels.insert(weights.0, Kernels::choose(s));
                continue;
            };
            let before = of.nodes().get(weights.0).filter(|node| node.shape == s);
            let is_same = before
                .is_some_and(|node| matches!(&node.op, Op::Constant(old) if Arc::ptr_eq(old, values) || old == values));
            let known = if is_same { prepared.remove(&weights.0) } else { None };
            let made = known.unwrap_or_else(|| {
                let mut made = Kernels::choose(s);
                made.prepare(values, s);
                made
            });
            kernels.insert(weights.0, made);
        }
        Ok(Self { graph, plan, buffers, kernels })
    }

    /// Bytes in use; see [`memory`].
    pub fn memory(&self) -> u64 {
        memory(&self.graph, &self.plan)
    }

    /// Writes an input.
    pub fn write(&mut self, id: TensorId, values: &[f32]) {
        if let Storage::Buffer(b) = self.plan.storage[id.0] {
            self.buffers[b][..values.len()].copy_from_slice(values);
        }
    }

    /// Reads a tensor that outlives a run.
    pub fn read(&self, id: TensorId) -> &[f32] {
        let len = self.graph.shape(id).len();
        match (self.plan.storage[id.0], &self.graph.nodes()[id.0].op) {
            (Storage::Buffer(b), _) => &self.buffers[b][..len],
            (_, Op::Constant(values)) => values,
            _ => &[],
        }
    }

    /// Fills every buffer that a run writes with NaN, so that a test sees what a kernel leaves out.
    pub fn poison(&mut self) {
        for index in &self.plan.order {
            let node = &self.graph.nodes()[*index];
            if let (Storage::Buffer(b), false) = (self.plan.storage[*index], matches!(node.op, Op::Input)) {
                self.buffers[b].fill(f32::NAN);
            }
        }
    }

    /// Runs every operation of the plan.
    pub fn run(&mut self) {
        let mut step = 0;
        while step < self.plan.order.len() {
            let index = self.plan.order[step];
            if self.plan.gradients.contains(&index) {
                self.step_of_product(step);
                step += 3;
                continue;
            }
            step += 1;
            let Storage::Buffer(buffer) = self.plan.storage[index] else { continue };
            self.renew_kernels(index);
            // The output is moved out of its place while the operation reads the other buffers.
            let mut out = std::mem::take(&mut self.buffers[buffer]);
            let len = self.graph.nodes()[index].shape.len();
            self.operation(index, &mut out[..len]);
            self.buffers[buffer] = out;
        }
    }

    /// A product and the two operations of Adam's step that follow it, at once.
    fn step_of_product(&mut self, at: usize) {
        let [product, moments, moved] = [0, 1, 2].map(|n| self.plan.order[at + n]);
        let (Storage::Buffer(state), Storage::Buffer(parameter)) =
            (self.plan.storage[moments], self.plan.storage[moved])
        else {
            return;
        };
        let (mut of_state, mut of_parameter) =
            (std::mem::take(&mut self.buffers[state]), std::mem::take(&mut self.buffers[parameter]));
        let nodes = self.graph.nodes();
        let ops = (&nodes[product].op, &nodes[moments].op, &nodes[moved].op);
        if let (Op::Product { a, b, product: p }, Op::AdamMoments { step, .. }, Op::AdamStep { .. }) = ops {
            let out = (&mut of_state[..nodes[moments].shape.len()], &mut of_parameter[..nodes[moved].shape.len()]);
            training::adam_of_product(self.read(*a), self.read(*b), *p, self.read(*step), out);
        }
        self.buffers[state] = of_state;
        self.buffers[parameter] = of_parameter;
    }

    /// Prepares the kernels of a convolution again if they are not constant.
    fn renew_kernels(&mut self, index: usize) {
        let Op::Conv { weights, .. } = self.graph.nodes()[index].op else { return };
        if matches!(self.graph.nodes()[weights.0].op, Op::Constant(_)) {
            return;
        }
        if let Some(mut kernels) = self.kernels.remove(&weights.0) {
            kernels.prepare(self.read(weights), self.graph.shape(weights));
            self.kernels.insert(weights.0, kernels);
        }
    }

    fn operation(&self, index: usize, out: &mut [f32]) {
        let node = &self.graph.nodes()[index];
        let shape = |id: &TensorId| self.graph.shape(*id);
        match &node.op {
            Op::Input | Op::Constant(_) => {}
            Op::ChannelShift { x, order, scale, shift } => {
                image::channel_shift(self.read(*x), *order, *scale, *shift, out);
            }
            Op::Conv { x, weights, bias, mask, settings } => {
                let seen = self.graph.conv_input(*x, *mask, *settings);
                let mask = mask.map(|m| self.read(m));
                let input = ConvInput { values: self.read(*x), mask, shape: seen, spread: settings.spread };
                let bias = bias.map(|b| self.read(b));
                let kernels = &self.kernels[&weights.0];
                conv::conv(&input, self.read(*weights), kernels, bias, *settings, out, node.shape);
            }
            Op::Signs { x } => signs::signs(self.read(*x), shape(x).channels, out),
            Op::PadReflect { x } => image::pad_reflect(self.read(*x), shape(x), out),
            Op::PadReflectAdjoint { gradient } => image::pad_reflect_adjoint(self.read(*gradient), node.shape, out),
            Op::Pool { x, pooling } => pool::pool(self.read(*x), shape(x), *pooling, out),
            Op::PoolAdjoint { x, gradient, pooling } => {
                pool::pool_adjoint(self.read(*x), self.read(*gradient), shape(x), *pooling, out);
            }
            Op::FlipKernels { weights } => {
                out.copy_from_slice(&flip_kernels(self.read(*weights), shape(weights)));
            }
            Op::ConvWeights { x, gradient, settings } => {
                let input = ConvInput { values: self.read(*x), mask: None, shape: shape(x), spread: false };
                training::conv_weights(&input, self.read(*gradient), *settings, out, shape(gradient));
            }
            Op::Upsample { x } => training::upsample(self.read(*x), shape(x), out),
            Op::UpsampleAdjoint { gradient } => training::upsample_adjoint(self.read(*gradient), node.shape, out),
            Op::Product { a, b, product } => training::product(self.read(*a), self.read(*b), *product, out),
            Op::Pointwise { function, inputs } => {
                let operand = |id: &TensorId| Operand { values: self.read(*id), shape: shape(id) };
                let inputs: Vec<Operand> = inputs.iter().map(operand).collect();
                pointwise::pointwise(*function, &inputs, out, node.shape);
            }
            Op::Reduce { a, b, scale } => {
                let a = Operand { values: self.read(*a), shape: shape(a) };
                pointwise::reduce(a, b.map(|b| self.read(b)), *scale, out, node.shape);
            }
            Op::PullAway { products } => {
                out[0] = pointwise::pull_away(self.read(*products), shape(products).channels);
            }
            Op::PullAwayAdjoint { products, gradient } => {
                let n = shape(products).channels;
                pointwise::pull_away_adjoint(self.read(*products), self.read(*gradient)[0], n, out);
            }
            Op::AdamMoments { gradient, step, .. } => {
                training::adam_moments(self.read(*gradient), self.read(*step), out);
            }
            Op::AdamStep { state, step, .. } => training::adam_step(self.read(*state), self.read(*step), out),
            Op::Gram { features, region } => {
                let region = region.map(|r| Region::of(self.read(r), shape(features)));
                gram::gram(self.read(*features), shape(features), region, out);
            }
            Op::GramAdjoint { features, matrix, region, carry, scale } => {
                let s = shape(features);
                let region = region.map(|r| Region::of(self.read(r), s));
                gram::gram_adjoint(self.read(*features), self.read(*matrix), (s, region), *scale, carry.is_some(), out);
            }
            Op::SquaredError { x, target, scale } => {
                out[0] = pointwise::squared_error(self.read(*x), self.read(*target), *scale);
            }
            Op::SquaredErrorAdjoint { x, target, scale } => {
                pointwise::squared_error_adjoint(self.read(*x), self.read(*target), *scale, out);
            }
            Op::WeightedSum { terms, weights } => {
                let term = |(t, w): (&TensorId, &f32)| f64::from(self.read(*t)[0]) * f64::from(*w);
                out[0] = terms.iter().zip(weights).map(term).sum::<f64>() as f32;
            }
        }
    }
}
