//! A graph made ready to run on an adapter.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::adapter::{Dispatch, Gpu};
use crate::compute::ComputeError;
use crate::compute::graph::{Graph, Op, Plan, Precision, Storage, TensorId};
use crate::compute::kernels::Algorithm;
use crate::compute::kernels::lower::{self, Bound};
use crate::compute::kernels::{Binding, Halves, Kernel, winograd_kernels};

/// How long one submission may keep the device busy, so that a desktop on the same adapter stays smooth.
const PIECE: Duration = Duration::from_millis(10);

/// A compiled graph with its buffers; these and the bind groups are made once.
pub struct GpuProgram {
    pub(super) gpu: Arc<Gpu>,
    pub(super) graph: Graph,
    pub(super) plan: Plan,
    buffers: Vec<wgpu::Buffer>,
    pub(super) dispatches: Vec<Dispatch>,
    /// How each of the operations is computed.
    pub(super) choices: HashMap<TensorId, Algorithm>,
    staging: wgpu::Buffer,
    outputs: Vec<TensorId>,
    pieces: usize,
}

fn staging_bytes(graph: &Graph, outputs: &[TensorId]) -> u64 {
    outputs.iter().map(|id| graph.shape(*id).bytes()).sum()
}

/// The most bytes that a plan can need on the device; which kernels are fastest there is not known yet.
pub fn memory(graph: &Graph, plan: &Plan, outputs: &[TensorId]) -> u64 {
    plan.bytes() + lower::extra_bytes(graph, plan, |id| lower::largest(graph, id)) + staging_bytes(graph, outputs)
}

/// The variant of a kernel that reads and writes these buffers.
pub(super) fn variant(kernel: &Kernel, bound: &[Bound], plan: &Plan) -> Halves {
    let is_half = |kind: Binding| {
        // The parameter block comes before the buffers.
        let of = kernel.bindings[1..].iter().zip(bound).find(|(binding, _)| **binding == kind);
        of.is_some_and(|(_, bound)| matches!(bound, Bound::Tensor(id) if plan.halves[id.0]))
    };
    Halves { read: is_half(Binding::ReadMap), write: is_half(Binding::WriteMap) }
}

impl GpuProgram {
    /// Allocates the buffers and prepares every dispatch; `outputs` are what a run can return.
    ///
    /// # Errors
    /// A buffer or a grid exceeds the adapter's limits, there is not enough memory, the device is lost, or it was not
    /// opened for half precision.
    pub fn new(gpu: Arc<Gpu>, graph: Graph, plan: Plan, outputs: &[TensorId]) -> Result<Self, ComputeError> {
        Self::with(gpu, graph, plan, outputs, None)
    }

    /// Like [`GpuProgram::new`]; if an algorithm is given, it is used for all operations instead of the fastest.
    pub(super) fn with(
        gpu: Arc<Gpu>,
        graph: Graph,
        plan: Plan,
        outputs: &[TensorId],
        forced: Option<Algorithm>,
    ) -> Result<Self, ComputeError> {
        gpu.check_lost()?;
        if graph.precision == Precision::Half && !gpu.has_halves() {
            return Err(ComputeError::NoHalves { device: gpu.info().name.clone() });
        }
        let mut choices = HashMap::new();
        for id in plan.order.iter().map(|index| TensorId(*index)) {
            let choice = match forced {
                Some(forced) => forced,
                None => gpu.choice(&graph, id)?,
            };
            choices.insert(id, choice);
        }
        let choice = |id: TensorId| choices[&id];
        let mut buffers = vec![];
        for len in &plan.buffers {
            buffers.push(gpu.buffer("tensor", *len)?);
        }
        let [a, b] = lower::scratch_len(&graph, &plan, choice);
        let scratch = [gpu.buffer("scratch", a)?, gpu.buffer("scratch", b)?];
        let mut constants = HashMap::new();
        for index in &plan.order {
            if let Op::Constant(values) = &graph.nodes()[*index].op {
                let buffer = gpu.buffer("constant", values.len())?;
                gpu.queue.write_buffer(&buffer, 0, bytemuck::cast_slice(values));
                constants.insert(*index, buffer);
            }
        }
        let mut transformed = HashMap::new();
        let mut once = vec![];
        for weights in lower::transformed(&graph, &plan, choice) {
            let shape = graph.shape(weights);
            let buffer = gpu.buffer("transformed kernels", winograd_kernels::len(shape))?;
            let launch = winograd_kernels::launch(shape);
            let dispatch = gpu.dispatch(&launch, Halves::default(), &[&constants[&weights.0], &buffer])?;
            once.push(dispatch);
            transformed.insert(weights, buffer);
        }
        let mut dispatches = vec![];
        for id in plan.order.iter().map(|index| TensorId(*index)) {
            for (launch, bound) in lower::launches(&graph, id, choice(id), gpu.matrices()) {
                let buffer = |bound: &Bound| match bound {
                    Bound::Scratch(n) => &scratch[*n],
                    Bound::Transformed(weights) => &transformed[weights],
                    Bound::Tensor(id) => match plan.storage[id.0] {
                        Storage::Buffer(b) => &buffers[b],
                        Storage::Constant | Storage::Unused => &constants[&id.0],
                    },
                };
                let halves = variant(launch.kernel, &bound, &plan);
                let bound: Vec<&wgpu::Buffer> = bound.iter().map(buffer).collect();
                dispatches.push(gpu.dispatch(&launch, halves, &bound)?);
            }
        }
        if !once.is_empty() {
            gpu.submit_all(&once);
        }
        let staging = gpu.staging(staging_bytes(&graph, outputs));
        gpu.check_lost()?;
        Ok(Self { gpu, graph, plan, buffers, dispatches, choices, staging, outputs: outputs.to_vec(), pieces: 4 })
    }

