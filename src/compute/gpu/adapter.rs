//! An opened adapter: its buffers, its compiled kernels, and what is submitted to it.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use wgpu::util::DeviceExt;

use crate::compute::ComputeError;
use crate::compute::graph::Precision;
use crate::compute::info::{DeviceInfo, DeviceKind};
use crate::compute::kernels::Selection;
use crate::compute::kernels::conv_cooperative::Matrices;
use crate::compute::kernels::{Binding, Halves, Kernel, Launch};

/// The most storage buffers that a kernel binds.
const STORAGE_BUFFERS: u32 = 5;

/// Submissions until a device is lost on purpose, over all devices; `u64::MAX` means never.
static UNTIL_LOSS: AtomicU64 = AtomicU64::new(u64::MAX);

/// After this many more submissions, makes the device of the next one fail, as a driver reset would; `u64::MAX` cancels
/// this. Returns how many submissions were left. For tests of that case.
pub fn lose_after(submissions: u64) -> u64 {
    UNTIL_LOSS.swap(submissions, Ordering::SeqCst)
}

/// An opened adapter with its compiled kernels.
pub struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    pub(super) limits: wgpu::Limits,
    pub(super) matrices: Option<Matrices>,
    pub(super) info: DeviceInfo,
    pub(super) lost: Arc<OnceLock<String>>,
    pub(super) pipelines: Mutex<HashMap<(&'static str, Halves), Pipeline>>,
    pub(super) selection: Mutex<Selection>,
}

/// A kernel with its buffers, ready to be submitted.
pub struct Dispatch {
    pub pipeline: wgpu::ComputePipeline,
    pub bindings: wgpu::BindGroup,
    pub groups: [u32; 3],
}

impl Dispatch {
    pub fn record(&self, pass: &mut wgpu::ComputePass) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bindings, &[]);
        pass.dispatch_workgroups(self.groups[0], self.groups[1], self.groups[2]);
    }
}

#[derive(Clone)]
pub struct Pipeline {
    pub pipeline: wgpu::ComputePipeline,
    pub layout: wgpu::BindGroupLayout,
}

fn instance() -> wgpu::Instance {
    let mut descriptor = wgpu::InstanceDescriptor::new_without_display_handle();
    descriptor.backends = wgpu::Backends::PRIMARY;
    descriptor.flags =
        if cfg!(debug_assertions) { wgpu::InstanceFlags::VALIDATION } else { wgpu::InstanceFlags::empty() };
    wgpu::Instance::new(descriptor)
}

fn describe(info: &wgpu::AdapterInfo) -> DeviceInfo {
    let kind = match info.device_type {
        wgpu::DeviceType::DiscreteGpu => DeviceKind::Discrete,
        wgpu::DeviceType::Cpu => DeviceKind::Software,
        _ => DeviceKind::Integrated,
    };
    let driver = [info.driver.as_str(), info.driver_info.as_str()].join(" ");
    DeviceInfo { name: info.name.clone(), kind, backend: info.backend.to_string(), driver: driver.trim().to_string() }
}

/// The features that kernels with cooperative matrices need besides 16-bit numbers.
const COOPERATIVE: wgpu::Features = wgpu::Features::EXPERIMENTAL_COOPERATIVE_MATRIX.union(wgpu::Features::SUBGROUP);

/// The cooperative matrices of an adapter that a kernel can use.
fn cooperative_matrices(adapter: &wgpu::Adapter) -> Option<Matrices> {
    use wgpu::CooperativeScalarType::{F16, F32};
    if !adapter.features().contains(COOPERATIVE | wgpu::Features::SHADER_F16) {
        return None;
    }
    let offered = adapter.cooperative_matrix_properties();
    let fits = |matrices: &Matrices| {
        let edge = matrices.edge();
        let sizes = |p: &wgpu::CooperativeMatrixProperties| [p.m_size, p.n_size, p.k_size] == [edge; 3];
        offered.iter().any(|p| sizes(p) && p.ab_type == F16 && p.cr_type == F32)
    };
    Matrices::ALL.into_iter().find(fits)
}

fn adapters() -> Vec<wgpu::Adapter> {
    // A broken driver may panic inside the loader; the machine then counts as one without a GPU.
    let found = catch_unwind(|| pollster::block_on(instance().enumerate_adapters(wgpu::Backends::PRIMARY)));
    found.unwrap_or_default()
}

/// The adapters of this machine, real GPUs first.
pub fn list() -> Vec<DeviceInfo> {
    let mut found: Vec<DeviceInfo> = adapters().iter().map(|a| describe(&a.get_info())).collect();
    found.sort_by_key(|info| info.kind);
    found.dedup();
    found
}

