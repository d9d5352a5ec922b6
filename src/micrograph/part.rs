//! Which part of a file is read.

/// A rectangle of a picture, in pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rectangle {
    /// First row.
    pub top: usize,
    /// First column.
    pub left: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

/// Which part of a file is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// The page, slice or image, counted from 0.
    pub page: usize,
    /// The rectangle; the whole picture without one.
    pub crop: Option<Rectangle>,
}

impl Part {
    /// The rectangle in the rows and columns of the file, where an orientation tag (1 to 8) turns a picture of that size;
    /// one that lies outside stays outside.
    pub fn stored_crop(&self, orientation: u8, (height, width): (u64, u64)) -> Option<Rectangle> {
        let seen = self.crop?;
        let (rows, columns) = if orientation >= 5 { (width, height) } else { (height, width) };
        let from_end = |from: usize, size: usize, all: u64| (all as usize).checked_sub(from)?.checked_sub(size);
        let top =
            if matches!(orientation, 3 | 4 | 7 | 8) { from_end(seen.top, seen.height, rows) } else { Some(seen.top) };
        let left = if matches!(orientation, 2 | 3 | 6 | 7) {
            from_end(seen.left, seen.width, columns)
        } else {
            Some(seen.left)
        };
        let part = Rectangle { top: top.unwrap_or(usize::MAX), left: left.unwrap_or(usize::MAX), ..seen };
        let Rectangle { top, left, height, width } = part;
        let turned = Rectangle { top: left, left: top, height: width, width: height };
        Some(if orientation >= 5 { turned } else { part })
    }
}
