//! What is no material: transparent pixels, values that are no numbers, the surround of a specimen. Micrographs are
//! rectangles of material, so they are cut to the largest one that holds nothing else.

use ndarray::{Array2, Array3, ArrayView2, s};

use super::components::{Touching, regions};
use super::part::Rectangle;

/// The largest rectangle without marked pixels; `None` where all are marked.
///
/// For each row, the columns of unmarked pixels that end in it form a histogram, in which a stack finds the largest
/// rectangle; linear time.
pub fn largest_rectangle(marked: &ArrayView2<bool>) -> Option<Rectangle> {
    let (h, w) = marked.dim();
    let mut heights = vec![0usize; w + 1];
    let mut best: Option<Rectangle> = None;
    for y in 0..h {
        for x in 0..w {
            heights[x] = if marked[[y, x]] { 0 } else { heights[x] + 1 };
        }
        // Columns with rising heights that no rectangle has closed yet; the last height is 0 and closes all.
        let mut open: Vec<usize> = vec![];
        for x in 0..=w {
            while let Some(top) = open.last().copied().filter(|top| heights[*top] >= heights[x]) {
                open.pop();
                let left = open.last().map_or(0, |below| below + 1);
                let (height, width) = (heights[top], x - left);
                let area = best.map_or(0, |b| b.height * b.width);
                if height * width > area {
                    best = Some(Rectangle { top: y + 1 - height, left, height, width });
                }
            }
            open.push(x);
        }
    }
    best
}

/// The surround of a specimen: what is connected to a corner of the picture and has the corner's value; `None` where no
/// corner has a surround.
pub fn surround(grey: &Array2<f32>) -> Option<Array2<bool>> {
    /// The least share of a picture that a surround has.
    const LEAST: f64 = 0.02;
    let (h, w) = grey.dim();
    let (numbers, sizes) = regions(&grey.view(), Touching::default());
    let corners = [[0, 0], [0, w - 1], [h - 1, 0], [h - 1, w - 1]];
    let surrounds: Vec<u32> = corners.into_iter().map(|at| numbers[at]).collect();
    let large = |number: &u32| sizes[*number as usize] as f64 >= LEAST * 0.25 * (h * w) as f64;
    let surrounds: Vec<u32> = surrounds.into_iter().filter(large).collect();
    let marked = numbers.mapv(|number| surrounds.contains(&number));
    let share = marked.iter().filter(|m| **m).count() as f64 / (h * w) as f64;
    (LEAST..1.0).contains(&share).then_some(marked)
}

/// The pixels whose values lie within a range, its ends included.
pub fn with_values(grey: &Array2<f32>, low: f32, high: f32) -> Array2<bool> {
    grey.mapv(|v| (low..=high).contains(&v))
}

/// The region of a pixel: what is connected to it and differs from its value by at most `tolerance`.
pub fn region_at(grey: &Array2<f32>, row: usize, column: usize, tolerance: f32) -> Array2<bool> {
    let value = grey[[row, column]];
    let alike = grey.mapv(|v| (v - value).abs() <= tolerance);
    let (numbers, _) = regions(&alike.view(), Touching::default());
    numbers.mapv(|number| number == numbers[[row, column]])
}

/// The pixels whose centres lie within a polygon, by the rule of even and odd crossings.
pub fn within_outline((height, width): (usize, usize), points: &[[f32; 2]]) -> Array2<bool> {
    let mut marked = Array2::from_elem((height, width), false);
    for (y, mut row) in marked.rows_mut().into_iter().enumerate() {
        let y = y as f32;
        let edges = points.iter().zip(points.iter().cycle().skip(1));
        // Where the line of pixel centres crosses the outline.
        let crossed = edges.filter(|(a, b)| (a[0] <= y) != (b[0] <= y));
        let mut crossings: Vec<f32> = crossed.map(|(a, b)| a[1] + (y - a[0]) / (b[0] - a[0]) * (b[1] - a[1])).collect();
        crossings.sort_by(f32::total_cmp);
        for pair in crossings.chunks_exact(2) {
            let (from, to) = (pair[0].ceil().max(0.0) as usize, (pair[1].floor() + 1.0).max(0.0) as usize);
            (from..to.min(width)).for_each(|x| row[x] = true);
        }
    }
    marked
}

/// Fills regions of at most so many marked pixels with the mean of what is beside them, from their edges inwards; returns
/// how many pixels were filled. Larger regions stay marked.
pub fn fill_small(values: &mut Array3<f32>, marked: &mut Array2<bool>, most: usize) -> usize {
    let (h, w) = marked.dim();
    let (numbers, sizes) = regions(&marked.view(), Touching::default());
    let mut left: Vec<(usize, usize)> =
        marked.indexed_iter().filter(|(at, m)| **m && sizes[numbers[*at] as usize] <= most).map(|(at, _)| at).collect();
    let all = left.len();
    while !left.is_empty() {
        let mut filled = vec![];
        for (y, x) in &left {
            let (top, first) = (y.saturating_sub(1), x.saturating_sub(1));
            let around = (top..(y + 2).min(h)).flat_map(|v| (first..(x + 2).min(w)).map(move |u| (v, u)));
            let known: Vec<(usize, usize)> = around.filter(|at| !marked[*at]).collect();
            if !known.is_empty() {
                let mean = |c: usize| known.iter().map(|(v, u)| values[[*v, *u, c]]).sum::<f32>() / known.len() as f32;
                filled.push(((*y, *x), (0..values.dim().2).map(mean).collect::<Vec<f32>>()));
            }
        }
        if filled.is_empty() {
            return all - left.len();
        }
        for ((y, x), pixel) in filled {
            values.slice_mut(s![y, x, ..]).iter_mut().zip(pixel).for_each(|(to, v)| *to = v);
            marked[[y, x]] = false;
        }
        left.retain(|at| marked[*at]);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_rectangle_is_found() {
        let rows = ["..#....", "...#...", ".......", "#......", "......#"];
        let marked = Array2::from_shape_fn((5, 7), |(y, x)| rows[y].as_bytes()[x] == b'#');
        let best = largest_rectangle(&marked.view()).expect("a rectangle");
        // By trying all.
        let mut most = 0;
        for top in 0..5 {
            for left in 0..7 {
                for height in 1..=5 - top {
                    for width in 1..=7 - left {
                        let free = marked.slice(s![top..top + height, left..left + width]).iter().all(|m| !m);
                        most = most.max(if free { height * width } else { 0 });
                    }
                }
            }
        }
        assert_eq!(best.height * best.width, most);
        assert!(
            marked.slice(s![best.top..best.top + best.height, best.left..best.left + best.width]).iter().all(|m| !m)
        );
        assert!(largest_rectangle(&Array2::from_elem((3, 3), true).view()).is_none());
    }

    #[test]
    fn specks_are_filled_and_large_gaps_stay() {
        let mut values = Array3::from_shape_fn((12, 12, 1), |(y, x, _)| (y + x) as f32);
        let mut marked = Array2::from_elem((12, 12), false);
        marked[[2, 2]] = true;
        values[[2, 2, 0]] = f32::NAN;
        marked.slice_mut(s![6..12, 6..12]).fill(true);
        assert_eq!(fill_small(&mut values, &mut marked, 9), 1);
        assert!((values[[2, 2, 0]] - 4.0).abs() < 1e-6 && marked[[7, 7]]);
    }
}
