//! Reading TIFF and BigTIFF: 1 to 64 bits, integer and float, grey, colour and palette, in strips or tiles,
//! interleaved or in planes; any page.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use ndarray::ArrayViewMut1;
use tiff::ColorType::{Gray, GrayA, Multiband, RGB, RGBA};
use tiff::decoder::{Decoder, DecodingResult, Limits};

use super::canvas::Canvas;
use super::makers::{self, Facts};
use super::part::Part;
use super::samples::{Numbers, Samples};
use super::tags::{self, Tags};
use super::{MicrographError, malformed, npy};

/// The most bytes of one strip or tile.
const MOST_BYTES: usize = 1 << 31;
/// Values of the tags of photometric interpretation, compression and planar configuration.
const WHITE_IS_ZERO: u64 = 0;
const BLACK_IS_ZERO: u64 = 1;
const PALETTE: u64 = 3;
const UNCOMPRESSED: u64 = 1;
/// Tags that decoding needs.
const NEEDED: [u16; 15] = [
    tags::WIDTH,
    tags::HEIGHT,
    tags::BITS,
    tags::COMPRESSION,
    tags::PHOTOMETRIC,
    tags::DESCRIPTION,
    tags::STRIP_OFFSETS,
    tags::ORIENTATION,
    tags::SAMPLES,
    tags::PLANES,
    tags::COLOR_MAP,
    tags::TILE_WIDTH,
    tags::EXTRA_SAMPLES,
    tags::SAMPLE_FORMAT,
    tags::SUBFILE,
];

/// A file in which some bytes are read as others.
struct Patched<R> {
    inner: R,
    patches: Vec<(u64, Vec<u8>)>,
    at: u64,
}

impl<R: Read> Read for Patched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        for (start, bytes) in &self.patches {
            for (k, byte) in bytes.iter().enumerate() {
                if let Some(place) = (start + k as u64).checked_sub(self.at).filter(|p| *p < count as u64) {
                    buffer[place as usize] = *byte;
                }
            }
        }
        self.at += count as u64;
        Ok(count)
    }
}

impl<R: Seek> Seek for Patched<R> {
    fn seek(&mut self, to: SeekFrom) -> std::io::Result<u64> {
        self.at = self.inner.seek(to)?;
        Ok(self.at)
    }
}

/// What the pages of a file show, one text a page, empty where the file does not say; at least one.
pub fn pages(mut file: BufReader<File>) -> Vec<String> {
    let Some((layout, pages)) = tags::pages(&mut file) else { return vec![String::new()] };
    let first = pages.first().and_then(|page| Tags::read(&mut file, layout, page.at, &NEEDED));
    let Some((first, _)) = first else { return vec![String::new()] };
    let description = first.text(tags::DESCRIPTION).unwrap_or_default();
    let count = if pages.len() == 1 { images_behind(&mut file, &first, &description) } else { pages.len() };
    makers::page_names(&description, count.max(1))
}

/// How many images stand one behind the other where ImageJ wrote a single directory for all.
fn images_behind(file: &mut BufReader<File>, tags: &Tags, description: &str) -> usize {
    let Some(images) = makers::imagej_images(description).filter(|n| *n > 1) else { return 1 };
    let Some((start, each)) = plain_data(tags) else { return 1 };
    let length = file.get_ref().metadata().map_or(0, |m| m.len());
    let fitting = length.saturating_sub(start) / each.max(1);
    (fitting.min(images as u64) as usize).clamp(1, tags::MOST_PAGES)
}

/// Where the data of an uncompressed page of one strip begins, and how many bytes it has.
fn plain_data(tags: &Tags) -> Option<(u64, u64)> {
    let offsets = tags.numbers(tags::STRIP_OFFSETS);
    if tags.whole(tags::COMPRESSION, UNCOMPRESSED) != UNCOMPRESSED || offsets.is_empty() {
        return None;
    }
    let bits = tags.whole(tags::BITS, 1);
    let samples = tags.whole(tags::SAMPLES, 1);
    if !matches!(bits, 8 | 16 | 32 | 64) || samples == 0 {
        return None;
    }
    let pixels = tags.whole(tags::WIDTH, 0).checked_mul(tags.whole(tags::HEIGHT, 0))?;
    let bytes = pixels.checked_mul(bits / 8)?.checked_mul(samples)?;
    Some((offsets[0] as u64, bytes))
}

