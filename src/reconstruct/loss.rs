//! The loss of Li et al. 2018, Eq. 4: weighted differences of Gram matrices over the chosen layers.

use crate::compute::graph::{Graph, Padding, Pooling, Shape, TensorId};
use crate::compute::{ComputeError, Device, DeviceKind, Memory, Program, planned_memory};
use crate::net::{Depth, Weights, features};

/// How the difference of two Gram matrices of one layer is scaled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Normalisation {
    /// `‖G − G₀‖² / ‖G₀‖²`: every layer counts alike.
    Relative,
    /// `‖G − G₀‖² / (4 N² M²)`, N channels and M positions, as in the paper; the layers differ by up to 10⁹.
    Paper,
}

/// What a loss is made of besides its images.
#[derive(Clone, Debug, PartialEq)]
pub struct LossSettings {
    /// Layers and their weights.
    pub taps: Vec<(Depth, f32)>,
    /// Scale of each layer.
    pub normalisation: Normalisation,
    /// Edges of convolutions.
    pub padding: Padding,
    /// Kind of pooling.
    pub pooling: Pooling,
}

impl LossSettings {
    fn layers(&self) -> Vec<Depth> {
        self.taps.iter().map(|(depth, _)| *depth).collect()
    }
}

/// Gram matrices of an original, divided by the positions of their layer.
pub type Grams = Vec<Vec<f32>>;

/// Gram matrices of `image` (RGB in 0 … 255, `height × width × 3`) at the layers of `settings`.
///
/// # Errors
/// The image is too small for the depth, or the device fails.
pub fn grams(
    device: &Device,
    weights: &Weights,
    image: &[f32],
    (height, width): (usize, usize),
    settings: &LossSettings,
) -> Result<Grams, ComputeError> {
    let (graph, input, outputs) = gram_graph(weights, (height, width), settings)?;
    let mut program = device.compile(graph, &outputs)?;
    program.write(input, image);
    program.run()
}

fn gram_graph(
    weights: &Weights,
    (height, width): (usize, usize),
    settings: &LossSettings,
) -> Result<(Graph, TensorId, Vec<TensorId>), ComputeError> {
    let mut graph = Graph::new();
    let input = graph.input(Shape::new(height, width, 3));
    let out = features(&mut graph, input, weights, &settings.layers(), settings.padding, settings.pooling)?;
    Ok((graph, input, out.grams))
}

/// Memory of [`grams`] on a kind of device, known before anything is allocated.
///
/// # Errors
/// The image is too small for the depth.
pub fn gram_memory(
    kind: DeviceKind,
    weights: &Weights,
    size: (usize, usize),
    settings: &LossSettings,
) -> Result<Memory, ComputeError> {
    let (graph, _, outputs) = gram_graph(weights, size, settings)?;
    Ok(planned_memory(kind, &graph, &outputs))
}

/// The graph of a loss and its gradient.
struct LossGraph {
    graph: Graph,
    image: TensorId,
    targets: Vec<TensorId>,
    outputs: Vec<TensorId>,
}

fn loss_graph(
    weights: &Weights,
    (height, width): (usize, usize),
    target_squares: &[f64],
    settings: &LossSettings,
) -> Result<LossGraph, ComputeError> {
    let mut graph = Graph::new();
    let image = graph.input(Shape::new(height, width, 3));
    let out = features(&mut graph, image, weights, &settings.layers(), settings.padding, settings.pooling)?;
    let (mut targets, mut losses) = (vec![], vec![]);
    for (gram, square) in out.grams.iter().zip(target_squares) {
        let shape = graph.shape(*gram);
        let target = graph.input(shape);
        let scale = match settings.normalisation {
            Normalisation::Relative => 1.0 / square.max(f64::from(f32::MIN_POSITIVE)),
            Normalisation::Paper => 1.0 / (4.0 * (shape.channels * shape.channels) as f64),
        };
        losses.push(graph.squared_error(*gram, target, scale as f32)?);
        targets.push(target);
    }
    // Features come in the order of the network, whatever the order of the settings.
    let weight = |depth: &Depth| settings.taps.iter().find(|(d, _)| d == depth).map_or(0.0, |(_, w)| *w);
    let factors: Vec<f32> = out.taps.iter().map(|(depth, _)| weight(depth)).collect();
    let total = graph.weighted_sum(&losses, &factors)?;
    let gradient = graph.differentiate(total, image)?;
    let mut outputs = losses;
    outputs.push(gradient);
    Ok(LossGraph { graph, image, targets, outputs })
}

/// A loss and its gradient, ready to be evaluated.
pub struct Loss {
    program: Program,
    image: TensorId,
    factors: Vec<f32>,
    names: Vec<&'static str>,
}

/// What an evaluation found besides the gradient.
#[derive(Clone, Debug, PartialEq)]
pub struct LossValue {
    /// The weighted sum.
    pub total: f64,
    /// The unweighted loss of each layer, in the order of the network, then the weighted spatial terms.
    pub layers: Vec<f64>,
}

impl Loss {
    /// Compiles the loss of images of a size against the Gram matrices of an original.
    ///
    /// # Errors
    /// The image is too small for the depth, or the device lacks memory.
    pub fn new(
        device: &Device,
        weights: &Weights,
        size: (usize, usize),
        targets: &Grams,
        settings: &LossSettings,
    ) -> Result<Self, ComputeError> {
        let squares: Vec<f64> = targets.iter().map(|g| g.iter().map(|v| f64::from(*v) * f64::from(*v)).sum()).collect();
        let built = loss_graph(weights, size, &squares, settings)?;
        let mut program = device.compile(built.graph, &built.outputs)?;
        for (id, values) in built.targets.iter().zip(targets) {
            program.write(*id, values);
        }
        let mut taps = settings.taps.clone();
        taps.sort_by_key(|(depth, _)| *depth);
        let (names, factors) = taps.iter().map(|(depth, weight)| (depth.name(), *weight)).unzip();
        Ok(Self { program, image: built.image, factors, names })
    }

    /// The loss at `image` and its gradient.
    ///
    /// # Errors
    /// The device is lost.
    pub fn evaluate(&mut self, image: &[f32]) -> Result<(LossValue, Vec<f32>), ComputeError> {
        self.program.write(self.image, image);
        let mut outputs = self.program.run()?;
        let gradient = outputs.pop().unwrap_or_default();
        let layers: Vec<f64> = outputs.iter().map(|v| f64::from(v[0])).collect();
        if let Some(at) = layers.iter().position(|l| !l.is_finite()) {
            return Err(ComputeError::NotFinite { layer: self.names[at] });
        }
        let total = layers.iter().zip(&self.factors).map(|(l, w)| l * f64::from(*w)).sum();
        Ok((LossValue { total, layers }, gradient))
    }

    /// Bytes in use on the device.
    pub fn memory(&self) -> u64 {
        self.program.memory()
    }

    /// The compiled program.
    pub fn program(&mut self) -> &mut Program {
        &mut self.program
    }
}

/// Operations and memory of one evaluation on a kind of device, known before anything is allocated.
///
/// # Errors
/// The image is too small for the depth.
pub fn cost(
    kind: DeviceKind,
    weights: &Weights,
    size: (usize, usize),
    settings: &LossSettings,
) -> Result<(u64, Memory), ComputeError> {
    let built = loss_graph(weights, size, &vec![1.0; settings.taps.len()], settings)?;
    Ok((built.graph.operations(&built.outputs), planned_memory(kind, &built.graph, &built.outputs)))
}
