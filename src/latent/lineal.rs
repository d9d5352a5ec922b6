//! The lineal path of a picture's two sides of a grey value as a part of a graph.

use super::soft::{affine, soft_indicator, sum_of_vectors, times_next};
use crate::compute::ComputeError;
use crate::compute::graph::{Graph, Shape, TensorId};

/// Lengths of segments in pixels; each is twice the one before.
const LENGTHS: [usize; 6] = [1, 2, 4, 8, 16, 32];

/// Numbers that [`lineal_paths`] returns for a picture.
pub const LINEAL_NUMBERS: usize = 4 * LENGTHS.len();

/// The share of segments that lie wholly on one side of a threshold, for segments of 1, 2, 4 … 32 pixels along rows and
/// along columns, above the threshold and below it: four tensors `[1, 1, 6]` of each picture of a batch with one channel
/// and values 0 … 1. The indicator is soft, so that the numbers have a gradient; a segment's value is the product of those
/// of its pixels. A periodic picture continues at its opposite edge; for any other, only segments that fit are counted.
///
/// # Errors
/// The picture is smaller than the longest segment.
pub fn lineal_paths(
    graph: &mut Graph,
    picture: TensorId,
    threshold: f32,
    periodic: bool,
) -> Result<Vec<TensorId>, ComputeError> {
    let above = soft_indicator(graph, picture, threshold)?;
    let below = affine(graph, above, -1.0, 1.0)?;
    let mut found = vec![];
    for indicator in [above, below] {
        for axis in [1, 0] {
            found.push(along(graph, indicator, axis, periodic)?);
        }
    }
    Ok(found)
}

/// The mean products of segments along an axis, 0 for columns and 1 for rows.
fn along(graph: &mut Graph, indicator: TensorId, axis: usize, periodic: bool) -> Result<TensorId, ComputeError> {
    let shape = graph.shape(indicator);
    let size = if axis == 0 { shape.height } else { shape.width };
    if size < LENGTHS[LENGTHS.len() - 1] {
        return Err(ComputeError::shape(format!("a lineal path of {shape:?}")));
    }
    let mut product = indicator;
    let mut terms = vec![];
    for (n, length) in LENGTHS.into_iter().enumerate() {
        if n > 0 {
            // The second half of a segment begins where the first one ends.
            let mut step = [0; 2];
            step[axis] = (length / 2) as isize;
            product = times_next(graph, product, step, periodic)?;
        }
        let places = if periodic { size } else { size + 1 - length };
        let share = 1.0 / (shape.positions() / size * places) as f32;
        let mean = graph.reduce(product, None, Shape::vectors(shape.batch, 1), share)?;
        terms.push((mean, (0..LENGTHS.len()).map(|k| if k == n { 1.0 } else { 0.0 }).collect()));
    }
    sum_of_vectors(graph, terms)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::Device;
    use crate::stats::{Boundary, lineal_path};
    use crate::synth;
    use ndarray::Axis;

    fn run(values: &[f32], size: (usize, usize), threshold: f32, periodic: bool) -> Vec<Vec<f32>> {
        let mut graph = Graph::new();
        let picture = graph.input(Shape::new(size.0, size.1, 1).times(values.len() / (size.0 * size.1)));
        let outputs = lineal_paths(&mut graph, picture, threshold, periodic).expect("large enough");
        let mut program = Device::Cpu.compile(graph, &outputs).expect("fits");
        program.write(picture, values);
        program.run().expect("runs")
    }

    #[test]
    fn of_a_phase_map_they_are_its_lineal_paths() {
        let first = synth::bicontinuous(64, 0.6, 40.0, 1);
        let second = synth::discs(64, 0.3, 2);
        let values: Vec<f32> = first.flat().iter().chain(second.flat()).map(|l| f32::from(*l)).collect();
        let found = run(&values, (64, 64), 0.5, false);
        for (image, map) in [&first, &second].into_iter().enumerate() {
            for (n, (phase, axis)) in [(1, Axis(1)), (1, Axis(0)), (0, Axis(1)), (0, Axis(0))].into_iter().enumerate() {
                let wanted = lineal_path(&map.indicator(phase).view(), axis, Boundary::Open);
                for (k, length) in LENGTHS.into_iter().enumerate() {
                    let found = f64::from(found[n][image * LENGTHS.len() + k]);
                    let wanted = wanted[length - 1];
                    assert!((found - wanted).abs() < 1e-5, "{image}, {n}, {length}: {found}, not {wanted}");
                }
            }
        }
        // A map of stripes that go on at the opposite edge has segments of every length along them.
        let stripes: Vec<f32> = (0..64 * 32).map(|at| f32::from(u8::from(at / 32 % 8 < 4))).collect();
        let found = run(&stripes, (64, 32), 0.5, true);
        assert!(found[0].iter().all(|v| (v - 0.5).abs() < 1e-6), "{found:?}");
        assert!(found[1][2] > 0.1 && found[1][3] == 0.0, "{found:?}");
    }

    #[test]
    fn a_grey_value_counts_by_its_distance_to_the_threshold() {
        let of = |value: f32| run(&vec![value; 32 * 32], (32, 32), 0.3, true)[0][0];
        assert_eq!((of(0.05), of(0.55)), (0.0, 1.0));
        assert!((of(0.3) - 0.5).abs() < 1e-5 && of(0.35) > of(0.25));
        // A program on another size than the longest segment is refused.
        let mut graph = Graph::new();
        let small = graph.input(Shape::new(16, 16, 1));
        assert!(lineal_paths(&mut graph, small, 0.5, true).is_err());
    }
}
