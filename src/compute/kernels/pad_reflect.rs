//! One mirrored pixel around an image.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};
use crate::compute::graph::Shape;

/// The kernel; see `shaders/pad_reflect.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "pad_reflect",
    source: include_str!("../../../shaders/pad_reflect.wgsl"),
    shared: &[shared::LINEAR_INDEX],
    bindings: &[Binding::Parameters, Binding::ReadMap, Binding::WriteMap],
    fields: Parameters::FIELDS,
    tolerance: 0.0,
};

parameters! {
    /// Parameter block of `pad_reflect`.
    Parameters { height: u32, width: u32, channels: u32, batch: u32 }
}

/// Buffers: `x` `[N, H, W, C]`, `y` `[N, H + 2, W + 2, C]`; `s` is the shape without the edge.
pub fn launch(s: Shape) -> Launch {
    let parameters = Parameters {
        height: s.height as u32,
        width: s.width as u32,
        channels: s.channels as u32,
        batch: s.batch as u32,
    };
    Launch {
        kernel: &KERNEL,
        parameters: block(&parameters),
        grid: Grid::Linear(s.batch * (s.height + 2) * (s.width + 2) * s.channels),
    }
}
