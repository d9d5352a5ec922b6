//! The graph of a step of training, and of a check.

use std::sync::Arc;

use super::autocorrelation::autocorrelation;
use super::lineal::lineal_paths;
use super::minkowski::minkowski;
use super::network::{Network, encoder_input, noise_shapes};
use super::stationarity::place_variance;
use super::{LatentSettings, ModelKind};
use crate::compute::ComputeError;
use crate::compute::graph::{Function, Padding, Pooling, Shape, TensorId};
use crate::net::{Weights, features};

/// A step of training, or a check of the held-out patches.
pub struct Training {
    /// The graph with its parameters.
    pub network: Network,
    /// What is encoded.
    pub input: TensorId,
    /// The patches, 0 … 1, where pixels are matched.
    pub patches: Option<TensorId>,
    /// Gram matrices to match, times their weights.
    pub targets: Vec<TensorId>,
    /// Autocorrelations to match at each scale, times their weights.
    pub correlations: Vec<TensorId>,
    /// Lineal paths to match of each side and axis, times their weights.
    pub paths: Vec<TensorId>,
    /// Minkowski functionals to match, times their weights, and the weights.
    pub minkowski: Option<(TensorId, TensorId)>,
    /// Normal numbers that turn means into latent points.
    pub sampling: Option<TensorId>,
    /// Latent points drawn from the standard distribution, if a term needs samples.
    pub prior: Option<TensorId>,
    /// Noise of the layout.
    pub noise: Vec<TensorId>,
    /// Weight of the divergence.
    pub beta: Option<TensorId>,
    /// 1 if the Minkowski functionals count, 0 if they do not yet.
    pub begun: Option<TensorId>,
    /// Adam's numbers, see [`Graph::adam`]; `None` if nothing is trained.
    pub step: Option<TensorId>,
    /// Adam's state of each parameter.
    pub states: Vec<TensorId>,
    /// What a run returns, in this order: the losses of `terms`, the divergence of each dimension (where there is one),
    /// the pictures.
    pub outputs: Vec<TensorId>,
    /// Names of the first outputs.
    pub terms: Vec<&'static str>,
}

/// Weights of the numbers that a style loss compares.
#[derive(Clone, Debug, Default)]
pub struct StyleWeights {
    /// For each tap, one weight for every number of its Gram matrix.
    pub grams: Vec<Vec<f32>>,
    /// Weights of the autocorrelation, if it is matched.
    pub correlation: Vec<f32>,
    /// Weights of the lineal path, if it is matched.
    pub paths: Vec<f32>,
    /// The grey value, 0 … 1, between the phases whose lineal paths and Minkowski functionals are matched.
    pub threshold: f32,
    /// Variance of the grey values, 0 … 1, of the patches that are trained on.
    pub variance: f32,
    /// The loss at which each term of style counts as half in a TextureVAE: the taps, then the autocorrelation, the
    /// lineal path and the Minkowski functionals, as far as they are matched.
    pub halves: Vec<f32>,
}

