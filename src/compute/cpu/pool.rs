//! 2 × 2 pooling of stride 2 and its adjoint.

use rayon::prelude::*;

use crate::compute::graph::{Pooling, Shape};

/// Pools each image of `x`, whose shape is `s`; an odd last row or column is dropped.
pub fn pool(x: &[f32], s: Shape, pooling: Pooling, out: &mut [f32]) {
    let pooled = s.height / 2 * (s.width / 2) * s.channels;
    let images = out.par_chunks_mut(pooled).zip(x.par_chunks(s.image_len()));
    images.for_each(|(out, x)| pool_one(x, s, pooling, out));
}

fn pool_one(x: &[f32], s: Shape, pooling: Pooling, out: &mut [f32]) {
    let c = s.channels;
    let row = s.width / 2 * c;
    out.par_chunks_mut(row).zip(x.par_chunks(2 * s.width * c)).for_each(|(out, x)| {
        let (upper, lower) = x.split_at(s.width * c);
        for (p, out) in out.chunks_exact_mut(c).enumerate() {
            let at = 2 * p * c;
            let (a, b) = upper[at..at + 2 * c].split_at(c);
            let (d, e) = lower[at..at + 2 * c].split_at(c);
            for l in 0..c {
                out[l] = match pooling {
                    Pooling::Mean => (a[l] + b[l] + d[l] + e[l]) * 0.25,
                    Pooling::Max => a[l].max(b[l]).max(d[l].max(e[l])),
                };
            }
        }
    });
}

/// The adjoint at the input `x` of shape `s`: the mean shares the gradient, the maximum gives it to the first largest.
pub fn pool_adjoint(x: &[f32], gradient: &[f32], s: Shape, pooling: Pooling, out: &mut [f32]) {
    let pooled = s.height / 2 * (s.width / 2) * s.channels;
    let images = out.par_chunks_mut(s.image_len()).zip(x.par_chunks(s.image_len())).zip(gradient.par_chunks(pooled));
    images.for_each(|((out, x), gradient)| pool_adjoint_of_one(x, gradient, s, pooling, out));
}

fn pool_adjoint_of_one(x: &[f32], gradient: &[f32], s: Shape, pooling: Pooling, out: &mut [f32]) {
    let c = s.channels;
    let pooled_row = s.width / 2 * c;
    out.par_chunks_mut(2 * s.width * c).enumerate().for_each(|(y, out)| {
        if out.len() < 2 * s.width * c || s.width % 2 == 1 {
            out.fill(0.0);
        }
        if out.len() < 2 * s.width * c {
            return;
        }
        let x = &x[2 * y * s.width * c..][..2 * s.width * c];
        let g = &gradient[y * pooled_row..][..pooled_row];
        for (p, g) in g.chunks_exact(c).enumerate() {
            let corners = [2 * p * c, (2 * p + 1) * c, (s.width + 2 * p) * c, (s.width + 2 * p + 1) * c];
            match pooling {
                Pooling::Mean => share(g, &corners, out),
                Pooling::Max => give_to_largest(x, g, &corners, out),
            }
        }
    });
}

fn share(g: &[f32], corners: &[usize; 4], out: &mut [f32]) {
    for corner in corners {
        for (out, g) in out[*corner..].iter_mut().zip(g) {
            *out = 0.25 * g;
        }
    }
}

fn give_to_largest(x: &[f32], g: &[f32], corners: &[usize; 4], out: &mut [f32]) {
    for (l, g) in g.iter().enumerate() {
        let mut best = 0;
        for k in 1..4 {
            if x[corners[k] + l] > x[corners[best] + l] {
                best = k;
            }
        }
        for (k, corner) in corners.iter().enumerate() {
            out[corner + l] = if k == best { *g } else { 0.0 };
        }
    }
}
