//! Checks whether a device computes correctly: every operation and one whole gradient, compared with the native code.

mod case;
mod training;

use std::sync::Arc;

pub use case::{Case, Feed, picture, values};
use case::{describe, symmetric};

use super::graph::{ConvSettings, Cut, Graph, Padding, Pooling, Precision, Shape, TensorId};
use super::kernels::Algorithm;
use super::{ComputeError, Device, kernels};

/// The outcome for one operation.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// The kernel, or the whole gradient.
    pub name: &'static str,
    /// What it ran on.
    pub case: String,
    /// The precision of its graph.
    pub precision: Precision,
    /// The algorithm that computed it.
    pub algorithm: Algorithm,
    /// The largest difference relative to the largest result; infinite where something was not written.
    pub error: f64,
    /// The largest difference allowed.
    pub tolerance: f64,
}

impl Check {
    /// Whether the error is within the tolerance.
    pub fn passed(&self) -> bool {
        self.error <= self.tolerance
    }
}

/// The largest difference relative to the largest expected value; infinite if any number is NaN.
pub fn relative_error(found: &[f32], expected: &[f32]) -> f64 {
    if found.len() != expected.len() {
        return f64::INFINITY;
    }
    let scale = expected.iter().fold(f32::MIN_POSITIVE, |m, v| m.max(v.abs()));
    let off = |(f, e): (&f32, &f32)| {
        let d = f64::from((f - e).abs() / scale);
        if d.is_nan() { f64::INFINITY } else { d }
    };
    found.iter().zip(expected).map(off).fold(0.0, f64::max)
}

/// Compares a device with the native code, in every precision that it was opened for. Takes some seconds on a GPU.
///
/// # Errors
/// The device cannot be used at all.
pub fn run(device: &Device) -> Result<Vec<Check>, ComputeError> {
    let mut checks = vec![];
    for case in cases()?.into_iter().filter(|case| device.has(case.graph.precision)) {
        let expected = case.run(&Device::Cpu)?;
        for algorithm in case.algorithms(device) {
            device.prefer(Some(algorithm));
            let error = relative_error(&case.run(device)?, &expected);
            let (name, tolerance, precision) = (case.name, case.tolerance, case.graph.precision);
            let case = format!("{}, {}", case.case, algorithm.name());
            checks.push(Check { name, case, precision, algorithm, error, tolerance });
        }
    }
    device.prefer(None);
    Ok(checks)
}

/// Shapes on which every kernel is tried: one channel, odd sizes, more than one tile of channels and of positions.
const SHAPES: [Shape; 4] = [Shape::new(2, 2, 1), Shape::new(7, 5, 3), Shape::new(9, 14, 32), Shape::new(11, 13, 70)];

/// The cases of [`run`].
///
/// # Errors
/// Never, unless the cases themselves are wrong.
pub fn cases() -> Result<Vec<Case>, ComputeError> {
    let (same, periodic) = (ConvSettings::three(1, false, true), ConvSettings::three(1, true, false));
    let mut cases = vec![];
    for shape in SHAPES {
        cases.extend(conv_cases(shape)?);
        cases.extend(image_cases(shape)?);
        cases.extend(gram_cases(shape, false)?);
        cases.extend(gram_cases(shape, true)?);
    }
    // Larger tiles of a Gram matrix, some below its diagonal, and more than one part of the positions.
    cases.extend(gram_cases(Shape::new(33, 32, 256), false)?.into_iter().take(1));
    cases.extend(gram_cases(Shape::new(33, 32, 256), true)?.into_iter().take(1));
    cases.push(channel_shift_case(Shape::new(5, 9, 3))?);
    cases.push(weighted_sum_case()?);
    for padding in Padding::ALL {
        cases.push(gradient_case(padding, Precision::Single, [(Pooling::Mean, 32), (Pooling::Mean, 64)])?);
        cases.push(gradient_case(padding, Precision::Half, [(Pooling::Mean, 32), (Pooling::Max, 128)])?);
    }
    cases.push(narrow_case()?);
    // More than one tile of positions and of outputs, and rows and columns that are left over.
    for (shape, outputs) in [(Shape::new(9, 31, 32), 132), (Shape::new(5, 7, 16).times(5), 64)] {
        for settings in [same, periodic] {
            let case = conv_case(shape, outputs, ConvSettings { relu: true, ..settings }, false)?;
            cases.push(Case { tolerance: kernels::conv_cooperative::EIGHT.tolerance.into(), ..in_half(case) });
        }
    }
    for channels in [64, 3] {
        cases.push(map_case(Shape::new(9, 13, 32), channels)?);
    }
    cases.push(region_case()?);
    // More tiles of Winograd's algorithm than one band holds, and several images.
    cases.push(conv_case(Shape::new(61, 65, 8), 2048, same, false)?);
    cases.push(conv_case(Shape::new(9, 10, 32).times(3), 64, periodic, true)?);
    // A convolution whose result is cut, as windows need it, and its adjoint.
    let cut = same.cut(Cut { before: [4, 0], after: [0, 8] });
    for (inputs, outputs) in [(32, 64), (5, 3), (3, 64), (64, 3)] {
        cases.push(conv_case(Shape::new(9, 14, inputs), outputs, cut, false)?);
        cases.push(conv_case(Shape::new(9, 14, inputs), outputs, cut.adjoint(), true)?);
    }
    cases.extend(training::cases()?);
    Ok(cases)
}

