//! The products of Winograd's algorithm.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};

/// The kernel; see `shaders/winograd_multiply.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "winograd_multiply",
    source: include_str!("../../../shaders/winograd_multiply.wgsl"),
    shared: &[shared::WIDE_TILE_PRODUCT],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-5,
};

parameters! {
    /// Parameter block of `winograd_multiply`.
    Parameters { tiles: u32, inputs: u32, outputs: u32 }
}

/// Buffers: `v` `[36, tiles, I]`, `u` `[36, I, O]`, `m` `[36, tiles, O]`.
pub fn launch(tiles: usize, inputs: usize, outputs: usize) -> Launch {
    let parameters = Parameters { tiles: tiles as u32, inputs: inputs as u32, outputs: outputs as u32 };
    let grid = Grid::Exact(tiles.div_ceil(128), outputs.div_ceil(64), 36);
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid }
}
