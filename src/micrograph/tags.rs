//! The directories of a TIFF file, classic or BigTIFF: where pages begin, and the values of their tags.
//!
//! Every number comes from outside; nothing here trusts a length.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek, SeekFrom};

/// The most pages that are counted, and the most entries of a page.
pub const MOST_PAGES: usize = 100_000;
const MOST_ENTRIES: u64 = 4096;
/// The longest value that is read.
pub const MOST_VALUE: u64 = 4 << 20;

/// Tags that are read.
pub const SUBFILE: u16 = 254;
pub const WIDTH: u16 = 256;
pub const HEIGHT: u16 = 257;
pub const BITS: u16 = 258;
pub const COMPRESSION: u16 = 259;
pub const PHOTOMETRIC: u16 = 262;
pub const DESCRIPTION: u16 = 270;
pub const STRIP_OFFSETS: u16 = 273;
pub const ORIENTATION: u16 = 274;
pub const SAMPLES: u16 = 277;
pub const X_RESOLUTION: u16 = 282;
pub const Y_RESOLUTION: u16 = 283;
pub const PLANES: u16 = 284;
pub const RESOLUTION_UNIT: u16 = 296;
pub const COLOR_MAP: u16 = 320;
pub const TILE_WIDTH: u16 = 322;
pub const EXTRA_SAMPLES: u16 = 338;
pub const SAMPLE_FORMAT: u16 = 339;
pub const LEAST_VALUES: [u16; 2] = [340, 280];
pub const LARGEST_VALUES: [u16; 2] = [341, 281];

/// How a file writes numbers and offsets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Whether the least significant byte comes first.
    pub little: bool,
    /// Whether offsets have 64 bits (BigTIFF).
    pub big: bool,
}

/// The layout of a file that starts with these bytes; `None` if it is no TIFF file.
pub fn layout(start: &[u8]) -> Option<Layout> {
    Some(match start.get(..4)? {
        b"II*\0" => Layout { little: true, big: false },
        b"MM\0*" => Layout { little: false, big: false },
        b"II+\0" => Layout { little: true, big: true },
        b"MM\0+" => Layout { little: false, big: true },
        _ => return None,
    })
}

impl Layout {
    /// An unsigned number of as many bytes.
    pub fn number(self, bytes: &[u8]) -> u64 {
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        if self.little { bytes.iter().rev().fold(0, add) } else { bytes.iter().fold(0, add) }
    }

    /// The bytes of an unsigned number.
    pub fn bytes(self, number: u64, count: usize) -> Vec<u8> {
        let mut bytes = number.to_le_bytes()[..count].to_vec();
        if !self.little {
            bytes.reverse();
        }
        bytes
    }
}

/// The value of a tag.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The number of its type.
    kind: u16,
    /// Where its first byte stands in the file.
    pub at: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The bytes of one value of a type; 0 for unknown ones.
fn size_of(kind: u16) -> u64 {
    match kind {
        1 | 2 | 6 | 7 => 1,
        3 | 8 => 2,
        4 | 9 | 11 | 13 => 4,
        5 | 10 | 12 | 16..=18 => 8,
        _ => 0,
    }
}

/// The wanted tags of one page.
#[derive(Clone, Debug)]
pub struct Tags {
    /// How the file writes numbers.
    pub layout: Layout,
    entries: HashMap<u16, Entry>,
}

/// Reads as many bytes at a place.
fn bytes_at(file: &mut (impl Read + Seek), at: u64, count: u64) -> Option<Vec<u8>> {
    file.seek(SeekFrom::Start(at)).ok()?;
    let mut bytes = vec![];
    file.take(count).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 == count).then_some(bytes)
}

/// The layout of a file and where its pages begin, without the reduced copies that some programs put among them.
pub fn pages(file: &mut (impl Read + Seek)) -> Option<(Layout, Vec<Page>)> {
    let start = bytes_at(file, 0, 8)?;
    let layout = layout(&start)?;
    let mut at = if layout.big { layout.number(&bytes_at(file, 8, 8)?) } else { layout.number(&start[4..]) };
    let (mut seen, mut pages) = (HashSet::new(), vec![]);
    while at != 0 && seen.len() < MOST_PAGES && seen.insert(at) {
        let Some((tags, next)) = Tags::read(file, layout, at, &[SUBFILE]) else { break };
        if pages.is_empty() || tags.number(SUBFILE).is_none_or(|kind| kind as u64 & 1 == 0) {
            pages.push(Page { at, place: seen.len() - 1 });
        }
        at = next;
    }
    Some((layout, pages))
}

/// A page of a file.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Where its directory begins.
    pub at: u64,
    /// Its number among all directories, reduced copies included.
    pub place: usize,
}

