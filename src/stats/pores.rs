//! Exact Euclidean distances to the interface, and the sizes of the discs that a phase can hold.

use ndarray::{Array, Array2, Axis, Dimension, Zip};
use rayon::prelude::*;

use super::{Boundary, Indicator};

/// Stands for a distance to nothing.
const FAR: u32 = u32::MAX;

/// The squared distance of each pixel of a phase to the nearest pixel outside it, centre to centre; 0 outside.
///
/// Exact, in linear time (Felzenszwalb & Huttenlocher, Theory Comput. 8:415, 2012). Where nothing lies outside the
/// phase, all values are `f32::INFINITY`. Beyond an open edge nothing is known, so it does not count as outside.
pub fn squared_distances<D: Dimension>(phase: &Indicator<D>, boundary: Boundary) -> Array<f32, D> {
    if phase.iter().all(|inside| *inside) {
        return Array::from_elem(phase.raw_dim(), f32::INFINITY);
    }
    let mut squares = squares_along_first_axis(phase, boundary);
    // Along each other axis: the lower envelope of parabolas.
    for axis in 1..phase.ndim() {
        Zip::from(squares.lanes_mut(Axis(axis))).par_for_each(|mut lane| {
            let n = lane.len();
            let height = |at: usize| if lane[at % n] == FAR { f64::INFINITY } else { f64::from(lane[at % n]) };
            let (from, copies) = if boundary == Boundary::Periodic { (n, 3) } else { (0, 1) };
            let lowest = envelope(&(0..copies * n).map(height).collect::<Vec<f64>>());
            let back = |v: &f64| if v.is_finite() { *v as u32 } else { FAR };
            lane.iter_mut().zip(&lowest[from..]).for_each(|(to, v)| *to = back(v));
        });
    }
    squares.mapv(|v| if v == FAR { f32::INFINITY } else { v as f32 })
}

/// The squared distance to the nearest outside pixel of the same line along the first axis, by two sweeps.
fn squares_along_first_axis<D: Dimension>(phase: &Indicator<D>, boundary: Boundary) -> Array<u32, D> {
    let standard = phase.as_standard_layout();
    let inside = standard.as_slice().expect("standard layout");
    let length = phase.len_of(Axis(0));
    let layer = inside.len() / length;
    let mut distances = vec![FAR; inside.len()];
    let rounds = if boundary == Boundary::Periodic { 2 } else { 1 };
    for backwards in [false, true] {
        let mut last = vec![FAR; layer];
        for step in 0..rounds * length {
            let n = if backwards { length - 1 - step % length } else { step % length };
            let (line, inside) = (&mut distances[n * layer..][..layer], &inside[n * layer..][..layer]);
            for x in 0..layer {
                last[x] = if inside[x] { last[x].saturating_add(1) } else { 0 };
                line[x] = line[x].min(last[x]);
            }
        }
    }
    let squares = distances.into_iter().map(|d| if d == FAR { FAR } else { d * d }).collect();
    Array::from_shape_vec(phase.raw_dim(), squares).expect("a value for each pixel")
}

/// `min_q (x − q)² + f(q)` for every x.
fn envelope(f: &[f64]) -> Vec<f64> {
    let mut at: Vec<usize> = vec![];
    let mut starts: Vec<f64> = vec![];
    for q in (0..f.len()).filter(|q| f[*q].is_finite()) {
        loop {
            let Some(last) = at.last().copied() else {
                at.push(q);
                starts.push(f64::NEG_INFINITY);
                break;
            };
            let (a, b) = (last as f64, q as f64);
            let meets = ((f[q] + b * b) - (f[last] + a * a)) / (2.0 * (b - a));
            if meets <= starts[starts.len() - 1] {
                at.pop();
                starts.pop();
            } else {
                at.push(q);
                starts.push(meets);
                break;
            }
        }
    }
    let mut k = 0;
    let value = |x: usize| {
        if at.is_empty() {
            return f64::INFINITY;
        }
        while k + 1 < at.len() && starts[k + 1] <= x as f64 {
            k += 1;
        }
        (x as f64 - at[k] as f64).powi(2) + f[at[k]]
    };
    (0..f.len()).map(value).collect()
}

