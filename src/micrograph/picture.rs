//! Micrographs and phase maps.

use super::calibration::PixelSize;

/// The most pixels of a file that is opened: 8,192 × 8,192.
pub const MOST_PIXELS: u64 = 1 << 26;

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
