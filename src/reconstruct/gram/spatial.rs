//! The soft phases of an image, and their two-point correlation as a term of the loss.
//!
//! A Gram matrix sums over positions, so it sees long distances only through deep layers. This term compares them
//! directly.

use rustfft::num_complex::Complex;

use super::settings::CorrelationTarget;
use crate::stats::Fourier;

/// The soft indicators of all phases as linear functions of a pixel's three channels (without phases: the channels in
/// 0 … 1): `u_k = Σ_c rows[k][c] x_c + rows[k][3]`. Each is called a field.
#[derive(Clone, Debug, PartialEq)]
pub struct SoftPhases {
    rows: Vec<[f64; 4]>,
}

impl SoftPhases {
    /// Exact at the vectors of up to four phases (barycentric coordinates), the least-squares fit for more.
    ///
    /// Of two phases the second alone is kept: the first is its complement.
    pub fn of(vectors: &[[f32; 3]]) -> Self {
        if vectors.is_empty() {
            let unit = |k: usize| std::array::from_fn(|c| if c == k { 1.0 / 255.0 } else { 0.0 });
            return Self { rows: (0..3).map(unit).collect() };
        }
        let points: Vec<[f64; 4]> = vectors.iter().map(|v| [v[0].into(), v[1].into(), v[2].into(), 255.0]).collect();
        // Ridge regression of the one-hot labels: for fewer points than unknowns it is close to the solution of least
        // norm.
        let mut normal = [[0.0; 4]; 4];
        for p in &points {
            for a in 0..4 {
                for b in 0..4 {
                    normal[a][b] += p[a] * p[b];
                }
            }
        }
        (0..4).for_each(|a| normal[a][a] += 1e-6 * 255.0 * 255.0);
        let row = |k: usize| {
            let mut solution = solve(normal, points[k]);
            solution[3] *= 255.0;
            solution
        };
        let first = usize::from(vectors.len() == 2);
        Self { rows: (first..vectors.len()).map(row).collect() }
    }

    /// How many fields there are.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// The linear part and the constant of a field.
    pub fn row(&self, k: usize) -> [f64; 4] {
        self.rows[k]
    }

    /// The value of a field at a pixel.
    pub fn field(&self, k: usize, image: &[f32], at: usize) -> f64 {
        let [a, b, c, d] = self.rows[k];
        let pixel = &image[3 * at..3 * at + 3];
        a * f64::from(pixel[0]) + b * f64::from(pixel[1]) + c * f64::from(pixel[2]) + d
    }
}

/// Solves a 4 × 4 system by Gaussian elimination with pivots.
fn solve(mut a: [[f64; 4]; 4], mut b: [f64; 4]) -> [f64; 4] {
    for k in 0..4 {
        let pivot = (k..4).max_by(|i, j| a[*i][k].abs().total_cmp(&a[*j][k].abs())).unwrap_or(k);
        a.swap(k, pivot);
        b.swap(k, pivot);
        for i in k + 1..4 {
            let factor = a[i][k] / a[k][k];
            (k..4).for_each(|j| a[i][j] -= factor * a[k][j]);
            b[i] -= factor * b[k];
        }
    }
    for k in (0..4).rev() {
        let known: f64 = (k + 1..4).map(|j| a[k][j] * b[j]).sum();
        b[k] = (b[k] - known) / a[k][k];
    }
    b
}

/// The smallest variation of a soft phase of the original that is matched.
const LEAST: f64 = 1e-9;

/// The two-point correlations of an original.
#[derive(Clone, Debug, PartialEq)]
pub struct SpatialTargets {
    /// The autocorrelation of each field per pixel, for displacements within `reach`.
    correlations: Vec<Vec<f64>>,
    /// `Σ_d w(d) (A(d) − mean²)²` of each field.
    scales: Vec<f64>,
    reach: (usize, usize),
    /// For each field the radial means and how far a result may be from each; empty where every displacement counts.
    rings: Vec<Vec<Ring>>,
}

/// The displacements of one length.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Ring {
    /// The mean of the autocorrelation.
    target: f64,
    /// Its sampling error.
    tolerance: f64,
    /// How many displacements there are.
    places: f64,
}

/// The length of a displacement as the number of its ring.
fn ring_of(dy: isize, dx: isize) -> usize {
    (dy as f64).hypot(dx as f64).round() as usize
}

