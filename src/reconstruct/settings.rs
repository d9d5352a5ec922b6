//! The settings of a reconstruction, the same for the window, the command line and the report.

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::gram::Gram;
use crate::compute::graph::Precision;
use crate::micrograph::Recipe;

/// A method with its settings.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Gram matrices of a feature network (Li et al., Sci. Rep. 8:13461, 2018).
    Gram(Gram),
}

impl Default for Method {
    fn default() -> Self {
        Self::Gram(Gram::default())
    }
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
impl Settings {
    /// Gram matrices with these settings; everything else is default.
    pub fn of(gram: Gram) -> Self {
        Self { method: Method::Gram(gram), ..Self::default() }
    }

    /// Height and width of the result for an original of this size.
    pub fn output_size(&self, original: (usize, usize)) -> (usize, usize) {
        self.size.unwrap_or(original)
    }
}
