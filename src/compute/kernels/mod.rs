//! Specifications of the shaders: bindings, parameter blocks and grids, one file for each kernel.
//!
//! The native version of a kernel is in `compute/cpu`, its WGSL in `shaders/`. Which kernels compute an operation stands in
//! `lower`, and which algorithms can be chosen for it in `algorithm`.

pub mod adam_moments;
pub mod adam_step;
mod algorithm;
pub mod channel_shift;
pub mod conv;
pub mod conv_cooperative;
pub mod conv_narrow;
pub mod conv_thin;
pub mod conv_tiled;
pub mod conv_weights;
pub mod copy;
pub mod flip_kernels;
pub mod gram;
pub mod gram_adjoint;
pub mod gram_tiled;
mod kernel;
pub(in crate::compute) mod lower;
pub mod multiply_add;
pub mod pad_reflect;
pub mod pad_reflect_adjoint;
pub mod pointwise;
pub mod pool;
pub mod pool_adjoint;
pub mod product;
pub mod pull_away;
pub mod pull_away_adjoint;
pub mod reduce;
pub mod signs;
pub mod squared_error;
pub mod squared_error_adjoint;
pub mod sum_parts;
pub mod upsample;
pub mod upsample_adjoint;
pub mod weighted_sum;
pub mod winograd_input;
pub mod winograd_kernels;
pub mod winograd_multiply;
pub mod winograd_output;

pub(in crate::compute) use algorithm::Selection;
pub use algorithm::{Algorithm, Choices, Probe};
pub use kernel::{Binding, Field, Grid, Halves, Kernel, Launch, shared};
pub(in crate::compute::kernels) use kernel::{block, parameters};

/// All kernels.
pub const ALL: &[&Kernel] = &[
    &adam_moments::KERNEL,
    &adam_step::KERNEL,
    &channel_shift::KERNEL,
    &conv::KERNEL,
    &conv_cooperative::EIGHT,
    &conv_cooperative::SIXTEEN,
    &conv_narrow::KERNEL,
    &conv_thin::KERNEL,
    &conv_tiled::KERNEL,
    &conv_weights::KERNEL,
    &copy::KERNEL,
    &flip_kernels::KERNEL,
    &gram::KERNEL,
    &gram_adjoint::KERNEL,
    &gram_tiled::KERNEL,
    &multiply_add::KERNEL,
    &pad_reflect::KERNEL,
    &pad_reflect_adjoint::KERNEL,
    &pointwise::KERNEL,
    &pool::KERNEL,
    &pool_adjoint::KERNEL,
    &product::KERNEL,
    &pull_away::KERNEL,
    &pull_away_adjoint::KERNEL,
    &reduce::KERNEL,
    &signs::KERNEL,
    &squared_error::KERNEL,
    &squared_error_adjoint::KERNEL,
    &sum_parts::KERNEL,
    &upsample::KERNEL,
    &upsample_adjoint::KERNEL,
    &weighted_sum::KERNEL,
    &winograd_input::KERNEL,
    &winograd_kernels::KERNEL,
    &winograd_multiply::KERNEL,
    &winograd_output::KERNEL,
];