/// The mean of an autocorrelation over each ring within reach, with the numbers of displacements.
fn ring_means(all: &[f64], size: (usize, usize), reach: (usize, usize)) -> Vec<Ring> {
    let mut rings = vec![Ring::default(); ring_of(reach.0 as isize, reach.1 as isize) + 1];
    displacements(reach, |dy, dx, _| {
        let ring = &mut rings[ring_of(dy, dx)];
        ring.target += all[wrapped((dy, dx), size)];
        ring.places += 1.0;
    });
    rings.iter_mut().filter(|r| r.places > 0.0).for_each(|r| r.target /= r.places);
    rings
}

/// The standard error of the radial means of a field, by its four quarters: half of their deviation, as the whole has four
/// times the area.
fn sampling_errors(field: &dyn Fn(usize) -> f64, (height, width): (usize, usize), rings: usize) -> Vec<f64> {
    let (h, w) = (height / 2, width / 2);
    if h < 4 || w < 4 {
        return vec![0.0; rings];
    }
    let fourier = Fourier::new(h, w);
    let within = ((h - 1) / 2, (w - 1) / 2);
    let quarters: Vec<Vec<Ring>> = [(0, 0), (0, w), (h, 0), (h, w)]
        .into_iter()
        .map(|(top, left)| {
            let values: Vec<f64> = (0..h * w).map(|n| field((top + n / w) * width + left + n % w)).collect();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let spectrum = fourier.transform(|at| values[at] - mean);
            let all: Vec<f64> = fourier.correlate(&spectrum, &spectrum).iter().map(|v| v / (h * w) as f64).collect();
            ring_means(&all, (h, w), within)
        })
        .collect();
    let known = quarters[0].len();
    let error = |r: usize| {
        let values: Vec<f64> = quarters.iter().map(|q| q[r.min(known - 1)].target).collect();
        let mean = values.iter().sum::<f64>() / 4.0;
        let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / 3.0;
        0.5 * variance.sqrt()
    };
    (0..rings).map(error).collect()
}

/// The S2 term for images of one size.
pub struct SpatialTerm {
    phases: SoftPhases,
    targets: SpatialTargets,
    fourier: Fourier,
    size: (usize, usize),
    weight: f64,
}

/// The largest displacement down and across: just below half of the smaller picture.
fn reach(original: (usize, usize), result: (usize, usize)) -> (usize, usize) {
    let half = |a: usize, b: usize| (a.min(b) - 1) / 2;
    (half(original.0, result.0), half(original.1, result.1))
}

/// Visits displacements within reach: row offset, column offset and weight. There are about 2πr displacements of length
/// r, and the weight 1/r makes all lengths count alike.
fn displacements((down, across): (usize, usize), mut visit: impl FnMut(isize, isize, f64)) {
    for dy in -(down as isize)..=down as isize {
        for dx in -(across as isize)..=across as isize {
            let r = (dy as f64).hypot(dx as f64);
            visit(dy, dx, 1.0 / r.max(1.0));
        }
    }
}

fn wrapped((dy, dx): (isize, isize), (height, width): (usize, usize)) -> usize {
    dy.rem_euclid(height as isize) as usize * width + dx.rem_euclid(width as isize) as usize
}

/// Bytes that the S2 term works with at a size: spectra and planes, and the targets.
pub fn correlation_bytes((height, width): (usize, usize)) -> u64 {
    const COMPLEX: u64 = 4;
    const REAL: u64 = 4;
    (16 * COMPLEX + 8 * REAL) * (height * width) as u64
}