impl Tags {
    /// Reads the wanted tags of the directory at a place; also where the next directory begins.
    pub fn read(file: &mut (impl Read + Seek), layout: Layout, at: u64, wanted: &[u16]) -> Option<(Self, u64)> {
        // Bytes of the number of entries, of an entry, and of a value that needs no offset.
        let (count, each, inline) = if layout.big { (8, 20, 8) } else { (2, 12, 4) };
        let number = layout.number(&bytes_at(file, at, count)?);
        let table = bytes_at(file, at.checked_add(count)?, number.min(MOST_ENTRIES) * each)?;
        let end = at.checked_add(count)?.checked_add(number.checked_mul(each)?)?;
        let next = bytes_at(file, end, inline).map_or(0, |bytes| layout.number(&bytes));
        let mut entries = HashMap::new();
        for (n, entry) in table.chunks_exact(each as usize).enumerate() {
            let (tag, kind) = (layout.number(&entry[..2]) as u16, layout.number(&entry[2..4]) as u16);
            let value = each as usize - inline as usize;
            let length = layout.number(&entry[4..value]).saturating_mul(size_of(kind));
            if !wanted.contains(&tag) || length == 0 || length > MOST_VALUE {
                continue;
            }
            let here = at + count + n as u64 * each + value as u64;
            let at = if length <= inline { here } else { layout.number(&entry[value..]) };
            if let Some(bytes) = bytes_at(file, at, length) {
                entries.insert(tag, Entry { kind, at, bytes });
            }
        }
        Some((Self { layout, entries }, next))
    }

    /// A tag's bytes and their place.
    pub fn entry(&self, tag: u16) -> Option<&Entry> {
        self.entries.get(&tag)
    }

    /// A tag's text.
    pub fn text(&self, tag: u16) -> Option<String> {
        Some(decode(&self.entries.get(&tag)?.bytes))
    }

    /// All numbers of a tag, whatever their type.
    pub fn numbers(&self, tag: u16) -> Vec<f64> {
        let Some(Entry { kind, bytes, .. }) = self.entries.get(&tag) else { return vec![] };
        let layout = self.layout;
        let part = |bytes: &[u8]| layout.number(bytes);
        let one = |b: &[u8]| match kind {
            5 => part(&b[..4]) as f64 / part(&b[4..]) as f64,
            6 => f64::from(b[0] as i8),
            8 => f64::from(part(b) as u16 as i16),
            9 => f64::from(part(b) as u32 as i32),
            10 => f64::from(part(&b[..4]) as u32 as i32) / f64::from(part(&b[4..]) as u32 as i32),
            11 => f64::from(f32::from_bits(part(b) as u32)),
            12 => f64::from_bits(part(b)),
            17 => part(b) as i64 as f64,
            _ => part(b) as f64,
        };
        bytes.chunks_exact(size_of(*kind).max(1) as usize).map(one).collect()
    }

    /// The first number of a tag as a whole one, or another where the tag is missing.
    pub fn whole(&self, tag: u16, otherwise: u64) -> u64 {
        self.number(tag).map_or(otherwise, |v| v as u64)
    }

    /// The first number of a tag.
    pub fn number(&self, tag: u16) -> Option<f64> {
        self.numbers(tag).first().copied().filter(|v| v.is_finite())
    }
}

/// Text as other programs write it: UTF-16 with its mark or without, UTF-8, or Latin-1, in which older programs write µ.
pub fn decode(bytes: &[u8]) -> String {
    let wide = |bytes: &[u8], little: bool| {
        let unit = |b: &[u8]| if little { u16::from_le_bytes([b[0], b[1]]) } else { u16::from_be_bytes([b[0], b[1]]) };
        String::from_utf16_lossy(&bytes.chunks_exact(2).map(unit).collect::<Vec<u16>>())
    };
    // Without a mark, every other byte of Latin letters is zero.
    let zeros = |from: usize| bytes.iter().skip(from).step_by(2).take(64).filter(|b| **b == 0).count();
    let (even, odd, pairs) = (zeros(0), zeros(1), (bytes.len() / 2).min(64));
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => wide(rest, true),
        [0xFE, 0xFF, rest @ ..] => wide(rest, false),
        _ if pairs > 3 && odd * 10 > pairs * 7 && even * 10 < pairs => wide(bytes, true),
        _ if pairs > 3 && even * 10 > pairs * 7 && odd * 10 < pairs => wide(bytes, false),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => bytes.iter().map(|b| char::from(*b)).collect(),
        },
    };
    text.trim_end_matches('\0').into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_in_every_encoding() {
        let text = "PixelSize=9.92 µm\r\n";
        let wide = |little: bool| -> Vec<u8> {
            text.encode_utf16().flat_map(|u| if little { u.to_le_bytes() } else { u.to_be_bytes() }).collect()
        };
        let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
        let marked = |mark: &[u8], rest: Vec<u8>| [mark, &rest].concat();
        for bytes in [
            text.as_bytes().to_vec(),
            marked(&[0xEF, 0xBB, 0xBF], text.as_bytes().to_vec()),
            latin,
            wide(true),
            wide(false),
            marked(&[0xFF, 0xFE], wide(true)),
            marked(&[0xFE, 0xFF], wide(false)),
        ] {
            assert_eq!(decode(&bytes), text);
        }
    }
}
