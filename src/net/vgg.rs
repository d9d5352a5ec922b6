//! The convolutional part of VGG-19 (Simonyan & Zisserman 2014, arXiv:1409.1556), described once.

use super::layer::{Layer, LayerKind};
use super::weights::Weights;
use crate::compute::ComputeError;
use crate::compute::graph::{Cut, Graph, Padding, Pooling, Shape, TensorId};

/// Feature maps in a graph.
#[derive(Clone, Debug)]
pub struct Features {
    /// The tapped layers, in the order of the network.
    pub taps: Vec<(Layer, TensorId)>,
    /// Their Gram matrices.
    pub grams: Vec<TensorId>,
}

/// Adds the network up to the deepest tap to a graph, with a Gram matrix after each tap.
///
/// `image` is `[height, width, 3]`, RGB (or the three encoding channels), 0 … 255.
///
/// # Errors
/// The weights lack a layer, or the image is too small for the depth.
pub fn features(
    graph: &mut Graph,
    image: TensorId,
    weights: &Weights,
    taps: &[Layer],
    padding: Padding,
    pooling: Pooling,
) -> Result<Features, ComputeError> {
    let mut x = preprocess(graph, image, weights)?;
    let mut out = Features { taps: vec![], grams: vec![] };
    let Some(deepest) = taps.iter().max() else { return Ok(out) };
    for depth in Layer::all().filter(|depth| depth <= deepest) {
        x = layer(graph, x, weights, depth, (padding, pooling), Cut::default())?;
        if taps.contains(&depth) {
            out.taps.push((depth, x));
            out.grams.push(graph.gram(x));
        }
    }
    Ok(out)
}

/// Adds what comes before the first layer: the order, range and mean of the channels in the training of the weights.
///
/// # Errors
/// The image does not have three channels.
pub fn preprocess(graph: &mut Graph, image: TensorId, weights: &Weights) -> Result<TensorId, ComputeError> {
    let input = weights.preprocessing();
    graph.channel_shift(image, input.order, input.scale, input.shift)
}

/// Adds one layer after `x`; `cut` is cut from the result of a convolution.
///
/// # Errors
/// The weights lack the layer, or the map is too small for it.
pub fn layer(
    graph: &mut Graph,
    x: TensorId,
    weights: &Weights,
    layer: Layer,
    (padding, pooling): (Padding, Pooling),
    cut: Cut,
) -> Result<TensorId, ComputeError> {
    let LayerKind::Conv { inputs, outputs } = layer.kind() else { return graph.pool(x, pooling) };
    let (kernels, bias) = weights
        .layer(layer.name())
        .ok_or_else(|| ComputeError::shape(format!("the weights {} have no layer {layer}", weights.name())))?;
    let kernels = graph.constant(Shape::new(9, inputs, outputs), kernels.clone())?;
    let bias = graph.constant(Shape::new(1, 1, outputs), bias.clone())?;
    graph.conv_relu(x, kernels, bias, padding, cut)
}
