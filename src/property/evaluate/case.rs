//! What all properties of one map share.

use std::sync::atomic::{AtomicUsize, Ordering};

use ndarray::Array2;

use super::super::bounds::{Bounds, Dimension};
use super::super::percolation::{Directions, Winding};
use super::super::{PropertySet, ThreePoint};
use super::types::{Cell, FieldMap, Progress, Property, Wanted};
use crate::micrograph::PhaseMap;

/// What all properties of one map share.
pub struct Case<'a> {
    pub map: &'a PhaseMap,
    /// The edge of a pixel in metres, if known.
    pub pixel: Option<f64>,
    pub set: &'a PropertySet,
    pub wanted: &'a Wanted,
    /// Volume fractions of the phases.
    pub fractions: Vec<f64>,
    /// Whether each phase has a pixel.
    pub present: Vec<bool>,
    /// The two phases of the map, and the parameters of the second, if it has just two.
    pub pair: Option<(usize, usize, ThreePoint)>,
}

impl Case<'_> {
    /// Volume fractions with a value of each phase.
    pub fn shares(&self, values: &[f64]) -> Vec<(f64, f64)> {
        self.fractions.iter().copied().zip(values.iter().copied()).collect()
    }

    /// The phases of the pair as matrix and inclusion, and the inclusion's parameters. The matrix is the phase that goes on
    /// through the map; of two such phases, or none, the one with the larger value. In three dimensions both phases mostly
    /// go on whatever a section shows, so that the larger value decides.
    pub fn matrix_first(
        &self,
        (first, second, three): (usize, usize, ThreePoint),
        values: &[f64],
    ) -> (usize, usize, ThreePoint) {
        let (labels, size) = (self.map.flat(), self.map.size());
        let goes_on = |phase: usize| winding(labels, size, &|p| p == phase, false).directions() == Directions::All;
        let is_plane = self.wanted.dimension == Dimension::Plane;
        let is_first = match (is_plane && goes_on(first), is_plane && goes_on(second)) {
            (true, false) => true,
            (false, true) => false,
            _ => values[first] >= values[second],
        };
        if is_first { (first, second, three) } else { (second, first, three.other()) }
    }

    /// A sentence on corners where pixels of these phases touch while the pixels beside them are of other phases, if there
    /// are any: in the rotated scheme they share a node.
    pub fn corner_note(&self, is_in: &dyn Fn(usize) -> bool, what: &str) -> Option<String> {
        let (height, width) = self.map.size();
        let inside = |y: usize, x: usize| is_in(usize::from(self.map.labels[(y % height, x % width)]));
        let touches = |at: usize| {
            let (y, x) = (at / width, at % width);
            let square = [inside(y, x), inside(y, x + 1), inside(y + 1, x), inside(y + 1, x + 1)];
            square == [true, false, false, true] || square == [false, true, true, false]
        };
        let count = (0..height * width).filter(|at| touches(*at)).count();
        (count > 0).then(|| format!(
            "At {count} corners two pixels that {what} touch across two that do not. The scheme lets them through there, and fields are chequered around them; Clean up in Micrograph removes single pixels."
        ))
    }

    /// The labels of the cell that fields are solved in, and its rows and columns.
    pub fn labels(&self) -> (Vec<u8>, (usize, usize)) {
        let (height, width) = self.map.size();
        let labels = self.map.flat();
        match self.wanted.cell {
            Cell::Periodic => (labels.to_vec(), (height, width)),
            Cell::Sealed => {
                let mirrored = |at: usize, size: usize| if at < size { at } else { 2 * size - 1 - at };
                let of = |at: usize| {
                    let (y, x) = (at / (2 * width), at % (2 * width));
                    labels[mirrored(y, height) * width + mirrored(x, width)]
                };
                ((0..4 * height * width).map(of).collect(), (2 * height, 2 * width))
            }
        }
    }

    /// A field of the cell as a picture of the map.
    pub fn picture(&self, property: Property, name: &str, unit: &str, values: &[f64]) -> FieldMap {
        let (height, width) = self.map.size();
        let columns = match self.wanted.cell {
            Cell::Periodic => width,
            Cell::Sealed => 2 * width,
        };
        let values = Array2::from_shape_fn((height, width), |(y, x)| values[y * columns + x] as f32);
        FieldMap::new(property, name, unit, values)
    }
}

/// How phases wind around a map of labels; pixels that share a corner touch if `corners`.
pub fn winding(labels: &[u8], size: (usize, usize), is_in: &dyn Fn(usize) -> bool, corners: bool) -> Winding {
    let inside: Vec<bool> = labels.iter().map(|l| is_in(usize::from(*l))).collect();
    Winding::of(&inside, size, corners)
}

/// The progress of one of several solutions, from the residual of its iterations.
fn of_residual(number: usize, count: usize, residual: f64, tolerance: f64) -> f64 {
    let share = (residual.max(tolerance).ln() / tolerance.ln()).clamp(0.0, 1.0);
    (number as f64 + share) / count as f64
}

/// What a solver of several loads tells while it works: each load begins with iteration 0.
pub fn of_loads<'a>(
    progress: Progress<'a>,
    doing: &'a str,
    loads: usize,
    tolerance: f64,
) -> impl Fn(usize, f64) -> bool + Sync + 'a {
    let begun = AtomicUsize::new(0);
    move |iteration: usize, residual: f64| {
        if iteration == 0 {
            begun.fetch_add(1, Ordering::Relaxed);
        }
        let number = begun.load(Ordering::Relaxed).saturating_sub(1).min(loads - 1);
        progress(of_residual(number, loads, residual, tolerance), doing)
    }
}

/// An estimate that the bounds allow; a series that is cut off may leave them where phases differ by much.
pub fn within(estimate: f64, bounds: Option<Bounds>) -> Option<f64> {
    let slack = 1e-9 * estimate.abs();
    let fits = bounds.is_none_or(|b| estimate >= b.lower - slack && estimate <= b.upper + slack);
    (fits && estimate.is_finite()).then_some(estimate)
}
