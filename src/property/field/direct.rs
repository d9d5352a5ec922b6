//! The factorised system of a picture's elasticity, as a preconditioner. Voids and high contrasts cost conjugate gradients
//! thousands of iterations with a homogeneous medium, and a few with this.

use faer::Mat;

use super::super::PropertyError;
use super::super::sparse::{Columns, Factor, Refused, add_to};
use super::grid::Grid;
use super::lame::Lame;
use super::solve::Watch;

/// The contrast above which it pays, and the most pixels: beyond, the factors take too much memory.
const CONTRAST: f64 = 1e3;
const MOST_PIXELS: usize = 600 * 600;
/// What is added to the diagonal, as a share of its largest entry: islands and pixels that hang by a corner move freely.
const SHIFT: f64 = 1e-10;

/// The system of the nodes that touch something stiff.
pub struct Direct {
    factor: Factor,
    /// The first unknown of each node.
    unknowns: Vec<Option<u32>>,
}

impl Direct {
    /// Factorises the system of a picture where that pays.
    ///
    /// # Errors
    /// The work was cancelled.
    pub fn where_it_pays(
        grid: &Grid,
        labels: &[u8],
        values: &[Lame],
        watch: Watch,
    ) -> Result<Option<Self>, PropertyError> {
        let stiffness = |l: &Lame| l.lambda + 2.0 * l.mu;
        let (low, high) = labels
            .iter()
            .map(|label| stiffness(&values[usize::from(*label)]))
            .fold((f64::INFINITY, 0.0f64), |(low, high), v| (low.min(v), high.max(v)));
        let pays = high > CONTRAST * low && grid.axes() == 2 && labels.len() <= MOST_PIXELS;
        if !pays {
            return Ok(None);
        }
        let (unknowns, columns) = assembled(grid, labels, values);
        match Factor::new(columns, watch) {
            Ok(factor) => Ok(Some(Self { factor, unknowns })),
            Err(Refused::Cancelled) => Err(PropertyError::Cancelled),
            Err(Refused::Memory(_) | Refused::Singular) => Ok(None),
        }
    }

    /// The displacements under forces, component after component.
    pub fn solve(&self, forces: &[f64]) -> Vec<f64> {
        let n = self.unknowns.len();
        let nodes = || self.unknowns.iter().enumerate().filter_map(|(node, u)| Some((node, (*u)? as usize)));
        let mut right = Mat::zeros(2 * nodes().count(), 1);
        for (node, unknown) in nodes() {
            right[(unknown, 0)] = forces[node];
            right[(unknown + 1, 0)] = forces[n + node];
        }
        self.factor.solve(&mut right);
        let mut out = vec![0.0; 2 * n];
        for (node, unknown) in nodes() {
            out[node] = right[(unknown, 0)];
            out[n + node] = right[(unknown + 1, 0)];
        }
        out
    }
}

/// Numbers the nodes of stiff pixels and adds up their stiffness.
fn assembled(grid: &Grid, labels: &[u8], values: &[Lame]) -> (Vec<Option<u32>>, Columns) {
    let [_, height, width] = grid.shape;
    let value = |pixel: usize| values[usize::from(labels[pixel])];
    let nodes_of = |pixel: usize| {
        let (y, x) = (pixel / width, pixel % width);
        let (y1, x1) = ((y + 1) % height, (x + 1) % width);
        [y * width + x, y * width + x1, y1 * width + x, y1 * width + x1]
    };
    let mut unknowns = vec![None; height * width];
    let mut count = 0;
    for pixel in 0..height * width {
        if value(pixel).mu == 0.0 && value(pixel).lambda == 0.0 {
            continue;
        }
        for node in nodes_of(pixel) {
            unknowns[node].get_or_insert_with(|| {
                count += 2;
                count - 2
            });
        }
    }
    let mut columns: Columns = vec![vec![]; count as usize];
    // The gradient in a pixel along x and y, of the nodes in the order of `nodes_of`.
    const GRADIENT: [[f64; 4]; 2] = [[-0.5, 0.5, -0.5, 0.5], [-0.5, -0.5, 0.5, 0.5]];
    for pixel in 0..height * width {
        let Lame { lambda, mu } = value(pixel);
        if mu == 0.0 && lambda == 0.0 {
            continue;
        }
        let nodes = nodes_of(pixel).map(|node| unknowns[node].expect("a node of a stiff pixel"));
        for a in 0..4 {
            for b in 0..4 {
                let along = GRADIENT[0][a] * GRADIENT[0][b] + GRADIENT[1][a] * GRADIENT[1][b];
                for i in 0..2 {
                    for j in 0..2 {
                        let (column, row) = (nodes[a] + i as u32, nodes[b] + j as u32);
                        if row < column {
                            continue;
                        }
                        // λ div u div v + 2 μ ε(u) : ε(v).
                        let mut entry = lambda * GRADIENT[i][a] * GRADIENT[j][b] + mu * GRADIENT[j][a] * GRADIENT[i][b];
                        if i == j {
                            entry += mu * along;
                        }
                        add_to(&mut columns[column as usize], row, entry);
                    }
                }
            }
        }
    }
    let diagonal =
        |column: usize| columns[column].iter().find(|(row, _)| *row as usize == column).map_or(0.0, |(_, v)| *v);
    let largest = (0..columns.len()).map(diagonal).fold(0.0, f64::max);
    for (column, entries) in columns.iter_mut().enumerate() {
        add_to(entries, column as u32, SHIFT * largest);
    }
    (unknowns, columns)
}
