//! Learning a property of micrographs from a table, and predicting it of others.

mod files;
mod inputs;
mod make;
mod predict;
mod request;

pub use files::{learned_figures, learned_table, write_learned};
pub use predict::{PredictProperty, Predicted};
pub use request::{About, Attempt, InputKind, Learn, Learned, columns_to_learn, input_name, own_table};
