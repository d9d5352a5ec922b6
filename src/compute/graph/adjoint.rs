//! Reverse-mode differentiation: the adjoint operations are nodes of the same graph.

use std::collections::HashMap;
use std::sync::Arc;

use super::{ConvSettings, Function, Graph, Op, Pooling, Product, Shape, TensorId};
use crate::compute::ComputeError;

/// The gradient that has reached a tensor so far in the pass back from the loss.
#[derive(Clone, Copy)]
enum Gradient {
    /// The gradient of a scalar that is a known number (a weight of a sum).
    Number(f32),
    /// A gradient that a node computes.
    Tensor(TensorId),
}

type Gradients = HashMap<TensorId, Gradient>;

impl Graph {
    /// Adds the operations that compute the gradient of the scalar `loss` with respect to `input`.
    ///
    /// # Errors
    /// As for [`Graph::gradients`].
    pub fn differentiate(&mut self, loss: TensorId, input: TensorId) -> Result<TensorId, ComputeError> {
        Ok(self.gradients(loss, &[input])?[0])
    }

    /// Adds the operations that compute the gradients of the scalar `loss` with respect to each of `inputs`. Targets
    /// and constants get no gradient.
    ///
    /// # Errors
    /// `loss` is not a scalar, does not depend on an input, or an operation between them has no adjoint.
    pub fn gradients(&mut self, loss: TensorId, inputs: &[TensorId]) -> Result<Vec<TensorId>, ComputeError> {
        if self.shape(loss) != Shape::SCALAR {
            return Err(ComputeError::shape(format!("a loss of shape {:?}", self.shape(loss))));
        }
        self.backpropagate(Gradients::from([(loss, Gradient::Number(1.0))]), inputs)
    }

    /// Adds the operations that carry gradients with respect to several outputs back to `input`: the sum of the
    /// adjoints of everything between them, each applied to its seed.
    ///
    /// # Errors
    /// A seed differs in shape from its output, or as for [`Graph::gradients`].
    pub fn pull_back(&mut self, seeded: &[(TensorId, TensorId)], input: TensorId) -> Result<TensorId, ComputeError> {
        if let Some((_, seed)) = seeded.iter().find(|(output, seed)| self.shape(*output) != self.shape(*seed)) {
            return Err(ComputeError::shape(format!("a gradient of shape {:?}", self.shape(*seed))));
        }
        let seeds = seeded.iter().map(|(output, seed)| (*output, Gradient::Tensor(*seed))).collect();
        Ok(self.backpropagate(seeds, &[input])?[0])
    }

    fn backpropagate(&mut self, mut gradients: Gradients, inputs: &[TensorId]) -> Result<Vec<TensorId>, ComputeError> {
        let reaches = self.reached_from(inputs);
        for index in (0..self.nodes.len()).rev() {
            let node = TensorId(index);
            if inputs.contains(&node) || !reaches[index] {
                continue;
            }
            let Some(&gradient) = gradients.get(&node) else { continue };
            self.node_adjoint(node, gradient, &reaches, &mut gradients)?;
        }
        let found = inputs.iter().map(|input| match gradients.get(input) {
            Some(Gradient::Tensor(id)) => Ok(*id),
            _ => Err(ComputeError::shape("the output does not depend on the input".into())),
        });
        found.collect()
    }

    fn reached_from(&self, inputs: &[TensorId]) -> Vec<bool> {
        let mut reached = vec![false; self.nodes.len()];
        for input in inputs {
            reached[input.0] = true;
        }
        for id in 0..self.nodes.len() {
            reached[id] |= self.nodes[id].op.inputs().iter().any(|i| reached[i.0]);
        }
        reached
    }

