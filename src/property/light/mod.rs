//! Light on layers: rigorous coupled-wave analysis (Moharam et al., J. Opt. Soc. Am. A 12:1068, 1995), for layers that are
//! periodic in two directions and uniform through their thickness. The time factor is exp(−iωt): k > 0 absorbs.

mod field;
mod index;
mod modes;
mod orders;
mod pattern;
mod setup;
mod stack;

pub use field::{absorption_map, intensity};
pub use index::IndexTable;
pub use orders::{Expansion, Factorisation, Order, circle, rectangle};
pub use setup::{Layer, Light, Polarisation, Stack};
pub use stack::{LayerField, Optics, Solved, solve};
