//! 3 × 3 convolution: Winograd where the channels fill registers, else matrix products.

use std::sync::Arc;

use rayon::prelude::*;

use super::matmul::{Matrix, matmul};
use super::winograd;
use crate::compute::graph::{ConvSettings, Shape};

/// Output channels below which the products are taken before the taps are moved into place.
const NARROW: usize = 16;

/// The input of a convolution; with a mask it counts only where the mask is positive.
#[derive(Clone, Copy)]
pub struct ConvInput<'a> {
    pub values: &'a [f32],
    pub mask: Option<&'a [f32]>,
    pub shape: Shape,
}

impl ConvInput<'_> {
    /// Copies the channels of one position.
    fn copy_pixel(&self, position: usize, to: &mut [f32]) {
        let from = position * self.shape.channels;
        to.copy_from_slice(&self.values[from..from + to.len()]);
        if let Some(mask) = self.mask {
            for (x, m) in to.iter_mut().zip(&mask[from..]) {
                if *m <= 0.0 {
                    *x = 0.0;
                }
            }
        }
    }
}

/// The position of the input that tap offset `(y, x)` reads, counted from the corner of the border; `None` is a zero.
#[inline(always)]
pub fn source_index(shape: Shape, settings: ConvSettings, y: usize, x: usize) -> Option<usize> {
    let wrap = |at: usize, size: usize| {
        let moved = at as isize - settings.border as isize;
        if settings.periodic {
            Some(moved.rem_euclid(size as isize) as usize)
        } else {
            usize::try_from(moved).ok().filter(|m| *m < size)
        }
    };
    Some(wrap(y, shape.height)? * shape.width + wrap(x, shape.width)?)
}

/// Kernels in the form that the chosen algorithm wants, made once for constants.
#[derive(Clone)]
pub enum Kernels {
    /// For [`winograd::convolve`].
    Winograd(Vec<f32>),
    /// `[9, inputs, outputs]` as it is: the matrix of the gathered taps.
    Gathered(Arc<Vec<f32>>),
    /// `[inputs, 9 · outputs]`.
    Narrow(Vec<f32>),
}

impl Kernels {
    /// Chooses the algorithm for kernels `[9, inputs, outputs]` and prepares them.
    pub fn prepare(weights: &Arc<Vec<f32>>, inputs: usize, outputs: usize) -> Self {
        if winograd::fits(inputs, outputs) {
            return Self::Winograd(winograd::transform_kernels(weights, inputs, outputs));
        }
        if outputs >= NARROW || inputs < NARROW {
            return Self::Gathered(weights.clone());
        }
        let mut narrow = vec![0.0; weights.len()];
        for t in 0..9 {
            for i in 0..inputs {
                let from = (t * inputs + i) * outputs;
                let to = (i * 9 + t) * outputs;
                narrow[to..to + outputs].copy_from_slice(&weights[from..from + outputs]);
            }
        }
        Self::Narrow(narrow)
    }

    /// Bytes that the prepared form of kernels of this size takes.
    pub fn bytes(inputs: usize, outputs: usize) -> u64 {
        let points = if winograd::fits(inputs, outputs) { 36 } else { 9 };
        points * (inputs * outputs) as u64 * 4
    }
}

/// The convolution, into `out` of shape `s`.
pub fn conv3x3(
    input: &ConvInput,
    kernels: &Kernels,
    bias: Option<&[f32]>,
    settings: ConvSettings,
    out: &mut [f32],
    s: Shape,
) {
    match kernels {
        Kernels::Winograd(u) => winograd::convolve(input, u, bias, settings, out, s),
        Kernels::Gathered(w) => gathered(input, w, bias, settings, out, s),
        Kernels::Narrow(w) => narrow(input, w, bias, settings, out, s),
    }
}

/// Gathers the nine taps of each position of a row, then one matrix product.
fn gathered(
    input: &ConvInput,
    weights: &[f32],
    bias: Option<&[f32]>,
    settings: ConvSettings,
    out: &mut [f32],
    s: Shape,
) {
    let channels = input.shape.channels;
    let row = s.width * s.channels;
    out.par_chunks_mut(row).enumerate().for_each_init(Vec::new, |taps: &mut Vec<f32>, (y, out)| {
        taps.clear();
        taps.resize(s.width * 9 * channels, 0.0);
        for (place, tap) in taps.chunks_exact_mut(channels).enumerate() {
            let (x, t) = (place / 9, place % 9);
            if let Some(from) = source_index(input.shape, settings, y + t / 3, x + t % 3) {
                input.copy_pixel(from, tap);
            }
        }
        let size = (s.width, s.channels, 9 * channels);
        matmul(out, size, Matrix::rows(taps, 9 * channels), Matrix::rows(weights, s.channels), 1.0, false);
        finish(out, bias, settings.relu, s.channels);
    });
}

/// For few outputs: multiplies each input position by all nine taps, then adds up what falls on each output.
fn narrow(input: &ConvInput, weights: &[f32], bias: Option<&[f32]>, settings: ConvSettings, out: &mut [f32], s: Shape) {
    /// Output rows of one task.
    const ROWS: usize = 4;
    let channels = input.shape.channels;
    let wide = 9 * s.channels;
    let row = s.width * s.channels;
    let width = input.shape.width;
    let init = || (Vec::new(), Vec::new());
    out.par_chunks_mut(ROWS * row).enumerate().for_each_init(init, |(pixels, products), (task, out)| {
        let rows = out.len() / row;
        out.fill(0.0);
        pixels.resize(width * channels, 0.0f32);
        products.resize(width * wide, 0.0f32);
        // Input rows, counted from the corner of the border, that reach these outputs.
        for from_row in 0..rows + 2 {
            let Some(start) = source_index(input.shape, settings, task * ROWS + from_row, settings.border) else {
                continue;
            };
            for (x, pixel) in pixels.chunks_exact_mut(channels).enumerate() {
                input.copy_pixel(start + x, pixel);
            }
            let size = (width, wide, channels);
            matmul(products, size, Matrix::rows(pixels, channels), Matrix::rows(weights, wide), 1.0, false);
            for t_row in 0..3 {
                let Some(to_row) = from_row.checked_sub(t_row).filter(|y| *y < rows) else { continue };
                for (x, to) in out[to_row * row..][..row].chunks_exact_mut(s.channels).enumerate() {
                    for t_column in 0..3 {
                        let first_row = Shape::new(1, width, channels);
                        let at = source_index(first_row, settings, settings.border, x + t_column);
                        let Some(at) = at else { continue };
                        let from = at * wide + (t_row * 3 + t_column) * s.channels;
                        for (to, value) in to.iter_mut().zip(&products[from..]) {
                            *to += value;
                        }
                    }
                }
            }
        }
        finish(out, bias, settings.relu, s.channels);
    });
}

/// Adds the bias and cuts negative values.
fn finish(out: &mut [f32], bias: Option<&[f32]>, relu: bool, channels: usize) {
    if let Some(bias) = bias {
        for pixel in out.chunks_exact_mut(channels) {
            for (y, b) in pixel.iter_mut().zip(bias) {
                *y += b;
            }
        }
    }
    if relu {
        out.iter_mut().for_each(|y| *y = y.max(0.0));
    }
}
