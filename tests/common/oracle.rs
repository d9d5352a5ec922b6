//! Graphs in f64, straight from the definitions: the oracle of both backends.

use microwright::compute::graph::{ConvSettings, Function, Graph, Op, Plan, Pooling, Shape, TensorId};

/// Runs a graph in f64, straight from the definitions; in half precision with its feature maps rounded to 16 bits.
pub fn interpret(graph: &Graph, inputs: &[(TensorId, Vec<f64>)], output: TensorId) -> Vec<f64> {
    let ids: Vec<TensorId> = graph.ids().collect();
    let halves = Plan::new(graph, &[output], graph.precision).halves;
    let mut tensors: Vec<Vec<f64>> = vec![];
    for (id, node) in ids.iter().zip(graph.nodes()) {
        let value = |id: &TensorId| tensors[ids.iter().position(|i| i == id).expect("an earlier tensor")].as_slice();
        let shape = |id: &TensorId| graph.shape(*id);
        let s = node.shape;
        let made = match &node.op {
            Op::Input => inputs.iter().find(|(i, _)| i == id).map_or_else(|| vec![0.0; s.len()], |(_, v)| v.clone()),
            Op::Constant(values) => values.iter().map(|v| f64::from(*v)).collect(),
            Op::ChannelShift { x, order, scale, shift } => {
                let x = value(x);
                let at = |i: usize| {
                    let c = i % 3;
                    f64::from(scale[c]) * x[i - c + order[c] as usize] + f64::from(shift[c])
                };
                (0..s.len()).map(at).collect()
            }
            Op::Signs { x } => value(x).chunks(shape(x).channels).flat_map(|c| c.chunks(32)).map(signs).collect(),
            Op::Conv { x, weights, bias, mask: Some(mask), settings } if settings.spread => {
                let full = Shape { channels: shape(x).channels, ..shape(mask) };
                let spread = pool_adjoint(&vec![0.0; full.len()], value(x), full, Pooling::Mean);
                conv(&spread, full, value(weights), bias.as_ref().map(value), Some(value(mask)), *settings, s)
            }
            Op::Conv { x, weights, bias, mask, settings } => conv(
                value(x),
                shape(x),
                value(weights),
                bias.as_ref().map(value),
                mask.as_ref().map(value),
                *settings,
                s,
            ),
            Op::PadReflect { x } => {
                let (v, xs) = (value(x), shape(x));
                places(s)
                    .map(|(n, r, c, k)| {
                        v[((n * xs.height + mirror(r, xs.height)) * xs.width + mirror(c, xs.width)) * xs.channels + k]
                    })
                    .collect()
            }
            Op::PadReflectAdjoint { gradient } => {
                let (g, gs) = (value(gradient), shape(gradient));
                let mut out = vec![0.0; s.len()];
                for ((n, r, c, k), g) in places(gs).zip(g) {
                    out[((n * s.height + mirror(r, s.height)) * s.width + mirror(c, s.width)) * s.channels + k] += g;
                }
                out
            }
            Op::Pool { x, pooling } => {
                let (v, xs) = (value(x), shape(x));
                places(s).map(|(n, r, c, k)| pool(&corners(v, xs, n, r, c, k), *pooling)).collect()
            }
            Op::PoolAdjoint { x, gradient, pooling } => pool_adjoint(value(x), value(gradient), s, *pooling),
            Op::Gram { features, region } => {
                let (f, fs) = (value(features), shape(features));
                let c = fs.channels;
                let region = region.as_ref().map(value);
                let entry = |i: usize| {
                    let image = &f[i / (c * c) * fs.image_len()..][..fs.image_len()];
                    let counted = image.chunks(c).enumerate().filter(|(at, _)| is_within(region, fs, *at));
                    counted.map(|(_, p)| p[i % (c * c) / c] * p[i % c]).sum::<f64>() / fs.positions() as f64
                };
                (0..s.len()).map(entry).collect()
            }
            Op::GramAdjoint { features, matrix, region, carry, scale } => {
                let region = region.as_ref().map(value);
                let (f, d, n) = (value(features), value(matrix), s.channels);
                let carry = carry.as_ref().map(value);
                let product = |i: usize| {
                    if !is_within(region, s, i / n % s.positions()) {
                        return 0.0;
                    }
                    let row = &f[i / n * n..][..n];
                    let d = &d[i / s.image_len() * n * n..][..n * n];
                    f64::from(*scale) * (0..n).map(|k| row[k] * d[k * n + i % n]).sum::<f64>()
                };
                (0..s.len()).map(|i| carry.map_or(0.0, |c| c[i]) + product(i)).collect()
            }
            Op::FlipKernels { weights } => {
                let (w, ws) = (value(weights), shape(weights));
                let at = |(_, t, o, i): (usize, usize, usize, usize)| {
                    w[((ws.height - 1 - t) * ws.width + i) * ws.channels + o]
                };
                places(s).map(at).collect()
            }
            Op::ConvWeights { x, gradient, settings } => {
                conv_weights(value(x), shape(x), value(gradient), shape(gradient), *settings, s)
            }
            Op::Upsample { x } => {
                let (v, xs) = (value(x), shape(x));
                let at = |(n, r, c, k): (usize, usize, usize, usize)| {
                    v[((n * xs.height + r / 2) * xs.width + c / 2) * xs.channels + k]
                };
                places(s).map(at).collect()
            }
            Op::UpsampleAdjoint { gradient } => {
                let (g, gs) = (value(gradient), shape(gradient));
                places(s).map(|(n, r, c, k)| corners(g, gs, n, r, c, k).iter().sum()).collect()
            }
            Op::Product { a, b, product: p } => {
                let (a, b) = (value(a), value(b));
                let entry = |at: usize| {
                    let (i, j) = (at / p.columns, at % p.columns);
                    let a = |k: usize| a[if p.transpose_a { k * p.rows + i } else { i * p.inner + k }];
                    let b = |k: usize| b[if p.transpose_b { j * p.inner + k } else { k * p.columns + j }];
                    (0..p.inner).map(|k| a(k) * b(k)).sum()
                };
                (0..s.len()).map(entry).collect()
            }
            Op::Pointwise { function, inputs } => {
                let number = |id: &TensorId, at: (usize, usize, usize, usize)| value(id)[repeated(shape(id), at)];
                let apply = |at| {
                    let of = |n: usize| inputs.get(n).map_or(0.0, |id| number(id, at));
                    pointwise(*function, of(0), of(1), of(2))
                };
                places(s).map(apply).collect()
            }
            Op::Reduce { a, b, scale } => {
                let mut out = vec![0.0; s.len()];
                for (i, at) in places(shape(a)).enumerate() {
                    out[repeated(s, at)] += f64::from(*scale) * value(a)[i] * b.as_ref().map_or(1.0, |b| value(b)[i]);
                }
                out
            }
            Op::PullAway { products } => {
                let (p, n) = (value(products), shape(products).channels);
                let cosine = |i: usize, j: usize| p[i * n + j] / (p[i * n + i] * p[j * n + j]).sqrt();
                let pairs = (0..n * n).filter(|at| at / n != at % n);
                vec![pairs.map(|at| cosine(at / n, at % n).powi(2)).sum::<f64>() / (n * (n - 1)) as f64]
            }
            Op::PullAwayAdjoint { products, gradient } => {
                pull_away_adjoint(value(products), value(gradient)[0], s.channels)
            }
            Op::AdamMoments { state, gradient, step } => {
                let (state, g, step) = (value(state), value(gradient), value(step));
                let (whole, b1, b2) = (step[3] != 0.0, step[4], step[5]);
                let n = g.len();
                let at = |i: usize| {
                    let sum = state[i % n] + g[i % n];
                    match (i / n, whole) {
                        (0, true) => 0.0,
                        (0, false) => sum,
                        (1, true) => b1 * state[i] + (1.0 - b1) * sum,
                        (2, true) => b2 * state[i] + (1.0 - b2) * sum * sum,
                        _ => state[i],
                    }
                };
                (0..3 * n).map(at).collect()
            }
            Op::AdamStep { parameter, state, step } => {
                let (x, state, step) = (value(parameter), value(state), value(step));
                let n = x.len();
                let moved = |i: usize| {
                    let mean = state[n + i] / step[1];
                    x[i] - step[3] * step[0] * mean / ((state[2 * n + i] / step[2]).sqrt() + 1e-8)
                };
                (0..n).map(moved).collect()
            }
            Op::SquaredError { x, target, scale } => {
                let squares = value(x).iter().zip(value(target)).map(|(x, t)| (x - t).powi(2));
                vec![f64::from(*scale) * squares.sum::<f64>()]
            }
            Op::SquaredErrorAdjoint { x, target, scale } => {
                value(x).iter().zip(value(target)).map(|(g, t)| 2.0 * f64::from(*scale) * (g - t)).collect()
            }
            Op::WeightedSum { terms, weights } => {
                vec![terms.iter().zip(weights).map(|(t, w)| value(t)[0] * f64::from(*w)).sum()]
            }
        };
        let is_half = halves[tensors.len()];
        tensors.push(if is_half { made.into_iter().map(rounded).collect() } else { made });
        if *id == output {
            break;
        }
    }
    tensors.pop().unwrap_or_default()
}

