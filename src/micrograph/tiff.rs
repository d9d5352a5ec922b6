//! Reading TIFF: 1 to 64 bits, integer and float, grey, colour and palette; the first page.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use tiff::ColorType;
use tiff::decoder::{Decoder, DecodingResult, Limits};
use tiff::tags::Tag;

use super::read::{MOST_PIXELS, check_size, extremes};
use super::{Micrograph, MicrographError, malformed};

/// Reads the first page.
pub fn read(file: BufReader<File>, path: &Path) -> Result<Micrograph, MicrographError> {
    let broken = |e: tiff::TiffError| malformed(path, format!("it is damaged, incomplete or of a rare kind ({e})"));
    let mut limits = Limits::default();
    limits.decoding_buffer_size = (MOST_PIXELS * 8) as usize;
    limits.intermediate_buffer_size = (MOST_PIXELS * 8) as usize;
    let mut decoder = Decoder::new(file).map_err(broken)?.with_limits(limits);
    let (width, height) = decoder.dimensions().map_err(broken)?;
    check_size(height.into(), width.into(), path)?;
    let (height, width) = (height as usize, width as usize);
    let color = decoder.colortype().map_err(broken)?;
    let palette = match color {
        ColorType::Palette(_) => Some(decoder.get_tag_u16_vec(Tag::ColorMap).map_err(broken)?),
        _ => None,
    };
    let (samples, white) = numbers(decoder.read_image().map_err(broken)?);
    let pixels = height * width;
    let per_pixel = samples.len() / pixels;
    let (stored, channels) = match color {
        ColorType::Gray(_) | ColorType::Palette(_) => (1, 1),
        ColorType::GrayA(_) => (2, 1),
        ColorType::RGB(_) => (3, 3),
        ColorType::RGBA(_) => (4, 3),
        ColorType::Multiband { num_samples, .. } => (usize::from(num_samples), if num_samples < 3 { 1 } else { 3 }),
        other => return Err(malformed(path, format!("its colours are {other:?}; save it as grey or RGB"))),
    };
    // Few bits arrive packed in bytes.
    let samples = match color {
        ColorType::Gray(bits @ (1 | 2 | 4)) | ColorType::Palette(bits @ (1 | 2 | 4))
            if per_pixel == 0 || samples.len() < pixels =>
        {
            unpack(&samples, bits, height, width)
        }
        _ => samples,
    };
    if samples.len() < pixels * stored {
        return Err(malformed(path, "it holds fewer samples than its size claims"));
    }
    if let Some(palette) = palette {
        return from_palette(&samples, &palette, height, width)
            .ok_or_else(|| malformed(path, "its palette is too short"));
    }
    let values: Vec<f32> =
        samples.chunks_exact(stored).take(pixels).flat_map(|p| p[..channels].iter().copied()).collect();
    let range = match (white, color) {
        (_, ColorType::Gray(bits @ (1 | 2 | 4))) if !values.iter().any(|v| *v > f32::from((1u8 << bits) - 1)) => {
            (0.0, f32::from((1u8 << bits) - 1))
        }
        (Some(white), _) => (0.0, white),
        (None, _) => extremes(&values),
    };
    Ok(Micrograph { name: String::new(), height, width, channels, values, range })
}

/// The samples, and what white is where the kind of number says so.
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
        f32::from(byte >> (8 - usize::from(bits) * (x % per_byte + 1)) & mask)
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
    Some(Micrograph { name: String::new(), height, width, channels: 3, values, range: (0.0, 65535.0) })
}
