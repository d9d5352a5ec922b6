//! Parts that the statistics of a graph are made of: the indicator of a picture's bright side, soft so that it has a gradient,
//! products of neighbours, and vectors of several means.

use std::sync::Arc;

use crate::compute::ComputeError;
use crate::compute::graph::{ConvSettings, Function, Graph, Shape, TensorId};

/// Half the width of what is between 0 and 1, as a share of the way from the threshold to black or white, whichever is nearer.
const SOFT: f32 = 0.8;

fn number(graph: &mut Graph, value: f32) -> Result<TensorId, ComputeError> {
    graph.constant(Shape::SCALAR, Arc::new(vec![value]))
}

/// `a · x + b`.
pub fn affine(graph: &mut Graph, x: TensorId, a: f32, b: f32) -> Result<TensorId, ComputeError> {
    let (a, b) = (number(graph, a)?, number(graph, b)?);
    let scaled = graph.pointwise(Function::Multiply, &[x, a])?;
    graph.pointwise(Function::Add, &[scaled, b])
}

/// Of grey values 0 … 1: 0 far below the threshold and 1 far above it, and between them the cubic t² (3 − 2 t).
pub fn soft_indicator(graph: &mut Graph, picture: TensorId, threshold: f32) -> Result<TensorId, ComputeError> {
    let half = SOFT * threshold.min(1.0 - threshold).max(1e-3);
    // 0 … 1 as the difference of two ramps, each cut off below.
    let first = affine(graph, picture, 0.5 / half, 0.5 * (half - threshold) / half)?;
    let second = affine(graph, first, 1.0, -1.0)?;
    let first = graph.pointwise(Function::LeakyRelu(0.0), &[first])?;
    let second = graph.pointwise(Function::LeakyRelu(0.0), &[second])?;
    let second = affine(graph, second, -1.0, 0.0)?;
    let t = graph.pointwise(Function::Add, &[first, second])?;
    let square = graph.pointwise(Function::Multiply, &[t, t])?;
    let rest = affine(graph, t, -2.0, 3.0)?;
    graph.pointwise(Function::Multiply, &[square, rest])
}

/// Each pixel times the one that lies `step` rows and columns further, at the opposite edge if `periodic`. Beyond an edge of
/// any other picture there is nothing.
pub fn times_next(graph: &mut Graph, x: TensorId, step: [isize; 2], periodic: bool) -> Result<TensorId, ComputeError> {
    let one = number(graph, 1.0)?;
    let settings = ConvSettings { before: step.map(|s| -s), after: step, ..ConvSettings::same(1, periodic, false) };
    let next = graph.conv(x, one, None, None, settings)?;
    graph.pointwise(Function::Multiply, &[x, next])
}

/// The sum of vectors, of which there is at least one, each times a number of each picture of a batch.
pub fn sum_of_vectors(graph: &mut Graph, terms: Vec<(TensorId, Vec<f32>)>) -> Result<TensorId, ComputeError> {
    let mut sum: Option<TensorId> = None;
    for (number, vector) in terms {
        let vector = graph.constant(Shape::vectors(1, vector.len()), Arc::new(vector))?;
        let added = graph.pointwise(Function::Multiply, &[number, vector])?;
        sum = Some(match sum {
            None => added,
            Some(sum) => graph.pointwise(Function::Add, &[sum, added])?,
        });
    }
    Ok(sum.expect("at least one vector"))
}
