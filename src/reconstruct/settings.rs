//! The settings of a reconstruction, the same for the window, the command line and the report.
//!
//! A method is a folder beside this file. Its settings implement [`MethodSettings`], and the type that does the work
//! implements [`Reconstruction`]. Here it has a variant in [`Method`], with an arm in each `match` on it. Size, seed,
//! realisations, exact volume fractions, polish, comparison, output and resuming are common to all methods.

use std::sync::Arc;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::ReconstructError;
use super::anneal::Anneal;
use super::descriptors::Descriptors;
use super::field::Field;
use super::gram::Gram;
use super::markov::Markov;
use super::reconstruction::Reconstruction;
use super::sampling::Sampling;
use super::target::Target;
use super::tree::Tree;
use crate::compute::Device;
use crate::compute::graph::Precision;
use crate::micrograph::Recipe;
use crate::net::WeightsKind;

/// A method with its settings.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Gram matrices of a feature network (Li et al., Sci. Rep. 8:13461, 2018).
    Gram(Gram),
    /// Level cuts of Gaussian random fields.
    Field(Field),
    /// Simulated annealing of the two-point correlation.
    Anneal(Anneal),
    /// Synthesis by a decision tree.
    Tree(Tree),
    /// Synthesis of a Markov random field.
    Markov(Markov),
    /// Multiple-point statistics by direct sampling.
    Sampling(Sampling),
    /// Physical descriptors of particles.
    Descriptors(Descriptors),
}

impl Default for Method {
    fn default() -> Self {
        Self::Gram(Gram::default())
    }
}

impl Method {
    /// All methods with their default settings.
    pub fn all() -> Vec<Self> {
        vec![
            Self::Gram(Gram::default()),
            Self::Field(Field::default()),
            Self::Anneal(Anneal::default()),
            Self::Tree(Tree::default()),
            Self::Markov(Markov::default()),
            Self::Sampling(Sampling::default()),
            Self::Descriptors(Descriptors::default()),
        ]
    }

    /// The settings, through the interface of all methods.
    pub fn settings(&self) -> &dyn MethodSettings {
        match self {
            Self::Gram(settings) => settings,
            Self::Field(settings) => settings,
            Self::Anneal(settings) => settings,
            Self::Tree(settings) => settings,
            Self::Markov(settings) => settings,
            Self::Sampling(settings) => settings,
            Self::Descriptors(settings) => settings,
        }
    }

    /// The settings of the Gram matrices, if that is the method.
    pub fn gram(&self) -> Option<&Gram> {
        match self {
            Self::Gram(settings) => Some(settings),
            _ => None,
        }
    }

    /// The same, mutable.
    pub fn gram_mut(&mut self) -> Option<&mut Gram> {
        match self {
            Self::Gram(settings) => Some(settings),
            _ => None,
        }
    }
}

impl std::str::FromStr for Method {
    type Err = String;

    /// A method by its name, or with its settings as a report writes them: `gram`, `{"gram": {"iterations": 50}}`.
    /// Settings that are not given are default.
    fn from_str(text: &str) -> Result<Self, String> {
        let is_name = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
        let given: Value = match is_name {
            true => serde_json::json!({ text: {} }),
            false => serde_json::from_str(text).map_err(|error| format!("it is not JSON ({error})"))?,
        };
        let known: serde_json::Map<String, Value> = Self::all()
            .iter()
            .filter_map(|method| serde_json::to_value(method).ok()?.as_object().cloned())
            .flatten()
            .collect();
        let wanted = given.as_object().and_then(|given| given.iter().next());
        let Some((name, mut settings)) = wanted.and_then(|(name, _)| Some((name, known.get(name)?.clone()))) else {
            let names: Vec<&str> = known.keys().map(String::as_str).collect();
            return Err(format!("there is no such method; the methods are: {}", names.join(", ")));
        };
        for (key, value) in given[name].as_object().into_iter().flatten() {
            settings[key] = value.clone();
        }
        serde_json::from_value(serde_json::json!({ name: settings })).map_err(|error| error.to_string())
    }
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

    /// The most iterations of a realisation; 1 where it is made in pieces instead.
    fn iterations(&self) -> usize {
        1
    }

    /// The names of the parts of its loss, in the order of [`LossValue::parts`].
    fn loss_names(&self) -> Vec<String> {
        vec![]
    }

    /// Whether its results are polished, if the settings say so.
    fn is_polished(&self) -> bool {
        true
    }

    /// Whether it computes on the chosen device; else it takes the cores.
    fn uses_device(&self) -> bool {
        false
    }

