//! Signs of activations, one bit each.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};
use crate::compute::graph::Shape;

/// The kernel; see `shaders/signs.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "signs",
    source: include_str!("../../../shaders/signs.wgsl"),
    shared: &[shared::LINEAR_INDEX],
    bindings: &[Binding::Parameters, Binding::ReadMap, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 0.0,
};

parameters! {
    /// Parameter block of `signs`.
    Parameters { words: u32, channels: u32 }
}

/// Buffers: `x`, whose shape is given, and `words`.
pub fn launch(x: Shape) -> Launch {
    let words = x.signs().len();
    let parameters = Parameters { words: words as u32, channels: x.channels as u32 };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Linear(words) }
}
