//! The Minkowski functionals of a picture's two sides of a grey value as a part of a graph.

use super::soft::{affine, soft_indicator, sum_of_vectors, times_next};
use crate::compute::ComputeError;
use crate::compute::graph::{Function, Graph, Shape, TensorId};

/// Numbers that [`minkowski`] returns for a picture.
pub const MINKOWSKI_NUMBERS: usize = 5;

/// Area, interface and Euler number of the two sides of a threshold, each per pixel: a tensor `[1, 1, 5]` of each picture
/// of a batch with one channel and values 0 … 1. The numbers are
///
/// 0. the area fraction above the threshold;
/// 1. the sides of pixels that separate the two;
/// 2. the Euler number of what is above, particles less holes, where pixels touch along their sides;
/// 3. the same of what is below;
/// 4. what is between, the mean of `s (1 − s)` of the indicator `s`: 0 of a picture with two grey values.
///
/// Pixels are the vertices of a lattice, so the Euler number is that of pixels less pairs plus squares of four (Legland,
/// Kiêu & Devaux, Image Anal. Stereol. 26:83, 2007). The indicator is soft, so that the numbers have a gradient; the value of
/// pairs and squares is the product of those of their pixels. A periodic picture continues at its opposite edge; for any
/// other, only pairs and squares that fit are counted.
///
/// # Errors
/// The picture is smaller than two pixels.
pub fn minkowski(
    graph: &mut Graph,
    picture: TensorId,
    threshold: f32,
    periodic: bool,
) -> Result<TensorId, ComputeError> {
    let shape = graph.shape(picture);
    if shape.height < 2 || shape.width < 2 {
        return Err(ComputeError::shape(format!("the Minkowski functionals of {shape:?}")));
    }
    let above = soft_indicator(graph, picture, threshold)?;
    let below = affine(graph, above, -1.0, 1.0)?;
    let [area, across, down, squares] = shares(graph, above, periodic)?;
    let [rest, other_across, other_down, other_squares] = shares(graph, below, periodic)?;
    let square = graph.pointwise(Function::Multiply, &[above, above])?;
    let square = graph.reduce(square, None, Shape::vectors(shape.batch, 1), 1.0 / shape.positions() as f32)?;
    // What each share adds to the five numbers. The interface is what of all pairs is not on one side.
    let all: [(TensorId, [f32; MINKOWSKI_NUMBERS]); 9] = [
        (area, [1.0, 2.0, 1.0, 0.0, 1.0]),
        (across, [0.0, -1.0, -1.0, 0.0, 0.0]),
        (down, [0.0, -1.0, -1.0, 0.0, 0.0]),
        (squares, [0.0, 0.0, 1.0, 0.0, 0.0]),
        (rest, [0.0, 2.0, 0.0, 1.0, 0.0]),
        (other_across, [0.0, -1.0, 0.0, -1.0, 0.0]),
        (other_down, [0.0, -1.0, 0.0, -1.0, 0.0]),
        (other_squares, [0.0, 0.0, 0.0, 1.0, 0.0]),
        (square, [0.0, 0.0, 0.0, 0.0, -1.0]),
    ];
    sum_of_vectors(graph, all.into_iter().map(|(share, adds)| (share, adds.to_vec())).collect())
}

