//! A reconstruction at work: the interface of all methods, and what a realisation leaves.

use std::borrow::Cow;

use super::ReconstructError;
use crate::compute::{Device, DeviceInfo};
use crate::micrograph::PhaseMap;
use crate::optimise::Progress;

/// A method at work on an original: it makes one realisation after another.
///
/// A realisation is in progress from [`Reconstruction::begin`] or [`Reconstruction::resume`] to
/// [`Reconstruction::finish`].
pub trait Reconstruction {
    /// Begins a realisation from a seed.
    ///
    /// # Errors
    /// The device lacks memory or is lost.
    fn begin(&mut self, seed: u64) -> Result<(), ReconstructError>;

    /// Resumes a realisation from a saved [`Reconstruction::state`].
    ///
    /// # Errors
    /// The state does not fit, or the device lacks memory or is lost.
    fn resume(&mut self, seed: u64, state: &State) -> Result<(), ReconstructError>;

    /// Continues from the same state on another device, after the previous one was lost.
    ///
    /// # Errors
    /// The device lacks memory or is lost.
    fn change_device(&mut self, device: Device) -> Result<(), ReconstructError>;

    /// One iteration. `interrupted` is called before each long computation.
    ///
    /// # Errors
    /// [`ReconstructError::Interrupted`], or an error of the device; the state is then as before the iteration.
    fn step(&mut self, interrupted: &dyn Fn() -> bool) -> Result<Progress, ReconstructError>;

    /// Everything that is needed to resume the realisation.
    fn state(&self) -> State<'_>;

    /// How far the realisation is.
    fn status(&self) -> Status<'_>;

    /// The image as it is now, at the result's size: three channels in 0 … 255.
    fn image(&self) -> Vec<f32>;

    /// The phases of an image, computed quickly: their volume fractions need not be exact.
    fn rough_phases(&self, image: &[f32]) -> Option<PhaseMap>;

    /// Ends the realisation.
    fn finish(&mut self) -> Outcome;

    /// The device that it runs on.
    fn device(&self) -> DeviceInfo;

    /// The feature network, if the method has one.
    fn network(&self) -> Option<WeightsInfo> {
        None
    }

    /// What has to be known of its results, in sentences.
    fn notes(&self) -> Vec<String> {
        vec![]
    }

    /// The number of windows in which the image is processed, and the bytes that this takes.
    fn windows(&self) -> (usize, u64) {
        (1, 0)
    }
}

/// How far a realisation is.
pub struct Status<'a> {
    /// Iterations so far.
    pub iteration: usize,
    /// The most iterations in all.
    pub iterations: usize,
    /// The work done so far, and all of it, in iterations at the full size.
    pub work: (f64, f64),
    /// Whether all iterations are done.
    pub is_done: bool,
    /// Bytes in use.
    pub memory: u64,
    /// The loss after every iteration.
    pub losses: &'a [LossValue],
}

/// A finished realisation, before it is polished and measured.
pub struct Outcome {
    /// The image: three channels in 0 … 255.
    pub image: Vec<f32>,
    /// Its phases with exactly the original's volume fractions, if there are phases.
    pub phases: Option<PhaseMap>,
    /// The seed.
    pub seed: u64,
    /// The loss after every iteration.
    pub losses: Vec<LossValue>,
}

/// A loss and its parts.
#[derive(Clone, Debug, PartialEq)]
pub struct LossValue {
    /// The weighted sum.
    pub total: f64,
    /// The parts, by [`MethodSettings::loss_names`].
    pub parts: Vec<f64>,
}

/// The weights of a feature network, for reports and checkpoints.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct WeightsInfo {
    /// Their name.
    pub name: String,
    /// The first 16 hexadecimal digits of the SHA-256 of the layers used.
    pub sha256: String,
}

/// Everything that is needed to resume a realisation, besides its settings: scalars and vectors by name.
///
/// A checkpoint keeps the scalars beside those of the run, so they must not have a name of a field of [`SavedRun`], nor
/// `version`.
///
/// [`SavedRun`]: super::SavedRun
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State<'a> {
    /// Scalars by name.
    pub text: serde_json::Map<String, serde_json::Value>,
    /// Vectors by name.
    pub vectors: Vec<(String, Vector<'a>)>,
}

/// A vector of a state.
#[derive(Clone, Debug, PartialEq)]
pub enum Vector<'a> {
    /// In 64 bits.
    F64(Cow<'a, [f64]>),
    /// In 32 bits.
    F32(Cow<'a, [f32]>),
}

impl State<'_> {
    /// A vector in 64 bits.
    ///
    /// # Errors
    /// What is wrong, in a few words: it is not there, or in 32 bits.
    pub fn f64_vector(&self, name: &str) -> Result<Vec<f64>, String> {
        match self.find(name)? {
            Vector::F64(values) => Ok(values.to_vec()),
            Vector::F32(_) => Err(format!("{name} is not in 64 bits")),
        }
    }

    /// A vector in 32 bits.
    ///
    /// # Errors
    /// What is wrong, in a few words: it is not there, or in 64 bits.
    pub fn f32_vector(&self, name: &str) -> Result<Vec<f32>, String> {
        match self.find(name)? {
            Vector::F32(values) => Ok(values.to_vec()),
            Vector::F64(_) => Err(format!("{name} is not in 32 bits")),
        }
    }

    fn find(&self, name: &str) -> Result<&Vector<'_>, String> {
        let found = self.vectors.iter().find(|(n, _)| n == name);
        found.map(|(_, numbers)| numbers).ok_or_else(|| format!("{name} is missing"))
    }

    /// A scalar by name.
    ///
    /// # Errors
    /// What is wrong, in a few words: it is not there, or of another type.
    pub fn get<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, String> {
        let value = self.text.get(name).cloned().unwrap_or_default();
        serde_json::from_value(value).map_err(|e| format!("{name}: {e}"))
    }
}
