//! NumPy's .npy files (format versions 1 to 3): numbers only, never pickles.
//!
//! The header is scanned for its three fields rather than parsed as Python, so that no nesting in a hostile file can
//! exhaust the stack.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use ndarray::Array3;

use super::canvas::Canvas;
use super::part::Part;
use super::picture::MOST_PIXELS;
use super::samples::{Numbers, Samples};
use super::{MicrographError, malformed};

/// The first bytes of such a file.
pub const MAGIC: &[u8] = b"\x93NUMPY";
/// The longest header that is read.
const MOST_HEADER: u64 = 1 << 16;
/// The largest volume in Fortran's order that is read: its slices are scattered over the whole file.
const MOST_SCATTERED: u64 = 1 << 31;

/// The most slices that are counted.
const MOST_SLICES: u64 = 100_000;

struct Header {
    big_endian: bool,
    kind: char,
    bytes: usize,
    fortran_order: bool,
    shape: Vec<u64>,
}

impl Header {
    /// Slices, rows, columns and channels.
    fn axes(&self, path: &Path) -> Result<[u64; 4], MicrographError> {
        match *self.shape.as_slice() {
            [h, w] => Ok([1, h, w, 1]),
            [h, w, c @ (1 | 3 | 4)] => Ok([1, h, w, c]),
            [n, h, w] if w > 4 => Ok([n, h, w, 1]),
            [n, h, w, c @ (1 | 3 | 4)] => Ok([n, h, w, c]),
            ref other => {
                let reason = format!(
                    "its shape is {other:?}; it should be (rows, columns), (rows, columns, 3) or (slices, rows, columns)"
                );
                Err(malformed(path, reason))
            }
        }
    }
}

/// How many slices a file has, at most as many as it has bytes for; 1 if it cannot be read.
pub fn pages(mut file: impl Read, path: &Path) -> usize {
    let mut slices = || -> Option<u64> {
        let header = read_header(&mut file, path).ok()?;
        let [slices, height, width, channels] = header.axes(path).ok()?;
        let each = height.checked_mul(width)?.checked_mul(channels)?.checked_mul(header.bytes as u64)?;
        let there = std::fs::metadata(path).ok()?.len() / each.max(1);
        Some(slices.min(there).min(MOST_SLICES))
    };
    slices().unwrap_or(1).max(1) as usize
}

/// Reads a two-dimensional array, or one with a last axis of 1, 3 or 4 channels, or a slice of such arrays along a first
/// axis.
///
/// # Errors
/// The file cannot be read, is damaged, or holds an array of another kind.
pub fn read(file: &mut (impl Read + Seek), path: &Path, part: &Part) -> Result<Samples, MicrographError> {
    let header = read_header(file, path)?;
    let [slices, height, width, channels] = header.axes(path)?;
    let unreadable = |source| MicrographError::Read { path: path.into(), source };
    if part.page as u64 >= slices {
        return Err(malformed(path, format!("it has no page {}", part.page + 1)));
    }
    let too_large = || MicrographError::TooLarge { path: path.into(), height, width };
    let slice = [height, width, channels, header.bytes as u64];
    let slice = slice.into_iter().try_fold(1u64, u64::checked_mul).ok_or_else(too_large)?;
    let expected = slice.checked_mul(slices).ok_or_else(too_large)?;
    let start = file.stream_position().map_err(unreadable)?;
    let there = file.seek(SeekFrom::End(0)).map_err(unreadable)?.saturating_sub(start);
    if there < expected {
        return Err(malformed(path, format!("it ends after {there} of {expected} bytes of data")));
    }
    let mut canvas = Canvas::new((height, width), channels as usize, part.crop, path)?;
    let (height, width) = canvas.full;
    let (channels, bytes) = (channels as usize, header.bytes);
    let value = |data: &[u8], at: usize| number(header.kind, header.big_endian, &data[at * bytes..][..bytes]);
    if header.fortran_order {
        if expected > MOST_SCATTERED {
            return Err(malformed(path, "it is a large array in Fortran's order; save it in C order"));
        }
        let mut data = vec![];
        file.seek(SeekFrom::Start(start)).map_err(unreadable)?;
        file.take(expected).read_to_end(&mut data).map_err(unreadable)?;
        // The first axis varies first.
        let at = |y: usize, x: usize, c: usize| part.page + slices as usize * (y + height * (x + width * c));
        canvas.put((0, 0), (height, width), 0..channels, |y, x, c| value(&data, at(y, x, c)));
    } else {
        file.seek(SeekFrom::Start(start + slice * part.page as u64)).map_err(unreadable)?;
        let mut row = vec![0; width * channels * bytes];
        for y in 0..height {
            file.read_exact(&mut row).map_err(unreadable)?;
            canvas.put((y, 0), (1, width), 0..channels, |_, x, c| value(&row, x * channels + c));
        }
    }
    let numbers = match (header.kind, bytes) {
        ('b', _) => Numbers::Unsigned(1),
        ('u', 1 | 2) => Numbers::Unsigned(8 * bytes as u8),
        _ => Numbers::Free,
    };
    Ok(canvas.finish(numbers, None))
}

