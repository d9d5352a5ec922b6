//! What a run over a batch reads and returns.

use rand_pcg::Pcg64;

use super::network::noise_shapes;
use super::targets::{Target, squared_norm, unpack};
use super::training::Training;
use super::{LatentSettings, Patch, normals};
use crate::compute::Program;
use crate::compute::graph::TensorId;
use crate::net::Layer;

/// A compiled graph of a batch.
pub struct Ready {
    pub graph: Training,
    pub program: Program,
    pub part: usize,
}

/// The smallest deviation, as a share of the largest: below it, there are only rounding errors.
const LEAST: f64 = 1e-3;

/// The weight of each number of the packed Gram matrices: one over its deviation over all patches, divided by the
/// square root of how many numbers its tap has. A model that gives every patch the same mean texture then has a loss of
/// 1 at each tap, and a faint channel counts as much as a strong one.
pub fn gram_weights(settings: &LatentSettings, targets: &[Target]) -> Vec<f32> {
    let deviations = deviations(targets.iter().map(|t| t.grams.as_slice()));
    let mut weights = vec![];
    let mut rest = deviations.as_slice();
    for c in gram_channels(settings) {
        let (mine, others) = rest.split_at(c * (c + 1) / 2);
        rest = others;
        let least = LEAST * mine.iter().copied().fold(1e-30, f64::max);
        weights.extend(mine.iter().map(|d| (1.0 / (d.max(least) * c as f64)) as f32));
    }
    weights
}

/// The same for the numbers of a spatial statistic, which together are one term.
pub fn statistic_weights(targets: &[Target], of: fn(&Target) -> &[f32]) -> Vec<f32> {
    let deviations = deviations(targets.iter().map(of));
    // Patches that do not differ at all must not weigh without end.
    let least = LEAST * deviations.iter().copied().fold(1e-3, f64::max);
    let root = (deviations.len() as f64).sqrt();
    deviations.iter().map(|d| (1.0 / (d.max(least) * root)) as f32).collect()
}

/// For each loss of style, in the order of [`Training`], a fifth of the mean loss of a uniformly grey picture: there it counts
/// as half. The targets are weighted.
pub fn half_losses(settings: &LatentSettings, targets: &[Target], grey: &Target) -> Vec<f32> {
    /// Untrained decoders reach some 30 times the loss of a grey picture at the deepest layer, which must not count; the
    /// other layers start below that loss, and count.
    const SHARE: f64 = 0.2;
    let half = |of: &dyn Fn(&Target) -> f64| {
        let mean = targets.iter().map(of).sum::<f64>() / targets.len().max(1) as f64;
        (SHARE * mean).max(1e-6) as f32
    };
    let mut halves = vec![];
    let mut first = 0;
    for c in gram_channels(settings) {
        let part = first..first + c * (c + 1) / 2;
        first = part.end;
        halves.push(half(&|t| {
            let off: Vec<f32> =
                t.grams[part.clone()].iter().zip(&grey.grams[part.clone()]).map(|(a, b)| a - b).collect();
            squared_norm(&off, &[c])
        }));
    }
    let apart = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
    if settings.matches_correlation() {
        halves.push(half(&|t| apart(&t.correlation, &grey.correlation)));
    }
    if settings.matches_lineal_path() {
        halves.push(half(&|t| apart(&t.paths, &grey.paths)));
    }
    halves
}

/// The deviation of each number over all rows.
fn deviations<'a>(rows: impl ExactSizeIterator<Item = &'a [f32]> + Clone) -> Vec<f64> {
    let n = rows.len().max(1) as f64;
    let len = rows.clone().next().map_or(0, <[f32]>::len);
    let (mut means, mut squares) = (vec![0.0f64; len], vec![0.0f64; len]);
    for row in rows.clone() {
        means.iter_mut().zip(row).for_each(|(m, v)| *m += f64::from(*v) / n);
    }
    for row in rows {
        let off = row.iter().zip(&means).map(|(v, m)| (f64::from(*v) - m).powi(2));
        squares.iter_mut().zip(off).for_each(|(s, o)| *s += o / n);
    }
    squares.into_iter().map(f64::sqrt).collect()
}

