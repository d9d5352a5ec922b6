//! The models as graphs.

use std::sync::Arc;

use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::autocorrelation::autocorrelation;
use super::lineal::lineal_paths;
use super::{Head, LatentSettings, ModelKind};
use crate::compute::ComputeError;
use crate::compute::graph::{Function, Graph, Padding, Pooling, Product, Shape, TensorId};
use crate::net::{Weights, features};
use crate::stats::normal;

/// Slope of the decoder's LeakyReLU (Sardeshmukh et al. 2021).
const SLOPE: f32 = 0.3;
/// Blocks of a TextureVAE's decoder, each of which doubles the size.
const BLOCKS: usize = 4;
/// Slope that the picture keeps where the sigmoid is flat. Without it, a picture that has become uniformly grey early
/// in the training stays so (seen in one of two runs).
const LEAK: f32 = 0.01;
/// The name of the last convolution.
const OUTPUT: &str = "output";
/// Channels of the noise from which a free layout starts.
const SEEDS: usize = 16;

/// A trained tensor of a graph.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name in files.
    pub name: String,
    /// The input that holds it.
    pub id: TensorId,
    /// Deviation of the normal numbers it starts from; 0 for zeros.
    pub deviation: f64,
}

/// A graph with its trained tensors.
#[derive(Default)]
pub struct Network {
    /// The operations.
    pub graph: Graph,
    /// What is trained, in the order in which it was added.
    pub parameters: Vec<Parameter>,
}

impl Network {
    fn parameter(&mut self, name: String, shape: Shape, deviation: f64) -> TensorId {
        // Two parts that share a tensor use the same input.
        if let Some(known) = self.parameters.iter().find(|p| p.name == name) {
            return known.id;
        }
        let id = self.graph.input(shape);
        self.parameters.push(Parameter { name, id, deviation });
        id
    }

    /// A convolution that keeps the size, He-scaled.
    fn conv(
        &mut self,
        name: &str,
        x: TensorId,
        outputs: usize,
        edge: usize,
        periodic: bool,
    ) -> Result<TensorId, ComputeError> {
        let inputs = self.graph.shape(x).channels;
        // The last convolution starts near one grey value, where the sigmoid is not yet flat.
        let gain = if name == OUTPUT || name.ends_with("more") { 0.3 } else { 1.0 };
        let deviation = gain * (2.0 / (edge * edge * inputs) as f64).sqrt();
        let weights = self.parameter(format!("{name}.weight"), Shape::new(edge * edge, inputs, outputs), deviation);
        let bias = self.parameter(format!("{name}.bias"), Shape::new(1, 1, outputs), 0.0);
        self.graph.conv_same(x, weights, bias, edge, periodic)
    }

    /// A fully connected layer whose numbers start with `gain` times the deviation that keeps the scale.
    fn linear(&mut self, name: &str, x: TensorId, shape: Shape, gain: f64) -> Result<TensorId, ComputeError> {
        let inputs = self.graph.shape(x).image_len();
        let deviation = gain / (inputs as f64).sqrt();
        let weights = self.parameter(format!("{name}.weight"), Shape::new(inputs, 1, shape.len()), deviation);
        let bias = self.parameter(format!("{name}.bias"), shape, 0.0);
        self.graph.linear(x, weights, bias, shape)
    }

    fn leaky(&mut self, x: TensorId, slope: f32) -> Result<TensorId, ComputeError> {
        self.graph.pointwise(Function::LeakyRelu(slope), &[x])
    }

    /// Mean and, of a variational model, log variance of the latent point, from the encoder's input.
    fn encoder(
        &mut self,
        x: TensorId,
        settings: &LatentSettings,
    ) -> Result<(TensorId, Option<TensorId>), ComputeError> {
        let shape = Shape::new(1, 1, settings.dimensions);
        let mut x = x;
        if settings.model.matches_pixels() {
            for stage in 0..3 {
                for half in 0..2 {
                    let name = format!("encoder.{}", 2 * stage + half);
                    x = self.conv(&name, x, (stage + 1) * settings.width, 4, settings.periodic)?;
                    x = self.leaky(x, 0.0)?;
                }
                x = self.graph.pool(x, Pooling::Max)?;
            }
            x = self.linear("encoder.full", x, Shape::new(1, 1, 256), 2f64.sqrt())?;
            x = self.leaky(x, 0.0)?;
        }
        // Features are scaled so that their whole vector has length 1 (see `Scaling`).
        let gain = match settings.model.matches_pixels() {
            true => 1.0,
            false => (self.graph.shape(x).image_len() as f64).sqrt(),
        };
        let mean = self.linear("mean", x, shape, gain)?;
        let log_variance = match settings.model.is_variational() {
            true => Some(self.linear("log_variance", x, shape, 0.1 * gain)?),
            false => None,
        };
        Ok((mean, log_variance))
    }

