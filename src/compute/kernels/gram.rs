//! Gram matrix of a feature map, split over its positions; [`super::sum_parts`] adds up the parts.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};
use crate::compute::graph::Shape;

/// The kernel; see `shaders/gram.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "gram",
    source: include_str!("../../../shaders/gram.wgsl"),
    shared: &[shared::GRAM_PARAMETERS, shared::TILE_PRODUCT, shared::REGION],
    bindings: &[Binding::Parameters, Binding::ReadMap, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-5,
};

parameters! {
    /// Parameter block of `gram`.
    Parameters { positions: u32, channels: u32, part: u32, parts: u32, width: u32 }
}

/// The fewest positions of a part, and the most parts.
const PART: usize = 1024;
const PARTS: usize = 64;

/// Parts into which the positions of a feature map are divided, and the positions of each.
pub fn split(positions: usize) -> (usize, usize) {
    let part = positions.div_ceil(PARTS).max(PART).next_multiple_of(16);
    (positions.div_ceil(part), part)
}

/// The parameter block.
pub fn parameters(features: Shape, is_whole: bool) -> Parameters {
    let (parts, part) = split(features.positions());
    Parameters {
        positions: features.positions() as u32,
        channels: features.channels as u32,
        part: part as u32,
        parts: parts as u32,
        width: if is_whole { 0 } else { features.width as u32 },
    }
}

/// Buffers: `features` `[batch, positions, channels]`, `region` `[4]` (not read where `is_whole`), `parts`
/// `[batch, split(positions).0, channels, channels]`.
pub fn launch(features: Shape, is_whole: bool) -> Launch {
    let (tiles, (parts, _)) = (features.channels.div_ceil(64), split(features.positions()));
    let grid = Grid::Exact(tiles, tiles, features.batch * parts);
    Launch { kernel: &KERNEL, parameters: block(&parameters(features, is_whole)), grid }
}
