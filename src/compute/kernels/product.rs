//! Matrix product, each matrix read as it is or transposed.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};
use crate::compute::graph::Product;

/// The kernel; see `shaders/product.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "product",
    source: include_str!("../../../shaders/product.wgsl"),
    shared: &[shared::TILE_PRODUCT],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-5,
};

parameters! {
    /// Parameter block of `product`.
    Parameters { rows: u32, columns: u32, inner: u32, transpose_a: u32, transpose_b: u32 }
}

/// Buffers: the matrices `a`, `b` and `y`.
pub fn launch(p: Product) -> Launch {
    let parameters = Parameters {
        rows: p.rows as u32,
        columns: p.columns as u32,
        inner: p.inner as u32,
        transpose_a: p.transpose_a.into(),
        transpose_b: p.transpose_b.into(),
    };
    let grid = Grid::Tiles(p.rows.div_ceil(64), p.columns.div_ceil(64));
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid }
}