/// The nearest number of 16 bits (IEEE 754 binary16), below the largest.
fn rounded(value: f64) -> f64 {
    let step = 2f64.powi((value.abs().max(f64::MIN_POSITIVE).log2().floor() as i32).max(-14) - 10);
    (value / step).round_ties_even() * step
}

/// Image, row, column and channel of every number.
fn places(s: Shape) -> impl Iterator<Item = (usize, usize, usize, usize)> {
    let row = move |i: usize| i / s.channels / s.width;
    (0..s.len()).map(move |i| (row(i) / s.height, row(i) % s.height, i / s.channels % s.width, i % s.channels))
}

/// Where a tensor of shape `s`, repeated, shows a place.
fn repeated(s: Shape, (n, r, c, k): (usize, usize, usize, usize)) -> usize {
    let at = |place: usize, size: usize| if size == 1 { 0 } else { place };
    let position = if s.positions() == 1 { 0 } else { r * s.width + c };
    (at(n, s.batch) * s.positions() + position) * s.channels + at(k, s.channels)
}

fn pointwise(function: Function, a: f64, b: f64, c: f64) -> f64 {
    match function {
        Function::Add => a + b,
        Function::Multiply => a * b,
        Function::Modulate => a * (1.0 + b),
        Function::LeakyRelu(slope) => a.max(0.0) + f64::from(slope) * a.min(0.0),
        Function::LeakyReluAdjoint(slope) => b * if a > 0.0 { 1.0 } else { f64::from(slope) },
        Function::Sigmoid => 1.0 / (1.0 + (-a).exp()),
        Function::SigmoidAdjoint => b * a * (1.0 - a),
        Function::Reparameterise => a + (b / 2.0).exp() * c,
        Function::ReparameteriseAdjoint => c * b * (a / 2.0).exp() / 2.0,
        Function::Divergence => (a * a + b.exp() - 1.0 - b) / 2.0,
        Function::DivergenceAdjoint => b * (a.exp() - 1.0) / 2.0,
        Function::Floor(least) => a.max(least.into()),
        Function::FloorAdjoint(least) => b * f64::from(a > f64::from(least)),
        Function::Saturate => a / (1.0 + a),
        Function::SaturateAdjoint => b / (1.0 + a).powi(2),
    }
}

