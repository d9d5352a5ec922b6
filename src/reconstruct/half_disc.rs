//! The displacements around a pixel, one of each pair of opposite ones, and what an exchange of pixels changes at them.

use super::exchange::Exchange;
use crate::micrograph::PhaseMap;

/// Displacements whose rounded length is below a number of distances. Of opposite ones only that to the right, or down, is
/// there. The picture continues at its opposite edges.
pub struct HalfDisc {
    size: (usize, usize),
    distances: usize,
    rows: Vec<Row>,
}

/// Displacements that are so many rows down: one after the other, from `left` on.
struct Row {
    down: usize,
    left: isize,
    length: usize,
    /// The place of the first one among all.
    start: usize,
}

/// The indicator of a phase with a border that continues it, and the same from its end to its beginning: both are read
/// forwards.
#[derive(Debug, PartialEq)]
pub struct Wide {
    forwards: Vec<u8>,
    backwards: Vec<u8>,
}

impl HalfDisc {
    /// The displacements in pictures of a size.
    pub fn new(size: (usize, usize), distances: usize) -> Self {
        let mut rows: Vec<Row> = vec![];
        for down in 0..distances {
            let half = half_chord(distances, down) as isize;
            let left = if down == 0 { 1 } else { -half };
            let start = rows.last().map_or(0, |row| row.start + row.length);
            rows.push(Row { down, left, length: (half + 1 - left) as usize, start });
        }
        Self { size, distances, rows }
    }

    /// How many distances there are.
    pub fn distances(&self) -> usize {
        self.distances
    }

    /// All displacements in their order, rows down first.
    pub fn displacements(&self) -> impl Iterator<Item = [isize; 2]> + Clone {
        self.rows.iter().flat_map(|row| (0..row.length).map(|k| [row.down as isize, row.left + k as isize]))
    }

    /// The places of the displacements by r to the right and by r down; r is at least 1.
    pub fn along_axes(&self, r: usize) -> [usize; 2] {
        [r - 1, self.rows[r].start + self.rows[r].left.unsigned_abs()]
    }

    /// The indicator of a phase.
    pub fn indicator(&self, map: &PhaseMap, label: u8) -> Wide {
        let ((h, w), border) = (self.size, self.distances);
        let at = |y: usize, x: usize| u8::from(map.labels[[(y + h - border) % h, (x + w - border) % w]] == label);
        let places = (0..h + 2 * border).flat_map(|y| (0..w + 2 * border).map(move |x| (y, x)));
        let forwards: Vec<u8> = places.map(|(y, x)| at(y, x)).collect();
        let backwards = forwards.iter().rev().copied().collect();
        Wide { forwards, backwards }
    }

    /// Puts a pixel into a phase, or takes it out.
    pub fn set(&self, wide: &mut Wide, at: usize, inside: bool) {
        let last = wide.forwards.len() - 1;
        for place in images(at, self.size, self.distances) {
            wide.forwards[place] = u8::from(inside);
            wide.backwards[last - place] = u8::from(inside);
        }
    }

    /// How many pairs of pixels of a phase each displacement gains when one pixel leaves the phase and another one enters
    /// it. The first is out of the indicator already, and the second is not yet in it.
    pub fn changes(&self, wide: &Wide, (leaves, enters): (usize, usize), found: &mut Vec<i8>) {
        found.clear();
        for row in &self.rows {
            let ((a, b), (c, d)) = (self.around(wide, leaves, row), self.around(wide, enters, row));
            let all = a.iter().zip(b).zip(c.iter().zip(d));
            // None is above 1, so that nothing overflows.
            found.extend(all.map(|((a, b), (c, d))| (c + d).wrapping_sub(a + b).cast_signed()));
        }
    }

    /// The phase at the displacements of a row from a pixel, and at the opposite ones.
    fn around<'a>(&self, wide: &'a Wide, at: usize, row: &Row) -> (&'a [u8], &'a [u8]) {
        let stride = self.size.1 + 2 * self.distances;
        let centre = place(at, self.size.1, self.distances);
        let along = (centre + row.down * stride).wrapping_add_signed(row.left);
        let opposite = (centre - row.down * stride).wrapping_add_signed(-row.left);
        (&wide.forwards[along..][..row.length], &wide.backwards[wide.forwards.len() - 1 - opposite..][..row.length])
    }
}

impl Wide {
    /// Whether a pixel is in the phase.
    pub fn at(&self, disc: &HalfDisc, at: usize) -> u8 {
        self.forwards[place(at, disc.size.1, disc.distances)]
    }
}

/// The pixels that leave and enter a phase in an exchange; none if it does not change the phase.
pub fn moved(label: u8, e: Exchange) -> Option<(usize, usize)> {
    match (label == e.from, label == e.to) {
        (true, false) => Some((e.a, e.b)),
        (false, true) => Some((e.b, e.a)),
        _ => None,
    }
}

/// How far a disc reaches to each side in the row that is `offset` from its centre, if it holds the displacements whose
/// rounded length is below `distances`.
pub fn half_chord(distances: usize, offset: usize) -> usize {
    let half = ((distances as f64 - 0.5).powi(2) - (offset * offset) as f64).max(0.0).sqrt() as usize;
    half.min(distances - 1)
}

/// The place of a pixel of a picture of this width in an array with a border of `border` pixels.
pub fn place(at: usize, width: usize, border: usize) -> usize {
    (at / width + border) * (width + 2 * border) + at % width + border
}

/// The places of a pixel in an array with a border of `border` pixels that continues the picture at the opposite edges.
pub fn images(at: usize, (height, width): (usize, usize), border: usize) -> impl Iterator<Item = usize> {
    let stride = width + 2 * border;
    let along = move |k: usize, size: usize, whole: usize| {
        [k as isize - size as isize, k as isize, (k + size) as isize]
            .map(|v| v + border as isize)
            .into_iter()
            .filter(move |v| (0..whole as isize).contains(v))
    };
    along(at / width, height, height + 2 * border)
        .flat_map(move |y| along(at % width, width, stride).map(move |x| y as usize * stride + x as usize))
}
