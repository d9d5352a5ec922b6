//! Linear elasticity: full fields on the pixels.

use rayon::prelude::*;
use rustfft::num_complex::Complex;

use super::super::error::MOST_CONTRAST;
use super::super::{Moduli, PropertyError};
use super::direct::Direct;
use super::grid::{Grid, LINES};
use super::lame::Lame;
use super::lines::{by_lines, make_symmetric};
use super::solve::{Accuracy, Watch, conjugate_gradients};

/// Stresses and strains under mean strains of 1, and the effective stiffness.
#[derive(Clone, Debug)]
pub struct Elasticity {
    /// The effective stiffness in Voigt's notation, with shear strains counted twice: 3 × 3 (xx, yy, xy) of a picture,
    /// 6 × 6 (xx, yy, zz, yz, xz, xy) of a volume, in the unit of the moduli.
    pub stiffness: Vec<Vec<f64>>,
    /// For each mean strain (in the same order) the stress in every pixel, a field for each component.
    pub stress: Vec<Vec<Vec<f64>>>,
    /// For each mean strain the strain in every pixel, a field for each component, shear strains counted twice.
    pub strain: Vec<Vec<Vec<f64>>>,
    /// For each mean strain the iterations.
    pub iterations: Vec<usize>,
}

impl Elasticity {
    /// The planar moduli of a picture's stiffness, averaged over all directions.
    pub fn planar(&self) -> Moduli {
        moduli_of_tensor(&self.stiffness)
    }

    /// The equivalent stress of von Mises in each pixel under a mean strain, in the unit of the moduli. In a picture
    /// `poisson` has Poisson's ratio of each label for plane strain, where the stress across the plane is ν (σxx + σyy), and
    /// zeros for plane stress.
    pub fn von_mises(&self, load: usize, labels: &[u8], poisson: &[f64]) -> Vec<f64> {
        let stress = &self.stress[load];
        let of = |[x, y, z]: [f64; 3], shear: f64| {
            (0.5 * ((x - y).powi(2) + (y - z).powi(2) + (z - x).powi(2)) + 3.0 * shear).sqrt()
        };
        let at = |at: usize| {
            let s = |c: usize| stress[c][at];
            match stress.len() {
                3 => of([s(0), s(1), poisson[usize::from(labels[at])] * (s(0) + s(1))], s(2) * s(2)),
                _ => of([s(0), s(1), s(2)], s(3) * s(3) + s(4) * s(4) + s(5) * s(5)),
            }
        };
        (0..stress[0].len()).map(at).collect()
    }
}

/// The isotropic part of a stiffness: planar moduli of a 3 × 3 one, K and G of a 6 × 6 one (Voigt's average).
pub fn moduli_of_tensor(c: &[Vec<f64>]) -> Moduli {
    if c.len() == 3 {
        let (mean, across, shear) = (0.5 * (c[0][0] + c[1][1]), c[0][1], c[2][2]);
        Moduli { bulk: 0.5 * (mean + across), shear: 0.25 * (mean - across) + 0.5 * shear }
    } else {
        let diagonal = c[0][0] + c[1][1] + c[2][2];
        let across = c[0][1] + c[1][2] + c[0][2];
        let shear = c[3][3] + c[4][4] + c[5][5];
        Moduli { bulk: (diagonal + 2.0 * across) / 9.0, shear: (diagonal - across + 3.0 * shear) / 15.0 }
    }
}

