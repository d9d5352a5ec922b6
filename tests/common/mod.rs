//! What several tests share: the reference folder beside the project, and comparisons.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::Write;
use std::path::PathBuf;

use microwright::compute::graph::Precision;
use microwright::compute::{ComputeError, Device};

/// The reference values beside the project, where they are. With `MICROWRIGHT_REQUIRE_GOLDEN=1` they have to be there;
/// without them a test says that it was skipped, past the harness, which hides what passing tests print.
pub fn reference() -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared");
    if folder.join("reference/gram_golden.json").is_file() {
        return Some(folder);
    }
    let missing = format!("the golden values and the trained network are not in {}", folder.display());
    assert!(!is_required("MICROWRIGHT_REQUIRE_GOLDEN"), "MICROWRIGHT_REQUIRE_GOLDEN=1, but {missing}");
    let _ = writeln!(std::io::stderr(), "SKIPPED: {missing}");
    None
}

/// Whether a variable of the environment is 1.
fn is_required(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| value == "1")
}

/// Largest difference relative to the largest expected value; NaN anywhere is infinitely far.
pub fn distance(found: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(found.len(), expected.len(), "lengths differ");
    let scale = expected.iter().fold(f64::MIN_POSITIVE, |m, v| m.max(v.abs()));
    let worst = found.iter().zip(expected).map(|(f, e)| {
        let d = (f64::from(*f) - e).abs() / scale;
        if d.is_nan() { f64::INFINITY } else { d }
    });
    worst.fold(0.0, f64::max)
}

/// The CPU, and an adapter where there is one (with `MICROWRIGHT_REQUIRE_GPU=1` there has to be).
pub fn devices() -> Vec<Device> {
    let mut devices = vec![Device::Cpu];
    devices.extend(gpu());
    devices
}

/// The first adapter opened for half precision, if it has that.
pub fn half_gpu() -> Option<Device> {
    let device = gpu()?;
    match Device::open("gpu", Precision::Half) {
        Ok(device) => Some(device),
        Err(error @ ComputeError::NoHalves { .. }) => {
            eprintln!("skipped on {}: {error}", device.info().name);
            None
        }
        Err(error) => panic!("{error}"),
    }
}

/// The first adapter, a software one too.
pub fn gpu() -> Option<Device> {
    match Device::open("gpu", Precision::Single) {
        Ok(device) => Some(device),
        Err(error) if is_required("MICROWRIGHT_REQUIRE_GPU") => {
            panic!("MICROWRIGHT_REQUIRE_GPU=1, but no adapter: {error}")
        }
        Err(error) => {
            eprintln!("skipped on the GPU: {error}");
            None
        }
    }
}

/// Pseudo-random numbers in −1 … 1, the same everywhere.
pub fn noise(seed: u64, len: usize) -> Vec<f32> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(1);
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn the_distance_can_fail() {
    assert!(distance(&[1.0, 2.0], &[1.0, 2.5]) > 0.1);
    assert!(distance(&[f32::NAN], &[0.0]).is_infinite());
    assert_eq!(distance(&[1.0, 2.0], &[1.0, 2.0]), 0.0);
}
