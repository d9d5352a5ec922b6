//! Reading TIFF: 1 to 64 bits, integer and float, grey, colour and palette, interleaved or in planes; any page.

use std::fs::File;
use std::io::{BufReader, Cursor, Read, Seek};
use std::path::Path;

use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

use super::limits::{check_size, extremes};
use super::picture::MOST_PIXELS;
use super::{Micrograph, MicrographError, makers, malformed};

/// The largest file whose palette is resolved.
const MOST_BYTES: u64 = 1 << 30;
/// The tag that says what samples mean, and two of its values.
const PHOTOMETRIC: u16 = 262;
const BLACK_IS_ZERO: u16 = 1;
const PALETTE: u16 = 3;

/// Reads a page, counted from 0.
pub fn read(mut file: BufReader<File>, path: &Path, page: usize) -> Result<Micrograph, MicrographError> {
    let unreadable = |source| MicrographError::Read { path: path.into(), source };
    let length = file.get_ref().metadata().map_err(unreadable)?.len();
    if length > MOST_BYTES {
        return decode(file, false, path, page);
    }
    let mut bytes = vec![];
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    // The decoder does not support palettes, but it can read their indices as grey values.
    let is_palette = palette_to_grey(&mut bytes, page);
    let mut micrograph = decode(Cursor::new(&bytes), is_palette, path, page)?;
    let facts = makers::of_tiff(&bytes, page, micrograph.size());
    (micrograph.pixel_size, micrograph.bar_rows) = (facts.pixel_size, facts.bar_rows);
    Ok(micrograph)
}

/// The most pages that are counted.
const MOST_PAGES: usize = 10_000;

/// How many pages there are; 1 for a file that cannot be read.
pub fn pages(file: BufReader<File>) -> usize {
    let Ok(mut decoder) = Decoder::new(file) else { return 1 };
    let mut pages = 1;
    while pages < MOST_PAGES && decoder.more_images() && decoder.next_image().is_ok() {
        pages += 1;
    }
    pages
}

/// Rewrites a page's photometric interpretation from palette to grey; returns whether it was a palette.
fn palette_to_grey(bytes: &mut [u8], page: usize) -> bool {
    let little = bytes.starts_with(b"II");
    let word = |b: &[u8]| b.try_into().map(|b| if little { u16::from_le_bytes(b) } else { u16::from_be_bytes(b) }).ok();
    let long = |b: &[u8]| b.try_into().map(|b| if little { u32::from_le_bytes(b) } else { u32::from_be_bytes(b) }).ok();
    let mut find = || {
        let mut start = long(bytes.get(4..8)?)? as usize;
        let count = |at: usize| Some(usize::from(word(bytes.get(at..at.checked_add(2)?)?)?));
        for _ in 0..page.min(MOST_PAGES) {
            let next = start.checked_add(2 + 12 * count(start)?)?;
            start = long(bytes.get(next..next.checked_add(4)?)?)? as usize;
        }
        let entries = count(start)?;
        let at = (0..entries)
            .map(|n| start + 2 + 12 * n)
            .find(|at| bytes.get(*at..at + 2).and_then(word) == Some(PHOTOMETRIC))?;
        let value = bytes.get_mut(at + 8..at + 10)?;
        if word(value)? != PALETTE {
            return None;
        }
        value.copy_from_slice(&if little { BLACK_IS_ZERO.to_le_bytes() } else { BLACK_IS_ZERO.to_be_bytes() });
        Some(())
    };
    find().is_some()
}

