//! What a run over a batch reads and returns.

use rand_pcg::Pcg64;

use super::network::noise_shapes;
use super::targets::{Target, unpack};
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

/// Channels of the taps.
pub fn gram_channels(settings: &LatentSettings) -> Vec<usize> {
    settings.depth.default_taps().into_iter().map(Layer::channels).collect()
}

pub fn write_parameters(ready: &mut Ready, values: &[Vec<f32>]) {
    for (p, values) in ready.graph.network.parameters.iter().zip(values) {
        ready.program.write(p.id, values);
    }
}

/// Writes everything that a run over these patches reads: the weight of the divergence, and whether the Minkowski functionals
/// count yet. In a check, the latent points are the means.
pub fn feed(
    ready: &mut Ready,
    settings: &LatentSettings,
    patches: &[&Patch],
    targets: &[&Target],
    (beta, functionals): (f64, bool),
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
    if let Some((numbers, weights)) = graph.minkowski {
        write_statistics(program, &[numbers], targets, |t| &t.minkowski);
        write_statistics(program, &[weights], targets, |t| &t.minkowski_weights);
    }
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
    if let Some(id) = graph.begun {
        program.write(id, &[f32::from(u8::from(functionals))]);
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
