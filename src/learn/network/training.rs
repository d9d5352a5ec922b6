//! The training of a network.

use std::sync::Arc;

use ndarray::Array2;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::architecture::{Architecture, Full};
use super::plan::NetworkPlan;
use super::trained::{Network, TOGETHER};
use crate::compute::graph::{Graph, Shape, TensorId, adam_numbers};
use crate::compute::{ComputeError, Device, Program, planned_memory};
use crate::latent::normals;
use crate::learn::LearnError;
use crate::learn::measure::variance;
use crate::learn::split::{inner_folds, without};

/// Parts of the inner split, of which the first is held out.
const PARTS: usize = 6;
/// The seed of weights, batches and dropout.
const SEED: u64 = 1;
/// Pictures that say how large the features are.
const MEASURED: usize = 32;

impl NetworkPlan {
    /// Multiplications and additions of its training on so many samples, if it takes as many steps as it may.
    ///
    /// # Errors
    /// The layers do not fit together.
    pub fn operations(&self, samples: usize) -> Result<f64, LearnError> {
        let batch = self.schedule.batch.min(samples).max(1);
        let steps = self.schedule.most_steps as f64;
        let graphs = Graphs::of(self, 1, batch, 1.0)?;
        let forward = Forward::of(self, 1, 1.0, None)?;
        let forward = forward.graph.operations(&[forward.full.output]) as f64;
        let looks = steps / self.schedule.look as f64;
        // The looks at the held-out part, and in the end the predictions.
        let seen = (looks / PARTS as f64 + 1.0) * samples as f64;
        let mut operations = steps * batch as f64 * graphs.operations() + seen * forward;
        if self.keeps_convolutions() {
            let (graph, _, features) = self.convolutions(&self.transferred)?;
            operations += samples as f64 * graph.operations(&[features]) as f64;
        }
        Ok(operations)
    }

    /// Trains it on rows. `groups` are the micrographs of the rows, which stay together in the inner split.
    ///
    /// # Errors
    /// The training diverges, there is not enough memory, or `go_on` says so.
    pub fn train(
        &self,
        rows: &Array2<f64>,
        values: &[f64],
        groups: &[usize],
        go_on: &dyn Fn(f64) -> bool,
    ) -> Result<Network, LearnError> {
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let deviation = variance(ndarray::ArrayView1::from(values)).sqrt();
        let deviation = if deviation > 0.0 { deviation } else { 1.0 };
        let wanted: Vec<f32> = values.iter().map(|v| ((v - mean) / deviation) as f32).collect();
        let held_out = inner_folds(PARTS, groups).swap_remove(0);
        let kept = without(&held_out, values.len());
        if kept.is_empty() {
            return Err(LearnError::Samples("A network needs several micrographs to learn from.".into()));
        }
        self.check_memory(values.len())?;
        let mut random = Pcg64::seed_from_u64(SEED);
        let first = first_weights(&self.architecture, &self.transferred, &mut random);
        let prepared: Vec<Vec<f32>> = rows.rows().into_iter().map(|row| self.architecture.prepared(row)).collect();
        let convolutions = 2 * self.architecture.convolutions.len();
        let (inputs, scale) = if convolutions == 0 {
            (prepared, 1.0)
        } else if self.keeps_convolutions() {
            let features = self.features(&first, &prepared, go_on)?;
            let scale = scale_of(&features);
            (features, scale)
        } else {
            let scale = scale_of(&self.features(&first, &prepared[..prepared.len().min(MEASURED)], go_on)?);
            (prepared, scale)
        };
        let batch = kept.len().min(self.schedule.batch);
        let own = if self.keeps_convolutions() { &first[convolutions..] } else { &first[..] };
        let (mut training, mut check) = self.started(batch, scale, own)?;
        let (mut best, mut least, mut without_gain) = (own.to_vec(), f64::INFINITY, 0);
        let mut order: Vec<usize> = vec![];
        for step in 1..=self.schedule.most_steps {
            if !go_on(step as f64 / self.schedule.most_steps as f64) {
                return Err(LearnError::Stopped);
            }
            if order.len() < batch {
                let mut all = kept.clone();
                all.shuffle(&mut random);
                order.extend(all);
            }
            let chosen: Vec<usize> = order.drain(..batch).collect();
            training.step(self, step, &chosen, (&inputs, &wanted), &mut random)?;
            if step % self.schedule.look == 0 {
                let weights = training.weights()?;
                let error = check.error(&weights, &held_out, (&inputs, &wanted))?;
                if error < least {
                    (best, least, without_gain) = (weights.into_iter().map(Arc::new).collect(), error, 0);
                } else {
                    without_gain += 1;
                }
                if without_gain == self.schedule.patience {
                    break;
                }
            }
        }
        if !least.is_finite() {
            return Err(LearnError::Numbers("The training of the network diverged.".into()));
        }
        let kept = if self.keeps_convolutions() { first[..convolutions].to_vec() } else { vec![] };
        let layers = kept.into_iter().chain(best).collect();
        Ok(Network { architecture: self.architecture.clone(), scale, mean, deviation, layers })
    }

