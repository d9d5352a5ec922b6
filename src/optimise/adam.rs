//! Adam (Kingma & Ba 2015, arXiv:1412.6980) with bounds by projection.

use super::{Bounds, Progress};

/// An objective: returns the value and the gradient.
pub type SimpleObjective<'a, E> = dyn FnMut(&[f32]) -> Result<(f64, Vec<f32>), E> + 'a;

/// The state of a run. Its vectors have 32 bits, which is enough for steps of a fraction of a grey level. For large
/// images, these vectors decide how much memory is needed.
#[derive(Clone, Debug, PartialEq)]
pub struct Adam {
    /// The variables.
    pub x: Vec<f32>,
    /// First moments.
    pub mean: Vec<f32>,
    /// Second moments.
    pub square: Vec<f32>,
    /// The value at the last evaluated point.
    pub value: f64,
    /// Steps taken.
    pub iteration: usize,
    /// Step size, in units of the variables.
    pub rate: f64,
    /// Bounds of every variable.
    pub bounds: Bounds,
}

impl Adam {
    /// Decay rates of the moments, and the number that keeps the divisor above zero, as in the paper.
    const DECAY: (f64, f64) = (0.9, 0.999);
    const EPSILON: f64 = 1e-8;

    /// Starts at `x`, clamped to the bounds.
    pub fn new(x: Vec<f32>, bounds: Bounds, rate: f64) -> Self {
        let n = x.len();
        let x = x.into_iter().map(|v| bounds.clamp(v.into()) as f32).collect();
        Self { x, mean: vec![0.0; n], square: vec![0.0; n], value: f64::INFINITY, iteration: 0, rate, bounds }
    }

    /// One step.
    ///
    /// # Errors
    /// Those of the objective; the state is then as before the step.
    pub fn step<E>(&mut self, objective: &mut SimpleObjective<E>) -> Result<Progress, E> {
        let (value, gradient) = objective(&self.x)?;
        self.value = value;
        self.iteration += 1;
        let (first, second) = Self::DECAY;
        let t = self.iteration as i32;
        let (correct_mean, correct_square) = (1.0 - first.powi(t), 1.0 - second.powi(t));
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((x, g), (m, s)) in self.x.iter_mut().zip(gradient).zip(moments) {
            let g = f64::from(g);
            let mean = first * f64::from(*m) + (1.0 - first) * g;
            let square = second * f64::from(*s) + (1.0 - second) * g * g;
            (*m, *s) = (mean as f32, square as f32);
            let step = self.rate * (mean / correct_mean) / ((square / correct_square).sqrt() + Self::EPSILON);
            *x = self.bounds.clamp(f64::from(*x) - step) as f32;
        }
        Ok(Progress::Moving)
    }
}
