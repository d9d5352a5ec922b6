//! The loss of Li et al. 2018, Eq. 4: weighted differences of Gram matrices over the chosen layers.

pub use super::layers::{Grams, LossSettings, Normalisation};
use super::tiles::{self, Purpose, Tilings, tilings};
use crate::compute::graph::{Graph, Shape, TensorId};
use crate::compute::{ComputeError, Device, DeviceKind, Memory, Program, planned_memory};
use crate::net::{Layer, Weights, features};
use crate::reconstruct::reconstruction::LossValue;

/// Gram matrices of `image` (RGB in 0 … 255, `height × width × 3`) at the layers of `settings`. If the whole image
/// needs more than `limit` bytes, or more than the device has, it is processed in windows.
///
/// # Errors
/// The image is too small for the depth, or the device fails.
pub fn grams(
    device: &Device,
    weights: &Weights,
    image: &[f32],
    size: (usize, usize),
    settings: &LossSettings,
    limit: Option<u64>,
) -> Result<Grams, ComputeError> {
    let (graph, input, outputs) = gram_graph(weights, size, settings)?;
    let kind = device.info().kind;
    let bytes = planned_memory(kind, &graph, &outputs).bytes;
    let whole = || -> Result<Grams, ComputeError> {
        let mut program = device.compile(graph, &outputs)?;
        program.write(input, image);
        program.run()
    };
    let windows = |limit: u64| match tilings(kind, weights, size, settings, limit, Purpose::Measure)? {
        Some(tilings) => {
            let (grams, _) = tiles::grams(device, weights, image, settings, &tilings)?;
            Ok(Some(grams))
        }
        None => Ok(None),
    };
    whole_or_windows(bytes, limit, whole, windows)
}

/// Bytes that [`grams`] takes on a kind of device within `limit` bytes, or those of the smallest windows if even they
/// need more.
///
/// # Errors
/// The image is too small for the depth.
pub fn gram_bytes(
    kind: DeviceKind,
    weights: &Weights,
    size: (usize, usize),
    settings: &LossSettings,
    limit: u64,
) -> Result<u64, ComputeError> {
    let (graph, _, outputs) = gram_graph(weights, size, settings)?;
    let whole = planned_memory(kind, &graph, &outputs).bytes;
    if whole <= limit {
        return Ok(whole);
    }
    let windows = tilings(kind, weights, size, settings, limit, Purpose::Measure)?;
    Ok(windows.map_or(whole, |tilings| tilings.bytes))
}

/// Runs `whole`, which needs `bytes`. If that is more than `limit`, or if memory runs out, runs `windows` instead, with
/// ever fewer bytes until they fit.
fn whole_or_windows<T>(
    bytes: u64,
    limit: Option<u64>,
    whole: impl FnOnce() -> Result<T, ComputeError>,
    windows: impl Fn(u64) -> Result<Option<T>, ComputeError>,
) -> Result<T, ComputeError> {
    /// Below this, a lack of memory has another cause.
    const LEAST: u64 = 32 << 20;
    let mut next = limit.unwrap_or(bytes).min(bytes);
    let mut error = ComputeError::OutOfMemory { needed: bytes };
    if next == bytes {
        match whole() {
            Err(e @ (ComputeError::OutOfMemory { .. } | ComputeError::Limit { .. })) => error = e,
            other => return other,
        }
        next = bytes / 2;
    }
    loop {
        match windows(next) {
            Err(e @ (ComputeError::OutOfMemory { .. } | ComputeError::Limit { .. })) => error = e,
            Ok(None) => return Err(error),
            Ok(Some(made)) => return Ok(made),
            Err(other) => return Err(other),
        }
        next /= 2;
        if next < LEAST {
            return Err(error);
        }
    }
}

fn gram_graph(
    weights: &Weights,
    (height, width): (usize, usize),
    settings: &LossSettings,
) -> Result<(Graph, TensorId, Vec<TensorId>), ComputeError> {
    let mut graph = Graph::with(settings.precision);
    let input = graph.input(Shape::new(height, width, 3));
    let out = features(&mut graph, input, weights, &settings.layers(), settings.padding, settings.pooling)?;
    Ok((graph, input, out.grams))
}

/// The graph of a loss and its gradient.
struct LossGraph {
    graph: Graph,
    image: TensorId,
    targets: Vec<TensorId>,
    scales: Vec<f64>,
    outputs: Vec<TensorId>,
}