    /// The convolutions with these kernels and biases, of one picture: their graph, its input and its features.
    fn convolutions(&self, kernels: &[Arc<Vec<f32>>]) -> Result<(Graph, TensorId, TensorId), ComputeError> {
        let mut graph = Graph::new();
        let x = graph.input(self.architecture.input_shape());
        let kernels = kernels.iter().zip(self.architecture.shapes());
        let kernels = kernels.map(|(values, shape)| graph.constant(shape, values.clone()));
        let kernels: Vec<TensorId> = kernels.collect::<Result<_, _>>()?;
        let features = self.architecture.convolve(&mut graph, x, &kernels)?;
        Ok((graph, x, features))
    }

    /// What the convolutions make of inputs with the first weights.
    fn features(
        &self,
        first: &[Arc<Vec<f32>>],
        inputs: &[Vec<f32>],
        go_on: &dyn Fn(f64) -> bool,
    ) -> Result<Vec<Vec<f32>>, LearnError> {
        let (graph, x, features) = self.convolutions(&first[..2 * self.architecture.convolutions.len()])?;
        let mut program = self.device.compile(graph, &[features])?;
        let one = |input: &Vec<f32>| {
            if !go_on(0.0) {
                return Err(LearnError::Stopped);
            }
            program.write(x, input);
            Ok(program.run()?.swap_remove(0))
        };
        inputs.iter().map(one).collect()
    }

    /// The programs of the training and of the check, with as many samples of a batch at once as the memory holds.
    fn started(&self, batch: usize, scale: f32, own: &[Arc<Vec<f32>>]) -> Result<(Training, Check), LearnError> {
        let free = self.device.available_memory();
        let mut parts = (1..=batch).rev().filter(|part| batch.is_multiple_of(*part)).peekable();
        while let Some(part) = parts.next() {
            let is_last = parts.peek().is_none();
            let graphs = Graphs::of(self, part, batch, scale)?;
            let needed = planned_memory(self.device.info().kind, &graphs.forward.graph, &[graphs.error]).bytes;
            if free.is_some_and(|free| needed > free) && !is_last {
                continue;
            }
            let started = graphs.start(&self.device, own).and_then(|training| {
                let check = Check::new(self, part.min(self.architecture.together(TOGETHER)), scale)?;
                Ok((training, check))
            });
            match started {
                // The free memory of a card cannot be queried, so a part that does not fit is divided further.
                Err(ComputeError::OutOfMemory { .. } | ComputeError::Limit { .. }) if !is_last => {}
                started => return Ok(started?),
            }
        }
        Err(ComputeError::OutOfMemory { needed: 0 }.into())
    }

