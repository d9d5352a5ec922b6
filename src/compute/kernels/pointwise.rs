//! A function applied element by element.

use super::{Binding, Grid, Kernel, Launch, block, parameters, shared};
use crate::compute::graph::{Function, Shape};

/// The kernel; see `shaders/pointwise.wgsl`.
pub static KERNEL: Kernel = Kernel {
    name: "pointwise",
    source: include_str!("../../../shaders/pointwise.wgsl"),
    shared: &[shared::LINEAR_INDEX],
    bindings: &[Binding::Parameters, Binding::Read, Binding::Read, Binding::Read, Binding::Write],
    fields: Parameters::FIELDS,
    tolerance: 1e-6,
};

parameters! {
    /// Parameter block of `pointwise`.
    Parameters { a: [u32; 4], b: [u32; 4], c: [u32; 4], count: u32, positions: u32, channels: u32, function: u32, number: f32 }
}

/// The shader's code of a function, and the number that the function takes.
fn code(function: Function) -> (u32, f32) {
    match function {
        Function::Add => (0, 0.0),
        Function::Multiply => (1, 0.0),
        Function::Modulate => (2, 0.0),
        Function::LeakyRelu(slope) => (3, slope),
        Function::LeakyReluAdjoint(slope) => (4, slope),
        Function::Sigmoid => (5, 0.0),
        Function::SigmoidAdjoint => (6, 0.0),
        Function::Reparameterise => (7, 0.0),
        Function::ReparameteriseAdjoint => (8, 0.0),
        Function::Divergence => (9, 0.0),
        Function::DivergenceAdjoint => (10, 0.0),
        Function::Floor(least) => (11, least),
        Function::FloorAdjoint(least) => (12, least),
        Function::Saturate => (13, 0.0),
        Function::SaturateAdjoint => (14, 0.0),
    }
}

/// Buffers: three inputs, and `y` of shape `out`. `inputs` are the shapes of those that the function takes; the first
/// one is bound in place of the others.
pub fn launch(function: Function, inputs: &[Shape], out: Shape) -> Launch {
    // For an input that the function does not take, only the first number of the buffer is read.
    let of = |n: usize| {
        let [image, position, channel] = inputs.get(n).map_or([0; 3], |s| s.steps_to(out));
        [image as u32, position as u32, channel as u32, 0]
    };
    let (code, number) = code(function);
    let parameters = Parameters {
        a: of(0),
        b: of(1),
        c: of(2),
        count: out.len() as u32,
        positions: out.positions() as u32,
        channels: out.channels as u32,
        function: code,
        number,
    };
    Launch { kernel: &KERNEL, parameters: block(&parameters), grid: Grid::Linear(out.len()) }
}
