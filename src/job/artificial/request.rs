//! What is asked for, and what comes back.

use std::path::PathBuf;
use std::sync::Arc;

use crate::job::{DistanceKind, MapSource, Measure, NetworkPreset};
use crate::learn::Regressor;
use crate::micrograph::{PhaseMap, Recipe};
use crate::reconstruct::Method;

/// What makes artificial micrographs.
#[derive(Clone, Debug, PartialEq)]
pub enum Generator {
    /// A latent model, at random points; the built-in one without a file.
    Latent(Option<PathBuf>),
    /// A method of reconstruction, from an authentic micrograph each.
    Method(Box<Method>),
}

impl Generator {
    /// Its name.
    pub fn name(&self) -> String {
        match self {
            Self::Latent(None) => "Built-in latent model".into(),
            Self::Latent(Some(path)) => {
                format!("Latent model {}", path.file_stem().unwrap_or_default().to_string_lossy())
            }
            Self::Method(method) => method.settings().name().into(),
        }
    }
}

/// A request for what artificial micrographs add to authentic ones (Cang et al., Comput. Mater. Sci. 150:212, 2018, Fig. 8):
/// a property of all of them is computed, and predicted for authentic micrographs that nothing was learned or made from.
#[derive(Clone, Debug)]
pub struct ArtificialStudy {
    /// The authentic micrographs.
    pub source: MapSource,
    /// How they are prepared, if they are.
    pub recipe: Option<Recipe>,
    /// Edge and stride of patches; whole pictures without them.
    pub patches: Option<(usize, usize)>,
    /// How the property is found: by solving for one.
    pub measure: Measure,
    /// What makes artificial micrographs.
    pub generators: Vec<Generator>,
    /// How many authentic micrographs are learned from and made from; the others are predicted.
    pub authentic: usize,
    /// How many artificial micrographs are added.
    pub counts: Vec<usize>,
    /// How many times they are drawn from all that were made.
    pub draws: usize,
    /// What is read of micrographs.
    pub inputs: DistanceKind,
    /// The regression.
    pub regressor: Regressor,
    /// How much a neural network may cost.
    pub preset: NetworkPreset,
    /// The seed.
    pub seed: u64,
    /// Where to compute.
    pub device: String,
}

/// How well authentic micrographs are predicted with so many artificial ones.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CountPoint {
    /// How many artificial micrographs were learned from beside the authentic ones.
    pub count: usize,
    /// R² of each draw.
    #[serde(deserialize_with = "crate::stats::numbers")]
    pub r2: Vec<f64>,
    /// The root mean squared error of each draw.
    #[serde(deserialize_with = "crate::stats::numbers")]
    pub rmse: Vec<f64>,
}

impl CountPoint {
    /// Mean and standard deviation of R² over the draws.
    pub fn spread(&self) -> (f64, f64) {
        let count = self.r2.len().max(1) as f64;
        let mean = self.r2.iter().sum::<f64>() / count;
        (mean, (self.r2.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / count).sqrt())
    }
}

/// What came of a generator.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Generated {
    /// Its name.
    pub name: String,
    /// The property of every artificial micrograph.
    #[serde(deserialize_with = "crate::stats::numbers")]
    pub values: Vec<f64>,
    /// The largest difference of the cumulative distributions of the property, its and that of the authentic micrographs that
    /// it was made from (Kolmogorov–Smirnov).
    #[serde(deserialize_with = "crate::stats::number")]
    pub distance: f64,
    /// The predictions by how many artificial micrographs were learned from.
    pub points: Vec<CountPoint>,
    /// Some of them, for a look; a project keeps them as files.
    #[serde(skip)]
    pub examples: Vec<Arc<PhaseMap>>,
}

/// The result.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Artificial {
    /// The property with its unit.
    pub property: String,
    /// What was read, and by what it was predicted.
    pub method: String,
    /// The property of the authentic micrographs that were learned from, and of those that were predicted.
    #[serde(deserialize_with = "crate::stats::numbers")]
    pub learned: Vec<f64>,
    /// See above.
    #[serde(deserialize_with = "crate::stats::numbers")]
    pub predicted: Vec<f64>,
    /// Height and width of all micrographs.
    pub size: (usize, usize),
    /// What came of each generator.
    pub generated: Vec<Generated>,
    /// Some authentic micrographs; a project keeps them as files.
    #[serde(skip)]
    pub examples: Vec<Arc<PhaseMap>>,
    /// What should be known, in sentences.
    pub notes: Vec<String>,
}