/// Reads a page: its samples, and what the file says of it.
pub fn read(mut file: BufReader<File>, path: &Path, part: &Part) -> Result<(Samples, Facts), MicrographError> {
    let damaged = || malformed(path, "it is damaged or incomplete (it has no directory)");
    let (layout, pages) = tags::pages(&mut file).ok_or_else(damaged)?;
    let no_page = || malformed(path, format!("it has no page {}", part.page + 1));
    let first = pages.first().ok_or_else(damaged)?.at;
    let mut wanted = NEEDED.to_vec();
    wanted.extend(makers::WANTED);
    let (first, _) = Tags::read(&mut file, layout, first, &wanted).ok_or_else(damaged)?;
    let description = first.text(tags::DESCRIPTION).unwrap_or_default();
    let (tags, place) = match pages.get(part.page) {
        Some(page) => (Tags::read(&mut file, layout, page.at, &wanted).ok_or_else(damaged)?.0, Some(page.place)),
        None if pages.len() == 1 && part.page < images_behind(&mut file, &first, &description) => (first.clone(), None),
        None => return Err(no_page()),
    };
    let size_of = |tags: &Tags| [tags::HEIGHT, tags::WIDTH].map(|tag| tags.whole(tag, 0) as usize);
    let size = size_of(&tags);
    let mut facts = makers::of_tiff(&mut file, &tags, &description, size.into());
    // Some programs state the pixel size on the first page alone.
    if facts.pixel_size.is_none() && size_of(&first) == size {
        facts = makers::of_tiff(&mut file, &first, &description, size.into());
    }
    file.rewind().map_err(|source| MicrographError::Read { path: path.into(), source })?;
    let mut samples = match place {
        Some(place) => decode(file, &tags, path, part, place)?,
        None => read_behind(file, &tags, path, part)?,
    };
    samples.orientation = orientation_of(&tags);
    let stated = |tags_of: [u16; 2]| tags_of.into_iter().find_map(|tag| tags.number(tag)).map(|v| v as f32);
    samples.stated = stated(tags::LEAST_VALUES).zip(stated(tags::LARGEST_VALUES));
    if samples.stated.is_none()
        && let (None, Some(most)) = (stated(tags::LEAST_VALUES), stated(tags::LARGEST_VALUES))
    {
        samples.stated = Some((0.0, most));
    }
    Ok((samples, facts))
}

/// The name of a way to compress that cannot be read.
fn compression_name(number: u64) -> Option<&'static str> {
    Some(match number {
        1 | 4 | 5 | 7 | 8 | 32773 | 32946 | 50000 | 50001 => return None,
        2 => "CCITT modified Huffman (RLE)",
        3 => "CCITT Group 3 (Fax 3)",
        6 => "old-style JPEG",
        34661 => "JBIG",
        33003 | 33005 | 34712 => "JPEG 2000",
        34887 => "LERC",
        34892 => "lossy JPEG",
        34925 => "LZMA",
        50002 => "JPEG XL",
        _ => "an unknown one",
    })
}

