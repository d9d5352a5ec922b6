//! The methods of reconstruction: what each has of its own, and what all are asked for.
//!
//! A method is a folder beside this file with its settings, which implement [`MethodSettings`], and what works with
//! them, which implements [`Reconstruction`]. It is one variant of [`Method`] and one line in [`Method::settings`].
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
    /// The settings as all methods have them.
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

    /// The same, to be changed.
    pub fn gram_mut(&mut self) -> Option<&mut Gram> {
        match self {
            Self::Gram(settings) => Some(settings),
        }
    }
}

/// The longest edge of a result.
const MOST_EDGE: usize = 16_384;

impl Settings {
    /// Takes other weights of the feature network, where the method has one.
    pub fn set_weights(&mut self, weights: WeightsKind) {
        self.method.gram_mut().into_iter().for_each(|gram| gram.weights = weights.clone());
    }

    /// Whether these settings can be met for an original of this size.
    ///
    /// # Errors
    /// A sentence that says what cannot be met and what to change.
    pub fn check(&self, original: (usize, usize)) -> Result<(), ReconstructError> {
        let wrong = |text: String| Err(ReconstructError::Settings(text));
        for (what, (height, width)) in [("The micrograph", original), ("The result", self.output_size(original))] {
            if height > MOST_EDGE || width > MOST_EDGE {
                return wrong(format!(
                    "{what} has {height} × {width} pixels; at most {MOST_EDGE} each way are possible."
                ));
            }
        }
        if self.memory_limit.is_some_and(|mebibytes| !(1..=1 << 30).contains(&mebibytes)) {
            return wrong("A limit of memory is 1 MiB or more, or none at all.".into());
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

/// Makes an original ready to be reconstructed by the method of the settings.
///
/// # Errors
/// Settings that cannot be met, a phase without a pixel, files that are not there, or a device without the memory.
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

/// What a method's settings are asked for.
pub trait MethodSettings {
    /// The method's name for people.
    fn name(&self) -> &'static str;

    /// Whether they can be met for an original and a result of these sizes.
    ///
    /// # Errors
    /// A sentence that says what cannot be met and what to change.
    fn check(&self, original: (usize, usize), result: (usize, usize)) -> Result<(), ReconstructError>;

    /// Makes an original ready to be reconstructed.
    ///
    /// # Errors
    /// Settings that cannot be met, files that are not there, or a device without the memory.
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
/// After [`Reconstruction::begin`] or [`Reconstruction::resume`] a realisation is under way, until
/// [`Reconstruction::finish`].
pub trait Reconstruction {
    /// Begins a realisation from a seed.
    ///
    /// # Errors
    /// The device lacks memory or is lost.
    fn begin(&mut self, seed: u64) -> Result<(), ReconstructError>;

    /// Goes on with a realisation from what [`Reconstruction::state`] has kept.
    ///
    /// # Errors
    /// The state does not fit, or the device lacks memory or is lost.
    fn resume(&mut self, seed: u64, state: &State) -> Result<(), ReconstructError>;

    /// Goes on from the same state on another device, after the one before was lost.
    ///
    /// # Errors
    /// The device lacks memory or is lost.
    fn renew(&mut self, device: Device) -> Result<(), ReconstructError>;

    /// One iteration. `interrupted` is asked before whatever takes long.
    ///
    /// # Errors
    /// [`ReconstructError::Interrupted`], or the device's; the state is then as before the iteration.
    fn step(&mut self, interrupted: &dyn Fn() -> bool) -> Result<Progress, ReconstructError>;

    /// What decides how the realisation goes on.
    fn state(&self) -> State<'_>;

    /// How far the realisation is.
    fn look(&self) -> Look<'_>;

    /// The image as it is now, at the result's size: three channels in 0 … 255.
    fn image(&self) -> Vec<f32>;

    /// The phases of an image, quick to make: their volume fractions need not be exact yet.
    fn rough_phases(&self, image: &[f32]) -> Option<PhaseMap>;

    /// Ends the realisation.
    fn finish(&mut self) -> Made;

    /// Where it is computed.
    fn device(&self) -> DeviceInfo;

    /// The network that it works with, where it has one.
    fn network(&self) -> Option<WeightsInfo> {
        None
    }

    /// In how many windows it goes over the image, and the bytes that it takes.
    fn windows(&self) -> (usize, u64) {
        (1, 0)
    }
}

/// How far a realisation is.
pub struct Look<'a> {
    /// Iterations so far.
    pub iteration: usize,
    /// Iterations in all at the most.
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

/// A realisation as a method leaves it.
pub struct Made {
    /// The image: three channels in 0 … 255.
    pub image: Vec<f32>,
    /// Its phases with exactly the original's volume fractions, where there are phases.
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

/// With which network.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct WeightsInfo {
    /// Their name.
    pub name: String,
    /// The first 16 hexadecimal digits of the SHA-256 of the layers used.
    pub sha256: String,
}

/// What decides how a realisation goes on, besides its settings: a few numbers by name, and vectors.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct State<'a> {
    /// Numbers and words.
    pub text: serde_json::Map<String, serde_json::Value>,
    /// Vectors by name.
    pub vectors: Vec<(String, Numbers<'a>)>,
}

/// A vector of a state.
#[derive(Clone, Debug, PartialEq)]
pub enum Numbers<'a> {
    /// In 64 bits.
    Wide(Cow<'a, [f64]>),
    /// In 32 bits.
    Narrow(Cow<'a, [f32]>),
}

impl State<'_> {
    /// A vector in 64 bits.
    ///
    /// # Errors
    /// What is wrong, in a few words: it is not there, or in 32 bits.
    pub fn wide(&self, name: &str) -> Result<Vec<f64>, String> {
        match self.find(name)? {
            Numbers::Wide(values) => Ok(values.to_vec()),
            Numbers::Narrow(_) => Err(format!("{name} is not in 64 bits")),
        }
    }

    /// A vector in 32 bits.
    ///
    /// # Errors
    /// What is wrong, in a few words: it is not there, or in 64 bits.
    pub fn narrow(&self, name: &str) -> Result<Vec<f32>, String> {
        match self.find(name)? {
            Numbers::Narrow(values) => Ok(values.to_vec()),
            Numbers::Wide(_) => Err(format!("{name} is not in 32 bits")),
        }
    }

    fn find(&self, name: &str) -> Result<&Numbers<'_>, String> {
        let found = self.vectors.iter().find(|(n, _)| n == name);
        found.map(|(_, numbers)| numbers).ok_or_else(|| format!("{name} is missing"))
    }

    /// The number or word of a name.
    ///
    /// # Errors
    /// What is wrong, in a few words: it is not there, or something else.
    pub fn get<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, String> {
        let value = self.text.get(name).cloned().unwrap_or_default();
        serde_json::from_value(value).map_err(|e| format!("{name}: {e}"))
    }
}
