//! What devices are called, and of which kind they are.

/// The kind of a device, in order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// A card with its own memory.
    Discrete,
    /// A GPU that shares the machine's memory, or is of an unknown kind.
    Integrated,
    /// The native code on this machine's cores.
    Cpu,
    /// A driver that computes shaders on the cores: far slower than the native code, used only when asked for.
    Software,
}

impl DeviceKind {
    /// The kind in words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Discrete => "discrete GPU",
            Self::Integrated => "integrated GPU",
            Self::Cpu => "CPU",
            Self::Software => "software GPU",
        }
    }

    /// Free bytes for programs on a device of this kind; `None` where this is not known, as in a card's own memory.
    pub fn available_memory(self) -> Option<u64> {
        if self == Self::Discrete {
            return None;
        }
        let mut system = sysinfo::System::new();
        system.refresh_memory();
        Some(system.available_memory()).filter(|bytes| *bytes > 0)
    }
}

/// The description of a device in menus and reports.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct DeviceInfo {
    /// The adapter's own name.
    pub name: String,
    /// What it is.
    pub kind: DeviceKind,
    /// The interface through which it is reached: `native`, `vulkan`, `metal` or `dx12`.
    pub backend: String,
    /// The driver and its version.
    pub driver: String,
}

impl DeviceInfo {
    /// The native backend.
    pub fn cpu() -> Self {
        let threads = rayon::current_num_threads();
        let plural = if threads == 1 { "core" } else { "cores" };
        Self {
            name: format!("CPU, {threads} {plural}"),
            kind: DeviceKind::Cpu,
            backend: "native".into(),
            driver: instruction_set().into(),
        }
    }
}

fn instruction_set() -> &'static str {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") {
            return "AVX-512";
        }
        if is_x86_feature_detected!("avx2") {
            return "AVX2";
        }
        "SSE2"
    }
    #[cfg(not(target_arch = "x86_64"))]
    std::env::consts::ARCH
}
