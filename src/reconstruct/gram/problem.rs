//! An original, prepared for its reconstructions.

use std::sync::Arc;

use super::encode::{encode, phase_vectors};
use super::loss::{Cost, Grams, Loss, Plan, cost, gram_bytes, grams};
use super::paths::{PathTargets, PathTerm, path_bytes};
use super::pyramid::{shrink, sizes};
use super::settings::{Gram, OptimiserKind};
use super::spatial::{SoftPhases, SpatialTargets, SpatialTerm, correlation_bytes};
use crate::compute::{ComputeError, Device, DeviceKind, mebibytes};
use crate::net::Weights;
use crate::reconstruct::ReconstructError;
use crate::reconstruct::settings::Settings;
use crate::reconstruct::target::Target;

/// The original, its Gram matrices, and everything else that all realisations share.
pub struct Problem {
    /// The settings of the run.
    pub settings: Settings,
    /// Of these, the settings of the Gram matrices.
    pub gram: Gram,
    /// The original.
    pub target: Arc<Target>,
    /// The vectors of the phases.
    pub vectors: Vec<[f32; 3]>,
    /// The network.
    pub weights: Weights,
    /// The device that it runs on.
    pub device: Device,
    /// Height and width of the result.
    pub size: (usize, usize),
    /// The cost of one evaluation at that size.
    pub cost: Cost,
    /// The sizes that a result goes through, from coarse to fine.
    pub levels: Vec<Level>,
    soft: SoftPhases,
}

/// One size of a result, and what it is compared with.
pub struct Level {
    /// Height and width of the result.
    pub size: (usize, usize),
    grams: Grams,
    plan: Plan,
    spatial: Option<SpatialTargets>,
    paths: Option<PathTargets>,
}

impl Problem {
    /// Encodes the original and computes its Gram matrices.
    ///
    /// # Errors
    /// Settings that cannot be met, missing weights, or too little memory on the device.
    pub fn new(target: Arc<Target>, settings: Settings, gram: Gram, device: Device) -> Result<Self, ReconstructError> {
        let phases = &target.phases;
        let original = target.size();
        let vectors = match phases {
            Some(map) => phase_vectors(map.phases, gram.encoding, settings.seed),
            None => vec![],
        };
        let image = image_of(&target, &vectors);
        let weights = Weights::load(&gram.weights, gram.deepest())?;
        let kind = device.info().kind;
        let size = settings.output_size(original);
        let memory = Memory::of(kind, &settings, original);
        let cost = memory.check(&device, &weights, (&settings, &gram), size)?;
        let soft = SoftPhases::of(&vectors);
        let loss = gram.loss(settings.precision);
        let mut levels = vec![];
        for (there, here) in sizes(gram.levels, original, size, gram.depth.smallest_image(gram.padding)) {
            let image = if there == original { image.clone() } else { shrink(&image, original, there) };
            levels.push(Level {
                size: here,
                grams: grams(&device, &weights, &image, there, &loss, memory.for_measuring())?,
                plan: Plan::of(kind, &weights, here, &loss, memory.for_loss(&gram, here))?,
                spatial: (gram.correlation_weight > 0.0)
                    .then(|| SpatialTargets::of(&soft, &image, there, here, gram.correlation_target)),
                // An image without phases has no lineal path.
                paths: (gram.path_weight > 0.0 && phases.is_some())
                    .then(|| PathTargets::of(&soft, &image, there, here)),
            });
        }
        Ok(Self { settings, gram, target, vectors, weights, device, size, cost, levels, soft })
    }

    /// The Gram matrices' loss of an image at a level.
    ///
    /// # Errors
    /// The device lacks memory or is lost.
    pub fn loss(&self, level: usize) -> Result<Loss, ComputeError> {
        let Level { grams, plan, .. } = &self.levels[level];
        Loss::planned(&self.device, &self.weights, grams, &self.gram.loss(self.settings.precision), plan)
    }

    /// The lineal path's term of the loss at a level, where there is one.
    pub fn paths(&self, level: usize) -> Option<PathTerm> {
        let Level { size, paths, .. } = &self.levels[level];
        let term = |t: &PathTargets| PathTerm::new(self.soft.clone(), t.clone(), *size, self.gram.path_weight);
        paths.as_ref().map(term)
    }

    /// The two-point correlation's term of the loss at a level, where there is one.
    pub fn spatial(&self, level: usize) -> Option<SpatialTerm> {
        let Level { size, spatial, .. } = &self.levels[level];
        let term =
            |t: &SpatialTargets| SpatialTerm::new(self.soft.clone(), t.clone(), *size, self.gram.correlation_weight);
        spatial.as_ref().map(term)
    }

    /// The original in the three channels that the network sees.
    pub fn image(&self) -> Vec<f32> {
        image_of(&self.target, &self.vectors)
    }
}

/// An original in the three channels that the network sees.
fn image_of(target: &Target, vectors: &[[f32; 3]]) -> Vec<f32> {
    match &target.phases {
        Some(map) => encode(map, vectors),
        None => target.micrograph.image(),
    }
}

/// The cost of one evaluation on a kind of device. The bytes include those of the spatial terms, the optimiser and the
/// original.
///
/// # Errors
/// The image is too small for the depth.
pub fn resources(
    kind: DeviceKind,
    weights: &Weights,
    (settings, gram): (&Settings, &Gram),
    size: (usize, usize),
    original: (usize, usize),
) -> Result<Cost, ComputeError> {
    Memory::of(kind, settings, original).resources(weights, (settings, gram), size)
}

