//! Gram matrices of feature maps, and their adjoint.

use rayon::prelude::*;

use super::matmul::{Matrix, matmul};
use crate::compute::graph::Shape;

/// Parts into which the positions are divided; fixed, so that the sum does not depend on the number of threads.
const PARTS: usize = 8;

/// `out = Fᵀ F / positions` of each image of `features`, whose shape is `s`.
pub fn gram(features: &[f32], s: Shape, out: &mut [f32]) {
    let images = out.par_chunks_mut(s.channels * s.channels).zip(features.par_chunks(s.image_len()));
    images.for_each(|(out, features)| gram_of_one(features, s.channels, out));
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

/// `out = features · matrix · scale`, or added to `out`, with a matrix for each image; `s` is the shape of `features`.
pub fn gram_adjoint(features: &[f32], matrix: &[f32], s: Shape, scale: f32, add: bool, out: &mut [f32]) {
    /// Positions of one task.
    const CHUNK: usize = 512;
    let c = s.channels;
    let images = out.par_chunks_mut(s.image_len()).zip(features.par_chunks(s.image_len()));
    images.zip(matrix.par_chunks(c * c)).for_each(|((out, features), matrix)| {
        out.par_chunks_mut(CHUNK * c).zip(features.par_chunks(CHUNK * c)).for_each(|(out, f)| {
            let size = (f.len() / c, c, c);
            matmul(out, size, Matrix::rows(f, c), Matrix::rows(matrix, c), scale, add);
        });
    });
}