    /// The picture of latent points `z`, in 0 … 1 except for a leak of a few hundredths; `noise` has the shapes of
    /// [`noise_shapes`].
    fn decoder(
        &mut self,
        z: TensorId,
        noise: &[TensorId],
        (height, width): (usize, usize),
        settings: &LatentSettings,
    ) -> Result<TensorId, ComputeError> {
        let y = if settings.model == ModelKind::Texture {
            self.texture_decoder(z, noise, (height, width), settings)?
        } else {
            self.mirrored_decoder(z, settings)?
        };
        let edge = if settings.model == ModelKind::Texture { 3 } else { 4 };
        let y = self.conv(OUTPUT, y, 1, edge, settings.periodic)?;
        let bounded = self.graph.pointwise(Function::Sigmoid, &[y])?;
        let leak = self.graph.constant(Shape::SCALAR, Arc::new(vec![LEAK]))?;
        let leaked = self.graph.pointwise(Function::Multiply, &[y, leak])?;
        self.graph.pointwise(Function::Add, &[bounded, leaked])
    }

    /// Four blocks of 3 × 3 convolution, LeakyReLU and doubling, then one more convolution at full size.
    ///
    /// With a free layout, the picture starts from noise, and more noise is added at every size. The latent point only
    /// scales and shifts the channels (as in StyleGAN: Karras, Laine & Aila 2019, arXiv:1812.04948). It therefore
    /// decides what the picture shows, but not where.
    fn texture_decoder(
        &mut self,
        z: TensorId,
        noise: &[TensorId],
        (height, width): (usize, usize),
        settings: &LatentSettings,
    ) -> Result<TensorId, ComputeError> {
        let mut y = match noise.first() {
            Some(seeds) => *seeds,
            None => {
                let start = Shape::new(height >> BLOCKS, width >> BLOCKS, settings.width);
                self.linear("decoder.start", z, start, 1.0)?
            }
        };
        for block in 0..=BLOCKS {
            let channels = if block < BLOCKS - 1 { settings.width } else { settings.width.div_ceil(2) };
            y = self.conv(&format!("decoder.{block}"), y, channels, 3, settings.periodic)?;
            if let Some(field) = noise.get(block + 1) {
                let weights = self.parameter(format!("decoder.{block}.noise"), Shape::new(1, 1, channels), 0.3);
                let rows = self.graph.shape(y).rows();
                let product = Product { rows, columns: channels, inner: 1, transpose_a: false, transpose_b: false };
                let shape = self.graph.shape(y);
                let added = self.graph.product(*field, weights, product, shape)?;
                y = self.graph.pointwise(Function::Add, &[y, added])?;
                let vector = Shape::new(1, 1, channels);
                let scale = self.linear(&format!("decoder.{block}.scale"), z, vector, 0.1)?;
                let shift = self.linear(&format!("decoder.{block}.shift"), z, vector, 0.1)?;
                y = self.graph.pointwise(Function::Modulate, &[y, scale])?;
                y = self.graph.pointwise(Function::Add, &[y, shift])?;
            }
            y = self.leaky(y, SLOPE)?;
            if !noise.is_empty() {
                // A second convolution with a skip connection, which does not weaken the first (He et al. 2016,
                // arXiv:1512.03385). The shapes of particles then depend on more than one neighbourhood at each size.
                let more = self.conv(&format!("decoder.{block}.more"), y, channels, 3, settings.periodic)?;
                let more = self.leaky(more, SLOPE)?;
                y = self.graph.pointwise(Function::Add, &[y, more])?;
            }
            if block < BLOCKS {
                y = self.graph.upsample(y);
            }
        }
        Ok(y)
    }

