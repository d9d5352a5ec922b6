//! Reading PNG: numbers of palettes as they are, pixel size, orientation, row by row.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use image::metadata::Orientation;
use png::{BitDepth, ColorType, Decoder, Limits, Unit};

use super::calibration::{PIXEL_SIZE, PixelSize, not_of_a_printer};
use super::canvas::Canvas;
use super::part::Part;
use super::samples::{Numbers, Samples};
use super::tiff::packed_sample;
use super::{MicrographError, malformed};

/// The most bytes that the decoder may take.
const MOST_BYTES: usize = 1 << 31;

/// Reads a picture: its samples, and the edge of a pixel along x.
pub fn read(file: BufReader<File>, path: &Path, part: &Part) -> Result<(Samples, Option<PixelSize>), MicrographError> {
    let broken = |e: png::DecodingError| malformed(path, format!("it is damaged or incomplete ({e})"));
    let mut decoder = Decoder::new_with_limits(file, Limits { bytes: MOST_BYTES });
    decoder.set_ignore_iccp_chunk(true);
    let mut reader = decoder.read_info().map_err(broken)?;
    let info = reader.info();
    let (width, height) = (info.width, info.height);
    let (kind, depth) = (info.color_type, info.bit_depth);
    let palette = info.palette.as_ref().map(|p| p.chunks_exact(3).map(|c| [c[0], c[1], c[2]]).collect::<Vec<_>>());
    let palette = palette.filter(|_| kind == ColorType::Indexed);
    let interlaced = info.interlaced;
    let channels = kind.samples();
    // Most programs write the orientation in front of the picture.
    let turned = info.exif_metadata.as_ref().map_or(1, |exif| exif_orientation(exif));
    let crop = part.stored_crop(turned, (height.into(), width.into()));
    let mut canvas = Canvas::new((height.into(), width.into()), channels, crop, path)?;
    let (height, width) = canvas.full;
    let samples = |row: &[u8]| -> Vec<f32> {
        match depth {
            BitDepth::Eight => row.iter().map(|v| f32::from(*v)).collect(),
            BitDepth::Sixteen => row.chunks_exact(2).map(|b| f32::from(u16::from_be_bytes([b[0], b[1]]))).collect(),
            _ => {
                // Grey values of fewer bits are spread over those of eight, as every other program shows them.
                let scale = if kind == ColorType::Grayscale { 255.0 / ((1u16 << depth as u8) - 1) as f32 } else { 1.0 };
                (0..width * channels).map(|x| packed_sample(row, depth as usize, 0, x) * scale).collect()
            }
        }
    };
    if interlaced {
        let size = reader.output_buffer_size().filter(|size| *size <= MOST_BYTES);
        let size =
            size.ok_or_else(|| malformed(path, "it is interlaced and too large; save it without interlacing"))?;
        let mut bytes = vec![0; size];
        let info = reader.next_frame(&mut bytes).map_err(broken)?;
        for (y, row) in bytes.chunks_exact(info.line_size).take(height).enumerate() {
            let line = samples(row);
            canvas.put((y, 0), (1, width), 0..channels, |_, x, c| line[x * channels + c]);
        }
    } else {
        for y in 0..height {
            let row = reader.next_row().map_err(broken)?;
            let row = row.ok_or_else(|| malformed(path, "it is damaged or incomplete (rows are missing)"))?;
            if canvas.wants(y, 1) {
                let line = samples(row.data());
                canvas.put((y, 0), (1, width), 0..channels, |_, x, c| line[x * channels + c]);
            }
        }
    }
    // What stands behind the picture is of use, but not needed.
    let _ = reader.finish();
    let info = reader.info();
    let own = info.uncompressed_latin1_text.iter().find(|t| t.keyword == PIXEL_SIZE);
    let own = own.and_then(|t| PixelSize::new(t.text.trim().parse().ok()?, "saved by this program"));
    let physical = info.pixel_dims.filter(|d| d.unit == Unit::Meter && d.xppu > 0 && d.yppu > 0);
    let stated = physical.and_then(|d| not_of_a_printer(1.0 / f64::from(d.xppu), "PNG pixel size"));
    let aspect = stated.as_ref().and(physical).map_or(1.0, |d| f64::from(d.xppu) / f64::from(d.yppu));
    let orientation = info.exif_metadata.as_ref().map_or(1, |exif| exif_orientation(exif));
    if orientation != turned && crop.is_some() {
        return Err(malformed(path, "it states how it is turned behind its picture; no part of it can be read"));
    }
    let numbers = Numbers::Unsigned((depth as u8).max(8));
    let aspect = if own.is_some() { 1.0 } else { aspect };
    Ok((Samples { orientation, aspect, ..canvas.finish(numbers, palette) }, own.or(stated)))
}

/// The orientation, 1 to 8, that EXIF metadata states.
fn exif_orientation(exif: &[u8]) -> u8 {
    Orientation::from_exif_chunk(exif).map_or(1, Orientation::to_exif)
}