    /// Whether its results are fitted to the lineal path, also without the polish.
    fn fits_lineal_path(&self) -> bool {
        false
    }

    /// Whether they are fitted to chord lengths by themselves.
    fn fits_chords(&self) -> bool {
        false
    }

    /// Whether they are fitted to the cluster function.
    fn fits_clusters(&self) -> bool {
        false
    }

    /// What has to be known of results for an original of this size, in sentences.
    fn notes(&self, _original: (usize, usize)) -> Vec<String> {
        vec![]
    }
}

/// Checks that S2 of an original and of a result can be measured; `method` begins the sentence if it cannot.
///
/// # Errors
/// An edge is too short.
pub(super) fn check_edges(
    method: &str,
    original: (usize, usize),
    result: (usize, usize),
) -> Result<(), ReconstructError> {
    /// The smallest edge whose S2 can be measured.
    const LEAST: usize = 4;
    let least = original.0.min(original.1).min(result.0).min(result.1);
    if least < LEAST {
        let text = format!("{method} needs at least {LEAST} pixels along each edge; the smallest edge has {least}.");
        return Err(ReconstructError::Settings(text));
    }
    Ok(())
}

/// Everything that decides a reconstruction besides the micrograph.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields, remote = "Self")]
pub struct Settings {
    /// How the micrograph is prepared and its phases are told apart.
    pub recipe: Recipe,
    /// The method, with settings of its own.
    pub method: Method,
    /// Whether pixels at interfaces are exchanged in the end to bring S2 and lineal path closer to the original's.
    // Reports of versions without this field were made without a polish.
    #[serde(default)]
    pub polish: bool,
    /// Seed of the random start; further realisations take the next ones.
    pub seed: u64,
    /// How many realisations.
    pub realisations: usize,
    /// Height and width of the result, where they differ from the original's.
    pub size: Option<(usize, usize)>,
    /// `auto`, `cpu`, `gpu` or a part of an adapter's name.
    pub device: String,
    /// How feature maps are stored on a GPU.
    pub precision: Precision,
    /// MiB that a run may take; if it needs more, the network processes the image in windows. `None`: what is free.
    pub memory_limit: Option<u64>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            recipe: Recipe::default(),
            method: Method::default(),
            polish: true,
            seed: 1,
            realisations: 1,
            size: None,
            device: "auto".into(),
            precision: Precision::Single,
            memory_limit: None,
        }
    }
}

impl Serialize for Settings {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

/// Also reads settings of versions without methods, which had those of the Gram matrices among the common ones.
impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        if let Value::Object(fields) = &mut value
            && !fields.contains_key("method")
        {
            let own = OLD_GRAM_FIELDS.iter().filter_map(|name| Some(((*name).to_string(), fields.remove(*name)?)));
            let gram: serde_json::Map<String, Value> = own.collect();
            fields.insert("method".into(), serde_json::json!({ "gram": gram }));
        }
        Self::deserialize(value).map_err(D::Error::custom)
    }
}

/// The settings of the Gram matrices in those versions.
const OLD_GRAM_FIELDS: [&str; 14] = [
    "encoding",
    "weights",
    "depth",
    "layer_weights",
    "normalisation",
    "padding",
    "pooling",
    "optimiser",
    "adam_rate",
    "levels",
    "correlation_weight",
    "path_weight",
    "decoding",
    "iterations",
];

/// The most realisations of a run.
pub const MOST_REALISATIONS: usize = 100_000;
/// The longest edge of a result.
const MOST_EDGE: usize = 16_384;

impl Settings {
    /// Gram matrices with these settings; everything else is default.
    pub fn of(gram: Gram) -> Self {
        Self { method: Method::Gram(gram), ..Self::default() }
    }

    /// Height and width of the result for an original of this size.
    pub fn output_size(&self, original: (usize, usize)) -> (usize, usize) {
        self.size.unwrap_or(original)
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_is_read_by_its_name_and_with_settings() {
        assert_eq!("gram".parse(), Ok(Method::default()));
        let some = r#"{"gram": {"iterations": 50}}"#;
        assert_eq!(some.parse(), Ok(Method::Gram(Gram { iterations: 50, ..Gram::default() })));
        for wrong in ["", "grams", "{", r#"{"gram": {"iterations": "many"}}"#, r#"{"gram": {"speed": 1}}"#, "[1]"] {
            let error = wrong.parse::<Method>().expect_err(wrong);
            assert!(error.len() > 10, "{wrong}: {error}");
        }
        for method in Method::all() {
            let text = serde_json::to_string(&method).expect("a text");
            assert_eq!(text.parse(), Ok(method));
        }
    }
}
