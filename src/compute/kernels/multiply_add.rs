//! Multiplications and additions alone, to measure an adapter's peak.

use super::{Binding, Grid, Kernel, Launch, block, parameters};

/// The kernel; see `shaders/multiply_add.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "multiply_add",
    source: include_str!("../../../shaders/multiply_add.wgsl"),
    shared: &[],
    bindings: &[Binding::Parameters, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: f32::INFINITY,
};

parameters! {
    /// Parameter block of `multiply_add`.
    Parameters { rounds: u32 }
}

/// Multiplications and additions of a number of groups and rounds.
pub const fn operations(groups: usize, rounds: usize) -> u64 {
    (groups * 256 * rounds * 8 * 4 * 2) as u64
}

/// Buffers: `y` `[256 · groups]`.
pub fn launch(groups: usize, rounds: usize) -> Launch {
    let parameters = Parameters { rounds: rounds as u32 };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Exact(groups, 1, 1) }
}
