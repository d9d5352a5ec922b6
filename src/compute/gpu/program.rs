//! A graph made ready to run on an adapter.

use std::sync::Arc;
use std::time::{Duration, Instant};

use wgpu::util::DeviceExt;

use super::Gpu;
use super::lower::{self, Bound};
use crate::compute::ComputeError;
use crate::compute::graph::{Graph, Op, Plan, Storage, TensorId};

/// How long one submission may keep the device busy, so that a desktop on the same adapter stays smooth.
const PIECE: Duration = Duration::from_millis(10);

/// A compiled graph with its buffers; these and the bind groups are made once.
pub struct GpuProgram {
    gpu: Arc<Gpu>,
    graph: Graph,
    plan: Plan,
    buffers: Vec<wgpu::Buffer>,
    dispatches: Vec<Dispatch>,
    staging: wgpu::Buffer,
    outputs: Vec<TensorId>,
    pieces: usize,
}

struct Dispatch {
    pipeline: wgpu::ComputePipeline,
    bindings: wgpu::BindGroup,
    groups: [u32; 3],
}

fn scratch_len(graph: &Graph, plan: &Plan) -> usize {
    plan.order.iter().map(|n| lower::scratch(graph, TensorId(*n))).max().unwrap_or(0)
}

fn staging_bytes(graph: &Graph, outputs: &[TensorId]) -> u64 {
    outputs.iter().map(|id| graph.shape(*id).bytes()).sum()
}

/// Bytes that a plan needs on the device.
pub fn memory(graph: &Graph, plan: &Plan, outputs: &[TensorId]) -> u64 {
    plan.bytes() + scratch_len(graph, plan) as u64 * 4 + staging_bytes(graph, outputs)
}

impl GpuProgram {
    /// Allocates the buffers and prepares every dispatch; `outputs` are what a run can return.
    ///
    /// # Errors
    /// A buffer or a grid exceeds the adapter's limits, the memory cannot be had, or the device is lost.
    pub fn new(gpu: Arc<Gpu>, graph: Graph, plan: Plan, outputs: &[TensorId]) -> Result<Self, ComputeError> {
        gpu.check_lost()?;
        let mut buffers = vec![];
        for len in &plan.buffers {
            buffers.push(gpu.buffer("tensor", *len)?);
        }
        let scratch = gpu.buffer("scratch", scratch_len(&graph, &plan))?;
        let mut constants = std::collections::HashMap::new();
        for index in &plan.order {
            if let Op::Constant(values) = &graph.nodes()[*index].op {
                let buffer = gpu.buffer("constant", values.len())?;
                gpu.queue.write_buffer(&buffer, 0, bytemuck::cast_slice(values));
                constants.insert(*index, buffer);
            }
        }
        let mut dispatches = vec![];
        for index in &plan.order {
            for (launch, bound) in lower::launches(&graph, TensorId(*index)) {
                let groups = launch.grid.groups(gpu.limits.max_compute_workgroups_per_dimension);
                let groups = groups.ok_or_else(|| ComputeError::Limit {
                    device: gpu.info.name.clone(),
                    what: format!("the grid of {}", launch.kernel.name),
                    needed: format!("{:?} groups", launch.grid),
                    allowed: format!("{} a dimension", gpu.limits.max_compute_workgroups_per_dimension),
                })?;
                let parameters = gpu.device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
                    label: Some(launch.kernel.name),
                    contents: &launch.parameters,
                    usage: wgpu::BufferUsages::UNIFORM,
                });
                let bound = bound.iter().map(|b| match b {
                    Bound::Scratch => &scratch,
                    Bound::Tensor(id) => match plan.storage[id.0] {
                        Storage::Buffer(b) => &buffers[b],
                        Storage::Constant | Storage::Unused => &constants[&id.0],
                    },
                });
                let entries: Vec<_> = std::iter::once(&parameters)
                    .chain(bound)
                    .enumerate()
                    .map(|(n, b)| wgpu::BindGroupEntry { binding: n as u32, resource: b.as_entire_binding() })
                    .collect();
                let pipeline = gpu.pipeline(launch.kernel);
                let bindings = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
                    label: Some(launch.kernel.name),
                    layout: &pipeline.layout,
                    entries: &entries,
                });
                dispatches.push(Dispatch { pipeline: pipeline.pipeline, bindings, groups });
            }
        }
        let staging = gpu.staging(staging_bytes(&graph, outputs));
        gpu.check_lost()?;
        Ok(Self { gpu, graph, plan, buffers, dispatches, staging, outputs: outputs.to_vec(), pieces: 4 })
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
        for index in &self.plan.order {
            let node = &self.graph.nodes()[*index];
            if let (Storage::Buffer(b), false) = (self.plan.storage[*index], matches!(node.op, Op::Input)) {
                let poison = vec![f32::NAN; self.plan.buffers[b]];
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
            let mut encoder = self.gpu.device.create_command_encoder(&Default::default());
            {
                let mut pass = encoder.begin_compute_pass(&Default::default());
                for dispatch in piece {
                    pass.set_pipeline(&dispatch.pipeline);
                    pass.set_bind_group(0, &dispatch.bindings, &[]);
                    pass.dispatch_workgroups(dispatch.groups[0], dispatch.groups[1], dispatch.groups[2]);
                }
            }
            self.gpu.submit(encoder);
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
