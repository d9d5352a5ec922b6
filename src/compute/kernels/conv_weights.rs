//! Adjoint of the convolution with respect to its kernels, split over the positions; [`super::sum_parts`] adds up the
//! parts.

use super::conv::{self, Parameters};
use super::{Binding, Grid, Kernel, Launch, block, shared};
use crate::compute::graph::{ConvSettings, Shape};

/// The kernel; see `shaders/conv_weights.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "conv_weights",
    source: include_str!("../../../shaders/conv_weights.wgsl"),
    shared: &[shared::CONV_PARAMETERS, shared::TILE_PRODUCT, shared::SOURCE],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-5,
};

/// The fewest positions of a part, and the most parts.
const PART: usize = 1024;
const PARTS: usize = 16;

/// Parts into which the positions of all images are divided, and the positions of each.
pub fn split(rows: usize) -> (usize, usize) {
    let part = rows.div_ceil(PARTS).max(PART).next_multiple_of(16);
    (rows.div_ceil(part), part)
}

/// Buffers: `x`, `gradient` of shape `g`, `parts` `[split(rows of g).0, edge², inputs, outputs]`.
pub fn launch(x: Shape, g: Shape, settings: ConvSettings) -> Launch {
    let (parts, part) = split(g.rows());
    let parameters = Parameters { part: part as u32, ..conv::parameters(x, g, settings, false, false) };
    let taps = settings.edge * settings.edge;
    let grid = Grid::Exact(taps * x.channels.div_ceil(64), g.channels.div_ceil(64), parts);
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid }
}
