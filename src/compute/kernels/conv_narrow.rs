//! Convolution with at most four outputs.

use super::conv::Parameters;
use super::{Binding, Grid, Kernel, Launch, block, shared};
use crate::compute::graph::Shape;

/// The kernel; see `shaders/conv_narrow.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "conv_narrow",
    source: include_str!("../../../shaders/conv_narrow.wgsl"),
    shared: &[shared::FINISH, shared::CONV_PARAMETERS, shared::LINEAR_INDEX, shared::SOURCE, shared::CONV_TAP],
    bindings: &[Binding::Parameters, Binding::ReadMap, Binding::Read, Binding::Read, Binding::Read, Binding::WriteMap],
    fields: Parameters::FIELDS,
    tolerance: 1e-5,
};

/// Whether the kernel supports this number of inputs and outputs.
pub fn fits(inputs: usize, outputs: usize) -> bool {
    inputs.is_multiple_of(4) && outputs <= 4
}

/// Buffers as for [`super::conv::launch`].
pub fn launch(parameters: &Parameters, y: Shape) -> Launch {
    Launch { kernel: &KERNEL, parameters: block(parameters), grid: Grid::Linear(y.rows()) }
}
