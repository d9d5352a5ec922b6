//! Winograd's transform of a convolution's input, and how a picture is divided into tiles.

use std::ops::Range;

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};
use crate::compute::graph::{ConvSettings, Shape};

/// The kernel; see `shaders/winograd_input.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "winograd_input",
    source: include_str!("../../../shaders/winograd_input.wgsl"),
    shared: &[shared::WINOGRAD_POINTS, shared::LINEAR_INDEX, shared::SOURCE, shared::CONV_INPUT, shared::WINOGRAD],
    bindings: &[Binding::Parameters, Binding::ReadMap, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-5,
};

parameters! {
    /// Parameter block of `winograd_input`.
    Parameters { in_height: u32, in_width: u32, inputs: u32, before_rows: i32, before_columns: i32, periodic: u32, has_mask: u32, spread: u32, across: u32, down: u32, first: u32, tiles: u32 }
}

/// The most bytes of the transformed tiles of one band, before the products and again after them. A picture is
/// processed in as many bands as this requires.
const BAND: usize = 64 << 20;

/// Tiles of 4 × 4 outputs across and down an image.
pub const fn tiles(y: Shape) -> (usize, usize) {
    (y.width.div_ceil(4), y.height.div_ceil(4))
}

/// Tiles of one band, if each has this many channels before or after the products.
pub fn band(y: Shape, channels: usize) -> usize {
    let (across, down) = tiles(y);
    (y.batch * across * down).min((BAND / (36 * 4 * channels)).max(1))
}

/// The bands of a picture.
pub fn bands(y: Shape, channels: usize) -> impl Iterator<Item = Range<usize>> {
    let (across, down) = tiles(y);
    let (all, step) = (y.batch * across * down, band(y, channels));
    (0..all).step_by(step).map(move |first| first..all.min(first + step))
}

/// `x` is the input shape that the kernels read, `y` the shape of the result. Buffers: `x`, `mask` (or any other), `v`
/// `[36, tiles, I]`.
pub fn launch(x: Shape, y: Shape, settings: ConvSettings, has_mask: bool, band: &Range<usize>) -> Launch {
    let (across, down) = tiles(y);
    let parameters = Parameters {
        in_height: x.height as u32,
        in_width: x.width as u32,
        inputs: x.channels as u32,
        before_rows: settings.before[0] as i32,
        before_columns: settings.before[1] as i32,
        periodic: settings.periodic.into(),
        has_mask: has_mask.into(),
        spread: settings.spread.into(),
        across: across as u32,
        down: down as u32,
        first: band.start as u32,
        tiles: band.len() as u32,
    };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Linear(band.len() * x.channels) }
}
