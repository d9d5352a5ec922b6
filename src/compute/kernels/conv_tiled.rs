//! Convolution as an implicit matrix product with larger tiles.

use super::conv::Parameters;
use super::{Binding, Grid, Kernel, Launch, block, shared};
use crate::compute::graph::Shape;

/// The kernel; see `shaders/conv_tiled.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "conv_tiled",
    source: include_str!("../../../shaders/conv_tiled.wgsl"),
    shared: &[
        shared::FINISH_FOUR,
        shared::CONV_PARAMETERS,
        shared::WIDE_TILE_PRODUCT,
        shared::SOURCE,
        shared::CONV_TAP,
    ],
    bindings: &[Binding::Parameters, Binding::ReadMap, Binding::Read, Binding::Read, Binding::Read, Binding::WriteMap],
    fields: Parameters::FIELDS,
    tolerance: 1e-5,
};

/// Whether the kernel supports this number of inputs and outputs.
pub fn fits(inputs: usize, outputs: usize) -> bool {
    inputs.is_multiple_of(8) && outputs.is_multiple_of(4)
}

/// Buffers as for [`super::conv::launch`].
pub fn launch(parameters: &Parameters, y: Shape) -> Launch {
    let grid = Grid::Tiles(y.rows().div_ceil(128), y.channels.div_ceil(64));
    Launch { kernel: &KERNEL, parameters: block(parameters), grid }
}
