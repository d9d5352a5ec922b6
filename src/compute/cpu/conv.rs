//! Convolution: Winograd for 3 × 3 kernels whose channels fill registers, else matrix products.

use std::ops::Range;

use rayon::prelude::*;

use super::matmul::{Matrix, matmul};
use super::signs::ConvInput;
use super::taps::{source_index, within};
use super::winograd;
use crate::compute::graph::{ConvSettings, Shape};

/// With fewer output channels than this, the products are computed before the taps are moved into place.
const NARROW: usize = 16;

/// Kernels in the form that the chosen algorithm needs; constant kernels are prepared once.
#[derive(Clone)]
pub enum Kernels {
    /// For [`winograd::convolve`].
    Winograd(Vec<f32>),
    /// `[edge², inputs, outputs]`, unchanged: the matrix that multiplies the gathered taps.
    Gathered,
    /// `[inputs, edge² · outputs]`.
    Narrow(Vec<f32>),
}

impl Kernels {
    /// Chooses the algorithm for kernels of shape `[edge², inputs, outputs]`.
    pub fn choose(s: Shape) -> Self {
        if s.height == 9 && winograd::fits(s.width, s.channels) {
            Self::Winograd(vec![])
        } else if s.channels >= NARROW || s.width < NARROW {
            Self::Gathered
        } else {
            Self::Narrow(vec![])
        }
    }

    /// Converts kernels to this form; has to be repeated whenever they change.
    pub fn prepare(&mut self, weights: &[f32], s: Shape) {
        match self {
            Self::Winograd(u) => winograd::transform_kernels(weights, s.width, s.channels, u),
            Self::Gathered => {}
            Self::Narrow(narrow) => {
                narrow.resize(weights.len(), 0.0);
                for t in 0..s.height {
                    for i in 0..s.width {
                        let from = (t * s.width + i) * s.channels;
                        let to = (i * s.height + t) * s.channels;
                        narrow[to..to + s.channels].copy_from_slice(&weights[from..from + s.channels]);
                    }
                }
            }
        }
    }

    /// Bytes that the prepared form of kernels of this shape takes.
    pub fn bytes(s: Shape) -> u64 {
        match Self::choose(s) {
            Self::Winograd(_) => 36 * (s.width * s.channels) as u64 * 4,
            Self::Gathered => 0,
            Self::Narrow(_) => s.bytes(),
        }
    }
}

/// Computes the convolution into `out` of shape `s`; `kernels` are prepared from `weights`.
pub fn conv(
    input: &ConvInput,
    weights: &[f32],
    kernels: &Kernels,
    bias: Option<&[f32]>,
    settings: ConvSettings,
    out: &mut [f32],
    s: Shape,
) {
    match kernels {
        Kernels::Winograd(u) => winograd::convolve(input, u, bias, settings, out, s),
        Kernels::Gathered => gathered(input, weights, bias, settings, out, s),
        Kernels::Narrow(w) => {
            let images = out.par_chunks_mut(s.image_len()).enumerate();
            images.for_each(|(n, out)| narrow(&input.images(n..n + 1), w, bias, settings, out, s));
        }
    }
}

/// Gathers what the taps of some rows of positions read: `[positions, edge², inputs]`. `s` is the shape of the
/// positions; `rows` are numbered continuously over all images.
pub fn gather(input: &ConvInput, settings: ConvSettings, s: Shape, rows: Range<usize>, gathered: &mut Vec<f32>) {
    let (channels, taps) = (input.shape.channels, settings.edge * settings.edge);
    gathered.clear();
    gathered.resize(rows.len() * s.width * taps * channels, 0.0);
    if input.mask.is_none() && !input.spread {
        return gather_plain(input, settings, s, rows, gathered);
    }
    for (place, tap) in gathered.chunks_exact_mut(channels).enumerate() {
        let (at, t) = (place / taps, place % taps);
        let row = rows.start + at / s.width;
        let (image, y) = (row / s.height, row % s.height);
        let (y, x) = (y + t / settings.edge, at % s.width + t % settings.edge);
        let from = source_index(input.shape, settings, y, x);
        if let Some(place) = from.and_then(|from| input.place(image, from)) {
            input.copy_pixel(place, tap);
        }
    }
}

