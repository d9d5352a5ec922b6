//! Reading micrographs. Files come from outside: sizes are checked before memory is taken.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use image::{DynamicImage, ImageFormat, ImageReader};
use ndarray::s;

use super::limits::check_size;
use super::picture::MOST_PIXELS;
use super::{Micrograph, MicrographError, makers, malformed, npy, tiff};

/// What can be opened, for error texts.
const FORMATS: &str = "PNG, JPEG, TIFF, BMP, WebP and .npy files can be opened";

/// Reads a picture, or the first page of several. Its content, not its name, decides the format.
///
/// # Errors
/// The file cannot be read, is not a picture of a known kind, is damaged or too large.
pub fn read(path: &Path) -> Result<Micrograph, MicrographError> {
    read_page(path, 0)
}

/// How many pages a file has: more than one only in TIFF.
pub fn pages(path: &Path) -> usize {
    let Ok(file) = File::open(path) else { return 1 };
    let mut file = BufReader::new(file);
    let mut start = [0; 4];
    let is_tiff = file.read_exact(&mut start).is_ok() && matches!(&start[..2], b"II" | b"MM");
    if is_tiff && file.rewind().is_ok() { tiff::pages(file) } else { 1 }
}

/// Reads a page of a picture, counted from 0.
///
/// # Errors
/// As [`read`], or there is no such page.
pub fn read_page(path: &Path, page: usize) -> Result<Micrograph, MicrographError> {
    let unreadable = |source| MicrographError::Read { path: path.into(), source };
    if path.is_dir() {
        return Err(malformed(path, format!("it is a folder; {FORMATS}")));
    }
    let mut file = BufReader::new(File::open(path).map_err(unreadable)?);
    let mut start = vec![];
    file.by_ref().take(16).read_to_end(&mut start).map_err(unreadable)?;
    file.rewind().map_err(unreadable)?;
    if start.is_empty() {
        return Err(malformed(path, "the file is empty"));
    }
    let mut micrograph = if start.starts_with(npy::MAGIC) {
        let (values, range) = npy::read(&mut file, path)?;
        Micrograph::of(values, range)
    } else {
        match image::guess_format(&start) {
            Ok(ImageFormat::Tiff) => tiff::read(file, path, page)?,
            Ok(format @ (ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Bmp | ImageFormat::WebP)) => {
                read_common(file, format, path)?
            }
            _ => return Err(malformed(path, format!("its content is no picture; {FORMATS}"))),
        }
    };
    micrograph.name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    if micrograph.values.iter().any(|v| !v.is_finite()) {
        return Err(malformed(path, "it holds values that are not finite (NaN or infinity); replace them first"));
    }
    if micrograph.pixel_size.is_none() {
        let facts = makers::of_sidecar(path, micrograph.size());
        micrograph.pixel_size = facts.pixel_size;
        micrograph.bar_rows = micrograph.bar_rows.or(facts.bar_rows);
    }
    Ok(without_needless_colour(micrograph))
}

fn read_common(file: BufReader<File>, format: ImageFormat, path: &Path) -> Result<Micrograph, MicrographError> {
    let broken = |e: image::ImageError| malformed(path, format!("it is damaged or incomplete ({e})"));
    let (width, height) = ImageReader::with_format(file, format).into_dimensions().map_err(broken)?;
    check_size(height.into(), width.into(), path)?;
    let file = File::open(path).map_err(|source| MicrographError::Read { path: path.into(), source })?;
    let mut reader = ImageReader::with_format(BufReader::new(file), format);
    let mut limits = image::Limits::default();
    limits.max_alloc = Some(MOST_PIXELS * 8);
    reader.limits(limits);
    let image = reader.decode().map_err(broken)?;
    Ok(from_image(&image))
}

fn from_image(image: &DynamicImage) -> Micrograph {
    let bytes = |v: &[u8], step: usize, keep: usize| pick(v, step, keep).map(f32::from).collect();
    let words = |v: &[u16], step: usize, keep: usize| pick(v, step, keep).map(f32::from).collect();
    let (channels, values, white) = match image {
        DynamicImage::ImageLuma8(i) => (1, bytes(i.as_raw(), 1, 1), 255.0),
        DynamicImage::ImageLumaA8(i) => (1, bytes(i.as_raw(), 2, 1), 255.0),
        DynamicImage::ImageRgb8(i) => (3, bytes(i.as_raw(), 3, 3), 255.0),
        DynamicImage::ImageRgba8(i) => (3, bytes(i.as_raw(), 4, 3), 255.0),
        DynamicImage::ImageLuma16(i) => (1, words(i.as_raw(), 1, 1), 65535.0),
        DynamicImage::ImageLumaA16(i) => (1, words(i.as_raw(), 2, 1), 65535.0),
        DynamicImage::ImageRgb16(i) => (3, words(i.as_raw(), 3, 3), 65535.0),
        DynamicImage::ImageRgba16(i) => (3, words(i.as_raw(), 4, 3), 65535.0),
        other => (3, other.to_rgb32f().into_raw(), 1.0),
    };
    let (height, width) = (image.height() as usize, image.width() as usize);
    Micrograph::new((height, width), channels, values, (0.0, white))
}

/// The first `keep` of every `step` samples; the others are transparency.
fn pick<T: Copy>(samples: &[T], step: usize, keep: usize) -> impl Iterator<Item = T> + '_ {
    samples.chunks_exact(step).flat_map(move |p| p[..keep].iter().copied())
}

/// Reduces three equal channels to one.
fn without_needless_colour(micrograph: Micrograph) -> Micrograph {
    let is_grey = micrograph.channels() == 3 && micrograph.pixels().all(|p| p[0] == p[1] && p[1] == p[2]);
    if !is_grey {
        return micrograph;
    }
    let values = micrograph.values.slice(s![.., .., ..1]).as_standard_layout().into_owned();
    Micrograph { values, ..micrograph }
}
