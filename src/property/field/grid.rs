//! The grid of nodes and pixels that fields live on, and the differences between them.

use rayon::prelude::*;

use crate::stats::Fourier;

/// Lines that one task works on.
pub(super) const LINES: usize = 8;

/// A periodic grid of pixels (or voxels), whose nodes are the corners of the pixels. Gradients live in the middle of
/// pixels, displacements and potentials at nodes: the rotated scheme of Willot (C. R. Mécanique 343:232, 2015), which is
/// the same as finite elements with one point of integration. Fields are stored row by row, x quickest.
pub struct Grid {
    /// Planes, rows and columns; one plane for a picture.
    pub shape: [usize; 3],
    fourier: Fourier,
}

impl Grid {
    /// A grid of so many planes, rows and columns.
    pub fn new(shape: [usize; 3]) -> Self {
        let fourier = if shape[0] == 1 { Fourier::of(&shape[1..]) } else { Fourier::of(&shape) };
        Self { shape, fourier }
    }

    /// Pixels, and as many nodes.
    pub fn pixels(&self) -> usize {
        self.shape.iter().product()
    }

    /// Directions that gradients have: x and y, and z if there are planes.
    pub fn axes(&self) -> usize {
        if self.shape[0] == 1 { 2 } else { 3 }
    }

    /// Where the four lines begin that bound a line of pixels (or, with `before`, of nodes): this one, the next along y,
    /// the next along z, and along both.
    fn around(&self, line: usize, before: bool) -> [usize; 4] {
        let [planes, rows, columns] = self.shape;
        let (z, y) = (line / rows, line % rows);
        let next = |at: usize, size: usize| if before { (at + size - 1) % size } else { (at + 1) % size };
        let (z1, y1) = (next(z, planes), next(y, rows));
        [(z, y), (z, y1), (z1, y), (z1, y1)].map(|(z, y)| (z * rows + y) * columns)
    }

    /// Gradients in the pixels of a line of a field at nodes, added to `out`, a line for each axis (x, y, z).
    pub(super) fn gradient(&self, field: &[f64], line: usize, scratch: &mut [Vec<f64>; 3], out: &mut [Vec<f64>]) {
        let columns = self.shape[2];
        let of = self.around(line, false).map(|start| &field[start..][..columns]);
        let [a, b, c, d] = of;
        let [sum, along_y, along_z] = scratch;
        for x in 0..columns {
            sum[x] = a[x] + b[x] + c[x] + d[x];
            along_y[x] = b[x] + d[x] - a[x] - c[x];
        }
        let last = columns - 1;
        for x in 0..last {
            out[0][x] = 0.25 * (sum[x + 1] - sum[x]);
            out[1][x] = 0.25 * (along_y[x] + along_y[x + 1]);
        }
        out[0][last] = 0.25 * (sum[0] - sum[last]);
        out[1][last] = 0.25 * (along_y[last] + along_y[0]);
        if out.len() > 2 {
            for x in 0..columns {
                along_z[x] = c[x] + d[x] - a[x] - b[x];
            }
            for x in 0..last {
                out[2][x] = 0.25 * (along_z[x] + along_z[x + 1]);
            }
            out[2][last] = 0.25 * (along_z[last] + along_z[0]);
        }
    }

    /// The negative divergence at the nodes of a line of a flux in pixels, given as a field for each axis: the adjoint of
    /// [`Self::gradient`].
    pub(super) fn divergence(&self, flux: &[&[f64]], line: usize, scratch: &mut [Vec<f64>; 3], out: &mut [f64]) {
        let columns = self.shape[2];
        let around = self.around(line, true);
        let of = |axis: usize| around.map(|start| &flux[axis][start..][..columns]);
        // Of each axis, what the pixels before and after the node in x give.
        let [sum, rest, _] = scratch;
        let [a, b, c, d] = of(0);
        for x in 0..columns {
            sum[x] = a[x] + b[x] + c[x] + d[x];
        }
        let [a, b, c, d] = of(1);
        for x in 0..columns {
            // Pixels of this row lie after the node along y, those of the row before lie before it.
            rest[x] = b[x] + d[x] - a[x] - c[x];
        }
        if flux.len() > 2 {
            let [a, b, c, d] = of(2);
            for x in 0..columns {
                rest[x] += c[x] + d[x] - a[x] - b[x];
            }
        }
        out[0] = 0.25 * (sum[columns - 1] - sum[0] + rest[columns - 1] + rest[0]);
        for x in 1..columns {
            out[x] = 0.25 * (sum[x - 1] - sum[x] + rest[x - 1] + rest[x]);
        }
    }

    /// A scratch for one task.
    pub(super) fn scratch(&self) -> [Vec<f64>; 3] {
        std::array::from_fn(|_| vec![0.0; self.shape[2]])
    }

    /// The factor of the gradient along each axis at a wave vector, without the phase that all of them share: the rotated
    /// scheme's `2 sin(kₓ/2) cos(k_y/2) cos(k_z/2)` and so on, for every kept coefficient of a transform, in its order.
    pub(super) fn wave_vectors(&self) -> Vec<[f64; 3]> {
        let [planes, rows, columns] = self.shape;
        let half = |n: usize, size: usize| (std::f64::consts::PI * n as f64 / size as f64).sin_cos();
        let kept = self.fourier.kept();
        let of = |at: usize| {
            let (u, rest) = (at / (planes * rows), at % (planes * rows));
            let (sx, cx) = half(u, columns);
            let (sz, cz) = half(rest / rows, planes);
            let (sy, cy) = half(rest % rows, rows);
            [2.0 * sx * cy * cz, 2.0 * cx * sy * cz, 2.0 * cx * cy * sz]
        };
        (0..planes * rows * kept).into_par_iter().map(of).collect()
    }

    /// Transforms of fields.
    pub(super) fn fourier(&self) -> &Fourier {
        &self.fourier
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_divergence_is_the_adjoint_of_the_gradient() {
        for shape in [[1, 5, 7], [3, 4, 5], [1, 1, 6], [1, 6, 1]] {
            let grid = Grid::new(shape);
            let (n, axes) = (grid.pixels(), grid.axes());
            let field: Vec<f64> = (0..n).map(|i| ((i * 37) % 11) as f64).collect();
            let flux: Vec<Vec<f64>> =
                (0..axes).map(|a| (0..n).map(|i| ((i * 53 + a * 7) % 13) as f64 - 5.0).collect()).collect();
            let (mut scratch, mut line) = (grid.scratch(), vec![vec![0.0; shape[2]]; axes]);
            let (mut left, mut right) = (0.0, 0.0);
            let refs: Vec<&[f64]> = flux.iter().map(Vec::as_slice).collect();
            for l in 0..shape[0] * shape[1] {
                grid.gradient(&field, l, &mut scratch, &mut line);
                for axis in 0..axes {
                    left += (0..shape[2]).map(|x| line[axis][x] * flux[axis][l * shape[2] + x]).sum::<f64>();
                }
                let mut out = vec![0.0; shape[2]];
                grid.divergence(&refs, l, &mut scratch, &mut out);
                right += (0..shape[2]).map(|x| out[x] * field[l * shape[2] + x]).sum::<f64>();
            }
            assert!((left - right).abs() < 1e-9, "{shape:?}: {left} and {right}");
        }
    }
}
