//! Micrographs and phase maps.

use ndarray::{Array2, Array3};

use super::calibration::PixelSize;

/// The most pixels of a micrograph: 8,192 × 8,192. Larger files are read in squares of pixels.
pub const MOST_PIXELS: u64 = 1 << 26;

/// The most phases of a phase map.
pub const MOST_PHASES: usize = 8;

/// Up to this many distinct values, a picture is taken for one of labels, be they too many, not for one of grey values.
pub const DOUBTFUL: usize = 16;

/// A picture from a microscope, as its file holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Micrograph {
    /// A name to display: the file's name or the sample's.
    pub name: String,
    /// Values in the file's own scale, `[rows, columns, channels]` in standard layout: 1 channel for grey, 3 for red,
    /// green and blue.
    pub values: Array3<f32>,
    /// The values that stand for black and white.
    pub range: (f32, f32),
    /// The size of a pixel, if the file or a person states it.
    pub pixel_size: Option<PixelSize>,
    /// Rows of a data bar at the bottom, if the file states them.
    pub bar_rows: Option<usize>,
    /// What was decided while the file was read, as parts of a sentence: the page, the values of black and white, palettes.
    pub notes: Vec<String>,
    /// The SHA-256 of the whole file in hexadecimal digits; empty for a picture that is from no file.
    pub sha256: String,
}

impl Micrograph {
    /// A picture without a name and of unknown scale, of values row by row, channels last.
    ///
    /// # Panics
    /// If there is not one value for each channel of each pixel.
    pub fn new((height, width): (usize, usize), channels: usize, values: Vec<f32>, range: (f32, f32)) -> Self {
        let values = Array3::from_shape_vec((height, width, channels), values).expect("a value for each channel");
        Self::of(values, range)
    }

    /// The same of an array `[rows, columns, channels]` in standard layout.
    pub fn of(values: Array3<f32>, range: (f32, f32)) -> Self {
        Self {
            name: String::new(),
            values,
            range,
            pixel_size: None,
            bar_rows: None,
            notes: vec![],
            sha256: String::new(),
        }
    }

    /// Rows and columns.
    pub fn size(&self) -> (usize, usize) {
        let (rows, columns, _) = self.values.dim();
        (rows, columns)
    }

    /// 1 for grey, 3 for red, green and blue.
    pub fn channels(&self) -> usize {
        self.values.dim().2
    }

    /// The values row by row, channels last.
    pub fn flat(&self) -> &[f32] {
        self.values.as_slice().expect("standard layout")
    }

    /// The channels of each pixel, row by row.
    pub fn pixels(&self) -> std::slice::ChunksExact<'_, f32> {
        self.flat().chunks_exact(self.channels())
    }

    /// Grey values by luminance (ITU-R BT.709 weights for colour), in the file's own scale.
    pub fn grey(&self) -> Array2<f32> {
        let grey = self.pixels().map(luminance).collect();
        Array2::from_shape_vec(self.size(), grey).expect("a value for each pixel")
    }

    /// The grey value of one pixel, as in [`Micrograph::grey`].
    pub fn grey_at(&self, row: usize, column: usize) -> f32 {
        let (_, columns) = self.size();
        luminance(&self.flat()[(row * columns + column) * self.channels()..][..self.channels()])
    }

    /// Grey values along a line between two points (row and column, pixel centres at integers), at steps of one pixel from
    /// the first point, interpolated between pixels. Points beyond the edge have the value of the edge.
    pub fn grey_along(&self, from: [f32; 2], to: [f32; 2]) -> Vec<f32> {
        let (rows, columns) = self.size();
        let (down, across) = (to[0] - from[0], to[1] - from[1]);
        let length = down.hypot(across);
        let grey = |step: usize| {
            let share = step as f32 / length.max(f32::MIN_POSITIVE);
            let y = (from[0] + share * down).clamp(0.0, (rows - 1) as f32);
            let x = (from[1] + share * across).clamp(0.0, (columns - 1) as f32);
            let (top, left) = (y as usize, x as usize);
            let at = |y: usize, x: usize| self.grey_at(y.min(rows - 1), x.min(columns - 1));
            let upper = at(top, left) * (1.0 - x.fract()) + at(top, left + 1) * x.fract();
            let lower = at(top + 1, left) * (1.0 - x.fract()) + at(top + 1, left + 1) * x.fract();
            upper * (1.0 - y.fract()) + lower * y.fract()
        };
        (0..=length as usize).map(grey).collect()
    }

    /// Whether there are at most `most` distinct values or colours.
    pub fn has_few_values(&self, most: usize) -> bool {
        few(self.pixels(), most)
    }

    /// Three channels in 0 … 255.
    pub fn image(&self) -> Vec<f32> {
        let (low, high) = self.range;
        let scale = if high > low { 255.0 / (high - low) } else { 0.0 };
        let byte = |v: f32| ((v - low) * scale).clamp(0.0, 255.0);
        match self.channels() {
            1 => self.flat().iter().flat_map(|v| [byte(*v); 3]).collect(),
            _ => self.flat().iter().map(|v| byte(*v)).collect(),
        }
    }
}

