//! Adjoint of 2 × 2 pooling.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};
use crate::compute::graph::{Pooling, Shape};

/// The kernel; see `shaders/pool_adjoint.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "pool_adjoint",
    source: include_str!("../../../shaders/pool_adjoint.wgsl"),
    shared: &[shared::LINEAR_INDEX],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-6,
};

parameters! {
    /// Parameter block of `pool_adjoint`.
    Parameters { height: u32, width: u32, channels: u32, maximum: u32 }
}

/// Buffers: `x` `[H, W, C]`, `g` `[H/2, W/2, C]`, `y` like `x`.
pub fn launch(x: Shape, pooling: Pooling) -> Launch {
    let parameters = Parameters {
        height: x.height as u32,
        width: x.width as u32,
        channels: x.channels as u32,
        maximum: (pooling == Pooling::Max).into(),
    };
    let elements = x.len();
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Linear(elements) }
}
