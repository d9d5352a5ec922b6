//! Full fields on the pixels of a map, by Fourier transforms and conjugate gradients.

mod conduction;
mod direct;
mod elasticity;
mod grid;
mod lame;
mod lines;
mod solve;

pub(super) use conduction::check_values;
pub use conduction::{Conduction, conduction};
pub use elasticity::{Elasticity, elasticity, moduli_of_tensor};
pub use solve::{Accuracy, Watch};
