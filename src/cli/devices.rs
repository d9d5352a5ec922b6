//! `microwright devices`

use crate::compute::{DeviceKind, devices};

pub fn run() -> anyhow::Result<()> {
    let all = devices();
    let chosen = all.iter().position(|d| d.kind != DeviceKind::Software);
    let mut text = String::new();
    for (n, device) in all.iter().enumerate() {
        let mark = if Some(n) == chosen { "*" } else { " " };
        text.push_str(&format!(
            "{mark} {} ({}, {}, {})\n",
            device.name,
            device.kind.name(),
            device.backend,
            device.driver
        ));
    }
    if all.len() == 1 {
        text.push_str("No Vulkan, Metal or Direct3D 12 driver was found. The CPU needs none.\n");
    }
    super::print::print(&text)
}
