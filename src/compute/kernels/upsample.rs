//! Each pixel becomes 2 × 2.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};
use crate::compute::graph::Shape;

/// The kernel; see `shaders/upsample.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "upsample",
    source: include_str!("../../../shaders/upsample.wgsl"),
    shared: &[shared::LINEAR_INDEX],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 0.0,
};

parameters! {
    /// Parameter block of `upsample`.
    Parameters { rows: u32, width: u32, channels: u32 }
}

/// Buffers: `x` of shape `s`, and `y`.
pub fn launch(s: Shape) -> Launch {
    let rows = (s.batch * s.height) as u32;
    let parameters = Parameters { rows, width: s.width as u32, channels: s.channels as u32 };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Linear(4 * s.len()) }
}