/// The memory that a run may take. Free memory changes all the time, so a run queries it only once.
#[derive(Clone, Copy)]
struct Memory {
    kind: DeviceKind,
    /// Bytes: the limit if one is set, else what is free; `None` if that is unknown.
    available: Option<u64>,
    /// Height and width of the original.
    original: (usize, usize),
}

impl Memory {
    fn of(kind: DeviceKind, settings: &Settings, original: (usize, usize)) -> Self {
        let set = settings.memory_limit.map(|mebibytes| mebibytes << 20);
        Self { kind, available: set.or_else(|| kind.available_memory()), original }
    }

    /// Bytes for the network alone. On all devices but cards, optimiser and terms share its memory and are subtracted.
    fn for_loss(self, gram: &Gram, size: (usize, usize)) -> Option<u64> {
        let host = if self.kind == DeviceKind::Discrete { 0 } else { host_bytes(gram, size) };
        Some(self.for_measuring()?.saturating_sub(host))
    }

    /// Bytes for measuring the original.
    fn for_measuring(self) -> Option<u64> {
        let host = if self.kind == DeviceKind::Discrete { 0 } else { original_bytes(self.original) };
        Some(self.available?.saturating_sub(host))
    }

    fn resources(
        self,
        weights: &Weights,
        (settings, gram): (&Settings, &Gram),
        size: (usize, usize),
    ) -> Result<Cost, ComputeError> {
        let limit = self.for_loss(gram, size);
        let cost = cost(self.kind, weights, size, &gram.loss(settings.precision), limit)?;
        Ok(Cost { bytes: cost.bytes + host_bytes(gram, size) + original_bytes(self.original), ..cost })
    }

    /// The cost of a run; an error if it, or measuring the original, needs more memory than there is. Nothing is
    /// allocated yet.
    fn check(
        self,
        device: &Device,
        weights: &Weights,
        (settings, gram): (&Settings, &Gram),
        size: (usize, usize),
    ) -> Result<Cost, ReconstructError> {
        let run = self.resources(weights, (settings, gram), size)?;
        let Some(available) = self.available else { return Ok(run) };
        if run.bytes > available {
            let lean =
                Gram { optimiser: OptimiserKind::Adam, correlation_weight: 0.0, path_weight: 0.0, ..gram.clone() };
            let least = self.resources(weights, (settings, &lean), size)?.bytes;
            if least <= available {
                let [needed, available, least] = [run.bytes, available, least].map(mebibytes);
                let (height, width) = size;
                return Err(ReconstructError::Settings(format!(
                    "{height} × {width} pixels need {needed} with these settings, but only {available} are available. \
                     With Adam as the optimiser and weights of 0 for S2 and the lineal path they need {least}: most of \
                     the memory is for the history of L-BFGS-B and for these two terms."
                )));
            }
        }
        let limit = self.for_measuring().unwrap_or(available);
        let measured = gram_bytes(self.kind, weights, self.original, &gram.loss(settings.precision), limit)?;
        let measuring = measured + (available - limit);
        for (needed, (height, width)) in [(run.bytes, size), (measuring, self.original)] {
            if needed <= available {
                continue;
            }
            if let Some(limit) = settings.memory_limit {
                let needed = needed.div_ceil(1 << 20);
                return Err(ReconstructError::Settings(format!(
                    "{height} × {width} pixels to {} need {needed} MiB even in windows, but the memory limit is \
                     {limit} MiB. Raise the limit, or choose a smaller size or a shallower depth.",
                    gram.depth
                )));
            }
            return Err(ReconstructError::Compute(ComputeError::Limit {
                device: device.info().name,
                what: format!("{} at {height} × {width} pixels", gram.depth),
                needed: mebibytes(needed),
                allowed: mebibytes(available),
            }));
        }
        Ok(run)
    }
}

/// Bytes of the original that are held during a run: its values, its phases, and the pictures of both.
fn original_bytes((height, width): (usize, usize)) -> u64 {
    16 * (height * width) as u64
}

/// Bytes of what is computed on the CPU: optimiser and spatial terms.
fn host_bytes(gram: &Gram, size: (usize, usize)) -> u64 {
    let correlation = if gram.correlation_weight > 0.0 { correlation_bytes(size) } else { 0 };
    let paths = if gram.path_weight > 0.0 { path_bytes(size) } else { 0 };
    let has_terms = gram.correlation_weight > 0.0 || gram.path_weight > 0.0;
    optimiser_bytes(gram.optimiser, has_terms, size) + correlation + paths
}

/// Bytes that the optimiser takes.
fn optimiser_bytes(kind: OptimiserKind, has_terms: bool, (height, width): (usize, usize)) -> u64 {
    // L-BFGS-B keeps ten pairs of vectors and some more, all in f64. Adam has the variables, two moments and the
    // gradient in f32 and, with spatial terms, the gradient again in f64 and f32.
    let each = match kind {
        OptimiserKind::Lbfgsb => 28 * 8,
        OptimiserKind::Adam if has_terms => 4 * 4 + 12,
        OptimiserKind::Adam => 4 * 4,
    };
    each * (3 * height * width) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_part_of_a_run_is_given_more_than_the_whole() {
        let gram = Gram::default();
        for kind in [DeviceKind::Discrete, DeviceKind::Integrated, DeviceKind::Cpu, DeviceKind::Software] {
            for available in [0, 1 << 10, 1 << 20, 1 << 30, u64::MAX] {
                let memory = Memory { kind, available: Some(available), original: (64, 64) };
                let (measuring, loss) = (memory.for_measuring().expect("known"), memory.for_loss(&gram, (64, 64)));
                assert!(measuring <= available && loss.expect("known") <= measuring, "{kind:?} {available}");
            }
        }
    }
}
