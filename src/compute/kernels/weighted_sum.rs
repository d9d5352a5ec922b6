//! One term of a sum of scalars; the terms run one after the other.

use super::{Binding, Grid, Kernel, Launch, block, parameters};

/// The kernel; see `shaders/weighted_sum.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "weighted_sum",
    source: include_str!("../../../shaders/weighted_sum.wgsl"),
    shared: &[],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-6,
};

parameters! {
    /// Parameter block of `weighted_sum`.
    Parameters { weight: f32, add: u32 }
}

/// Buffers: the scalars `x` and `y`. The first term is written to `y`, the others are added.
pub fn launch(weight: f32, add: bool) -> Launch {
    let parameters = Parameters { weight, add: add.into() };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Exact(1, 1, 1) }
}
