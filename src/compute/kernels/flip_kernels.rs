//! The kernels of the adjoint convolution.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};
use crate::compute::graph::Shape;

/// The kernel; see `shaders/flip_kernels.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "flip_kernels",
    source: include_str!("../../../shaders/flip_kernels.wgsl"),
    shared: &[shared::LINEAR_INDEX],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 0.0,
};

parameters! {
    /// Parameter block of `flip_kernels`.
    Parameters { taps: u32, inputs: u32, outputs: u32 }
}

/// Buffers: `x` `[taps, inputs, outputs]`, whose shape is `s`, and `y`.
pub fn launch(s: Shape) -> Launch {
    let parameters = Parameters { taps: s.height as u32, inputs: s.width as u32, outputs: s.channels as u32 };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Linear(s.len()) }
}
