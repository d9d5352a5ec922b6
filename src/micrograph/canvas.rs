//! Where a decoder puts its samples: a part of a picture, binned where the whole would be too large.

use std::path::Path;

use super::part::Rectangle;
use super::picture::{DOUBTFUL, MOST_PIXELS, few};
use super::samples::{Numbers, Samples};
use super::{MicrographError, malformed};

/// The most pixels of a file: 131,072 × 131,072.
const MOST_STORED: u64 = 1 << 34;
/// The fewest bytes that a file of so many pixels has, as a share: no compression is better on a picture.
const MOST_RATIO: u64 = 8192;

/// The samples of a picture while they are decoded.
pub struct Canvas {
    /// Rows and columns of the file's picture.
    pub full: (usize, usize),
    /// Samples of a pixel.
    pub channels: usize,
    /// The edge of the squares of pixels that become one.
    pub bin: usize,
    part: Rectangle,
    /// Sums over bins, `[rows, columns, channels]`.
    sums: Vec<f32>,
    /// The first pixel of each bin, where there are bins.
    first: Vec<f32>,
}

impl Canvas {
    /// Makes room for a picture, or a part of it. Where that has too many pixels, squares of them become one.
    ///
    /// # Errors
    /// There are no pixels, or more than a file can hold, or the part does not lie within.
    pub fn new(
        (height, width): (u64, u64),
        channels: usize,
        part: Option<Rectangle>,
        path: &Path,
    ) -> Result<Self, MicrographError> {
        if height == 0 || width == 0 || channels == 0 {
            return Err(malformed(path, "it has no pixels"));
        }
        let pixels = height.checked_mul(width).filter(|n| *n <= MOST_STORED);
        let Some(pixels) = pixels else {
            return Err(MicrographError::TooLarge { path: path.into(), height, width });
        };
        let bytes = std::fs::metadata(path).map_or(u64::MAX, |m| m.len());
        if pixels > MOST_PIXELS && bytes < pixels / MOST_RATIO {
            return Err(malformed(
                path,
                format!("it claims {width} × {height} pixels, more than its {bytes} bytes hold"),
            ));
        }
        let full = (height as usize, width as usize);
        let part = part.unwrap_or(Rectangle { top: 0, left: 0, height: full.0, width: full.1 });
        let fits = |from: usize, size: usize, all: usize| size > 0 && from.checked_add(size).is_some_and(|e| e <= all);
        if !fits(part.top, part.height, full.0) || !fits(part.left, part.width, full.1) {
            let reason =
                format!("it has {width} × {height} pixels, and the part that is to be read does not lie within");
            return Err(malformed(path, reason));
        }
        let fitting = |bin: &usize| ((part.height / bin) as u64 * (part.width / bin) as u64) <= MOST_PIXELS;
        let bin = (1..).find(fitting).unwrap_or(1);
        let (rows, columns) = (part.height / bin, part.width / bin);
        if rows == 0 || columns == 0 {
            return Err(MicrographError::TooLarge { path: path.into(), height, width });
        }
        let count = rows * columns * channels;
        let first = if bin > 1 { vec![0.0; count] } else { vec![] };
        Ok(Self { full, channels, bin, part, sums: vec![0.0; count], first })
    }

    /// Rows and columns that it ends with.
    pub fn size(&self) -> (usize, usize) {
        (self.part.height / self.bin, self.part.width / self.bin)
    }

    /// Whether any of these rows is wanted.
    pub fn wants(&self, top: usize, rows: usize) -> bool {
        top < self.part.top + self.part.height && top + rows > self.part.top
    }

    /// Takes a block of samples whose first pixel is at `top` and `left`; `value` gives a sample by its row, column and
    /// channel within the block.
    pub fn put(
        &mut self,
        (top, left): (usize, usize),
        (rows, columns): (usize, usize),
        channels: std::ops::Range<usize>,
        value: impl Fn(usize, usize, usize) -> f32,
    ) {
        let (height, width) = self.size();
        let within =
            |at: usize, from: usize, size: usize| at.checked_sub(from).map(|at| at / self.bin).filter(|at| *at < size);
        for row in 0..rows {
            let Some(y) = within(top + row, self.part.top, height) else { continue };
            for column in 0..columns {
                let Some(x) = within(left + column, self.part.left, width) else { continue };
                let at = (y * width + x) * self.channels;
                for channel in channels.clone() {
                    let v = value(row, column, channel - channels.start);
                    if self.bin == 1 {
                        self.sums[at + channel] = v;
                        continue;
                    }
                    self.sums[at + channel] += v;
                    let is_first = (top + row - self.part.top).is_multiple_of(self.bin)
                        && (left + column - self.part.left).is_multiple_of(self.bin);
                    if is_first {
                        self.first[at + channel] = v;
                    }
                }
            }
        }
    }

    /// The samples: means of the bins, or their first pixels where the samples are numbers of a palette or few values,
    /// which are labels.
    pub fn finish(mut self, numbers: Numbers, palette: Option<Vec<[u8; 3]>>) -> Samples {
        let (size, full, bin, channels) = (self.size(), self.full, self.bin, self.channels);
        let values = if bin == 1 {
            self.sums
        } else if palette.is_some() || few(self.first.chunks_exact(channels), DOUBTFUL) {
            self.first
        } else {
            let scale = 1.0 / (bin * bin) as f32;
            self.sums.iter_mut().for_each(|v| *v *= scale);
            self.sums
        };
        Samples { full, bin, palette, ..Samples::new(size, channels, values, numbers) }
    }
}
