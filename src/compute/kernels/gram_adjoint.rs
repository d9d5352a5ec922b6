//! Features times a matrix, optionally added to what is there: the adjoint of the Gram matrix.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};
use crate::compute::graph::Shape;

/// The kernel; see `shaders/gram_adjoint.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "gram_adjoint",
    source: include_str!("../../../shaders/gram_adjoint.wgsl"),
    shared: &[shared::WIDE_TILE_PRODUCT, shared::REGION],
    bindings: &[Binding::Parameters, Binding::ReadMap, Binding::Read, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-5,
};

parameters! {
    /// Parameter block of `gram_adjoint`.
    Parameters { positions: u32, channels: u32, add: u32, scale: f32, batch: u32, width: u32 }
}

/// Buffers: `features` `[batch, positions, channels]`, `matrix` `[batch, channels, channels]`, `region` `[4]` (not read
/// where `is_whole`), `y` like `features`.
pub fn launch(features: Shape, scale: f32, add: bool, is_whole: bool) -> Launch {
    let parameters = Parameters {
        positions: features.positions() as u32,
        channels: features.channels as u32,
        add: add.into(),
        scale,
        batch: features.batch as u32,
        width: if is_whole { 0 } else { features.width as u32 },
    };
    let grid = Grid::Tiles(features.batch * features.positions().div_ceil(128), features.channels.div_ceil(64));
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid }
}
