//! Reverse-mode differentiation: the adjoint operations are nodes of the same graph.

use std::collections::HashMap;

use super::{ConvSettings, Graph, Op, Shape, TensorId};
use crate::compute::ComputeError;

/// What has reached a tensor so far on the way back from the loss.
#[derive(Clone, Copy)]
enum Gradient {
    /// A scalar's gradient that is a plain number (a weight of a sum).
    Number(f32),
    /// A gradient that a node computes.
    Tensor(TensorId),
}

impl Graph {
    /// Adds the operations that compute the gradient of the scalar `loss` with respect to `input`.
    ///
    /// Only paths through feature maps are followed: weights, targets and constants get no gradient.
    ///
    /// # Errors
    /// `loss` is no scalar, does not depend on `input`, or two paths meet where no operation adds them.
    pub fn differentiate(&mut self, loss: TensorId, input: TensorId) -> Result<TensorId, ComputeError> {
        if self.shape(loss) != Shape::SCALAR {
            return Err(ComputeError::shape(format!("a loss of shape {:?}", self.shape(loss))));
        }
        self.carry_back(loss, Gradient::Number(1.0), input)
    }

    /// Adds the operations that carry a gradient with respect to `output` back to `input`: the adjoint of everything
    /// between them, applied to `seed`.
    ///
    /// # Errors
    /// `seed` has another shape than `output`, or as for [`Graph::differentiate`].
    pub fn pull_back(&mut self, output: TensorId, seed: TensorId, input: TensorId) -> Result<TensorId, ComputeError> {
        if self.shape(output) != self.shape(seed) {
            return Err(ComputeError::shape(format!("a gradient of shape {:?}", self.shape(seed))));
        }
        self.carry_back(output, Gradient::Tensor(seed), input)
    }

    fn carry_back(&mut self, output: TensorId, seed: Gradient, input: TensorId) -> Result<TensorId, ComputeError> {
        let reaches = self.reached_from(input);
        let mut gradients: HashMap<TensorId, Gradient> = HashMap::from([(output, seed)]);
        for index in (0..=output.0).rev() {
            let node = TensorId(index);
            if node == input || !reaches[index] {
                continue;
            }
            let Some(&gradient) = gradients.get(&node) else { continue };
            self.node_adjoint(node, gradient, &mut gradients)?;
        }
        match gradients.get(&input) {
            Some(Gradient::Tensor(id)) => Ok(*id),
            _ => Err(ComputeError::shape("the output does not depend on the input".into())),
        }
    }

    fn reached_from(&self, input: TensorId) -> Vec<bool> {
        let mut reached = vec![false; self.nodes.len()];
        reached[input.0] = true;
        for id in 0..self.nodes.len() {
            reached[id] |= self.nodes[id].op.inputs().iter().any(|i| reached[i.0]);
        }
        reached
    }

    fn node_adjoint(
        &mut self,
        node: TensorId,
        gradient: Gradient,
        gradients: &mut HashMap<TensorId, Gradient>,
    ) -> Result<(), ComputeError> {
        let op = self.nodes[node.0].op.clone();
        if let (Op::WeightedSum { terms, weights }, Gradient::Number(g)) = (&op, gradient) {
            for (term, weight) in terms.iter().zip(weights) {
                set(gradients, *term, Gradient::Number(g * weight))?;
            }
            return Ok(());
        }
        if let (Op::GramLoss { gram, target, scale }, Gradient::Number(g)) = (&op, gradient) {
            let adjoint = Op::GramLossAdjoint { gram: *gram, target: *target, scale: g * scale };
            let id = self.push(adjoint, self.shape(*gram));
            return set(gradients, *gram, Gradient::Tensor(id));
        }
        let Gradient::Tensor(g) = gradient else {
            return Err(ComputeError::shape(format!("no adjoint for {op:?} of a scalar")));
        };
        let (x, adjoint) = match op {
            Op::Gram { features } => {
                let carry = match gradients.remove(&features) {
                    Some(Gradient::Tensor(id)) => Some(id),
                    _ => None,
                };
                // d(FᵀF/P) · D is F (D + Dᵀ) / P, and D is symmetric as long as the target is.
                let shape = self.shape(features);
                let scale = 2.0 / shape.positions() as f32;
                (features, self.push(Op::GramAdjoint { features, matrix: g, carry, scale }, shape))
            }
            Op::ChannelShift { x, order, scale, .. } => (x, self.channel_shift_adjoint(g, order, scale)),
            Op::Conv3x3 { x, weights, mask: None, settings, .. } => {
                let flipped = self.flip_kernels(weights)?;
                let mask = settings.relu.then_some(node);
                let back = ConvSettings { border: 2 - settings.border, periodic: settings.periodic, relu: false };
                (x, self.conv3x3(g, flipped, None, mask, back)?)
            }
            Op::PadReflect { x } => (x, self.push(Op::PadReflectAdjoint { gradient: g }, self.shape(x))),
            Op::Pool { x, pooling } => (x, self.push(Op::PoolAdjoint { x, gradient: g, pooling }, self.shape(x))),
            other => return Err(ComputeError::shape(format!("{other:?} has no adjoint"))),
        };
        set(gradients, x, Gradient::Tensor(adjoint))
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
}

/// Keeps a gradient; a second path to the same tensor must have been merged by the operation itself.
fn set(gradients: &mut HashMap<TensorId, Gradient>, id: TensorId, value: Gradient) -> Result<(), ComputeError> {
    match gradients.insert(id, value) {
        None => Ok(()),
        Some(_) => Err(ComputeError::shape("two paths of the gradient meet at one tensor".into())),
    }
}
