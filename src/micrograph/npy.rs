//! NumPy's .npy files (format versions 1 to 3): numbers only, never pickles.
//!
//! The header is scanned for its three fields rather than parsed as Python, so that no nesting in a hostile file can
//! exhaust the stack.

use std::io::Read;
use std::path::Path;

use ndarray::{Array3, ShapeBuilder, s};

use super::limits::{check_size, extremes};
use super::{MicrographError, malformed};

/// The first bytes of such a file.
pub const MAGIC: &[u8] = b"\x93NUMPY";
/// The longest header that is read.
const MOST_HEADER: u64 = 1 << 16;

struct Header {
    big_endian: bool,
    kind: char,
    bytes: usize,
    fortran_order: bool,
    shape: Vec<u64>,
}

/// Reads a two-dimensional array, or one with a last axis of 1, 3 or 4 channels, as `[rows, columns, channels]`; of four
/// channels the first three. Also the values that stand for black and white.
///
/// # Errors
/// The file cannot be read, is damaged, or holds an array of another kind.
pub fn read(file: &mut impl Read, path: &Path) -> Result<(Array3<f32>, (f32, f32)), MicrographError> {
    let header = read_header(file, path)?;
    let (height, width, channels) = match *header.shape.as_slice() {
        [h, w] => (h, w, 1),
        [h, w, c @ (1 | 3 | 4)] => (h, w, c),
        ref other => {
            let reason = format!("its shape is {other:?}; it should be (rows, columns) or (rows, columns, 3)");
            return Err(malformed(path, reason));
        }
    };
    check_size(height, width, path)?;
    let count = (height * width * channels) as usize;
    let mut bytes = vec![];
    let expected = count * header.bytes;
    let unreadable = |source| MicrographError::Read { path: path.into(), source };
    file.take(expected as u64).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() < expected {
        return Err(malformed(path, format!("it ends after {} of {expected} bytes of data", bytes.len())));
    }
    let stored: Vec<f32> = bytes.chunks_exact(header.bytes).map(|b| number(&header, b)).collect();
    let shape = (height as usize, width as usize, channels as usize).set_f(header.fortran_order);
    let array = Array3::from_shape_vec(shape, stored).expect("as many values as the shape has");
    let values = array.slice(s![.., .., ..array.dim().2.min(3)]).as_standard_layout().into_owned();
    let range = match (header.kind, header.bytes) {
        ('b', _) => (0.0, 1.0),
        ('u', 1) => (0.0, 255.0),
        ('u', 2) => (0.0, 65535.0),
        _ => extremes(&values),
    };
    Ok((values, range))
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

fn number(header: &Header, bytes: &[u8]) -> f32 {
    // The most significant byte first, widened to eight.
    let mut wide = [0; 8];
    let n = bytes.len();
    for (k, b) in bytes.iter().enumerate() {
        wide[8 - n + if header.big_endian { k } else { n - 1 - k }] = *b;
    }
    let unsigned = u64::from_be_bytes(wide);
    match header.kind {
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
