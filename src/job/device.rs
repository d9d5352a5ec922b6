//! Opening devices; an adapter or driver that is new is tried before it is used, and the outcome is remembered.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::{Control, Ending, Job, Latest, Wake};
use crate::compute::gpu::{Choices, Gpu, Way};
use crate::compute::graph::Precision;
use crate::compute::kernels::Halves;
use crate::compute::selftest::Check;
use crate::compute::{ComputeError, Device, DeviceInfo, DeviceKind, devices, kernels, selftest};
use crate::net::{Depth, Weights};
use crate::reconstruct::loss::{Loss, LossSettings, cost, grams};
use crate::reconstruct::{Cost, Settings, resources};

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
    let shaders: String = hash.finalize().iter().take(4).map(|b| format!("{b:02x}")).collect();
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

/// The devices and how fast each is.
#[derive(Clone, Debug, Default)]
pub struct DeviceTable {
    /// All devices, the preferred first.
    pub devices: Vec<DeviceInfo>,
    /// Operations a second by device, measured on a small loss; 0 where the device could not be used.
    pub speeds: Vec<f64>,
}

impl DeviceTable {
    /// The device that a setting stands for.
    pub fn chosen(&self, wanted: &str) -> Option<&DeviceInfo> {
        let usable = |d: &&DeviceInfo| d.kind != DeviceKind::Software && self.speed(d) > 0.0;
        match wanted {
            "auto" => self.devices.iter().find(usable),
            "cpu" => self.devices.iter().find(|d| d.kind == DeviceKind::Cpu),
            "gpu" => self.devices.iter().find(|d| d.kind != DeviceKind::Cpu),
            name => self.devices.iter().find(|d| d.name.to_lowercase().contains(&name.to_lowercase())),
        }
    }

    /// Operations a second of a device.
    pub fn speed(&self, device: &DeviceInfo) -> f64 {
        let at = self.devices.iter().position(|d| d == device);
        at.and_then(|at| self.speeds.get(at)).copied().unwrap_or(0.0)
    }

    /// Notes a better measurement.
    pub fn set_speed(&mut self, device: &DeviceInfo, speed: f64) {
        if let Some(at) = self.devices.iter().position(|d| d == device)
            && let Some(noted) = self.speeds.get_mut(at)
        {
            *noted = speed;
        }
    }
}

/// Lists the devices and measures each real one, on a thread of its own.
pub fn probe_devices(wake: Wake) -> (Job, Arc<Latest<DeviceTable>>) {
    let latest = Arc::new(Latest::default());
    let slot = latest.clone();
    let work = move |control: &Control| {
        let mut table = DeviceTable { devices: devices(), speeds: vec![] };
        for info in &table.devices {
            let speed = match info.kind {
                // Measuring a software adapter would take as long as everything else together.
                DeviceKind::Software => 0.0,
                DeviceKind::Cpu => measure(&Device::Cpu).unwrap_or(0.0),
                _ => open(&info.name, &|_| {}).and_then(|d| measure(&d)).unwrap_or(0.0),
            };
            table.speeds.push(speed);
        }
        slot.put(table);
        control.wake();
        Ending::Finished
    };
    (Job::spawn("devices", wake, work), latest)
}

/// Operations a second on a loss that takes a moment.
fn measure(device: &Device) -> Result<f64, ComputeError> {
    const SIZE: (usize, usize) = (96, 96);
    let depth = Depth::named("pool2").unwrap_or(Depth::CONV1_1);
    let weights = Weights::built_in(depth);
    let settings = LossSettings::new(depth);
    let image = selftest::picture(1, SIZE);
    let targets = grams(device, &weights, &image, SIZE, &settings, None)?;
    let mut loss = Loss::new(device, &weights, SIZE, &targets, &settings, None)?;
    loss.evaluate(&image)?;
    let mut quickest = f64::INFINITY;
    for _ in 0..3 {
        let start = Instant::now();
        loss.evaluate(&image)?;
        quickest = quickest.min(start.elapsed().as_secs_f64());
    }
    let cost = cost(device.info().kind, &weights, SIZE, &settings, None)?;
    Ok(cost.operations as f64 / quickest)
}

/// Works out what settings cost, on a thread of its own: the plan of a deep network takes a moment.
pub fn estimate_cost(
    settings: Settings,
    size: (usize, usize),
    kind: DeviceKind,
    wake: Wake,
) -> (Job, Arc<Latest<Option<Cost>>>) {
    let latest = Arc::new(Latest::default());
    let slot = latest.clone();
    let work = move |control: &Control| {
        let deepest = settings.taps().last().map_or(settings.depth, |(depth, _)| *depth);
        // The original is taken to be as large as the result.
        let cost = resources(kind, &Weights::blank(deepest), &settings, size, size);
        slot.put(cost.ok());
        control.wake();
        Ending::Finished
    };
    (Job::spawn("estimate", wake, work), latest)
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