fn loss_graph(
    weights: &Weights,
    (height, width): (usize, usize),
    target_squares: &[f64],
    settings: &LossSettings,
) -> Result<LossGraph, ComputeError> {
    let mut graph = Graph::with(settings.precision);
    let image = graph.input(Shape::new(height, width, 3));
    let out = features(&mut graph, image, weights, &settings.layers(), settings.padding, settings.pooling)?;
    let (mut targets, mut losses, mut scales) = (vec![], vec![], vec![]);
    for (gram, square) in out.grams.iter().zip(target_squares) {
        let shape = graph.shape(*gram);
        let target = graph.input(shape);
        let scale = match settings.normalisation {
            Normalisation::Relative => 1.0 / square.max(f64::from(f32::MIN_POSITIVE)),
            Normalisation::Paper => 1.0 / (4.0 * (shape.channels * shape.channels) as f64),
        };
        losses.push(graph.squared_error(*gram, target, scale as f32)?);
        targets.push(target);
        scales.push(scale);
    }
    // Features come in the order of the network, whatever the order of the settings.
    let weight = |layer: &Layer| settings.taps.iter().find(|(l, _)| l == layer).map_or(0.0, |(_, w)| *w);
    let factors: Vec<f32> = out.taps.iter().map(|(layer, _)| weight(layer)).collect();
    let total = graph.weighted_sum(&losses, &factors)?;
    let gradient = graph.differentiate(total, image)?;
    let mut outputs = losses;
    outputs.push(gradient);
    Ok(LossGraph { graph, image, targets, scales, outputs })
}

/// A loss and its gradient, ready to be evaluated.
pub struct Loss {
    evaluator: Evaluator,
    factors: Vec<f32>,
    names: Vec<&'static str>,
}

/// What evaluates a loss.
enum Evaluator {
    /// The whole image at once.
    Whole { program: Box<Program>, image: TensorId },
    /// Window by window.
    Windows(Box<Windows>),
}

/// A loss over the windows of an image.
struct Windows {
    device: Device,
    weights: Weights,
    settings: LossSettings,
    tilings: Tilings,
    targets: Grams,
    /// The factor of `‖G − G₀‖²` for each layer.
    scales: Vec<f64>,
}

impl Loss {
    /// Compiles the loss of images of a size against the Gram matrices of an original. If the whole image needs more
    /// than `limit` bytes, or more than the device has, it is processed in windows.
    ///
    /// # Errors
    /// The image is too small for the depth, or the device lacks memory.
    pub fn new(
        device: &Device,
        weights: &Weights,
        size: (usize, usize),
        targets: &Grams,
        settings: &LossSettings,
        limit: Option<u64>,
    ) -> Result<Self, ComputeError> {
        let plan = Plan::of(device.info().kind, weights, size, settings, limit)?;
        Self::planned(device, weights, targets, settings, &plan)
    }

    /// Compiles the loss as planned.
    ///
    /// # Errors
    /// The device lacks memory, even for the smallest windows.
    pub fn planned(
        device: &Device,
        weights: &Weights,
        targets: &Grams,
        settings: &LossSettings,
        plan: &Plan,
    ) -> Result<Self, ComputeError> {
        let squares: Vec<f64> = targets.iter().map(|g| g.iter().map(|v| f64::from(*v) * f64::from(*v)).sum()).collect();
        let built = loss_graph(weights, plan.size, &squares, settings)?;
        let kind = device.info().kind;
        let scales = built.scales.clone();
        let whole = || -> Result<Evaluator, ComputeError> {
            let mut program = device.compile(built.graph, &built.outputs)?;
            for (id, values) in built.targets.iter().zip(targets) {
                program.write(*id, values);
            }
            Ok(Evaluator::Whole { program: Box::new(program), image: built.image })
        };
        let windows = |limit: u64| -> Result<Option<Evaluator>, ComputeError> {
            let found = match &plan.tilings {
                Some(tilings) if Some(limit) == plan.limit => Some(tilings.clone()),
                _ => tilings(kind, weights, plan.size, settings, limit, Purpose::Gradient)?,
            };
            let Some(tilings) = found else { return Ok(None) };
            tiles::check_memory(device, weights, settings, &tilings)?;
            let (device, weights, settings) = (device.clone(), weights.clone(), settings.clone());
            let (targets, scales) = (targets.clone(), scales.clone());
            Ok(Some(Evaluator::Windows(Box::new(Windows { device, weights, settings, tilings, targets, scales }))))
        };
        let evaluator = whole_or_windows(plan.whole, plan.limit, whole, windows)?;
        let mut taps = settings.taps.clone();
        taps.sort_by_key(|(depth, _)| *depth);
        let (names, factors) = taps.iter().map(|(depth, weight)| (depth.name(), *weight)).unzip();
        Ok(Self { evaluator, factors, names })
    }

