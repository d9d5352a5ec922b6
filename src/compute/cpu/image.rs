//! Operations on pictures: the channel shift and the mirrored edge.

use crate::compute::graph::Shape;

/// `out[p, c] = scale[c] · x[p, order[c]] + shift[c]`.
pub fn channel_shift(x: &[f32], order: [u32; 3], scale: [f32; 3], shift: [f32; 3], out: &mut [f32]) {
    for (x, out) in x.chunks_exact(3).zip(out.chunks_exact_mut(3)) {
        for c in 0..3 {
            out[c] = scale[c] * x[order[c] as usize] + shift[c];
        }
    }
}

/// The position that a mirrored edge copies to `at`; `at` counts from one pixel outside the image.
pub fn mirrored(at: usize, size: usize) -> usize {
    match at {
        0 => 1,
        at if at == size + 1 => size - 2,
        at => at - 1,
    }
}

/// Positions of one image with its mirrored edge.
fn padded(s: Shape) -> usize {
    (s.height + 2) * (s.width + 2)
}

/// Adds one mirrored pixel around each image of `x`, whose shape is `s`.
pub fn pad_reflect(x: &[f32], s: Shape, out: &mut [f32]) {
    for (x, out) in x.chunks_exact(s.image_len()).zip(out.chunks_exact_mut(padded(s) * s.channels)) {
        pad_reflect_one(x, s, out);
    }
}

fn pad_reflect_one(x: &[f32], s: Shape, out: &mut [f32]) {
    let c = s.channels;
    for (place, out) in out.chunks_exact_mut(c).enumerate() {
        let (row, column) = (place / (s.width + 2), place % (s.width + 2));
        let from = (mirrored(row, s.height) * s.width + mirrored(column, s.width)) * c;
        out.copy_from_slice(&x[from..from + c]);
    }
}

/// Adds each value of the mirrored edge to the pixel that it was copied from; `s` is the shape without the edge.
pub fn pad_reflect_adjoint(gradient: &[f32], s: Shape, out: &mut [f32]) {
    out.fill(0.0);
    for (g, out) in gradient.chunks_exact(padded(s) * s.channels).zip(out.chunks_exact_mut(s.image_len())) {
        pad_reflect_adjoint_of_one(g, s, out);
    }
}

fn pad_reflect_adjoint_of_one(gradient: &[f32], s: Shape, out: &mut [f32]) {
    let c = s.channels;
    for (place, g) in gradient.chunks_exact(c).enumerate() {
        let (row, column) = (place / (s.width + 2), place % (s.width + 2));
        let to = (mirrored(row, s.height) * s.width + mirrored(column, s.width)) * c;
        for (to, g) in out[to..to + c].iter_mut().zip(g) {
            *to += g;
        }
    }
}
