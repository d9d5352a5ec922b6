//! `y[p, c] = scale[c] · x[p, order[c]] + shift[c]` on three channels.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};

/// The kernel; see `shaders/channel_shift.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "channel_shift",
    source: include_str!("../../../shaders/channel_shift.wgsl"),
    shared: &[shared::LINEAR_INDEX],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-6,
};

parameters! {
    /// Parameter block of `channel_shift`.
    Parameters { order: [u32; 4], scale: [f32; 4], shift: [f32; 4], positions: u32 }
}

/// Buffers: `x`, `y`, each `[positions, 3]`.
pub fn launch(positions: usize, order: [u32; 3], scale: [f32; 3], shift: [f32; 3]) -> Launch {
    let four = |v: [f32; 3]| [v[0], v[1], v[2], 0.0];
    let parameters = Parameters {
        order: [order[0], order[1], order[2], 0],
        scale: four(scale),
        shift: four(shift),
        positions: positions as u32,
    };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Linear(positions * 3) }
}
