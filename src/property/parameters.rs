//! The three-point parameters ζ₂ and η₂ of two-phase structures.

use rayon::prelude::*;
use rustfft::FftDirection;
use rustfft::num_complex::Complex;

use super::section;
use super::waves::frequency;
use crate::stats::{Indicator, transform_complex};

/// The longest edge of a section that is measured: its harmonics take memory.
pub const MOST_EDGE: usize = 768;

/// The three-point parameters of a phase: weights in 0 … 1 that third-order bounds and estimates depend on besides the
/// volume fractions. Those of the other phase are 1 − ζ₂ and 1 − η₂.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct ThreePoint {
    /// The volume fraction φ₂ of the phase.
    pub fraction: f64,
    /// ζ₂.
    pub zeta: f64,
    /// η₂.
    pub eta: f64,
}

impl ThreePoint {
    /// The parameters of the other phase.
    pub fn other(self) -> Self {
        Self { fraction: 1.0 - self.fraction, zeta: 1.0 - self.zeta, eta: 1.0 - self.eta }
    }

    /// Of a structure in two dimensions, periodic: `ζ₂ = ⟨I₂ |R₂J|²⟩/φ₁φ₂` and `η₂ = ⟨I₂ |R₄J|²⟩/φ₁φ₂` with
    /// `J = I₂ − φ₂`, where `Rₘ` multiplies Fourier coefficients by `exp(imθ)`. These are the integrals over S3 of
    /// Torquato (Random Heterogeneous Materials, 2002, section 20.1, d = 2), carried out exactly on the pixels' Fourier
    /// series. Nothing if there is one phase only.
    pub fn of_plane(phase: &Indicator) -> Option<Self> {
        let fraction = fraction_of(phase)?;
        let (height, width) = phase.dim();
        let mut spectrum: Vec<Complex<f64>> = phase.iter().map(|i| Complex::from(deviation(*i, fraction))).collect();
        transform_complex(&mut spectrum, (height, width), FftDirection::Forward);
        let one = |m: i32| {
            let mut turned = spectrum.clone();
            turned.par_chunks_mut(width).enumerate().for_each(|(row, line)| {
                let y = frequency(row, height);
                for (column, v) in line.iter_mut().enumerate() {
                    let x = frequency(column, width);
                    let length = y.hypot(x);
                    if length > 0.0 {
                        *v *= (Complex::new(x, y) / length).powi(m);
                    }
                }
            });
            transform_complex(&mut turned, (height, width), FftDirection::Inverse);
            let inside = phase.iter().zip(&turned).filter(|(inside, _)| **inside);
            inside.map(|(_, v)| v.norm_sqr()).sum::<f64>() / phase.len() as f64 / (fraction * (1.0 - fraction))
        };
        Some(Self { fraction, zeta: one(2), eta: one(4) })
    }

    /// Of an isotropic material in three dimensions of which the map is a section, periodic: S3(r, s, θ) is measured in
    /// the section and integrated as in Torquato (2002, Eq. 20.38 and 20.39; Cang et al. 2018, Eq. 15 and 16). Pixels
    /// are squares: the staircase of edges of a radius R px raises the result by about 0.2/R. Of a map with more than
    /// [`MOST_EDGE`] pixels along an axis the middle is measured. Nothing if there is one phase only, or if `go_on` says no.
    pub fn of_section(phase: &Indicator, go_on: &(dyn Fn() -> bool + Sync)) -> Option<Self> {
        let (height, width) = phase.dim();
        let (rows, columns) = (height.min(MOST_EDGE), width.min(MOST_EDGE));
        let (top, left) = ((height - rows) / 2, (width - columns) / 2);
        let middle = phase.slice(ndarray::s![top..top + rows, left..left + columns]);
        let phase = &middle;
        let fraction = fraction_of(phase)?;
        let (second, fourth) = section::projections(phase, fraction, go_on)?;
        let scale = 1.0 / (fraction * (1.0 - fraction));
        let zeta = (4.5 * scale * second).clamp(0.0, 1.0);
        let eta = (5.0 / 21.0 * zeta + 150.0 / 7.0 * scale * fourth).clamp(0.0, 1.0);
        Some(Self { fraction, zeta, eta })
    }
}

/// The share of a phase, if it is neither 0 nor 1.
fn fraction_of(phase: &Indicator) -> Option<f64> {
    let count = phase.iter().filter(|i| **i).count();
    (count > 0 && count < phase.len()).then(|| count as f64 / phase.len() as f64)
}

/// I − φ.
fn deviation(inside: bool, fraction: f64) -> f64 {
    f64::from(u8::from(inside)) - fraction
}
