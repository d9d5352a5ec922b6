//! A network that was trained.

use std::sync::Arc;

use ndarray::Array2;

use super::architecture::{Architecture, NetworkInput};
use crate::compute::Device;
use crate::compute::graph::Graph;
use crate::learn::LearnError;

/// A trained network.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Network {
    pub(super) architecture: Architecture,
    /// What features are multiplied with before the full layers, so that they have a mean square of 1.
    pub(super) scale: f32,
    /// Mean and deviation of the values.
    pub(super) mean: f64,
    pub(super) deviation: f64,
    /// Weights and biases of each layer, one after the other. A file has them as tensors.
    #[serde(skip)]
    pub(super) layers: Vec<Arc<Vec<f32>>>,
}

/// Rows that are computed in one run, at most.
pub const TOGETHER: usize = 16;

impl Network {
    /// Whether it reads pictures, not numbers.
    pub const fn reads_pictures(&self) -> bool {
        matches!(self.architecture.input, NetworkInput::Picture { .. })
    }

    /// Its weights and biases, one after the other.
    pub fn layers(&self) -> &[Arc<Vec<f32>>] {
        &self.layers
    }

    /// The same network with other weights: those of its file.
    #[must_use]
    pub fn with_layers(self, layers: Vec<Arc<Vec<f32>>>) -> Self {
        Self { layers, ..self }
    }

    /// The predictions of rows, and what the units of the last hidden layer say of each.
    ///
    /// # Errors
    /// There is not enough memory.
    pub fn run(&self, rows: &Array2<f64>) -> Result<(Vec<f64>, Array2<f64>), LearnError> {
        let count = rows.nrows();
        let batch = count.clamp(1, self.architecture.together(TOGETHER));
        let convolutions = self.architecture.convolutions.len();
        let mut graph = Graph::new();
        let x = graph.input(self.architecture.input_shape().times(batch));
        let shapes = self.architecture.shapes();
        let parameters = shapes.iter().zip(&self.layers).map(|(shape, values)| graph.constant(*shape, values.clone()));
        let parameters: Vec<_> = parameters.collect::<Result<_, _>>()?;
        let (kernels, weights) = parameters.split_at(2 * convolutions);
        let features = self.architecture.convolve(&mut graph, x, kernels)?;
        let full = self.architecture.connect(&mut graph, features, weights, self.scale, None)?;
        let mut program = Device::Cpu.compile(graph, &[full.output, full.hidden])?;
        let units = self.architecture.hidden();
        let (mut values, mut hidden) = (Vec::with_capacity(count), Vec::with_capacity(count * units));
        for first in (0..count).step_by(batch) {
            let here = batch.min(count - first);
            // The last run is filled up with its own first rows.
            let of = |n: usize| self.architecture.prepared(rows.row(first + n % here));
            program.write(x, &(0..batch).flat_map(of).collect::<Vec<f32>>());
            let found = program.run()?;
            values.extend(found[0][..here].iter().map(|v| self.mean + self.deviation * f64::from(*v)));
            hidden.extend(found[1][..here * units].iter().map(|v| f64::from(*v)));
        }
        let hidden = Array2::from_shape_vec((count, units), hidden).expect("units of each row");
        Ok((values, hidden))
    }

    /// Whether its parts, which come from a file, fit together.
    pub fn is_sound(&self) -> bool {
        let is_number = self.layers.iter().all(|layer| layer.iter().all(|v| v.is_finite()));
        let is_scaled = self.mean.is_finite() && self.scale.is_finite() && self.deviation.is_finite();
        let lengths = || self.architecture.shapes().into_iter().map(|shape| shape.len());
        is_scaled && self.architecture.is_sound() && lengths().eq(self.layers.iter().map(|l| l.len())) && is_number
    }

    /// Units of its last hidden layer.
    pub fn hidden(&self) -> usize {
        self.architecture.hidden()
    }

    /// How many numbers it reads.
    pub const fn inputs(&self) -> usize {
        self.architecture.inputs()
    }
}
