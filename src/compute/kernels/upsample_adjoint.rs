//! Sums over 2 × 2 pixels.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};
use crate::compute::graph::Shape;

/// The kernel; see `shaders/upsample_adjoint.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "upsample_adjoint",
    source: include_str!("../../../shaders/upsample_adjoint.wgsl"),
    shared: &[shared::LINEAR_INDEX],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-6,
};

parameters! {
    /// Parameter block of `upsample_adjoint`.
    Parameters { rows: u32, width: u32, channels: u32 }
}

/// Buffers: `g`, and `y` of shape `s`.
pub fn launch(s: Shape) -> Launch {
    let rows = (s.batch * s.height) as u32;
    let parameters = Parameters { rows, width: s.width as u32, channels: s.channels as u32 };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Linear(s.len()) }
}
