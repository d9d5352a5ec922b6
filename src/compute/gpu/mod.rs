//! The GPU backend: the WGSL kernels through wgpu, on any vendor's adapter.

mod adapter;
mod choice;
mod profile;
mod program;

pub use adapter::{Gpu, list, lose_after};
pub use profile::{Peaks, Timing};
pub use program::{GpuProgram, memory};