/// Reads an array that this program wrote, `[rows, columns, channels]`.
///
/// # Errors
/// As [`read`], or it is too large.
pub fn read_array(file: &mut impl Read, path: &Path) -> Result<Array3<f32>, MicrographError> {
    let header = read_header(file, path)?;
    let [slices, height, width, channels] = header.axes(path)?;
    let pixels = height.checked_mul(width).filter(|n| *n <= MOST_PIXELS && slices == 1 && !header.fortran_order);
    let pixels = pixels.ok_or_else(|| MicrographError::TooLarge { path: path.into(), height, width })?;
    let expected = (pixels * channels) as usize * header.bytes;
    let mut data = vec![];
    let unreadable = |source| MicrographError::Read { path: path.into(), source };
    file.take(expected as u64).read_to_end(&mut data).map_err(unreadable)?;
    if data.len() < expected {
        return Err(malformed(path, format!("it ends after {} of {expected} bytes of data", data.len())));
    }
    let values = data.chunks_exact(header.bytes).map(|b| number(header.kind, header.big_endian, b)).collect();
    let shape = (height as usize, width as usize, channels as usize);
    Ok(Array3::from_shape_vec(shape, values).expect("as many values as the shape has"))
}

fn read_header(file: &mut impl Read, path: &Path) -> Result<Header, MicrographError> {
    let short = || malformed(path, "it ends within its header");
    let mut start = [0; 8];
    file.read_exact(&mut start).map_err(|_| short())?;
    let size_bytes = match start[6] {
        1 => 2,
        2 | 3 => 4,
        version => return Err(malformed(path, format!("its format version {version} is not known"))),
    };
    let mut size = [0; 4];
    file.read_exact(&mut size[..size_bytes]).map_err(|_| short())?;
    let size = u64::from(u32::from_le_bytes(size));
    if size > MOST_HEADER {
        return Err(malformed(path, format!("its header claims {size} bytes")));
    }
    let mut text = vec![0; size as usize];
    file.read_exact(&mut text).map_err(|_| short())?;
    parse_header(&String::from_utf8_lossy(&text)).map_err(|reason| malformed(path, reason))
}

