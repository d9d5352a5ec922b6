//! `scale · Σ (gram − target)²`.

use super::{Binding, Grid, Kernel, Launch, block, parameters};

/// The kernel; see `shaders/gram_loss.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "gram_loss",
    source: include_str!("../../../shaders/gram_loss.wgsl"),
    shared: &[],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-5,
};

parameters! {
    /// Parameter block of `gram_loss`.
    Parameters { count: u32, scale: f32 }
}

/// Buffers: `gram`, `target`, each `[count]`, and the scalar `y`.
pub fn launch(count: usize, scale: f32) -> Launch {
    let parameters = Parameters { count: count as u32, scale };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Exact(1, 1, 1) }
}
