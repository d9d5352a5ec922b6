//! Operations that only trained networks need: matrix products, the adjoint of a convolution with respect to its
//! kernels, and Adam.

use rayon::prelude::*;

use super::conv::gather;
use super::matmul::{Matrix, matmul};
use super::signs::ConvInput;
use crate::compute::graph::{ConvSettings, Product, Shape};

/// `A` of a product, from a row on.
fn left(a: &[f32], p: Product, first: usize) -> Matrix<'_> {
    if p.transpose_a { Matrix::transposed(&a[first..], p.rows) } else { Matrix::rows(&a[first * p.inner..], p.inner) }
}

/// `B` of a product, from a column on.
fn right(b: &[f32], p: Product, first: usize) -> Matrix<'_> {
    if p.transpose_b {
        Matrix::transposed(&b[first * p.inner..], p.inner)
    } else {
        Matrix::rows(&b[first..], p.columns)
    }
}

/// Whether the columns of a product are divided and not its rows: where every task would else read a `B` from memory that no
/// cache holds.
fn divides_columns(p: Product) -> bool {
    /// Numbers of 4 MiB.
    const CACHED: usize = 1 << 20;
    p.rows < p.columns && p.inner * p.columns > CACHED
}

/// `out = A · B`, divided into about four tasks for each thread; no inner sum is split between tasks.
pub fn product(a: &[f32], b: &[f32], p: Product, out: &mut [f32]) {
    let tasks = 4 * rayon::current_num_threads();
    if !divides_columns(p) {
        let rows = p.rows.div_ceil(tasks).max(1);
        out.par_chunks_mut(rows * p.columns).enumerate().for_each(|(task, out)| {
            let size = (out.len() / p.columns, p.columns, p.inner);
            matmul(out, size, left(a, p, task * rows), right(b, p, 0), 1.0, false);
        });
        return;
    }
    let columns = p.columns.div_ceil(tasks).max(1);
    let part = |first: usize| {
        let wide = columns.min(p.columns - first);
        let mut part = vec![0.0; p.rows * wide];
        matmul(&mut part, (p.rows, wide, p.inner), left(a, p, 0), right(b, p, first), 1.0, false);
        part
    };
    let firsts: Vec<usize> = (0..p.columns).step_by(columns).collect();
    let parts: Vec<Vec<f32>> = firsts.into_par_iter().map(part).collect();
    out.par_chunks_mut(p.columns).enumerate().for_each(|(row, out)| {
        for (out, part) in out.chunks_mut(columns).zip(&parts) {
            out.copy_from_slice(&part[row * out.len()..(row + 1) * out.len()]);
        }
    });
}

/// Bytes that [`product`] uses besides its tensors.
pub fn product_scratch_bytes(p: Product) -> u64 {
    if divides_columns(p) { (p.rows * p.columns * 4) as u64 } else { 0 }
}

/// Parts into which the positions are divided; fixed, so that the sum does not depend on the number of threads.
const PARTS: usize = 8;

/// `out[t, i, o] = Σ x[p + t, i] · gradient[p, o]` over all images; `s` is the shape of `gradient`.
pub fn conv_weights(input: &ConvInput, gradient: &[f32], settings: ConvSettings, out: &mut [f32], s: Shape) {
    let wide = settings.edge * settings.edge * input.shape.channels;
    let rows = s.batch * s.height;
    let per_part = rows.div_ceil(PARTS);
    let parts: Vec<usize> = (0..rows).step_by(per_part).collect();
    let partial = |first: &usize| {
        let mut sum = vec![0.0f32; out.len()];
        // Several short rows are processed together, so that the inner sum of the product is long enough.
        let together = (256 / s.width).clamp(1, per_part);
        let mut gathered = vec![];
        let end = rows.min(first + per_part);
        for start in (*first..end).step_by(together) {
            let rows = together.min(end - start);
            gather(input, settings, s, start..start + rows, &mut gathered);
            let g = &gradient[start * s.width * s.channels..];
            let size = (wide, s.channels, rows * s.width);
            matmul(&mut sum, size, Matrix::transposed(&gathered, wide), Matrix::rows(g, s.channels), 1.0, true);
        }
        sum
    };
    let partials: Vec<Vec<f32>> = parts.par_iter().map(partial).collect();
    out.par_iter_mut().enumerate().for_each(|(at, out)| *out = partials.iter().map(|p| p[at]).sum());
}

