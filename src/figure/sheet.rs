//! A sheet of pictures with their names, as PNG.

use std::io::Cursor;
use std::sync::Arc;

use plotters::prelude::*;

use super::style::{FONT, has_font};
use crate::micrograph::PhaseMap;

/// Pixels between pictures, and the height of a line.
const GAP: usize = 12;
const LINE: usize = 26;
/// The edge that small pictures are enlarged to, by whole pixels.
const EDGE: usize = 256;
/// The most pixels of a sheet.
const MOST: usize = 1 << 27;

/// A picture of a sheet.
#[derive(Clone, Debug)]
pub struct SheetPicture {
    /// Its name.
    pub name: String,
    /// Its phases.
    pub map: Arc<PhaseMap>,
}

/// Rows of pictures as one PNG, each with its name above it; all at one scale. Small pictures are enlarged, and of large
/// ones every second, third … pixel is shown.
///
/// # Errors
/// There are no pictures, or too many, or the font is missing.
pub fn sheet_png(rows: &[Vec<SheetPicture>], colors: &[[u8; 3]]) -> Result<Vec<u8>, String> {
    let all = || rows.iter().flatten();
    let height = all().map(|p| p.map.size().0).max().unwrap_or(0);
    let width = all().map(|p| p.map.size().1).max().unwrap_or(0);
    if height == 0 || width == 0 || !has_font() {
        return Err("there are no pictures to put on a sheet".into());
    }
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let scale = (EDGE / height.max(width)).max(1);
    let cell_of = |every: usize| (width.div_ceil(every) * scale + GAP, height.div_ceil(every) * scale + GAP + LINE);
    let size_of = |every: usize| {
        let (cell, line) = cell_of(every);
        (columns * cell + GAP, rows.len() * line + GAP)
    };
    let every = (1..=height.max(width)).find(|every| size_of(*every).0 * size_of(*every).1 <= MOST);
    let every = every.ok_or("there are too many pictures for a sheet")?;
    let ((cell, line), (across, down)) = (cell_of(every), size_of(every));
    let mut pixels = vec![255u8; across * down * 3];
    let size = (across as u32, down as u32);
    {
        let area = BitMapBackend::with_buffer(&mut pixels, size).into_drawing_area();
        let failed = |e: &dyn std::fmt::Display| e.to_string();
        area.fill(&WHITE).map_err(|e| failed(&e))?;
        for (n, row) in rows.iter().enumerate() {
            for (m, picture) in row.iter().enumerate() {
                let at = ((GAP + m * cell) as i32, (GAP + n * line) as i32);
                // About eight pixels a letter.
                let name: String = picture.name.chars().take((cell - GAP) / 8).collect();
                area.draw(&Text::new(name, at, (FONT, 17))).map_err(|e| failed(&e))?;
            }
        }
    }
    for (n, row) in rows.iter().enumerate() {
        for (m, picture) in row.iter().enumerate() {
            let (height, width) = picture.map.size();
            for y in 0..height.div_ceil(every) * scale {
                for x in 0..width.div_ceil(every) * scale {
                    let label = picture.map.labels[[y / scale * every, x / scale * every]];
                    let color = colors.get(usize::from(label)).copied().unwrap_or_default();
                    let at = (GAP + n * line + LINE + y) * across + GAP + m * cell + x;
                    pixels[3 * at..3 * at + 3].copy_from_slice(&color);
                }
            }
        }
    }
    let mut out = Cursor::new(vec![]);
    let (color, format) = (image::ExtendedColorType::Rgb8, image::ImageFormat::Png);
    image::write_buffer_with_format(&mut out, &pixels, size.0, size.1, color, format).map_err(|e| e.to_string())?;
    Ok(out.into_inner())
}
