//! Pointwise functions, sums and errors.

use rayon::prelude::*;

use crate::compute::graph::{Function, Shape};

/// An input of a pointwise function.
#[derive(Clone, Copy)]
pub struct Operand<'a> {
    pub values: &'a [f32],
    pub shape: Shape,
}

/// Applies `function` to the inputs, repeated to the shape `s` of `out`.
pub fn pointwise(function: Function, inputs: &[Operand], out: &mut [f32], s: Shape) {
    let logistic = |x: f32| 1.0 / (1.0 + (-x).exp());
    match function {
        Function::Add => two(inputs, out, s, |a, b| a + b),
        Function::Multiply => two(inputs, out, s, |a, b| a * b),
        Function::Modulate => two(inputs, out, s, |a, b| a * (1.0 + b)),
        Function::LeakyRelu(slope) => one(inputs, out, |a| if a > 0.0 { a } else { slope * a }),
        Function::LeakyReluAdjoint(slope) => two(inputs, out, s, |a, b| if a > 0.0 { b } else { slope * b }),
        Function::Sigmoid => one(inputs, out, logistic),
        Function::SigmoidAdjoint => two(inputs, out, s, |a, b| b * a * (1.0 - a)),
        Function::Reparameterise => three(inputs, out, s, |a, b, c| a + (0.5 * b).exp() * c),
        Function::ReparameteriseAdjoint => three(inputs, out, s, |a, b, c| 0.5 * c * b * (0.5 * a).exp()),
        Function::Divergence => two(inputs, out, s, |a, b| 0.5 * (a * a + b.exp() - 1.0 - b)),
        Function::DivergenceAdjoint => two(inputs, out, s, |a, b| 0.5 * b * (a.exp() - 1.0)),
        Function::Floor(least) => one(inputs, out, |a| a.max(least)),
        Function::FloorAdjoint(least) => two(inputs, out, s, |a, b| if a > least { b } else { 0.0 }),
        Function::Saturate => one(inputs, out, |a| a / (1.0 + a)),
        Function::SaturateAdjoint => two(inputs, out, s, |a, b| b / ((1.0 + a) * (1.0 + a))),
    }
}

/// Numbers of one task.
const CHUNK: usize = 16 * 1024;

fn one(inputs: &[Operand], out: &mut [f32], f: impl Fn(f32) -> f32 + Sync) {
    out.par_chunks_mut(CHUNK).zip(inputs[0].values.par_chunks(CHUNK)).for_each(|(out, a)| {
        out.iter_mut().zip(a).for_each(|(y, a)| *y = f(*a));
    });
}

fn two(inputs: &[Operand], out: &mut [f32], s: Shape, f: impl Fn(f32, f32) -> f32 + Sync) {
    let [a, b] = [inputs[0], inputs[1]];
    if a.shape == s && b.shape == s {
        let chunks = out.par_chunks_mut(CHUNK).zip(a.values.par_chunks(CHUNK)).zip(b.values.par_chunks(CHUNK));
        chunks.for_each(|((out, a), b)| out.iter_mut().zip(a).zip(b).for_each(|((y, a), b)| *y = f(*a, *b)));
        return;
    }
    by_position(&[a, b], out, s, |[a, b], y| y.iter_mut().zip(a).zip(b).for_each(|((y, a), b)| *y = f(*a, *b)));
}

fn three(inputs: &[Operand], out: &mut [f32], s: Shape, f: impl Fn(f32, f32, f32) -> f32 + Sync) {
    by_position(&[inputs[0], inputs[1], inputs[2]], out, s, |[a, b, c], y| {
        y.iter_mut().zip(a).zip(b).zip(c).for_each(|(((y, a), b), c)| *y = f(*a, *b, *c));
    });
}

/// Calls `f` with the channels of each position of every input; an input with a single position or channel is repeated.
fn by_position<const N: usize>(
    inputs: &[Operand; N],
    out: &mut [f32],
    s: Shape,
    f: impl Fn([&[f32]; N], &mut [f32]) + Sync,
) {
    let steps = inputs.map(|i| i.shape.steps_to(s));
    let per_task = (CHUNK / s.channels).max(1);
    out.par_chunks_mut(per_task * s.channels).enumerate().for_each(|(task, out)| {
        // Where an input has a single channel, that number is repeated here.
        let mut repeated = [const { Vec::new() }; N];
        for (n, row) in repeated.iter_mut().enumerate() {
            row.resize(if steps[n][2] == 0 { s.channels } else { 0 }, 0.0f32);
        }
        for (n, y) in out.chunks_exact_mut(s.channels).enumerate() {
            let row = task * per_task + n;
            let (image, position) = (row / s.positions(), row % s.positions());
            let start = |n: usize| image * steps[n][0] + position * steps[n][1];
            for n in 0..N {
                let from = start(n);
                repeated[n].fill(inputs[n].values[from]);
            }
            let rows = std::array::from_fn(|n| {
                if steps[n][2] == 0 { &repeated[n][..] } else { &inputs[n].values[start(n)..][..s.channels] }
            });
            f(rows, y);
        }
    });
}