fn decode(
    file: BufReader<File>,
    tags: &Tags,
    path: &Path,
    part: &Part,
    place: usize,
) -> Result<Samples, MicrographError> {
    if let Some(name) = compression_name(tags.whole(tags::COMPRESSION, UNCOMPRESSED)) {
        let reason = format!("its compression is {name}, which is not read; save it as uncompressed, LZW or Deflate");
        return Err(malformed(path, reason));
    }
    let (bits, stored) = (tags.whole(tags::BITS, 1), tags.whole(tags::SAMPLES, 1).clamp(1, 64) as usize);
    let photometric = tags.whole(tags::PHOTOMETRIC, BLACK_IS_ZERO);
    let (height, width) = (tags.whole(tags::HEIGHT, 0), tags.whole(tags::WIDTH, 0));
    let mut patches = vec![];
    let mut patch = |tag: u16, number: u64| {
        if let Some(entry) = tags.entry(tag) {
            let size = entry.bytes.len().min(if matches!(entry.bytes.len(), 4 | 8) { 8 } else { 2 });
            patches.push((entry.at, tags.layout.bytes(number, size)));
        }
    };
    // The decoder reads neither palettes nor inverted values of every type: both are grey values to it.
    let is_bare = matches!(photometric, WHITE_IS_ZERO | PALETTE);
    if is_bare {
        patch(tags::PHOTOMETRIC, BLACK_IS_ZERO);
    }
    // It does not read packed samples of 9 to 15 bits either: to it they are bytes, as many as a row has.
    let packed = (9..16).contains(&bits) && stored == 1;
    let row_bytes = |width: u64| (width * bits).div_ceil(8);
    if packed {
        patch(tags::BITS, 8);
        patch(tags::WIDTH, row_bytes(width));
        patch(tags::TILE_WIDTH, row_bytes(tags.whole(tags::TILE_WIDTH, 0)));
    } else if !matches!(bits, 1 | 2 | 4 | 8 | 16 | 32 | 64) {
        return Err(malformed(
            path,
            format!("its {stored} samples of {bits} bits are not read; save it with 8 or 16 bits"),
        ));
    }
    let broken = |e: tiff::TiffError| malformed(path, format!("it is damaged, incomplete or not supported ({e})"));
    let mut limits = Limits::default();
    limits.decoding_buffer_size = MOST_BYTES;
    limits.intermediate_buffer_size = MOST_BYTES;
    limits.ifd_value_size = 64 << 20;
    let mut decoder = Decoder::new(Patched { inner: file, patches, at: 0 }).map_err(broken)?.with_limits(limits);
    if place > 0 {
        decoder.seek_to_image(place).map_err(broken)?;
    }
    let in_planes = tags.whole(tags::PLANES, 1) == 2 && stored > 1;
    // Bits and planes are the decoder's; of interleaved samples it leaves out those that are no colours.
    let color = decoder.colortype().map_err(broken)?;
    let is_ycbcr = matches!(color, tiff::ColorType::YCbCr(8));
    if !(is_ycbcr || matches!(color, Gray(_) | GrayA(_) | RGB(_) | RGBA(_) | Multiband { .. })) {
        return Err(malformed(path, format!("its colours are {color:?}, which is not read; save it as grey or RGB")));
    }
    let channels = if in_planes { stored } else { usize::from(color.num_samples()) };
    let kept = kept_of(channels);
    let crop = part.stored_crop(orientation_of(tags), (height, width));
    let mut canvas = Canvas::new((height, width), kept, crop, path)?;
    let (full_height, full_width) = canvas.full;
    let (chunk_width, chunk_height) = decoder.chunk_dimensions();
    let (chunk_width, chunk_height) = (chunk_width as usize, chunk_height as usize);
    // The chunks are as the decoder sees them: of packed samples they are wider.
    let seen_width = if packed { row_bytes(width) as usize } else { full_width };
    let (across, down) = (seen_width.div_ceil(chunk_width), full_height.div_ceil(chunk_height.max(1)));
    let planes = if in_planes { stored } else { 1 };
    let mut numbers = Numbers::Free;
    for number in 0..across * down * planes {
        let (plane, chunk) = (number / (across * down), number % (across * down));
        let (top, left) = (chunk / across * chunk_height, chunk % across * chunk_width);
        if !canvas.wants(top, chunk_height) || plane >= kept {
            continue;
        }
        let (wide, high) = decoder.chunk_data_dimensions(number as u32);
        let (wide, high) = (wide as usize, high as usize);
        let result = decoder.read_chunk(number as u32).map_err(broken)?;
        numbers = numbers_of(&result);
        let each = if in_planes { 1 } else { channels };
        // Samples of other sizes than whole bytes are packed, each row from a new byte on.
        let bits = bits as usize;
        let (stride, wide, left) = match bits {
            1 | 2 | 4 => ((wide * each * bits).div_ceil(8), wide, left),
            9..16 => (wide, (wide * 8 / bits).min(full_width), left * 8 / bits),
            _ => (wide * each, wide, left),
        };
        let rows = high.min(full_height.saturating_sub(top));
        let columns = wide.min(full_width.saturating_sub(left));
        let range = if in_planes { plane..plane + 1 } else { 0..kept };
        match &result {
            DecodingResult::U8(bytes) if bits < 8 || packed => {
                canvas.put((top, left), (rows, columns), range, |y, x, c| {
                    packed_sample(bytes, bits, y * stride, x * each + c)
                })
            }
            _ if bits < 8 || packed => return Err(malformed(path, "its packed samples are signed, which is not read")),
            _ if length(&result) < stride * high => {
                return Err(malformed(path, "it holds fewer samples than its size claims"));
            }
            _ => canvas.put((top, left), (rows, columns), range, |y, x, c| sample(&result, y * stride + x * each + c)),
        }
    }
    if bits < 8 || packed {
        numbers = Numbers::Unsigned(bits as u8);
    }
    finished(canvas, numbers, tags, is_ycbcr).map_err(|reason| malformed(path, reason))
}

