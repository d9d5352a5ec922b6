//! The methods of reconstruction, and the interface that all of them implement.
//!
//! A method is a folder beside this file. Its settings implement [`MethodSettings`], and the type that does the work
//! implements [`Reconstruction`]. It has one variant in [`Method`] and one line in [`Method::settings`].
//! Size, seed, realisations, exact volume fractions, polish, comparison, output and resuming are common to all.

use std::borrow::Cow;
use std::sync::Arc;

use super::ReconstructError;
use super::gram::Gram;
use super::settings::{MOST_REALISATIONS, Method, Settings};
use super::target::Target;
use crate::compute::{Device, DeviceInfo};
use crate::micrograph::PhaseMap;
use crate::net::WeightsKind;
use crate::optimise::Progress;

impl Method {
    /// The settings, through the interface of all methods.
    pub fn settings(&self) -> &dyn MethodSettings {
        match self {
            Self::Gram(settings) => settings,
        }
    }

    /// The settings of the Gram matrices, if that is the method.
    pub fn gram(&self) -> Option<&Gram> {
        match self {
            Self::Gram(settings) => Some(settings),
        }
    }

    /// The same, mutable.
    pub fn gram_mut(&mut self) -> Option<&mut Gram> {
        match self {
            Self::Gram(settings) => Some(settings),
        }
    }
}

/// The longest edge of a result.
const MOST_EDGE: usize = 16_384;

impl Settings {
    /// Sets the weights of the feature network, if the method has one.
    pub fn set_weights(&mut self, weights: WeightsKind) {
        self.method.gram_mut().into_iter().for_each(|gram| gram.weights = weights.clone());
    }

    /// Checks that these settings can be met for an original of this size.
    ///
    /// # Errors
    /// A sentence that says what cannot be met and what to change.
    pub fn check(&self, original: (usize, usize)) -> Result<(), ReconstructError> {
        let wrong = |text: String| Err(ReconstructError::Settings(text));
        for (what, (height, width)) in [("The micrograph", original), ("The result", self.output_size(original))] {
            if height > MOST_EDGE || width > MOST_EDGE {
                return wrong(format!(
                    "{what} has {height} × {width} pixels; at most {MOST_EDGE} are possible in each direction."
                ));
            }
        }
        if self.memory_limit.is_some_and(|mebibytes| !(1..=1 << 30).contains(&mebibytes)) {
            return wrong("The memory limit must be 1 MiB or more, or be left out.".into());
        }
        if self.realisations == 0 {
            return wrong("At least one realisation is needed.".into());
        }
        if self.realisations > MOST_REALISATIONS {
            return wrong(format!("At most {MOST_REALISATIONS} realisations can be made in one run."));
        }
        self.method.settings().check(original, self.output_size(original))
    }
}

/// Prepares the reconstruction of an original by the method of the settings.
///
/// # Errors
/// Settings that cannot be met, a phase without a pixel, missing files, or too little memory on the device.
pub fn prepare(
    target: &Arc<Target>,
    settings: &Settings,
    device: Device,
) -> Result<Box<dyn Reconstruction>, ReconstructError> {
    settings.check(target.size())?;
    if let Some(empty) = target.phases.as_ref().and_then(|map| map.counts().iter().position(|n| *n == 0)) {
        let (phase, name) = (settings.recipe.phase_name(empty), &target.micrograph.name);
        return Err(ReconstructError::Settings(format!(
            "No pixel of {name} belongs to {phase}, so it cannot be reconstructed. Change the segmentation, or merge the \
             phase into another."
        )));
    }
    settings.method.settings().prepare(target, settings, device)
}

/// The interface of a method's settings.
pub trait MethodSettings {
    /// The method's name to display.
    fn name(&self) -> &'static str;

    /// Checks that they can be met for an original and a result of these sizes.
    ///
    /// # Errors
    /// A sentence that says what cannot be met and what to change.
    fn check(&self, original: (usize, usize), result: (usize, usize)) -> Result<(), ReconstructError>;

    /// Prepares the reconstruction of an original.
    ///
    /// # Errors
    /// Settings that cannot be met, missing files, or too little memory on the device.
    fn prepare(
        &self,
        target: &Arc<Target>,
        settings: &Settings,
        device: Device,
    ) -> Result<Box<dyn Reconstruction>, ReconstructError>;

    /// The most iterations of a realisation.
    fn iterations(&self) -> usize;

    /// The names of the parts of its loss, in the order of [`LossValue::parts`].
    fn loss_names(&self) -> Vec<String>;
}

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