/// `out = scale · Σ a · b` (or of `a` alone) over the dimensions in which `out`, of shape `s`, has size 1; the parts of
/// the sum do not depend on the number of threads.
pub fn reduce(a: Operand, b: Option<&[f32]>, scale: f32, out: &mut [f32], s: Shape) {
    let from = a.shape;
    let c = from.channels;
    let to = s.steps_to(from);
    // Sums that only run over the batch need no parts.
    let rows = if to[1] == 0 { from.positions() } else { 1 };
    let chunk = if rows == 1 { from.len() } else { rows.min(4096) * c };
    let partial = |(part, values): (usize, &[f32])| {
        let mut sums = vec![0.0f64; out.len()];
        let first = part * chunk;
        for (n, values) in values.chunks_exact(c).enumerate() {
            let row = first / c + n;
            let place = row / from.positions() * to[0] + row % from.positions() * to[1];
            let others = b.map(|b| &b[row * c..][..c]);
            for (k, value) in values.iter().enumerate() {
                sums[place + k * to[2]] += f64::from(*value) * others.map_or(1.0, |b| f64::from(b[k]));
            }
        }
        sums
    };
    let partials: Vec<Vec<f64>> = a.values.par_chunks(chunk).enumerate().map(partial).collect();
    for (at, out) in out.iter_mut().enumerate() {
        *out = (partials.iter().map(|p| p[at]).sum::<f64>() * f64::from(scale)) as f32;
    }
}

/// `scale · Σ (x − target)²`, summed in f64.
pub fn squared_error(x: &[f32], target: &[f32], scale: f32) -> f32 {
    let square = |(x, t): (&f32, &f32)| (f64::from(*x) - f64::from(*t)).powi(2);
    (x.iter().zip(target).map(square).sum::<f64>() * f64::from(scale)) as f32
}

/// `out = 2 · scale · (x − target)`.
pub fn squared_error_adjoint(x: &[f32], target: &[f32], scale: f32, out: &mut [f32]) {
    for ((out, x), t) in out.iter_mut().zip(x).zip(target) {
        *out = 2.0 * scale * (x - t);
    }
}

/// Mean over all ordered pairs of different rows of the squared cosine, from their `n × n` scalar products.
pub fn pull_away(products: &[f32], n: usize) -> f32 {
    let p = |i: usize, j: usize| f64::from(products[i * n + j]);
    let pairs = (0..n * n).map(|at| (at / n, at % n)).filter(|(i, j)| i != j);
    let sum: f64 = pairs.map(|(i, j)| p(i, j).powi(2) / squares(p(i, i), p(j, j))).sum();
    (sum / (n * (n - 1)).max(1) as f64) as f32
}

/// The adjoint of [`pull_away`], times the number `gradient`.
pub fn pull_away_adjoint(products: &[f32], gradient: f32, n: usize, out: &mut [f32]) {
    let p = |i: usize, j: usize| f64::from(products[i * n + j]);
    let scale = f64::from(gradient) / (n * (n - 1)).max(1) as f64;
    for i in 0..n {
        for j in 0..n {
            let value = if i == j {
                let others = (0..n).filter(|k| *k != i);
                let share =
                    |k: usize| (p(i, k).powi(2) + p(k, i).powi(2)) / (squares(p(i, i), p(k, k)) * p(i, i).max(TINY));
                -others.map(share).sum::<f64>()
            } else {
                2.0 * p(i, j) / squares(p(i, i), p(j, j))
            };
            out[i * n + j] = (scale * value) as f32;
        }
    }
}

/// The lower bound of a squared length: a vector of zeros has no direction, and its pairs contribute nothing.
const TINY: f64 = 1e-20;

fn squares(a: f64, b: f64) -> f64 {
    a.max(TINY) * b.max(TINY)
}