impl Training {
    /// The graph of a batch of `batch` patches out of `whole` (the share of one run in a split batch); with `train` it
    /// ends in a step of Adam, without it in the losses.
    ///
    /// # Errors
    /// The settings do not fit together.
    pub fn new(
        settings: &LatentSettings,
        weights: &Weights,
        style: &StyleWeights,
        (batch, whole): (usize, usize),
        train: bool,
    ) -> Result<Self, ComputeError> {
        let mut n = Network::default();
        let size = (settings.edge, settings.edge);
        let each = 1.0 / whole as f64;
        let input = n.graph.input(encoder_input(settings).times(batch));
        let (mean, log_variance) = n.encoder(input, settings)?;
        let (mut sampling, mut z) = (None, mean);
        if let Some(log_variance) = log_variance {
            let noise = n.graph.input(Shape::vectors(batch, settings.dimensions));
            z = n.graph.pointwise(Function::Reparameterise, &[mean, log_variance, noise])?;
            sampling = Some(noise);
        }
        let noise: Vec<TensorId> = noise_shapes(settings, size, batch).into_iter().map(|s| n.graph.input(s)).collect();
        let picture = n.decoder(z, &noise, size, settings)?;
        let (mut losses, mut factors, mut terms) = (vec![], vec![], vec![]);
        // The losses that saturate in a TextureVAE.
        let mut of_style = vec![];
        let mut patches = None;
        if settings.model.matches_pixels() {
            let target = n.graph.input(n.graph.shape(picture));
            losses.push(n.graph.squared_error(picture, target, each as f32)?);
            factors.push(1.0);
            terms.push("pixels");
            patches = Some(target);
        }
        if settings.predicts_features() {
            let shape = encoder_input(settings);
            let each_one = n.graph.constant(Shape::SCALAR, Arc::new(vec![1.0 / (shape.len() as f32).sqrt()]))?;
            let predicted = n.linear("features", z, shape, 0.1)?;
            let predicted = n.graph.pointwise(Function::Multiply, &[predicted, each_one])?;
            losses.push(n.graph.squared_error(predicted, input, each as f32)?);
            factors.push(settings.feature_weight as f32);
            terms.push("features");
        }
        let (mut targets, mut correlations, mut paths) = (vec![], vec![], vec![]);
        let (mut functionals, mut at_functionals) = (None, None);
        let mut prior = None;
        if settings.model.matches_style() {
            // A picture that is not periodic has mirrored edges, like the patches.
            let padding = if settings.periodic { Padding::Periodic } else { Padding::Reflect };
            let rgb = n.rgb(picture)?;
            let taps = settings.depth.default_taps();
            let out = features(&mut n.graph, rgb, weights, &taps, padding, Pooling::Mean)?;
            let factor = if settings.model.matches_pixels() { settings.style_weight } else { 1.0 };
            for ((gram, weights), (depth, _)) in out.grams.iter().zip(&style.grams).zip(&out.taps) {
                let shape = n.graph.shape(*gram);
                let weights = n.graph.constant(shape.times(1), Arc::new(weights.clone()))?;
                let weighted = n.graph.pointwise(Function::Multiply, &[*gram, weights])?;
                let target = n.graph.input(shape);
                of_style.push(losses.len());
                losses.push(n.graph.squared_error(weighted, target, each as f32)?);
                factors.push(factor as f32);
                terms.push(depth.name());
                targets.push(target);
            }
            if settings.matches_correlation() {
                let found = autocorrelation(&mut n.graph, picture, settings.periodic)?;
                let (error, inputs) = statistics_error(&mut n, &found, &style.correlation, each)?;
                of_style.push(losses.len());
                losses.push(error);
                factors.push(settings.correlation_weight as f32);
                terms.push("autocorrelation");
                correlations = inputs;
            }
            if settings.matches_lineal_path() {
                let found = lineal_paths(&mut n.graph, picture, style.threshold, settings.periodic)?;
                let (error, inputs) = statistics_error(&mut n, &found, &style.paths, each)?;
                of_style.push(losses.len());
                losses.push(error);
                factors.push(settings.lineal_weight as f32);
                terms.push("lineal path");
                paths = inputs;
            }
            if settings.matches_minkowski() {
                let found = minkowski(&mut n.graph, picture, style.threshold, settings.periodic)?;
                let shape = n.graph.shape(found);
                let (target, weights) = (n.graph.input(shape), n.graph.input(shape));
                let weighted = n.graph.pointwise(Function::Multiply, &[found, weights])?;
                of_style.push(losses.len());
                losses.push(n.graph.squared_error(weighted, target, each as f32)?);
                factors.push(settings.minkowski_weight as f32);
                terms.push("Minkowski functionals");
                functionals = Some((target, weights));
                at_functionals = Some(losses.len() - 1);
            }
            if settings.is_stationary() && batch > 1 {
                losses.push(place_variance(&mut n.graph, picture, style.variance)?);
                factors.push((settings.stationarity_weight * batch as f64 * each) as f32);
                terms.push("stationarity");
            }
            if settings.model == ModelKind::Morphology && batch > 1 && settings.collapse_weight > 0.0 {
                // Samples of the standard distribution must not all be the same picture (Cang et al. 2018, Eq. 9): the
                // squared cosines between the feature maps of different samples, at the last layer.
                let points = n.graph.input(Shape::vectors(batch, settings.dimensions));
                let samples = n.decoder(points, &[], size, settings)?;
                let rgb = n.rgb(samples)?;
                let out = features(&mut n.graph, rgb, weights, &[settings.depth], padding, Pooling::Mean)?;
                losses.push(n.graph.pull_away(out.taps[0].1)?);
                factors.push((settings.collapse_weight * batch as f64 * each) as f32);
                terms.push("mode collapse");
                prior = Some(points);
            }
        }
        let mut divergence = None;
        let mut beta = None;
        if let Some(log_variance) = log_variance {
            let all = n.graph.pointwise(Function::Divergence, &[mean, log_variance])?;
            let by_dimension = n.graph.reduce(all, None, Shape::vectors(1, settings.dimensions), each as f32)?;
            let least = settings.free_bits * batch as f64 * each;
            let costs = n.graph.pointwise(Function::Floor(least as f32), &[by_dimension])?;
            let sum = n.graph.reduce(costs, None, Shape::SCALAR, 1.0)?;
            let weight = n.graph.input(Shape::SCALAR);
            losses.push(n.graph.pointwise(Function::Multiply, &[sum, weight])?);
            factors.push(1.0);
            terms.push("divergence");
            divergence = Some(by_dimension);
            beta = Some(weight);
        }
        let mut outputs = losses.clone();
        outputs.extend(divergence);
        outputs.push(picture);
        let (mut step, mut states, mut begun) = (None, vec![], None);
        if train {
            if settings.model == ModelKind::Texture {
                for (at, half) in of_style.into_iter().zip(&style.halves) {
                    let half = half * batch as f32 / whole as f32;
                    losses[at] = saturated(&mut n, losses[at], half)?;
                    factors[at] *= half;
                }
            }
            if let Some(at) = at_functionals {
                let on = n.graph.input(Shape::SCALAR);
                losses[at] = n.graph.pointwise(Function::Multiply, &[losses[at], on])?;
                begun = Some(on);
            }
            let total = n.graph.weighted_sum(&losses, &factors)?;
            let trained: Vec<TensorId> = n.parameters.iter().map(|p| p.id).collect();
            let gradients = n.graph.gradients(total, &trained)?;
            let numbers;
            (numbers, states) = n.graph.adam_all(&trained, gradients)?;
            step = Some(numbers);
        }
        Ok(Self {
            network: n,
            input,
            patches,
            targets,
            correlations,
            paths,
            minkowski: functionals,
            sampling,
            prior,
            noise,
            beta,
            begun,
            step,
            states,
            outputs,
            terms,
        })
    }
}

