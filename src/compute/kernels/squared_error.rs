//! `scale · Σ (x − target)²`.

use super::{Binding, Grid, Kernel, Launch, block, parameters};

/// The kernel; see `shaders/squared_error.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "squared_error",
    source: include_str!("../../../shaders/squared_error.wgsl"),
    shared: &[],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-5,
};

parameters! {
    /// Parameter block of `squared_error`.
    Parameters { count: u32, scale: f32 }
}

/// Buffers: `x`, `target`, each `[count]`, and the scalar `y`.
pub fn launch(count: usize, scale: f32) -> Launch {
    let parameters = Parameters { count: count as u32, scale };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Exact(1, 1, 1) }
}