/// [`gather`] of an input without a mask: the taps of a row of the kernel lie beside each other in the input.
fn gather_plain(input: &ConvInput, settings: ConvSettings, s: Shape, rows: Range<usize>, gathered: &mut [f32]) {
    let Shape { height, width, channels, .. } = input.shape;
    let (edge, [top, left]) = (settings.edge, settings.before);
    let line = edge * channels;
    for (row, gathered) in rows.zip(gathered.chunks_exact_mut(s.width * edge * line)) {
        let (image, y) = (row / s.height, row % s.height);
        for t_row in 0..edge {
            let Some(from) = within((y + t_row) as isize - top, height, settings.periodic) else { continue };
            let from = &input.values[(image * height + from) * width * channels..][..width * channels];
            for (x, position) in gathered.chunks_exact_mut(edge * line).enumerate() {
                let to = &mut position[t_row * line..][..line];
                let first = x as isize - left;
                if let Some(first) = usize::try_from(first).ok().filter(|first| first + edge <= width) {
                    to.copy_from_slice(&from[first * channels..][..line]);
                    continue;
                }
                for (t, tap) in to.chunks_exact_mut(channels).enumerate() {
                    if let Some(at) = within(first + t as isize, width, settings.periodic) {
                        tap.copy_from_slice(&from[at * channels..][..channels]);
                    }
                }
            }
        }
    }
}

/// Gathers the taps of each position of some rows, then computes one matrix product.
fn gathered(
    input: &ConvInput,
    weights: &[f32],
    bias: Option<&[f32]>,
    settings: ConvSettings,
    out: &mut [f32],
    s: Shape,
) {
    let channels = input.shape.channels;
    let taps = settings.edge * settings.edge;
    // Short rows are processed together, so that the product has enough rows to be efficient.
    let together = (64 / s.width).max(1);
    let row = s.width * s.channels;
    out.par_chunks_mut(together * row).enumerate().for_each_init(Vec::new, |gathered: &mut Vec<f32>, (task, out)| {
        let positions = out.len() / s.channels;
        let rows = task * together..task * together + positions / s.width;
        gather(input, settings, s, rows, gathered);
        let size = (positions, s.channels, taps * channels);
        matmul(out, size, Matrix::rows(gathered, taps * channels), Matrix::rows(weights, s.channels), 1.0, false);
        finish(out, bias, settings.relu, s.channels);
    });
}

/// For few outputs: multiplies each input position by all taps, then adds up what falls on each output.
fn narrow(input: &ConvInput, weights: &[f32], bias: Option<&[f32]>, settings: ConvSettings, out: &mut [f32], s: Shape) {
    /// Output rows of one task.
    const ROWS: usize = 16;
    let channels = input.shape.channels;
    let edge = settings.edge;
    let wide = edge * edge * s.channels;
    let row = s.width * s.channels;
    let width = input.shape.width;
    let init = || (Vec::new(), Vec::new());
    out.par_chunks_mut(ROWS * row).enumerate().for_each_init(init, |(pixels, products), (task, out)| {
        let rows = out.len() / row;
        out.fill(0.0);
        pixels.resize(width * channels, 0.0f32);
        products.resize(width * wide, 0.0f32);
        // Input rows, counted from the corner of the border, that reach these outputs.
        for from_row in 0..rows + edge - 1 {
            let at = (task * ROWS + from_row) as isize - settings.before[0];
            let Some(at) = within(at, input.shape.height, settings.periodic) else { continue };
            input.copy_row(at * width, pixels);
            let size = (width, wide, channels);
            matmul(products, size, Matrix::rows(pixels, channels), Matrix::rows(weights, wide), 1.0, false);
            for t_row in 0..edge {
                let Some(to_row) = from_row.checked_sub(t_row).filter(|y| *y < rows) else { continue };
                let out = &mut out[to_row * row..][..row];
                for t_column in 0..edge {
                    let tap = (t_row * edge + t_column) * s.channels;
                    add_tap(products, (wide, tap), out, s.channels, t_column, settings);
                }
            }
        }
        finish(out, bias, settings.relu, s.channels);
    });
}

/// Adds the products of one tap of a row of inputs to a row of outputs. Each input position has `wide` products; those
/// of the tap start at `tap`.
fn add_tap(
    products: &[f32],
    (wide, tap): (usize, usize),
    out: &mut [f32],
    channels: usize,
    t_column: usize,
    settings: ConvSettings,
) {
    let (from, to) = ((products.len() / wide) as isize, (out.len() / channels) as isize);
    let mut add = |from: isize, x: isize| {
        let product = &products[from as usize * wide + tap..][..channels];
        out[x as usize * channels..][..channels].iter_mut().zip(product).for_each(|(to, value)| *to += value);
    };
    // First the outputs whose tap lies within the row, then those on either side.
    let back = settings.before[1] - t_column as isize;
    let inside = back.clamp(0, to)..(from + back).clamp(0, to);
    inside.clone().for_each(|x| add(x - back, x));
    for x in (0..inside.start).chain(inside.end..to) {
        if let Some(at) = within(x - back, from as usize, settings.periodic) {
            add(at as isize, x);
        }
    }
}

/// Adds the bias and, with ReLU, sets negative values to zero.
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