    /// Passes the gradient of a node on to those of its inputs that depend on the tensors of the wanted gradients.
    fn node_adjoint(
        &mut self,
        node: TensorId,
        gradient: Gradient,
        reaches: &[bool],
        gradients: &mut Gradients,
    ) -> Result<(), ComputeError> {
        let op = self.nodes[node.0].op.clone();
        if let (Op::WeightedSum { terms, weights }, Gradient::Number(g)) = (&op, gradient) {
            for (term, weight) in terms.iter().zip(weights) {
                if reaches[term.0] {
                    self.add_gradient(gradients, *term, Gradient::Number(g * weight))?;
                }
            }
            return Ok(());
        }
        if let (Op::SquaredError { x, target, scale }, Gradient::Number(g)) = (&op, gradient) {
            let adjoint = Op::SquaredErrorAdjoint { x: *x, target: *target, scale: g * scale };
            let id = self.push(adjoint, self.shape(*x));
            return self.add_gradient(gradients, *x, Gradient::Tensor(id));
        }
        let g = self.as_tensor(gradient)?;
        match op {
            Op::WeightedSum { terms, weights } => {
                for (term, weight) in terms.into_iter().zip(weights).filter(|(term, _)| reaches[term.0]) {
                    let weight = self.constant(Shape::SCALAR, Arc::new(vec![weight]))?;
                    let scaled = self.pointwise(Function::Multiply, &[g, weight])?;
                    self.add_gradient(gradients, term, Gradient::Tensor(scaled))?;
                }
                Ok(())
            }
            Op::SquaredError { x, target, scale } => {
                let adjoint = self.push(Op::SquaredErrorAdjoint { x, target, scale }, self.shape(x));
                let scaled = self.pointwise(Function::Multiply, &[adjoint, g])?;
                self.add_gradient(gradients, x, Gradient::Tensor(scaled))
            }
            Op::Conv { x, weights, bias, mask: None, settings } => {
                if reaches[x.0] {
                    let flipped = self.flip_kernels(weights)?;
                    let mask = settings.relu.then(|| self.signs(node));
                    // The adjoint of a mean pooling repeats each number four times, so the convolution reads the
                    // numbers before they are repeated.
                    let (from, spread) = match self.nodes[g.0].op {
                        Op::PoolAdjoint { gradient, pooling: Pooling::Mean, .. } if mask.is_some() => (gradient, true),
                        _ => (g, false),
                    };
                    let settings = ConvSettings { spread, ..settings.adjoint() };
                    let back = self.conv(from, flipped, None, mask, settings)?;
                    self.add_gradient(gradients, x, Gradient::Tensor(back))?;
                }
                let trained = [Some(weights), bias].into_iter().flatten().filter(|t| reaches[t.0]);
                if settings.relu && trained.clone().count() > 0 {
                    return Err(ComputeError::shape("trained kernels with ReLU in the same operation".into()));
                }
                for tensor in trained {
                    let adjoint = if tensor == weights {
                        self.push(Op::ConvWeights { x, gradient: g, settings }, self.shape(weights))
                    } else {
                        self.reduce(g, None, self.shape(tensor), 1.0)?
                    };
                    self.add_gradient(gradients, tensor, Gradient::Tensor(adjoint))?;
                }
                Ok(())
            }
            Op::Pointwise { function, inputs } => {
                for (at, input) in inputs.iter().enumerate().filter(|(_, i)| reaches[i.0]) {
                    self.pointwise_adjoint(node, function, &inputs, at, g, *input, gradients)?;
                }
                Ok(())
            }
            Op::Product { a, b, product } if !product.transpose_a => {
                if reaches[a.0] {
                    let back = Product {
                        columns: product.inner,
                        inner: product.columns,
                        transpose_b: !product.transpose_b,
                        ..product
                    };
                    let adjoint = self.product(g, b, back, self.shape(a))?;
                    self.add_gradient(gradients, a, Gradient::Tensor(adjoint))?;
                }
                if reaches[b.0] {
                    let (left, right, rows, columns) = if product.transpose_b {
                        (g, a, product.columns, product.inner)
                    } else {
                        (a, g, product.inner, product.columns)
                    };
                    let back = Product { rows, columns, inner: product.rows, transpose_a: true, transpose_b: false };
                    let adjoint = self.product(left, right, back, self.shape(b))?;
                    self.add_gradient(gradients, b, Gradient::Tensor(adjoint))?;
                }
                Ok(())
            }
            Op::Gram { features, region } => {
                let carry = match gradients.remove(&features) {
                    Some(Gradient::Tensor(id)) => Some(id),
                    _ => None,
                };
                // d(FᵀF/P) · D is F (D + Dᵀ) / P, and D is symmetric as long as the target is.
                let shape = self.shape(features);
                let scale = 2.0 / shape.positions() as f32;
                let adjoint = self.push(Op::GramAdjoint { features, matrix: g, region, carry, scale }, shape);
                self.add_gradient(gradients, features, Gradient::Tensor(adjoint))
            }
            Op::Reduce { a, b: None, scale } => {
                // The gradient of a sum is repeated along the dimensions that were summed; the other sizes are equal.
                let (from, to) = (self.shape(a), self.shape(g));
                let repeats = |from: usize, to: usize| if to == from { 1 } else { from };
                let (height, width) =
                    if to.positions() == from.positions() { (1, 1) } else { (from.height, from.width) };
                let shape = Shape {
                    batch: repeats(from.batch, to.batch),
                    height,
                    width,
                    channels: repeats(from.channels, to.channels),
                };
                let ones = self.constant(shape, Arc::new(vec![scale; shape.len()]))?;
                let adjoint = self.pointwise(Function::Multiply, &[ones, g])?;
                self.add_gradient(gradients, a, Gradient::Tensor(adjoint))
            }
            other => {
                let (x, adjoint) = self.simple_adjoint(other, g)?;
                self.add_gradient(gradients, x, Gradient::Tensor(adjoint))
            }
        }
    }

