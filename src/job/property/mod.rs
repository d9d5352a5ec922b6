//! Properties of a micrograph and of what was made from it: the work, the table and the files.

mod files;
mod make;
mod request;
mod response;
mod set;
mod spread;
mod table;
mod threshold;

pub use files::{convergence_figures, fields_vti, write_properties};
pub use make::ComputeVolume;
pub use request::{ComputeProperties, PropertyMap, PropertyOutput, PropertyResults};
pub use response::{Response, own_responses_of, responses_of};
pub use set::{MakePropertySet, PropertySetKind, SetMember};
pub use spread::Spread;
pub use table::{PropertyRow, main_quantity, property_rows, property_table};
pub use threshold::{PropertyThresholds, ThresholdPoint};
