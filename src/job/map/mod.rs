//! Maps: a set of micrographs, the distances between them, and embeddings with what explains them.

mod add;
mod columns;
mod drawing;
mod features;
mod files;
mod made;
mod make;
mod picture;
mod request;
mod source;
mod study;
mod study_files;

pub use add::AddToMap;
pub(super) use columns::columns_of;
pub(super) use features::{
    SMALLEST_READ, common_of, leave_out_other_pixels, leave_out_unfit, network_of, rows_of, unfit, vectors_of,
};
pub use files::write_map;
pub use made::{Common, Explained, Features, Map, MapEmbedding, period_of};
pub use picture::{shown_as_pictures, thumbnail_of};
pub use request::{ClusterKind, DistanceKind, MakeMap, ScalingKind};
pub(super) use source::Members;
pub use source::{MapSource, Member};
pub use study::{MapStudy, MapStudyRow};
pub use study_files::{map_study_tables, write_map_study};