    /// Whether there is memory for what is held besides the programs: the inputs of all samples, and the weights as they begin,
    /// as they are, with their gradients and moments, in the check and at their best.
    fn check_memory(&self, samples: usize) -> Result<(), LearnError> {
        const COPIES: u64 = 8;
        let inputs =
            if self.keeps_convolutions() { self.architecture.features() } else { self.architecture.input_shape() };
        let weights: u64 = self.architecture.shapes().iter().map(Shape::bytes).sum();
        let needed = samples as u64 * inputs.bytes() + COPIES * weights;
        match Device::Cpu.available_memory().filter(|free| *free < needed) {
            None => Ok(()),
            Some(_) => Err(ComputeError::OutOfMemory { needed }.into()),
        }
    }
}

/// Normal numbers whose deviation keeps the size of what passes through rectifiers (He et al. 2015, arXiv:1502.01852), biases
/// of 0, and the transferred weights instead where there are some.
fn first_weights(architecture: &Architecture, transferred: &[Arc<Vec<f32>>], random: &mut Pcg64) -> Vec<Arc<Vec<f32>>> {
    let shapes = architecture.shapes();
    let count = shapes.len();
    let of = |(n, shape): (usize, Shape)| match transferred.get(n) {
        Some(own) => own.clone(),
        None if n % 2 == 1 => Arc::new(vec![0.0; shape.len()]),
        None => {
            let gain = if n + 2 == count { 1.0 } else { 2.0 };
            let deviation = (gain / (shape.height * shape.width) as f32).sqrt();
            Arc::new(normals(random, shape.len()).into_iter().map(|v| deviation * v).collect())
        }
    };
    shapes.into_iter().enumerate().map(of).collect()
}

/// The factor that brings the mean square of features to 1.
fn scale_of(features: &[Vec<f32>]) -> f32 {
    let count: usize = features.iter().map(Vec::len).sum();
    let square = features.iter().flatten().map(|v| f64::from(*v).powi(2)).sum::<f64>() / count.max(1) as f64;
    if square > 0.0 { square.sqrt().recip() as f32 } else { 1.0 }
}

/// A network in a graph whose weights are inputs.
struct Forward {
    graph: Graph,
    x: TensorId,
    parameters: Vec<TensorId>,
    full: Full,
}

impl Forward {
    /// For so many samples at once. Convolutions that stay as they are are left out.
    fn of(plan: &NetworkPlan, samples: usize, scale: f32, dropout: Option<f32>) -> Result<Self, ComputeError> {
        let architecture = &plan.architecture;
        let mut graph = Graph::new();
        let keeps = plan.keeps_convolutions();
        let read = if keeps { architecture.features() } else { architecture.input_shape() };
        let x = graph.input(read.times(samples));
        let (shapes, convolutions) = (architecture.shapes(), 2 * architecture.convolutions.len());
        let own = if keeps { &shapes[convolutions..] } else { &shapes[..] };
        let parameters: Vec<TensorId> = own.iter().map(|shape| graph.input(*shape)).collect();
        let (kernels, weights) = parameters.split_at(if keeps { 0 } else { convolutions });
        let features = if keeps { x } else { architecture.convolve(&mut graph, x, kernels)? };
        let full = architecture.connect(&mut graph, features, weights, scale, dropout)?;
        Ok(Self { graph, x, parameters, full })
    }
}

/// The graph of a training.
struct Graphs {
    forward: Forward,
    part: usize,
    target: TensorId,
    error: TensorId,
    states: Vec<TensorId>,
    step: TensorId,
}

impl Graphs {
    /// Of `part` samples of a batch at once.
    fn of(plan: &NetworkPlan, part: usize, batch: usize, scale: f32) -> Result<Self, ComputeError> {
        let mut forward = Forward::of(plan, part, scale, Some(plan.schedule.dropout))?;
        let graph = &mut forward.graph;
        let target = graph.input(Shape::vectors(part, 1));
        let error = graph.squared_error(forward.full.output, target, 1.0 / batch as f32)?;
        let gradients = graph.gradients(error, &forward.parameters)?;
        let (step, states) = graph.adam_all(&forward.parameters, gradients)?;
        Ok(Self { forward, part, target, error, states, step })
    }

