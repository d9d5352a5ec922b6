//! Regression by a small neural network.

use ndarray::Array2;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::LearnError;
use super::measure::variance;
use super::split::{inner_folds, without};
use crate::compute::graph::{Function, Graph, Shape, TensorId};
use crate::compute::{ComputeError, Device, Program};
use crate::latent::normals;

/// Two full layers with rectifiers and dropout and a linear output, by Adam on the squared error: the network that Li et al.
/// (Sci. Rep. 8:13461, 2018) put on transferred features, with fewer units, for inputs that are reduced already. The weights
/// that predict a held-out part best are kept.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct DenseNetwork {
    /// Weights `[inputs, units]` and biases of each layer, one after the other.
    layers: Vec<Vec<f32>>,
    /// Mean and deviation of the values.
    mean: f64,
    deviation: f64,
}

/// Units of the hidden layers.
const UNITS: [usize; 2] = [256, 128];
/// The share of hidden units that are left out in each step.
const DROPOUT: f32 = 0.2;
/// Adam's rate, and the most samples of a step.
const RATE: f32 = 1e-3;
const BATCH: usize = 32;
/// Parts of the inner split, of which the first is held out.
const PARTS: usize = 6;
/// The most steps, after how many the held-out part is looked at, and how many looks without a gain end the training.
const MOST_STEPS: usize = 2000;
const LOOK: usize = 10;
const PATIENCE: usize = 40;
/// The seed of weights, batches and dropout.
const SEED: u64 = 1;

impl DenseNetwork {
    /// Trains it. `groups` are the micrographs of the rows, which stay together in the inner split.
    ///
    /// # Errors
    /// The training diverges.
    pub fn train(rows: &Array2<f64>, values: &[f64], groups: &[usize]) -> Result<Self, LearnError> {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let deviation = variance(ndarray::ArrayView1::from(values)).sqrt();
        let deviation = if deviation > 0.0 { deviation } else { 1.0 };
        let wanted: Vec<f32> = values.iter().map(|v| ((v - mean) / deviation) as f32).collect();
        let held_out = inner_folds(PARTS, groups).swap_remove(0);
        let kept = without(&held_out, values.len());
        let failed = |error: ComputeError| LearnError::Numbers(error.to_string());
        let mut training = Training::new(rows.ncols(), kept.len().min(BATCH)).map_err(failed)?;
        let rows: Vec<Vec<f32>> = rows.rows().into_iter().map(|r| r.iter().map(|v| *v as f32).collect()).collect();
        let error = |layers: &[Vec<f32>]| -> f64 {
            let miss = |n: &usize| f64::from(output(layers, &rows[*n]) - wanted[*n]).powi(2);
            held_out.iter().map(miss).sum()
        };
        let (mut best, mut least, mut without_gain) = (training.weights().map_err(failed)?, f64::INFINITY, 0);
        let mut order: Vec<usize> = vec![];
        for step in 0..MOST_STEPS {
            if order.len() < training.batch {
                let mut all = kept.clone();
                all.shuffle(&mut training.random);
                order.extend(all);
            }
            let batch: Vec<usize> = order.drain(..training.batch).collect();
            training.step(step, &batch, &rows, &wanted).map_err(failed)?;
            if (step + 1) % LOOK == 0 {
                let layers = training.weights().map_err(failed)?;
                let found = error(&layers);
                if found < least {
                    (best, least, without_gain) = (layers, found, 0);
                } else {
                    without_gain += 1;
                }
                if without_gain == PATIENCE {
                    break;
                }
            }
        }
        match least.is_finite() {
            true => Ok(Self { layers: best, mean, deviation }),
            false => Err(LearnError::Numbers("The training of the network diverged.".into())),
        }
    }

    /// The predictions of rows.
    pub fn predict(&self, rows: &Array2<f64>) -> Vec<f64> {
        let of = |row: ndarray::ArrayView1<f64>| {
            let row: Vec<f32> = row.iter().map(|v| *v as f32).collect();
            self.mean + self.deviation * f64::from(output(&self.layers, &row))
        };
        rows.rows().into_iter().map(of).collect()
    }

    /// Whether its weights are numbers and fit so many inputs.
    pub fn fits(&self, inputs: usize) -> bool {
        let lengths = [inputs * UNITS[0], UNITS[0], UNITS[0] * UNITS[1], UNITS[1], UNITS[1], 1];
        let is_number = self.layers.iter().flatten().all(|v| v.is_finite());
        let is_scaled = self.mean.is_finite() && self.deviation.is_finite() && self.deviation > 0.0;
        is_number && is_scaled && self.layers.iter().map(Vec::len).eq(lengths)
    }
}

/// The output for a row, without dropout.
fn output(layers: &[Vec<f32>], row: &[f32]) -> f32 {
    let mut x = row.to_vec();
    for (n, layer) in layers.chunks_exact(2).enumerate() {
        let [weights, bias] = layer else { unreachable!("pairs") };
        let mut y = bias.clone();
        for (v, weights) in x.iter().zip(weights.chunks_exact(bias.len())) {
            y.iter_mut().zip(weights).for_each(|(y, w)| *y += v * w);
        }
        if n < UNITS.len() {
            y.iter_mut().for_each(|v| *v = v.max(0.0));
        }
        x = y;
    }
    x[0]
}

