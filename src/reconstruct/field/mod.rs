//! Level cuts of Gaussian random fields (Cahn, J. Chem. Phys. 42:93, 1965; Quiblier, J. Colloid Interface Sci. 98:84,
//! 1984; Roberts & Teubner, Phys. Rev. E 51:4141, 1995; Jiang, Chen & Burkhart, J. Microsc. 252:135, 2013).
//!
//! The two-point correlation of a phase gives the covariance of a Gaussian field whose level cut has that correlation.
//! The field is made in one step from white noise, and cut at the exact volume fraction. Everything but S2 follows from
//! the field: the method shows what S2 alone determines.

mod covariance;
mod sample;
mod settings;

use std::sync::Arc;

pub use covariance::{LevelCut, Spectrum, along_a_line, level_cut};
pub use sample::cut_fields;
pub use settings::{Directions, Field};

use super::ReconstructError;
use super::gram::{Encoding, encode, phase_vectors};
use super::reconstruction::{LossValue, Outcome, Reconstruction, State, Status};
use super::settings::{MethodSettings, Settings, check_edges};
use super::target::Target;
use super::target_counts;
use crate::compute::{Device, DeviceInfo};
use crate::micrograph::PhaseMap;
use crate::optimise::Progress;

impl MethodSettings for Field {
    fn name(&self) -> &'static str {
        "Gaussian random field"
    }

    fn check(&self, original: (usize, usize), result: (usize, usize)) -> Result<(), ReconstructError> {
        check_edges("A Gaussian random field", original, result)
    }

    fn prepare(
        &self,
        target: &Arc<Target>,
        settings: &Settings,
        _device: Device,
    ) -> Result<Box<dyn Reconstruction>, ReconstructError> {
        let map = target.needed_phases("A Gaussian random field has phases")?;
        let size = settings.output_size(target.size());
        let spectra = Spectrum::of_phases(map, size, self.directions);
        let counts = target_counts(&map.counts(), size.0 * size.1);
        Ok(Box::new(FieldReconstruction { spectra, counts, size, seed: 0, map: None, losses: vec![] }))
    }

    fn is_polished(&self) -> bool {
        // A polished field would be no level cut any more.
        false
    }
}

/// A reconstruction by level cuts.
struct FieldReconstruction {
    /// The field of each phase but the last, among what the earlier ones leave.
    spectra: Vec<Spectrum>,
    /// Pixels of each phase.
    counts: Vec<usize>,
    size: (usize, usize),
    seed: u64,
    /// The phases, once they are made.
    map: Option<PhaseMap>,
    losses: Vec<LossValue>,
}

impl Reconstruction for FieldReconstruction {
    fn begin(&mut self, seed: u64) -> Result<(), ReconstructError> {
        self.seed = seed;
        (self.map, self.losses) = (None, vec![]);
        Ok(())
    }

    /// The whole realisation takes less than a second, so it begins anew.
    fn resume(&mut self, seed: u64, _state: &State) -> Result<(), ReconstructError> {
        self.begin(seed)
    }

    fn change_device(&mut self, _device: Device) -> Result<(), ReconstructError> {
        Ok(())
    }

    fn step(&mut self, _interrupted: &dyn Fn() -> bool) -> Result<Progress, ReconstructError> {
        self.map = Some(cut_fields(&self.spectra, &self.counts, self.size, self.seed));
        // There is no loss; the share of power that no field has stands in its place.
        let total = self.spectra.iter().map(|s| s.clipped).fold(0.0, f64::max);
        self.losses.push(LossValue { total, parts: vec![] });
        Ok(Progress::Moving)
    }

    fn state(&self) -> State<'_> {
        State::default()
    }

    fn status(&self) -> Status<'_> {
        let done = self.map.is_some();
        let (iteration, pixels) = (usize::from(done), self.size.0 * self.size.1);
        Status {
            iteration,
            iterations: 1,
            work: (iteration as f64, 1.0),
            is_done: done,
            memory: (self.spectra.len() * pixels * size_of::<f64>()) as u64,
            losses: &self.losses,
        }
    }

    fn image(&self) -> Vec<f32> {
        match &self.map {
            Some(map) => encode(map, &phase_vectors(map.phases, Encoding::Corners, 0)),
            None => vec![127.5; 3 * self.size.0 * self.size.1],
        }
    }

    fn rough_phases(&self, _image: &[f32]) -> Option<PhaseMap> {
        self.map.clone()
    }

    fn finish(&mut self) -> Outcome {
        let image = self.image();
        Outcome { image, phases: self.map.take(), seed: self.seed, losses: std::mem::take(&mut self.losses) }
    }

    fn device(&self) -> DeviceInfo {
        DeviceInfo::cpu()
    }

    fn notes(&self) -> Vec<String> {
        /// A share of the spectrum whose loss is seen in the result.
        const MUCH: f64 = 0.02;
        let clipped = self.spectra.iter().map(|s| s.clipped).fold(0.0, f64::max);
        let note = || {
            format!(
                "{:.1} % of the field's spectrum would be negative and was left out: no level cut of a Gaussian field has \
                 exactly this S2.",
                100.0 * clipped
            )
        };
        let mut notes = if clipped > MUCH { vec![note()] } else { vec![] };
        if self.spectra.iter().any(|s| s.is_cut) {
            notes.push(
                "S2 has not faded within half of the shorter edge: the field's correlation is cut off there. Take a larger \
                 original and a larger result."
                    .into(),
            );
        }
        notes
    }
}