/// Bytes that [`conv_weights`] uses besides its tensors.
pub fn conv_weights_scratch_bytes(weights: Shape, s: Shape, threads: u64) -> u64 {
    let gathered = s.width.max(256) * weights.height * weights.width;
    ((PARTS * weights.len()) as u64 + threads * gathered as u64) * 4
}

/// Each pixel of `x`, of shape `s`, becomes 2 × 2 pixels.
pub fn upsample(x: &[f32], s: Shape, out: &mut [f32]) {
    let row = s.width * s.channels;
    out.par_chunks_mut(4 * row).zip(x.par_chunks(row)).for_each(|(out, x)| {
        let (upper, lower) = out.split_at_mut(2 * row);
        for (pair, pixel) in upper.chunks_exact_mut(2 * s.channels).zip(x.chunks_exact(s.channels)) {
            pair[..s.channels].copy_from_slice(pixel);
            pair[s.channels..].copy_from_slice(pixel);
        }
        lower.copy_from_slice(upper);
    });
}

/// Sums over 2 × 2 pixels; `s` is the shape of `out`.
pub fn upsample_adjoint(gradient: &[f32], s: Shape, out: &mut [f32]) {
    let row = s.width * s.channels;
    out.par_chunks_mut(row).zip(gradient.par_chunks(4 * row)).for_each(|(out, g)| {
        let (upper, lower) = g.split_at(2 * row);
        let pairs = upper.chunks_exact(2 * s.channels).zip(lower.chunks_exact(2 * s.channels));
        for (pixel, (upper, lower)) in out.chunks_exact_mut(s.channels).zip(pairs) {
            for (c, y) in pixel.iter_mut().enumerate() {
                *y = upper[c] + upper[s.channels + c] + lower[c] + lower[s.channels + c];
            }
        }
    });
}

/// Keeps the divisor of a step of Adam above zero, as in the paper.
const EPSILON: f32 = 1e-8;
/// Numbers of a tensor that one task of Adam moves.
const ADAM_PIECE: usize = 1 << 14;

/// Adds `gradient` to the sum in `state`. If `step` asks for it, also updates the moments and starts a new sum.
pub fn adam_moments(gradient: &[f32], step: &[f32], state: &mut [f32]) {
    let (is_taken, decays) = (step[3] != 0.0, [step[4], step[5]]);
    let (sum, moments) = state.split_at_mut(gradient.len());
    let (first, second) = moments.split_at_mut(sum.len());
    let moments = first.par_chunks_mut(ADAM_PIECE).zip(second.par_chunks_mut(ADAM_PIECE));
    let pieces = sum.par_chunks_mut(ADAM_PIECE).zip(gradient.par_chunks(ADAM_PIECE)).zip(moments);
    pieces.for_each(|((sum, gradient), (first, second))| {
        sum.iter_mut().zip(gradient).for_each(|(s, g)| *s += g);
        if is_taken {
            update_moments(sum, first, second, decays);
            sum.fill(0.0);
        }
    });
}

/// Adam's first and second moments with one more gradient (Kingma & Ba 2015, algorithm 1).
fn update_moments(gradient: &[f32], first: &mut [f32], second: &mut [f32], decays: [f32; 2]) {
    for ((g, m), s) in gradient.iter().zip(first).zip(second) {
        *m = decays[0] * *m + (1.0 - decays[0]) * g;
        *s = decays[1] * *s + (1.0 - decays[1]) * g * g;
    }
}

