//! Gram matrices of feature maps, their loss, and the adjoints of both.

use rayon::prelude::*;

use super::matmul::{Matrix, matmul};

/// Parts into which the positions are divided; fixed, so that the sum does not depend on the number of threads.
const PARTS: usize = 8;

/// `out = Fᵀ F / positions`, `features` being `[positions, channels]`.
pub fn gram(features: &[f32], channels: usize, out: &mut [f32]) {
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
pub fn gram_scratch_bytes(channels: usize) -> u64 {
    (PARTS * channels * channels * 4) as u64
}

/// `out = features · matrix · scale`, or added to `out`.
pub fn gram_adjoint(features: &[f32], matrix: &[f32], channels: usize, scale: f32, add: bool, out: &mut [f32]) {
    /// Positions of one task.
    const CHUNK: usize = 512;
    let chunks = out.par_chunks_mut(CHUNK * channels).zip(features.par_chunks(CHUNK * channels));
    chunks.for_each(|(out, f)| {
        let size = (f.len() / channels, channels, channels);
        matmul(out, size, Matrix::rows(f, channels), Matrix::rows(matrix, channels), scale, add);
    });
}

/// `scale · Σ (gram − target)²`, summed in f64.
pub fn gram_loss(gram: &[f32], target: &[f32], scale: f32) -> f32 {
    let square = |(g, t): (&f32, &f32)| (f64::from(*g) - f64::from(*t)).powi(2);
    (gram.iter().zip(target).map(square).sum::<f64>() * f64::from(scale)) as f32
}

/// `out = 2 · scale · (gram − target)`.
pub fn gram_loss_adjoint(gram: &[f32], target: &[f32], scale: f32, out: &mut [f32]) {
    for ((out, g), t) in out.iter_mut().zip(gram).zip(target) {
        *out = 2.0 * scale * (g - t);
    }
}
