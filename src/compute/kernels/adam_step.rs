//! A step of Adam.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};

/// The kernel; see `shaders/adam_step.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "adam_step",
    source: include_str!("../../../shaders/adam_step.wgsl"),
    shared: &[shared::LINEAR_INDEX],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-6,
};

parameters! {
    /// Parameter block of `adam_step`.
    Parameters { count: u32 }
}

/// Buffers: `state` `[3, count]`, `step` `[6]`, `x` `[count]`.
pub fn launch(count: usize) -> Launch {
    let parameters = Parameters { count: count as u32 };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Linear(count) }
}
