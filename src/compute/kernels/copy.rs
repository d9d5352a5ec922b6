//! A copy, to measure an adapter's bandwidth.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};

/// The kernel; see `shaders/copy.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "copy",
    source: include_str!("../../../shaders/copy.wgsl"),
    shared: &[shared::LINEAR_INDEX],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 0.0,
};

parameters! {
    /// Parameter block of `copy`.
    Parameters { fours: u32 }
}

/// Buffers: `x` and `y` of `4 · fours` numbers.
pub fn launch(fours: usize) -> Launch {
    let parameters = Parameters { fours: fours as u32 };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Linear(fours) }
}
