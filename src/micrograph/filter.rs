//! Filters of one channel. Edges continue as a mirror image.

use rayon::prelude::*;

/// From this width on, a Gaussian is approximated by three running means, whose cost does not grow with the width.
const WIDE: f32 = 6.0;

/// One channel of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    pub height: usize,
    pub width: usize,
    pub values: Vec<f32>,
}

/// The index inside the picture that an index beyond the edge mirrors.
fn mirrored(at: isize, size: usize) -> usize {
    let period = 2 * size as isize;
    let at = at.rem_euclid(period);
    (if at < size as isize { at } else { period - 1 - at }) as usize
}

impl Plane {
    pub fn new(height: usize, width: usize, values: Vec<f32>) -> Self {
        Self { height, width, values }
    }

    fn at(&self, y: isize, x: isize) -> f32 {
        self.values[mirrored(y, self.height) * self.width + mirrored(x, self.width)]
    }

    fn map_lines(&self, line: impl Fn(usize, &mut [f32]) + Sync) -> Self {
        let mut values = vec![0.0; self.values.len()];
        values.par_chunks_mut(self.width).enumerate().for_each(|(y, out)| line(y, out));
        Self { values, ..*self }
    }

    fn transposed(&self) -> Self {
        let (h, w) = (self.height, self.width);
        let mut values = vec![0.0; h * w];
        values.par_chunks_mut(h).enumerate().for_each(|(x, out)| {
            out.iter_mut().enumerate().for_each(|(y, v)| *v = self.values[y * w + x]);
        });
        Self { height: w, width: h, values }
    }

