//! Devices, and programs that run on them.

use std::sync::Arc;

use super::ComputeError;
use super::cpu::{self, CpuProgram};
use super::gpu::{self, Gpu, GpuProgram};
use super::graph::{Graph, Plan, Precision, TensorId};
use super::info::{DeviceInfo, DeviceKind};
use super::kernels::Algorithm;

/// All devices of this machine, in the order of preference.
pub fn devices() -> Vec<DeviceInfo> {
    let mut all = gpu::list();
    all.push(DeviceInfo::cpu());
    all.sort_by_key(|d| d.kind);
    all
}

/// An opened device. Cloning shares it.
#[derive(Clone)]
pub enum Device {
    /// The native code.
    Cpu,
    /// An adapter.
    Gpu(Arc<Gpu>),
}

/// Bytes that a program takes, known before it is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Bytes on the device.
    pub bytes: u64,
    /// The largest single buffer.
    pub largest_buffer: u64,
}

impl std::fmt::Debug for Device {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.info().name)
    }
}

impl Device {
    /// Opens `auto` (a real GPU, else the CPU), `cpu`, `gpu` (the first adapter, a software one if there is no
    /// other), or the adapter whose name contains the given text. In half precision, it also runs single precision.
    ///
    /// # Errors
    /// There is no such device, it cannot be opened, or it does not support 16-bit numbers.
    pub fn open(wanted: &str, precision: Precision) -> Result<Self, ComputeError> {
        let lower = wanted.trim().to_lowercase();
        if lower == "cpu" {
            return Ok(Self::Cpu);
        }
        let adapters = gpu::list();
        let found = match lower.as_str() {
            "auto" => match adapters.iter().find(|a| a.kind < DeviceKind::Cpu) {
                None => return Ok(Self::Cpu),
                some => some,
            },
            "gpu" => adapters.first(),
            // A complete name takes precedence over a part of one: “3080” is also a part of “3080 Ti”.
            name => {
                let whole = adapters.iter().find(|a| a.name.to_lowercase() == name);
                whole.or_else(|| adapters.iter().find(|a| a.name.to_lowercase().contains(name)))
            }
        };
        match found {
            Some(info) => Ok(Self::Gpu(Arc::new(Gpu::open(info, precision)?))),
            None => Err(ComputeError::NoDevice { wanted: wanted.into(), available: available(&adapters) }),
        }
    }

    /// Which device this is.
    pub fn info(&self) -> DeviceInfo {
        match self {
            Self::Cpu => DeviceInfo::cpu(),
            Self::Gpu(gpu) => gpu.info().clone(),
        }
    }

    /// Free bytes for programs; `None` where this is not known, as in a card's own memory.
    pub fn available_memory(&self) -> Option<u64> {
        self.info().kind.available_memory()
    }

    /// Whether it runs graphs of a precision. The CPU runs any, in 32 bits; an adapter runs what it was opened for.
    pub fn has(&self, precision: Precision) -> bool {
        match self {
            Self::Cpu => true,
            Self::Gpu(gpu) => precision == Precision::Single || gpu.has_halves(),
        }
    }

    /// Uses one algorithm wherever it fits, instead of the fastest, on an adapter; for tests and benchmarks.
    pub fn prefer(&self, algorithm: Option<Algorithm>) {
        if let Self::Gpu(gpu) = self {
            gpu.prefer(algorithm);
        }
    }

    /// Makes a program that computes `outputs`.
    ///
    /// # Errors
    /// There is not enough memory, a limit of the device is exceeded, or the device is lost.
    pub fn compile(&self, graph: Graph, outputs: &[TensorId]) -> Result<Program, ComputeError> {
        self.compile_after(None, graph, outputs)
    }

    /// Like [`Device::compile`], but reuses what it can of an earlier program, if there is one.
    ///
    /// # Errors
    /// As for [`Device::compile`].
    pub fn compile_after(
        &self,
        earlier: Option<Program>,
        graph: Graph,
        outputs: &[TensorId],
    ) -> Result<Program, ComputeError> {
        Ok(match self {
            Self::Cpu => {
                let plan = Plan::new(&graph, outputs, Precision::Single);
                let earlier = match earlier {
                    Some(Program::Cpu(program, _)) => Some(*program),
                    _ => None,
                };
                Program::Cpu(Box::new(CpuProgram::new(graph, plan, earlier)?), outputs.to_vec())
            }
            Self::Gpu(gpu) => {
                let plan = Plan::new(&graph, outputs, graph.precision);
                // The memory of the earlier program is freed before the new one allocates its own.
                if earlier.is_some() {
                    drop(earlier);
                    gpu.wait()?;
                }
                Program::Gpu(Box::new(GpuProgram::new(gpu.clone(), graph, plan, outputs)?))
            }
        })
    }
}

fn available(adapters: &[DeviceInfo]) -> String {
    let names: Vec<_> = adapters.iter().map(|a| format!("“{}”", a.name)).collect();
    match names.as_slice() {
        [] => "No Vulkan, Metal or Direct3D 12 driver was found; the CPU is always there (--device cpu).".into(),
        names => format!("There are: cpu, {}.", names.join(", ")),
    }
}

/// The memory that a program for these outputs will take on a kind of device, computed without opening a device.
pub fn planned_memory(kind: DeviceKind, graph: &Graph, outputs: &[TensorId]) -> Memory {
    let precision = if kind == DeviceKind::Cpu { Precision::Single } else { graph.precision };
    let plan = Plan::new(graph, outputs, precision);
    let bytes = match kind {
        DeviceKind::Cpu => cpu::memory(graph, &plan),
        _ => gpu::memory(graph, &plan, outputs),
    };
    Memory { bytes, largest_buffer: plan.largest_buffer() }
}

/// A compiled graph.
pub enum Program {
    /// On the cores.
    Cpu(Box<CpuProgram>, Vec<TensorId>),
    /// On an adapter.
    Gpu(Box<GpuProgram>),
}

impl Program {
    /// Bytes in use.
    pub fn memory(&self) -> u64 {
        match self {
            Self::Cpu(program, _) => program.memory(),
            Self::Gpu(program) => program.memory(),
        }
    }

    /// Writes an input; its values are kept until it is written again.
    pub fn write(&mut self, id: TensorId, values: &[f32]) {
        match self {
            Self::Cpu(program, _) => program.write(id, values),
            Self::Gpu(program) => program.write(id, values),
        }
    }

    /// Reads the current values of an input; operations in place may have changed them.
    ///
    /// # Errors
    /// The device is lost.
    pub fn read(&self, id: TensorId) -> Result<Vec<f32>, ComputeError> {
        match self {
            Self::Cpu(program, _) => Ok(program.read(id).to_vec()),
            Self::Gpu(program) => program.read(id),
        }
    }

    /// Fills every buffer that a run writes with NaN: for tests.
    pub fn poison(&mut self) {
        match self {
            Self::Cpu(program, _) => program.poison(),
            Self::Gpu(program) => program.poison(),
        }
    }

    /// Runs the graph and returns its outputs in the order in which they were named.
    ///
    /// # Errors
    /// The device is lost.
    pub fn run(&mut self) -> Result<Vec<Vec<f32>>, ComputeError> {
        match self {
            Self::Cpu(program, outputs) => {
                program.run();
                Ok(outputs.iter().map(|id| program.read(*id).to_vec()).collect())
            }
            Self::Gpu(program) => program.run(),
        }
    }

    /// Makes an adapter fail as if it were lost, for tests of that case.
    pub fn lose_device(&self) {
        if let Self::Gpu(program) = self {
            program.gpu().lose();
        }
    }
}
