//! Distances and variances of rows, and draws of them.

use ndarray::ArrayView1;

/// The distance of two rows.
pub fn distance(a: ArrayView1<f64>, b: ArrayView1<f64>) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
}

/// The variance of a column.
pub fn variance(column: ArrayView1<f64>) -> f64 {
    let count = column.len() as f64;
    let mean = column.sum() / count;
    column.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count
}

/// At most so many of a count, evenly drawn.
pub fn drawn(count: usize, most: usize) -> Vec<usize> {
    let kept = count.min(most);
    (0..kept).map(|n| n * count / kept).collect()
}