/// The mean values of pixels, of pairs in a row, of pairs in a column, and of squares of four.
fn shares(graph: &mut Graph, indicator: TensorId, periodic: bool) -> Result<[TensorId; 4], ComputeError> {
    let Shape { batch, height, width, .. } = graph.shape(indicator);
    let across = times_next(graph, indicator, [0, 1], periodic)?;
    let down = times_next(graph, indicator, [1, 0], periodic)?;
    let squares = times_next(graph, across, [1, 0], periodic)?;
    let (rows, columns) = if periodic { (height, width) } else { (height - 1, width - 1) };
    let mut mean = |x: TensorId, places: usize| graph.reduce(x, None, Shape::vectors(batch, 1), 1.0 / places as f32);
    Ok([
        mean(indicator, height * width)?,
        mean(across, height * columns)?,
        mean(down, rows * width)?,
        mean(squares, rows * columns)?,
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::Device;
    use crate::micrograph::PhaseMap;
    use crate::stats::{Boundary, Components};
    use crate::synth;

    fn run(values: &[f32], size: (usize, usize), periodic: bool) -> Vec<f32> {
        let mut graph = Graph::new();
        let picture = graph.input(Shape::new(size.0, size.1, 1).times(values.len() / (size.0 * size.1)));
        let found = minkowski(&mut graph, picture, 0.5, periodic).expect("large enough");
        let mut program = Device::Cpu.compile(graph, &[found]).expect("fits");
        program.write(picture, values);
        program.run().expect("runs").remove(0)
    }

    fn values(map: &PhaseMap) -> Vec<f32> {
        map.flat().iter().map(|l| f32::from(*l)).collect()
    }

    #[test]
    fn they_count_particles_without_holes() {
        let first = synth::Graphite { nodularity: 1.0, radius: 4.0, area_fraction: 0.1 }.phase_map(96, 1);
        let second = synth::Graphite { nodularity: 0.3, radius: 3.0, area_fraction: 0.1 }.phase_map(96, 2);
        let both: Vec<f32> = values(&first).into_iter().chain(values(&second)).collect();
        let found = run(&both, (96, 96), true);
        let pixels = (96 * 96) as f32;
        for (map, found) in [&first, &second].into_iter().zip(found.chunks(MINKOWSKI_NUMBERS)) {
            let inside = map.indicator(1);
            let count = |corners| Components::of(&inside.view(), corners, Boundary::Periodic).sizes.len() as f32;
            assert!((found[0] - map.volume_fractions()[1] as f32).abs() < 1e-6, "{found:?}");
            // Particles that touch at a corner are two above, where corners do not join, and one hole below.
            assert!((found[2] * pixels - count(false)).abs() < 0.1, "{} of {}", found[2] * pixels, count(false));
            assert!((found[3] * pixels + count(true)).abs() < 0.1, "{} of {}", found[3] * pixels, count(true));
            assert_eq!(found[4], 0.0);
        }
    }

    #[test]
    fn a_ring_in_an_open_and_a_periodic_picture() {
        // A square of 4 × 4 pixels with a hole of 2 × 2, one pixel from the upper left corner of 8 × 11 pixels.
        let inside = |n: usize| (1..=4).contains(&n);
        let hole = |n: usize| (2..=3).contains(&n);
        let ring: Vec<f32> = (0..88)
            .map(|at| (at / 11, at % 11))
            .map(|(y, x)| f32::from(u8::from(inside(y) && inside(x) && !(hole(y) && hole(x)))))
            .collect();
        let wanted = |rows: f32, columns: f32| {
            let (all, across, down, squares) = (88.0, 8.0 * columns, rows * 11.0, rows * columns);
            // Six pairs in the rows and six in the columns lie wholly on the ring, and no square. Twelve in each separate.
            let beside = (across - 6.0 - 12.0) / across + (down - 6.0 - 12.0) / down;
            // Of the squares, 24 touch the ring.
            let below = 76.0 / all - beside + (squares - 24.0) / squares;
            [12.0 / all, 12.0 / across + 12.0 / down, 12.0 / all - 6.0 / across - 6.0 / down, below, 0.0]
        };
        for (periodic, rows, columns) in [(true, 8.0, 11.0), (false, 7.0, 10.0)] {
            let found = run(&ring, (8, 11), periodic);
            for (found, wanted) in found.iter().zip(wanted(rows, columns)) {
                assert!((found - wanted).abs() < 1e-6, "{periodic}: {found}, not {wanted}");
            }
        }
    }

    #[test]
    fn of_a_grey_picture_they_follow_from_its_indicator() {
        // The soft indicator of 0.3 between 0.1 and 0.9.
        let s: f32 = 0.25 * 0.25 * (3.0 - 2.0 * 0.25);
        let euler = |s: f32| s - 2.0 * s * s + s.powi(4);
        let wanted = [s, 4.0 * s * (1.0 - s), euler(s), euler(1.0 - s), s * (1.0 - s)];
        for (found, wanted) in run(&[0.3; 30], (5, 6), true).iter().zip(wanted) {
            assert!((found - wanted).abs() < 1e-5, "{found}, not {wanted}");
        }
        let mut graph = Graph::new();
        let small = graph.input(Shape::new(1, 8, 1));
        assert!(minkowski(&mut graph, small, 0.5, true).is_err());
    }
}
