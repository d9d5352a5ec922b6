//! The generalised Cauchy point: the first minimiser of the quadratic model along the projected gradient path (Byrd,
//! Lu, Nocedal & Zhu 1995, Algorithm CP).

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use super::Bounds;
use super::matrix::dot;
use super::model::Model;

/// The point, and `c = Wᵀ (point − x)`, which the subspace step needs.
pub struct Cauchy {
    pub point: Vec<f64>,
    pub c: Vec<f64>,
}

/// A variable and the path length at which it meets its bound; the nearest comes first.
struct Break {
    at: f64,
    variable: usize,
}

impl PartialEq for Break {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Break {}

impl PartialOrd for Break {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Break {
    fn cmp(&self, other: &Self) -> Ordering {
        other.at.total_cmp(&self.at).then(other.variable.cmp(&self.variable))
    }
}

/// Finds the point from `x` with gradient `g`.
pub fn cauchy_point(x: &[f64], g: &[f64], bounds: Bounds, model: &Model) -> Cauchy {
    let mut direction = vec![0.0; x.len()];
    let mut breaks = Vec::with_capacity(x.len());
    for i in 0..x.len() {
        let bound = if g[i] < 0.0 { bounds.upper } else { bounds.lower };
        let at = if g[i] == 0.0 { f64::INFINITY } else { (x[i] - bound) / g[i] };
        if at > 0.0 && g[i] != 0.0 {
            direction[i] = -g[i];
            breaks.push(Break { at, variable: i });
        }
    }
    let mut point = x.to_vec();
    let mut p = model.project(&direction);
    let mut c = vec![0.0; p.len()];
    let square = dot(&direction, &direction);
    if square == 0.0 {
        return Cauchy { point, c };
    }
    let mut slope = -square;
    let mut curvature = model.theta * square - small_dot(&p, &model.middle.times(&p));
    let least_curvature = f64::EPSILON * model.theta * square;
    let (mut passed, mut reach) = (0.0, -slope / curvature.max(least_curvature));
    let mut heap = BinaryHeap::from(breaks);
    while let Some(next) = heap.pop() {
        let step = next.at - passed;
        if reach < step {
            break;
        }
        let b = next.variable;
        point[b] = if direction[b] > 0.0 { bounds.upper } else { bounds.lower };
        let moved = point[b] - x[b];
        c.iter_mut().zip(&p).for_each(|(c, p)| *c += step * p);
        let w = model.row(b);
        let mw = model.middle.times(&w);
        slope += step * curvature + g[b] * g[b] + model.theta * g[b] * moved - g[b] * small_dot(&mw, &c);
        curvature -= model.theta * g[b] * g[b] + 2.0 * g[b] * small_dot(&mw, &p) + g[b] * g[b] * small_dot(&mw, &w);
        curvature = curvature.max(least_curvature);
        p.iter_mut().zip(&w).for_each(|(p, w)| *p += g[b] * w);
        direction[b] = 0.0;
        reach = -slope / curvature;
        passed = next.at;
    }
    let reach = reach.max(0.0);
    passed += reach;
    for i in 0..x.len() {
        if direction[i] != 0.0 {
            point[i] = bounds.clamp(x[i] + passed * direction[i]);
        }
    }
    c.iter_mut().zip(&p).for_each(|(c, p)| *c += reach * p);
    Cauchy { point, c }
}

fn small_dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}
