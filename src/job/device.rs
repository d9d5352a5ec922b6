//! Opening devices; an adapter or driver that is new is tried before it is used, and the outcome is remembered.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::Control;
use crate::compute::gpu::{Choices, Gpu, Way};
use crate::compute::graph::Precision;
use crate::compute::kernels::Halves;
use crate::compute::selftest::Check;
use crate::compute::{ComputeError, Device, DeviceInfo, kernels, selftest};
use crate::latent::LatentError;
use crate::reconstruct::ReconstructError;

/// The outcomes of self-tests: empty when all held, else what did not.
type Outcomes = BTreeMap<String, String>;

fn outcomes_path() -> PathBuf {
    crate::folders::data().join("selftest.json")
}

/// Adapter, driver and shaders: what was tried is no proof for others.
fn key(info: &DeviceInfo) -> String {
    let mut hash = Sha256::new();
    for halves in [Halves::default(), Halves { read: true, write: true }] {
        kernels::ALL.iter().for_each(|kernel| hash.update(kernel.wgsl(halves)));
    }
    let shaders = crate::folders::hex(&hash.finalize()[..4]);
    format!("{} / {} / {} / {shaders}", info.name, info.backend, info.driver)
}

/// What a file of memories says; one that is damaged or from elsewhere says nothing.
fn read_memories<T: DeserializeOwned + Default>(path: &Path) -> T {
    /// Far more than all adapters of a machine take.
    const MOST: u64 = 1 << 20;
    let mut text = String::new();
    let read = std::fs::File::open(path).and_then(|file| file.take(MOST).read_to_string(&mut text));
    read.ok().and_then(|_| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// Writes one. Not to remember costs a moment at the next start, no more.
fn write_memories<T: Serialize>(path: &Path, memories: &T) {
    if let Ok(text) = serde_json::to_string_pretty(memories) {
        let _ = crate::folders::write_atomically(path, text.as_bytes());
    }
}

/// The quickest kernels of each adapter, driver and version, as far as they were measured.
pub type QuickestKernels = BTreeMap<String, Choices>;

fn quickest_path() -> PathBuf {
    crate::folders::data().join("kernels.json")
}

/// What a file of the quickest kernels says; one that is damaged or from elsewhere says nothing.
pub fn read_quickest_kernels(path: &Path) -> QuickestKernels {
    read_memories(path)
}

/// Tells an adapter what was measured on it before, and has it written down when it measures more.
fn remember_quickest(gpu: &Gpu) {
    let key = key(gpu.info());
    let known = read_quickest_kernels(&quickest_path()).remove(&key).unwrap_or_default();
    gpu.know(known, move |choices| {
        let mut all = read_quickest_kernels(&quickest_path());
        all.entry(key.clone()).or_default().extend(choices.clone());
        write_memories(&quickest_path(), &all);
    });
}

/// What is tried of an adapter: single precision, half precision, and cooperative matrices, each with its key's end.
const TRIED: [&str; 3] = ["", " / half precision", " / cooperative matrices"];

/// Which of [`TRIED`] a check is about.
fn tried_by(check: &Check) -> usize {
    match (check.precision, check.way) {
        (Precision::Single, _) => 0,
        (Precision::Half, Way::Cooperative) => 2,
        (Precision::Half, _) => 1,
    }
}

/// What is wrong with each of [`TRIED`] on an adapter, or nothing; tried now unless that is remembered.
fn wrong_with(device: &Device) -> Result<[String; 3], ComputeError> {
    let tried = if device.has(Precision::Half) { &TRIED[..] } else { &TRIED[..1] };
    let adapter = key(&device.info());
    let keys: Vec<String> = tried.iter().map(|end| format!("{adapter}{end}")).collect();
    let mut outcomes: Outcomes = read_memories(&outcomes_path());
    if !keys.iter().all(|key| outcomes.contains_key(key)) {
        let failed: Vec<Check> = selftest::run(device)?.into_iter().filter(|check| !check.passed()).collect();
        let text =
            |check: &Check| format!("{}: off by {:.1e}, allowed {:.0e}", check.name, check.error, check.tolerance);
        outcomes = read_memories(&outcomes_path());
        for (n, key) in keys.iter().enumerate() {
            let of: Vec<String> = failed.iter().filter(|check| tried_by(check) == n).map(text).collect();
            outcomes.insert(key.clone(), of.join("; "));
        }
        write_memories(&outcomes_path(), &outcomes);
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

/// Opens a device by name (see [`Device::open`]). With `auto`, an adapter that fails or computes wrongly gives way to
/// the CPU, and `warn` says so; asked for by name, it is an error.
///
/// # Errors
/// There is no such device, it computes wrongly, or it has no numbers of 16 bits for half precision.
pub fn open_for(wanted: &str, precision: Precision, warn: &dyn Fn(String)) -> Result<Device, ComputeError> {
    let tried = Device::open(wanted, precision).and_then(|device| {
        let Device::Gpu(gpu) = &device else { return Ok(device) };
        let [single, half, cooperative] = wrong_with(&device)?;
        let name = device.info().name;
        if !single.is_empty() {
            return Err(ComputeError::WrongNumbers { device: name, what: single });
        }
        if !half.is_empty() {
            return Err(ComputeError::WrongHalves { device: name, what: half });
        }
        if !cooperative.is_empty() {
            warn(format!("The cooperative matrices of {name} compute wrong numbers ({cooperative}) and are not used."));
            gpu.leave_cooperative();
        }
        remember_quickest(gpu);
        Ok(device)
    });
    let device = match tried {
        // Single precision would serve better than the cores.
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

/// A device that is lost more often is broken.
const MOST_LOSSES: usize = 3;
/// A driver that is reset takes a moment.
const RESET: Duration = Duration::from_millis(300);

/// Opens a device by name, as [`open_for`] does, and does `work` on it. Where the device is lost in the middle, it is
/// opened again, and `work` goes on from where it was: it is called again, up to three times, and keeps what it has
/// made. With `auto` the cores take over where no device opens any more.
///
/// # Errors
/// The device cannot be opened, or `work` fails for another reason than a lost device.
pub fn with_device<P, O, R, E: From<ComputeError> + OnDevice>(
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
        let Some(ComputeError::DeviceLost { device: name, reason }) = error.of_device() else { return Err(error) };
        control.warn(format!(
            "The device {name} was lost ({reason}). It is opened again, and the work goes on from where it was."
        ));
        std::thread::sleep(RESET);
        device = open()?;
    }
    work(device)
}

/// An error that may come from the device.
pub trait OnDevice {
    /// The device's error, if it is one.
    fn of_device(&self) -> Option<&ComputeError>;
}

impl OnDevice for ReconstructError {
    fn of_device(&self) -> Option<&ComputeError> {
        match self {
            Self::Compute(error) => Some(error),
            _ => None,
        }
    }
}

impl OnDevice for LatentError {
    fn of_device(&self) -> Option<&ComputeError> {
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
        let choices = Choices::from([("64 to 64 channels".to_string(), Way::Winograd)]);
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