/// Moves `parameter` by a step, if `step` asks for it.
pub fn adam_step(state: &[f32], step: &[f32], parameter: &mut [f32]) {
    if step[3] == 0.0 {
        return;
    }
    let n = parameter.len();
    let moments = state[n..2 * n].par_chunks(ADAM_PIECE).zip(state[2 * n..].par_chunks(ADAM_PIECE));
    parameter.par_chunks_mut(ADAM_PIECE).zip(moments).for_each(|(parameter, (first, second))| {
        move_by_step(parameter, first, second, step);
    });
}

/// Moves a parameter by Adam's step from its moments.
fn move_by_step(parameter: &mut [f32], first: &[f32], second: &[f32], step: &[f32]) {
    for ((x, m), s) in parameter.iter_mut().zip(first).zip(second) {
        *x -= step[0] * (m / step[1]) / ((s / step[2]).sqrt() + EPSILON);
    }
}

/// [`product`], [`adam_moments`] and [`adam_step`] in one pass, for a gradient that nothing else reads. The weights of a
/// full layer are many, and their step takes as long as the memory needs to read and write them. So the gradient is never
/// stored, and everything else is read and written once.
pub fn adam_of_product(a: &[f32], b: &[f32], p: Product, step: &[f32], (state, parameter): (&mut [f32], &mut [f32])) {
    let (is_taken, decays) = (step[3] != 0.0, [step[4], step[5]]);
    let (sum, moments) = state.split_at_mut(parameter.len());
    let (first, second) = moments.split_at_mut(parameter.len());
    let rows = (ADAM_PIECE / p.columns).max(1);
    let piece = rows * p.columns;
    let moments = first.par_chunks_mut(piece).zip(second.par_chunks_mut(piece));
    let pieces = parameter.par_chunks_mut(piece).zip(sum.par_chunks_mut(piece)).zip(moments);
    pieces.enumerate().for_each_init(Vec::new, |gradient, (at, ((parameter, sum), (first, second)))| {
        gradient.resize(parameter.len(), 0.0);
        let size = (parameter.len() / p.columns, p.columns, p.inner);
        matmul(gradient, size, left(a, p, at * rows), right(b, p, 0), 1.0, false);
        if !is_taken {
            sum.iter_mut().zip(gradient).for_each(|(s, g)| *s += *g);
            return;
        }
        // The sum is nothing but zeros where a batch is not divided; then it need not be written.
        if sum.iter().any(|s| *s != 0.0) {
            gradient.iter_mut().zip(sum.iter()).for_each(|(g, s)| *g += s);
            sum.fill(0.0);
        }
        update_moments(gradient, first, second, decays);
        move_by_step(parameter, first, second, step);
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_with_many_columns_is_that_of_plain_loops() {
        let (rows, inner, columns) = (3, 1100, 1003);
        let number = |n: usize| (n * 7919 % 1000) as f32 / 1000.0 - 0.5;
        let a: Vec<f32> = (0..rows * inner).map(number).collect();
        let b: Vec<f32> = (0..inner * columns).map(number).collect();
        for transpose_b in [false, true] {
            let p = Product { rows, columns, inner, transpose_a: false, transpose_b };
            assert!(divides_columns(p));
            let mut found = vec![f32::NAN; rows * columns];
            product(&a, &b, p, &mut found);
            for (at, found) in found.iter().enumerate() {
                let (row, column) = (at / columns, at % columns);
                let of_b = |k: usize| if transpose_b { b[column * inner + k] } else { b[k * columns + column] };
                let wanted: f64 = (0..inner).map(|k| f64::from(a[row * inner + k]) * f64::from(of_b(k))).sum();
                assert!((f64::from(*found) - wanted).abs() < 1e-3, "{row}, {column}: {found}, not {wanted}");
            }
        }
    }
}
