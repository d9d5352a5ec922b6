//! The autocorrelation of a picture as a part of a graph. For the indicator of a phase it is S2.

use std::sync::Arc;

use crate::compute::ComputeError;
use crate::compute::graph::{ConvSettings, Function, Graph, Pooling, Shape, TensorId};

/// The largest shift along each axis, in pixels of each scale.
const REACH: isize = 4;
/// Scales, each half as fine as the one before: shifts of up to 16 pixels at the coarsest.
const SCALES: usize = 3;

/// Shifts in one half of the plane; those in the other half give the same values.
fn shifts() -> Vec<(isize, isize)> {
    let all = (0..=REACH).flat_map(|y| (-REACH..=REACH).map(move |x| (y, x)));
    all.filter(|(y, x)| *y > 0 || *x >= 0).collect()
}

/// Numbers that [`autocorrelation`] returns for a picture.
pub fn correlation_numbers() -> usize {
    SCALES * shifts().len()
}

/// `⟨x(r) · x(r + t)⟩` over the positions `r` of each picture of a batch with one channel, for all shifts `t` at three
/// scales (halved by their mean): `[1, 1, shifts]` for each scale. A periodic picture continues at its opposite edge;
/// for any other, only the pairs that lie inside are counted.
///
/// # Errors
/// The picture is too small.
pub fn autocorrelation(graph: &mut Graph, picture: TensorId, periodic: bool) -> Result<Vec<TensorId>, ComputeError> {
    let edge = (2 * REACH + 1) as usize;
    let shifts = shifts();
    let mut kernels = vec![0.0; edge * edge * shifts.len()];
    for (n, (y, x)) in shifts.iter().enumerate() {
        kernels[((y + REACH) as usize * edge + (x + REACH) as usize) * shifts.len() + n] = 1.0;
    }
    let kernels = graph.constant(Shape::new(edge * edge, 1, shifts.len()), Arc::new(kernels))?;
    let mut x = picture;
    let mut found = vec![];
    for scale in 0..SCALES {
        if scale > 0 {
            x = graph.pool(x, Pooling::Mean)?;
        }
        let shape = graph.shape(x);
        let shifted = graph.conv(x, kernels, None, None, ConvSettings::same(edge, periodic, false))?;
        let products = graph.pointwise(Function::Multiply, &[x, shifted])?;
        let sums = graph.reduce(products, None, Shape::vectors(shape.batch, shifts.len()), 1.0)?;
        let pairs = |(y, x): &(isize, isize)| match periodic {
            true => shape.positions(),
            false => shape.height.saturating_sub(y.unsigned_abs()) * shape.width.saturating_sub(x.unsigned_abs()),
        };
        let shares: Vec<f32> = shifts.iter().map(|t| 1.0 / pairs(t).max(1) as f32).collect();
        let shares = graph.constant(Shape::vectors(1, shifts.len()), Arc::new(shares))?;
        found.push(graph.pointwise(Function::Multiply, &[sums, shares])?);
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::Device;

    #[test]
    fn shifted_products_are_those_of_plain_loops() {
        let device = Device::Cpu;
        let (height, width) = (16usize, 20usize);
        let values: Vec<f32> = (0..2 * height * width).map(|i| ((i * 7919) % 101) as f32 / 101.0).collect();
        for periodic in [true, false] {
            let mut graph = Graph::new();
            let picture = graph.input(Shape::new(height, width, 1).times(2));
            let outputs = autocorrelation(&mut graph, picture, periodic).expect("large enough");
            let mut program = device.compile(graph, &outputs).expect("fits");
            program.write(picture, &values);
            let found = program.run().expect("runs");
            for (n, image) in values.chunks(height * width).enumerate() {
                let mut plane = image.to_vec();
                let mut size = (height, width);
                for scale in found.iter().take(SCALES) {
                    for (k, (dy, dx)) in shifts().into_iter().enumerate() {
                        let (mut sum, mut pairs) = (0.0f64, 0.0);
                        for y in 0..size.0 as isize {
                            for x in 0..size.1 as isize {
                                let (v, u) = (y + dy, x + dx);
                                let is_inside = (0..size.0 as isize).contains(&v) && (0..size.1 as isize).contains(&u);
                                if periodic || is_inside {
                                    let at =
                                        v.rem_euclid(size.0 as isize) * size.1 as isize + u.rem_euclid(size.1 as isize);
                                    sum += f64::from(plane[(y * size.1 as isize + x) as usize] * plane[at as usize]);
                                    pairs += 1.0;
                                }
                            }
                        }
                        let wanted = sum / f64::max(pairs, 1.0);
                        let found = f64::from(scale[n * shifts().len() + k]);
                        assert!((found - wanted).abs() < 1e-5, "periodic {periodic}, ({dy}, {dx}): {found}, {wanted}");
                    }
                    let half = (size.0 / 2, size.1 / 2);
                    plane = (0..half.0 * half.1)
                        .map(|i| {
                            let at = 2 * (i / half.1) * size.1 + 2 * (i % half.1);
                            (plane[at] + plane[at + 1] + plane[at + size.1] + plane[at + size.1 + 1]) / 4.0
                        })
                        .collect();
                    size = half;
                }
            }
        }
    }
}
