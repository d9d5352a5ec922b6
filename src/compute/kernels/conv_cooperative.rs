//! Convolution by an adapter's cooperative matrices (tensor cores), which multiply numbers of 16 bits.

use super::conv::Parameters;
use super::{Binding, Grid, Kernel, Launch, block, shared};
use crate::compute::graph::Shape;

/// With matrices of 8 × 8; see `shaders/conv_cooperative_8.wgsl`.
pub static EIGHT: Kernel = kernel("conv_cooperative_8", include_str!("../../../shaders/conv_cooperative_8.wgsl"));

/// With matrices of 16 × 16; see `shaders/conv_cooperative_16.wgsl`.
pub static SIXTEEN: Kernel = kernel("conv_cooperative_16", include_str!("../../../shaders/conv_cooperative_16.wgsl"));

const fn kernel(name: &'static str, source: &'static str) -> Kernel {
    Kernel {
        name,
        source,
        shared: &[
            shared::FINISH_FOUR,
            shared::CONV_PARAMETERS,
            shared::SOURCE,
            shared::CONV_TAP,
            shared::CONV_COOPERATIVE,
        ],
        bindings: &[
            Binding::Parameters,
            Binding::ReadMap,
            Binding::Read,
            Binding::Read,
            Binding::Read,
            Binding::WriteMap,
        ],
        fields: Parameters::FIELDS,
        tolerance: 2e-3,
    }
}

/// The cooperative matrices that an adapter multiplies, of f16 with sums in f32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matrices {
    /// 8 × 8 each.
    Eight,
    /// 16 × 16 each.
    Sixteen,
}

impl Matrices {
    /// All sizes, the preferred one first.
    pub const ALL: [Self; 2] = [Self::Sixteen, Self::Eight];

    /// Rows and columns.
    pub const fn edge(self) -> u32 {
        match self {
            Self::Eight => 8,
            Self::Sixteen => 16,
        }
    }
}

/// Whether the kernel supports this number of inputs and outputs.
pub fn fits(inputs: usize, outputs: usize) -> bool {
    inputs.is_multiple_of(16) && outputs.is_multiple_of(4)
}

/// Buffers as for [`super::conv::launch`].
pub fn launch(parameters: &Parameters, y: Shape, matrices: Matrices) -> Launch {
    let kernel = match matrices {
        Matrices::Eight => &EIGHT,
        Matrices::Sixteen => &SIXTEEN,
    };
    let grid = Grid::Tiles(y.rows().div_ceil(128), y.channels.div_ceil(64));
    Launch { kernel, parameters: block(parameters), grid }
}
