//! L-BFGS-B: limited-memory quasi-Newton descent within bounds (Byrd, Lu, Nocedal & Zhu, SIAM J. Sci. Comput.
//! 16:1190, 1995).

use super::cauchy::cauchy_point;
use super::line_search::{LineSearch, Next, Point};
use super::matrix::{add_scaled, dot};
use super::model::{History, Model};
use super::subspace::subspace_point;
use super::{Bounds, Objective, Progress};

/// Steps and gradient changes in the history.
const MEMORY: usize = 10;
/// Evaluations that one line search may take.
const EVALUATIONS: usize = 20;
/// The largest move of the first trial step, as a share of the range. Before any curvature is known, a step as long as
/// the gradient can be too small to change a 32-bit value.
const FIRST_MOVE: f64 = 0.05;
/// The largest value to which this share may grow.
const MOST_MOVE: f64 = 4.0;

/// The state of a run: everything that its next steps depend on.
#[derive(Clone, Debug, PartialEq)]
pub struct Lbfgsb {
    /// The variables.
    pub x: Vec<f64>,
    /// The value at `x`; infinite before the first step.
    pub value: f64,
    /// The gradient at `x`; empty before the first step.
    pub gradient: Vec<f64>,
    /// The history of earlier steps.
    pub history: History,
    /// Steps taken.
    pub iteration: usize,
    /// Bounds of every variable.
    pub bounds: Bounds,
    /// The largest component of the projected gradient at which a run has converged.
    pub tolerance: f64,
    /// The largest move of a trial step without a history, as a share of the range.
    pub reach: f64,
}

impl Lbfgsb {
    /// Starts at `x`, clamped to the bounds.
    pub fn new(x: Vec<f64>, bounds: Bounds) -> Self {
        let x = x.into_iter().map(|v| bounds.clamp(v)).collect();
        Self {
            x,
            value: f64::INFINITY,
            gradient: vec![],
            history: History::default(),
            iteration: 0,
            bounds,
            tolerance: 0.0,
            reach: FIRST_MOVE,
        }
    }

    /// One step: a line search in the direction of the minimiser of the quadratic model.
    ///
    /// # Errors
    /// Those of the objective; the state is then as before the step.
    pub fn step<E>(&mut self, objective: &mut Objective<E>) -> Result<Progress, E> {
        if self.gradient.is_empty() {
            let mut gradient = vec![0.0; self.x.len()];
            self.value = objective(&self.x, &mut gradient)?;
            self.gradient = gradient;
        }
        loop {
            if self.projected_gradient() <= self.tolerance {
                return Ok(Progress::Converged);
            }
            let direction = self.direction();
            let moved = match direction {
                Some(direction) => self.search(&direction, objective)?,
                None => false,
            };
            if moved {
                self.iteration += 1;
                return Ok(Progress::Moving);
            }
            if self.history.s.is_empty() {
                return Ok(Progress::Converged);
            }
            // The quadratic model gave no descent; steepest descent may still find one.
            self.history = History::default();
            self.reach = FIRST_MOVE;
        }
    }

    /// The largest component of the step along the negative gradient that the bounds allow.
    fn projected_gradient(&self) -> f64 {
        let step = |(x, g): (&f64, &f64)| (self.bounds.clamp(x - g) - x).abs();
        self.x.iter().zip(&self.gradient).map(step).fold(0.0, f64::max)
    }

    fn direction(&self) -> Option<Vec<f64>> {
        let steepest = self.gradient.iter().fold(0.0, |m: f64, g| m.max(g.abs()));
        let first_theta = steepest / (self.reach * (self.bounds.upper - self.bounds.lower));
        let model = Model::new(&self.history, first_theta)?;
        let cauchy = cauchy_point(&self.x, &self.gradient, self.bounds, &model);
        let mut direction = subspace_point(&self.x, &self.gradient, self.bounds, &model, &cauchy)?;
        add_scaled(&mut direction, -1.0, &self.x);
        Some(direction)
    }

    /// Searches along `direction`; returns whether the value fell.
    fn search<E>(&mut self, direction: &[f64], objective: &mut Objective<E>) -> Result<bool, E> {
        let slope = dot(direction, &self.gradient);
        // NaN is not a descent either.
        if slope >= 0.0 || slope.is_nan() {
            return Ok(false);
        }
        let most = self.longest_step(direction);
        let mut search = LineSearch::new(self.value, slope, 1.0, most);
        let mut step = 1.0_f64.min(most);
        let mut gradient = vec![0.0; self.x.len()];
        for _ in 0..EVALUATIONS {
            let trial: Vec<f64> = self.x.iter().zip(direction).map(|(x, d)| self.bounds.clamp(x + step * d)).collect();
            let value = objective(&trial, &mut gradient)?;
            match search.next(Point { step, value, slope: dot(&gradient, direction) }) {
                Next::Try(next) if next != step => step = next,
                _ if value < self.value => {
                    self.accept(trial, value, gradient, slope * step);
                    return Ok(true);
                }
                _ => return Ok(false),
            }
        }
        Ok(false)
    }

    fn longest_step(&self, direction: &[f64]) -> f64 {
        let room = |(x, d): (&f64, &f64)| match *d {
            d if d > 0.0 => (self.bounds.upper - x) / d,
            d if d < 0.0 => (self.bounds.lower - x) / d,
            _ => f64::INFINITY,
        };
        self.x.iter().zip(direction).map(room).fold(1e10, f64::min).max(1.0)
    }

    fn accept(&mut self, x: Vec<f64>, value: f64, gradient: Vec<f64>, predicted: f64) {
        let mut s = x.clone();
        add_scaled(&mut s, -1.0, &self.x);
        let mut y = gradient.clone();
        add_scaled(&mut y, -1.0, &self.gradient);
        // Only a pair of positive curvature keeps the model convex.
        if dot(&s, &y) > f64::EPSILON * -predicted {
            if self.history.s.len() == MEMORY {
                self.history.s.pop_front();
                self.history.y.pop_front();
            }
            self.history.s.push_back(s);
            self.history.y.push_back(y);
        } else if self.history.s.is_empty() {
            // The value falls more and more steeply, and no minimum is in sight: the next trial step may go further.
            self.reach = (2.0 * self.reach).min(MOST_MOVE);
        }
        (self.x, self.value, self.gradient) = (x, value, gradient);
    }
}
