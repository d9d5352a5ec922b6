//! The two-point correlation S2(r): the chance that two points at a distance r both lie in a phase.

use super::{Axis, Boundary, Fourier, Indicator, quick_size};

/// A function of displacements, such as S2, with the curves and the map that follow from it.
#[derive(Clone, Debug)]
pub struct Correlation {
    /// Sums over pairs of pixels for every displacement with both components shorter than half of the smaller edge;
    /// `[edge, edge]`, displacement 0 first, negative ones last.
    sums: Vec<f64>,
    edge: usize,
    /// Height and width of the picture.
    size: (usize, usize),
    boundary: Boundary,
}

impl Correlation {
    /// S2 of a phase. Pairs are counted by FFT; counts are integers, so rounding makes them exact.
    pub fn two_point(phase: &Indicator, boundary: Boundary) -> Self {
        let (rows, columns) = transform_size(phase, boundary);
        let fourier = Fourier::new(rows, columns);
        let spectrum = fourier.transform(|at| {
            let (y, x) = (at / columns, at % columns);
            f64::from(u8::from(y < phase.height && x < phase.width && phase.at(y, x)))
        });
        let sums = fourier.correlate(&spectrum, &spectrum);
        drop(spectrum);
        let mut found = Self::from_sums(&sums, phase, boundary);
        found.sums.iter_mut().for_each(|s| *s = s.round());
        found
    }

    /// A correlation of given sums over pairs, in the layout of a transform of [`transform_size`].
    pub(super) fn from_sums(sums: &[f64], phase: &Indicator, boundary: Boundary) -> Self {
        let (rows, columns) = transform_size(phase, boundary);
        // The slope at 0 needs displacement 1, even in the smallest picture.
        let reach = phase.distances().max(1) as isize;
        // Only the displacements that are used are kept; longer ones are the greater part of the transform.
        let along = |n: usize| (0..=reach).chain(-reach..0).map(move |d| d.rem_euclid(n as isize) as usize);
        let kept = along(rows).flat_map(|row| along(columns).map(move |column| sums[row * columns + column]));
        let edge = 2 * reach as usize + 1;
        Self { sums: kept.collect(), edge, size: (phase.height, phase.width), boundary }
    }

    /// Distances at which radial means are taken: 0 … min(height, width)/2 − 1.
    pub fn distances(&self) -> usize {
        self.size.0.min(self.size.1) / 2
    }

    /// Pixels of the picture.
    pub fn pixels(&self) -> usize {
        self.size.0 * self.size.1
    }

    /// How many pairs of pixels of the picture have a displacement.
    fn places(&self, dy: isize, dx: isize) -> usize {
        let (height, width) = self.size;
        match self.boundary {
            Boundary::Periodic => height * width,
            Boundary::Open => height.saturating_sub(dy.unsigned_abs()) * width.saturating_sub(dx.unsigned_abs()),
        }
    }

    /// The value at a displacement, both components of which are shorter than half of the smaller edge.
    pub fn at(&self, dy: isize, dx: isize) -> f64 {
        let at = |d: isize| d.rem_euclid(self.edge as isize) as usize;
        self.sums[at(dy) * self.edge + at(dx)] / self.places(dy, dx) as f64
    }

    /// The mean over displacements whose length rounds to r = 0 … `distances() − 1`.
    pub fn radial(&self) -> Vec<f64> {
        let n = self.distances();
        let (mut sums, mut places) = (vec![0.0; n], vec![0u32; n]);
        // With a longer component, the displacement is too long.
        let reach = n as isize - 1;
        for dy in (0..=reach).chain(-reach..0) {
            for dx in (0..=reach).chain(-reach..0) {
                let r = (dy as f64).hypot(dx as f64).round_ties_even() as usize;
                if r < n {
                    sums[r] += self.at(dy, dx);
                    places[r] += 1;
                }
            }
        }
        sums.iter().zip(&places).map(|(s, p)| s / f64::from(*p)).collect()
    }

    /// The values along an axis, r = 0 … `distances() − 1`.
    pub fn along(&self, axis: Axis) -> Vec<f64> {
        let at = |r: usize| match axis {
            Axis::Rows => self.at(0, r as isize),
            Axis::Columns => self.at(r as isize, 0),
        };
        (0..self.distances()).map(at).collect()
    }

    /// The two-dimensional map over displacements −n … n in both directions, rows first, and its edge 2n + 1. Here n is
    /// the last distance.
    pub fn map(&self) -> (Vec<f64>, usize) {
        let reach = (self.distances() as isize - 1).max(0);
        let edge = (2 * reach + 1) as usize;
        let values = (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| (dy, dx)));
        (values.map(|(dy, dx)| self.at(dy, dx)).collect(), edge)
    }
}

/// Rows and columns of a transform in which pairs meet around the edge only if the boundary is periodic.
pub(super) fn transform_size(phase: &Indicator, boundary: Boundary) -> (usize, usize) {
    match boundary {
        Boundary::Periodic => (phase.height, phase.width),
        // Only displacements up to half of the smaller edge are used; longer ones may meet around the edge.
        Boundary::Open => {
            let reach = phase.distances();
            (quick_size(phase.height + reach), quick_size(phase.width + reach))
        }
    }
}

/// The radial mean of S2, r = 0 … `distances() − 1`.
pub fn two_point_radial(phase: &Indicator, boundary: Boundary) -> Vec<f64> {
    Correlation::two_point(phase, boundary).radial()
}

/// S2 along an axis, r = 0 … `distances() − 1`.
pub fn two_point_axis(phase: &Indicator, axis: Axis, boundary: Boundary) -> Vec<f64> {
    Correlation::two_point(phase, boundary).along(axis)
}
