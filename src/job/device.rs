//! Opening devices. A new adapter or driver is tested before it is used, and the result is saved.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::Control;
use crate::compute::gpu::Gpu;
use crate::compute::graph::Precision;
use crate::compute::kernels::Halves;
use crate::compute::kernels::{Algorithm, Choices};
use crate::compute::selftest::Check;
use crate::compute::{ComputeError, Device, DeviceInfo, kernels, selftest};
use crate::latent::LatentError;
use crate::reconstruct::ReconstructError;

/// Results of self-tests by key: empty if all checks passed, else the failed checks in words.
type Outcomes = BTreeMap<String, String>;

fn outcomes_path() -> PathBuf {
    crate::folders::data().join("selftest.json")
}

/// The key of saved results: adapter, driver and shaders. A result says nothing about any other combination.
fn key(info: &DeviceInfo) -> String {
    let mut hash = Sha256::new();
    for halves in [Halves::default(), Halves { read: true, write: true }] {
        kernels::ALL.iter().for_each(|kernel| hash.update(kernel.wgsl(halves)));
    }
    let shaders = crate::folders::hex(&hash.finalize()[..4]);
    format!("{} / {} / {} / {shaders}", info.name, info.backend, info.driver)
}

/// Reads a file of saved results; one that is damaged or of another form counts as empty.
fn read_saved<T: DeserializeOwned + Default>(path: &Path) -> T {
    /// Far more bytes than the results of all adapters of a machine take.
    const MOST: u64 = 1 << 20;
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(MOST).read_to_string(&mut text));
    read.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// Writes a file of saved results. An error is ignored: it only costs some time at the next start.
fn write_saved<T: Serialize>(path: &Path, results: &T) {
    if let Ok(text) = serde_json::to_string_pretty(results) {
        let _ = crate::folders::write_atomically(path, text.as_bytes());
    }
}

/// The fastest algorithms measured so far, by the key of adapter, driver and shaders.
pub type QuickestKernels = BTreeMap<String, Choices>;

fn quickest_path() -> PathBuf {
    crate::folders::data().join("kernels.json")
}

/// Reads the file of the fastest algorithms; one that is damaged or of another form counts as empty.
pub fn read_quickest_kernels(path: &Path) -> QuickestKernels {
    read_saved(path)
}

/// Gives an adapter the algorithms that were measured on it before, and saves those that it measures later.
fn use_saved_choices(gpu: &Gpu) {
    let key = key(gpu.info());
    let known = read_quickest_kernels(&quickest_path()).remove(&key).unwrap_or_default();
    gpu.set_choices(known, move |choices| {
        let mut all = read_quickest_kernels(&quickest_path());
        all.entry(key.clone()).or_default().extend(choices.clone());
        write_saved(&quickest_path(), &all);
    });
}

/// What is tested on an adapter, as the endings of the keys: single precision, half precision, cooperative matrices.
const TEST_GROUPS: [&str; 3] = ["", " / half precision", " / cooperative matrices"];

/// The index in [`TEST_GROUPS`] of a check.
fn test_group(check: &Check) -> usize {
    match (check.precision, check.algorithm) {
        (Precision::Single, _) => 0,
        (Precision::Half, Algorithm::Cooperative) => 2,
        (Precision::Half, _) => 1,
    }
}

/// The failed checks of each of [`TEST_GROUPS`], in words; empty if all passed. Runs the self-test if no result of it
/// is saved.
fn failed_checks(device: &Device) -> Result<[String; 3], ComputeError> {
    let groups = if device.has(Precision::Half) { &TEST_GROUPS[..] } else { &TEST_GROUPS[..1] };
    let adapter = key(&device.info());
    let keys: Vec<String> = groups.iter().map(|end| format!("{adapter}{end}")).collect();
    let mut outcomes: Outcomes = read_saved(&outcomes_path());
    if !keys.iter().all(|key| outcomes.contains_key(key)) {
        let failed: Vec<Check> = selftest::run(device)?.into_iter().filter(|check| !check.passed()).collect();
        let text =
            |check: &Check| format!("{}: off by {:.1e}, allowed {:.0e}", check.name, check.error, check.tolerance);
        outcomes = read_saved(&outcomes_path());
        for (n, key) in keys.iter().enumerate() {
            let of: Vec<String> = failed.iter().filter(|check| test_group(check) == n).map(text).collect();
            outcomes.insert(key.clone(), of.join("; "));
        }
        write_saved(&outcomes_path(), &outcomes);
    }
    let mut wrong = keys.into_iter().map(|key| outcomes.remove(&key).unwrap_or_default());
    Ok(std::array::from_fn(|_| wrong.next().unwrap_or_default()))
}