impl Gpu {
    /// Opens the adapter with this description from [`list`]; for half precision, with the features that this needs.
    ///
    /// # Errors
    /// It is gone, its driver refuses to open it, or it does not support 16-bit numbers.
    pub fn open(info: &DeviceInfo, precision: Precision) -> Result<Self, ComputeError> {
        let failed = |reason: String| ComputeError::NoDevice { wanted: info.name.clone(), available: reason };
        let adapter = adapters().into_iter().find(|a| describe(&a.get_info()) == *info);
        let adapter = adapter.ok_or_else(|| failed("It is not there any more.".into()))?;
        let limits = adapter.limits();
        let supports_kernels = limits.max_storage_buffers_per_shader_stage >= STORAGE_BUFFERS
            && limits.max_compute_invocations_per_workgroup >= 256
            && limits.max_compute_workgroup_storage_size >= 16 * 1024;
        if !supports_kernels {
            return Err(failed(
                "Its driver does not offer what the kernels need (256 invocations and 16 KiB per group).".into(),
            ));
        }
        let is_half = precision == Precision::Half;
        if is_half && !adapter.features().contains(wgpu::Features::SHADER_F16) {
            return Err(ComputeError::NoHalves { device: info.name.clone() });
        }
        let matrices = cooperative_matrices(&adapter).filter(|_| is_half);
        let mut required_features = adapter.features() & wgpu::Features::TIMESTAMP_QUERY;
        required_features.set(wgpu::Features::SHADER_F16, is_half);
        let mut experimental_features = wgpu::ExperimentalFeatures::disabled();
        if matrices.is_some() {
            required_features |= COOPERATIVE;
            // SAFETY: only the convolutions with cooperative matrices use these features, as their specification
            // allows: loads and stores stay inside their arrays, in control flow that is uniform in a workgroup. A new
            // adapter is first compared with the native code.
            experimental_features = unsafe { wgpu::ExperimentalFeatures::enabled() };
        }
        let descriptor = wgpu::DeviceDescriptor {
            required_features,
            required_limits: limits.clone(),
            experimental_features,
            ..Default::default()
        };
        let (device, queue) = pollster::block_on(adapter.request_device(&descriptor))
            .map_err(|e| failed(format!("Its driver could not open it: {e}.")))?;
        let lost = Arc::new(OnceLock::new());
        let note = lost.clone();
        device.set_device_lost_callback(move |reason, message| {
            let _ = note.set(if message.is_empty() { format!("{reason:?}") } else { message });
        });
        let note = lost.clone();
        // After an error outside the scopes of an allocation, the state of the device is unknown.
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            let _ = note.set(error.to_string());
        }));
        Ok(Self {
            device,
            queue,
            limits,
            matrices,
            info: info.clone(),
            lost,
            pipelines: Mutex::default(),
            selection: Mutex::default(),
        })
    }

    /// Which adapter this is.
    pub fn info(&self) -> &DeviceInfo {
        &self.info
    }

    /// Whether it was opened for half precision.
    pub fn has_halves(&self) -> bool {
        self.device.features().contains(wgpu::Features::SHADER_F16)
    }

    /// The cooperative matrices that it multiplies in half precision, if any.
    pub fn matrices(&self) -> Option<Matrices> {
        self.matrices
    }

    /// Makes the device fail, as a driver reset would, for tests of that case.
    pub fn lose(&self) {
        let _ = self.lost.set("it was given up on purpose".into());
        self.device.destroy();
    }

    /// Submits work to the device.
    pub(super) fn submit(&self, encoder: wgpu::CommandEncoder) {
        let fewer = |left: u64| (left < u64::MAX).then(|| left.checked_sub(1).unwrap_or(u64::MAX));
        if UNTIL_LOSS.fetch_update(Ordering::SeqCst, Ordering::SeqCst, fewer) == Ok(0) {
            self.lose();
        }
        self.queue.submit([encoder.finish()]);
    }

    /// Submits dispatches, which run one after the other, as one submission.
    pub(super) fn submit_all(&self, dispatches: &[Dispatch]) {
        let mut encoder = self.device.create_command_encoder(&Default::default());
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            dispatches.iter().for_each(|dispatch| dispatch.record(&mut pass));
        }
        self.submit(encoder);
    }

    /// Makes a dispatch of a launch with a variant of its kernel; `buffers` are in the order of the bindings.
    ///
    /// # Errors
    /// The grid exceeds the adapter's limits.
    pub(super) fn dispatch(
        &self,
        launch: &Launch,
        halves: Halves,
        buffers: &[&wgpu::Buffer],
    ) -> Result<Dispatch, ComputeError> {
        let most = self.limits.max_compute_workgroups_per_dimension;
        let groups = launch.grid.groups(most).ok_or_else(|| ComputeError::Limit {
            device: self.info.name.clone(),
            what: format!("the grid of {}", launch.kernel.name),
            needed: format!("{:?} groups", launch.grid),
            allowed: format!("{most} per dimension"),
        })?;
        let parameters = self.device.create_buffer_init(&wgpu::util::BufferInitDescriptor {
            label: Some(launch.kernel.name),
            contents: &launch.parameters,
            usage: wgpu::BufferUsages::UNIFORM,
        });
        let bound = std::iter::once(&parameters).chain(buffers.iter().copied()).enumerate();
        let entries: Vec<_> =
            bound.map(|(n, b)| wgpu::BindGroupEntry { binding: n as u32, resource: b.as_entire_binding() }).collect();
        let Pipeline { pipeline, layout } = self.pipeline(launch.kernel, halves);
        let bindings = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(launch.kernel.name),
            layout: &layout,
            entries: &entries,
        });
        Ok(Dispatch { pipeline, bindings, groups })
    }

    pub(super) fn check_lost(&self) -> Result<(), ComputeError> {
        match self.lost.get() {
            None => Ok(()),
            Some(reason) => Err(ComputeError::DeviceLost { device: self.info.name.clone(), reason: reason.clone() }),
        }
    }

    /// Waits for all submitted work; the memory of dropped buffers is then free.
    pub(in crate::compute) fn wait(&self) -> Result<(), ComputeError> {
        self.check_lost()?;
        // If the device is lost during the wait, the wait panics instead of returning.
        let waited = catch_unwind(AssertUnwindSafe(|| self.device.poll(wgpu::PollType::wait_indefinitely())));
        if !matches!(waited, Ok(Ok(_))) {
            let _ = self.lost.set("the driver stopped answering".into());
        }
        self.check_lost()
    }

    pub(super) fn pipeline(&self, kernel: &'static Kernel, halves: Halves) -> Pipeline {
        let mut pipelines = self.pipelines.lock().unwrap_or_else(|e| e.into_inner());
        pipelines.entry((kernel.name, halves)).or_insert_with(|| self.compile(kernel, halves)).clone()
    }

    pub(super) fn compile(&self, kernel: &Kernel, halves: Halves) -> Pipeline {
        let entries: Vec<_> = kernel.bindings.iter().enumerate().map(|(n, b)| layout_entry(n as u32, *b)).collect();
        let layout = self
            .device
            .create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: Some(kernel.name), entries: &entries });
        let pipeline_layout = self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(kernel.name),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        });
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(kernel.name),
            source: wgpu::ShaderSource::Wgsl(kernel.wgsl(halves).into()),
        });
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(kernel.name),
            layout: Some(&pipeline_layout),
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                zero_initialize_workgroup_memory: false,
                ..Default::default()
            },
            cache: None,
        });
        Pipeline { pipeline, layout }
    }

    /// A buffer from which the host reads.
    pub(super) fn staging(&self, bytes: u64) -> wgpu::Buffer {
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("staging"),
            size: bytes.max(8),
            usage: wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST,
            mapped_at_creation: false,
        })
    }

    /// Waits for all submitted work, then calls `take` with the numbers of a staging buffer.
    pub(super) fn map<T>(&self, staging: &wgpu::Buffer, take: impl FnOnce(&[f32]) -> T) -> Result<T, ComputeError> {
        staging.map_async(wgpu::MapMode::Read, .., |_| {});
        self.wait()?;
        let view = staging.get_mapped_range(..).map_err(|e| ComputeError::DeviceLost {
            device: self.info.name.clone(),
            reason: format!("its memory cannot be read: {e:?}"),
        })?;
        let taken = take(bytemuck::cast_slice(&view));
        drop(view);
        staging.unmap();
        Ok(taken)
    }

    /// The largest buffer that a kernel can use, in bytes.
    pub(super) fn largest_buffer(&self) -> u64 {
        // The shaders count in signed integers of 32 bits.
        let most = self.limits.max_storage_buffer_binding_size.min(self.limits.max_buffer_size);
        most.min(i32::MAX as u64) & !3
    }

    /// A buffer of `len` floats.
    pub(super) fn buffer(&self, label: &str, len: usize) -> Result<wgpu::Buffer, ComputeError> {
        use wgpu::BufferUsages as Usage;
        let bytes = len.max(1) as u64 * 4;
        if bytes > self.largest_buffer() {
            return Err(ComputeError::Limit {
                device: self.info.name.clone(),
                what: "one buffer".into(),
                needed: crate::compute::mebibytes(bytes),
                allowed: crate::compute::mebibytes(self.largest_buffer()),
            });
        }
        let scope = self.device.push_error_scope(wgpu::ErrorFilter::OutOfMemory);
        let buffer = self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size: bytes,
            usage: Usage::STORAGE | Usage::COPY_SRC | Usage::COPY_DST,
            mapped_at_creation: false,
        });
        match pollster::block_on(scope.pop()) {
            None => Ok(buffer),
            Some(_) => Err(ComputeError::OutOfMemory { needed: bytes }),
        }
    }
}

fn layout_entry(binding: u32, kind: Binding) -> wgpu::BindGroupLayoutEntry {
    let ty = match kind {
        Binding::Parameters => wgpu::BufferBindingType::Uniform,
        Binding::Read | Binding::ReadMap => wgpu::BufferBindingType::Storage { read_only: true },
        Binding::Write | Binding::WriteMap => wgpu::BufferBindingType::Storage { read_only: false },
    };
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None },
        count: None,
    }
}
