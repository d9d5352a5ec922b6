//! The layers of a network, and their graph.

use ndarray::ArrayView1;

use crate::compute::ComputeError;
use crate::compute::graph::{ConvSettings, Function, Graph, Op, Pooling, Shape, TensorId};
use crate::net::Preprocessing;

/// What a network reads of a row.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NetworkInput {
    /// So many numbers of about mean 0 and deviation 1.
    Numbers(usize),
    /// A picture of grey values 0 … 255.
    Picture {
        /// Height and width, in pixels.
        size: (usize, usize),
        /// Edge of the squares over which it is averaged first, in pixels.
        squares: usize,
        /// What the first transferred layer expects, of three equal channels; without it −1 … 1 in one channel.
        preprocessing: Option<Preprocessing>,
    },
}

/// 3 × 3 convolutions with rectifiers, then full layers with rectifiers, then one linear unit.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Architecture {
    /// What it reads.
    pub input: NetworkInput,
    /// Channels of each convolution, and whether the largest of 2 × 2 positions is taken after it.
    pub convolutions: Vec<(usize, bool)>,
    /// Whether the full layers read the mean of each channel over all positions: where something is does not matter then.
    pub averaged: bool,
    /// Units of the hidden full layers.
    pub units: Vec<usize>,
}

/// The full layers in a graph.
pub struct Full {
    /// One number for each image.
    pub output: TensorId,
    /// The last hidden layer.
    pub hidden: TensorId,
    /// What each hidden unit is multiplied by, where units are left out.
    pub masks: Vec<TensorId>,
}

/// The most numbers of a layer: what is larger is damaged.
const MOST: usize = 1 << 29;

impl Architecture {
    /// How many numbers a row has.
    pub const fn inputs(&self) -> usize {
        match self.input {
            NetworkInput::Numbers(count) => count,
            NetworkInput::Picture { size, .. } => size.0 * size.1,
        }
    }

    /// The shape of what the first layer reads.
    pub const fn input_shape(&self) -> Shape {
        match self.input {
            NetworkInput::Numbers(count) => Shape::vectors(1, count),
            NetworkInput::Picture { size, squares, preprocessing } => {
                Shape::new(size.0 / squares, size.1 / squares, if preprocessing.is_some() { 3 } else { 1 })
            }
        }
    }

    /// The shape of what the full layers read.
    pub fn features(&self) -> Shape {
        let map = self.convolutions.iter().fold(self.input_shape(), |s, (channels, pooled)| {
            let step = if *pooled { 2 } else { 1 };
            Shape::new(s.height / step, s.width / step, *channels)
        });
        if self.averaged && !map.is_empty() { Shape::vectors(1, map.channels) } else { map }
    }

    /// Units of the last hidden layer.
    pub fn hidden(&self) -> usize {
        self.units.last().copied().unwrap_or_else(|| self.features().len())
    }

    /// How many pictures are computed at once where nothing else limits them, at most so many: fewer of large ones.
    pub fn together(&self, most: usize) -> usize {
        /// Numbers of a layer's maps of all pictures.
        const NUMBERS: usize = 1 << 25;
        let widest = self.convolutions.iter().map(|(channels, _)| *channels).max().unwrap_or(1);
        (NUMBERS / (self.input_shape().positions() * widest).max(1)).clamp(1, most)
    }

    /// The shapes of the weights and the bias of each layer.
    pub fn shapes(&self) -> Vec<Shape> {
        let mut shapes = vec![];
        let mut inputs = self.input_shape().channels;
        for (channels, _) in &self.convolutions {
            shapes.extend([Shape::new(9, inputs, *channels), Shape::new(1, 1, *channels)]);
            inputs = *channels;
        }
        let mut inputs = self.features().len();
        for units in self.units.iter().copied().chain([1]) {
            shapes.extend([Shape::new(inputs, 1, units), Shape::new(1, 1, units)]);
            inputs = units;
        }
        shapes
    }

