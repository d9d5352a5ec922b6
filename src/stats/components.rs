//! Connected components of a phase: labels, sizes, percolation, and the two-point cluster function.

use std::collections::HashSet;

use rayon::prelude::*;

use ndarray::{Array2, ArrayView1, Dimension};

use super::two_point::transform_shape;
use super::{Boundary, Correlation, Fourier, Indicator, quick_size};
use crate::micrograph::{Touching, regions};

/// The connected components of a phase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Components {
    /// The component of each pixel, from 1; 0 outside the phase.
    pub labels: Array2<u32>,
    /// Pixels of each component, in the order of their labels.
    pub sizes: Vec<usize>,
    /// Whether one component touches both the left and the right edge.
    pub percolates_x: bool,
    /// Whether one component touches both the upper and the lower edge.
    pub percolates_y: bool,
}

impl Components {
    /// Finds the components; pixels that share a corner touch if `corners`. With a periodic boundary opposite edges
    /// touch too; percolation is always that of the open picture.
    pub fn of(phase: &Indicator, corners: bool, boundary: Boundary) -> Self {
        let open = regions(phase, Touching { corners, periodic: false });
        let (percolates_x, percolates_y) = percolation(phase, &open.0);
        let (numbers, all_sizes) = match boundary {
            Boundary::Open => open,
            Boundary::Periodic => regions(phase, Touching { corners, periodic: true }),
        };
        // Pixels outside the phase form components too, which do not count.
        let mut labels_of = vec![0u32; all_sizes.len()];
        let (mut labels, mut sizes) = (numbers, vec![]);
        for (label, inside) in labels.iter_mut().zip(phase) {
            let number = *label as usize;
            if *inside && labels_of[number] == 0 {
                sizes.push(all_sizes[number]);
                labels_of[number] = sizes.len() as u32;
            }
            *label = if *inside { labels_of[number] } else { 0 };
        }
        Self { labels, sizes, percolates_x, percolates_y }
    }

    /// The share of the phase that lies in its largest component; 0 without any.
    pub fn largest_share(&self) -> f64 {
        let all: usize = self.sizes.iter().sum();
        self.sizes.iter().max().map_or(0.0, |n| *n as f64 / all as f64)
    }

    /// The mean size, in pixels; 0 without any.
    pub fn mean_size(&self) -> f64 {
        self.sizes.iter().sum::<usize>() as f64 / self.sizes.len().max(1) as f64
    }

    /// The circularity 4πA/P² of each component that touches no edge of the picture, 1 at most: A is its area, P the length
    /// of its interface by Crofton's formula over rows, columns and both diagonals. Pixels make small discs a little
    /// rounder than they are, hence the bound.
    pub fn circularities(&self) -> Vec<f64> {
        let (h, w) = self.labels.dim();
        let mut crossings = vec![0.0; self.sizes.len()];
        let mut is_whole = vec![true; self.sizes.len()];
        for ((y, x), label) in self.labels.indexed_iter().filter(|(_, label)| **label > 0) {
            let component = *label as usize - 1;
            if y == 0 || x == 0 || y == h - 1 || x == w - 1 {
                is_whole[component] = false;
                continue;
            }
            for (v, u) in (y - 1..=y + 1).flat_map(|v| (x - 1..=x + 1).map(move |u| (v, u))) {
                let step = (v.abs_diff(y) + u.abs_diff(x)) as f64;
                crossings[component] += if self.labels[[v, u]] == *label { 0.0 } else { 1.0 / step.sqrt() };
            }
        }
        let one = |(area, crossings): (&usize, &f64)| {
            let length = std::f64::consts::PI / 8.0 * crossings;
            (4.0 * std::f64::consts::PI * *area as f64 / (length * length)).min(1.0)
        };
        let all = self.sizes.iter().zip(&crossings).map(one);
        all.zip(is_whole).filter(|(_, is_whole)| *is_whole).map(|(value, _)| value).collect()
    }
}

/// Whether a component reaches from the left to the right edge, and one from the upper to the lower edge.
fn percolation(phase: &Indicator, numbers: &Array2<u32>) -> (bool, bool) {
    let (h, w) = phase.dim();
    let met = |inside: ArrayView1<bool>, numbers: ArrayView1<u32>| -> HashSet<u32> {
        inside.iter().zip(numbers).filter(|(inside, _)| **inside).map(|(_, number)| *number).collect()
    };
    let column = |x: usize| met(phase.column(x), numbers.column(x));
    let row = |y: usize| met(phase.row(y), numbers.row(y));
    (!column(0).is_disjoint(&column(w - 1)), !row(0).is_disjoint(&row(h - 1)))
}

