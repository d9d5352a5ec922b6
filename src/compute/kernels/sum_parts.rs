//! Adds up the parts of a split sum.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};

/// The kernel; see `shaders/sum_parts.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "sum_parts",
    source: include_str!("../../../shaders/sum_parts.wgsl"),
    shared: &[shared::LINEAR_INDEX],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-6,
};

parameters! {
    /// Parameter block of `sum_parts`.
    Parameters { count: u32, parts: u32, scale: f32, batch: u32 }
}

/// Buffers: `parts` `[batch, parts, count]`, `y` `[batch, count]`.
pub fn launch(batch: usize, count: usize, parts: usize, scale: f32) -> Launch {
    let parameters = Parameters { count: count as u32, parts: parts as u32, scale, batch: batch as u32 };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Linear(batch * count) }
}
