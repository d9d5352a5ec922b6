//! A micrograph made ready to be reconstructed.

use sha2::{Digest, Sha256};

use super::ReconstructError;
use super::encode::{encode, phase_vectors};
use super::loss::{Grams, Loss, cost, gram_memory, grams};
use super::settings::{OptimiserKind, Settings};
use crate::compute::{ComputeError, Device, DeviceKind};
use crate::micrograph::{Micrograph, PhaseMap, segment};
use crate::net::Weights;

/// The original, its Gram matrices, and everything that all realisations share.
pub struct Problem {
    /// What was asked for.
    pub settings: Settings,
    /// The original as it was opened.
    pub micrograph: Micrograph,
    /// Its phases, unless it stays unsegmented.
    pub phases: Option<PhaseMap>,
    /// The vectors of the phases.
    pub vectors: Vec<[f32; 3]>,
    /// The network.
    pub weights: Weights,
    /// Where it runs.
    pub device: Device,
    /// Height and width of the result.
    pub size: (usize, usize),
    /// A fingerprint of the micrograph's content, by which a checkpoint knows it again.
    pub fingerprint: String,
    targets: Grams,
}

impl Problem {
    /// Segments, encodes and takes the Gram matrices of the original.
    ///
    /// # Errors
    /// Settings that cannot be met, weights that are not there, or a device without the memory.
    pub fn new(micrograph: Micrograph, settings: Settings, device: Device) -> Result<Self, ReconstructError> {
        let original = (micrograph.height, micrograph.width);
        settings.check(original)?;
        let phases = segment(&micrograph, settings.segmentation)?;
        let vectors = match &phases {
            Some(map) => phase_vectors(map.phases, settings.encoding, settings.seed),
            None => vec![],
        };
        let image = match &phases {
            Some(map) => encode(map, &vectors),
            None => micrograph.image(),
        };
        let deepest = settings.taps().last().map_or(settings.depth, |(depth, _)| *depth);
        let weights = Weights::load(&settings.weights, deepest)?;
        let size = settings.output_size(original);
        check_memory(&device, &weights, &settings, size, original)?;
        let targets = grams(&device, &weights, &image, original, &settings.loss())?;
        let fingerprint = fingerprint(&micrograph);
        Ok(Self { settings, micrograph, phases, vectors, weights, device, size, fingerprint, targets })
    }

    /// The loss of an image of the result's size.
    ///
    /// # Errors
    /// The device lacks memory or is lost.
    pub fn loss(&self) -> Result<Loss, ComputeError> {
        Loss::new(&self.device, &self.weights, self.size, &self.targets, &self.settings.loss())
    }

    /// The original in the three channels that the network sees.
    pub fn image(&self) -> Vec<f32> {
        match &self.phases {
            Some(map) => encode(map, &self.vectors),
            None => self.micrograph.image(),
        }
    }
}

/// The first 16 hexadecimal digits of the SHA-256 of size and values.
pub fn fingerprint(micrograph: &Micrograph) -> String {
    let mut hash = Sha256::new();
    for size in [micrograph.height, micrograph.width, micrograph.channels] {
        hash.update((size as u64).to_le_bytes());
    }
    micrograph.values.iter().for_each(|v| hash.update(v.to_le_bytes()));
    hash.finalize().iter().take(8).map(|b| format!("{b:02x}")).collect()
}

/// Operations of one evaluation, and bytes of it and the optimiser together, on a kind of device.
///
/// # Errors
/// The image is too small for the depth.
pub fn resources(
    kind: DeviceKind,
    weights: &Weights,
    settings: &Settings,
    size: (usize, usize),
) -> Result<(u64, u64), ComputeError> {
    let (operations, memory) = cost(kind, weights, size, &settings.loss())?;
    Ok((operations, memory.bytes + optimiser_bytes(settings.optimiser, size)))
}

/// Bytes that the optimiser remembers.
fn optimiser_bytes(kind: OptimiserKind, (height, width): (usize, usize)) -> u64 {
    // Vectors of f64: L-BFGS-B keeps ten pairs and works on some more.
    let vectors = match kind {
        OptimiserKind::Lbfgsb => 28,
        OptimiserKind::Adam => 5,
    };
    vectors * 8 * (3 * height * width) as u64
}

/// Refuses, before anything is taken, what the device has no room for: the run, or measuring the original.
fn check_memory(
    device: &Device,
    weights: &Weights,
    settings: &Settings,
    size: (usize, usize),
    original: (usize, usize),
) -> Result<(), ReconstructError> {
    let Some(available) = device.available_memory() else { return Ok(()) };
    let kind = device.info().kind;
    let (_, run) = resources(kind, weights, settings, size)?;
    let measuring = gram_memory(kind, weights, original, &settings.loss())?.bytes;
    for (needed, (height, width)) in [(run, size), (measuring, original)] {
        if needed > available {
            return Err(ReconstructError::Compute(ComputeError::Limit {
                device: device.info().name,
                what: format!("{} at {height} × {width} pixels", settings.depth),
                needed: crate::compute::mebibytes(needed),
                allowed: crate::compute::mebibytes(available),
            }));
        }
    }
    Ok(())
}