/// `x / (h + x)` of a loss, with a `half` of `h` (after Geman & McClure 1987, Bull. Int. Stat. Inst. 52:5).
///
/// The patterns of an untrained decoder are unlike any micrograph, most of all to the deepest layer, whose loss is then many
/// times that of a uniformly grey picture. Squared errors would let that layer alone decide; the decoder would paint grey
/// and take hundreds of steps to paint anything else. Here the layers whose losses are small count first.
fn saturated(n: &mut Network, loss: TensorId, half: f32) -> Result<TensorId, ComputeError> {
    let share = n.graph.weighted_sum(&[loss], &[1.0 / half])?;
    n.graph.pointwise(Function::Saturate, &[share])
}

/// The squared error of weighted statistics, and the inputs of their targets; `each` is the share of one patch.
fn statistics_error(
    n: &mut Network,
    found: &[TensorId],
    weights: &[f32],
    each: f64,
) -> Result<(TensorId, Vec<TensorId>), ComputeError> {
    let (mut errors, mut targets) = (vec![], vec![]);
    for (found, weights) in found.iter().zip(weights.chunks(weights.len() / found.len())) {
        let shape = n.graph.shape(*found);
        let weights = n.graph.constant(shape.times(1), Arc::new(weights.to_vec()))?;
        let weighted = n.graph.pointwise(Function::Multiply, &[*found, weights])?;
        let target = n.graph.input(shape);
        errors.push(n.graph.squared_error(weighted, target, each as f32)?);
        targets.push(target);
    }
    Ok((n.graph.weighted_sum(&errors, &vec![1.0; errors.len()])?, targets))
}
