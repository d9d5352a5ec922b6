//! `microwright selftest`

use anyhow::bail;

use super::print::say;
use crate::compute::graph::Precision;
use crate::compute::{Device, selftest};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The device to check: gpu (the first adapter), or a part of its name.
    #[arg(long, default_value = "gpu")]
    device: String,
    /// With half, also check what half precision needs
    #[arg(long, default_value = "single")]
    precision: Precision,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let device = Device::open(&arguments.device, arguments.precision)?;
    let info = device.info();
    if matches!(device, Device::Cpu) {
        bail!("The CPU runs the native code that devices are checked against; name a GPU (see `microwright devices`).");
    }
    say!("{} ({}, {}) against the native code", info.name, info.backend, info.driver);
    let checks = selftest::run(&device)?;
    for check in &checks {
        let verdict = if check.passed() { "holds" } else { "FAILS" };
        say!("{verdict}  {:<20} {:>8.1e} of {:.0e}  {}", check.name, check.error, check.tolerance, check.case);
    }
    let failed = checks.iter().filter(|c| !c.passed()).count();
    say!("{} of {} checks hold.", checks.len() - failed, checks.len());
    if failed > 0 {
        bail!(
            "{} computes wrong numbers and should not be used. Update its driver, or choose another device.",
            info.name
        );
    }
    Ok(())
}
