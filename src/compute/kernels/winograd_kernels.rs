//! Winograd's transform of 3 × 3 kernels.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};
use crate::compute::graph::Shape;

/// The kernel; see `shaders/winograd_kernels.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "winograd_kernels",
    source: include_str!("../../../shaders/winograd_kernels.wgsl"),
    shared: &[shared::WINOGRAD_POINTS, shared::LINEAR_INDEX],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-6,
};

parameters! {
    /// Parameter block of `winograd_kernels`.
    Parameters { kernels: u32 }
}

/// Numbers of the transformed kernels.
pub const fn len(weights: Shape) -> usize {
    36 * weights.width * weights.channels
}

/// Buffers: `weights` of the given shape `[9, I, O]`, and `u` `[36, I, O]`.
pub fn launch(weights: Shape) -> Launch {
    let kernels = weights.width * weights.channels;
    let parameters = Parameters { kernels: kernels as u32 };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Linear(kernels) }
}
