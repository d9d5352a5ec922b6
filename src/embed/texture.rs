//! Texture vectors: the Gram matrices of a feature network.

use ndarray::{Array2, ArrayView2};

use super::Distances;
use crate::compute::graph::{Graph, Padding, Pooling, Shape, TensorId};
use crate::compute::{ComputeError, Device, Program};
use crate::net::{Layer, Weights, features};

/// What a texture vector is made of.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextureSettings {
    /// The layers whose Gram matrices it has.
    pub layers: Vec<Layer>,
    /// Whether layers are scaled so that each has the same mean squared distance over the set. Else each Gram matrix is
    /// divided by its number of channels, as in the loss of Gatys, Ecker & Bethge (2015).
    pub alike: bool,
    /// Whether the mean over the four quarter turns of a picture and of its mirror image is taken, so that turned pictures
    /// are the same.
    pub turned: bool,
    /// Whether each picture is brought to the same mean and contrast first.
    pub normalised: bool,
}

impl Default for TextureSettings {
    fn default() -> Self {
        let layers = ["conv1_1", "conv2_1", "conv3_1"].iter().filter_map(|name| Layer::named(name)).collect();
        Self { layers, alike: true, turned: false, normalised: false }
    }
}

/// Errors of texture vectors.
#[derive(Debug, thiserror::Error)]
pub enum TextureError {
    /// The device, or a picture that is too small for the network.
    #[error(transparent)]
    Compute(#[from] ComputeError),
    /// Settings that cannot be met.
    #[error("{0}")]
    Settings(String),
}

/// The feature network, ready for pictures of one size.
pub struct TextureExtractor {
    program: Program,
    image: TensorId,
    size: (usize, usize),
    channels: Vec<usize>,
    settings: TextureSettings,
}

impl TextureExtractor {
    /// For pictures of a height and width.
    ///
    /// # Errors
    /// No layer is chosen, the weights lack one, the picture is too small, or the device lacks memory.
    pub fn new(
        device: &Device,
        weights: &Weights,
        settings: &TextureSettings,
        size: (usize, usize),
    ) -> Result<Self, TextureError> {
        if settings.layers.is_empty() {
            return Err(TextureError::Settings("Choose a layer of the network at least.".into()));
        }
        if settings.turned && size.0 != size.1 {
            let text = "Pictures have to be squares to be turned. Cut them to squares, or leave their direction in.";
            return Err(TextureError::Settings(text.into()));
        }
        let mut graph = Graph::new();
        let image = graph.input(Shape::new(size.0, size.1, 3));
        let out = features(&mut graph, image, weights, &settings.layers, Padding::Zero, Pooling::Mean)?;
        let channels = out.taps.iter().map(|(_, map)| graph.shape(*map).channels).collect();
        let program = device.compile(graph, &out.grams)?;
        Ok(Self { program, image, size, channels, settings: settings.clone() })
    }

