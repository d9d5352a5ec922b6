//! Adjoint of 2 × 2 pooling.

use super::pool::Parameters;
use super::{Binding, Grid, Kernel, Launch, block, shared};
use crate::compute::graph::{Pooling, Shape};

/// The kernel; see `shaders/pool_adjoint.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "pool_adjoint",
    source: include_str!("../../../shaders/pool_adjoint.wgsl"),
    shared: &[shared::LINEAR_INDEX],
    bindings: &[Binding::Parameters, Binding::ReadMap, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-6,
};

/// Buffers: `x` `[N, H, W, C]`, `g` `[N, H/2, W/2, C]`, `y` like `x`.
pub fn launch(x: Shape, pooling: Pooling) -> Launch {
    let parameters = Parameters::new(x, pooling);
    let elements = x.len();
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Linear(elements) }
}
