//! Methods that make a realisation piece by piece, each pixel once.

use std::borrow::Cow;

use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::ReconstructError;
use super::plane::{Plane, match_labels};
use super::reconstruction::{LossValue, Outcome, Reconstruction, State, Status, Vector};
use crate::compute::{Device, DeviceInfo};
use crate::micrograph::PhaseMap;
use crate::optimise::Progress;

/// The work of a method that makes a realisation piece by piece.
pub trait Synthesis {
    /// Begins a realisation.
    fn begin(&mut self, seed: u64);

    /// The number of pieces of a realisation.
    fn pieces(&self) -> usize;

    /// Makes the next piece; pieces are made in order. Returns how far its pixels are from the original's, by the measure
    /// of the method, 0 if it has none.
    fn make(&mut self, piece: usize) -> f64;

    /// The result as it is now.
    fn plane(&self) -> Plane;

    /// What the pieces so far have made, for a checkpoint.
    fn saved(&self) -> Vec<f32>;

    /// Takes back what [`Synthesis::saved`] gave, after [`Synthesis::begin`] with the same seed.
    ///
    /// # Errors
    /// What is wrong, in a few words.
    fn restore(&mut self, piece: usize, saved: &[f32]) -> Result<(), String>;

    /// Whether each pixel is given and has to stay; empty if none is.
    fn kept(&self) -> &[bool] {
        &[]
    }

    /// Bytes in use, about.
    fn memory(&self) -> u64;

    /// What has to be known of the results, in sentences.
    fn notes(&self) -> Vec<String> {
        vec![]
    }
}

/// The random numbers of a piece: each has its own, so that a run that goes on has the same ones.
pub fn random_of(seed: u64, piece: usize) -> Pcg64 {
    Pcg64::seed_from_u64(seed.wrapping_add((piece as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15)))
}

/// A reconstruction piece by piece.
pub struct Pieces<S> {
    synthesis: S,
    /// Pixels of each phase; none for a picture without phases.
    counts: Vec<usize>,
    seed: u64,
    losses: Vec<LossValue>,
}

impl<S: Synthesis> Pieces<S> {
    /// Of a method that is prepared, with the pixels that each phase is to have.
    pub fn new(synthesis: S, counts: Vec<usize>) -> Self {
        Self { synthesis, counts, seed: 0, losses: vec![] }
    }
}

impl<S: Synthesis> Reconstruction for Pieces<S> {
    fn begin(&mut self, seed: u64) -> Result<(), ReconstructError> {
        (self.seed, self.losses) = (seed, vec![]);
        self.synthesis.begin(seed);
        Ok(())
    }

    fn resume(&mut self, seed: u64, state: &State) -> Result<(), ReconstructError> {
        self.begin(seed)?;
        let losses = state.f64_vector("losses").map_err(ReconstructError::DamagedState)?;
        if losses.len() > self.synthesis.pieces() {
            return Err(ReconstructError::DamagedState("it has too many pieces".into()));
        }
        let saved = state.f32_vector("made").map_err(ReconstructError::DamagedState)?;
        self.synthesis.restore(losses.len(), &saved).map_err(ReconstructError::DamagedState)?;
        self.losses = losses.into_iter().map(|total| LossValue { total, parts: vec![] }).collect();
        Ok(())
    }

    fn change_device(&mut self, _device: Device) -> Result<(), ReconstructError> {
        Ok(())
    }

    fn step(&mut self, interrupted: &dyn Fn() -> bool) -> Result<Progress, ReconstructError> {
        if interrupted() {
            return Err(ReconstructError::Interrupted);
        }
        let total = self.synthesis.make(self.losses.len());
        self.losses.push(LossValue { total, parts: vec![] });
        Ok(Progress::Moving)
    }

    fn state(&self) -> State<'_> {
        let losses: Vec<f64> = self.losses.iter().map(|l| l.total).collect();
        let vectors = vec![
            ("losses".to_string(), Vector::F64(Cow::Owned(losses))),
            ("made".to_string(), Vector::F32(Cow::Owned(self.synthesis.saved()))),
        ];
        State { vectors, ..State::default() }
    }

    fn status(&self) -> Status<'_> {
        let (done, all) = (self.losses.len(), self.synthesis.pieces());
        Status {
            iteration: done,
            iterations: all,
            work: (done as f64, all as f64),
            is_done: done >= all,
            memory: self.synthesis.memory(),
            losses: &self.losses,
        }
    }

    fn image(&self) -> Vec<f32> {
        self.synthesis.plane().image()
    }

    fn rough_phases(&self, _image: &[f32]) -> Option<PhaseMap> {
        self.synthesis.plane().phase_map()
    }

    fn finish(&mut self) -> Outcome {
        let plane = self.synthesis.plane();
        let phases = plane.phase_map().map(|mut map| {
            match_labels(&mut map, self.synthesis.kept(), &self.counts, self.seed);
            map
        });
        let image = plane.with(phases.as_ref()).image();
        Outcome { image, phases, seed: self.seed, losses: std::mem::take(&mut self.losses) }
    }

    fn device(&self) -> DeviceInfo {
        DeviceInfo::cpu()
    }

    fn notes(&self) -> Vec<String> {
        self.synthesis.notes()
    }
}
