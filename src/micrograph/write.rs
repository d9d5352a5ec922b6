//! Writing phase maps and images. Every file is written whole or not at all, with the pixel size if the format has it.

use std::path::Path;

use image::ImageEncoder;
use image::codecs::png::PngEncoder;
use tiff::encoder::{Rational, TiffEncoder, colortype};
use tiff::tags::{ResolutionUnit, Tag};

use super::calibration::PIXEL_SIZE;
use super::{MicrographError, PhaseMap, PixelSize, npy};
use crate::folders::write_atomically;

fn save(path: &Path, content: &[u8]) -> Result<(), MicrographError> {
    write_atomically(path, content).map_err(|source| MicrographError::Write { path: path.into(), source })
}

fn failed(path: &Path) -> impl Fn(&dyn std::error::Error) -> MicrographError {
    move |e| MicrographError::Write { path: path.into(), source: std::io::Error::other(e.to_string()) }
}

/// Encodes as PNG; a known pixel size becomes the `pHYs` chunk and a text.
fn png(
    pixels: &[u8],
    (height, width): (usize, usize),
    color: image::ExtendedColorType,
    pixel: Option<&PixelSize>,
) -> Result<Vec<u8>, image::ImageError> {
    let mut out = vec![];
    PngEncoder::new(&mut out).write_image(pixels, width as u32, height as u32, color)?;
    if let Some(pixel) = pixel {
        insert_chunk(&mut out, *b"tEXt", format!("{PIXEL_SIZE}\0{:e}", pixel.metres).as_bytes());
        // The chunk counts whole pixels per metre, and the number can be too large for it.
        if 1.0 / pixel.metres < f64::from(i32::MAX) {
            let per_metre = (1.0 / pixel.metres).round().clamp(1.0, f64::from(i32::MAX)) as u32;
            let twice = [per_metre.to_be_bytes(), per_metre.to_be_bytes()].concat();
            insert_chunk(&mut out, *b"pHYs", &[twice, vec![1]].concat());
        }
    }
    Ok(out)
}

/// A phase map in the colours of its phases, as the bytes of a PNG file.
///
/// # Errors
/// It is too large for the format; likewise below.
pub fn phase_png(map: &PhaseMap, colors: &[[u8; 3]], pixel: Option<&PixelSize>) -> Result<Vec<u8>, image::ImageError> {
    let pixels: Vec<u8> = map.labels.iter().flat_map(|l| colors[usize::from(*l)]).collect();
    png(&pixels, map.size(), image::ExtendedColorType::Rgb8, pixel)
}

/// An image of three channels in 0 … 255, rounded to bytes, as the bytes of a PNG file.
///
/// # Errors
/// As above.
pub fn image_png(image: &[f32], size: (usize, usize), pixel: Option<&PixelSize>) -> Result<Vec<u8>, image::ImageError> {
    let pixels: Vec<u8> = image.iter().map(|v| v.round().clamp(0.0, 255.0) as u8).collect();
    png(&pixels, size, image::ExtendedColorType::Rgb8, pixel)
}

/// Inserts a chunk after the header of a PNG file.
fn insert_chunk(file: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    /// The signature and the header chunk, which always has 13 bytes.
    const HEADER: usize = 8 + 12 + 13;
    let content = [&kind, data].concat();
    let mut chunk = (data.len() as u32).to_be_bytes().to_vec();
    chunk.extend(&content);
    chunk.extend(crc32(&content).to_be_bytes());
    file.splice(HEADER..HEADER, chunk);
}

/// The checksum of PNG chunks (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| if crc & 1 == 1 { 0xEDB8_8320 ^ (crc >> 1) } else { crc >> 1 };
    !bytes.iter().fold(u32::MAX, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), step))
}

/// A phase map in the colours of its phases, as PNG.
///
/// # Errors
/// The file cannot be written; likewise below.
pub fn write_phase_png(
    path: &Path,
    map: &PhaseMap,
    colors: &[[u8; 3]],
    pixel: Option<&PixelSize>,
) -> Result<(), MicrographError> {
    save(path, &phase_png(map, colors, pixel).map_err(|e| failed(path)(&e))?)
}

/// Phase numbers as grey values, as PNG.
///
/// # Errors
/// As above.
pub fn write_labels_png(path: &Path, map: &PhaseMap, pixel: Option<&PixelSize>) -> Result<(), MicrographError> {
    save(path, &png(map.flat(), map.size(), image::ExtendedColorType::L8, pixel).map_err(|e| failed(path)(&e))?)
}

/// Phase numbers as grey values, as TIFF with ImageJ's calibration where the pixel size is known.
///
/// # Errors
/// As above.
pub fn write_labels_tiff(path: &Path, map: &PhaseMap, pixel: Option<&PixelSize>) -> Result<(), MicrographError> {
    let failed = failed(path);
    let (height, width) = map.size();
    let mut out = std::io::Cursor::new(vec![]);
    let mut encoder = TiffEncoder::new(&mut out).map_err(|e| failed(&e))?;
    let mut image = encoder.new_image::<colortype::Gray8>(width as u32, height as u32).map_err(|e| failed(&e))?;
    if let Some(pixel) = pixel {
        // Pixels per µm as a ratio, with as many digits as fit.
        let per_micrometre = 1e-6 / pixel.metres;
        let d = if per_micrometre < 4000.0 { 1_000_000 } else { 1000 };
        let n = (per_micrometre * f64::from(d)).round().clamp(1.0, f64::from(u32::MAX)) as u32;
        let ratio = Rational { n, d };
        image.resolution(ResolutionUnit::None, ratio);
        let text = "ImageJ=1.54f\nunit=um\n";
        image.encoder().write_tag(Tag::ImageDescription, text).map_err(|e| failed(&e))?;
    }
    image.write_data(map.flat()).map_err(|e| failed(&e))?;
    save(path, out.get_ref())
}

/// Phase numbers as u8, `[rows, columns]`.
///
/// # Errors
/// As above.
pub fn write_labels_npy(path: &Path, map: &PhaseMap) -> Result<(), MicrographError> {
    save(path, &npy::label_bytes(map))
}

/// An image of three channels in 0 … 255, rounded to bytes, as PNG.
///
/// # Errors
/// As above.
pub fn write_image_png(
    path: &Path,
    image: &[f32],
    size: (usize, usize),
    pixel: Option<&PixelSize>,
) -> Result<(), MicrographError> {
    save(path, &image_png(image, size, pixel).map_err(|e| failed(path)(&e))?)
}

/// An image of three channels as f32, `[rows, columns, 3]`.
///
/// # Errors
/// As above.
pub fn write_image_npy(path: &Path, image: &[f32], (height, width): (usize, usize)) -> Result<(), MicrographError> {
    let bytes: Vec<u8> = image.iter().flat_map(|v| v.to_le_bytes()).collect();
    save(path, &npy::encode("<f4", &[height, width, 3], &bytes))
}
