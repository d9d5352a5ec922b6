//! The operations that trained networks need.

use super::{Function, Graph, Op, Product, Shape, TensorId};
use crate::compute::ComputeError;

/// The decay rates of Adam's moments in its paper.
pub const ADAM_DECAYS: (f64, f64) = (0.9, 0.999);

/// What [`Graph::adam`] reads of step number `t`, from 1: the rate, the corrections of both moments, whether the step is
/// taken, and the decay rates of the moments. Without `is_last` the gradient is only added up, so that a batch can be split
/// over several runs.
pub fn adam_numbers(rate: f64, decays: (f64, f64), t: usize, is_last: bool) -> [f32; 6] {
    let correction = |decay: f64| 1.0 - decay.powf(t as f64);
    let numbers = [rate, correction(decays.0), correction(decays.1), f64::from(u8::from(is_last)), decays.0, decays.1];
    numbers.map(|v| v as f32)
}

impl Graph {
    /// Applies a function element by element. In each dimension, an input has either the size of the result, or 1 and
    /// is then repeated. Height and width count as one dimension here.
    ///
    /// # Errors
    /// The shapes do not fit together, or the function takes another number of inputs.
    pub fn pointwise(&mut self, function: Function, inputs: &[TensorId]) -> Result<TensorId, ComputeError> {
        let shapes: Vec<Shape> = inputs.iter().map(|i| self.shape(*i)).collect();
        let largest = |a: Shape, b: &Shape| {
            let (height, width) = if a.positions() == 1 { (b.height, b.width) } else { (a.height, a.width) };
            Shape { batch: a.batch.max(b.batch), height, width, channels: a.channels.max(b.channels) }
        };
        let shape = shapes.iter().fold(Shape::SCALAR, largest);
        if inputs.len() != function.inputs() || !shapes.iter().all(|s| repeats_to(*s, shape)) {
            return Err(ComputeError::shape(format!("{function:?} of {shapes:?}")));
        }
        Ok(self.push(Op::Pointwise { function, inputs: inputs.to_vec() }, shape))
    }

    /// `scale · Σ a · b` over every dimension in which `shape` has size 1; without `b` the sum of `a`.
    ///
    /// # Errors
    /// `a` and `b` differ in shape, or `a` cannot be summed to `shape`.
    pub fn reduce(
        &mut self,
        a: TensorId,
        b: Option<TensorId>,
        shape: Shape,
        scale: f32,
    ) -> Result<TensorId, ComputeError> {
        let from = self.shape(a);
        if b.is_some_and(|b| self.shape(b) != from) || !repeats_to(shape, from) {
            return Err(ComputeError::shape(format!("the sum of {from:?} to {shape:?}")));
        }
        Ok(self.push(Op::Reduce { a, b, scale }, shape))
    }

    /// The product of the matrices `a` and `b`, each of any shape with as many numbers as `product` says; the result
    /// has the given shape.
    ///
    /// # Errors
    /// The sizes do not match.
    pub fn product(
        &mut self,
        a: TensorId,
        b: TensorId,
        product: Product,
        shape: Shape,
    ) -> Result<TensorId, ComputeError> {
        let Product { rows, columns, inner, .. } = product;
        let (la, lb) = (self.shape(a).len(), self.shape(b).len());
        if la != rows * inner || lb != inner * columns || shape.len() != rows * columns {
            return Err(ComputeError::shape(format!("{product:?} of {la} and {lb} numbers into {shape:?}")));
        }
        Ok(self.push(Op::Product { a, b, product }, shape))
    }

    /// Fully connected layer: every image of `x`, read as one vector, times `weights` `[inputs, 1, outputs]`, plus
    /// `bias`; the result has `shape` for each image, and so has the bias.
    ///
    /// # Errors
    /// The sizes do not match.
    pub fn linear(
        &mut self,
        x: TensorId,
        weights: TensorId,
        bias: TensorId,
        shape: Shape,
    ) -> Result<TensorId, ComputeError> {
        let (rows, inner) = (self.shape(x).batch, self.shape(x).image_len());
        let product = Product { rows, columns: shape.len(), inner, transpose_a: false, transpose_b: false };
        let y = self.product(x, weights, product, shape.times(rows))?;
        self.pointwise(Function::Add, &[y, bias])
    }

