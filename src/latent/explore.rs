//! The meaning of latent dimensions: descriptors of pictures, and their correlation with the dimensions.

use faer::Mat;

use crate::micrograph::PhaseMap;
use crate::stats::{Boundary, Components, chord_lengths, mean_chord, specific_surface};

/// Names of the descriptors, in the order of [`describe`].
pub const DESCRIPTORS: [&str; 6] =
    ["volume fraction", "particle size", "number of particles", "circularity", "specific surface", "mean chord"];

/// Descriptors of a picture, by the definitions of [`crate::stats`] with open edges: volume fraction; mean radius in pixels
/// of discs with the areas of the components; number of components; mean circularity of the components that touch no edge;
/// specific surface in 1/px; mean chord in pixels. What a picture does not have is 0.
pub type Descriptors = [f64; 6];

/// Measures the phase above (or, with `dark`, below) the threshold in a picture of grey values 0 … 255.
pub fn describe(values: &[f32], size: (usize, usize), threshold: f32, dark: bool) -> Descriptors {
    let map = phases(values, size, threshold, dark);
    let inside = map.indicator(1);
    let phase = inside.view();
    let area = inside.iter().filter(|i| **i).count() as f64;
    let components = Components::of(&phase, false, Boundary::Open);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len().max(1) as f64;
    let radii: Vec<f64> = components.sizes.iter().map(|n| (*n as f64 / std::f64::consts::PI).sqrt()).collect();
    let chord = mean_chord(&chord_lengths(&phase, Boundary::Open));
    [
        area / values.len() as f64,
        mean(&radii),
        components.sizes.len() as f64,
        mean(&components.circularities()),
        specific_surface(&phase, Boundary::Open),
        if chord.is_finite() { chord } else { 0.0 },
    ]
}

/// The phase map of a picture of grey values, the measured phase being phase 1.
pub fn phases(values: &[f32], size: (usize, usize), threshold: f32, dark: bool) -> PhaseMap {
    let labels = values.iter().map(|v| u8::from((*v > threshold) != dark)).collect();
    PhaseMap::new(size, labels, 2)
}

/// Pearson's correlation of two series; 0 where one does not vary.
pub fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().max(1) as f64;
    let (ma, mb) = (a.iter().sum::<f64>() / n, b.iter().sum::<f64>() / n);
    let sum = |f: &dyn Fn(f64, f64) -> f64| a.iter().zip(b).map(|(x, y)| f(x - ma, y - mb)).sum::<f64>();
    let product = (sum(&|x, _| x * x) * sum(&|_, y| y * y)).sqrt();
    if product > 1e-300 { sum(&|x, y| x * y) / product } else { 0.0 }
}

/// Correlation of every column of `a` with every column of `b`, both by rows.
pub fn correlation_table(a: &[Vec<f64>], b: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let columns = |rows: &[Vec<f64>]| -> Vec<Vec<f64>> {
        let wide = rows.first().map_or(0, Vec::len);
        (0..wide).map(|k| rows.iter().map(|r| r[k]).collect()).collect()
    };
    let (a, b) = (columns(a), columns(b));
    a.iter().map(|x| b.iter().map(|y| correlation(x, y)).collect()).collect()
}

/// Dimensions in the order of their divergence, the largest first, and how many of them carry information: more than
/// 0.01 nats, or all of them if no divergence is known.
pub fn order_by_divergence(divergence: &[f64]) -> (Vec<usize>, usize) {
    /// With fewer nats than this, a dimension carries no information.
    const DEAD: f64 = 0.01;
    let mut order: Vec<usize> = (0..divergence.len()).collect();
    order.sort_by(|a, b| divergence[*b].total_cmp(&divergence[*a]));
    let alive = divergence.iter().filter(|d| **d > DEAD).count();
    (order, if alive == 0 { divergence.len() } else { alive })
}

/// A name from the descriptor that correlates most with a dimension, and the direction in which the descriptor grows;
/// `None` if no correlation reaches 0.5.
pub fn suggested_name(correlations: &[f64]) -> Option<String> {
    /// The smallest correlation that gives a name.
    const CLEAR: f64 = 0.5;
    let best = correlations.iter().enumerate().max_by(|a, b| a.1.abs().total_cmp(&b.1.abs()))?;
    let name = DESCRIPTORS.get(best.0).filter(|_| best.1.abs() >= CLEAR)?;
    Some(format!("{name} {}", if *best.1 > 0.0 { "↑" } else { "↓" }))
}

