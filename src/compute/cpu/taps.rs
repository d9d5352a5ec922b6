//! Which pixel a tap of a convolution reads.

use crate::compute::graph::{ConvSettings, Shape};

/// The row or column `at` of an input of `size`. Outside, a periodic input continues at its opposite edge, and any
/// other is zero (`None`).
#[inline(always)]
pub fn within(at: isize, size: usize, periodic: bool) -> Option<usize> {
    let inside = usize::try_from(at).ok().filter(|at| *at < size);
    // Adding or subtracting the size once is nearly always enough, and avoids a division for each tap.
    let turned = |at: isize| if at < 0 { at + size as isize } else { at - size as isize };
    match inside {
        None if periodic => {
            let once = usize::try_from(turned(at)).ok().filter(|at| *at < size);
            once.or_else(|| Some(at.rem_euclid(size as isize) as usize))
        }
        found => found,
    }
}

/// The position in an image of the input that the tap offset `(y, x)` reads. Offsets count from the corner of the
/// border; `None` is a zero.
#[inline(always)]
pub fn source_index(shape: Shape, settings: ConvSettings, y: usize, x: usize) -> Option<usize> {
    let [top, left] = settings.before;
    let row = within(y as isize - top, shape.height, settings.periodic)?;
    Some(row * shape.width + within(x as isize - left, shape.width, settings.periodic)?)
}
