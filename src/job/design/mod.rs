//! Designing micrographs for wanted properties, with a latent model.

mod files;
mod make;
mod measure;
mod refine;
mod request;

pub use files::{design_figures, design_table, write_design};
pub(super) use make::grey_of;
pub use request::{Candidate, Design, Designed, Looked, Measure, Refined, Wish, Wished};
