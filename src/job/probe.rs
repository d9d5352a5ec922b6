//! The devices of this machine, and how fast each is.

use std::time::Instant;

use super::device::open;
use super::{Control, Ending, Failure, Task};
use crate::compute::{ComputeError, Device, DeviceInfo, DeviceKind, devices, selftest};
use crate::net::{Layer, Weights};
use crate::reconstruct::loss::{Loss, LossSettings, cost, grams};

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

    /// Replaces the speed of a device by a better measurement.
    pub fn set_speed(&mut self, device: &DeviceInfo, speed: f64) {
        if let Some(at) = self.devices.iter().position(|d| d == device)
            && let Some(noted) = self.speeds.get_mut(at)
        {
            *noted = speed;
        }
    }
}

/// Lists the devices and measures each but the software adapters.
pub struct Probe;

impl Task for Probe {
    const NAME: &'static str = "devices";
    type Progress = ();
    type Output = DeviceTable;

    fn run(self, control: &Control<(), DeviceTable>) -> Result<Ending, Failure> {
        let mut table = DeviceTable { devices: devices(), speeds: vec![] };
        for info in &table.devices {
            let speed = match info.kind {
                // Measuring a software adapter would take longer than all others together.
                DeviceKind::Software => 0.0,
                DeviceKind::Cpu => measure(&Device::Cpu).unwrap_or(0.0),
                _ => open(&info.name, &|_| {}).and_then(|d| measure(&d)).unwrap_or(0.0),
            };
            table.speeds.push(speed);
        }
        control.output(table);
        Ok(Ending::Finished)
    }
}

/// Operations a second on a small loss.
fn measure(device: &Device) -> Result<f64, ComputeError> {
    const SIZE: (usize, usize) = (96, 96);
    let depth = Layer::named("pool2").unwrap_or(Layer::CONV1_1);
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