/// How many of the samples of a pixel are kept: of more than four, as of many detectors, the first three.
fn kept_of(channels: usize) -> usize {
    if channels > 4 { 3 } else { channels }
}

fn orientation_of(tags: &Tags) -> u8 {
    tags.number(tags::ORIENTATION).map_or(1, |v| v as u8)
}

/// What the samples mean, by the tags.
fn finished(canvas: Canvas, numbers: Numbers, tags: &Tags, is_ycbcr: bool) -> Result<Samples, &'static str> {
    let photometric = tags.whole(tags::PHOTOMETRIC, BLACK_IS_ZERO);
    let palette = (photometric == PALETTE).then(|| palette_of(tags)).flatten();
    if photometric == PALETTE && palette.is_none() {
        return Err("its palette is too short");
    }
    let channels = canvas.channels;
    let mut samples = canvas.finish(numbers, palette);
    // Two samples of a grey picture, or four of a coloured one, have transparency only if the file says so.
    let has_alpha = matches!(tags.number(tags::EXTRA_SAMPLES), Some(1.0 | 2.0));
    // An inverted picture of integers is turned; floats are measurements and stay as they are.
    if photometric == WHITE_IS_ZERO
        && tags.whole(tags::SAMPLE_FORMAT, 1) == 1
        && let Numbers::Unsigned(bits) = numbers
    {
        let white = ((1u32 << bits) - 1) as f32;
        let inverted = if has_alpha && matches!(channels, 2 | 4) { channels - 1 } else { channels };
        for mut pixel in samples.values.rows_mut() {
            pixel.iter_mut().take(inverted).for_each(|v| *v = white - *v);
        }
    }
    if is_ycbcr {
        samples.values.rows_mut().into_iter().for_each(rgb_of_ycbcr);
    }
    Ok(match channels {
        2 | 4 if !has_alpha => first_channels(samples, channels - 1),
        _ => samples,
    })
}

/// Brightness and colour differences as JPEG has them, to red, green and blue (ITU-R BT.601).
fn rgb_of_ycbcr(mut pixel: ArrayViewMut1<'_, f32>) {
    let (y, blue, red) = (pixel[0], pixel[1] - 128.0, pixel[2] - 128.0);
    let rgb = [y + 1.402 * red, y - 0.344_136 * blue - 0.714_136 * red, y + 1.772 * blue];
    pixel.iter_mut().zip(rgb).for_each(|(to, v)| *to = v.round().clamp(0.0, 255.0));
}

fn first_channels(samples: Samples, keep: usize) -> Samples {
    let values = samples.values.slice(ndarray::s![.., .., ..keep]).as_standard_layout().into_owned();
    Samples { values, ..samples }
}

