//! Filters of one channel. Edges continue as a mirror image.

use ndarray::Array2;
use rayon::prelude::*;

/// From this width on, a Gaussian is approximated by three running means, whose cost does not grow with the width.
const WIDE: f32 = 6.0;

/// The index inside the picture that an index beyond the edge mirrors.
fn mirrored(at: isize, size: usize) -> usize {
    let period = 2 * size as isize;
    let at = at.rem_euclid(period);
    (if at < size as isize { at } else { period - 1 - at }) as usize
}

/// A row as a slice, which a line of pixels is read from faster than from the picture.
fn line(plane: &Array2<f32>, row: usize) -> &[f32] {
    plane.row(row).to_slice().expect("standard layout")
}

/// A picture of the same shape, whose rows `row` fills.
fn by_rows(shape: (usize, usize), row: impl Fn(usize, &mut [f32]) + Sync) -> Array2<f32> {
    let mut values = vec![0.0; shape.0 * shape.1];
    values.par_chunks_mut(shape.1).enumerate().for_each(|(y, out)| row(y, out));
    Array2::from_shape_vec(shape, values).expect("a value for each pixel")
}

fn transposed(plane: &Array2<f32>) -> Array2<f32> {
    let (h, w) = plane.dim();
    by_rows((w, h), |x, out| out.iter_mut().zip(plane.column(x)).for_each(|(to, v)| *to = *v))
}

/// Gaussian of standard deviation `sigma` pixels.
pub fn gaussian(plane: &Array2<f32>, sigma: f32) -> Array2<f32> {
    if sigma <= 0.0 {
        return plane.clone();
    }
    if sigma >= WIDE {
        // A mean over b pixels has the variance (b² − 1)/12; some of the three are wider, to match `sigma`.
        let least = (((4.0 * sigma * sigma + 1.0).sqrt() - 1.0) / 2.0).floor() as usize;
        let variance = |radius: usize| ((2 * radius + 1).pow(2) - 1) as f32 / 12.0;
        let off = |wide: &usize| {
            let sum = (3 - wide) as f32 * variance(least) + *wide as f32 * variance(least + 1);
            (sum - sigma * sigma).abs()
        };
        let wide = (0..=3).min_by(|a, b| off(a).total_cmp(&off(b))).unwrap_or(0);
        let mut out = plane.clone();
        for pass in 0..3 {
            let radius = least + usize::from(pass < wide);
            out = transposed(&mean_along_rows(&transposed(&mean_along_rows(&out, radius)), radius));
        }
        return out;
    }
    let reach = (3.5 * sigma).ceil() as isize;
    let mut kernel: Vec<f32> = (-reach..=reach).map(|d| (-0.5 * (d as f32 / sigma).powi(2)).exp()).collect();
    let sum: f32 = kernel.iter().sum();
    kernel.iter_mut().for_each(|k| *k /= sum);
    let (h, w) = plane.dim();
    let down = by_rows((h, w), |y, out| {
        for (k, factor) in kernel.iter().enumerate() {
            let from = line(plane, mirrored(y as isize + k as isize - reach, h));
            out.iter_mut().zip(from).for_each(|(o, v)| *o += factor * v);
        }
    });
    by_rows((h, w), |y, out| {
        let line = line(&down, y);
        for (x, o) in out.iter_mut().enumerate() {
            let start = x as isize - reach;
            *o = if start >= 0 && start as usize + kernel.len() <= w {
                kernel.iter().zip(&line[start as usize..]).map(|(k, v)| k * v).sum()
            } else {
                kernel.iter().enumerate().map(|(k, f)| f * line[mirrored(start + k as isize, w)]).sum()
            };
        }
    })
}

/// The mean over 2 · radius + 1 pixels of a row, by a running sum.
fn mean_along_rows(plane: &Array2<f32>, radius: usize) -> Array2<f32> {
    let (w, r) = (plane.ncols(), radius as isize);
    by_rows(plane.dim(), |y, out| {
        let line = line(plane, y);
        let at = |x: isize| f64::from(line[mirrored(x, w)]);
        let mut sum: f64 = (-r..=r).map(at).sum();
        let scale = 1.0 / (2 * radius + 1) as f64;
        for (x, o) in out.iter_mut().enumerate() {
            *o = (sum * scale) as f32;
            sum += at(x as isize + r + 1) - at(x as isize - r);
        }
    })
}

/// The median of the square of edge 2 · radius + 1.
pub fn median(plane: &Array2<f32>, radius: usize) -> Array2<f32> {
    let ((h, w), r) = (plane.dim(), radius as isize);
    by_rows((h, w), |y, out| {
        let mut around = Vec::with_capacity((2 * radius + 1).pow(2));
        for (x, o) in out.iter_mut().enumerate() {
            around.clear();
            for dy in -r..=r {
                for dx in -r..=r {
                    around.push(plane[[mirrored(y as isize + dy, h), mirrored(x as isize + dx, w)]]);
                }
            }
            let middle = around.len() / 2;
            *o = *around.select_nth_unstable_by(middle, f32::total_cmp).1;
        }
    })
}

