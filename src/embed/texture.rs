//! Texture vectors: the Gram matrices of a feature network.

use ndarray::Array2;

use super::vectors::{SKETCH, Vectors, add_to_sketch};
use crate::compute::graph::{Graph, Padding, Pooling, Shape, TensorId};
use crate::compute::{ComputeError, Device, Program};
use crate::net::{Layer, Weights, features};

/// What a texture vector is made of.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TextureSettings {
    /// The layers whose Gram matrices it has, each with a weight of its squared distances.
    pub layers: Vec<(Layer, f64)>,
    /// Whether layers are scaled so that each has the same mean squared distance over the set, before the weights. Else
    /// each Gram matrix is divided by its number of channels, as in the loss of Gatys, Ecker & Bethge (2015), which
    /// Lubbers et al. take.
    pub alike: bool,
    /// Whether the mean over the four quarter turns of a picture and of its mirror image is taken, so that turned pictures
    /// are the same.
    pub turned: bool,
    /// Whether each picture is brought to the same mean and contrast first.
    pub normalised: bool,
}

impl Default for TextureSettings {
    fn default() -> Self {
        let names = ["conv1_1", "conv2_1", "conv3_1"];
        let layers = names.iter().filter_map(|name| Some((Layer::named(name)?, 1.0))).collect();
        Self { layers, alike: true, turned: false, normalised: false }
    }
}

impl TextureSettings {
    /// The layers in the order of the network, each once.
    fn ordered(&self) -> Vec<(Layer, f64)> {
        let mut layers = self.layers.clone();
        layers.sort_by_key(|(layer, _)| *layer);
        layers.dedup_by_key(|(layer, _)| *layer);
        layers
    }

    /// The layers with the number of numbers that each gives, in order. With `sketched`, Gram matrices of more than
    /// [`SKETCH`] numbers are replaced by sketches of that length.
    pub fn lengths(&self, sketched: bool) -> Vec<(Layer, usize)> {
        let length = |layer: Layer| match packed_length(layer.channels()) {
            long if sketched => long.min(SKETCH),
            long => long,
        };
        self.ordered().into_iter().map(|(layer, _)| (layer, length(layer))).collect()
    }

    /// Scales the texture vectors of a set, one row each.
    pub fn vectors(&self, rows: Array2<f32>, sketched: bool) -> Vectors {
        let lengths = self.lengths(sketched);
        let layers = self.ordered();
        let both = lengths.iter().zip(&layers);
        match self.alike {
            true => {
                Vectors::alike(rows, &both.map(|((_, length), (_, weight))| (*length, *weight)).collect::<Vec<_>>())
            }
            false => {
                let factor = |layer: Layer, weight: f64| (weight.sqrt() / layer.channels() as f64) as f32;
                Vectors::scaled(rows, both.map(|((_, length), (layer, w))| (*length, factor(*layer, *w))).collect())
            }
        }
    }

    /// Bytes that a map of so many members takes, about: their vectors, and matrices of all distances.
    pub fn bytes(&self, count: usize, sketched: bool) -> u64 {
        /// Matrices at a time: the distances, and the products of scaling.
        const MATRICES: u64 = 2;
        let length: usize = self.lengths(sketched).iter().map(|(_, length)| length).sum();
        let count = count as u64;
        count * (4 * length as u64 + 8 * MATRICES * count)
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
    sketched: bool,
}

impl TextureExtractor {
    /// For pictures of a height and width. `sketched` is that of [`TextureSettings::lengths`].
    ///
    /// # Errors
    /// No layer is chosen, the weights lack one, the picture is too small, or the device lacks memory.
    pub fn new(
        device: &Device,
        weights: &Weights,
        settings: &TextureSettings,
        size: (usize, usize),
        sketched: bool,
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
        let layers: Vec<Layer> = settings.ordered().into_iter().map(|(layer, _)| layer).collect();
        let out = features(&mut graph, image, weights, &layers, Padding::Zero, Pooling::Mean)?;
        let channels = out.taps.iter().map(|(_, map)| graph.shape(*map).channels).collect();
        let program = device.compile(graph, &out.grams)?;
        Ok(Self { program, image, size, channels, settings: settings.clone(), sketched })
    }

    /// The Gram matrices of a picture of grey values 0 … 255, each divided by the number of positions of its layer and
    /// packed, or sketched; one after the other in the order of the network.
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
            let sketched = self.sketched;
            let packed: Vec<f32> =
                grams.iter().zip(&self.channels).flat_map(|(gram, c)| part(gram, *c, sketched)).collect();
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

/// The packed matrix, or its sketch where it is longer.
fn part(matrix: &[f32], n: usize, sketched: bool) -> Vec<f32> {
    let whole = packed(matrix, n);
    if !sketched || whole.len() <= SKETCH {
        return whole;
    }
    let mut sketch = vec![0.0; SKETCH];
    add_to_sketch(&whole, &mut sketch);
    sketch
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

/// How many numbers the packed Gram matrix of so many channels has.
fn packed_length(channels: usize) -> usize {
    channels * (channels + 1) / 2
}
