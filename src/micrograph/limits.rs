//! How large pictures may be, and the range of their values.

use std::path::Path;

use super::error::{MicrographError, malformed};
use super::picture::MOST_PIXELS;

/// Refuses sizes that cannot be handled, before anything is allocated.
pub fn check_size(height: u64, width: u64, path: &Path) -> Result<(), MicrographError> {
    if height == 0 || width == 0 {
        return Err(malformed(path, "it has no pixels"));
    }
    match height.checked_mul(width) {
        Some(pixels) if pixels <= MOST_PIXELS => Ok(()),
        _ => Err(MicrographError::TooLarge { path: path.into(), height, width }),
    }
}

/// The least and the largest value, as black and white of data without a scale of its own.
pub fn extremes<'a>(values: impl IntoIterator<Item = &'a f32>) -> (f32, f32) {
    values.into_iter().fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), v| (low.min(*v), high.max(*v)))
}
