//! Finite elements of the pixels of a periodic map, dense: a second discretisation.

use microwright::property::Moduli;
use ndarray::Array2;

/// Finite elements of the pixels, dense, on a periodic map: bilinear, with `points` × `points` points of integration.
pub fn finite_elements(map: &Array2<u8>, values: &[f64], points: &[f64]) -> f64 {
    let (h, w) = map.dim();
    let n = h * w;
    let mut matrix = faer::Mat::<f64>::zeros(n, n);
    let mut right = faer::Mat::<f64>::zeros(n, 1);
    let mut direct = 0.0;
    let weight = 1.0 / (points.len() * points.len()) as f64;
    for y in 0..h {
        for x in 0..w {
            let nodes = [(y, x), (y, x + 1), (y + 1, x), (y + 1, x + 1)].map(|(a, b)| a % h * w + b % w);
            let k = values[usize::from(map[(y, x)])];
            for s in points {
                for t in points {
                    let gx = [-(1.0 - t), 1.0 - t, -t, *t];
                    let gy = [-(1.0 - s), -s, 1.0 - s, *s];
                    for a in 0..4 {
                        for b in 0..4 {
                            matrix[(nodes[a], nodes[b])] += weight * k * (gx[a] * gx[b] + gy[a] * gy[b]);
                        }
                        right[(nodes[a], 0)] -= weight * k * gx[a];
                    }
                    direct += weight * k;
                }
            }
        }
    }
    // The constant, and with one point the chequered field, have no gradient.
    (0..n).for_each(|i| matrix[(i, i)] += 1e-9);
    let u = faer::linalg::solvers::Solve::solve(&matrix.llt(faer::Side::Lower).expect("positive"), &right);
    let gained: f64 = (0..n).map(|i| u[(i, 0)] * right[(i, 0)]).sum();
    (direct - gained) / n as f64
}

/// The stiffness of the same by elastic elements, dense: 3 × 3 (xx, yy, xy), planar moduli for each label.
pub fn elastic_elements(map: &Array2<u8>, values: &[Moduli], points: &[f64]) -> [[f64; 3]; 3] {
    let (h, w) = map.dim();
    let n = 2 * h * w;
    let mut matrix = faer::Mat::<f64>::zeros(n, n);
    let mut right = faer::Mat::<f64>::zeros(n, 3);
    let mut direct = [[0.0; 3]; 3];
    let weight = 1.0 / (points.len() * points.len()) as f64;
    for y in 0..h {
        for x in 0..w {
            let nodes = [(y, x), (y, x + 1), (y + 1, x), (y + 1, x + 1)].map(|(a, b)| a % h * w + b % w);
            let Moduli { bulk, shear } = values[usize::from(map[(y, x)])];
            let c = [[bulk + shear, bulk - shear, 0.0], [bulk - shear, bulk + shear, 0.0], [0.0, 0.0, shear]];
            for s in points {
                for t in points {
                    let gx = [-(1.0 - t), 1.0 - t, -t, *t];
                    let gy = [-(1.0 - s), -s, 1.0 - s, *s];
                    // The strain of each of the eight displacements: x first, then y.
                    let strain = |u: usize| if u < 4 { [gx[u], 0.0, gy[u]] } else { [0.0, gy[u - 4], gx[u - 4]] };
                    let unknown = |u: usize| 2 * nodes[u % 4] + u / 4;
                    let stress = |e: [f64; 3]| c.map(|row| row.iter().zip(e).map(|(c, e)| c * e).sum::<f64>());
                    for a in 0..8 {
                        let of_a = stress(strain(a));
                        for b in 0..8 {
                            let energy: f64 = of_a.iter().zip(strain(b)).map(|(s, e)| s * e).sum();
                            matrix[(unknown(a), unknown(b))] += weight * energy;
                        }
                        (0..3).for_each(|load| right[(unknown(a), load)] -= weight * of_a[load]);
                    }
                    (0..9).for_each(|i| direct[i / 3][i % 3] += weight * c[i / 3][i % 3]);
                }
            }
        }
    }
    (0..n).for_each(|i| matrix[(i, i)] += 1e-9);
    let u = faer::linalg::solvers::Solve::solve(&matrix.llt(faer::Side::Lower).expect("positive"), &right);
    let gained = |a: usize, b: usize| (0..n).map(|i| u[(i, a)] * right[(i, b)]).sum::<f64>();
    std::array::from_fn(|a| std::array::from_fn(|b| (direct[a][b] - gained(a, b)) / (h * w) as f64))
}