/// Solves `div(C : ε) = 0` on a periodic map of labels for each mean strain, where `values` are the moduli of the labels:
/// those of three dimensions for a volume, planar ones for a picture (see [`Moduli::plane_strain`] and
/// [`Moduli::plane_stress`]), all 0 for a void. The rotated scheme of Willot with conjugate gradients in the displacement,
/// preconditioned by a homogeneous medium; a picture with voids, or with a contrast above 1,000, by the factorised system
/// itself, where memory allows. Stresses and strains take much memory, so they are kept only where `keeps_fields` says so.
///
/// # Errors
/// A value is no modulus, the contrast is too large, the iterations do not converge, or the work is cancelled.
///
/// # Panics
/// If a label has no value, or the labels are not as many as the shape says.
pub fn elasticity(
    labels: &[u8],
    shape: [usize; 3],
    values: &[Moduli],
    keeps_fields: bool,
    accuracy: Accuracy,
    watch: Watch,
) -> Result<Elasticity, PropertyError> {
    check_moduli(values)?;
    // Numbers of about 1, so that small and large units are not taken for rounding.
    let unit = values.iter().fold(0.0f64, |a, m| a.max(m.bulk).max(m.shear));
    let scaled: Vec<Moduli> = values.iter().map(|m| Moduli { bulk: m.bulk / unit, shear: m.shear / unit }).collect();
    let values = scaled.as_slice();
    let grid = Grid::new(shape);
    assert_eq!(labels.len(), grid.pixels(), "a label for each pixel");
    let solver = Solver::new(&grid, labels, values);
    let count = solver.pairs.len();
    let direct = Direct::where_it_pays(&grid, labels, &solver.values, watch)?;
    let mut found =
        Elasticity { stiffness: vec![vec![0.0; count]; count], stress: vec![], strain: vec![], iterations: vec![] };
    for load in 0..count {
        let mut mean = vec![0.0; count];
        mean[load] = 1.0;
        let mut b = solver.divergence(&solver.stress(None, &mean));
        b.par_iter_mut().for_each(|b| *b = -*b);
        let none = vec![0.0; count];
        let apply = |u: &[f64]| solver.divergence(&solver.stress(Some(u), &none));
        let precondition = |r: &[f64]| match &direct {
            Some(direct) => direct.solve(r),
            None => solver.precondition(r),
        };
        let (u, iterations) = conjugate_gradients(apply, precondition, b, accuracy, "field of elasticity", watch)?;
        let stress = solver.stress(Some(&u), &mean);
        for (of, stress) in stress.iter().enumerate() {
            found.stiffness[of][load] = stress.iter().sum::<f64>() / stress.len() as f64;
        }
        if keeps_fields {
            found.stress.push(stress);
            found.strain.push(solver.strain(Some(&u), &mean));
        }
        found.iterations.push(iterations);
    }
    make_symmetric(&mut found.stiffness);
    let stresses = found.stress.iter_mut().flatten();
    found.stiffness.iter_mut().chain(stresses).flatten().for_each(|v| *v *= unit);
    Ok(found)
}

/// Whether numbers can be moduli of phases of one structure.
fn check_moduli(values: &[Moduli]) -> Result<(), PropertyError> {
    let wanted = "a number that is not negative";
    for (phase, Moduli { bulk, shear }) in values.iter().enumerate() {
        for (value, found) in [("bulk modulus", *bulk), ("shear modulus", *shear)] {
            if !(found.is_finite() && found >= 0.0) {
                return Err(PropertyError::Unfit { phase, value, found, wanted });
            }
        }
    }
    let above = values.iter().flat_map(|m| [m.bulk, m.shear]).filter(|v| *v > 0.0);
    let (low, high) = above.fold((f64::INFINITY, 0.0f64), |(low, high), v| (low.min(v), high.max(v)));
    let value = "elastic modulus";
    if high == 0.0 {
        return Err(PropertyError::AllZero { value, property: "stiffness" });
    }
    let factor = high / low;
    if factor > MOST_CONTRAST { Err(PropertyError::Contrast { value: "moduli", factor }) } else { Ok(()) }
}

struct Solver<'a> {
    grid: &'a Grid,
    labels: &'a [u8],
    values: Vec<Lame>,
    /// The axes of each component of a strain, in Voigt's order.
    pairs: &'static [(usize, usize)],
    waves: Vec<[f64; 3]>,
    reference: Lame,
}

impl<'a> Solver<'a> {
    fn new(grid: &'a Grid, labels: &'a [u8], values: &[Moduli]) -> Self {
        let axes = grid.axes();
        let pairs: &[(usize, usize)] = match axes {
            2 => &[(0, 0), (1, 1), (0, 1)],
            _ => &[(0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1)],
        };
        let lame = |m: &Moduli| Lame { lambda: m.bulk - 2.0 * m.shear / axes as f64, mu: m.shear };
        let values: Vec<Lame> = values.iter().map(lame).collect();
        // Only the ratio of the reference's moduli matters; the stiffest phase bears most.
        let mean = |of: fn(&Lame) -> f64| values.iter().map(of).sum::<f64>() / values.len() as f64;
        let (lambda, mu) = (mean(|l| l.lambda), mean(|l| l.mu));
        let reference = if mu > 0.0 { Lame { lambda, mu } } else { Lame { lambda, mu: lambda } };
        Self { grid, labels, values, pairs, waves: grid.wave_vectors(), reference }
    }

