//! Light within a layer, on the pixels of its pattern.

use faer::c64;
use rayon::prelude::*;
use rustfft::FftDirection;

use super::super::PropertyError;
use super::{Layer, Order, Polarisation, Solved};
use crate::stats::transform_complex;

/// Depths over which fields are averaged.
const DEPTHS: usize = 8;

/// |E|² of a layer in each pixel, over that of the incident light in vacuum, averaged over the thickness. The normal
/// component is included; orders that are left out blur jumps at interfaces.
///
/// # Errors
/// The layer has no pattern, or there is no such layer.
pub fn intensity(
    solved: &Solved,
    layer: &Layer,
    number: usize,
    orders: &[Order],
    polarisation: Polarisation,
) -> Result<Vec<f64>, PropertyError> {
    let missing = || PropertyError::Light("This layer has no pattern.".into());
    let Layer::Patterned { labels, size, permittivities, .. } = layer else { return Err(missing()) };
    let field = solved.layers.get(number).ok_or_else(missing)?;
    let (height, width) = *size;
    let column = polarisation as usize;
    let count = orders.len();
    let spread = |values: &dyn Fn(usize) -> c64| {
        let mut picture = vec![c64::new(0.0, 0.0); height * width];
        for (n, (m, k)) in orders.iter().enumerate() {
            // The middle of a pixel is half a pixel from its corner.
            let middle = std::f64::consts::PI * (f64::from(*m) / width as f64 + f64::from(*k) / height as f64);
            let at = k.rem_euclid(height as i32) as usize * width + m.rem_euclid(width as i32) as usize;
            picture[at] += values(n) * c64::from_polar(1.0, middle);
        }
        transform_complex(&mut picture, (height, width), FftDirection::Inverse);
        let scale = (height * width) as f64;
        picture.iter_mut().for_each(|v| *v *= scale);
        picture
    };
    let depths: Vec<Vec<f64>> = (0..DEPTHS)
        .into_par_iter()
        .map(|depth| {
            let (e, h) = field.at((depth as f64 + 0.5) / DEPTHS as f64);
            let x = spread(&|n| e[(n, column)]);
            let y = spread(&|n| e[(count + n, column)]);
            // ε Ez = i (kx hy − ky hx).
            let waves = &solved.waves;
            let z = spread(&|n| c64::i() * (waves.x[n] * h[(count + n, column)] - waves.y[n] * h[(n, column)]));
            (0..height * width)
                .map(|at| {
                    let normal = z[at] / permittivities[usize::from(labels[at])];
                    (x[at].norm_sqr() + y[at].norm_sqr() + normal.norm_sqr()) / DEPTHS as f64
                })
                .collect()
        })
        .collect();
    Ok((0..height * width).map(|at| depths.iter().map(|d| d[at]).sum()).collect())
}

/// The share of the incident light that each pixel of a layer absorbs, through the whole thickness: Im ε |E|², scaled so
/// that the pixels add up to what the layer absorbs.
///
/// # Errors
/// As [`intensity`].
pub fn absorption_map(
    solved: &Solved,
    layer: &Layer,
    number: usize,
    orders: &[Order],
    polarisation: Polarisation,
) -> Result<Vec<f64>, PropertyError> {
    let mut map = intensity(solved, layer, number, orders, polarisation)?;
    if let Layer::Patterned { labels, permittivities, .. } = layer {
        map.iter_mut().zip(labels).for_each(|(v, label)| *v *= permittivities[usize::from(*label)].im);
    }
    let sum: f64 = map.iter().sum();
    let absorbed = solved.optics[polarisation as usize].absorption[number];
    if sum > 0.0 {
        map.iter_mut().for_each(|v| *v *= absorbed / sum);
    }
    Ok(map)
}
