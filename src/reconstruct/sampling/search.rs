//! The search of an original for surroundings like those of a pixel.

use super::Sampling;
use crate::reconstruct::plane::Plane;

/// The furthest neighbour, in pixels.
const REACH: isize = 48;

/// An original that is searched.
pub struct Search {
    /// The original.
    pub original: Plane,
    neighbours: usize,
    threshold: f64,
    places: usize,
    /// Displacements in rows and columns, the nearest first.
    displacements: Vec<(isize, isize)>,
}

/// A pixel beside the one that is made: its displacement and its place among the pixels of the result.
type Neighbour = ((isize, isize), usize);

impl Search {
    /// Of an original for results of this size.
    pub fn new(original: Plane, size: (usize, usize), settings: &Sampling) -> Self {
        // No neighbour is further than half of the original: many places have to fit.
        let edge = original.height.min(original.width).min(size.0.max(size.1) * 2) as isize;
        let reach = REACH.min(edge / 3).max(1);
        let square = (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| (dy, dx)));
        let length = |(dy, dx): &(isize, isize)| dy * dy + dx * dx;
        let mut displacements: Vec<_> = square.filter(|d| (1..=reach * reach).contains(&length(d))).collect();
        displacements.sort_by_key(length);
        let Sampling { neighbours, threshold, places, .. } = *settings;
        Self { original, neighbours, threshold, places, displacements }
    }

    /// The nearest pixels that are made.
    fn neighbours_of(&self, made: &Plane, is_made: &[bool], at: usize) -> Vec<Neighbour> {
        let (y, x) = ((at / made.width) as isize, (at % made.width) as isize);
        let place = |(dy, dx): &(isize, isize)| {
            let (y, x) = (y + dy, x + dx);
            let is_inside = (0..made.height as isize).contains(&y) && (0..made.width as isize).contains(&x);
            let at = is_inside.then_some(y as usize * made.width + x as usize)?;
            is_made[at].then_some(((*dy, *dx), at))
        };
        self.displacements.iter().filter_map(place).take(self.neighbours).collect()
    }

    /// The pixel of the original whose surroundings agree with those of a pixel of the result, and how far they differ
    /// (0 … 1). The first one within the threshold is taken, from a random start on; if there is none, the best.
    pub fn find(&self, made: &Plane, is_made: &[bool], at: usize, start: u64) -> (usize, f64) {
        let neighbours = self.neighbours_of(made, is_made, at);
        let Plane { height, width, channels, .. } = self.original;
        let reach = |of: fn(&Neighbour) -> isize| {
            let least = neighbours.iter().map(of).min().unwrap_or(0).min(0);
            let most = neighbours.iter().map(of).max().unwrap_or(0).max(0);
            (-least) as usize..=most as usize
        };
        let (down, across) = (reach(|n| n.0.0), reach(|n| n.0.1));
        let (rows, columns) = (height - down.start() - down.end(), width - across.start() - across.end());
        let start = (start % (rows * columns) as u64) as usize;
        let whole = match self.original.phases {
            0 => 255 * neighbours.len() * channels,
            _ => neighbours.len(),
        };
        if whole == 0 {
            return ((start / columns) * width + start % columns, 0.0);
        }
        let most = (self.threshold * whole as f64) as u32;
        let mut best = (0, u32::MAX);
        let mut looked = 0;
        let mut sums = vec![0u32; columns];
        // The row of the start is visited twice: from the start on, and in the end up to it.
        for n in 0..=rows {
            let row = (start / columns + n) % rows;
            let inside = match n {
                0 => start % columns..columns,
                n if n == rows => 0..start % columns,
                _ => 0..columns,
            };
            let inside = inside.start..inside.end.min(inside.start + (self.places - looked));
            let from = ((row + down.start()) * width + across.start() + inside.start) * channels;
            let sums = &mut sums[..inside.len()];
            self.differences(made, &neighbours, from, sums);
            for (k, sum) in sums.iter().enumerate() {
                let at = from / channels + k;
                if *sum < best.1 {
                    best = (at, *sum);
                    if *sum <= most {
                        return (best.0, f64::from(*sum) / whole as f64);
                    }
                }
            }
            looked += inside.len();
            if looked >= self.places {
                break;
            }
        }
        (best.0, f64::from(best.1) / whole as f64)
    }

    /// How far the surroundings of pixels of the original, one after another from the value `from` on, differ from the
    /// neighbours: the number of unlike labels, or the sum of the differences of values.
    fn differences(&self, made: &Plane, neighbours: &[Neighbour], from: usize, sums: &mut [u32]) {
        let Plane { width, channels, phases, .. } = self.original;
        sums.fill(0);
        for ((dy, dx), place) in neighbours {
            let first = from as isize + (dy * width as isize + dx) * channels as isize;
            let line = &self.original.values[first as usize..][..sums.len() * channels];
            let wanted = made.pixel(*place);
            match (phases, wanted) {
                (0, [wanted]) => {
                    sums.iter_mut().zip(line).for_each(|(sum, v)| *sum += u32::from(v.abs_diff(*wanted)));
                }
                (0, _) => {
                    for (sum, pixel) in sums.iter_mut().zip(line.chunks_exact(channels)) {
                        *sum += pixel.iter().zip(wanted).map(|(v, w)| u32::from(v.abs_diff(*w))).sum::<u32>();
                    }
                }
                (_, wanted) => {
                    sums.iter_mut().zip(line).for_each(|(sum, v)| *sum += u32::from(*v != wanted[0]));
                }
            }
        }
    }
}
