//! Micrographs, phase maps, and the files that hold them.

mod calibration;
mod classify;
mod components;
mod correct;
mod filter;
mod makers;
mod npy;
mod palette;
mod prepare;
mod read;
mod recipe;
mod segment;
mod tiff;
mod write;

use std::path::{Path, PathBuf};

pub use calibration::{PixelSize, UNITS, scale_bar};
pub use classify::{Lesson, painted_phases};
pub use components::{Touching, regions};
pub use correct::{Correction, MOST_RADIUS, Stroke};
pub use npy::{array_bytes, encode as npy_bytes, label_bytes, read as read_array};
pub use palette::{PHASE_COLORS, phase_color};
pub use prepare::{MOST_BILATERAL, MOST_MEDIAN, MOST_SIGMA, Prepare, data_bar};
pub use read::{MOST_PIXELS, extremes, pages, read, read_page};
pub use recipe::{PhaseStyle, Prepared, Recipe, repeated_stem, segment_file};
pub use segment::{Segmentation, Segmented, segment, thresholds};
pub use write::{
    write_image_npy, write_image_png, write_labels_npy, write_labels_png, write_labels_tiff, write_phase_png,
};

/// The most phases of a phase map.
pub const MOST_PHASES: usize = 8;

/// A picture from a microscope, as its file holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Micrograph {
    /// A name to display: the file's name or the sample's.
    pub name: String,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// 1 for grey, 3 for red, green and blue.
    pub channels: usize,
    /// Values row by row, channels last, in the file's own scale.
    pub values: Vec<f32>,
    /// The values that stand for black and white.
    pub range: (f32, f32),
    /// The size of a pixel, if the file or a person states it.
    pub pixel_size: Option<PixelSize>,
    /// Rows of a data bar at the bottom, if the file states them.
    pub bar_rows: Option<usize>,
}

impl Micrograph {
    /// A picture without a name and of unknown scale.
    pub fn new((height, width): (usize, usize), channels: usize, values: Vec<f32>, range: (f32, f32)) -> Self {
        Self { name: String::new(), height, width, channels, values, range, pixel_size: None, bar_rows: None }
    }

    /// Grey values by luminance (ITU-R BT.709 weights for colour), in the file's own scale.
    pub fn grey(&self) -> Vec<f32> {
        match self.channels {
            1 => self.values.clone(),
            _ => self.values.chunks_exact(3).map(|p| 0.2126 * p[0] + 0.7152 * p[1] + 0.0722 * p[2]).collect(),
        }
    }

    /// The grey value of one pixel, as in [`Micrograph::grey`].
    pub fn grey_at(&self, row: usize, column: usize) -> f32 {
        let at = (row * self.width + column) * self.channels;
        match self.values[at..at + self.channels] {
            [red, green, blue] => 0.2126 * red + 0.7152 * green + 0.0722 * blue,
            _ => self.values[at],
        }
    }

    /// Three channels in 0 … 255.
    pub fn image(&self) -> Vec<f32> {
        let (low, high) = self.range;
        let scale = if high > low { 255.0 / (high - low) } else { 0.0 };
        let byte = |v: f32| ((v - low) * scale).clamp(0.0, 255.0);
        match self.channels {
            1 => self.values.iter().flat_map(|v| [byte(*v); 3]).collect(),
            _ => self.values.iter().map(|v| byte(*v)).collect(),
        }
    }
}

/// A phase at every pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhaseMap {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Phase numbers from 0, row by row.
    pub labels: Vec<u8>,
    /// How many phases there are.
    pub phases: usize,
}

impl PhaseMap {
    /// The phase map of an array of labels; `None` if a value is not a phase below `phases`.
    pub fn from_values(array: &Micrograph, phases: usize) -> Option<Self> {
        let label = |v: &f32| (v.fract() == 0.0 && *v >= 0.0 && (*v as usize) < phases).then_some(*v as u8);
        let labels = array.values.iter().map(label).collect::<Option<Vec<u8>>>()?;
        let fits = array.channels == 1 && (1..=MOST_PHASES).contains(&phases);
        fits.then_some(Self { height: array.height, width: array.width, labels, phases })
    }

    /// Pixels of each phase.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.phases];
        self.labels.iter().for_each(|l| counts[*l as usize] += 1);
        counts
    }

    /// Share of each phase.
    pub fn volume_fractions(&self) -> Vec<f64> {
        let all = self.labels.len() as f64;
        self.counts().into_iter().map(|n| n as f64 / all).collect()
    }

    /// Whether each pixel belongs to a phase.
    pub fn indicator(&self, phase: usize) -> Vec<bool> {
        self.labels.iter().map(|l| *l as usize == phase).collect()
    }
}

/// Errors of a micrograph or its file.
#[derive(Debug, thiserror::Error)]
pub enum MicrographError {
    /// The file cannot be read.
    #[error("{} could not be read: {source}.", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file cannot be written.
    #[error("{} could not be written: {source}. Choose another folder, or make room there.", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The content is not a picture that can be read.
    #[error("{} cannot be opened: {reason}.", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what would be right.
        reason: String,
    },
    /// The picture is larger than can be handled.
    #[error("{} has {height} × {width} pixels; at most {} are read. Crop it or scale it down.", path.display(), read::MOST_PIXELS)]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Rows.
        height: u64,
        /// Columns.
        width: u64,
    },
    /// A step of a recipe that does not fit.
    #[error("“{step}” cannot be applied to {name}: {reason}.")]
    Step {
        /// The step.
        step: String,
        /// The micrograph.
        name: String,
        /// Why.
        reason: String,
    },
    /// Too many values for labels, too few for grey values.
    #[error(
        "{name} has {found} distinct values: too many for phases (at most {MOST_PHASES}), too few for a grey micrograph. Merge some, or segment it by thresholds (--phases 2, or Segmentation in the window)."
    )]
    TooManyLabels {
        /// The micrograph.
        name: String,
        /// Distinct values.
        found: usize,
    },
    /// There is only one phase.
    #[error(
        "{name} has one phase only: every pixel has the same value, so there is no structure to reconstruct. Open a micrograph with at least two phases."
    )]
    OnePhase {
        /// The micrograph.
        name: String,
    },
    /// A number of phases that cannot be made.
    #[error(
        "{name} cannot be divided into {wanted} phases: choose between 2 and {MOST_PHASES}, and no more than it has grey values."
    )]
    PhaseCount {
        /// The micrograph.
        name: String,
        /// What was asked for.
        wanted: usize,
    },
}

pub(crate) fn malformed(path: &Path, reason: impl std::fmt::Display) -> MicrographError {
    MicrographError::Malformed { path: path.into(), reason: reason.to_string() }
}