    /// Whether it can be a network at all: for those that come from files.
    pub fn is_sound(&self) -> bool {
        const MOST_LAYERS: usize = 32;
        let fits = |n: usize| (1..1 << 20).contains(&n);
        let reads = match self.input {
            NetworkInput::Numbers(count) => fits(count),
            NetworkInput::Picture { size, squares, .. } => {
                fits(size.0) && fits(size.1) && fits(squares) && size.0.min(size.1) >= squares
            }
        };
        let layers = self.convolutions.iter().map(|(n, _)| *n).chain(self.units.iter().copied());
        let is_deep = self.convolutions.len().max(self.units.len()) > MOST_LAYERS;
        reads && !is_deep && layers.into_iter().all(fits) && !self.features().is_empty() && {
            let mut widths = std::iter::once(self.features().len()).chain(self.units.iter().copied()).zip(&self.units);
            widths.all(|(inputs, units)| inputs.checked_mul(*units).is_some_and(|n| n <= MOST))
        }
    }

    /// What the first layer reads of a row.
    pub fn prepared(&self, row: ArrayView1<f64>) -> Vec<f32> {
        let NetworkInput::Picture { size, squares, preprocessing } = self.input else {
            return row.iter().map(|v| *v as f32).collect();
        };
        let (height, width) = (size.0 / squares, size.1 / squares);
        let mut sums = vec![0.0f64; height * width];
        for (at, value) in row.iter().enumerate().take(height * squares * size.1) {
            let (y, x) = (at / size.1 / squares, at % size.1 / squares);
            if x < width {
                sums[y * width + x] += value;
            }
        }
        let means = sums.into_iter().map(|sum| sum / (squares * squares) as f64);
        match preprocessing {
            Some(_) => means.flat_map(|v| [v as f32; 3]).collect(),
            None => means.map(|v| (v / 127.5 - 1.0) as f32).collect(),
        }
    }

    /// Adds the convolutions to a graph, with kernels and biases that are constants or inputs.
    ///
    /// # Errors
    /// The shapes do not fit together.
    pub fn convolve(&self, graph: &mut Graph, x: TensorId, kernels: &[TensorId]) -> Result<TensorId, ComputeError> {
        let mut x = x;
        if let NetworkInput::Picture { preprocessing: Some(own), .. } = self.input {
            x = graph.channel_shift(x, own.order, own.scale, own.shift)?;
        }
        for ((_, pooled), own) in self.convolutions.iter().zip(kernels.chunks_exact(2)) {
            // A rectifier in the convolution itself is quicker, and has no adjoint with respect to the kernels.
            let is_fixed = matches!(graph.nodes()[own[0].0].op, Op::Constant(_));
            x = graph.conv(x, own[0], Some(own[1]), None, ConvSettings::same(3, false, is_fixed))?;
            if !is_fixed {
                x = graph.pointwise(Function::LeakyRelu(0.0), &[x])?;
            }
            if *pooled {
                x = graph.pool(x, Pooling::Max)?;
            }
        }
        if self.averaged {
            let map = graph.shape(x);
            x = graph.reduce(x, None, Shape::vectors(map.batch, map.channels), 1.0 / map.positions() as f32)?;
        }
        Ok(x)
    }

    /// Adds the full layers to a graph. With `dropout`, hidden units are multiplied by inputs.
    ///
    /// # Errors
    /// The shapes do not fit together.
    pub fn connect(
        &self,
        graph: &mut Graph,
        features: TensorId,
        weights: &[TensorId],
        scale: f32,
        dropout: Option<f32>,
    ) -> Result<Full, ComputeError> {
        let batch = graph.shape(features).batch;
        let mut y = features;
        if scale != 1.0 {
            let scale = graph.constant(Shape::SCALAR, std::sync::Arc::new(vec![scale]))?;
            y = graph.pointwise(Function::Multiply, &[y, scale])?;
        }
        let mut masks = vec![];
        for (units, own) in self.units.iter().zip(weights.chunks_exact(2)) {
            let sums = graph.linear(y, own[0], own[1], Shape::new(1, 1, *units))?;
            y = graph.pointwise(Function::LeakyRelu(0.0), &[sums])?;
            if dropout.is_some() {
                let mask = graph.input(Shape::vectors(batch, *units));
                y = graph.pointwise(Function::Multiply, &[y, mask])?;
                masks.push(mask);
            }
        }
        let last = &weights[2 * self.units.len()..];
        let output = graph.linear(y, last[0], last[1], Shape::new(1, 1, 1))?;
        Ok(Full { output, hidden: y, masks })
    }
}
