//! Wave numbers of transforms.

use std::f64::consts::TAU;

/// The wave number of a place of a transform, in radians per pixel, −π … π.
pub fn frequency(place: usize, size: usize) -> f64 {
    let k = if 2 * place < size { place as f64 } else { place as f64 - size as f64 };
    TAU * k / size as f64
}
