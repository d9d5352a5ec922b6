//! Micrographs, phase maps, and the files that hold them.

mod bar;
mod calibration;
mod canvas;
mod classify;
mod clusters;
mod components;
mod correct;
mod cut;
mod error;
mod filter;
mod guess;
mod limits;
mod makers;
mod npy;
mod palette;
mod part;
mod picture;
mod png;
mod prepare;
mod read;
mod recipe;
mod samples;
mod segment;
mod specimen;
mod tags;
mod tiff;
mod write;

pub use bar::data_bar;
pub use calibration::{PixelSize, UNITS, scale_bar};
pub use classify::{Lesson, painted_phases};
pub(crate) use clusters::k_means;
pub use components::{Touching, regions};
pub use correct::{Correction, MOST_RADIUS, Stroke};
pub use cut::thresholds;
pub use error::MicrographError;
pub(crate) use error::malformed;
pub use limits::extremes;
pub use npy::{array_bytes, encode as npy_bytes, label_bytes, read_array};
pub use palette::{PHASE_COLORS, phase_color};
pub use part::{Part, Rectangle};
pub use picture::{DOUBTFUL, MOST_PHASES, MOST_PIXELS, Micrograph, PhaseMap};
pub use prepare::{MOST_BILATERAL, MOST_MEDIAN, MOST_SIGMA, Prepare};
pub use read::{ENDINGS, PictureFile, is_picture, pages, pictures_in, read, read_part, sha256_of};
pub use recipe::{PhaseStyle, Prepared, Recipe, repeated_stem, segment_file};
pub use segment::{Segmentation, Segmented, segment};
pub use write::{
    image_png, phase_png, write_image_npy, write_image_png, write_labels_npy, write_labels_png, write_labels_tiff,
    write_phase_png,
};
