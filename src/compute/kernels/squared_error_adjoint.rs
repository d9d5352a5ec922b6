//! `2 · scale · (x − target)`.

use super::squared_error::Parameters;
use super::{Binding, Grid, Kernel, Launch, block, shared};

/// The kernel; see `shaders/squared_error_adjoint.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "squared_error_adjoint",
    source: include_str!("../../../shaders/squared_error_adjoint.wgsl"),
    shared: &[shared::LINEAR_INDEX],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-6,
};

/// Buffers: `x`, `target`, `y`, each `[count]`.
pub fn launch(count: usize, scale: f32) -> Launch {
    let parameters = Parameters { count: count as u32, scale };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Linear(count) }
}