impl SpatialTargets {
    /// Measures an original (RGB in 0 … 255) for results of a size.
    pub fn of(
        phases: &SoftPhases,
        image: &[f32],
        size: (usize, usize),
        result: (usize, usize),
        follows: CorrelationTarget,
    ) -> Self {
        let fourier = Fourier::new(size.0, size.1);
        let reach = reach(size, result);
        let pixels = (size.0 * size.1) as f64;
        let (mut correlations, mut scales, mut rings) = (vec![], vec![], vec![]);
        for k in 0..phases.len() {
            let spectrum = fourier.transform(|at| phases.field(k, image, at));
            let mean = spectrum[0].re / pixels;
            let all = fourier.correlate(&spectrum, &spectrum);
            let (mut kept, mut scale) = (vec![], 0.0);
            displacements(reach, |dy, dx, weight| {
                let value = all[wrapped((dy, dx), size)] / pixels;
                kept.push(value);
                scale += weight * (value - mean * mean).powi(2);
            });
            correlations.push(kept);
            if follows == CorrelationTarget::Material {
                let all: Vec<f64> = all.iter().map(|v| v / pixels).collect();
                let mut means = ring_means(&all, size, reach);
                let errors = sampling_errors(&|at| phases.field(k, image, at), size, means.len());
                means.iter_mut().zip(errors).for_each(|(ring, error)| ring.tolerance = error);
                rings.push(means);
            }
            // The term is 0 for a field that does not vary.
            scales.push(if scale < LEAST { f64::INFINITY } else { scale });
        }
        Self { correlations, scales, reach, rings }
    }
}

impl SpatialTerm {
    /// `weight · Σ_k Σ_d w(d) (A_k(d) − A_k⁰(d))² / Σ_d w(d) (A_k⁰(d) − φ_k²)² / fields`, A the periodic
    /// autocorrelation of a soft phase and w(d) = 1/|d|.
    pub fn new(phases: SoftPhases, targets: SpatialTargets, size: (usize, usize), weight: f64) -> Self {
        Self { phases, targets, fourier: Fourier::new(size.0, size.1), size, weight }
    }

    /// The term of one field by rings: like that by displacements, but of the mean of each ring, and nothing within its
    /// tolerance. The slope with respect to the sums `found` goes to `slope`.
    fn add_rings(&self, rings: &[Ring], found: &[f64], scale: f64, slope: &mut [f64]) -> f64 {
        let size = self.size;
        let pixels = (size.0 * size.1) as f64;
        let means = ring_means(found, size, self.targets.reach);
        // The weight of a ring is that of its displacements together.
        let weight = |r: usize| rings[r].places / (r as f64).max(1.0);
        let gap = |r: usize| {
            let gap = means[r].target / pixels - rings[r].target;
            gap.signum() * (gap.abs() - rings[r].tolerance).max(0.0)
        };
        displacements(self.targets.reach, |dy, dx, _| {
            let r = ring_of(dy, dx);
            slope[wrapped((dy, dx), size)] = 2.0 * scale * weight(r) * gap(r) / (rings[r].places * pixels);
        });
        (0..rings.len()).map(|r| scale * weight(r) * gap(r).powi(2)).sum()
    }

    /// The term at `image`; its gradient is added to `gradient`.
    pub fn add(&self, image: &[f32], gradient: &mut [f64]) -> f64 {
        let size = self.size;
        let pixels = (size.0 * size.1) as f64;
        let mut total = 0.0;
        for k in 0..self.phases.len() {
            let spectrum = self.fourier.transform(|at| self.phases.field(k, image, at));
            let found = self.fourier.correlate(&spectrum, &spectrum);
            let scale = self.weight / (self.targets.scales[k] * self.phases.len() as f64);
            let mut slope = vec![0.0; found.len()];
            if let Some(rings) = self.targets.rings.get(k) {
                total += self.add_rings(rings, &found, scale, &mut slope);
            }
            let mut targets = self.targets.correlations[k].iter();
            let displaced = |visit: &mut dyn FnMut(isize, isize, f64)| {
                if self.targets.rings.is_empty() {
                    displacements(self.targets.reach, visit);
                }
            };
            displaced(&mut |dy, dx, weight| {
                let at = wrapped((dy, dx), size);
                let gap = found[at] / pixels - targets.next().copied().unwrap_or(0.0);
                total += scale * weight * gap * gap;
                slope[at] = 2.0 * scale * weight * gap / pixels;
            });
            // A(d) is even, so both pixels of a pair contribute alike, hence the factor 2.
            let slopes = self.fourier.transform(|at| slope[at]);
            let product: Vec<Complex<f64>> = slopes.iter().zip(&spectrum).map(|(s, u)| s * u * 2.0).collect();
            let by_field = self.fourier.invert(product);
            for (at, g) in by_field.iter().enumerate() {
                for c in 0..3 {
                    gradient[3 * at + c] += g * self.phases.rows[k][c];
                }
            }
        }
        total
    }
}
