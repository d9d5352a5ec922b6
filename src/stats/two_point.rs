//! The two-point correlation S2(r): the chance that two points at a distance r both lie in a phase.

use ndarray::{Array, Axis, Dimension, IntoDimension, Ix2, Slice};

use super::{Boundary, Fourier, Indicator, distances, quick_size};

/// A function of displacements in a picture (or, with `D = Ix3`, in a volume), such as S2, with the curves and the map
/// that follow from it.
#[derive(Clone, Debug)]
pub struct Correlation<D: Dimension = Ix2> {
    /// Sums over pairs of pixels for every displacement whose components are all shorter than half of the shortest
    /// edge. Along each axis, displacement 0 comes first and negative ones last.
    sums: Array<f64, D>,
    /// The shape of the picture.
    shape: D,
    boundary: Boundary,
}

impl<D: Dimension> Correlation<D> {
    /// S2 of a phase. Pairs are counted by FFT; counts are integers, so rounding makes them exact.
    pub fn two_point(phase: &Indicator<D>, boundary: Boundary) -> Self {
        let shape = transform_shape(phase, boundary);
        let mut padded = Array::from_elem(shape.clone(), false);
        padded.slice_each_axis_mut(|axis| Slice::from(0..phase.len_of(axis.axis))).assign(phase);
        let inside = padded.as_slice().expect("standard layout");
        let fourier = Fourier::of(shape.slice());
        let spectrum = fourier.transform(|at| f64::from(u8::from(inside[at])));
        let sums = fourier.correlate(&spectrum, &spectrum);
        drop(spectrum);
        let mut found = Self::from_sums(&sums, phase, boundary);
        found.sums.mapv_inplace(f64::round);
        found
    }

    /// A correlation of given sums over pairs, in the layout of a transform of [`transform_shape`].
    pub(super) fn from_sums(sums: &[f64], phase: &Indicator<D>, boundary: Boundary) -> Self {
        let shape = transform_shape(phase, boundary);
        // The slope at 0 needs displacement 1, even in the smallest picture.
        let edge = 2 * distances(phase.shape()).max(1) + 1;
        let mut cube = phase.raw_dim();
        cube.slice_mut().fill(edge);
        // Only the displacements that are used are kept; longer ones are the greater part of the transform.
        let kept = Array::from_shape_fn(cube, |at| {
            let at = at.into_dimension();
            let along = at.slice().iter().zip(shape.slice());
            let place = along.fold(0, |place, (k, n)| place * n + signed(*k, edge).rem_euclid(*n as isize) as usize);
            sums[place]
        });
        Self { sums: kept, shape: phase.raw_dim(), boundary }
    }

    /// Distances at which radial means are taken; see [`distances`].
    pub fn distances(&self) -> usize {
        distances(self.shape.slice())
    }

    /// Pixels of the picture.
    pub fn pixels(&self) -> usize {
        self.shape.size()
    }

    /// How many pairs of pixels of the picture have a displacement.
    fn places(&self, displacement: impl Iterator<Item = isize>) -> usize {
        match self.boundary {
            Boundary::Periodic => self.pixels(),
            Boundary::Open => {
                displacement.zip(self.shape.slice()).map(|(d, n)| n.saturating_sub(d.unsigned_abs())).product()
            }
        }
    }

    /// The value at a displacement, all components of which are shorter than half of the shortest edge.
    pub fn at(&self, displacement: impl IntoIterator<Item = isize> + Clone) -> f64 {
        let edge = self.sums.len_of(Axis(0)) as isize;
        let mut at = self.sums.raw_dim();
        let along = at.slice_mut().iter_mut().zip(displacement.clone());
        along.for_each(|(at, d)| *at = d.rem_euclid(edge) as usize);
        self.sums[at] / self.places(displacement.into_iter()) as f64
    }

    /// The mean over displacements whose length rounds to r = 0 … `distances() − 1`.
    pub fn radial(&self) -> Vec<f64> {
        let n = self.distances();
        let (mut sums, mut places) = (vec![0.0; n], vec![0u32; n]);
        let edge = self.sums.len_of(Axis(0));
        for (at, sum) in self.sums.indexed_iter() {
            let at = at.into_dimension();
            let displacement = at.slice().iter().map(|k| signed(*k, edge));
            let square: isize = displacement.clone().map(|d| d * d).sum();
            let r = (square as f64).sqrt().round_ties_even() as usize;
            if r < n {
                sums[r] += sum / self.places(displacement) as f64;
                places[r] += 1;
            }
        }
        sums.iter().zip(&places).map(|(s, p)| s / f64::from(*p)).collect()
    }

    /// The values along an axis, r = 0 … `distances() − 1`.
    pub fn along(&self, axis: Axis) -> Vec<f64> {
        let axes = self.shape.ndim();
        let at = |r: usize| self.at((0..axes).map(|k| if k == axis.index() { r as isize } else { 0 }));
        (0..self.distances()).map(at).collect()
    }
}

impl Correlation {
    /// The map over displacements −n … n in both directions, rows first, and its edge 2n + 1. Here n is the last distance.
    pub fn map(&self) -> (Vec<f64>, usize) {
        let reach = (self.distances() as isize - 1).max(0);
        let edge = (2 * reach + 1) as usize;
        let values = (-reach..=reach).flat_map(|dy| (-reach..=reach).map(move |dx| [dy, dx]));
        (values.map(|displacement| self.at(displacement)).collect(), edge)
    }
}

/// The displacement that place `k` of `n` stands for.
fn signed(k: usize, n: usize) -> isize {
    if 2 * k < n { k as isize } else { k as isize - n as isize }
}

/// The shape of a transform in which pairs meet around the edge only if the boundary is periodic.
pub(super) fn transform_shape<D: Dimension>(phase: &Indicator<D>, boundary: Boundary) -> D {
    let mut shape = phase.raw_dim();
    if boundary == Boundary::Open {
        // Only displacements up to half of the shortest edge are used; longer ones may meet around the edge.
        let reach = distances(phase.shape());
        shape.slice_mut().iter_mut().for_each(|n| *n = quick_size(*n + reach));
    }
    shape
}

/// The radial mean of S2, r = 0 … [`distances`] − 1.
pub fn two_point_radial<D: Dimension>(phase: &Indicator<D>, boundary: Boundary) -> Vec<f64> {
    Correlation::two_point(phase, boundary).radial()
}

/// S2 along an axis, r = 0 … [`distances`] − 1.
pub fn two_point_axis<D: Dimension>(phase: &Indicator<D>, axis: Axis, boundary: Boundary) -> Vec<f64> {
    Correlation::two_point(phase, boundary).along(axis)
}