/// The bilateral filter (Tomasi & Manduchi, ICCV 1998): a Gaussian over places of width `sigma` pixels that counts
/// values less the further they are from the centre's, in units of `tolerance`.
pub fn bilateral(plane: &Array2<f32>, sigma: f32, tolerance: f32) -> Array2<f32> {
    let (h, w) = plane.dim();
    let reach = (2.0 * sigma).ceil() as isize;
    let edge = (2 * reach + 1) as usize;
    let place = |n: usize| {
        let (dy, dx) = ((n / edge) as isize - reach, (n % edge) as isize - reach);
        -((dy * dy + dx * dx) as f32) / (2.0 * sigma * sigma)
    };
    let places: Vec<f32> = (0..edge * edge).map(place).collect();
    let scale = -0.5 / (tolerance * tolerance).max(f32::MIN_POSITIVE);
    by_rows((h, w), |y, out| {
        for (x, o) in out.iter_mut().enumerate() {
            let centre = plane[[y, x]];
            let (mut sum, mut weights) = (0.0, 0.0);
            for (n, place) in places.iter().enumerate() {
                let (dy, dx) = ((n / edge) as isize - reach, (n % edge) as isize - reach);
                let value = plane[[mirrored(y as isize + dy, h), mirrored(x as isize + dx, w)]];
                let weight = (place + scale * (value - centre) * (value - centre)).exp();
                sum += weight * value;
                weights += weight;
            }
            *o = sum / weights;
        }
    })
}

/// Mean and standard deviation in squares of edge 2 · radius + 1, clipped at the edges, from tables of sums.
pub fn local_moments(plane: &Array2<f32>, radius: usize) -> (Array2<f32>, Array2<f32>) {
    let (h, w) = plane.dim();
    // The mean is subtracted before the sums, so that the squares keep their precision.
    let all = plane.iter().map(|v| f64::from(*v)).sum::<f64>() / plane.len() as f64;
    let mut tables = Array2::from_elem((h + 1, w + 1), [0.0f64; 2]);
    for y in 0..h {
        let mut line = [0.0; 2];
        for x in 0..w {
            let v = f64::from(plane[[y, x]]) - all;
            line = [line[0] + v, line[1] + v * v];
            let above = tables[[y, x + 1]];
            tables[[y + 1, x + 1]] = [above[0] + line[0], above[1] + line[1]];
        }
    }
    let moments = |n: usize| {
        let (y, x) = (n / w, n % w);
        let (top, bottom) = (y.saturating_sub(radius), (y + radius + 1).min(h));
        let (left, right) = (x.saturating_sub(radius), (x + radius + 1).min(w));
        let count = ((bottom - top) * (right - left)) as f64;
        let at = |y: usize, x: usize, k: usize| tables[[y, x]][k];
        let sum = |k| at(bottom, right, k) + at(top, left, k) - at(top, right, k) - at(bottom, left, k);
        let mean = sum(0) / count;
        ((mean + all) as f32, (sum(1) / count - mean * mean).max(0.0).sqrt() as f32)
    };
    let (mean, deviation) = (0..h * w).into_par_iter().map(moments).unzip();
    let picture = |values| Array2::from_shape_vec((h, w), values).expect("a value for each pixel");
    (picture(mean), picture(deviation))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(size: usize) -> Array2<f32> {
        let mut picture = Array2::zeros((size, size));
        picture[[size / 2, size / 2]] = 1.0;
        picture
    }

    #[test]
    fn a_gaussian_keeps_the_sum_and_has_its_width() {
        for sigma in [0.7f32, 2.0, 5.0, 7.0, 12.0] {
            let out = gaussian(&point(121), sigma);
            let sum: f32 = out.iter().sum();
            assert!((sum - 1.0).abs() < 1e-3, "{sigma}: {sum}");
            let second: f32 = out.indexed_iter().map(|((_, x), v)| v * (x as f32 - 60.0).powi(2)).sum();
            assert!((second.sqrt() / sigma - 1.0).abs() < 0.06, "{sigma}: {}", second.sqrt());
        }
        let flat = Array2::from_elem((5, 9), 3.0);
        for sigma in [1.0, 20.0] {
            assert!(gaussian(&flat, sigma).iter().all(|v| (v - 3.0).abs() < 1e-5));
        }
    }

    #[test]
    fn a_median_takes_a_spike_away_and_leaves_an_edge() {
        assert!(median(&point(9), 1).iter().all(|v| *v == 0.0));
        let edge = Array2::from_shape_fn((6, 8), |(_, x)| f32::from(u8::from(x >= 4)));
        assert_eq!(median(&edge, 2), edge);
        let kept = bilateral(&edge, 2.0, 0.1);
        assert!(kept.iter().zip(&edge).all(|(a, b)| (a - b).abs() < 1e-6), "{kept:?}");
    }

    #[test]
    fn local_moments_are_those_of_the_square() {
        let plane = Array2::from_shape_fn((4, 5), |(y, x)| ((5 * y + x) * (5 * y + x)) as f32);
        let (mean, deviation) = local_moments(&plane, 1);
        let around: Vec<f32> = [0, 1, 2, 5, 6, 7, 10, 11, 12].map(|n: i32| (n * n) as f32).into();
        let m = around.iter().sum::<f32>() / 9.0;
        let d = (around.iter().map(|v| (v - m).powi(2)).sum::<f32>() / 9.0).sqrt();
        assert!((mean[[1, 1]] - m).abs() < 1e-3 && (deviation[[1, 1]] - d).abs() < 1e-3);
        assert!(local_moments(&Array2::from_elem((2, 2), 7.0), 3).1.iter().all(|d| *d == 0.0));
    }
}
