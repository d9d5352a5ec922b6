//! Adjoint of the mean squared cosine.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};

/// The kernel; see `shaders/pull_away_adjoint.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "pull_away_adjoint",
    source: include_str!("../../../shaders/pull_away_adjoint.wgsl"),
    shared: &[shared::COSINE, shared::LINEAR_INDEX],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-5,
};

parameters! {
    /// Parameter block of `pull_away_adjoint`.
    Parameters { n: u32 }
}

/// Buffers: `products` `[n, n]`, the scalar `g`, and `y` `[n, n]`.
pub fn launch(n: usize) -> Launch {
    let parameters = Parameters { n: n as u32 };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Linear(n * n) }
}