/// Spherical interpolation between two points: its points are as likely as its ends (White 2016, arXiv:1609.04468).
pub fn slerp(a: &[f32], b: &[f32], share: f32) -> Vec<f32> {
    let dot = |x: &[f32], y: &[f32]| x.iter().zip(y).map(|(x, y)| x * y).sum::<f32>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    let angle = if lengths > 0.0 { (dot(a, b) / lengths).clamp(-1.0, 1.0).acos() } else { 0.0 };
    let (from, to) = match angle.sin() > 1e-3 {
        true => (((1.0 - share) * angle).sin() / angle.sin(), (share * angle).sin() / angle.sin()),
        false => (1.0 - share, share),
    };
    a.iter().zip(b).map(|(x, y)| from * x + to * y).collect()
}

/// Coefficients, constant first, of the linear regression of `y` on the columns of `rows`, with a ridge term for all
/// but the constant. Where the rows leave a choice, the coefficients are the smallest.
pub fn linear_fit(rows: &[Vec<f64>], y: &[f64], ridge: f64) -> Vec<f64> {
    let wide = rows.first().map_or(0, Vec::len) + 1;
    // The ridge term is one more row for each coefficient: √ridge times that coefficient is to be 0.
    let design = Mat::from_fn(rows.len() + wide, wide, |i, j| match i.checked_sub(rows.len()) {
        None if j == 0 => 1.0,
        None => rows[i][j - 1],
        Some(k) if k == j && j > 0 => ridge.sqrt(),
        Some(_) => 0.0,
    });
    let wanted = Mat::from_fn(rows.len() + wide, 1, |i, _| y.get(i).copied().unwrap_or(0.0));
    // The decomposition fails only for numbers that are not finite; they tell nothing.
    let Ok(parts) = design.thin_svd() else { return vec![0.0; wide] };
    let found = parts.pseudoinverse() * wanted;
    (0..wide).map(|k| found[(k, 0)]).collect()
}

/// The value that the coefficients of [`linear_fit`] predict for a row.
pub fn linear_prediction(coefficients: &[f64], row: &[f64]) -> f64 {
    coefficients[0] + coefficients[1..].iter().zip(row).map(|(c, v)| c * v).sum::<f64>()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::synth::Graphite;

    #[test]
    fn descriptors_are_those_of_the_picture() {
        let discs = Graphite { nodularity: 1.0, radius: 5.0, area_fraction: 0.15 };
        let flakes = Graphite { nodularity: 0.0, ..discs };
        let of = |g: Graphite| {
            let values: Vec<f32> = g.phase_map(256, 3).labels.iter().map(|l| f32::from(*l) * 255.0).collect();
            describe(&values, (256, 256), 127.5, false)
        };
        let (round, long) = (of(discs), of(flakes));
        assert!((round[0] - 0.15).abs() < 0.005 && (round[1] - 5.0).abs() < 0.5, "{round:?}");
        assert!((round[2] - 0.15 * 65536.0 / (25.0 * std::f64::consts::PI)).abs() < 15.0, "{round:?}");
        assert!(round[3] > 0.9 && round[3] <= 1.0 && long[3] < 0.6, "{round:?} {long:?}");
        assert!(long[4] > 1.2 * round[4], "{round:?} {long:?}");
        // The other phase of the same picture.
        let values = [0.0f32, 255.0, 255.0, 255.0];
        assert_eq!(describe(&values, (2, 2), 127.5, true)[0], 0.25);
    }

    #[test]
    fn a_regression_finds_its_coefficients() {
        let rows: Vec<Vec<f64>> = (0..20).map(|i| vec![f64::from(i), f64::from(i * i % 7)]).collect();
        let y: Vec<f64> = rows.iter().map(|r| 3.0 - 2.0 * r[0] + 0.5 * r[1]).collect();
        let found = linear_fit(&rows, &y, 0.0);
        for (found, wanted) in found.iter().zip([3.0, -2.0, 0.5]) {
            assert!((found - wanted).abs() < 1e-9, "{found} {wanted}");
        }
        assert!((linear_prediction(&found, &rows[4]) - y[4]).abs() < 1e-9);
        // A column that says the same as another takes half of its coefficient.
        let doubled: Vec<Vec<f64>> = rows.iter().map(|r| vec![r[0], r[1], r[0]]).collect();
        let found = linear_fit(&doubled, &y, 0.0);
        for (found, wanted) in found.iter().zip([3.0, -1.0, 0.5, -1.0]) {
            assert!((found - wanted).abs() < 1e-9, "{found} {wanted}");
        }
    }

    #[test]
    fn dimensions_are_named_after_what_they_follow() {
        assert_eq!(suggested_name(&[0.1, -0.8, 0.3]).as_deref(), Some("particle size ↓"));
        assert_eq!(suggested_name(&[0.1, 0.2]), None);
        assert_eq!(order_by_divergence(&[0.001, 2.0, 0.5]), (vec![1, 2, 0], 2));
        let half = slerp(&[1.0, 0.0], &[0.0, 1.0], 0.5);
        assert!((half[0] - half[1]).abs() < 1e-6 && (half[0] - 0.5f32.sqrt()).abs() < 1e-6);
    }
}
