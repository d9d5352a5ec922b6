//! Transmission electron microscopes and light microscopes: Gatan, Olympus.

use std::io::{Read, Seek, SeekFrom};

use super::text::Facts;
use crate::micrograph::calibration::unit_metres;
use crate::micrograph::tags::{Entry, Tags};

/// The tags of both makers.
pub const OLYMPUS: u16 = 33560;
pub const GATAN_UNIT: u16 = 65003;
pub const GATAN_SCALE: [u16; 2] = [65009, 65010];

/// Gatan DigitalMicrograph: a unit and lengths of a pixel along x and y.
pub fn gatan(tags: &Tags) -> Option<Facts> {
    let unit = unit_metres(&tags.text(GATAN_UNIT)?)?;
    let size = |n: usize| tags.number(GATAN_SCALE[n]).map(|v| v.abs() * unit);
    Some(Facts::new(size(0)?, "Gatan tag")?.high(size(1)))
}

/// Olympus Soft Imaging: a block `SIS0` with a list of blocks, of which the one of type 1 holds lengths of a pixel along x
/// and y and the power of ten of their unit. All numbers in it have their least significant byte first.
pub fn olympus(file: &mut (impl Read + Seek), entry: &Entry, tags: &Tags) -> Option<Facts> {
    // The tag holds the block, or says where it stands.
    let at = if entry.bytes.starts_with(b"SIS0") { entry.at } else { tags.number(OLYMPUS)? as u64 };
    let mut read = |at: u64, count: usize| -> Option<Vec<u8>> {
        file.seek(SeekFrom::Start(at)).ok()?;
        let mut bytes = vec![0; count];
        file.read_exact(&mut bytes).ok()?;
        Some(bytes)
    };
    let head = read(at, 60)?;
    head.starts_with(b"SIS0").then_some(())?;
    let count = u16::from_le_bytes([head[58], head[59]]).min(256);
    let list = read(at + 60, 8 * usize::from(count))?;
    let general = list.chunks_exact(8).find(|block| block[..2] == [1, 0])?;
    let block = read(u32::from_le_bytes([general[4], general[5], general[6], general[7]]).into(), 28)?;
    let power = i16::from_le_bytes([block[10], block[11]]);
    let double = |from: usize| Some(f64::from_le_bytes(block[from..from + 8].try_into().ok()?));
    let unit = 10f64.powi(power.into());
    Some(Facts::new(double(12)? * unit, "Olympus tag")?.high(Some(double(20)? * unit)))
}