    /// The layers of [`Network::encoder`] in reverse order.
    fn mirrored_decoder(&mut self, z: TensorId, settings: &LatentSettings) -> Result<TensorId, ComputeError> {
        let w = settings.width;
        let y = self.linear("decoder.full", z, Shape::new(1, 1, 256), 2f64.sqrt())?;
        let mut y = self.leaky(y, 0.0)?;
        let start = Shape::new(settings.edge / 8, settings.edge / 8, 3 * w);
        y = self.linear("decoder.start", y, start, 2f64.sqrt())?;
        y = self.leaky(y, 0.0)?;
        for stage in 0..3 {
            y = self.graph.upsample(y);
            for half in 0..2 {
                let name = format!("decoder.{}", 2 * stage + half);
                let channels = if half == 0 { 3 - stage } else { (2 - stage).max(1) } * w;
                y = self.conv(&name, y, channels, 4, settings.periodic)?;
                y = self.leaky(y, 0.0)?;
            }
        }
        Ok(y)
    }

    /// The squared error of weighted statistics, and the inputs of their targets; `each` is the share of one patch.
    fn statistics_error(
        &mut self,
        found: &[TensorId],
        weights: &[f32],
        each: f64,
    ) -> Result<(TensorId, Vec<TensorId>), ComputeError> {
        let (mut errors, mut targets) = (vec![], vec![]);
        for (found, weights) in found.iter().zip(weights.chunks(weights.len() / found.len())) {
            let shape = self.graph.shape(*found);
            let weights = self.graph.constant(shape.times(1), Arc::new(weights.to_vec()))?;
            let weighted = self.graph.pointwise(Function::Multiply, &[*found, weights])?;
            let target = self.graph.input(shape);
            errors.push(self.graph.squared_error(weighted, target, each as f32)?);
            targets.push(target);
        }
        Ok((self.graph.weighted_sum(&errors, &vec![1.0; errors.len()])?, targets))
    }

    /// The picture as the feature network expects it: three channels in 0 … 255.
    fn rgb(&mut self, picture: TensorId) -> Result<TensorId, ComputeError> {
        let s = self.graph.shape(picture);
        let white = self.graph.constant(Shape::new(1, 1, 3), Arc::new(vec![255.0; 3]))?;
        let product = Product { rows: s.rows(), columns: 3, inner: 1, transpose_a: false, transpose_b: false };
        self.graph.product(picture, white, product, Shape { channels: 3, ..s })
    }
}

/// Shapes of the noise that the decoder of a free layout reads: seeds at the smallest size, then a field for each
/// convolution; none for other decoders.
pub fn noise_shapes(settings: &LatentSettings, (height, width): (usize, usize), batch: usize) -> Vec<Shape> {
    if settings.model != ModelKind::Texture || !settings.free_layout {
        return vec![];
    }
    let at = |halvings: usize, channels| Shape::new(height >> halvings, width >> halvings, channels).times(batch);
    let fields = (0..=BLOCKS).map(|block| at(BLOCKS - block, 1));
    std::iter::once(at(BLOCKS, SEEDS)).chain(fields).collect()
}

/// The shape of what the encoder reads for one patch: the patch itself, or its features.
pub fn encoder_input(settings: &LatentSettings) -> Shape {
    if settings.model.matches_pixels() {
        return Shape::new(settings.edge, settings.edge, 1);
    }
    match settings.head {
        Head::Pooled => Shape::new(1, 1, settings.depth.default_taps().iter().map(|d| 2 * d.channels()).sum()),
        Head::Flattened => {
            let edge = settings.edge / settings.depth.stride();
            Shape::new(edge, edge, settings.depth.channels())
        }
    }
}

/// Encodes a batch.
pub struct Encoder {
    /// The graph with its parameters.
    pub network: Network,
    /// What is encoded.
    pub input: TensorId,
    /// Mean of the latent points.
    pub mean: TensorId,
    /// Log variance of the latent points, of a variational model.
    pub log_variance: Option<TensorId>,
}

