//! 2 × 2 pooling of stride 2.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};
use crate::compute::graph::{Pooling, Shape};

/// The kernel; see `shaders/pool.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "pool",
    source: include_str!("../../../shaders/pool.wgsl"),
    shared: &[shared::LINEAR_INDEX],
    bindings: &[Binding::Parameters, Binding::ReadMap, Binding::WriteMap],
    fields: Parameters::FIELDS,
    tolerance: 1e-6,
};

parameters! {
    /// Parameter block of `pool`.
    Parameters { height: u32, width: u32, channels: u32, maximum: u32, batch: u32 }
}

impl Parameters {
    /// The parameters for the shape before pooling; the adjoint takes the same.
    pub fn new(x: Shape, pooling: Pooling) -> Self {
        Self {
            height: x.height as u32,
            width: x.width as u32,
            channels: x.channels as u32,
            maximum: (pooling == Pooling::Max).into(),
            batch: x.batch as u32,
        }
    }
}

/// Buffers: `x` `[N, H, W, C]`, `y` `[N, H/2, W/2, C]`.
pub fn launch(x: Shape, pooling: Pooling) -> Launch {
    let parameters = Parameters::new(x, pooling);
    let elements = x.batch * (x.height / 2) * (x.width / 2) * x.channels;
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Linear(elements) }
}
