//! The lineal path of soft phases as a term of the loss.

use rayon::prelude::*;

use super::spatial::SoftPhases;

/// A soft indicator counts as 0 below the first value and as 1 above the second.
const EMPTY: f64 = 0.1;
const FULL: f64 = 0.9;

/// The smallest mean L of an original that is matched: a phase of very small particles can vanish at a coarse size.
const LEAST: f64 = 1e-4;

/// A length of segments. A segment consists of two shorter ones: the one at index `first` of the list of lengths, and
/// behind it the one at index `second`.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Join {
    length: usize,
    first: usize,
    second: usize,
}

/// Lengths 1, 2, 3, 4, 6, 8, 12 … up to `most`, each made of two shorter ones.
fn joins(most: usize) -> Vec<Join> {
    let mut list = vec![Join { length: 1, first: 0, second: 0 }];
    let mut add = |length: usize, first: usize, second: usize| {
        let place = |list: &[Join], n: usize| list.iter().position(|j| j.length == n).unwrap_or(0);
        if length <= most {
            let (first, second) = (place(&list, first), place(&list, second));
            list.push(Join { length, first, second });
        }
    };
    add(2, 1, 1);
    let mut length = 2;
    while length < most {
        add(length * 3 / 2, length, length / 2);
        add(length * 2, length, length);
        length *= 2;
    }
    list
}

/// The lineal paths of an original.
#[derive(Clone, Debug, PartialEq)]
pub struct PathTargets {
    /// L of each length, for each of the views of the original.
    curves: Vec<Vec<f64>>,
    most: usize,
}

/// The term for images of one size.
pub struct PathTerm {
    phases: SoftPhases,
    targets: PathTargets,
    size: (usize, usize),
    weight: f64,
}

/// A field (or its complement, 1 − field) read along rows or along columns.
#[derive(Clone, Copy)]
struct View {
    field: usize,
    complement: bool,
    columns: bool,
}

/// Both directions of each field; of two phases also those of the complement, which is the first phase.
fn views(phases: &SoftPhases) -> Vec<View> {
    let both: &[bool] = if phases.len() == 1 { &[false, true] } else { &[false] };
    let mut views = vec![];
    for field in 0..phases.len() {
        for complement in both {
            views.extend([false, true].map(|columns| View { field, complement: *complement, columns }));
        }
    }
    views
}

/// The sharpened indicator, and its derivative.
fn sharpen(u: f64) -> (f32, f32) {
    let t = ((u - EMPTY) / (FULL - EMPTY)).clamp(0.0, 1.0);
    ((t * t * (3.0 - 2.0 * t)) as f32, (6.0 * t * (1.0 - t) / (FULL - EMPTY)) as f32)
}

/// The sharpened values line by line, their derivatives, and the length of a line.
fn lines(
    phases: &SoftPhases,
    image: &[f32],
    (height, width): (usize, usize),
    view: View,
) -> (Vec<f32>, Vec<f32>, usize) {
    let (count, length) = if view.columns { (width, height) } else { (height, width) };
    let at = |n: usize| if view.columns { (n % length) * width + n / length } else { n };
    let value = |n: usize| {
        let u = phases.field(view.field, image, at(n));
        if view.complement {
            let (value, slope) = sharpen(1.0 - u);
            (value, -slope)
        } else {
            sharpen(u)
        }
    };
    let (values, slopes) = (0..count * length).map(value).unzip();
    (values, slopes, length)
}

/// For each length, the product of the values of the segment that begins at each place: near 1 if it lies in the phase.
fn segments(values: Vec<f32>, length: usize, joins: &[Join]) -> Vec<Vec<f32>> {
    let mut all = vec![values];
    for join in &joins[1..] {
        let step = joins[join.first].length;
        let mut next = vec![0.0; all[0].len()];
        let places = length + 1 - join.length;
        let (first, second) = (&all[join.first], &all[join.second]);
        for line in 0..next.len() / length {
            let from = line * length;
            let (a, b) = (&first[from..from + places], &second[from + step..from + step + places]);
            next[from..from + places].iter_mut().zip(a).zip(b).for_each(|((n, a), b)| *n = a * b);
        }
        all.push(next);
    }
    all
}

/// L of each length: the mean over all places where a segment fits.
fn lineal_paths(all: &[Vec<f32>], length: usize, joins: &[Join]) -> Vec<f64> {
    let share = |(values, join): (&Vec<f32>, &Join)| {
        let places = (values.len() / length) * (length + 1 - join.length);
        values.iter().map(|v| f64::from(*v)).sum::<f64>() / places as f64
    };
    all.iter().zip(joins).map(share).collect()
}

/// How many distances each length stands for: those nearer to it than to other lengths.
fn widths(joins: &[Join]) -> Vec<f64> {
    let mut lengths: Vec<usize> = joins.iter().map(|j| j.length).collect();
    lengths.sort_unstable();
    let width = |j: &Join| {
        let at = lengths.iter().position(|l| *l == j.length).unwrap_or(0);
        let before = if at == 0 { j.length as f64 - 0.5 } else { 0.5 * (lengths[at - 1] + j.length) as f64 };
        let after = lengths.get(at + 1).map_or(j.length as f64 + 0.5, |next| 0.5 * (next + j.length) as f64);
        after - before
    };
    joins.iter().map(width).collect()
}