fn pull_away_adjoint(p: &[f64], gradient: f64, n: usize) -> Vec<f64> {
    let scale = gradient / (n * (n - 1)) as f64;
    let square = |i: usize| p[i * n + i];
    let mut out = vec![0.0; n * n];
    for i in 0..n {
        for j in (0..n).filter(|j| *j != i) {
            let product = p[i * n + j];
            out[i * n + j] += scale * 2.0 * product / (square(i) * square(j));
            out[i * n + i] -= scale * product.powi(2) / (square(i).powi(2) * square(j));
            out[j * n + j] -= scale * product.powi(2) / (square(i) * square(j).powi(2));
        }
    }
    out
}

/// The place in an image that a tap reads along one direction.
fn source(at: usize, size: usize, before: isize, c: ConvSettings) -> Option<usize> {
    let at = at as isize - before;
    if c.periodic {
        Some(at.rem_euclid(size as isize) as usize)
    } else {
        usize::try_from(at).ok().filter(|a| *a < size)
    }
}

fn places_read(xs: Shape, c: ConvSettings, row: usize, column: usize) -> (Option<usize>, Option<usize>) {
    (source(row, xs.height, c.before[0], c), source(column, xs.width, c.before[1], c))
}

fn conv_weights(x: &[f64], xs: Shape, g: &[f64], gs: Shape, c: ConvSettings, s: Shape) -> Vec<f64> {
    let mut out = vec![0.0; s.len()];
    for (at, (n, row, column, o)) in places(gs).enumerate() {
        for t in 0..c.edge * c.edge {
            let place = places_read(xs, c, row + t / c.edge, column + t % c.edge);
            let (Some(r), Some(k)) = place else { continue };
            for i in 0..xs.channels {
                let x = x[((n * xs.height + r) * xs.width + k) * xs.channels + i];
                out[(t * s.width + i) * s.channels + o] += x * g[at];
            }
        }
    }
    out
}