/// Channels of the taps.
pub fn gram_channels(settings: &LatentSettings) -> Vec<usize> {
    settings.depth.default_taps().into_iter().map(Layer::channels).collect()
}

/// Unpacks the matrices of all taps.
pub fn unpacked(settings: &LatentSettings, packed: &[f32]) -> Vec<Vec<f32>> {
    let mut rest = packed;
    let one = |c: usize| {
        let mut matrix = vec![];
        rest = unpack(rest, c, &mut matrix);
        matrix
    };
    gram_channels(settings).into_iter().map(one).collect()
}

pub fn write_parameters(ready: &mut Ready, values: &[Vec<f32>]) {
    for (p, values) in ready.graph.network.parameters.iter().zip(values) {
        ready.program.write(p.id, values);
    }
}

/// Writes everything that a run over these patches reads; in a check, the latent points are the means.
pub fn feed(
    ready: &mut Ready,
    settings: &LatentSettings,
    patches: &[&Patch],
    targets: &[&Target],
    beta: f64,
    random: &mut Pcg64,
    is_check: bool,
) {
    let grey = || patches.iter().flat_map(|p| p.values.iter().map(|v| f32::from(*v) / 255.0)).collect::<Vec<f32>>();
    let graph = &ready.graph;
    let program = &mut ready.program;
    if settings.model.matches_pixels() {
        program.write(graph.input, &grey());
    } else {
        let features: Vec<f32> = targets.iter().flat_map(|t| t.features.iter().copied()).collect();
        program.write(graph.input, &features);
    }
    if let Some(id) = graph.patches {
        program.write(id, &grey());
    }
    let channels = gram_channels(settings);
    let mut rests: Vec<&[f32]> = targets.iter().map(|t| t.grams.as_slice()).collect();
    for (id, c) in graph.targets.iter().zip(channels) {
        let mut matrices = vec![];
        for rest in &mut rests {
            *rest = unpack(rest, c, &mut matrices);
        }
        program.write(*id, &matrices);
    }
    write_statistics(program, &graph.correlations, targets, |t| &t.correlation);
    write_statistics(program, &graph.paths, targets, |t| &t.paths);
    let codes = patches.len() * settings.dimensions;
    if let Some(id) = graph.sampling {
        program.write(id, &if is_check { vec![0.0; codes] } else { normals(random, codes) });
    }
    if let Some(id) = graph.prior {
        program.write(id, &normals(random, codes));
    }
    let size = (settings.edge, settings.edge);
    for (id, shape) in graph.noise.iter().zip(noise_shapes(settings, size, patches.len())) {
        program.write(*id, &normals(random, shape.len()));
    }
    if let Some(id) = graph.beta {
        program.write(id, &[beta as f32]);
    }
}

/// Writes the targets of a spatial statistic: a part of each patch's numbers to each input.
fn write_statistics(program: &mut Program, inputs: &[TensorId], targets: &[&Target], of: fn(&Target) -> &[f32]) {
    for (n, id) in inputs.iter().enumerate() {
        let part = |t: &&Target| {
            let numbers = of(t).len() / inputs.len();
            of(t)[n * numbers..(n + 1) * numbers].to_vec()
        };
        program.write(*id, &targets.iter().flat_map(part).collect::<Vec<f32>>());
    }
}

/// The unweighted losses of a run as shares of those of the whole batch, the divergence as the sum over its dimensions.
pub fn terms_of(ready: &Ready, outputs: &[Vec<f32>], whole: usize) -> Vec<f64> {
    let terms = &ready.graph.terms;
    let value = |(name, output): (&&str, &Vec<f32>)| match *name {
        "divergence" => outputs[terms.len()].iter().map(|v| f64::from(*v)).sum(),
        // A mean over the pairs of the run, whatever its size.
        "mode collapse" | "stationarity" => f64::from(output[0]) * ready.part as f64 / whole as f64,
        _ => f64::from(output[0]),
    };
    terms.iter().zip(outputs).map(value).collect()
}