fn parse_header(text: &str) -> Result<Header, String> {
    let field = |name: &str| {
        let start = text.find(&format!("'{name}'")).ok_or_else(|| format!("its header has no {name}"))?;
        let rest = &text[start + name.len() + 2..];
        Ok::<_, String>(rest.trim_start().strip_prefix(':').unwrap_or(rest).trim_start())
    };
    let descr = field("descr")?;
    let descr = descr.strip_prefix('\'').and_then(|d| d.split_once('\'')).map(|(d, _)| d);
    let descr = descr.ok_or("its elements are records; save a plain array of numbers")?;
    let mut characters = descr.chars();
    let order = characters.next().unwrap_or_default();
    let kind = characters.next().unwrap_or_default();
    let bytes = characters.as_str().parse().unwrap_or(0);
    match (kind, bytes) {
        ('b', 1) | ('u' | 'i', 1 | 2 | 4 | 8) | ('f', 2 | 4 | 8) => {}
        ('O', _) => {
            return Err("it holds Python objects, which are never unpickled; save a plain array of numbers".into());
        }
        _ => return Err(format!("its elements are of type “{descr}”; integers, floats and booleans are read")),
    }
    let fortran_order = field("fortran_order")?.starts_with("True");
    let shape = field("shape")?;
    let shape = shape.strip_prefix('(').and_then(|s| s.split_once(')')).ok_or("its shape cannot be read")?.0;
    let shape: Result<Vec<u64>, _> =
        shape.split(',').map(str::trim).filter(|s| !s.is_empty()).map(str::parse).collect();
    let shape = shape.map_err(|_| "its shape cannot be read")?;
    Ok(Header { big_endian: order == '>', kind, bytes, fortran_order, shape })
}

/// A number of a kind: `b` logical, `u` unsigned, `i` signed, `f` float.
pub fn number(kind: char, big_endian: bool, bytes: &[u8]) -> f32 {
    // The most significant byte first, widened to eight.
    let mut wide = [0; 8];
    let n = bytes.len();
    for (k, b) in bytes.iter().enumerate() {
        wide[8 - n + if big_endian { k } else { n - 1 - k }] = *b;
    }
    let unsigned = u64::from_be_bytes(wide);
    match kind {
        'b' => f32::from(u8::from(unsigned != 0)),
        'u' => unsigned as f32,
        'i' => {
            let unused = 64 - 8 * n as u32;
            ((unsigned << unused) as i64 >> unused) as f32
        }
        _ => match n {
            2 => half::f16::from_bits(unsigned as u16).to_f32(),
            4 => f32::from_bits(unsigned as u32),
            _ => f64::from_bits(unsigned) as f32,
        },
    }
}

/// The bytes of a .npy file: version 1, C order.
pub fn encode(descr: &str, shape: &[usize], data: &[u8]) -> Vec<u8> {
    let shape: Vec<_> = shape.iter().map(usize::to_string).collect();
    let mut header = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({},), }}", shape.join(", "));
    if shape.len() > 1 {
        header = header.replace(",), }", "), }");
    }
    // The data starts at a multiple of 64.
    let padded = (10 + header.len() + 1).next_multiple_of(64) - 10;
    header.push_str(&" ".repeat(padded - header.len() - 1));
    header.push('\n');
    let mut out = MAGIC.to_vec();
    out.extend([1, 0]);
    out.extend((header.len() as u16).to_le_bytes());
    out.extend(header.as_bytes());
    out.extend(data);
    out
}

/// The bytes of a .npy file of values, `[rows, columns]` or `[rows, columns, 3]`, in the smallest kind of number that
/// holds them exactly: u8, u16 or f32.
pub fn array_bytes(values: &[f32], (height, width): (usize, usize), channels: usize) -> Vec<u8> {
    let whole =
        |most: f32| values.iter().all(|v| v.fract() == 0.0 && (0.0..=most).contains(v) && !v.is_sign_negative());
    let shape = if channels == 1 { vec![height, width] } else { vec![height, width, channels] };
    if whole(255.0) {
        return encode("|u1", &shape, &values.iter().map(|v| *v as u8).collect::<Vec<u8>>());
    }
    if whole(65535.0) {
        return encode("<u2", &shape, &values.iter().flat_map(|v| (*v as u16).to_le_bytes()).collect::<Vec<u8>>());
    }
    encode("<f4", &shape, &values.iter().flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>())
}

/// The bytes of a .npy file of labels, u8.
pub fn label_bytes(map: &super::PhaseMap) -> Vec<u8> {
    let (height, width) = map.size();
    encode("|u1", &[height, width], map.flat())
}
