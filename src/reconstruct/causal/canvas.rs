//! The pictures that are made, with margins around them that are cut off in the end.

use rand::RngExt;

use super::{COARSE_REACH, Place, Steps, Surroundings};
use crate::reconstruct::pieces::random_of;
use crate::reconstruct::plane::{Plane, restored, saved};

/// Pixels of a piece, about.
const PIECE: usize = 4096;

/// One picture with its margins.
pub struct Canvas {
    /// The picture with its margins.
    pub plane: Plane,
    /// Height and width without them.
    size: (usize, usize),
    /// Rows above, and columns on either side.
    margin: usize,
    reach: usize,
    /// Margin, height and width of the coarser picture with its margins; `None` if there is none.
    coarser: Option<(usize, usize, usize)>,
    steps: Steps,
}

impl Canvas {
    /// Rows and columns that are made.
    fn made(&self) -> (usize, usize) {
        (self.plane.height - self.reach, self.plane.width - 2 * self.reach)
    }

    /// The place of the pixel that is made as the n-th.
    pub fn place(&self, n: usize) -> Place {
        let (_, columns) = self.made();
        let (row, column) = (n / columns + self.reach, n % columns + self.reach);
        let coarse = self.coarser.map_or(0, |(margin, height, width)| {
            let down = |at: usize, most: usize| {
                let at = (at as isize - self.margin as isize).div_euclid(2) + margin as isize;
                at.clamp(COARSE_REACH as isize, most as isize - 1 - COARSE_REACH as isize) as usize
            };
            down(row, height) * width + down(column, width)
        });
        let parity = |at: usize| (at + self.margin) % 2;
        Place {
            fine: ((row * self.plane.width + column) * self.plane.channels) as u32,
            coarse: (coarse * self.plane.channels) as u32,
            parity: (2 * parity(row) + parity(column)) as u8,
        }
    }

    /// The values of a pixel of the picture without its margins, if it is among the first ones that were made.
    fn pixel(&self, row: usize, column: usize, made: usize) -> Option<&[u8]> {
        let (row, column) = (row + self.margin, column + self.margin);
        let (_, columns) = self.made();
        let is_made = (row - self.reach) * columns + column - self.reach < made;
        is_made.then(|| self.plane.pixel(row * self.plane.width + column))
    }
}

/// A picture in several sizes, the coarsest first, as it is made.
pub struct Canvases {
    all: Vec<Canvas>,
}

impl Canvases {
    /// For originals of these sizes, neighbourhoods that reach so far in each, and a result of this size. Before anything
    /// is made, each picture is a part of its original, continued periodically: so the margins have the right structure.
    pub fn new(originals: &[Plane], reaches: &[usize], size: (usize, usize), seed: u64) -> Self {
        let mut random = random_of(seed, usize::MAX - 1);
        let last = originals.len() - 1;
        let finest = &originals[last];
        // A multiple of the coarsest pixel, so that all sizes show the same part.
        let start = [finest.height, finest.width].map(|n| random.random_range(0..n) >> last << last);
        let mut all: Vec<Canvas> = vec![];
        for (n, (original, reach)) in originals.iter().zip(reaches).enumerate() {
            let times = 1 << (last - n);
            let size = (size.0.div_ceil(times), size.1.div_ceil(times));
            // Even, so that rows and columns keep their parity.
            let margin = (3 * reach).next_multiple_of(2).max(2 * COARSE_REACH);
            let mut plane = original.blank((size.0 + margin + COARSE_REACH, size.1 + 2 * margin));
            for at in 0..plane.height * plane.width {
                let place = |at: usize, start: usize, edge: usize| {
                    (at as isize + (start / times) as isize - margin as isize).rem_euclid(edge as isize) as usize
                };
                let y = place(at / plane.width, start[0], original.height);
                let x = place(at % plane.width, start[1], original.width);
                let from = original.pixel(y * original.width + x);
                plane.values[at * plane.channels..][..from.len()].copy_from_slice(from);
            }
            let coarser = all.last().map(|c: &Canvas| (c.margin, c.plane.height, c.plane.width));
            let steps = Steps::new(plane.width, coarser.map(|c| c.2), plane.channels, *reach);
            all.push(Canvas { plane, size, margin, reach: *reach, coarser, steps });
        }
        Self { all }
    }

    /// The pieces of each picture.
    fn pieces_of(canvas: &Canvas) -> usize {
        let (rows, columns) = canvas.made();
        (rows * columns).div_ceil(PIECE)
    }

    /// All pieces.
    pub fn pieces(&self) -> usize {
        self.all.iter().map(Self::pieces_of).sum()
    }

    /// The number of the picture that a piece belongs to, and the pixels of the piece.
    pub fn piece(&self, mut piece: usize) -> (usize, std::ops::Range<usize>) {
        for (n, canvas) in self.all.iter().enumerate() {
            if piece < Self::pieces_of(canvas) {
                let (rows, columns) = canvas.made();
                return (n, piece * PIECE..((piece + 1) * PIECE).min(rows * columns));
            }
            piece -= Self::pieces_of(canvas);
        }
        (self.all.len() - 1, 0..0)
    }

    /// A picture to be made.
    pub fn canvas(&self, n: usize) -> &Canvas {
        &self.all[n]
    }

    /// Sets the values of a pixel.
    pub fn set(&mut self, n: usize, place: Place, values: &[u8]) {
        self.all[n].plane.values[place.fine as usize..][..values.len()].copy_from_slice(values);
    }

    /// What lies around the pixels of a picture.
    pub fn surroundings(&self, n: usize) -> Surroundings<'_> {
        let fine = &self.all[n];
        let coarse = n.checked_sub(1).map_or(&[][..], |c| &self.all[c].plane.values);
        Surroundings { fine: &fine.plane.values, coarse, steps: &fine.steps }
    }

    /// The result after so many pieces. What is not made yet is taken from the coarser picture; of the coarsest one it is
    /// blank.
    pub fn result(&self, pieces: usize) -> Plane {
        let (n, made) = self.piece(pieces.saturating_sub(1));
        let made = if pieces == 0 { 0 } else { made.end };
        let last = self.all.len() - 1;
        let mut result = self.all[n].plane.blank(self.all[last].size);
        for at in 0..result.height * result.width {
            let place = |n: usize| ((at / result.width) >> (last - n), (at % result.width) >> (last - n));
            let of = |n: usize, made: usize| self.all[n].pixel(place(n).0, place(n).1, made);
            let coarser = || n.checked_sub(1).and_then(|n| of(n, usize::MAX));
            if let Some(values) = of(n, made).or_else(coarser) {
                result.values[at * result.channels..][..values.len()].copy_from_slice(values);
            }
        }
        result
    }

    /// All values, for a checkpoint.
    pub fn saved(&self) -> Vec<f32> {
        self.all.iter().flat_map(|canvas| saved(&canvas.plane.values)).collect()
    }

    /// Takes them back.
    ///
    /// # Errors
    /// They are those of another run.
    pub fn restore(&mut self, saved: &[f32]) -> Result<(), String> {
        let count = self.all.iter().map(|c| c.plane.values.len()).sum();
        let most = if self.all[0].plane.phases > 0 { self.all[0].plane.phases } else { 256 };
        let mut values = restored(saved, count, most)?.into_iter();
        for canvas in &mut self.all {
            canvas.plane.values.iter_mut().zip(&mut values).for_each(|(to, from)| *to = from);
        }
        Ok(())
    }

    /// Bytes in use.
    pub fn memory(&self) -> u64 {
        self.all.iter().map(|canvas| canvas.plane.values.len() as u64).sum()
    }
}