    /// Bytes in use on the device.
    pub fn memory(&self) -> u64 {
        memory(&self.graph, &self.plan, &self.outputs)
    }

    /// The adapter that it runs on.
    pub fn gpu(&self) -> &Arc<Gpu> {
        &self.gpu
    }

    /// Writes an input.
    pub fn write(&mut self, id: TensorId, values: &[f32]) {
        if let Storage::Buffer(b) = self.plan.storage[id.0] {
            self.gpu.queue.write_buffer(&self.buffers[b], 0, bytemuck::cast_slice(values));
        }
    }

    /// Reads a tensor that outlives a run.
    ///
    /// # Errors
    /// The device is lost.
    pub fn read(&self, id: TensorId) -> Result<Vec<f32>, ComputeError> {
        let Storage::Buffer(b) = self.plan.storage[id.0] else { return Ok(vec![]) };
        let bytes = self.graph.shape(id).bytes();
        let staging = self.gpu.staging(bytes);
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(&self.buffers[b], 0, &staging, 0, bytes);
        self.gpu.submit(encoder);
        self.gpu.map(&staging, |floats| floats[..self.graph.shape(id).len()].to_vec())
    }

    /// Fills every buffer that a run writes with NaN, so that a test sees what a kernel leaves out.
    pub fn poison(&mut self) {
        /// NaN both as one 32-bit number and as two 16-bit numbers.
        const NAN: f32 = f32::from_bits(0x7fc0_7fc0);
        for index in &self.plan.order {
            let node = &self.graph.nodes()[*index];
            if let (Storage::Buffer(b), false) = (self.plan.storage[*index], matches!(node.op, Op::Input)) {
                let poison = vec![NAN; self.plan.buffers[b]];
                self.gpu.queue.write_buffer(&self.buffers[b], 0, bytemuck::cast_slice(&poison));
            }
        }
    }

    /// Runs the graph and returns its outputs in the order in which they were named.
    ///
    /// # Errors
    /// The device is lost.
    pub fn run(&mut self) -> Result<Vec<Vec<f32>>, ComputeError> {
        let start = Instant::now();
        let per_piece = self.dispatches.len().div_ceil(self.pieces).max(1);
        for piece in self.dispatches.chunks(per_piece) {
            self.gpu.submit_all(piece);
        }
        let outputs = self.read_back()?;
        let pieces = start.elapsed().as_secs_f64() / PIECE.as_secs_f64();
        self.pieces = (pieces.ceil() as usize).clamp(1, self.dispatches.len().max(1));
        Ok(outputs)
    }

    fn read_back(&mut self) -> Result<Vec<Vec<f32>>, ComputeError> {
        let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
        let mut offset = 0;
        for id in &self.outputs {
            let bytes = self.graph.shape(*id).bytes();
            if let Storage::Buffer(b) = self.plan.storage[id.0] {
                encoder.copy_buffer_to_buffer(&self.buffers[b], 0, &self.staging, offset, bytes);
            }
            offset += bytes;
        }
        self.gpu.submit(encoder);
        self.gpu.map(&self.staging, |mut floats| {
            let mut outputs = vec![];
            for id in &self.outputs {
                let (mine, rest) = floats.split_at(self.graph.shape(*id).len());
                outputs.push(mine.to_vec());
                floats = rest;
            }
            outputs
        })
    }
}