/// In components up to this size, pairs are counted one by one.
const FEW: usize = 200;

/// The two-point cluster function C2: the chance that two points lie in the same component (Torquato, Beasley & Chiew,
/// J. Chem. Phys. 88:6540, 1988).
///
/// Small components are counted pair by pair, others by the FFT of the rectangle that they fill.
pub fn cluster_function(phase: &Indicator, components: &Components, boundary: Boundary) -> Correlation {
    let (rows, columns) = transform_shape(phase, boundary).into_pattern();
    let mut pixels: Vec<Vec<(i32, i32)>> = components.sizes.iter().map(|n| Vec::with_capacity(*n)).collect();
    for ((row, column), label) in components.labels.indexed_iter().filter(|(_, l)| **l > 0) {
        pixels[*label as usize - 1].push((row as i32, column as i32));
    }
    let (small, large): (Vec<_>, Vec<_>) = pixels.into_iter().partition(|p| p.len() <= FEW);
    let mut sums = vec![0.0; rows * columns];
    for component in &small {
        for (y, x) in component {
            for (other_y, other_x) in component {
                let row = (other_y - y).rem_euclid(rows as i32) as usize;
                let column = (other_x - x).rem_euclid(columns as i32) as usize;
                sums[row * columns + column] += 1.0;
            }
        }
    }
    // As many transforms at once as there are threads: each may be as large as the picture.
    for some in large.chunks(rayon::current_num_threads()) {
        let counted: Vec<_> = some.par_iter().map(|c| large_component(c, phase, boundary)).collect();
        for (pairs, box_rows, box_columns) in counted {
            let place = |k: usize, size: usize, whole: usize| match size == whole {
                true => k,
                // Numbers beyond the middle are negative displacements.
                false if 2 * k < size => k,
                false => (k + whole) - size,
            };
            for (at, count) in pairs.iter().enumerate().filter(|(_, c)| **c > 0.5) {
                let (row, column) = (at / box_columns, at % box_columns);
                sums[place(row, box_rows, rows) * columns + place(column, box_columns, columns)] += count.round();
            }
        }
    }
    Correlation::from_sums(&sums, phase, boundary)
}

/// The least value and the extent of coordinates. If they extend over more than half of a periodic picture, both are
/// measured around its edge, in a frame centred on the first coordinate, provided that this extent is at most half.
fn span(values: impl Iterator<Item = i32> + Clone, size: i32, boundary: Boundary) -> (i32, i32) {
    let extent = |values: &mut dyn Iterator<Item = i32>| {
        let (low, high) = values.fold((i32::MAX, i32::MIN), |(low, high), v| (low.min(v), high.max(v)));
        (low, high - low + 1)
    };
    let (low, straight) = extent(&mut values.clone());
    if boundary == Boundary::Periodic && 2 * straight > size {
        let first = values.clone().next().unwrap_or(0);
        let (around, wide) = extent(&mut values.map(|v| (v - first + size / 2).rem_euclid(size)));
        if 2 * wide <= size {
            return ((around + first - size / 2).rem_euclid(size), wide);
        }
    }
    (low, straight)
}

/// Pairs within one component by displacement, with the rows and columns of the transform.
fn large_component(pixels: &[(i32, i32)], phase: &Indicator, boundary: Boundary) -> (Vec<f64>, usize, usize) {
    let (rows, columns) = transform_shape(phase, boundary).into_pattern();
    let (height, width) = (phase.nrows() as i32, phase.ncols() as i32);
    let (top, tall) = span(pixels.iter().map(|p| p.0), height, boundary);
    let (left, wide) = span(pixels.iter().map(|p| p.1), width, boundary);
    // Twice the extent holds every displacement with its sign; the size for the whole picture is always enough.
    let (box_rows, box_columns) = (quick_size(2 * tall as usize).min(rows), quick_size(2 * wide as usize).min(columns));
    let mut field = vec![0u8; box_rows * box_columns];
    for (y, x) in pixels {
        let (row, column) = ((y - top).rem_euclid(height) as usize, (x - left).rem_euclid(width) as usize);
        field[row * box_columns + column] = 1;
    }
    let fourier = Fourier::new(box_rows, box_columns);
    let spectrum = fourier.transform(|at| f64::from(field[at]));
    (fourier.correlate(&spectrum, &spectrum), box_rows, box_columns)
}
