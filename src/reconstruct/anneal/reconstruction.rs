//! A reconstruction by annealing: its realisations, one after the other.

use std::borrow::Cow;
use std::sync::Arc;

use super::run::{Annealing, BLOCKS, noise};
use super::settings::{Anneal, Start};
use crate::compute::{Device, DeviceInfo};
use crate::micrograph::PhaseMap;
use crate::optimise::Progress;
use crate::reconstruct::ReconstructError;
use crate::reconstruct::field::{Spectrum, cut_fields};
use crate::reconstruct::gram::{Encoding, encode, phase_vectors};
use crate::reconstruct::plane::{restored, saved};
use crate::reconstruct::reconstruction::{LossValue, Outcome, Reconstruction, State, Status, Vector};
use crate::reconstruct::settings::MethodSettings;

/// What a realisation comes close to.
pub enum Aim {
    /// The statistics of an original.
    Original(Arc<PhaseMap>),
    /// A radial S2 of the second of two phases, at r = 0, 1, 2 … pixels.
    Curve(Vec<f64>),
}

/// A reconstruction by annealing.
pub struct AnnealReconstruction {
    settings: Anneal,
    aim: Aim,
    /// The fields of the start; none for noise.
    spectra: Vec<Spectrum>,
    /// Pixels of each phase.
    counts: Vec<usize>,
    size: (usize, usize),
    running: Option<Annealing>,
}

impl AnnealReconstruction {
    pub fn new(settings: Anneal, aim: Aim, spectra: Vec<Spectrum>, counts: Vec<usize>, size: (usize, usize)) -> Self {
        Self { settings, aim, spectra, counts, size, running: None }
    }

    fn running(&self) -> &Annealing {
        self.running.as_ref().expect("a realisation is in progress")
    }

    fn annealing(&self, map: PhaseMap, seed: u64) -> Annealing {
        match &self.aim {
            Aim::Original(original) => Annealing::new(map, original, &self.settings, seed),
            Aim::Curve(radial) => Annealing::towards(map, radial, &self.settings, seed),
        }
    }
}

impl Reconstruction for AnnealReconstruction {
    fn begin(&mut self, seed: u64) -> Result<(), ReconstructError> {
        let map = match self.settings.start {
            Start::Field => cut_fields(&self.spectra, &self.counts, self.size, seed),
            Start::Noise => noise(&self.counts, self.size, seed),
        };
        self.running = Some(self.annealing(map, seed));
        Ok(())
    }

    fn resume(&mut self, seed: u64, state: &State) -> Result<(), ReconstructError> {
        let read = || -> Result<Annealing, String> {
            let phases = self.counts.len();
            let labels = restored(&state.f32_vector("labels")?, self.size.0 * self.size.1, phases)?;
            let map = PhaseMap::new(self.size, labels, phases);
            if map.counts() != self.counts {
                return Err("the volume fractions are those of another run".into());
            }
            let losses = state.f64_vector("losses")?;
            let numbers = 1 + self.settings.loss_names().len();
            if losses.len() % numbers != 0 {
                return Err("its losses are those of other settings".into());
            }
            let losses: Vec<LossValue> =
                losses.chunks_exact(numbers).map(|l| LossValue { total: l[0], parts: l[1..].to_vec() }).collect();
            let temperature = state.get("temperature")?;
            if !(0.0..f64::INFINITY).contains(&temperature) || losses.len() > BLOCKS {
                return Err("its temperature or its length makes no sense".into());
            }
            let begun = state.get("begun")?;
            let mut running = self.annealing(map, seed);
            (running.temperature, running.losses, running.begun) = (temperature, losses, begun);
            Ok(running)
        };
        self.running = Some(read().map_err(ReconstructError::DamagedState)?);
        Ok(())
    }

    fn change_device(&mut self, _device: Device) -> Result<(), ReconstructError> {
        Ok(())
    }

    fn step(&mut self, interrupted: &dyn Fn() -> bool) -> Result<Progress, ReconstructError> {
        if interrupted() {
            return Err(ReconstructError::Interrupted);
        }
        let running = self.running.as_mut().expect("a realisation is in progress");
        Ok(running.step(&self.settings))
    }

    fn state(&self) -> State<'_> {
        let running = self.running();
        let labels = saved(running.map().flat());
        let losses: Vec<f64> = running.losses.iter().flat_map(|l| [&[l.total], &l.parts[..]].concat()).collect();
        let text = serde_json::Map::from_iter([
            ("temperature".to_string(), serde_json::json!(running.temperature)),
            ("begun".to_string(), serde_json::json!(running.begun)),
        ]);
        let vectors = vec![
            ("labels".to_string(), Vector::F32(Cow::Owned(labels))),
            ("losses".to_string(), Vector::F64(Cow::Owned(losses))),
        ];
        State { text, vectors }
    }

    fn status(&self) -> Status<'_> {
        let running = self.running();
        let done = running.losses.len();
        Status {
            iteration: done,
            iterations: BLOCKS,
            work: (done as f64, BLOCKS as f64),
            is_done: running.is_done(),
            memory: running.memory(),
            losses: &running.losses,
        }
    }

    fn image(&self) -> Vec<f32> {
        let map = self.running().map();
        encode(map, &phase_vectors(map.phases, Encoding::Corners, 0))
    }

    fn rough_phases(&self, _image: &[f32]) -> Option<PhaseMap> {
        self.running.as_ref().map(|running| running.map().clone())
    }

    fn finish(&mut self) -> Outcome {
        let image = self.image();
        let running = self.running.take().expect("a realisation is in progress");
        Outcome { image, phases: Some(running.map().clone()), seed: running.seed, losses: running.losses }
    }

    fn device(&self) -> DeviceInfo {
        DeviceInfo::cpu()
    }
}
