//! The GPU backend: the WGSL kernels through wgpu, on any vendor's adapter.

mod adapter;
mod choice;
mod lower;
mod profile;
mod program;
mod way;

pub use adapter::{Gpu, list, lose_after};
pub use profile::{Peaks, Timing};
pub use program::{GpuProgram, memory};
pub use way::{Choices, Probe, Way};
