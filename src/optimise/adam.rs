//! Adam (Kingma & Ba 2015, arXiv:1412.6980) with bounds by projection.

use super::{Bounds, Objective, Progress};

/// The state of a run.
#[derive(Clone, Debug, PartialEq)]
pub struct Adam {
    /// The variables.
    pub x: Vec<f64>,
    /// First moments.
    pub mean: Vec<f64>,
    /// Second moments.
    pub square: Vec<f64>,
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
    /// Decay of the moments and the guard of the division, as in the paper.
    const DECAY: (f64, f64) = (0.9, 0.999);
    const EPSILON: f64 = 1e-8;

    /// Starts at `x`, brought within the bounds.
    pub fn new(x: Vec<f64>, bounds: Bounds, rate: f64) -> Self {
        let n = x.len();
        let x = x.into_iter().map(|v| bounds.clamp(v)).collect();
        Self { x, mean: vec![0.0; n], square: vec![0.0; n], value: f64::INFINITY, iteration: 0, rate, bounds }
    }

    /// One step.
    ///
    /// # Errors
    /// The objective's; the state is then as before the step.
    pub fn step<E>(&mut self, objective: &mut Objective<E>) -> Result<Progress, E> {
        let mut gradient = vec![0.0; self.x.len()];
        self.value = objective(&self.x, &mut gradient)?;
        self.iteration += 1;
        let (first, second) = Self::DECAY;
        let t = self.iteration as i32;
        let (correct_mean, correct_square) = (1.0 - first.powi(t), 1.0 - second.powi(t));
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((x, g), (m, s)) in self.x.iter_mut().zip(&gradient).zip(moments) {
            *m = first * *m + (1.0 - first) * g;
            *s = second * *s + (1.0 - second) * g * g;
            let step = self.rate * (*m / correct_mean) / ((*s / correct_square).sqrt() + Self::EPSILON);
            *x = self.bounds.clamp(*x - step);
        }
        Ok(Progress::Moving)
    }
}
