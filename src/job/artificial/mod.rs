//! Learning from artificial micrographs beside authentic ones.

mod files;
mod make;
mod request;

pub use files::{artificial_figures, artificial_table, write_artificial};
pub use request::{Artificial, ArtificialStudy, CountPoint, Generated, Generator};