    /// A field for each component of a strain or stress, made of the strain in each pixel.
    fn made(&self, u: Option<&[f64]>, load: &[f64], of: impl Fn(usize, &mut [f64; 6]) + Sync) -> Vec<Vec<f64>> {
        let (axes, columns, n) = (self.grid.axes(), self.grid.shape[2], self.grid.pixels());
        let mut out = vec![vec![0.0; n]; self.pairs.len()];
        by_lines(&mut out, columns, LINES, |first, parts| {
            let mut scratch = self.grid.scratch();
            let mut gradients = vec![vec![vec![0.0; columns]; axes]; axes];
            for line in 0..parts[0].len() / columns {
                if let Some(u) = u {
                    for (axis, gradient) in gradients.iter_mut().enumerate() {
                        self.grid.gradient(&u[axis * n..][..n], first + line, &mut scratch, gradient);
                    }
                }
                for x in 0..columns {
                    let mut strain = [0.0; 6];
                    for (c, (a, b)) in self.pairs.iter().enumerate() {
                        let shear = if a == b { 0.0 } else { gradients[*b][*a][x] };
                        strain[c] = load[c] + gradients[*a][*b][x] + shear;
                    }
                    of((first + line) * columns + x, &mut strain);
                    for (part, value) in parts.iter_mut().zip(strain) {
                        part[line * columns + x] = value;
                    }
                }
            }
        });
        out
    }

    fn strain(&self, u: Option<&[f64]>, load: &[f64]) -> Vec<Vec<f64>> {
        self.made(u, load, |_, _| {})
    }

    fn stress(&self, u: Option<&[f64]>, load: &[f64]) -> Vec<Vec<f64>> {
        let axes = self.grid.axes();
        self.made(u, load, |at, strain| {
            let Lame { lambda, mu } = self.values[usize::from(self.labels[at])];
            let trace: f64 = lambda * strain[..axes].iter().sum::<f64>();
            for (c, value) in strain.iter_mut().enumerate() {
                *value = if c < axes { trace + 2.0 * mu * *value } else { mu * *value };
            }
        })
    }

    /// The negative divergence of a stress at nodes, component after component.
    fn divergence(&self, stress: &[Vec<f64>]) -> Vec<f64> {
        let (axes, columns, n) = (self.grid.axes(), self.grid.shape[2], self.grid.pixels());
        let component = |a: usize, b: usize| {
            let at = self.pairs.iter().position(|p| *p == (a.min(b), a.max(b))).expect("every pair of axes");
            stress[at].as_slice()
        };
        let mut out = vec![0.0; axes * n];
        for (axis, out) in out.chunks_exact_mut(n).enumerate() {
            let row: Vec<&[f64]> = (0..axes).map(|b| component(axis, b)).collect();
            out.par_chunks_mut(LINES * columns).enumerate().for_each(|(chunk, out)| {
                let mut scratch = self.grid.scratch();
                for (line, out) in out.chunks_exact_mut(columns).enumerate() {
                    self.grid.divergence(&row, chunk * LINES + line, &mut scratch, out);
                }
            });
        }
        out
    }

    /// The displacement of the homogeneous reference under these forces.
    fn precondition(&self, forces: &[f64]) -> Vec<f64> {
        let (axes, n) = (self.grid.axes(), self.grid.pixels());
        let mut spectra: Vec<Vec<Complex<f64>>> =
            forces.chunks_exact(n).map(|f| self.grid.fourier().transform(|at| f[at])).collect();
        let Lame { lambda, mu } = self.reference;
        let ratio = (lambda + mu) / (lambda + 2.0 * mu);
        let count = self.waves.len();
        let each = count.div_ceil(4 * rayon::current_num_threads()).max(1);
        let mut parts: Vec<_> = spectra.iter_mut().map(|s| s.chunks_mut(each)).collect();
        let pieces: Vec<Vec<&mut [Complex<f64>]>> =
            (0..count.div_ceil(each)).map(|_| parts.iter_mut().filter_map(Iterator::next).collect()).collect();
        pieces.into_par_iter().enumerate().for_each(|(piece, mut spectra)| {
            for at in 0..spectra[0].len() {
                let q = &self.waves[piece * each + at];
                let square: f64 = q.iter().map(|q| q * q).sum();
                let scale = if square > 1e-14 { 1.0 / (mu * square) } else { 0.0 };
                let along: Complex<f64> = (0..axes).map(|a| spectra[a][at] * q[a]).sum();
                for (axis, spectrum) in spectra.iter_mut().enumerate() {
                    let back = if square > 1e-14 { along * (ratio * q[axis] / square) } else { Complex::default() };
                    spectrum[at] = (spectrum[at] - back) * scale;
                }
            }
        });
        spectra.into_iter().flat_map(|s| self.grid.fourier().invert(s)).collect()
    }
}