    /// Multiplications and additions of a run.
    fn operations(&self) -> f64 {
        self.forward.graph.operations(&[self.error]) as f64
    }

    fn start(mut self, device: &Device, weights: &[Arc<Vec<f32>>]) -> Result<Training, ComputeError> {
        let graph = std::mem::take(&mut self.forward.graph);
        let lengths: Vec<usize> = self.states.iter().map(|id| graph.shape(*id).len()).collect();
        let mut program = device.compile(graph, &[self.error])?;
        self.forward.parameters.iter().zip(weights).for_each(|(id, values)| program.write(*id, values));
        self.states.iter().zip(lengths).for_each(|(id, length)| program.write(*id, &vec![0.0; length]));
        Ok(Training { graphs: self, program })
    }
}

/// A training under way.
struct Training {
    graphs: Graphs,
    program: Program,
}

impl Training {
    /// A step of Adam over a batch, from inputs and the values that are wanted for them.
    fn step(
        &mut self,
        plan: &NetworkPlan,
        step: usize,
        batch: &[usize],
        (inputs, wanted): (&[Vec<f32>], &[f32]),
        random: &mut Pcg64,
    ) -> Result<(), ComputeError> {
        let Graphs { forward, part, target, step: numbers, .. } = &self.graphs;
        let (schedule, parts) = (plan.schedule, batch.len() / part);
        for (n, chosen) in batch.chunks(*part).enumerate() {
            let numbers_now = adam_numbers(schedule.rate, schedule.decays, step, n + 1 == parts);
            self.program.write(*numbers, &numbers_now);
            self.program
                .write(forward.x, &chosen.iter().flat_map(|n| inputs[*n].iter().copied()).collect::<Vec<f32>>());
            self.program.write(*target, &chosen.iter().map(|n| wanted[*n]).collect::<Vec<f32>>());
            for (mask, units) in forward.full.masks.iter().zip(&plan.architecture.units) {
                let kept = 1.0 / (1.0 - schedule.dropout);
                let mut one = || if random.random::<f32>() < schedule.dropout { 0.0 } else { kept };
                self.program.write(*mask, &(0..part * units).map(|_| one()).collect::<Vec<f32>>());
            }
            self.program.run()?;
        }
        Ok(())
    }

    fn weights(&self) -> Result<Vec<Vec<f32>>, ComputeError> {
        self.graphs.forward.parameters.iter().map(|id| self.program.read(*id)).collect()
    }
}

/// The network without dropout, for the held-out part.
struct Check {
    forward: Forward,
    program: Program,
    samples: usize,
}

impl Check {
    fn new(plan: &NetworkPlan, samples: usize, scale: f32) -> Result<Self, ComputeError> {
        let mut forward = Forward::of(plan, samples, scale, None)?;
        let program = plan.device.compile(std::mem::take(&mut forward.graph), &[forward.full.output])?;
        Ok(Self { forward, program, samples })
    }

    /// The squared error of some samples with these weights.
    fn error(
        &mut self,
        weights: &[Vec<f32>],
        chosen: &[usize],
        (inputs, wanted): (&[Vec<f32>], &[f32]),
    ) -> Result<f64, ComputeError> {
        self.forward.parameters.iter().zip(weights).for_each(|(id, values)| self.program.write(*id, values));
        let mut sum = 0.0;
        for piece in chosen.chunks(self.samples) {
            // The last run is filled up with its own first samples.
            let filled = (0..self.samples).map(|n| piece[n % piece.len()]);
            self.program.write(self.forward.x, &filled.flat_map(|n| inputs[n].iter().copied()).collect::<Vec<f32>>());
            let found = self.program.run()?.swap_remove(0);
            sum += piece.iter().zip(found).map(|(n, v)| f64::from(v - wanted[*n]).powi(2)).sum::<f64>();
        }
        Ok(sum)
    }
}