/// A convolution of any settings and channels; with `masked`, the signs of another picture are the mask. `x` is the
/// shape that the kernels read; for a spread gradient, the input has half its height and width.
///
/// # Errors
/// The settings do not fit the shape.
pub fn conv_case(x: Shape, outputs: usize, settings: ConvSettings, masked: bool) -> Result<Case, ComputeError> {
    let mut graph = Graph::new();
    let small = Shape { height: x.height / 2, width: x.width / 2, ..x };
    let given = if settings.spread { small } else { x };
    let input = graph.input(given);
    let picture = masked.then(|| graph.input(x));
    let mask = picture.map(|picture| graph.signs(picture));
    let kernels = Arc::new(values(2, 9 * x.channels * outputs));
    let weights = graph.constant(Shape::new(9, x.channels, outputs), kernels)?;
    let bias = graph.constant(Shape::new(1, 1, outputs), Arc::new(values(3, outputs)))?;
    let output = graph.conv(input, weights, (!masked).then_some(bias), mask, settings)?;
    let mut inputs = vec![(input, values(4, given.len()))];
    inputs.extend(picture.map(|m| (m, values(5, x.len()))));
    let case = format!(
        "{}×{}×{} → {outputs}, {settings:?}{}",
        x.height,
        x.width,
        x.channels,
        if masked { ", masked" } else { "" }
    );
    Ok(Case { name: "conv", case, graph, inputs, output, tolerance: kernels::conv::KERNEL.tolerance.into() })
}

fn conv_cases(shape: Shape) -> Result<Vec<Case>, ComputeError> {
    let settings = ConvSettings::three;
    let outputs = if shape.channels == 32 { 64 } else { 3 };
    let mut cases = vec![
        conv_case(shape, outputs, settings(1, false, true), false)?,
        conv_case(shape, outputs, settings(1, true, false), true)?,
        conv_case(shape, outputs, settings(2, false, false), true)?,
        conv_case(shape, outputs, ConvSettings { spread: true, ..settings(1, false, false) }, true)?,
        conv_case(shape, outputs, ConvSettings { spread: true, ..settings(1, true, false) }, true)?,
    ];
    if shape.height > 2 {
        cases.push(conv_case(shape, outputs, settings(0, false, true), false)?);
    }
    Ok(cases)
}

/// Pooling and mirrored edges with their adjoints: the adjoint is reached by differentiating a Gram loss.
fn image_cases(shape: Shape) -> Result<Vec<Case>, ComputeError> {
    type Build = fn(&mut Graph, TensorId) -> Result<TensorId, ComputeError>;
    let builds: [(&'static str, &'static str, Build); 3] = [
        ("pad_reflect", "pad_reflect_adjoint", |g, x| g.pad_reflect(x)),
        ("pool", "pool_adjoint", |g, x| g.pool(x, Pooling::Mean)),
        ("pool", "pool_adjoint", |g, x| g.pool(x, Pooling::Max)),
    ];
    let mut cases = vec![];
    for (forward, adjoint, build) in builds {
        let mut graph = Graph::new();
        let input = graph.input(shape);
        let y = build(&mut graph, input)?;
        let inputs = vec![(input, values(6, shape.len()))];
        let (case, tolerance) = (describe(shape), 1e-6);
        cases.push(Case { name: forward, case, graph: graph.clone(), inputs: inputs.clone(), output: y, tolerance });
        let (graph, output, more) = with_squared_error(graph, input, y)?;
        let inputs = inputs.into_iter().chain([more]).collect();
        cases.push(Case { name: adjoint, case: describe(shape), graph, inputs, output, tolerance: 1e-5 });
    }
    Ok(cases)
}

