//! The settings of a reconstruction, the same for the window, the command line and the report.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::ReconstructError;
use super::gram::Gram;
use super::method::Method;
use crate::compute::graph::Precision;
use crate::micrograph::Recipe;
use crate::net::WeightsKind;

/// Everything that decides a reconstruction besides the micrograph.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields, remote = "Self")]
pub struct Settings {
    /// How the micrograph is prepared and its phases are told apart.
    pub recipe: Recipe,
    /// The method, with settings of its own.
    pub method: Method,
    /// Whether pixels at interfaces are exchanged in the end where that brings S2 and lineal path closer.
    // A report of a version without this field was made without it.
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
    /// MiB that a run may take; above it the network goes over the image in windows. `None`: what is free.
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

/// Also reads the settings of versions that knew no methods: those of the Gram matrices stood among the common ones.
impl<'de> Deserialize<'de> for Settings {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut value = Value::deserialize(deserializer)?;
        if let Value::Object(fields) = &mut value
            && !fields.contains_key("method")
        {
            let own = OF_GRAM.iter().filter_map(|name| Some(((*name).to_string(), fields.remove(*name)?)));
            let gram: serde_json::Map<String, Value> = own.collect();
            fields.insert("method".into(), serde_json::json!({ "gram": gram }));
        }
        Self::deserialize(value).map_err(D::Error::custom)
    }
}

/// What those versions had for the Gram matrices.
const OF_GRAM: [&str; 14] = [
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
    /// Of the Gram matrices, everything else by default.
    pub fn of(gram: Gram) -> Self {
        Self { method: Method::Gram(gram), ..Self::default() }
    }

    /// Takes other weights of the feature network, where the method has one.
    pub fn set_weights(&mut self, weights: WeightsKind) {
        self.method.gram_mut().into_iter().for_each(|gram| gram.weights = weights.clone());
    }

    /// Height and width of the result for an original of this size.
    pub fn output_size(&self, original: (usize, usize)) -> (usize, usize) {
        self.size.unwrap_or(original)
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
        self.method.settings().check(self, original)
    }
}