    /// The adjoint of an operation with one input that can be differentiated.
    fn simple_adjoint(&mut self, op: Op, g: TensorId) -> Result<(TensorId, TensorId), ComputeError> {
        Ok(match op {
            Op::ChannelShift { x, order, scale, .. } => (x, self.channel_shift_adjoint(g, order, scale)),
            Op::PadReflect { x } => (x, self.push(Op::PadReflectAdjoint { gradient: g }, self.shape(x))),
            Op::Pool { x, pooling } => (x, self.push(Op::PoolAdjoint { x, gradient: g, pooling }, self.shape(x))),
            Op::Upsample { x } => (x, self.push(Op::UpsampleAdjoint { gradient: g }, self.shape(x))),
            Op::PullAway { products } => {
                (products, self.push(Op::PullAwayAdjoint { products, gradient: g }, self.shape(products)))
            }
            other => return Err(ComputeError::shape(format!("{other:?} has no adjoint"))),
        })
    }

    /// Carries the gradient `g` of a pointwise result to the input number `at`.
    #[expect(clippy::too_many_arguments, reason = "a node, its inputs and what has reached it")]
    fn pointwise_adjoint(
        &mut self,
        node: TensorId,
        function: Function,
        inputs: &[TensorId],
        at: usize,
        g: TensorId,
        input: TensorId,
        gradients: &mut Gradients,
    ) -> Result<(), ComputeError> {
        // The factor of the gradient, element by element; none if the gradient passes unchanged.
        let factor = match (function, at) {
            (Function::Add, _) | (Function::Reparameterise, 0) => None,
            (Function::Multiply, _) => Some(inputs[1 - at]),
            (Function::Modulate, 1) | (Function::Divergence, 0) => Some(inputs[0]),
            (Function::Reparameterise, 2) => {
                return Err(ComputeError::shape("the noise of a sample has no gradient".into()));
            }
            (function, at) => {
                let adjoint = match (function, at) {
                    (Function::Modulate, _) => self.pointwise(Function::Modulate, &[g, inputs[1]])?,
                    (Function::LeakyRelu(slope), _) => self.pointwise(Function::LeakyReluAdjoint(slope), &[node, g])?,
                    (Function::Sigmoid, _) => self.pointwise(Function::SigmoidAdjoint, &[node, g])?,
                    (Function::Reparameterise, _) => {
                        self.pointwise(Function::ReparameteriseAdjoint, &[inputs[1], inputs[2], g])?
                    }
                    (Function::Divergence, _) => self.pointwise(Function::DivergenceAdjoint, &[inputs[1], g])?,
                    (Function::Floor(least), _) => self.pointwise(Function::FloorAdjoint(least), &[inputs[0], g])?,
                    (Function::Saturate, _) => self.pointwise(Function::SaturateAdjoint, &[inputs[0], g])?,
                    (other, _) => return Err(ComputeError::shape(format!("{other:?} has no adjoint"))),
                };
                let summed = self.sum_to(adjoint, None, input)?;
                return self.add_gradient(gradients, input, Gradient::Tensor(summed));
            }
        };
        let adjoint = match factor {
            None => self.sum_to(g, None, input)?,
            // If the factor is repeated, the product is computed before the sum.
            Some(factor) if self.shape(factor) == self.shape(g) => self.sum_to(g, Some(factor), input)?,
            Some(factor) => {
                let product = self.pointwise(Function::Multiply, &[g, factor])?;
                self.sum_to(product, None, input)?
            }
        };
        self.add_gradient(gradients, input, Gradient::Tensor(adjoint))
    }

    /// `Σ a · b` over the dimensions in which `input` was repeated.
    fn sum_to(&mut self, a: TensorId, b: Option<TensorId>, input: TensorId) -> Result<TensorId, ComputeError> {
        let shape = self.shape(input);
        match b {
            _ if shape != self.shape(a) => self.reduce(a, b, shape, 1.0),
            Some(b) => self.pointwise(Function::Multiply, &[a, b]),
            None => Ok(a),
        }
    }

    fn channel_shift_adjoint(&mut self, g: TensorId, order: [u32; 3], scale: [f32; 3]) -> TensorId {
        let (mut back, mut back_scale) = ([0; 3], [0.0; 3]);
        for c in 0..3 {
            back[order[c] as usize] = c as u32;
            back_scale[order[c] as usize] = scale[c];
        }
        let op = Op::ChannelShift { x: g, order: back, scale: back_scale, shift: [0.0; 3] };
        self.push(op, self.shape(g))
    }

    fn as_tensor(&mut self, gradient: Gradient) -> Result<TensorId, ComputeError> {
        match gradient {
            Gradient::Tensor(id) => Ok(id),
            Gradient::Number(number) => self.constant(Shape::SCALAR, Arc::new(vec![number])),
        }
    }

    /// Stores a gradient, added to what has reached the same tensor on another path.
    fn add_gradient(&mut self, gradients: &mut Gradients, id: TensorId, value: Gradient) -> Result<(), ComputeError> {
        let sum = match (gradients.get(&id).copied(), value) {
            (None, value) => value,
            (Some(Gradient::Number(a)), Gradient::Number(b)) => Gradient::Number(a + b),
            (Some(before), value) => {
                let both = [self.as_tensor(before)?, self.as_tensor(value)?];
                Gradient::Tensor(self.pointwise(Function::Add, &both)?)
            }
        };
        gradients.insert(id, sum);
        Ok(())
    }
}
