//! The three-point correlation of right isosceles triangles.

use rayon::prelude::*;

use super::{Indicator, distances};

/// The most distances.
const MOST: usize = 128;

/// S3(r): the chance that a point, and those at the distance r from it along a row and along a column, lie in the phase
/// (Yeong & Torquato, Phys. Rev. E 57:495, 1998, section II). The mean over the four corners that such a triangle can have;
/// only triangles that fit are counted; r = 0 … half of the shorter edge − 1 pixels, at most 127.
pub fn three_point(phase: &Indicator) -> Vec<f64> {
    let (height, width) = phase.dim();
    let flat: Vec<u8> = phase.iter().map(|inside| u8::from(*inside)).collect();
    let row = |y: usize| &flat[y * width..][..width];
    let of = |r: usize| {
        let mut count = 0u64;
        for y in 0..height - r {
            let (upper, lower) = (row(y), row(y + r));
            for x in 0..width - r {
                let (a, b, c, d) = (upper[x], upper[x + r], lower[x], lower[x + r]);
                // The right angle at each corner of the square.
                count += u64::from((a & b & c) + (a & b & d) + (a & c & d) + (b & c & d));
            }
        }
        count as f64 / (4 * (height - r) * (width - r)) as f64
    };
    (0..distances(&[height, width]).min(MOST)).into_par_iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    #[test]
    fn stripes_and_single_pixels_are_known() {
        let stripes = Array2::from_shape_fn((40, 40), |(y, _)| y % 4 < 2);
        let found = three_point(&stripes.view());
        // Of rows r apart, both lie in the phase in half, a fourth, none, a fourth … of all cases.
        assert!((found[0] - 0.5).abs() < 1e-12);
        assert!((found[4] - 0.5).abs() < 1e-12 && found[2] < 0.03, "{found:?}");
        let single = Array2::from_shape_fn((10, 10), |at| at == (4, 4));
        assert!(three_point(&single.view())[1..].iter().all(|s| *s == 0.0));
        assert!(three_point(&Array2::from_elem((1, 9), true).view()).is_empty());
    }
}
