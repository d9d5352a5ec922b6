//! The history of L-BFGS-B, and its quadratic model.

use std::collections::VecDeque;

use super::matrix::{Square, add_scaled, dot};

/// The last steps `s` and gradient changes `y`, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct History {
    /// Steps.
    pub s: VecDeque<Vec<f64>>,
    /// Changes of the gradient.
    pub y: VecDeque<Vec<f64>>,
}

/// The quadratic model `B = θ I − W M Wᵀ` with `W = [Y, θ S]` (Byrd et al. 1995, Eqs. 3.2 to 3.4).
pub struct Model<'a> {
    history: &'a History,
    pub theta: f64,
    /// `M`.
    pub middle: Square,
    yy: Square,
    sy: Square,
    ss: Square,
}

impl<'a> Model<'a> {
    /// `None` if the middle matrix of the history is not invertible.
    pub fn new(history: &'a History, first_theta: f64) -> Option<Self> {
        let m = history.s.len();
        let products = |a: &VecDeque<Vec<f64>>, b: &VecDeque<Vec<f64>>, symmetric: bool| {
            let mut out = Square::zeros(m);
            for r in 0..m {
                for c in (if symmetric { r } else { 0 })..m {
                    out.set(r, c, dot(&a[r], &b[c]));
                    if symmetric {
                        out.set(c, r, out.at(r, c));
                    }
                }
            }
            out
        };
        let yy = products(&history.y, &history.y, true);
        let ss = products(&history.s, &history.s, true);
        let sy = products(&history.s, &history.y, false);
        let theta = if m == 0 { first_theta } else { yy.at(m - 1, m - 1) / sy.at(m - 1, m - 1) };
        let mut middle = Square::zeros(2 * m);
        for r in 0..m {
            middle.set(r, r, -sy.at(r, r));
            for c in 0..m {
                middle.set(m + r, m + c, theta * ss.at(r, c));
                if r > c {
                    middle.set(m + r, c, sy.at(r, c));
                    middle.set(c, m + r, sy.at(r, c));
                }
            }
        }
        Some(Self { history, theta, middle: middle.inverse()?, yy, sy, ss })
    }

    /// Columns of `W`.
    pub fn columns(&self) -> usize {
        2 * self.history.s.len()
    }

    /// Column `k` of `W`: a vector of the history and its factor.
    fn column(&self, k: usize) -> (&[f64], f64) {
        match k.checked_sub(self.history.s.len()) {
            None => (&self.history.y[k], 1.0),
            Some(k) => (&self.history.s[k], self.theta),
        }
    }

    /// `Wᵀ v`.
    pub fn project(&self, v: &[f64]) -> Vec<f64> {
        (0..self.columns()).map(|k| self.column(k)).map(|(w, factor)| factor * dot(w, v)).collect()
    }

    /// `W c`.
    pub fn combine(&self, c: &[f64]) -> Vec<f64> {
        let n = self.history.s.front().map_or(0, Vec::len);
        let mut out = vec![0.0; n];
        for (k, c) in c.iter().enumerate() {
            let (w, factor) = self.column(k);
            add_scaled(&mut out, factor * c, w);
        }
        out
    }

    /// One row of `W`.
    pub fn row(&self, variable: usize) -> Vec<f64> {
        (0..self.columns()).map(|k| self.column(k)).map(|(w, factor)| factor * w[variable]).collect()
    }

    /// Column `k` of `W` at some variables.
    pub fn gather(&self, k: usize, variables: &[usize]) -> Vec<f64> {
        let (w, factor) = self.column(k);
        variables.iter().map(|i| factor * w[*i]).collect()
    }

    /// `Wᵀ W`.
    pub fn all_products(&self) -> Square {
        let m = self.history.s.len();
        let mut out = Square::zeros(2 * m);
        for r in 0..m {
            for c in 0..m {
                out.set(r, c, self.yy.at(r, c));
                out.set(m + r, c, self.theta * self.sy.at(r, c));
                out.set(c, m + r, self.theta * self.sy.at(r, c));
                out.set(m + r, m + c, self.theta * self.theta * self.ss.at(r, c));
            }
        }
        out
    }
}
