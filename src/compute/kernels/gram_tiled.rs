//! Gram matrix of a feature map in larger tiles, of which only half are computed, because the matrix is symmetric.

use super::gram::Parameters;
use super::{Binding, Grid, Kernel, Launch, block, gram, shared};
use crate::compute::graph::Shape;

/// The kernel; see `shaders/gram_tiled.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "gram_tiled",
    source: include_str!("../../../shaders/gram_tiled.wgsl"),
    shared: &[shared::GRAM_PARAMETERS, shared::WIDE_TILE_PRODUCT, shared::REGION],
    bindings: &[Binding::Parameters, Binding::ReadMap, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-5,
};

/// Whether the kernel supports this number of channels.
pub fn fits(channels: usize) -> bool {
    channels.is_multiple_of(128)
}

/// Buffers as for [`gram::launch`].
pub fn launch(features: Shape, is_whole: bool) -> Launch {
    let (parts, _) = gram::split(features.positions());
    let grid = Grid::Exact(features.channels / 128, features.channels / 64, features.batch * parts);
    Launch { kernel: &KERNEL, parameters: block(&gram::parameters(features, is_whole)), grid }
}
