//! Whether painted particles prefer places: as a part of a graph, and of finished pictures.
//!
//! A micrograph is stationary: every place is as likely to be inside a phase as any other. A decoder that doubles its
//! picture by repeating pixels knows where on the lattice of its first pixels it paints, and matching Gram matrices does
//! not keep it from painting every particle at the same place of a cell.

use std::sync::Arc;

use super::network::CELL;
use crate::compute::ComputeError;
use crate::compute::graph::{Function, Graph, Product, Shape, TensorId};
use crate::micrograph::PhaseMap;

/// Places of a cell.
const PLACES: usize = CELL * CELL;

/// The variance over the places of a cell of the expected grey value, as a share of `variance`, from the pictures of a
/// batch with one channel.
///
/// It is the mean over pairs of different pictures of the covariance between their mean cells. Layouts of different
/// pictures are independent. So the expected value is 0 for a stationary decoder, and single values can be negative. A
/// preference that cancels over the latent points of the pictures is not seen.
///
/// # Errors
/// There are fewer than two pictures, or their edges are no multiples of a cell.
pub fn place_variance(graph: &mut Graph, pictures: TensorId, variance: f32) -> Result<TensorId, ComputeError> {
    let shape = graph.shape(pictures);
    let Shape { batch, height, width, channels } = shape;
    if batch < 2 || channels != 1 || !height.is_multiple_of(CELL) || !width.is_multiple_of(CELL) {
        return Err(ComputeError::shape(format!("the mean cells of {shape:?}")));
    }
    let (down, across) = (height / CELL, width / CELL);
    let product = |rows, columns, inner| Product { rows, columns, inner, transpose_a: false, transpose_b: false };
    // The sum over the rows of cells, then over the cells of a row.
    let of_picture: Vec<f32> =
        (0..batch * batch * down).map(|n| f32::from(n / (batch * down) == n % (batch * down) / down)).collect();
    let of_picture = graph.constant(Shape::vectors(batch, batch * down), Arc::new(of_picture))?;
    let row = Shape::new(1, across, CELL).times(batch * CELL);
    let row = graph.product(of_picture, pictures, product(batch, CELL * width, batch * down), row)?;
    let mean = 1.0 / (down * across) as f32;
    let cells = graph.reduce(row, None, Shape::vectors(batch * CELL, CELL), mean)?;
    // Less the mean over the places.
    let centred: Vec<f32> =
        (0..PLACES * PLACES).map(|n| f32::from(n / PLACES == n % PLACES) - 1.0 / PLACES as f32).collect();
    let centred = graph.constant(Shape::vectors(PLACES, PLACES), Arc::new(centred))?;
    let cells = graph.product(cells, centred, product(batch, PLACES, PLACES), Shape::vectors(batch, PLACES))?;
    let pairs = Product { transpose_b: true, ..product(batch, batch, PLACES) };
    let pairs = graph.product(cells, cells, pairs, Shape::vectors(batch, batch))?;
    let different: Vec<f32> = (0..batch * batch).map(|n| f32::from(n / batch != n % batch)).collect();
    let different = graph.constant(Shape::vectors(batch, batch), Arc::new(different))?;
    let pairs = graph.pointwise(Function::Multiply, &[pairs, different])?;
    let scale = 1.0 / ((batch * (batch - 1) * PLACES) as f32 * variance.max(1e-6));
    graph.reduce(pairs, None, Shape::SCALAR, scale)
}

/// How much the area fraction of phase 1 differs between the places of a decoder's cells: its standard deviation over the
/// 256 places of 16 × 16 pixels, as a share of its mean, less what chance adds on average. `None` for fewer than two maps, edges that are no multiples of 16, or a phase that does not occur.
pub fn place_preference(maps: &[PhaseMap]) -> Option<f64> {
    let cells = maps.iter().map(mean_cell).collect::<Option<Vec<[f64; PLACES]>>>()?;
    let n = cells.len() as f64;
    let mean = cells.iter().flatten().sum::<f64>() / (n * PLACES as f64);
    if cells.len() < 2 || mean == 0.0 {
        return None;
    }
    // The covariance of the mean cells of different maps: all products less those of a map with itself.
    let deviation = |cell: &[f64; PLACES]| {
        let own = cell.iter().sum::<f64>() / PLACES as f64;
        cell.map(|v| v - own)
    };
    let (mut sum, mut own) = ([0.0; PLACES], 0.0);
    for cell in &cells {
        let cell = deviation(cell);
        own += cell.iter().map(|v| v * v).sum::<f64>();
        sum.iter_mut().zip(cell).for_each(|(s, v)| *s += v);
    }
    let all = sum.iter().map(|v| v * v).sum::<f64>();
    let variance = (all - own) / (n * (n - 1.0) * PLACES as f64);
    Some(variance.max(0.0).sqrt() / mean)
}

/// The mean over a map's cells of the indicator of phase 1.
fn mean_cell(map: &PhaseMap) -> Option<[f64; PLACES]> {
    let (height, width) = map.labels.dim();
    if !height.is_multiple_of(CELL) || !width.is_multiple_of(CELL) {
        return None;
    }
    let share = PLACES as f64 / (height * width) as f64;
    let mut cell = [0.0; PLACES];
    for ((y, x), label) in map.labels.indexed_iter() {
        cell[y % CELL * CELL + x % CELL] += if *label == 1 { share } else { 0.0 };
    }
    Some(cell)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::Device;
    use crate::synth;
    use ndarray::Array2;

    fn variance_of(maps: &[&PhaseMap]) -> f32 {
        let (height, width) = maps[0].labels.dim();
        let mut graph = Graph::new();
        let pictures = graph.input(Shape::new(height, width, 1).times(maps.len()));
        let found = place_variance(&mut graph, pictures, 0.25).expect("fits");
        let mut program = Device::Cpu.compile(graph, &[found]).expect("fits");
        let values: Vec<f32> = maps.iter().flat_map(|m| m.labels.iter().map(|l| f32::from(*l))).collect();
        program.write(pictures, &values);
        program.run().expect("runs")[0][0]
    }

    #[test]
    fn particles_on_a_lattice_are_found_and_others_are_not() {
        // A quarter of each cell is inside, at the same place everywhere: the variance over the places is 3/16.
        let lattice = |offset: usize| {
            let inside = |(y, x): (usize, usize)| u8::from((y + offset) % 16 < 8 && (x + offset) % 16 < 8);
            PhaseMap { labels: Array2::from_shape_fn((48, 64), inside), ..synth::discs(64, 0.3, 1) }
        };
        let (a, b) = (lattice(0), lattice(8));
        assert!((variance_of(&[&a, &a, &a]) - 0.75).abs() < 1e-5, "{}", variance_of(&[&a, &a, &a]));
        assert!((place_preference(&[a.clone(), a.clone()]).expect("fits") - 3f64.sqrt()).abs() < 1e-9);
        // Two pictures whose places differ do not agree.
        assert!(variance_of(&[&a, &b]) < 0.0);
        assert_eq!(place_preference(&[a.clone(), b]), Some(0.0));
        let discs: Vec<PhaseMap> = (0..40).map(|seed| synth::discs(64, 0.3, seed)).collect();
        let preference = place_preference(&discs).expect("fits");
        let variance = variance_of(&discs.iter().collect::<Vec<&PhaseMap>>());
        assert!(variance.abs() < 0.005 && preference < 0.1, "{variance} {preference}");
        assert_eq!(place_preference(&[a]), None);
    }
}