impl Encoder {
    /// An encoder for batches of a size.
    ///
    /// # Errors
    /// The settings do not fit together.
    pub fn new(settings: &LatentSettings, batch: usize) -> Result<Self, ComputeError> {
        let mut network = Network::default();
        let input = network.graph.input(encoder_input(settings).times(batch));
        let (mean, log_variance) = network.encoder(input, settings)?;
        Ok(Self { network, input, mean, log_variance })
    }
}

/// Decodes a batch.
pub struct Decoder {
    /// The graph with its parameters.
    pub network: Network,
    /// Latent points.
    pub z: TensorId,
    /// Noise, see [`noise_shapes`].
    pub noise: Vec<TensorId>,
    /// Pictures, 0 … 1.
    pub picture: TensorId,
}

impl Decoder {
    /// A decoder for batches of pictures of a size. Only a free layout can differ in size from the patches.
    ///
    /// # Errors
    /// The settings do not fit together.
    pub fn new(settings: &LatentSettings, size: (usize, usize), batch: usize) -> Result<Self, ComputeError> {
        let mut network = Network::default();
        let z = network.graph.input(Shape::vectors(batch, settings.dimensions));
        let noise: Vec<TensorId> =
            noise_shapes(settings, size, batch).into_iter().map(|s| network.graph.input(s)).collect();
        let picture = network.decoder(z, &noise, size, settings)?;
        Ok(Self { network, z, noise, picture })
    }
}

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
    /// Normal numbers that turn means into latent points.
    pub sampling: Option<TensorId>,
    /// Latent points drawn from the standard distribution, if a term needs samples.
    pub prior: Option<TensorId>,
    /// Noise of the layout.
    pub noise: Vec<TensorId>,
    /// Weight of the divergence.
    pub beta: Option<TensorId>,
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
    /// The grey value, 0 … 1, between the phases whose lineal paths are matched.
    pub threshold: f32,
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
                losses.push(n.graph.squared_error(weighted, target, each as f32)?);
                factors.push(factor as f32);
                terms.push(depth.name());
                targets.push(target);
            }
            if settings.matches_correlation() {
                let found = autocorrelation(&mut n.graph, picture, settings.periodic)?;
                let (error, inputs) = n.statistics_error(&found, &style.correlation, each)?;
                losses.push(error);
                factors.push(settings.correlation_weight as f32);
                terms.push("autocorrelation");
                correlations = inputs;
            }
            if settings.matches_lineal_path() {
                let found = lineal_paths(&mut n.graph, picture, style.threshold, settings.periodic)?;
                let (error, inputs) = n.statistics_error(&found, &style.paths, each)?;
                losses.push(error);
                factors.push(settings.lineal_weight as f32);
                terms.push("lineal path");
                paths = inputs;
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
        let (mut step, mut states) = (None, vec![]);
        if train {
            let total = n.graph.weighted_sum(&losses, &factors)?;
            let trained: Vec<TensorId> = n.parameters.iter().map(|p| p.id).collect();
            let gradients = n.graph.gradients(total, &trained)?;
            let numbers = n.graph.input(Shape::new(1, 1, 4));
            for (parameter, gradient) in trained.iter().zip(gradients) {
                let state = n.graph.input(Shape::new(3, 1, n.graph.shape(*parameter).len()));
                n.graph.adam(*parameter, gradient, state, numbers)?;
                states.push(state);
            }
            step = Some(numbers);
        }
        Ok(Self {
            network: n,
            input,
            patches,
            targets,
            correlations,
            paths,
            sampling,
            prior,
            noise,
            beta,
            step,
            states,
            outputs,
            terms,
        })
    }
}

/// Normal numbers for every parameter, from a seed; the picture starts at the grey value `mean` (0 … 1).
pub fn initial(parameters: &[Parameter], graph: &Graph, mean: f64, seed: u64) -> Vec<Vec<f32>> {
    let mut random = Pcg64::seed_from_u64(seed);
    let mean = mean.clamp(0.05, 0.95);
    let numbers = |p: &Parameter| {
        let len = graph.shape(p.id).len();
        if p.name == format!("{OUTPUT}.bias") {
            return vec![(mean / (1.0 - mean)).ln() as f32; len];
        }
        if p.deviation == 0.0 {
            return vec![0.0; len];
        }
        (0..len).map(|_| (normal(&mut random) * p.deviation) as f32).collect()
    };
    parameters.iter().map(numbers).collect()
}
