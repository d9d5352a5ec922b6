//! Gram matrices of feature maps, and their adjoint.

use std::ops::Range;

use rayon::prelude::*;

use super::matmul::{Matrix, matmul};
use crate::compute::graph::Shape;

/// Parts into which the positions are divided; fixed, so that the sum does not depend on the number of threads.
const PARTS: usize = 8;

/// Rows and columns of a feature map.
pub struct Region {
    rows: Range<usize>,
    columns: Range<usize>,
}

impl Region {
    /// From the four numbers of [`crate::compute::graph::Op::Gram`], cut to a map of shape `s`.
    pub fn of(numbers: &[f32], s: Shape) -> Self {
        let [top, left, bottom, right] = [0, 1, 2, 3].map(|k| numbers[k] as usize);
        let rows = top.min(s.height)..bottom.min(s.height);
        Self { rows, columns: left.min(s.width)..right.min(s.width) }
    }
}

/// `out = Fᵀ F / positions` of each image of `features`, whose shape is `s`. With a region, only the positions within
/// it are summed.
pub fn gram(features: &[f32], s: Shape, region: Option<Region>, out: &mut [f32]) {
    if let Some(region) = region {
        return gram_within(features, s, &region, out);
    }
    let images = out.par_chunks_mut(s.channels * s.channels).zip(features.par_chunks(s.image_len()));
    images.for_each(|(out, features)| gram_of_one(features, s.channels, out));
}

fn gram_within(features: &[f32], s: Shape, Region { rows, columns }: &Region, out: &mut [f32]) {
    let c = s.channels;
    let scale = 1.0 / s.positions() as f32;
    let partial = |part: usize| {
        let mut sum = vec![0.0; c * c];
        let each = rows.len().div_ceil(PARTS);
        for row in (rows.start + part * each..rows.end).take(each) {
            let f = &features[(row * s.width + columns.start) * c..][..columns.len() * c];
            let size = (c, c, columns.len());
            matmul(&mut sum, size, Matrix::transposed(f, c), Matrix::rows(f, c), scale, true);
        }
        sum
    };
    let partials: Vec<Vec<f32>> = (0..PARTS).into_par_iter().map(partial).collect();
    out.par_iter_mut().enumerate().for_each(|(at, out)| *out = partials.iter().map(|p| p[at]).sum());
}

fn gram_of_one(features: &[f32], channels: usize, out: &mut [f32]) {
    let positions = features.len() / channels;
    let chunk = positions.div_ceil(PARTS).max(1) * channels;
    let scale = 1.0 / positions as f32;
    let partial = |f: &[f32]| {
        let mut sum = vec![0.0; channels * channels];
        let size = (channels, channels, f.len() / channels);
        matmul(&mut sum, size, Matrix::transposed(f, channels), Matrix::rows(f, channels), scale, false);
        sum
    };
    let partials: Vec<Vec<f32>> = features.par_chunks(chunk).map(partial).collect();
    out.par_iter_mut().enumerate().for_each(|(at, out)| *out = partials.iter().map(|p| p[at]).sum());
}

/// Bytes that [`gram`] uses besides its tensors.
pub fn gram_scratch_bytes(s: Shape) -> u64 {
    let at_once = s.batch.min(rayon::current_num_threads());
    (at_once * PARTS * s.channels * s.channels * 4) as u64
}

/// `out = features · matrix · scale`, or added to `out`, with a matrix for each image. `s` is the shape of `features`;
/// with a region, only the positions within it count.
pub fn gram_adjoint(
    features: &[f32],
    matrix: &[f32],
    (s, region): (Shape, Option<Region>),
    scale: f32,
    add: bool,
    out: &mut [f32],
) {
    /// Positions of one task.
    const CHUNK: usize = 512;
    let c = s.channels;
    if let Some(Region { rows, columns }) = region {
        out.par_chunks_mut(s.width * c).zip(features.par_chunks(s.width * c)).enumerate().for_each(
            |(row, (out, f))| {
                if !add {
                    out.fill(0.0);
                }
                if rows.contains(&row) {
                    let within = columns.start * c..columns.end * c;
                    let f = Matrix::rows(&f[within.clone()], c);
                    matmul(&mut out[within], (columns.len(), c, c), f, Matrix::rows(matrix, c), scale, add);
                }
            },
        );
        return;
    }
    let images = out.par_chunks_mut(s.image_len()).zip(features.par_chunks(s.image_len()));
    images.zip(matrix.par_chunks(c * c)).for_each(|((out, features), matrix)| {
        out.par_chunks_mut(CHUNK * c).zip(features.par_chunks(CHUNK * c)).for_each(|(out, f)| {
            let size = (f.len() / c, c, c);
            matmul(out, size, Matrix::rows(f, c), Matrix::rows(matrix, c), scale, add);
        });
    });
}