    /// The Gram matrices of a picture of grey values 0 … 255, each divided by the number of positions of its layer and
    /// packed; see [`Textures`].
    ///
    /// # Errors
    /// The device is lost.
    pub fn extract(&mut self, grey: &[f32]) -> Result<Vec<f32>, TextureError> {
        let mut grey = Array2::from_shape_vec(self.size, grey.to_vec()).expect("a picture of this size");
        if self.settings.normalised {
            normalise(&mut grey);
        }
        let mut sum: Vec<f32> = vec![];
        let all = if self.settings.turned { turned(&grey) } else { vec![grey] };
        for picture in &all {
            let image: Vec<f32> = picture.iter().flat_map(|v| [*v; 3]).collect();
            self.program.write(self.image, &image);
            let grams = self.program.run()?;
            let packed: Vec<f32> = grams.iter().zip(&self.channels).flat_map(|(gram, c)| packed(gram, *c)).collect();
            match sum.is_empty() {
                true => sum = packed,
                false => sum.iter_mut().zip(packed).for_each(|(sum, v)| *sum += v),
            }
        }
        sum.iter_mut().for_each(|v| *v /= all.len() as f32);
        Ok(sum)
    }
}

/// The upper triangle of a symmetric matrix. Entries beside the diagonal stand for two, so they are times √2: Euclidean
/// distances between packed matrices are then those between the whole ones.
fn packed(matrix: &[f32], n: usize) -> Vec<f32> {
    let of_row = |row: usize| {
        let beside = matrix[row * n + row + 1..(row + 1) * n].iter().map(|v| v * std::f32::consts::SQRT_2);
        std::iter::once(matrix[row * n + row]).chain(beside)
    };
    (0..n).flat_map(of_row).collect()
}

/// Brings a picture to the mean and the contrast of grey noise.
fn normalise(grey: &mut Array2<f32>) {
    const MEAN: f32 = 127.5;
    const DEVIATION: f32 = 60.0;
    let mean = grey.mean().unwrap_or(MEAN);
    let deviation = (grey.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / grey.len() as f32).sqrt();
    let scale = if deviation > 0.0 { DEVIATION / deviation } else { 0.0 };
    grey.mapv_inplace(|v| MEAN + scale * (v - mean));
}

/// A square picture and its mirror image, each turned by quarters.
fn turned(grey: &Array2<f32>) -> Vec<Array2<f32>> {
    let mut all = vec![];
    let mirrored = grey.slice(ndarray::s![.., ..;-1]).to_owned();
    for mut picture in [grey.clone(), mirrored] {
        for _ in 0..4 {
            // A quarter turn is a transposition and a mirroring.
            picture = picture.t().slice(ndarray::s![.., ..;-1]).to_owned();
            all.push(picture.clone());
        }
    }
    all
}

/// The texture vectors of a set: for each member the packed Gram matrices of all layers, one after the other.
#[derive(Clone, Debug)]
pub struct Textures {
    vectors: Array2<f32>,
    layers: Vec<Layer>,
}

/// How many numbers the packed Gram matrix of so many channels has.
fn packed_length(channels: usize) -> usize {
    channels * (channels + 1) / 2
}

impl Textures {
    /// Bytes that a map of so many members takes, about: their vectors, and matrices of all distances.
    pub fn bytes(count: usize, layers: &[Layer]) -> u64 {
        /// Matrices at a time: those of a layer and of all, and the products of scaling.
        const MATRICES: u64 = 3;
        let count = count as u64;
        count * (4 * Self::length(layers) as u64 + 8 * MATRICES * count)
    }

    /// How many numbers a texture vector of these layers has.
    pub fn length(layers: &[Layer]) -> usize {
        layers.iter().map(|layer| packed_length(layer.channels())).sum()
    }

    /// From the vectors of all members, in order. None if there is none, or they have another length.
    pub fn new(vectors: Vec<Vec<f32>>, settings: &TextureSettings) -> Option<Self> {
        let mut layers = settings.layers.clone();
        layers.sort_unstable();
        layers.dedup();
        let length = Self::length(&layers);
        let count = vectors.len();
        if count == 0 || vectors.iter().any(|vector| vector.len() != length) {
            return None;
        }
        let mut flat = Vec::with_capacity(count * length);
        // Each is freed as soon as it is copied.
        vectors.into_iter().for_each(|vector| flat.extend(vector));
        Some(Self { vectors: Array2::from_shape_vec((count, length), flat).ok()?, layers })
    }

    /// The layers with the packed Gram matrices of all members.
    pub fn layers(&self) -> Vec<(Layer, ArrayView2<'_, f32>)> {
        let mut at = 0;
        let each = self.layers.iter().map(|layer| {
            let length = packed_length(layer.channels());
            at += length;
            (*layer, self.vectors.slice(ndarray::s![.., at - length..at]))
        });
        each.collect()
    }

    /// The distances of all members.
    pub fn distances(&self, settings: &TextureSettings) -> Distances {
        let mut sum = Distances::zero(self.vectors.nrows());
        // One layer after the other: the matrices of a large set are large.
        for (layer, vectors) in self.layers() {
            let distances = Distances::between(&vectors);
            let weight = match settings.alike {
                true => 1.0 / distances.mean_square().max(f64::MIN_POSITIVE),
                false => 1.0 / (layer.channels() as f64).powi(2),
            };
            sum.add(&distances, weight);
        }
        sum
    }
}
