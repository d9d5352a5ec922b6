//! Where each tensor lives: buffers are shared by tensors whose lives do not overlap.

use super::{Graph, Op, TensorId};

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
    /// Where each tensor of the graph lives.
    pub storage: Vec<Storage>,
    /// Floats of each buffer.
    pub buffers: Vec<usize>,
    /// Bytes of all constants together.
    pub constant_bytes: u64,
}

impl Plan {
    /// Assigns buffers by liveness: a tensor's buffer is free for others once its last reader has run. Inputs and
    /// outputs keep theirs.
    pub fn new(graph: &Graph, outputs: &[TensorId]) -> Self {
        let mut order = graph.needed(outputs);
        // Signs are taken as soon as there is what they are of, which then need not outlive its other readers.
        order.sort_by_key(|index| match graph.nodes[*index].op {
            Op::Signs { x } => (x.0, true),
            _ => (*index, false),
        });
        let last_use = last_uses(graph, &order, outputs);
        let mut plan =
            Self { order, storage: vec![Storage::Unused; graph.nodes.len()], buffers: vec![], constant_bytes: 0 };
        let mut free: Vec<usize> = vec![];
        for index in plan.order.clone() {
            let node = &graph.nodes[index];
            if matches!(node.op, Op::Constant(_)) {
                plan.storage[index] = Storage::Constant;
                plan.constant_bytes += node.shape.bytes();
                continue;
            }
            plan.storage[index] = match carried(&node.op, index, &last_use) {
                Some(carry) => plan.storage[carry.0],
                // An input keeps its numbers between runs, so nothing may have used its buffer before it either.
                None if matches!(node.op, Op::Input) => Storage::Buffer(plan.new_buffer(node.shape.len())),
                None => Storage::Buffer(plan.take_buffer(&mut free, node.shape.len())),
            };
            for input in dying(&node.op, index, &last_use) {
                match plan.storage[input.0] {
                    buffer if buffer == plan.storage[index] => {}
                    Storage::Buffer(b) => free.push(b),
                    _ => {}
                }
            }
        }
        plan
    }

    /// Bytes of all buffers and constants.
    pub fn bytes(&self) -> u64 {
        self.buffers.iter().map(|n| *n as u64 * 4).sum::<u64>() + self.constant_bytes
    }

    /// The largest single buffer in bytes.
    pub fn largest_buffer(&self) -> u64 {
        self.buffers.iter().map(|n| *n as u64 * 4).max().unwrap_or(0)
    }

    /// The smallest free buffer that is large enough, else the largest one grown, else a new one.
    fn take_buffer(&mut self, free: &mut Vec<usize>, len: usize) -> usize {
        let fitting = free.iter().enumerate().filter(|(_, b)| self.buffers[**b] >= len);
        let best = fitting.min_by_key(|(_, b)| self.buffers[**b]).map(|(at, _)| at);
        let grown = || free.iter().enumerate().max_by_key(|(_, b)| self.buffers[**b]).map(|(at, _)| at);
        match best.or_else(grown) {
            Some(at) => {
                let buffer = free.swap_remove(at);
                self.buffers[buffer] = self.buffers[buffer].max(len);
                buffer
            }
            None => self.new_buffer(len),
        }
    }

    fn new_buffer(&mut self, len: usize) -> usize {
        self.buffers.push(len);
        self.buffers.len() - 1
    }
}

/// For each node the position of its last reader; `usize::MAX` for what outlives a run.
fn last_uses(graph: &Graph, order: &[usize], outputs: &[TensorId]) -> Vec<usize> {
    let mut last = vec![0; graph.nodes.len()];
    for index in order {
        last[*index] = *index;
        for input in graph.nodes[*index].op.inputs() {
            last[input.0] = *index;
        }
    }
    for index in order {
        // What changes an input in place lives where the input lives.
        if matches!(graph.nodes[*index].op, Op::Input | Op::AdamMoments { .. } | Op::AdamStep { .. }) {
            last[*index] = usize::MAX;
        }
    }
    for output in outputs {
        last[output.0] = usize::MAX;
    }
    last
}

/// The tensor whose buffer the operation changes in place.
fn carried(op: &Op, index: usize, last_use: &[usize]) -> Option<TensorId> {
    match op {
        Op::GramAdjoint { carry: Some(carry), .. } => {
            assert_eq!(last_use[carry.0], index, "a gradient that is added to in place has no other reader");
            Some(*carry)
        }
        Op::AdamMoments { state, .. } => Some(*state),
        Op::AdamStep { parameter, .. } => Some(*parameter),
        _ => None,
    }
}

fn dying(op: &Op, index: usize, last_use: &[usize]) -> Vec<TensorId> {
    let mut inputs = op.inputs();
    inputs.sort_unstable();
    inputs.dedup();
    inputs.retain(|i| last_use[i.0] == index);
    inputs
}