    /// The loss at `image` and its gradient.
    ///
    /// # Errors
    /// The device is lost.
    pub fn evaluate(&mut self, image: &[f32]) -> Result<(LossValue, Vec<f32>), ComputeError> {
        let (layers, gradient) = match &mut self.evaluator {
            Evaluator::Whole { program, image: input } => {
                program.write(*input, image);
                let mut outputs = program.run()?;
                let gradient = outputs.pop().unwrap_or_default();
                (outputs.iter().map(|v| f64::from(v[0])).collect::<Vec<f64>>(), gradient)
            }
            Evaluator::Windows(windows) => windows.evaluate(image, &self.factors)?,
        };
        if let Some(at) = layers.iter().position(|l| !l.is_finite()) {
            return Err(ComputeError::NotFinite { layer: self.names[at] });
        }
        let total = layers.iter().zip(&self.factors).map(|(l, w)| l * f64::from(*w)).sum();
        Ok((LossValue { total, parts: layers }, gradient))
    }

    /// Bytes in use on the device.
    pub fn memory(&self) -> u64 {
        match &self.evaluator {
            Evaluator::Whole { program, .. } => program.memory(),
            Evaluator::Windows(windows) => windows.tilings.bytes,
        }
    }

    /// Windows of an evaluation, 1 for the whole image at once.
    pub fn windows(&self) -> usize {
        match &self.evaluator {
            Evaluator::Whole { .. } => 1,
            Evaluator::Windows(windows) => windows.tilings.windows(),
        }
    }

    /// The compiled program, where the whole image is evaluated at once.
    pub fn program(&mut self) -> Option<&mut Program> {
        match &mut self.evaluator {
            Evaluator::Whole { program, .. } => Some(program),
            Evaluator::Windows(_) => None,
        }
    }
}

impl Windows {
    /// The loss of each layer, and the gradient of their weighted sum.
    fn evaluate(&self, image: &[f32], factors: &[f32]) -> Result<(Vec<f64>, Vec<f32>), ComputeError> {
        let Self { device, weights, settings, tilings, targets, scales } = self;
        let (grams, held) = tiles::grams(device, weights, image, settings, tilings)?;
        let (mut layers, mut seeds) = (vec![], vec![]);
        for (((gram, target), scale), factor) in grams.iter().zip(targets).zip(scales).zip(factors) {
            let gap = || gram.iter().zip(target).map(|(g, t)| f64::from(*g) - f64::from(*t));
            layers.push(scale * gap().map(|d| d * d).sum::<f64>());
            seeds.push(gap().map(|d| (2.0 * scale * f64::from(*factor) * d) as f32).collect());
        }
        let gradient = tiles::gradient(device, weights, image, settings, tilings, &seeds, held)?;
        Ok((layers, gradient))
    }
}

/// The cost of one evaluation on a kind of device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cost {
    /// Multiplications and additions.
    pub operations: u64,
    /// Bytes.
    pub bytes: u64,
    /// Windows of an evaluation, 1 for the whole image at once.
    pub windows: usize,
}

/// How a loss of images of a size is evaluated on a kind of device, known before anything is allocated.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Operations and memory; those of the smallest windows if even they need more than the limit.
    pub cost: Cost,
    size: (usize, usize),
    limit: Option<u64>,
    /// Bytes of the whole image at once.
    whole: u64,
    /// The windows, if the whole image does not fit.
    tilings: Option<Tilings>,
}

impl Plan {
    /// Plans an evaluation within `limit` bytes.
    ///
    /// # Errors
    /// The image is too small for the depth.
    pub fn of(
        kind: DeviceKind,
        weights: &Weights,
        size: (usize, usize),
        settings: &LossSettings,
        limit: Option<u64>,
    ) -> Result<Self, ComputeError> {
        let built = loss_graph(weights, size, &vec![1.0; settings.taps.len()], settings)?;
        let operations = built.graph.operations(&built.outputs);
        let Memory { bytes, .. } = planned_memory(kind, &built.graph, &built.outputs);
        let tilings = match limit {
            Some(limit) if bytes > limit => tilings(kind, weights, size, settings, limit, Purpose::Gradient)?,
            _ => None,
        };
        let cost = match &tilings {
            Some(found) => Cost { operations: found.operations, bytes: found.bytes, windows: found.windows() },
            None => Cost { operations, bytes, windows: 1 },
        };
        Ok(Self { cost, size, limit, whole: bytes, tilings })
    }
}

/// Operations and memory of one evaluation, as [`Plan::of`] finds them.
///
/// # Errors
/// The image is too small for the depth.
pub fn cost(
    kind: DeviceKind,
    weights: &Weights,
    size: (usize, usize),
    settings: &LossSettings,
    limit: Option<u64>,
) -> Result<Cost, ComputeError> {
    Ok(Plan::of(kind, weights, size, settings, limit)?.cost)
}
