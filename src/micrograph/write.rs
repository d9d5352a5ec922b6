//! Writing phase maps and images; every file is written whole or not at all.

use std::io::Cursor;
use std::path::Path;

use image::{ExtendedColorType, ImageFormat};

use super::{MicrographError, PhaseMap, npy, phase_color};
use crate::folders::write_atomically;

fn save(path: &Path, content: &[u8]) -> Result<(), MicrographError> {
    write_atomically(path, content).map_err(|source| MicrographError::Write { path: path.into(), source })
}

fn encode(
    path: &Path,
    pixels: &[u8],
    (height, width): (usize, usize),
    color: ExtendedColorType,
    format: ImageFormat,
) -> Result<(), MicrographError> {
    let mut out = Cursor::new(vec![]);
    image::write_buffer_with_format(&mut out, pixels, width as u32, height as u32, color, format)
        .map_err(|e| MicrographError::Write { path: path.into(), source: std::io::Error::other(e) })?;
    save(path, out.get_ref())
}

/// A phase map in its phase colours, as PNG.
///
/// # Errors
/// The file cannot be written; likewise below.
pub fn write_phase_png(path: &Path, map: &PhaseMap) -> Result<(), MicrographError> {
    let pixels: Vec<u8> = map.labels.iter().flat_map(|l| phase_color(usize::from(*l), map.phases)).collect();
    encode(path, &pixels, (map.height, map.width), ExtendedColorType::Rgb8, ImageFormat::Png)
}

/// Phase numbers as grey values, as PNG.
///
/// # Errors
/// As above.
pub fn write_labels_png(path: &Path, map: &PhaseMap) -> Result<(), MicrographError> {
    encode(path, &map.labels, (map.height, map.width), ExtendedColorType::L8, ImageFormat::Png)
}

/// Phase numbers as grey values, as TIFF.
///
/// # Errors
/// As above.
pub fn write_labels_tiff(path: &Path, map: &PhaseMap) -> Result<(), MicrographError> {
    encode(path, &map.labels, (map.height, map.width), ExtendedColorType::L8, ImageFormat::Tiff)
}

/// Phase numbers as u8, `[rows, columns]`.
///
/// # Errors
/// As above.
pub fn write_labels_npy(path: &Path, map: &PhaseMap) -> Result<(), MicrographError> {
    save(path, &npy::encode("|u1", &[map.height, map.width], &map.labels))
}

/// An image of three channels in 0 … 255, rounded to bytes, as PNG.
///
/// # Errors
/// As above.
pub fn write_image_png(path: &Path, image: &[f32], size: (usize, usize)) -> Result<(), MicrographError> {
    let pixels: Vec<u8> = image.iter().map(|v| v.round().clamp(0.0, 255.0) as u8).collect();
    encode(path, &pixels, size, ExtendedColorType::Rgb8, ImageFormat::Png)
}

/// An image of three channels as f32, `[rows, columns, 3]`.
///
/// # Errors
/// As above.
pub fn write_image_npy(path: &Path, image: &[f32], (height, width): (usize, usize)) -> Result<(), MicrographError> {
    let bytes: Vec<u8> = image.iter().flat_map(|v| v.to_le_bytes()).collect();
    save(path, &npy::encode("<f4", &[height, width, 3], &bytes))
}
