//! Convolution with at most four inputs.

use super::conv::Parameters;
use super::{Binding, Grid, Kernel, Launch, block, shared};
use crate::compute::graph::Shape;

/// The kernel; see `shaders/conv_thin.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "conv_thin",
    source: include_str!("../../../shaders/conv_thin.wgsl"),
    shared: &[shared::FINISH_FOUR, shared::CONV_PARAMETERS, shared::LINEAR_INDEX, shared::SOURCE, shared::CONV_INPUT],
    bindings: &[Binding::Parameters, Binding::ReadMap, Binding::Read, Binding::Read, Binding::Read, Binding::WriteMap],
    fields: Parameters::FIELDS,
    tolerance: 1e-5,
};

/// Whether the kernel supports this number of inputs and outputs.
pub fn fits(inputs: usize, outputs: usize) -> bool {
    inputs <= 4 && outputs.is_multiple_of(16)
}

/// Buffers as for [`super::conv::launch`].
pub fn launch(parameters: &Parameters, y: Shape) -> Launch {
    Launch { kernel: &KERNEL, parameters: block(parameters), grid: Grid::Linear(y.rows() * (y.channels / 16)) }
}
