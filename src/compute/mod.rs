//! The compute core: a network is a static [`graph`], a backend compiles it into a [`Program`] and runs it.

pub mod cpu;
pub mod gpu;
pub mod graph;
pub mod kernels;
pub mod selftest;

mod device;
mod info;

pub use device::{Device, Memory, Program, devices, planned_memory};
pub use info::{DeviceInfo, DeviceKind};

/// Errors of compiling and running a graph.
#[derive(Debug, thiserror::Error)]
pub enum ComputeError {
    /// Shapes that do not fit together: a mistake in the program or a network file.
    #[error("The operations do not fit together: {0}.")]
    Shape(String),
    /// No adapter of that name.
    #[error("There is no device “{wanted}”. {available}")]
    NoDevice {
        /// What was asked for.
        wanted: String,
        /// The devices that exist, as a sentence.
        available: String,
    },
    /// The adapter refuses a limit that the program needs.
    #[error(
        "{device} cannot hold this: {what} needs {needed} and the device allows {allowed}. Choose a smaller output size, a shallower depth or another device, or crop the micrograph."
    )]
    Limit {
        /// The adapter.
        device: String,
        /// What is too large.
        what: String,
        /// The amount, with its unit.
        needed: String,
        /// The limit, with its unit.
        allowed: String,
    },
    /// There is not enough memory.
    #[error("There is not enough memory: {} are needed. Choose a smaller output size or a shallower depth.", mebibytes(*needed))]
    OutOfMemory {
        /// Bytes needed.
        needed: u64,
    },
    /// The device was lost during a run.
    #[error(
        "The device {device} was lost ({reason}). The last checkpoint is kept; resume on another device or on the CPU."
    )]
    DeviceLost {
        /// The adapter.
        device: String,
        /// What the driver said.
        reason: String,
    },
    /// The adapter does not support 16-bit numbers, or was not opened for them.
    #[error("{device} has no 16-bit numbers in shaders, which half precision needs. Choose single precision.")]
    NoHalves {
        /// The adapter.
        device: String,
    },
    /// The adapter computes wrong numbers, but in half precision alone.
    #[error("{device} computes wrong numbers in half precision ({what}). Choose single precision.")]
    WrongHalves {
        /// The adapter.
        device: String,
        /// The kernels and their errors.
        what: String,
    },
    /// A loss that is not a finite number.
    #[error(
        "The loss of layer {layer} is not a finite number: the weights or the layer weights are too large or broken. Try the built-in weights, single precision where it was half, or leave that layer out."
    )]
    NotFinite {
        /// The layer.
        layer: &'static str,
    },
    /// The adapter computes wrong numbers.
    #[error(
        "{device} computes wrong numbers ({what}), so it is not used. Update its driver, or choose another device."
    )]
    WrongNumbers {
        /// The adapter.
        device: String,
        /// The kernel and its error.
        what: String,
    },
}

impl ComputeError {
    pub(crate) fn shape(what: String) -> Self {
        Self::Shape(what)
    }
}

/// Bytes as text in a readable unit.
pub fn mebibytes(bytes: u64) -> String {
    let mib = bytes as f64 / (1024.0 * 1024.0);
    if mib < 1.0 {
        format!("{:.0} KiB", bytes as f64 / 1024.0)
    } else if mib < 10.0 {
        format!("{mib:.1} MiB")
    } else if mib < 10_000.0 {
        format!("{mib:.0} MiB")
    } else {
        format!("{:.1} GiB", mib / 1024.0)
    }
}
