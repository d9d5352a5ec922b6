//! Simulated annealing of the two-point correlation (Yeong & Torquato, Phys. Rev. E 57:495, 1998).
//!
//! Two pixels of unlike phases are exchanged, so that the volume fractions stay exact, and the exchange is accepted by the
//! rule of Metropolis. The energy is the sum of the errors of S2: radial, along rows and along columns, of every phase.
//! S2 is updated with every exchange, at a cost that does not depend on the size of the result.

mod curve;
mod run;
mod settings;

use std::borrow::Cow;
use std::sync::Arc;

pub use curve::{anneal_curve, read_curve};
pub use run::Annealing;
pub use settings::{Anneal, MOST_TRIES, Pixels, Start};

use super::ReconstructError;
use super::field::{Directions, Spectrum, cut_fields};
use super::gram::{Encoding, encode, phase_vectors};
use super::plane::{restored, saved};
use super::reconstruction::{LossValue, Outcome, Reconstruction, State, Status, Vector};
use super::settings::{MethodSettings, Settings, check_edges};
use super::target::Target;
use super::target_counts;
use crate::compute::{Device, DeviceInfo};
use crate::micrograph::PhaseMap;
use crate::optimise::Progress;

impl MethodSettings for Anneal {
    fn name(&self) -> &'static str {
        "S2 by annealing"
    }

    fn check(&self, original: (usize, usize), result: (usize, usize)) -> Result<(), ReconstructError> {
        check_edges("Annealing", original, result)?;
        if !(1..=MOST_TRIES).contains(&self.tries) {
            let text = format!("Between 1 and {MOST_TRIES} exchanges can be tried for each pixel.");
            return Err(ReconstructError::Settings(text));
        }
        Ok(())
    }

    fn prepare(
        &self,
        target: &Arc<Target>,
        settings: &Settings,
        _device: Device,
    ) -> Result<Box<dyn Reconstruction>, ReconstructError> {
        let map = target.needed_phases("Annealing exchanges pixels of phases")?;
        let size = settings.output_size(target.size());
        let spectra = match self.start {
            Start::Field => Spectrum::of_phases(map, size, Directions::All),
            Start::Noise => vec![],
        };
        let counts = target_counts(&map.counts(), size.0 * size.1);
        let original = map.clone();
        Ok(Box::new(AnnealReconstruction { settings: self.clone(), original, spectra, counts, size, running: None }))
    }

    fn iterations(&self) -> usize {
        run::BLOCKS
    }

    fn loss_names(&self) -> Vec<String> {
        ["temperature", "accepted share"].map(String::from).to_vec()
    }

    fn is_polished(&self) -> bool {
        // The polish fits the lineal path too; the method shows what S2 alone determines.
        false
    }
}

/// A reconstruction by annealing.
struct AnnealReconstruction {
    settings: Anneal,
    original: Arc<PhaseMap>,
    /// The fields of the start; none for noise.
    spectra: Vec<Spectrum>,
    /// Pixels of each phase.
    counts: Vec<usize>,
    size: (usize, usize),
    running: Option<Annealing>,
}

impl AnnealReconstruction {
    fn running(&self) -> &Annealing {
        self.running.as_ref().expect("a realisation is in progress")
    }
}

impl Reconstruction for AnnealReconstruction {
    fn begin(&mut self, seed: u64) -> Result<(), ReconstructError> {
        let map = match self.settings.start {
            Start::Field => cut_fields(&self.spectra, &self.counts, self.size, seed),
            Start::Noise => run::noise(&self.counts, self.size, seed),
        };
        self.running = Some(Annealing::new(map, &self.original, &self.settings, seed));
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
            let losses: Vec<LossValue> =
                losses.chunks_exact(3).map(|l| LossValue { total: l[0], parts: l[1..].to_vec() }).collect();
            let temperature = state.get("temperature")?;
            if !(0.0..f64::INFINITY).contains(&temperature) || losses.len() > run::BLOCKS {
                return Err("its temperature or its length makes no sense".into());
            }
            let mut running = Annealing::new(map, &self.original, &self.settings, seed);
            (running.temperature, running.losses) = (temperature, losses);
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
        Ok(running.block(&self.settings))
    }

    fn state(&self) -> State<'_> {
        let running = self.running();
        let labels = saved(running.map.flat());
        let losses: Vec<f64> = running.losses.iter().flat_map(|l| [l.total, l.parts[0], l.parts[1]]).collect();
        let text = serde_json::Map::from_iter([("temperature".to_string(), serde_json::json!(running.temperature))]);
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
            iterations: run::BLOCKS,
            work: (done as f64, run::BLOCKS as f64),
            is_done: done >= run::BLOCKS,
            memory: running.memory(),
            losses: &running.losses,
        }
    }

    fn image(&self) -> Vec<f32> {
        let map = &self.running().map;
        encode(map, &phase_vectors(map.phases, Encoding::Corners, 0))
    }

    fn rough_phases(&self, _image: &[f32]) -> Option<PhaseMap> {
        self.running.as_ref().map(|running| running.map.clone())
    }

    fn finish(&mut self) -> Outcome {
        let image = self.image();
        let running = self.running.take().expect("a realisation is in progress");
        Outcome { image, phases: Some(running.map), seed: running.seed, losses: running.losses }
    }

    fn device(&self) -> DeviceInfo {
        DeviceInfo::cpu()
    }
}