    /// Convolution with trained kernels that keeps the size of the image, plus a bias `[1, 1, outputs]`.
    ///
    /// # Errors
    /// The channels do not match.
    pub fn conv_same(
        &mut self,
        x: TensorId,
        weights: TensorId,
        bias: TensorId,
        edge: usize,
        periodic: bool,
    ) -> Result<TensorId, ComputeError> {
        self.conv(x, weights, Some(bias), None, super::ConvSettings::same(edge, periodic, false))
    }

    /// Each pixel becomes 2 × 2 (nearest neighbour).
    pub fn upsample(&mut self, x: TensorId) -> TensorId {
        let s = self.shape(x);
        self.push(Op::Upsample { x }, Shape { height: 2 * s.height, width: 2 * s.width, ..s })
    }

    /// The pulling-away term of Zhao, Mathieu & LeCun 2017 (arXiv:1609.03126, Eq. 4): the mean over all ordered pairs
    /// of different images of `(x_i · x_j / ‖x_i‖ ‖x_j‖)²`; 0 for a batch of one.
    ///
    /// # Errors
    /// Never.
    pub fn pull_away(&mut self, x: TensorId) -> Result<TensorId, ComputeError> {
        let (n, inner) = (self.shape(x).batch, self.shape(x).image_len());
        let product = Product { rows: n, columns: n, inner, transpose_a: false, transpose_b: true };
        let products = self.product(x, x, product, Shape::new(n, 1, n))?;
        Ok(self.push(Op::PullAway { products }, Shape::SCALAR))
    }

    /// Steps of [`Graph::adam`] on all of some inputs, each with its gradient. Returns the input with the numbers of the step,
    /// and the states of the inputs, which begin as zeros.
    ///
    /// # Errors
    /// As [`Graph::adam`].
    pub fn adam_all(
        &mut self,
        parameters: &[TensorId],
        gradients: Vec<TensorId>,
    ) -> Result<(TensorId, Vec<TensorId>), ComputeError> {
        let step = self.input(Shape::new(1, 1, 6));
        let mut states = vec![];
        for (parameter, gradient) in parameters.iter().zip(gradients) {
            let state = self.input(Shape::new(3, 1, self.shape(*parameter).len()));
            self.adam(*parameter, gradient, state, step)?;
            states.push(state);
        }
        Ok((step, states))
    }

    /// A step of Adam (Kingma & Ba 2015, arXiv:1412.6980) on the input `parameter`, taken in place in every run.
    ///
    /// `state`, an input of shape `[3, 1, numbers]`, holds the gradients summed up so far, the first and the second
    /// moments; `step`, an input of six numbers, holds [`adam_numbers`]. No operation that is added after this one may
    /// read the parameter. Returns the parameter after the step.
    ///
    /// # Errors
    /// The shapes do not fit together, or one of the three is not an input.
    pub fn adam(
        &mut self,
        parameter: TensorId,
        gradient: TensorId,
        state: TensorId,
        step: TensorId,
    ) -> Result<TensorId, ComputeError> {
        let shape = self.shape(parameter);
        let inputs = [parameter, state, step].iter().all(|id| matches!(self.nodes[id.0].op, Op::Input));
        let fits = self.shape(state).len() == 3 * shape.len() && self.shape(step).len() == 6;
        if !inputs || !fits || self.shape(gradient).len() != shape.len() {
            return Err(ComputeError::shape(format!("a step of Adam on {shape:?}")));
        }
        let moments = self.push(Op::AdamMoments { state, gradient, step }, self.shape(state));
        let moved = self.push(Op::AdamStep { parameter, state: moments, step }, shape);
        self.effects.push(moved);
        Ok(moved)
    }
}

/// Whether a tensor of shape `from` can be repeated to `to`.
fn repeats_to(from: Shape, to: Shape) -> bool {
    let place = from.positions() == 1 || (from.height, from.width) == (to.height, to.width);
    let fits = |a: usize, b: usize| a == 1 || a == b;
    place && fits(from.batch, to.batch) && fits(from.channels, to.channels)
}