/// An image behind the first one, where ImageJ wrote a single directory for all.
fn read_behind(mut file: BufReader<File>, tags: &Tags, path: &Path, part: &Part) -> Result<Samples, MicrographError> {
    let (start, each) = plain_data(tags).ok_or_else(|| malformed(path, "its further images are compressed"))?;
    let channels = tags.whole(tags::SAMPLES, 1) as usize;
    let kind = match (tags.whole(tags::SAMPLE_FORMAT, 1), tags.whole(tags::BITS, 8)) {
        (3, _) => 'f',
        (2, _) => 'i',
        _ => 'u',
    };
    let bytes = (tags.whole(tags::BITS, 8) / 8) as usize;
    let unreadable = |source| MicrographError::Read { path: path.into(), source };
    file.seek(SeekFrom::Start(start + each * part.page as u64)).map_err(unreadable)?;
    let size = (tags.whole(tags::HEIGHT, 0), tags.whole(tags::WIDTH, 0));
    let kept = kept_of(channels);
    let mut canvas = Canvas::new(size, kept, part.stored_crop(orientation_of(tags), size), path)?;
    let (height, width) = canvas.full;
    let mut row = vec![0; width * channels * bytes];
    for y in 0..height {
        file.read_exact(&mut row).map_err(unreadable)?;
        let value = |x: usize, c: usize| {
            let from = (x * channels + c) * bytes;
            npy::number(kind, !tags.layout.little, &row[from..from + bytes])
        };
        canvas.put((y, 0), (1, width), 0..kept, |_, x, c| value(x, c));
    }
    let numbers = if kind == 'u' && bytes <= 2 { Numbers::Unsigned(8 * bytes as u8) } else { Numbers::Free };
    finished(canvas, numbers, tags, false).map_err(|reason| malformed(path, reason))
}

/// The colours of a palette: all reds, then all greens, then all blues, in 16 bits.
fn palette_of(tags: &Tags) -> Option<Vec<[u8; 3]>> {
    let all = tags.numbers(tags::COLOR_MAP);
    let colors = all.len() / 3;
    // Some programs write 8 bits.
    let scale = if all.iter().all(|v| *v < 256.0) { 1.0 } else { 257.0 };
    let color = |n: usize| [0, 1, 2].map(|c| (all[c * colors + n] / scale) as u8);
    (colors > 0).then(|| (0..colors).map(color).collect())
}

/// How many samples a strip or tile has.
fn length(chunk: &DecodingResult) -> usize {
    match chunk {
        DecodingResult::U8(v) => v.len(),
        DecodingResult::U16(v) => v.len(),
        DecodingResult::U32(v) => v.len(),
        DecodingResult::U64(v) => v.len(),
        DecodingResult::I8(v) => v.len(),
        DecodingResult::I16(v) => v.len(),
        DecodingResult::I32(v) => v.len(),
        DecodingResult::I64(v) => v.len(),
        DecodingResult::F16(v) => v.len(),
        DecodingResult::F32(v) => v.len(),
        DecodingResult::F64(v) => v.len(),
    }
}

/// A sample of a strip or tile.
fn sample(chunk: &DecodingResult, n: usize) -> f32 {
    match chunk {
        DecodingResult::U8(v) => v[n].into(),
        DecodingResult::U16(v) => v[n].into(),
        DecodingResult::U32(v) => v[n] as f32,
        DecodingResult::U64(v) => v[n] as f32,
        DecodingResult::I8(v) => v[n].into(),
        DecodingResult::I16(v) => v[n].into(),
        DecodingResult::I32(v) => v[n] as f32,
        DecodingResult::I64(v) => v[n] as f32,
        DecodingResult::F16(v) => v[n].to_f32(),
        DecodingResult::F32(v) => v[n],
        DecodingResult::F64(v) => v[n] as f32,
    }
}

/// What the numbers of a strip or tile can be.
fn numbers_of(chunk: &DecodingResult) -> Numbers {
    match chunk {
        DecodingResult::U8(_) => Numbers::Unsigned(8),
        DecodingResult::U16(_) => Numbers::Unsigned(16),
        _ => Numbers::Free,
    }
}

/// A sample of up to 16 bits of a row that begins at a byte, the most significant bit first.
pub fn packed_sample(bytes: &[u8], bits: usize, row: usize, x: usize) -> f32 {
    let first = x * bits;
    let byte = |n: usize| u32::from(bytes.get(row + first / 8 + n).copied().unwrap_or(0));
    let three = byte(0) << 16 | byte(1) << 8 | byte(2);
    (three >> (24 - first % 8 - bits) & ((1 << bits) - 1)) as f32
}
