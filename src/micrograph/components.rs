//! Connected components of equal values.

use ndarray::{Array2, ArrayView2};

/// Finds the root, with path halving.
fn root(parents: &mut [u32], mut at: u32) -> u32 {
    while parents[at as usize] != at {
        parents[at as usize] = parents[parents[at as usize] as usize];
        at = parents[at as usize];
    }
    at
}

/// Which pixels touch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touching {
    /// Whether pixels that share only a corner touch too, not only those that share an edge.
    pub corners: bool,
    /// Whether opposite edges of the picture touch.
    pub periodic: bool,
}

/// The component of each pixel, from 0 in reading order, and the number of pixels of each. Touching pixels of equal
/// value belong together. Computed by union-find.
pub fn regions<T: Clone + PartialEq>(values: &ArrayView2<T>, touching: Touching) -> (Array2<u32>, Vec<usize>) {
    let (height, width) = values.dim();
    let standard = values.as_standard_layout();
    let values = standard.as_slice().expect("standard layout");
    let mut parents: Vec<u32> = (0..values.len() as u32).collect();
    let mut join = |a: usize, b: usize| {
        if values[a] == values[b] {
            let (a, b) = (root(&mut parents, a as u32), root(&mut parents, b as u32));
            // The smaller number stays the root, so that components come in reading order.
            parents[a.max(b) as usize] = a.min(b);
        }
    };
    // The pixels before each one: left, and above (with corners also both beside it).
    let above: &[isize] = if touching.corners { &[-1, 0, 1] } else { &[0] };
    for y in 0..height {
        for x in 0..width {
            if x > 0 || touching.periodic {
                join(y * width + x, y * width + if x > 0 { x - 1 } else { width - 1 });
            }
            if y > 0 || touching.periodic {
                let row = if y > 0 { y - 1 } else { height - 1 };
                for step in above {
                    let column = x as isize + step;
                    if touching.periodic || (0..width as isize).contains(&column) {
                        join(y * width + x, row * width + column.rem_euclid(width as isize) as usize);
                    }
                }
            }
        }
    }
    let mut numbers = vec![0u32; values.len()];
    let mut sizes = vec![];
    for at in 0..values.len() {
        let first = root(&mut parents, at as u32) as usize;
        if first == at {
            numbers[at] = sizes.len() as u32;
            sizes.push(0);
        }
        numbers[at] = numbers[first];
        sizes[numbers[at] as usize] += 1;
    }
    (Array2::from_shape_vec((height, width), numbers).expect("a number for each pixel"), sizes)
}
