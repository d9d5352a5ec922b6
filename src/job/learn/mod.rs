//! Learning a property of micrographs from a table, and predicting it of others.

mod files;
mod finished;
mod inputs;
mod make;
mod plans;
mod predict;
mod preset;
mod request;

pub use files::{learned_figures, learned_table, part_figures, write_learned};
pub(super) use inputs::{Read, Valued, keep_twins_together, read};
pub use make::MOST_IN_PROJECT;
pub use plans::about_seconds;
pub(super) use plans::{plan_of, reads_pictures};
pub use predict::{PredictProperty, Predicted};
pub use preset::NetworkPreset;
pub use request::{About, Attempt, InputKind, Learn, Learned, columns_to_learn, input_name, own_table};
