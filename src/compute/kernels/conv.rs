//! Convolution of stride 1 with mask, bias and ReLU; its adjoint is itself with the kernels flipped.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};
use crate::compute::graph::{ConvSettings, Shape};

/// The kernel; see `shaders/conv.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "conv",
    source: include_str!("../../../shaders/conv.wgsl"),
    shared: &[shared::FINISH, shared::CONV_PARAMETERS, shared::TILE_PRODUCT, shared::SOURCE, shared::CONV_INPUT],
    bindings: &[Binding::Parameters, Binding::ReadMap, Binding::Read, Binding::Read, Binding::Read, Binding::WriteMap],
    fields: Parameters::FIELDS,
    tolerance: 1e-5,
};

parameters! {
    /// Parameter block of `conv`.
    Parameters { in_height: u32, in_width: u32, inputs: u32, outputs: u32, out_height: u32, out_width: u32, edge: u32, before_rows: i32, before_columns: i32, batch: u32, periodic: u32, relu: u32, has_bias: u32, has_mask: u32, spread: u32, part: u32 }
}

/// The parameter block; `x` is the input shape that the kernels read.
pub fn parameters(x: Shape, y: Shape, settings: ConvSettings, has_bias: bool, has_mask: bool) -> Parameters {
    Parameters {
        in_height: x.height as u32,
        in_width: x.width as u32,
        inputs: x.channels as u32,
        outputs: y.channels as u32,
        out_height: y.height as u32,
        out_width: y.width as u32,
        edge: settings.edge as u32,
        before_rows: settings.before[0] as i32,
        before_columns: settings.before[1] as i32,
        batch: y.batch as u32,
        periodic: settings.periodic.into(),
        relu: settings.relu.into(),
        has_bias: has_bias.into(),
        has_mask: has_mask.into(),
        spread: settings.spread.into(),
        part: 0,
    }
}

/// Buffers: `x`, `weights`, `bias`, `mask`, `y`; in place of an absent bias or mask, any other read buffer.
pub fn launch(parameters: &Parameters, y: Shape) -> Launch {
    let grid = Grid::Tiles(y.rows().div_ceil(64), y.channels.div_ceil(64));
    Launch { kernel: &KERNEL, parameters: block(parameters), grid }
}