/// The radius, in pixels, of the largest disc within the phase that covers each pixel (Hildebrand & Rüegsegger,
/// J. Microsc. 185:67, 1997); 0 outside. A disc of radius R around a pixel holds the pixels nearer to it than R. R is the
/// distance from centre to centre to the nearest pixel outside, so that a slit of n pixels has a radius of (n + 1)/2.
///
/// Only discs that no neighbour's disc contains are drawn, from the smallest to the largest.
pub fn largest_discs(phase: &Indicator, boundary: Boundary) -> Array2<f32> {
    let (h, w) = phase.dim();
    let squared = squared_distances(phase, boundary);
    if squared.iter().all(|d| d.is_infinite()) {
        return squared;
    }
    let squared = squared.as_slice().expect("standard layout");
    let radius: Vec<f32> = squared.iter().map(|d| d.sqrt()).collect();
    let mut centres: Vec<u32> =
        (0..(h * w) as u32).filter(|at| matters(&radius, *at as usize, (h, w), boundary)).collect();
    centres.sort_unstable_by(|a, b| squared[*a as usize].total_cmp(&squared[*b as usize]));
    let mut out = vec![0.0f32; h * w];
    // Bands of rows are drawn in parallel; each draws the discs that reach it.
    let band = h.div_ceil(4 * rayon::current_num_threads()).max(16);
    out.par_chunks_mut(band * w).enumerate().for_each(|(number, out)| {
        let (first, rows) = (number * band, out.len() / w);
        for centre in &centres {
            let (y, x) = (*centre as usize / w, *centre as usize % w);
            let disc = Disc {
                y: y as isize,
                x: x as isize,
                radius: radius[*centre as usize],
                squared: squared[*centre as usize],
            };
            disc.draw(out, first as isize, rows as isize, (h as isize, w as isize), boundary);
        }
    });
    Array2::from_shape_vec((h, w), out).expect("a radius for each pixel")
}

/// Whether no neighbour's disc contains this one.
fn matters(radius: &[f32], at: usize, (h, w): (usize, usize), boundary: Boundary) -> bool {
    let r = radius[at];
    if r <= 0.0 {
        return false;
    }
    let (y, x) = ((at / w) as isize, (at % w) as isize);
    for dy in -1..=1isize {
        for dx in -1..=1isize {
            let (mut other_y, mut other_x) = (y + dy, x + dx);
            if boundary == Boundary::Periodic {
                (other_y, other_x) = (other_y.rem_euclid(h as isize), other_x.rem_euclid(w as isize));
            }
            if (dy, dx) == (0, 0) || other_y < 0 || other_x < 0 || other_y >= h as isize || other_x >= w as isize {
                continue;
            }
            let step = ((dy * dy + dx * dx) as f32).sqrt();
            if radius[other_y as usize * w + other_x as usize] >= r + step {
                return false;
            }
        }
    }
    true
}

struct Disc {
    y: isize,
    x: isize,
    radius: f32,
    squared: f32,
}

impl Disc {
    /// Draws the part that lies in some rows.
    fn draw(&self, out: &mut [f32], first: isize, rows: isize, (h, w): (isize, isize), boundary: Boundary) {
        let reach = self.radius.ceil() as isize - 1;
        let shifts: &[isize] = if boundary == Boundary::Periodic { &[-1, 0, 1] } else { &[0] };
        for shift in shifts {
            let centre = self.y + shift * h;
            let (top, bottom) = ((centre - reach).max(first), (centre + reach).min(first + rows - 1));
            for y in top..=bottom {
                let rest = self.squared - ((y - centre) * (y - centre)) as f32;
                // The widest offset whose square is less than the rest.
                let mut half = rest.sqrt() as isize;
                if (half * half) as f32 >= rest {
                    half -= 1;
                }
                if half < 0 {
                    continue;
                }
                let line = &mut out[(y - first) as usize * w as usize..][..w as usize];
                match boundary {
                    Boundary::Open => {
                        line[(self.x - half).max(0) as usize..=(self.x + half).min(w - 1) as usize].fill(self.radius);
                    }
                    Boundary::Periodic if 2 * half + 1 >= w => line.fill(self.radius),
                    Boundary::Periodic => {
                        let (left, right) = (self.x - half, self.x + half);
                        line[left.max(0) as usize..=right.min(w - 1) as usize].fill(self.radius);
                        if left < 0 {
                            line[(left + w) as usize..].fill(self.radius);
                        }
                        if right >= w {
                            line[..=(right - w) as usize].fill(self.radius);
                        }
                    }
                }
            }
        }
    }
}

/// The share of the phase whose largest covering disc has a radius above r = 0, 1, 2 … pixels: from 1 down to 0, of the
/// radii that [`largest_discs`] finds. Empty where the phase has no outside or no pixel.
pub fn pore_sizes(radii: &Array2<f32>) -> Vec<f64> {
    let inside: Vec<f32> = radii.iter().copied().filter(|r| *r > 0.0).collect();
    let largest = inside.iter().copied().fold(0.0, f32::max);
    if inside.is_empty() || largest.is_infinite() {
        return vec![];
    }
    // A radius is above all whole numbers that are less than it.
    let mut counts = vec![0u64; largest.ceil() as usize + 1];
    inside.iter().for_each(|r| counts[r.ceil() as usize] += 1);
    let mut above: Vec<f64> = vec![];
    let mut left = inside.len() as u64;
    for count in counts {
        left -= count;
        above.push(left as f64 / inside.len() as f64);
    }
    above
}

/// The mean radius in pixels over the pixels of the phase, of the radii that [`largest_discs`] finds; NaN where the phase
/// has no outside or no pixel.
pub fn mean_pore_size(radii: &Array2<f32>) -> f64 {
    let inside = radii.iter().filter(|r| **r > 0.0 && r.is_finite());
    let (number, sum) = inside.fold((0u64, 0.0), |(number, sum), r| (number + 1, sum + f64::from(*r)));
    sum / number as f64
}
