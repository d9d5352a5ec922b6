//! The models as graphs.

use std::sync::Arc;

use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::{Head, LatentSettings, ModelKind};
use crate::compute::ComputeError;
use crate::compute::graph::{Function, Graph, Pooling, Product, Shape, TensorId};
use crate::stats::normal;

/// Slope of the decoder's LeakyReLU (Sardeshmukh et al. 2021).
const SLOPE: f32 = 0.3;
/// Blocks of a TextureVAE's decoder, each of which doubles the size.
const BLOCKS: usize = 4;
/// Pixels of a picture that come from one pixel of the start.
pub const CELL: usize = 1 << BLOCKS;
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
    /// Whether the numbers of each tap of a convolution start with a sum of zero over its inputs.
    pub centred: bool,
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
        self.parameters.push(Parameter { name, id, deviation, centred: false });
        id
    }

    /// A convolution that keeps the size. Its numbers start with `gain` times the deviation that keeps the scale behind a
    /// ReLU (He et al. 2015, arXiv:1502.01852).
    fn conv(
        &mut self,
        name: &str,
        x: TensorId,
        outputs: usize,
        gain: f64,
        (edge, periodic): (usize, bool),
    ) -> Result<TensorId, ComputeError> {
        let inputs = self.graph.shape(x).channels;
        let deviation = gain * (2.0 / (edge * edge * inputs) as f64).sqrt();
        let weights = self.parameter(format!("{name}.weight"), Shape::new(edge * edge, inputs, outputs), deviation);
        let bias = self.parameter(format!("{name}.bias"), Shape::new(1, 1, outputs), 0.0);
        self.graph.conv_same(x, weights, bias, edge, periodic)
    }

    /// A fully connected layer whose numbers start with `gain` times the deviation that keeps the scale.
    pub(super) fn linear(
        &mut self,
        name: &str,
        x: TensorId,
        shape: Shape,
        gain: f64,
    ) -> Result<TensorId, ComputeError> {
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
    pub(super) fn encoder(
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
                    x = self.conv(&name, x, (stage + 1) * settings.width, 1.0, (4, settings.periodic))?;
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
    pub(super) fn decoder(
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
        let (gain, edge) = match settings.model {
            // A texture starts from a pattern with contrast, because a grey picture has hardly a gradient to leave grey.
            ModelKind::Texture => (2.0, 3),
            // A picture that is matched pixel by pixel starts near one grey value, where the sigmoid is not yet flat.
            _ => (0.3, 4),
        };
        let y = self.conv(OUTPUT, y, 1, gain, (edge, settings.periodic))?;
        if settings.model == ModelKind::Texture {
            // All inputs are above zero on average. Their sum would make the first pattern dark or bright.
            self.parameters.iter_mut().filter(|p| p.name == "output.weight").for_each(|p| p.centred = true);
        }
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
            y = self.conv(&format!("decoder.{block}"), y, channels, 1.0, (3, settings.periodic))?;
            if let Some(field) = noise.get(block + 1) {
                // The first pattern is smooth: noise at the finest sizes begins at zero.
                let deviation = if block < BLOCKS - 1 { 0.3 } else { 0.0 };
                let weights = self.parameter(format!("decoder.{block}.noise"), Shape::new(1, 1, channels), deviation);
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
                let more = self.conv(&format!("decoder.{block}.more"), y, channels, 0.3, (3, settings.periodic))?;
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
                y = self.conv(&name, y, channels, 1.0, (4, settings.periodic))?;
                y = self.leaky(y, 0.0)?;
            }
        }
        Ok(y)
    }

    /// The picture as the feature network expects it: three channels in 0 … 255.
    pub(super) fn rgb(&mut self, picture: TensorId) -> Result<TensorId, ComputeError> {
        let s = self.graph.shape(picture);
        let white = self.graph.constant(Shape::new(1, 1, 3), Arc::new(vec![255.0; 3]))?;
        let product = Product { rows: s.rows(), columns: 3, inner: 1, transpose_a: false, transpose_b: false };
        self.graph.product(picture, white, product, Shape { channels: 3, ..s })
    }
}

/// Shapes of the noise that the decoder of a free layout reads: seeds at the smallest size, then a field for each
/// convolution; none for other decoders.
pub fn noise_shapes(settings: &LatentSettings, (height, width): (usize, usize), batch: usize) -> Vec<Shape> {
    if !settings.has_free_layout() {
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
        let mut values: Vec<f32> = (0..len).map(|_| (normal(&mut random) * p.deviation) as f32).collect();
        if p.centred {
            // Shape `[taps, inputs, 1]`.
            let inputs = graph.shape(p.id).width;
            for tap in values.chunks_mut(inputs) {
                let mean = tap.iter().sum::<f32>() / inputs as f32;
                tap.iter_mut().for_each(|v| *v -= mean);
            }
        }
        values
    };
    parameters.iter().map(numbers).collect()
}
