//! Measures the time of each kernel and the peak rates of the adapter.

use std::time::Instant;

use super::adapter::{Dispatch, Gpu};
use super::program::GpuProgram;
use super::program::variant;
use crate::compute::ComputeError;
use crate::compute::graph::{Graph, Op, Plan, TensorId};
use crate::compute::kernels::lower::{self, Bound};
use crate::compute::kernels::{self, Halves, Launch};

/// Queries of one set.
const QUERIES: usize = 4096;

/// One dispatch and its time.
#[derive(Clone, Debug)]
pub struct Timing {
    /// The kernel.
    pub kernel: &'static str,
    /// What it works on, in words.
    pub shape: String,
    /// Seconds.
    pub seconds: f64,
    /// Multiplications and additions; for a convolution those of its definition (Winograd's algorithm needs fewer).
    pub operations: u64,
    /// Bytes of all tensors that it reads or writes, each counted once.
    pub bytes: u64,
}

/// The peak rates of an adapter.
#[derive(Clone, Copy, Debug)]
pub struct Peaks {
    /// Multiplications and additions per second.
    pub operations: f64,
    /// Bytes that a copy reads and writes per second.
    pub bytes: f64,
}

impl Timing {
    /// Describes one of the dispatches of an operation.
    fn new(
        graph: &Graph,
        plan: &Plan,
        id: TensorId,
        (launch, bound): &(Launch, Vec<Bound>),
        scratch: [usize; 2],
        seconds: f64,
    ) -> Self {
        let s = graph.shape(id);
        let Halves { read, write } = variant(launch.kernel, bound, plan);
        let [read, write] = [read, write].map(|is_half| if is_half { 2 } else { 4 });
        // In place of an absent input, another buffer is bound twice; it counts once.
        let once = bound.iter().enumerate().filter(|(n, b)| !bound[..*n].contains(b)).map(|(_, b)| b);
        let tensors = once.map(|bound| match bound {
            Bound::Tensor(id) => graph.shape(*id).len() as u64 * if plan.halves[id.0] { 2 } else { 4 },
            Bound::Scratch(n) => scratch[*n] as u64 * 4,
            Bound::Transformed(_) => 0,
        });
        let (mut shape, mut bytes) = (format!("{} × {} × {}", s.height, s.width, s.channels), tensors.sum());
        let mut operations = graph.operations_of(id);
        if let Op::Conv { weights, .. } = &graph.nodes()[id.0].op {
            let w = graph.shape(*weights);
            shape = format!("{} → {}, {} × {}", w.width, w.channels, s.height, s.width);
            let (tiles, inputs, outputs) = (u64::from(launch.tiles()), w.width as u64, w.channels as u64);
            // In Winograd's algorithm, the products count the operations of the definition, with 16 outputs per tile.
            let direct = 2 * 16 * tiles * 9 * inputs * outputs;
            (operations, bytes) = match launch.kernel.name {
                "winograd_input" => (0, (16 * read + 36 * 4) * tiles * inputs),
                "winograd_multiply" => (direct, 36 * 4 * (tiles * (inputs + outputs) + inputs * outputs)),
                "winograd_output" => (0, (16 * write + 36 * 4) * tiles * outputs),
                _ => (operations, bytes),
            };
        }
        if launch.kernel.name == "sum_parts" {
            operations = scratch[0] as u64;
        }
        Self { kernel: launch.kernel.name, shape, seconds, operations, bytes }
    }
}

impl Gpu {
    /// Whether the driver reports when a kernel began and ended; otherwise the times include its submission.
    pub fn has_timestamps(&self) -> bool {
        self.device.features().contains(wgpu::Features::TIMESTAMP_QUERY)
    }

    /// Seconds of each dispatch, one after the other.
    fn time_each(&self, dispatches: &[Dispatch]) -> Result<Vec<f64>, ComputeError> {
        let mut seconds = vec![];
        for some in dispatches.chunks(QUERIES / 2) {
            if self.has_timestamps() {
                seconds.extend(self.timestamps(some)?);
                continue;
            }
            for dispatch in some {
                let start = Instant::now();
                self.submit_all(std::slice::from_ref(dispatch));
                self.wait()?;
                seconds.push(start.elapsed().as_secs_f64());
            }
        }
        Ok(seconds)
    }

