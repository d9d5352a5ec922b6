//! Winograd's transform of the products back to outputs.

use std::ops::Range;

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared, winograd_input};
use crate::compute::graph::Shape;

/// The kernel; see `shaders/winograd_output.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "winograd_output",
    source: include_str!("../../../shaders/winograd_output.wgsl"),
    shared: &[shared::FINISH, shared::LINEAR_INDEX, shared::WINOGRAD],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Read, Binding::WriteMap],
    fields: Parameters::FIELDS,
    tolerance: 1e-5,
};

parameters! {
    /// Parameter block of `winograd_output`.
    Parameters { out_height: u32, out_width: u32, outputs: u32, relu: u32, has_bias: u32, across: u32, down: u32, first: u32, tiles: u32 }
}

/// Buffers: `m` `[36, tiles, O]`, `bias` (or any other), `y`.
pub fn launch(y: Shape, relu: bool, has_bias: bool, band: &Range<usize>) -> Launch {
    let (across, down) = winograd_input::tiles(y);
    let parameters = Parameters {
        out_height: y.height as u32,
        out_width: y.width as u32,
        outputs: y.channels as u32,
        relu: relu.into(),
        has_bias: has_bias.into(),
        across: across as u32,
        down: down as u32,
        first: band.start as u32,
        tiles: band.len() as u32,
    };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Linear(band.len() * y.channels) }
}