/// Whether there are at most `most` distinct ones.
pub fn few<'a>(pixels: impl Iterator<Item = &'a [f32]>, most: usize) -> bool {
    let mut seen: Vec<&[f32]> = vec![];
    for pixel in pixels {
        if !seen.contains(&pixel) {
            seen.push(pixel);
            if seen.len() > most {
                return false;
            }
        }
    }
    true
}

fn luminance(pixel: &[f32]) -> f32 {
    match *pixel {
        [red, green, blue] => 0.2126 * red + 0.7152 * green + 0.0722 * blue,
        _ => pixel[0],
    }
}

/// A phase at every pixel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PhaseMap {
    /// Phase numbers from 0, `[rows, columns]` in standard layout.
    pub labels: Array2<u8>,
    /// How many phases there are.
    pub phases: usize,
}

impl PhaseMap {
    /// A phase map of labels row by row.
    ///
    /// # Panics
    /// If there is not one label for each pixel.
    pub fn new((height, width): (usize, usize), labels: Vec<u8>, phases: usize) -> Self {
        Self { labels: Array2::from_shape_vec((height, width), labels).expect("a label for each pixel"), phases }
    }

    /// The phase map of grey values; `None` if a value is not a phase below `phases`.
    pub fn from_values(values: &Array3<f32>, phases: usize) -> Option<Self> {
        let label = |v: &f32| (v.fract() == 0.0 && *v >= 0.0 && (*v as usize) < phases).then_some(*v as u8);
        let (height, width, channels) = values.dim();
        let labels = values.iter().map(label).collect::<Option<Vec<u8>>>()?;
        let fits = channels == 1 && (1..=MOST_PHASES).contains(&phases);
        fits.then(|| Self::new((height, width), labels, phases))
    }

    /// Rows and columns.
    pub fn size(&self) -> (usize, usize) {
        self.labels.dim()
    }

    /// Pixels.
    pub fn pixels(&self) -> usize {
        self.labels.len()
    }

    /// The labels row by row.
    pub fn flat(&self) -> &[u8] {
        self.labels.as_slice().expect("standard layout")
    }

    /// The same to be changed.
    pub fn flat_mut(&mut self) -> &mut [u8] {
        self.labels.as_slice_mut().expect("standard layout")
    }

    /// Pixels of each phase.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.phases];
        self.flat().iter().for_each(|l| counts[*l as usize] += 1);
        counts
    }

    /// Share of each phase.
    pub fn volume_fractions(&self) -> Vec<f64> {
        let all = self.pixels() as f64;
        self.counts().into_iter().map(|n| n as f64 / all).collect()
    }

    /// Whether each pixel belongs to a phase.
    pub fn indicator(&self, phase: usize) -> Array2<bool> {
        self.labels.map(|l| *l as usize == phase)
    }
}
