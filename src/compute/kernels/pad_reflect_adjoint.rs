//! Adjoint of the mirrored edge: each of its values is added to the pixel that it was copied from.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};
use crate::compute::graph::Shape;

/// The kernel; see `shaders/pad_reflect_adjoint.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "pad_reflect_adjoint",
    source: include_str!("../../../shaders/pad_reflect_adjoint.wgsl"),
    shared: &[shared::LINEAR_INDEX],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-6,
};

parameters! {
    /// Parameter block of `pad_reflect_adjoint`.
    Parameters { height: u32, width: u32, channels: u32, batch: u32 }
}

/// Buffers: `g` `[N, H + 2, W + 2, C]`, `y` `[N, H, W, C]`; `s` is the shape without the edge.
pub fn launch(s: Shape) -> Launch {
    let parameters = Parameters {
        height: s.height as u32,
        width: s.width as u32,
        channels: s.channels as u32,
        batch: s.batch as u32,
    };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Linear(s.len()) }
}
