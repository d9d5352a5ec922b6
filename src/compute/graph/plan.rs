//! Where each tensor is stored: tensors share a buffer if they are not needed at the same time.

use std::collections::BTreeMap;
use std::ops::Range;

use super::{Graph, Op, Precision, TensorId};

/// Where a tensor is kept while a program runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// Not needed for the outputs.
    Unused,
    /// A constant, kept as it is.
    Constant,
    /// A buffer, which may serve several tensors in turn.
    Buffer(usize),
}

/// The memory of a program, known before anything is allocated.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The operations to run, in order.
    pub order: Vec<usize>,
    /// Products that only Adam reads, as a gradient. Each stands directly before the two operations of its step, and a
    /// backend can do all three at once.
    pub gradients: Vec<usize>,
    /// Where each tensor of the graph is stored.
    pub storage: Vec<Storage>,
    /// Whether each tensor has numbers of 16 bits instead of 32.
    pub halves: Vec<bool>,
    /// Floats of each buffer.
    pub buffers: Vec<usize>,
    /// Bytes of all constants together.
    pub constant_bytes: u64,
}

impl Plan {
    /// Assigns buffers by liveness: tensors share one if they are never needed at the same time. An input has a buffer
    /// of its own, and an output keeps its buffer to the end. The largest tensors are placed first (greedy by size;
    /// Pisarchyk & Lee 2020, arXiv:2001.03288), so that no small tensor occupies a large buffer that they need.
    pub fn new(graph: &Graph, outputs: &[TensorId], precision: Precision) -> Self {
        let halves = match precision {
            Precision::Single => vec![false; graph.nodes.len()],
            Precision::Half => graph.halves(outputs),
        };
        let floats = |index: usize| graph.nodes[index].shape.len().div_ceil(if halves[index] { 2 } else { 1 });
        let mut order = graph.needed(outputs);
        // Signs are computed directly after their map, so that the map is not needed any longer for them, and the
        // gradients of full layers, which can be large, directly before their step.
        let steps = steps_of_products(graph, &order, outputs);
        order.sort_by_key(|index| match graph.nodes[*index].op {
            Op::Signs { x } => (x.0, 1),
            Op::Product { .. } => steps.get(index).map_or((*index, 0), |step| (*step, 0)),
            Op::AdamMoments { .. } => (*index, 1),
            _ => (*index, 0),
        });
        let gradients = steps.into_keys().collect();
        let lifetimes = lifetimes(graph, &order, outputs);
        let mut storage = vec![Storage::Unused; graph.nodes.len()];
        let mut constant_bytes = 0;
        let mut owners = vec![];
        for index in &order {
            let node = &graph.nodes[*index];
            if matches!(node.op, Op::Constant(_)) {
                storage[*index] = Storage::Constant;
                constant_bytes += node.shape.bytes();
            } else if changed_in_place(&node.op).is_none() {
                owners.push(*index);
            }
        }
        owners.sort_by_key(|index| std::cmp::Reverse(floats(*index)));
        let mut buffers = vec![];
        let mut occupied: Vec<Vec<Range<usize>>> = vec![];
        for index in owners {
            let lifetime = &lifetimes[index];
            let is_free =
                |of: &Vec<Range<usize>>| of.iter().all(|l| l.end <= lifetime.start || lifetime.end <= l.start);
            // The last of the free buffers, which is the smallest.
            let buffer = occupied.iter().rposition(is_free).unwrap_or_else(|| {
                buffers.push(floats(index));
                occupied.push(vec![]);
                buffers.len() - 1
            });
            occupied[buffer].push(lifetime.clone());
            storage[index] = Storage::Buffer(buffer);
        }
        for index in &order {
            if let Some(carry) = changed_in_place(&graph.nodes[*index].op) {
                storage[*index] = storage[carry.0];
            }
        }
        Self { order, gradients, storage, halves, buffers, constant_bytes }
    }

    /// Bytes of all buffers and constants.
    pub fn bytes(&self) -> u64 {
        self.buffers.iter().map(|n| *n as u64 * 4).sum::<u64>() + self.constant_bytes
    }

    /// The largest single buffer in bytes.
    pub fn largest_buffer(&self) -> u64 {
        self.buffers.iter().map(|n| *n as u64 * 4).max().unwrap_or(0)
    }
}

/// The products that only an [`Op::AdamMoments`] reads, with its node. A product of what Adam changes is none of them,
/// because it has to be computed before; nor is one that is smaller than its factors, which would be kept for it.
fn steps_of_products(graph: &Graph, order: &[usize], outputs: &[TensorId]) -> BTreeMap<usize, usize> {
    let mut readers = vec![0; graph.nodes.len()];
    let mut changed = vec![false; graph.nodes.len()];
    outputs.iter().for_each(|id| readers[id.0] += 1);
    for index in order {
        let op = &graph.nodes[*index].op;
        op.inputs().iter().for_each(|id| readers[id.0] += 1);
        changed_in_place(op).into_iter().for_each(|id| changed[id.0] = true);
    }
    let step = |index: &usize| {
        let Op::AdamMoments { gradient, .. } = &graph.nodes[*index].op else { return None };
        let Op::Product { a, b, .. } = &graph.nodes[gradient.0].op else { return None };
        let len = |id: &TensorId| graph.nodes[id.0].shape.len();
        let is_read_once = readers[gradient.0] == 1 && !changed[a.0] && !changed[b.0];
        (is_read_once && len(gradient) >= len(a) + len(b)).then_some((gradient.0, *index))
    };
    order.iter().filter_map(step).collect()
}

/// For each node, the steps during which its buffer is in use: from the step that computes it to the last one that
/// reads it or its result after a change in place.
fn lifetimes(graph: &Graph, order: &[usize], outputs: &[TensorId]) -> Vec<Range<usize>> {
    let mut lifetimes = vec![0..0; graph.nodes.len()];
    let mut owner: Vec<usize> = (0..graph.nodes.len()).collect();
    let mut changed = vec![false; graph.nodes.len()];
    for (step, index) in order.iter().enumerate() {
        let op = &graph.nodes[*index].op;
        for input in op.inputs() {
            assert!(!changed[input.0], "what is changed in place has no later reader");
            lifetimes[owner[input.0]].end = step + 1;
        }
        if let Some(carry) = changed_in_place(op) {
            owner[*index] = owner[carry.0];
            changed[carry.0] = true;
        } else {
            lifetimes[*index] = step..step + 1;
        }
    }
    // An input keeps its numbers between runs, so no tensor may use its buffer before it either.
    for input in order.iter().filter(|index| matches!(graph.nodes[**index].op, Op::Input)) {
        lifetimes[*input] = 0..usize::MAX;
    }
    for output in outputs {
        lifetimes[owner[output.0]].end = usize::MAX;
    }
    lifetimes
}

/// The tensor whose buffer the operation changes in place, and which nothing reads after it.
fn changed_in_place(op: &Op) -> Option<TensorId> {
    match op {
        Op::GramAdjoint { carry, .. } => *carry,
        Op::AdamMoments { state, .. } => Some(*state),
        Op::AdamStep { parameter, .. } => Some(*parameter),
        _ => None,
    }
}
