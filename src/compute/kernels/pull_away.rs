//! Mean squared cosine between different vectors.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};

/// The kernel; see `shaders/pull_away.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "pull_away",
    source: include_str!("../../../shaders/pull_away.wgsl"),
    shared: &[shared::COSINE],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-5,
};

parameters! {
    /// Parameter block of `pull_away`.
    Parameters { n: u32 }
}

/// Buffers: `products` `[n, n]`, and the scalar `y`.
pub fn launch(n: usize) -> Launch {
    let parameters = Parameters { n: n as u32 };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Exact(1, 1, 1) }
}
