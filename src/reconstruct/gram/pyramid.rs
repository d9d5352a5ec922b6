//! Images at several sizes: large structures form at a coarse size, small ones at a fine size.

/// The smallest edge of a level: smaller images show too little.
const LEAST_EDGE: usize = 32;

/// The sizes of original and result from coarse to fine, the last their own, each half of the next. Levels with an edge
/// below [`LEAST_EDGE`], or below `smallest`, which the network needs, are left out.
pub fn sizes(
    levels: usize,
    original: (usize, usize),
    result: (usize, usize),
    smallest: usize,
) -> Vec<((usize, usize), (usize, usize))> {
    let least = LEAST_EDGE.max(smallest);
    let at = |level: usize| {
        let half = |(h, w): (usize, usize)| (h >> level, w >> level);
        (half(original), half(result))
    };
    let fits = |((a, b), (c, d)): &((usize, usize), (usize, usize))| [a, b, c, d].iter().all(|edge| **edge >= least);
    let mut sizes = vec![at(0)];
    sizes.extend((1..levels.clamp(1, 16)).map(at).take_while(fits));
    sizes.reverse();
    sizes
}

/// An image (three channels) at a smaller size: each pixel is the mean of the pixels that it covers. Rows and columns
/// that do not fill a pixel are left out.
pub fn shrink(image: &[f32], (height, width): (usize, usize), to: (usize, usize)) -> Vec<f32> {
    let (down, across) = (height / to.0, width / to.1);
    let mut out = Vec::with_capacity(3 * to.0 * to.1);
    for y in 0..to.0 {
        for x in 0..to.1 {
            let mut sum = [0.0f32; 3];
            for row in y * down..(y + 1) * down {
                for column in x * across..(x + 1) * across {
                    (0..3).for_each(|c| sum[c] += image[3 * (row * width + column) + c]);
                }
            }
            out.extend(sum.map(|s| s / (down * across) as f32));
        }
    }
    out
}

/// An image (three channels) at a larger size, bilinear between pixel centres.
pub fn enlarge(image: &[f32], (height, width): (usize, usize), to: (usize, usize)) -> Vec<f32> {
    let place = |k: usize, from: usize, to: usize| {
        let at = ((k as f32 + 0.5) * from as f32 / to as f32 - 0.5).clamp(0.0, (from - 1) as f32);
        let low = at as usize;
        (low, (low + 1).min(from - 1), at - low as f32)
    };
    let mut out = Vec::with_capacity(3 * to.0 * to.1);
    for y in 0..to.0 {
        let (top, bottom, v) = place(y, height, to.0);
        for x in 0..to.1 {
            let (left, right, u) = place(x, width, to.1);
            for c in 0..3 {
                let at = |y: usize, x: usize| image[3 * (y * width + x) + c];
                let upper = at(top, left) * (1.0 - u) + at(top, right) * u;
                let lower = at(bottom, left) * (1.0 - u) + at(bottom, right) * u;
                out.push(upper * (1.0 - v) + lower * v);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_halve_while_there_is_something_to_see() {
        assert_eq!(
            sizes(3, (256, 256), (256, 300), 8),
            [((64, 64), (64, 75)), ((128, 128), (128, 150)), ((256, 256), (256, 300))]
        );
        assert_eq!(sizes(5, (100, 100), (100, 100), 8), [((50, 50), (50, 50)), ((100, 100), (100, 100))]);
        assert_eq!(sizes(1, (100, 100), (64, 64), 8).len(), 1);
    }

    #[test]
    fn means_survive_a_change_of_size() {
        let image: Vec<f32> = (0..3 * 8 * 12).map(|n| (n % 37) as f32).collect();
        let small = shrink(&image, (8, 12), (4, 6));
        let mean = |v: &[f32]| v.iter().sum::<f32>() / v.len() as f32;
        assert!((mean(&small) - mean(&image)).abs() < 1e-4);
        let flat = enlarge(&[7.0; 3 * 5 * 5], (5, 5), (11, 13));
        assert_eq!(flat, vec![7.0; 3 * 11 * 13]);
        // A ramp stays a ramp where it is not at an edge.
        let ramp: Vec<f32> = (0..4 * 4).flat_map(|n| [(n % 4) as f32; 3]).collect();
        let large = enlarge(&ramp, (4, 4), (4, 8));
        assert_eq!((large[3 * 3], large[3 * 4]), (1.25, 1.75));
    }
}