fn decode<R: Read + Seek>(file: R, is_palette: bool, path: &Path, page: usize) -> Result<Micrograph, MicrographError> {
    let broken = |e: tiff::TiffError| malformed(path, format!("it is damaged, incomplete or not supported ({e})"));
    let mut limits = Limits::default();
    limits.decoding_buffer_size = (MOST_PIXELS * 8) as usize;
    limits.intermediate_buffer_size = (MOST_PIXELS * 8) as usize;
    let mut decoder = Decoder::new(file).map_err(broken)?.with_limits(limits);
    if page > 0 {
        decoder.seek_to_image(page).map_err(|_| malformed(path, format!("it has no page {}", page + 1)))?;
    }
    let (width, height) = decoder.dimensions().map_err(broken)?;
    check_size(height.into(), width.into(), path)?;
    let (height, width) = (height as usize, width as usize);
    let color = decoder.colortype().map_err(broken)?;
    let (stored, channels) = match color {
        ColorType::Gray(_) => (1, 1),
        ColorType::GrayA(_) => (2, 1),
        ColorType::RGB(_) => (3, 3),
        ColorType::RGBA(_) => (4, 3),
        ColorType::Multiband { num_samples, .. } => (usize::from(num_samples), if num_samples < 3 { 1 } else { 3 }),
        other => return Err(malformed(path, format!("its colours are {other:?}; save it as grey or RGB"))),
    };
    let palette = if is_palette { Some(decoder.get_tag_u16_vec(Tag::ColorMap).map_err(broken)?) } else { None };
    let mut result = DecodingResult::U8(vec![]);
    let layout = decoder.read_image_to_buffer(&mut result).map_err(broken)?;
    let (mut samples, white) = numbers(result);
    let pixels = height * width;
    // Samples of less than 8 bits are packed in bytes.
    let packed = match color {
        ColorType::Gray(bits @ (1 | 2 | 4)) if samples.len() < pixels => Some(bits),
        _ => None,
    };
    if let Some(bits) = packed {
        samples = unpack(&samples, bits, height, width);
    }
    if samples.len() < pixels * stored {
        return Err(malformed(path, "it holds fewer samples than its size claims"));
    }
    if let Some(palette) = palette {
        let colored = from_palette(&samples, &palette, height, width);
        return colored.ok_or_else(|| malformed(path, "its palette is too short"));
    }
    let in_planes = layout.planes > 1;
    let at = |pixel: usize, channel: usize| {
        if in_planes { samples[channel * pixels + pixel] } else { samples[pixel * stored + channel] }
    };
    let values: Vec<f32> =
        (0..pixels).flat_map(|p| (0..channels).map(move |c| (p, c))).map(|(p, c)| at(p, c)).collect();
    let range = match (white, packed) {
        (_, Some(bits)) => (0.0, f32::from((1u8 << bits) - 1)),
        (Some(white), None) => (0.0, white),
        (None, None) => extremes(&values),
    };
    Ok(Micrograph::new((height, width), channels, values, range))
}

/// The samples, and the value of white if the type of the numbers defines it.
fn numbers(result: DecodingResult) -> (Vec<f32>, Option<f32>) {
    match result {
        DecodingResult::U8(v) => (v.into_iter().map(f32::from).collect(), Some(255.0)),
        DecodingResult::U16(v) => (v.into_iter().map(f32::from).collect(), Some(65535.0)),
        DecodingResult::U32(v) => (v.into_iter().map(|x| x as f32).collect(), None),
        DecodingResult::U64(v) => (v.into_iter().map(|x| x as f32).collect(), None),
        DecodingResult::I8(v) => (v.into_iter().map(f32::from).collect(), None),
        DecodingResult::I16(v) => (v.into_iter().map(f32::from).collect(), None),
        DecodingResult::I32(v) => (v.into_iter().map(|x| x as f32).collect(), None),
        DecodingResult::I64(v) => (v.into_iter().map(|x| x as f32).collect(), None),
        DecodingResult::F16(v) => (v.into_iter().map(|x| x.to_f32()).collect(), None),
        DecodingResult::F32(v) => (v, None),
        DecodingResult::F64(v) => (v.into_iter().map(|x| x as f32).collect(), None),
    }
}

/// Rows of packed samples, each row starting at a byte.
fn unpack(bytes: &[f32], bits: u8, height: usize, width: usize) -> Vec<f32> {
    let per_byte = 8 / usize::from(bits);
    let row = width.div_ceil(per_byte);
    let mask = (1u8 << bits) - 1;
    let sample = |y: usize, x: usize| {
        let byte = bytes.get(y * row + x / per_byte).copied().unwrap_or(0.0) as u8;
        f32::from((byte >> (8 - usize::from(bits) * (x % per_byte + 1))) & mask)
    };
    (0..height).flat_map(|y| (0..width).map(move |x| (y, x))).map(|(y, x)| sample(y, x)).collect()
}

/// Palettes hold all reds, then all greens, then all blues.
fn from_palette(indices: &[f32], palette: &[u16], height: usize, width: usize) -> Option<Micrograph> {
    let colors = palette.len() / 3;
    let mut values = Vec::with_capacity(height * width * 3);
    for index in &indices[..height * width] {
        let index = *index as usize;
        if index >= colors {
            return None;
        }
        values.extend([0, 1, 2].map(|c| f32::from(palette[c * colors + index])));
    }
    Some(Micrograph::new((height, width), 3, values, (0.0, 65535.0)))
}