    /// Gaussian of standard deviation `sigma` pixels.
    pub fn gaussian(&self, sigma: f32) -> Self {
        if sigma <= 0.0 {
            return self.clone();
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
            let mut out = self.clone();
            for pass in 0..3 {
                let radius = least + usize::from(pass < wide);
                out = out.mean_along_rows(radius).transposed().mean_along_rows(radius).transposed();
            }
            return out;
        }
        let reach = (3.5 * sigma).ceil() as isize;
        let mut kernel: Vec<f32> = (-reach..=reach).map(|d| (-0.5 * (d as f32 / sigma).powi(2)).exp()).collect();
        let sum: f32 = kernel.iter().sum();
        kernel.iter_mut().for_each(|k| *k /= sum);
        let down = self.map_lines(|y, out| {
            for (k, factor) in kernel.iter().enumerate() {
                let row = mirrored(y as isize + k as isize - reach, self.height) * self.width;
                out.iter_mut().zip(&self.values[row..row + self.width]).for_each(|(o, v)| *o += factor * v);
            }
        });
        let w = self.width;
        down.map_lines(|y, out| {
            let line = &down.values[y * w..][..w];
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
    fn mean_along_rows(&self, radius: usize) -> Self {
        let (w, r) = (self.width, radius as isize);
        self.map_lines(|y, out| {
            let line = &self.values[y * w..][..w];
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
    pub fn median(&self, radius: usize) -> Self {
        let r = radius as isize;
        self.map_lines(|y, out| {
            let mut around = Vec::with_capacity((2 * radius + 1).pow(2));
            for (x, o) in out.iter_mut().enumerate() {
                around.clear();
                for dy in -r..=r {
                    for dx in -r..=r {
                        around.push(self.at(y as isize + dy, x as isize + dx));
                    }
                }
                let middle = around.len() / 2;
                *o = *around.select_nth_unstable_by(middle, f32::total_cmp).1;
            }
        })
    }

    /// The bilateral filter (Tomasi & Manduchi, ICCV 1998): a Gaussian over places of width `sigma` pixels that counts
    /// values less the further they are from the centre's, in units of `tolerance`.
    pub fn bilateral(&self, sigma: f32, tolerance: f32) -> Self {
        let reach = (2.0 * sigma).ceil() as isize;
        let edge = (2 * reach + 1) as usize;
        let place = |n: usize| {
            let (dy, dx) = ((n / edge) as isize - reach, (n % edge) as isize - reach);
            -((dy * dy + dx * dx) as f32) / (2.0 * sigma * sigma)
        };
        let places: Vec<f32> = (0..edge * edge).map(place).collect();
        let scale = -0.5 / (tolerance * tolerance).max(f32::MIN_POSITIVE);
        self.map_lines(|y, out| {
            for (x, o) in out.iter_mut().enumerate() {
                let centre = self.values[y * self.width + x];
                let (mut sum, mut weights) = (0.0, 0.0);
                for (n, place) in places.iter().enumerate() {
                    let (dy, dx) = ((n / edge) as isize - reach, (n % edge) as isize - reach);
                    let value = self.at(y as isize + dy, x as isize + dx);
                    let weight = (place + scale * (value - centre) * (value - centre)).exp();
                    sum += weight * value;
                    weights += weight;
                }
                *o = sum / weights;
            }
        })
    }

    /// Mean and standard deviation in squares of edge 2 · radius + 1, clipped at the edges, from tables of sums.
    pub fn local_moments(&self, radius: usize) -> (Vec<f32>, Vec<f32>) {
        let (h, w) = (self.height, self.width);
        // The mean is subtracted before the sums, so that the squares keep their precision.
        let all = self.values.iter().map(|v| f64::from(*v)).sum::<f64>() / self.values.len() as f64;
        let mut tables = vec![[0.0f64; 2]; (h + 1) * (w + 1)];
        for y in 0..h {
            let mut line = [0.0; 2];
            for x in 0..w {
                let v = f64::from(self.values[y * w + x]) - all;
                line = [line[0] + v, line[1] + v * v];
                let above = tables[y * (w + 1) + x + 1];
                tables[(y + 1) * (w + 1) + x + 1] = [above[0] + line[0], above[1] + line[1]];
            }
        }
        let moments = |n: usize| {
            let (y, x) = (n / w, n % w);
            let (top, bottom) = (y.saturating_sub(radius), (y + radius + 1).min(h));
            let (left, right) = (x.saturating_sub(radius), (x + radius + 1).min(w));
            let count = ((bottom - top) * (right - left)) as f64;
            let at = |y: usize, x: usize| tables[y * (w + 1) + x];
            let sum = |k: usize| at(bottom, right)[k] + at(top, left)[k] - at(top, right)[k] - at(bottom, left)[k];
            let mean = sum(0) / count;
            ((mean + all) as f32, (sum(1) / count - mean * mean).max(0.0).sqrt() as f32)
        };
        (0..h * w).into_par_iter().map(moments).unzip()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(size: usize) -> Plane {
        let mut values = vec![0.0; size * size];
        values[size / 2 * size + size / 2] = 1.0;
        Plane::new(size, size, values)
    }

    #[test]
    fn a_gaussian_keeps_the_sum_and_has_its_width() {
        for sigma in [0.7f32, 2.0, 5.0, 7.0, 12.0] {
            let out = point(121).gaussian(sigma);
            let sum: f32 = out.values.iter().sum();
            assert!((sum - 1.0).abs() < 1e-3, "{sigma}: {sum}");
            let second: f32 = (0..121 * 121).map(|n| out.values[n] * ((n % 121) as f32 - 60.0).powi(2)).sum();
            assert!((second.sqrt() / sigma - 1.0).abs() < 0.06, "{sigma}: {}", second.sqrt());
        }
        let flat = Plane::new(5, 9, vec![3.0; 45]);
        for sigma in [1.0, 20.0] {
            assert!(flat.gaussian(sigma).values.iter().all(|v| (v - 3.0).abs() < 1e-5));
        }
    }

    #[test]
    fn a_median_takes_a_spike_away_and_leaves_an_edge() {
        assert!(point(9).median(1).values.iter().all(|v| *v == 0.0));
        let edge = Plane::new(6, 8, (0..48).map(|n| f32::from(u8::from(n % 8 >= 4))).collect());
        assert_eq!(edge.median(2), edge);
        let kept = edge.bilateral(2.0, 0.1);
        assert!(kept.values.iter().zip(&edge.values).all(|(a, b)| (a - b).abs() < 1e-6), "{kept:?}");
    }

    #[test]
    fn local_moments_are_those_of_the_square() {
        let plane = Plane::new(4, 5, (0..20).map(|n| (n * n) as f32).collect());
        let (mean, deviation) = plane.local_moments(1);
        let around: Vec<f32> = [0, 1, 2, 5, 6, 7, 10, 11, 12].map(|n: i32| (n * n) as f32).into();
        let m = around.iter().sum::<f32>() / 9.0;
        let d = (around.iter().map(|v| (v - m).powi(2)).sum::<f32>() / 9.0).sqrt();
        assert!((mean[6] - m).abs() < 1e-3 && (deviation[6] - d).abs() < 1e-3);
        assert!(Plane::new(2, 2, vec![7.0; 4]).local_moments(3).1.iter().all(|d| *d == 0.0));
    }
}
