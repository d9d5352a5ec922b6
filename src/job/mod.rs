//! Long work on its own thread. Requests go to the job, events come from it, and a slot holds its latest progress.
//!
//! Every kind of long work is a [`Task`]; one driver, the [`Job`], runs them all. Every job ends in exactly one
//! [`Event::Ended`], also when it panics. Dropping a [`Job`] cancels it and waits up to ten seconds for its thread.
//! After that, for example while it waits for a silent server, the thread ends by itself.

mod artificial;
mod control;
mod curve;
mod design;
mod device;
mod driver;
mod estimate;
mod explore;
mod fetch;
mod judge;
mod learn;
mod map;
mod method_study;
mod probe;
mod progress;
mod property;
mod prune_study;
mod reconstruct;
mod remade;
mod task;
mod train;
mod watched;

pub use artificial::{
    Artificial, ArtificialStudy, CountPoint, Generated, Generator, artificial_figures, artificial_table,
    write_artificial,
};
pub use control::{Control, Ending, Event, Latest, Request, Wake, Wanted};
pub use curve::{
    CurveRealisation, FromCurve, curve_figure, curve_text, earlier_curve_realisations, write_curve_realisation,
    write_curve_table,
};
pub use design::{
    Candidate, Design, Designed, Looked, Measure, Refined, Wish, Wished, design_figures, design_table, write_design,
};
pub use device::{QuickestKernels, open as open_device, open_for as open_device_for, read_quickest_kernels};
pub use driver::{Job, JobOf, lower_priority};
pub use estimate::{Estimate, network_seconds, run_seconds};
pub use explore::{Encoded, ExploreRequest, Explored, Explorer, PaintedSheet};
pub use fetch::{Fetch, FetchProgress};
pub use judge::{Judge, JudgeProgress, unseen_seed};
pub use learn::{
    About, Attempt, InputKind, Learn, Learned, MOST_IN_PROJECT, NetworkPreset, PredictProperty, Predicted,
    about_seconds, columns_to_learn, input_name, learned_figures, learned_table, own_table, part_figures,
    write_learned,
};
pub use map::{
    AddToMap, ClusterKind, Common, DistanceKind, Explained, Features, MakeMap, Map, MapEmbedding, MapSource, MapStudy,
    MapStudyRow, Member, ScalingKind, map_study_tables, period_of, shown_as_pictures, thumbnail_of, write_map,
    write_map_study,
};
pub use method_study::{
    COLUMNS as METHOD_COLUMNS, Column as MethodColumn, Made, MethodRow, MethodStudy, StudiedMicrograph, method_figures,
    write_method_study,
};
pub use probe::{DeviceTable, Probe};
pub use progress::{Preview, RunProgress, StudyProgress};
pub use property::{
    ComputeProperties, ComputeVolume, MakePropertySet, PropertyMap, PropertyOutput, PropertyResults, PropertyRow,
    PropertySetKind, PropertyThresholds, Response, SetMember, Spread, ThresholdPoint, convergence_figures, fields_vti,
    main_quantity, property_rows, property_table, write_properties,
};
pub use prune_study::{Study, StudyRow, recommend as recommend_depth, study_csv, study_figures, write_study};
pub use reconstruct::{CHECKPOINT, Run};
pub use task::{Failure, Progress, Task};
pub use train::{PatchSource, Train, TrainProgress};