/// A training under way.
struct Training {
    program: Program,
    batch: usize,
    x: TensorId,
    target: TensorId,
    /// What each hidden unit of each sample is multiplied by.
    masks: Vec<TensorId>,
    parameters: Vec<TensorId>,
    step: TensorId,
    random: Pcg64,
}

impl Training {
    fn new(inputs: usize, batch: usize) -> Result<Self, ComputeError> {
        let mut random = Pcg64::seed_from_u64(SEED);
        let mut graph = Graph::new();
        let x = graph.input(Shape::vectors(batch, inputs));
        let target = graph.input(Shape::vectors(batch, 1));
        let (mut masks, mut parameters, mut first) = (vec![], vec![], vec![]);
        let (mut y, mut width) = (x, inputs);
        for units in UNITS.into_iter().chain([1]) {
            let is_hidden = units > 1;
            let (weights, bias) = (graph.input(Shape::new(width, 1, units)), graph.input(Shape::new(1, 1, units)));
            let deviation = (if is_hidden { 2.0 } else { 1.0 } / width as f32).sqrt();
            first.push(normals(&mut random, width * units).into_iter().map(|v| deviation * v).collect::<Vec<f32>>());
            first.push(vec![0.0; units]);
            parameters.extend([weights, bias]);
            y = graph.linear(y, weights, bias, Shape::new(1, 1, units))?;
            if is_hidden {
                // Dropout (Srivastava et al., J. Mach. Learn. Res. 15:1929, 2014) is a product with random numbers.
                let mask = graph.input(Shape::vectors(batch, units));
                let positive = graph.pointwise(Function::LeakyRelu(0.0), &[y])?;
                y = graph.pointwise(Function::Multiply, &[positive, mask])?;
                masks.push(mask);
            }
            width = units;
        }
        let error = graph.squared_error(y, target, 1.0 / batch as f32)?;
        let gradients = graph.gradients(error, &parameters)?;
        let step = graph.input(Shape::new(1, 1, 4));
        let mut states = vec![];
        for (parameter, gradient) in parameters.iter().zip(gradients) {
            let state = graph.input(Shape::new(3, 1, graph.shape(*parameter).len()));
            graph.adam(*parameter, gradient, state, step)?;
            states.push((state, 3 * graph.shape(*parameter).len()));
        }
        let mut program = Device::Cpu.compile(graph, &[error])?;
        parameters.iter().zip(&first).for_each(|(id, values)| program.write(*id, values));
        states.into_iter().for_each(|(id, length)| program.write(id, &vec![0.0; length]));
        Ok(Self { program, batch, x, target, masks, parameters, step, random })
    }

    /// A step of Adam over a batch.
    fn step(&mut self, step: usize, batch: &[usize], rows: &[Vec<f32>], wanted: &[f32]) -> Result<(), ComputeError> {
        let t = step as i32 + 1;
        let corrections = [1.0 - 0.9f64.powi(t), 1.0 - 0.999f64.powi(t)];
        self.program.write(self.step, &[RATE, corrections[0] as f32, corrections[1] as f32, 1.0]);
        self.program.write(self.x, &batch.iter().flat_map(|n| rows[*n].iter().copied()).collect::<Vec<f32>>());
        self.program.write(self.target, &batch.iter().map(|n| wanted[*n]).collect::<Vec<f32>>());
        for (mask, units) in self.masks.iter().zip(UNITS) {
            let mut one = || if self.random.random::<f32>() < DROPOUT { 0.0 } else { 1.0 / (1.0 - DROPOUT) };
            let numbers: Vec<f32> = (0..self.batch * units).map(|_| one()).collect();
            self.program.write(*mask, &numbers);
        }
        self.program.run().map(|_| ())
    }

    fn weights(&self) -> Result<Vec<Vec<f32>>, ComputeError> {
        self.parameters.iter().map(|id| self.program.read(*id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bent_surface_is_learned_and_comes_back_from_text() {
        let rows = Array2::from_shape_fn((160, 3), |(n, k)| ((n * (2 * k + 3) * 37) % 157) as f64 / 40.0 - 2.0);
        let values: Vec<f64> = rows.rows().into_iter().map(|r| 50.0 + 5.0 * (r[0] * r[1]).tanh() + r[2]).collect();
        let groups: Vec<usize> = (0..160).collect();
        let trained = DenseNetwork::train(&rows, &values, &groups).expect("a network");
        let others = Array2::from_shape_fn((60, 3), |(n, k)| ((n * (2 * k + 5) * 41) % 59) as f64 / 16.0 - 1.8);
        let wanted = others.rows().into_iter().map(|r| 50.0 + 5.0 * (r[0] * r[1]).tanh() + r[2]);
        let found = trained.predict(&others);
        let rmse = (found.iter().zip(wanted).map(|(p, v)| (p - v).powi(2)).sum::<f64>() / 60.0).sqrt();
        let spread = variance(ndarray::ArrayView1::from(&values)).sqrt();
        assert!(rmse < 0.35 * spread, "{rmse} of {spread}");
        // The same for the same samples, and from a file.
        assert_eq!(DenseNetwork::train(&rows, &values, &groups).expect("a network"), trained);
        let text = serde_json::to_string(&trained).expect("text");
        let read: DenseNetwork = serde_json::from_str(&text).expect("a network");
        assert!(read == trained && read.fits(3) && !read.fits(4));
    }
}