/// Opens a device by name for single precision, as [`open_for`] does.
///
/// # Errors
/// As for [`open_for`].
pub fn open(wanted: &str, warn: &dyn Fn(String)) -> Result<Device, ComputeError> {
    open_for(wanted, Precision::Single, warn)
}

/// Opens a device by name (see [`Device::open`]). If an adapter cannot be opened or computes wrong numbers, `auto`
/// calls `warn` and falls back to the CPU. If only half precision is missing or wrong, that is an error even with
/// `auto`.
///
/// # Errors
/// There is no such device, it computes wrong numbers, or it does not support 16-bit numbers for half precision.
pub fn open_for(wanted: &str, precision: Precision, warn: &dyn Fn(String)) -> Result<Device, ComputeError> {
    let tried = Device::open(wanted, precision).and_then(|device| {
        let Device::Gpu(gpu) = &device else { return Ok(device) };
        let [single, half, cooperative] = failed_checks(&device)?;
        let name = device.info().name;
        if !single.is_empty() {
            return Err(ComputeError::WrongNumbers { device: name, what: single });
        }
        if !half.is_empty() {
            return Err(ComputeError::WrongHalves { device: name, what: half });
        }
        if !cooperative.is_empty() {
            warn(format!("The cooperative matrices of {name} compute wrong numbers ({cooperative}) and are not used."));
            gpu.disable_cooperative();
        }
        use_saved_choices(gpu);
        Ok(device)
    });
    let device = match tried {
        // Single precision on the adapter is faster than the CPU; the message suggests it.
        Err(error @ (ComputeError::NoHalves { .. } | ComputeError::WrongHalves { .. })) => return Err(error),
        Err(error) if wanted == "auto" => {
            warn(format!("{error} The CPU is used instead."));
            Device::Cpu
        }
        other => other?,
    };
    if precision == Precision::Half && matches!(device, Device::Cpu) {
        warn("Half precision is for GPUs; the CPU computes in single precision.".into());
    }
    Ok(device)
}

/// A device that is lost more often than this is considered broken.
const MOST_LOSSES: usize = 3;
/// How long a driver may take to reset.
const RESET_TIME: Duration = Duration::from_millis(300);

/// Opens a device by name, as [`open_for`] does, and runs `work` on it. If the device is lost, it is opened again and
/// `work` is called again, up to three times; `work` itself has to continue where it stopped. With `auto`, the CPU is
/// used once no other device can be opened.
///
/// # Errors
/// The device cannot be opened, or `work` fails for another reason than a lost device.
pub fn with_device<P, O, R, E: From<ComputeError> + MaybeDeviceError>(
    wanted: &str,
    precision: Precision,
    control: &Control<P, O>,
    mut work: impl FnMut(Device) -> Result<R, E>,
) -> Result<R, E> {
    let open = || open_for(wanted, precision, &|text| control.warn(text));
    let mut device = open()?;
    for _ in 0..MOST_LOSSES {
        let error = match work(device) {
            Err(error) => error,
            done => return done,
        };
        let Some(ComputeError::DeviceLost { device: name, reason }) = error.device_error() else { return Err(error) };
        control.warn(format!(
            "The device {name} was lost ({reason}). It is opened again, and the work continues where it stopped."
        ));
        std::thread::sleep(RESET_TIME);
        device = open()?;
    }
    work(device)
}

/// An error that may come from the device.
pub trait MaybeDeviceError {
    /// The device's error, if it is one.
    fn device_error(&self) -> Option<&ComputeError>;
}

impl MaybeDeviceError for ReconstructError {
    fn device_error(&self) -> Option<&ComputeError> {
        match self {
            Self::Compute(error) => Some(error),
            _ => None,
        }
    }
}

impl MaybeDeviceError for LatentError {
    fn device_error(&self) -> Option<&ComputeError> {
        match self {
            Self::Compute(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_quickest_kernels_that_is_damaged_or_foreign_says_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("kernels.json");
        assert!(read_quickest_kernels(&path).is_empty());
        let choices = Choices::from([("64 to 64 channels".to_string(), Algorithm::Winograd)]);
        let text =
            serde_json::to_string(&QuickestKernels::from([("an adapter".to_string(), choices.clone())])).expect("text");
        std::fs::write(&path, &text).expect("written");
        assert_eq!(read_quickest_kernels(&path).get("an adapter"), Some(&choices));
        let foreign = ["", "[1, 2]", "{\"an adapter\": {\"64\": \"fast\"}}", "{\"an adapter\": 3}", "\u{0}"];
        for bad in foreign.into_iter().chain((0..text.len()).map(|end| &text[..end])) {
            std::fs::write(&path, bad).expect("written");
            assert!(read_quickest_kernels(&path).is_empty(), "{bad}");
        }
        std::fs::write(&path, "[".repeat(5 << 20)).expect("written");
        assert!(read_quickest_kernels(&path).is_empty());
    }
}