/// Bytes that the term works with at a size: the values of each length and their gradient, for as many views as there
/// are threads, four at the most.
pub fn path_bytes((height, width): (usize, usize)) -> u64 {
    let views = rayon::current_num_threads().min(4);
    let planes = views * (2 * joins(height.min(width) / 2).len() + 2) + 4;
    (4 * planes * height * width) as u64
}

impl PathTargets {
    /// Measures an original (RGB in 0 … 255) for results of a size.
    pub fn of(phases: &SoftPhases, image: &[f32], size: (usize, usize), result: (usize, usize)) -> Self {
        let most = size.0.min(size.1).min(result.0).min(result.1) / 2;
        let joins = joins(most);
        let curve = |view: &View| {
            let (values, _, length) = lines(phases, image, size, *view);
            lineal_paths(&segments(values, length, &joins), length, &joins)
        };
        Self { curves: views(phases).iter().map(curve).collect(), most }
    }
}

impl PathTerm {
    /// `weight · Σ_views Σ_n (w_n (L_n − L_n⁰))² / (Σ_n w_n L_n⁰)² / views`, n the lengths 1, 2, 3, 4, 6, 8 … and w_n
    /// the number of distances for which each stands.
    pub fn new(phases: SoftPhases, targets: PathTargets, size: (usize, usize), weight: f64) -> Self {
        Self { phases, targets, size, weight }
    }

    /// The term at `image`; its gradient is added to `gradient`.
    pub fn add(&self, image: &[f32], gradient: &mut [f64]) -> f64 {
        let joins = joins(self.targets.most);
        let widths = widths(&joins);
        let views = views(&self.phases);
        let parts: Vec<(f64, Vec<f32>, View)> = views
            .par_iter()
            .zip(&self.targets.curves)
            .map(|(l, t)| self.evaluate(image, *l, t, &joins, &widths))
            .collect();
        let (height, width) = self.size;
        let mut total = 0.0;
        for (value, slope, view) in parts {
            total += value;
            let row = self.phases.row(view.field);
            for y in 0..height {
                for x in 0..width {
                    let n = if view.columns { x * height + y } else { y * width + x };
                    for c in 0..3 {
                        gradient[3 * (y * width + x) + c] += f64::from(slope[n]) * row[c];
                    }
                }
            }
        }
        total
    }

    fn evaluate(
        &self,
        image: &[f32],
        view: View,
        target: &[f64],
        joins: &[Join],
        widths: &[f64],
    ) -> (f64, Vec<f32>, View) {
        let (values, slopes, length) = lines(&self.phases, image, self.size, view);
        let all = segments(values, length, joins);
        let found = lineal_paths(&all, length, joins);
        let under: f64 = target.iter().zip(widths).map(|(t, w)| t * w).sum();
        if under < LEAST * widths.iter().sum::<f64>() {
            return (0.0, vec![0.0; slopes.len()], view);
        }
        let views = self.targets.curves.len() as f64;
        let scale = self.weight / (under * under * views);
        let gap = |n: usize| widths[n] * (found[n] - target[n]);
        let value = scale * (0..joins.len()).map(|n| gap(n) * gap(n)).sum::<f64>();
        // Backpropagation, from the longest segments: each passes its gradient on to its two parts.
        let mut gradients: Vec<Vec<f32>> = joins.iter().map(|_| vec![]).collect();
        for n in (0..joins.len()).rev() {
            let count = all[n].len() / length;
            let places = length + 1 - joins[n].length;
            let own = (2.0 * scale * widths[n] * gap(n) / (count * places) as f64) as f32;
            let mut here = std::mem::take(&mut gradients[n]);
            here.resize(all[n].len(), 0.0);
            for line in 0..count {
                here[line * length..line * length + places].iter_mut().for_each(|v| *v += own);
            }
            if n == 0 {
                gradients[0] = here;
                break;
            }
            let step = joins[joins[n].first].length;
            for (to, other, to_shift, other_shift) in
                [(joins[n].first, joins[n].second, 0, step), (joins[n].second, joins[n].first, step, 0)]
            {
                gradients[to].resize(all[n].len(), 0.0);
                for line in 0..count {
                    let from = line * length;
                    let target = &mut gradients[to][from + to_shift..from + to_shift + places];
                    let factor = &all[other][from + other_shift..from + other_shift + places];
                    target.iter_mut().zip(&here[from..from + places]).zip(factor).for_each(|((t, h), f)| *t += h * f);
                }
            }
        }
        let slope = gradients[0].iter().zip(&slopes).map(|(o, s)| o * s).collect();
        (value, slope, view)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_made_of_shorter_ones() {
        let list = joins(40);
        let mut lengths: Vec<usize> = list.iter().map(|j| j.length).collect();
        lengths.sort_unstable();
        assert_eq!(lengths, [1, 2, 3, 4, 6, 8, 12, 16, 24, 32]);
        for (n, join) in list.iter().enumerate().skip(1) {
            assert_eq!(list[join.first].length + list[join.second].length, join.length);
            assert!(join.first < n && join.second < n);
        }
        let all: f64 = widths(&list).iter().sum();
        assert!((all - 32.0).abs() < 1.0, "{all}");
    }
}