/// Adds a Gram loss after `y` and differentiates it with respect to `x`.
fn with_squared_error(mut graph: Graph, x: TensorId, y: TensorId) -> Result<(Graph, TensorId, Feed), ComputeError> {
    let gram = graph.gram(y);
    let shape = graph.shape(gram);
    let target = graph.input(shape);
    let loss = graph.squared_error(gram, target, 0.5)?;
    let total = graph.weighted_sum(&[loss], &[1.5])?;
    let output = graph.differentiate(total, x)?;
    Ok((graph, output, (target, symmetric(shape.channels))))
}

fn gram_cases(shape: Shape, within: bool) -> Result<Vec<Case>, ComputeError> {
    let mut graph = Graph::new();
    let x = graph.input(shape);
    let region = graph.input(Shape::new(1, 1, 4));
    let gram = if within { graph.gram_within(x, region)? } else { graph.gram(x) };
    let n = shape.channels;
    let target = graph.input(Shape::new(n, 1, n));
    let mut inputs = vec![(x, values(8, shape.len()))];
    if within {
        // The part of a region beyond the map is cut.
        inputs.push((region, vec![1.0, 0.0, shape.height as f32 - 1.0, shape.width as f32 + 3.0]));
    }
    let describe = |shape| if within { format!("{} within a region", describe(shape)) } else { describe(shape) };
    let both: Vec<_> = inputs.iter().cloned().chain([(target, symmetric(n))]).collect();
    let mut out = vec![Case {
        name: "gram",
        case: describe(shape),
        graph: graph.clone(),
        inputs,
        output: gram,
        tolerance: kernels::gram::KERNEL.tolerance.into(),
    }];
    let loss = graph.squared_error(gram, target, 0.25)?;
    out.push(Case {
        name: "squared_error",
        case: describe(shape),
        graph: graph.clone(),
        inputs: both.clone(),
        output: loss,
        tolerance: 1e-5,
    });
    let gradient = graph.differentiate(loss, x)?;
    out.push(Case {
        name: "gram_adjoint",
        case: describe(shape),
        graph,
        inputs: both,
        output: gradient,
        tolerance: 1e-5,
    });
    Ok(out)
}

/// The gradient of two layers' Gram matrices within a region each.
fn region_case() -> Result<Case, ComputeError> {
    let mut graph = Graph::new();
    let shape = Shape::new(9, 11, 8);
    let x = graph.input(shape);
    let regions = [graph.input(Shape::new(1, 1, 4)), graph.input(Shape::new(1, 1, 4))];
    let kernels = graph.constant(Shape::new(9, 8, 16), Arc::new(values(2, 9 * 8 * 16)))?;
    let y = graph.conv(x, kernels, None, None, ConvSettings::three(1, false, true))?;
    let mut losses = vec![];
    let mut inputs = vec![
        (x, values(8, shape.len())),
        (regions[0], vec![2.0, 1.0, 7.0, 9.0]),
        (regions[1], vec![3.0, 2.0, 6.0, 8.0]),
    ];
    for (features, region) in [(x, regions[0]), (y, regions[1])] {
        let gram = graph.gram_within(features, region)?;
        let target = graph.input(graph.shape(gram));
        losses.push(graph.squared_error(gram, target, 0.5)?);
        inputs.push((target, symmetric(graph.shape(target).channels)));
    }
    let total = graph.weighted_sum(&losses, &[1.5, 0.5])?;
    let output = graph.differentiate(total, x)?;
    Ok(Case { name: "gradient", case: "within regions".into(), graph, inputs, output, tolerance: 1e-4 })
}

fn channel_shift_case(shape: Shape) -> Result<Case, ComputeError> {
    let mut graph = Graph::new();
    let x = graph.input(shape);
    let output = graph.channel_shift(x, [2, 0, 1], [1.5, -0.5, 2.0], [0.25, -3.0, 1.0])?;
    let inputs = vec![(x, values(9, shape.len()))];
    Ok(Case { name: "channel_shift", case: describe(shape), graph, inputs, output, tolerance: 1e-6 })
}

fn weighted_sum_case() -> Result<Case, ComputeError> {
    let mut graph = Graph::new();
    let terms: Vec<_> = (0..3).map(|_| graph.input(Shape::SCALAR)).collect();
    let output = graph.weighted_sum(&terms, &[0.5, -2.0, 3.0])?;
    let inputs = terms.iter().enumerate().map(|(n, t)| (*t, values(n as u64, 1))).collect();
    Ok(Case { name: "weighted_sum", case: "3 terms".into(), graph, inputs, output, tolerance: 1e-6 })
}