fn mirror(at: usize, size: usize) -> usize {
    let at = at as isize - 1;
    if at < 0 {
        1
    } else if at as usize >= size {
        size - 2
    } else {
        at as usize
    }
}

fn conv(
    x: &[f64],
    xs: Shape,
    w: &[f64],
    bias: Option<&[f64]>,
    mask: Option<&[f64]>,
    c: ConvSettings,
    s: Shape,
) -> Vec<f64> {
    let words = xs.signs().channels;
    let mut out = vec![0.0; s.len()];
    for (at, out) in out.chunks_exact_mut(s.channels).enumerate() {
        let (n, row, column) = (at / s.positions(), at / s.width % s.height, at % s.width);
        for t in 0..c.edge * c.edge {
            let place = places_read(xs, c, row + t / c.edge, column + t % c.edge);
            let (Some(r), Some(k)) = place else { continue };
            for i in 0..xs.channels {
                let at = ((n * xs.height + r) * xs.width + k) * xs.channels + i;
                if mask.is_none_or(|m| (m[at / xs.channels * words + i / 32] as u32) >> (i % 32) & 1 != 0) {
                    for (o, out) in out.iter_mut().enumerate() {
                        *out += x[at] * w[(t * xs.channels + i) * s.channels + o];
                    }
                }
            }
        }
        for (o, out) in out.iter_mut().enumerate() {
            *out += bias.map_or(0.0, |b| b[o]);
            if c.relu {
                *out = out.max(0.0);
            }
        }
    }
    out
}

/// The bits of up to 32 numbers as a whole number.
fn signs(x: &[f64]) -> f64 {
    x.iter().enumerate().map(|(k, v)| if *v > 0.0 { f64::from(1u32 << k) } else { 0.0 }).sum()
}

fn corners(x: &[f64], s: Shape, n: usize, row: usize, column: usize, k: usize) -> [f64; 4] {
    let first = n * s.height + 2 * row;
    [(0, 0), (0, 1), (1, 0), (1, 1)].map(|(a, b)| x[((first + a) * s.width + 2 * column + b) * s.channels + k])
}

fn pool(corners: &[f64; 4], pooling: Pooling) -> f64 {
    match pooling {
        Pooling::Mean => corners.iter().sum::<f64>() / 4.0,
        Pooling::Max => corners.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    }
}

fn pool_adjoint(x: &[f64], g: &[f64], s: Shape, pooling: Pooling) -> Vec<f64> {
    let pooled = Shape::new(s.height / 2, s.width / 2, s.channels).times(s.batch);
    let mut out = vec![0.0; s.len()];
    for ((image, row, column, k), g) in places(pooled).zip(g) {
        let values = corners(x, s, image, row, column, k);
        let first = values.iter().position(|v| *v == pool(&values, Pooling::Max)).unwrap_or(0);
        for n in 0..4 {
            let at = ((image * s.height + 2 * row + n / 2) * s.width + 2 * column + n % 2) * s.channels + k;
            out[at] = match pooling {
                Pooling::Mean => g / 4.0,
                Pooling::Max => {
                    if n == first {
                        *g
                    } else {
                        0.0
                    }
                }
            };
        }
    }
    out
}

/// Whether a position of a map lies within a region: first row and column, row and column behind the last.
fn is_within(region: Option<&[f64]>, s: Shape, at: usize) -> bool {
    let (row, column) = ((at / s.width) as f64, (at % s.width) as f64);
    region.is_none_or(|r| row >= r[0] && column >= r[1] && row < r[2] && column < r[3])
}