    fn timestamps(&self, dispatches: &[Dispatch]) -> Result<Vec<f64>, ComputeError> {
        let count = 2 * dispatches.len() as u32;
        let query_set = self.device.create_query_set(&wgpu::QuerySetDescriptor {
            label: Some("timestamps"),
            ty: wgpu::QueryType::Timestamp,
            count,
        });
        let bytes = u64::from(count) * 8;
        let resolved = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("timestamps"),
            size: bytes,
            usage: wgpu::BufferUsages::QUERY_RESOLVE | wgpu::BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        let staging = self.staging(bytes);
        let mut encoder = self.device.create_command_encoder(&Default::default());
        for (n, dispatch) in dispatches.iter().enumerate() {
            let at = 2 * n as u32;
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                label: None,
                timestamp_writes: Some(wgpu::ComputePassTimestampWrites {
                    query_set: &query_set,
                    beginning_of_pass_write_index: Some(at),
                    end_of_pass_write_index: Some(at + 1),
                }),
            });
            dispatch.record(&mut pass);
        }
        encoder.resolve_query_set(&query_set, 0..count, &resolved, 0);
        encoder.copy_buffer_to_buffer(&resolved, 0, &staging, 0, bytes);
        self.submit(encoder);
        let ticks = self.map(&staging, |halves| {
            let whole = |pair: &[f32]| u64::from(pair[0].to_bits()) | u64::from(pair[1].to_bits()) << 32;
            halves.chunks_exact(2).take(count as usize).map(whole).collect::<Vec<u64>>()
        })?;
        let period = f64::from(self.queue.get_timestamp_period()) * 1e-9;
        Ok(ticks.chunks_exact(2).map(|t| t[1].saturating_sub(t[0]) as f64 * period).collect())
    }

    /// Measures the peak rates of the adapter: one kernel only computes, another only copies.
    ///
    /// # Errors
    /// There is not enough memory, or the device is lost.
    pub fn peaks(&self) -> Result<Peaks, ComputeError> {
        /// Enough groups to keep every core of a large card busy, and how long a measurement should take, in seconds.
        const GROUPS: usize = 4096;
        const LONG_ENOUGH: f64 = 0.02;
        const COPIED: usize = 16 << 20;
        let y = self.buffer("multiply_add", GROUPS * 256)?;
        let (mut rounds, mut operations) = (8, 0.0f64);
        let mut long_enough = 0;
        while long_enough < 4 && rounds < 1 << 20 {
            let launch = kernels::multiply_add::launch(GROUPS, rounds);
            let dispatch = self.dispatch(&launch, Halves::default(), &[&y])?;
            let seconds = self.time_each(&[dispatch])?[0];
            operations = operations.max(kernels::multiply_add::operations(GROUPS, rounds) as f64 / seconds.max(1e-9));
            if seconds > LONG_ENOUGH {
                long_enough += 1;
            } else {
                rounds *= 2;
            }
        }
        let floats = COPIED.min(self.largest_buffer() as usize / 4);
        let [from, to] = [self.buffer("copied", floats)?, self.buffer("copy", floats)?];
        let mut bytes = 0.0f64;
        for _ in 0..4 {
            let launch = kernels::copy::launch(floats / 4);
            let dispatch = self.dispatch(&launch, Halves::default(), &[&from, &to])?;
            bytes = bytes.max(2.0 * 4.0 * floats as f64 / self.time_each(&[dispatch])?[0].max(1e-9));
        }
        Ok(Peaks { operations, bytes })
    }
}

impl GpuProgram {
    /// Times every dispatch of a run by itself: the shortest of `repetitions`, after one that does not count.
    ///
    /// # Errors
    /// The device is lost.
    pub fn profile(&mut self, repetitions: usize) -> Result<Vec<Timing>, ComputeError> {
        let (gpu, dispatches) = (&self.gpu, &self.dispatches);
        gpu.time_each(dispatches)?;
        let mut least = vec![f64::INFINITY; dispatches.len()];
        for _ in 0..repetitions.max(1) {
            let seconds = gpu.time_each(dispatches)?;
            least.iter_mut().zip(seconds).for_each(|(least, s)| *least = least.min(s));
        }
        let mut least = least.into_iter();
        let mut timings = vec![];
        for id in self.plan.order.iter().map(|index| TensorId(*index)) {
            let choice = self.choices[&id];
            let scratch = lower::scratch(&self.graph, id, choice);
            for (launch, seconds) in lower::launches(&self.graph, id, choice, gpu.matrices()).iter().zip(&mut least) {
                timings.push(Timing::new(&self.graph, &self.plan, id, launch, scratch, seconds));
            }
        }
        Ok(timings)
    }
}

impl Launch {
    /// The number of tiles of a launch of Winograd's algorithm; 0 for other kernels.
    fn tiles(&self) -> u32 {
        let found = self.kernel.fields.iter().find(|(field, _)| *field == "tiles");
        let bytes = found.and_then(|(_, offset)| self.parameters.get(*offset..offset + 4)?.try_into().ok());
        bytes.map_or(0, u32::from_ne_bytes)
    }
}