/// A small network from picture to gradient, with three taps; `layers` gives pooling and channels of two layers.
fn gradient_case(padding: Padding, precision: Precision, layers: [(Pooling, usize); 2]) -> Result<Case, ComputeError> {
    let mut graph = Graph::with(precision);
    let shape = Shape::new(21, 18, 3);
    let x = graph.input(shape);
    let mut y = graph.channel_shift(x, [2, 1, 0], [1.0; 3], [-0.1, 0.2, 0.3])?;
    let (mut losses, mut inputs) = (vec![], vec![(x, values(10, shape.len()))]);
    let layer = |graph: &mut Graph, y, from: usize, to: usize| {
        let kernels = values(to as u64, 9 * from * to).iter().map(|w| w * (2.0 / (3 * from) as f32).sqrt()).collect();
        let weights = graph.constant(Shape::new(9, from, to), Arc::new(kernels))?;
        let bias = graph.constant(Shape::new(1, 1, to), Arc::new(values(11, to)))?;
        graph.conv_relu(y, weights, bias, padding, Cut::default())
    };
    let mut from = 3;
    for (pooling, to) in layers {
        let features = layer(&mut graph, y, from, to)?;
        y = graph.pool(features, pooling)?;
        // The first layer is tapped after its convolution, the second after its pooling, as real networks are.
        let gram = graph.gram(if from == 3 { features } else { y });
        let target = graph.input(graph.shape(gram));
        inputs.push((target, symmetric(to)));
        losses.push(graph.squared_error(gram, target, 1.0)?);
        from = to;
    }
    y = layer(&mut graph, y, from, 32)?;
    let gram = graph.gram(y);
    let target = graph.input(graph.shape(gram));
    inputs.push((target, symmetric(32)));
    losses.push(graph.squared_error(gram, target, 1.0)?);
    let total = graph.weighted_sum(&losses, &[1.0, 0.5, 2.0])?;
    let output = graph.differentiate(total, x)?;
    Ok(Case {
        name: "gradient",
        case: format!("whole network, {} padding, {} precision", padding.name(), precision.name()),
        graph,
        inputs,
        output,
        tolerance: tolerance(precision),
    })
}

/// The largest relative difference allowed in a gradient.
fn tolerance(precision: Precision) -> f64 {
    match precision {
        Precision::Single => 1e-4,
        // Each number of a map is off by up to 2⁻¹¹ of itself, which may change the outcome of a ReLU or a maximum.
        Precision::Half => 5e-2,
    }
}

/// A case in half precision.
fn in_half(mut case: Case) -> Case {
    case.graph.precision = Precision::Half;
    case.case.push_str(", half precision");
    case
}

/// Feature maps inside a network, in half precision: the last has `channels` channels and is pooled.
fn map_case(shape: Shape, channels: usize) -> Result<Case, ComputeError> {
    let mut graph = Graph::new();
    let x = graph.input(shape);
    let mut y = x;
    for (seed, to) in [(1, 32), (2, channels)] {
        let kernels = graph.constant(Shape::new(9, 32, to), Arc::new(values(seed, 9 * 32 * to)))?;
        y = graph.conv(y, kernels, None, None, ConvSettings::three(1, false, true))?;
    }
    let output = graph.pool(y, Pooling::Mean)?;
    let inputs = vec![(x, values(3, shape.len()))];
    let (case, tolerance) = (format!("to {channels} channels"), kernels::conv_cooperative::EIGHT.tolerance.into());
    Ok(in_half(Case { name: "maps", case, graph, inputs, output, tolerance }))
}

/// The gradient of a Gram matrix after few channels, in half precision.
fn narrow_case() -> Result<Case, ComputeError> {
    let mut graph = Graph::new();
    let shape = Shape::new(9, 11, 16);
    let x = graph.input(shape);
    let mut y = x;
    for (seed, from, to) in [(1, 16, 16), (2, 16, 4)] {
        let kernels = graph.constant(Shape::new(9, from, to), Arc::new(values(seed, 9 * from * to)))?;
        y = graph.conv(y, kernels, None, None, ConvSettings::three(1, false, true))?;
    }
    let (graph, output, target) = with_squared_error(graph, x, y)?;
    let inputs = vec![(x, values(3, shape.len())), target];
    let (case, tolerance) = ("few channels".into(), tolerance(Precision::Half));
    Ok(in_half(Case { name: "gradient", case, graph, inputs, output, tolerance }))
}
