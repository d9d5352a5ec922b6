//! Sums over images, positions or channels.

use super::{Binding, Grid, Kernel, Launch, block, parameters};
use crate::compute::graph::Shape;

/// The kernel; see `shaders/reduce.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "reduce",
    source: include_str!("../../../shaders/reduce.wgsl"),
    shared: &[],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-5,
};

parameters! {
    /// Parameter block of `reduce`.
    Parameters { images: u32, positions: u32, channels: u32, sum_images: u32, sum_positions: u32, sum_channels: u32, count: u32, has_b: u32, scale: f32 }
}

/// Buffers: `a` and `b` (or `a` twice) of shape `from`, `y` of shape `to`.
pub fn launch(from: Shape, to: Shape, has_b: bool, scale: f32) -> Launch {
    let sums = |from: usize, to: usize| u32::from(from != to);
    let parameters = Parameters {
        images: from.batch as u32,
        positions: from.positions() as u32,
        channels: from.channels as u32,
        sum_images: sums(from.batch, to.batch),
        sum_positions: sums(from.positions(), to.positions()),
        sum_channels: sums(from.channels, to.channels),
        count: to.len() as u32,
        has_b: has_b.into(),
        scale,
    };
    // A group of 256 for each number of the result.
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Linear(256 * to.len()) }
}
