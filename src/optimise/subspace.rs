//! The minimiser of the quadratic model over the variables that the Cauchy point leaves free (Byrd, Lu, Nocedal & Zhu
//! 1995, direct primal method), projected as Morales & Nocedal, ACM TOMS 38:7, 2011, propose.

use rayon::prelude::*;

use super::Bounds;
use super::cauchy::Cauchy;
use super::matrix::{Square, add_scaled, dot};
use super::model::Model;

/// Variables of one task.
const CHUNK: usize = 2048;

/// The point to search towards, or `None` where the model is singular.
pub fn subspace_point(x: &[f64], g: &[f64], bounds: Bounds, model: &Model, cauchy: &Cauchy) -> Option<Vec<f64>> {
    let is_free = |v: f64| v > bounds.lower && v < bounds.upper;
    let free: Vec<usize> = (0..x.len()).filter(|i| is_free(cauchy.point[*i])).collect();
    if free.is_empty() || model.columns() == 0 {
        return Some(cauchy.point.clone());
    }
    // The model's gradient at the Cauchy point, zero at fixed variables.
    let mut residual = model.combine(&model.middle.times(&cauchy.c));
    for i in 0..x.len() {
        let free = is_free(cauchy.point[i]);
        let value = residual[i] - g[i] - model.theta * (cauchy.point[i] - x[i]);
        residual[i] = if free { value } else { 0.0 };
    }
    let inner = free_products(model, &cauchy.point, bounds, &free);
    let mut system = model.middle.product(&inner);
    system.values.iter_mut().for_each(|v| *v /= -model.theta);
    (0..system.size).for_each(|i| system.values[i * system.size + i] += 1.0);
    let right = model.middle.times(&model.project(&residual));
    let solved = system.inverse()?.times(&right);
    let mut step = model.combine(&solved);
    for i in 0..x.len() {
        let free = is_free(cauchy.point[i]);
        step[i] = if free { residual[i] / model.theta + step[i] / (model.theta * model.theta) } else { 0.0 };
    }
    Some(within_bounds(x, g, bounds, &cauchy.point, &step))
}

/// The projected step if it descends, else the longest part of the step that stays within the bounds.
fn within_bounds(x: &[f64], g: &[f64], bounds: Bounds, from: &[f64], step: &[f64]) -> Vec<f64> {
    let projected: Vec<f64> = from.iter().zip(step).map(|(f, s)| bounds.clamp(f + s)).collect();
    let mut direction = projected.clone();
    add_scaled(&mut direction, -1.0, x);
    if dot(&direction, g) <= 0.0 {
        return projected;
    }
    let room = |(f, s): (&f64, &f64)| match *s {
        s if s > 0.0 => (bounds.upper - f) / s,
        s if s < 0.0 => (bounds.lower - f) / s,
        _ => f64::INFINITY,
    };
    let part = from.iter().zip(step).map(room).fold(1.0, f64::min);
    from.iter().zip(step).map(|(f, s)| bounds.clamp(f + part * s)).collect()
}

/// `Wᵀ Z Zᵀ W` over the free variables, computed from the fixed ones if those are fewer.
fn free_products(model: &Model, point: &[f64], bounds: Bounds, free: &[usize]) -> Square {
    if 2 * free.len() <= point.len() {
        return products_over(model, free);
    }
    let fixed: Vec<usize> =
        (0..point.len()).filter(|i| point[*i] <= bounds.lower || point[*i] >= bounds.upper).collect();
    let mut all = model.all_products();
    let without = products_over(model, &fixed);
    all.values.iter_mut().zip(&without.values).for_each(|(a, w)| *a -= w);
    all
}

fn products_over(model: &Model, variables: &[usize]) -> Square {
    let n = model.columns();
    let part = |chunk: &[usize]| {
        let columns: Vec<Vec<f64>> = (0..n).map(|k| model.gather(k, chunk)).collect();
        let mut out = Square::zeros(n);
        for a in 0..n {
            for b in a..n {
                out.set(a, b, dot(&columns[a], &columns[b]));
            }
        }
        out
    };
    let parts: Vec<Square> = variables.par_chunks(CHUNK).map(part).collect();
    let mut sum = Square::zeros(n);
    for part in &parts {
        sum.values.iter_mut().zip(&part.values).for_each(|(s, p)| *s += p);
    }
    for a in 0..n {
        (0..a).for_each(|b| sum.set(a, b, sum.at(b, a)));
    }
    sum
}
