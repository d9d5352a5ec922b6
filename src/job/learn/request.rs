//! What is asked for, and what comes back.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::preset::NetworkPreset;
use crate::embed::{TextureSettings, Values};
use crate::job::map::{Common, DistanceKind, MapSource, columns_of};
use crate::learn::{
    CurvePoint, Importance, Predictor, Regressor, Samples, Split, Validation, predictor_bytes, read_predictor,
};
use crate::micrograph::{PixelSize, Recipe};
use crate::net::{Layer, WeightsKind};

/// A request to learn a column of a table from micrographs.
#[derive(Clone, Debug)]
pub struct Learn {
    /// The micrographs.
    pub source: MapSource,
    /// How they are prepared, if they are.
    pub recipe: Option<Recipe>,
    /// Edge and stride of patches, each of which has the value of its micrograph; whole pictures without them.
    pub patches: Option<(usize, usize)>,
    /// A table with values by file name.
    pub table: Option<PathBuf>,
    /// A pattern that reads values from file names.
    pub pattern: Option<String>,
    /// The column that is learned.
    pub column: String,
    /// What is read of the micrographs; each is tried.
    pub inputs: Vec<DistanceKind>,
    /// Kinds of regression; each is tried.
    pub regressors: Vec<Regressor>,
    /// How samples are split for the validation.
    pub split: Split,
    /// How many times the set is split anew.
    pub repeats: usize,
    /// The seed of the split.
    pub seed: u64,
    /// How much neural networks may cost.
    pub preset: NetworkPreset,
    /// Whether layers that are transferred stay as they are; only [`NetworkPreset::AsPublished`] trains them on otherwise.
    pub frozen: bool,
    /// A file for what is done already, so that a learning that was ended goes on where it was.
    pub finished: Option<PathBuf>,
    /// Where features are computed.
    pub device: String,
}

/// A way to read micrographs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
pub enum InputKind {
    /// Statistics of phases: fractions, surface, chords, components, S2
    Statistics,
    /// Principal components of two-point statistics, as power spectra
    TwoPoint,
    /// Principal components of texture vectors: Gram matrices of a feature network
    Textures,
    /// Feature maps of a network at pool2, pooled to 4 × 4 squares
    MapsPool2,
    /// Feature maps of a network at pool3, pooled to 4 × 4 squares
    MapsPool3,
    /// Feature maps of a network at pool4, pooled to 4 × 4 squares
    MapsPool4,
    /// The pixels themselves, by the convolutions of a neural network
    Pixels,
    /// Latent point of a model
    Latent,
}

impl InputKind {
    /// What a job reads: texture vectors and feature maps by a network of these weights, and latent points of this model.
    pub fn distances(self, weights: &WeightsKind, model: Option<&Path>) -> DistanceKind {
        let maps =
            |name: &str| DistanceKind::Maps(weights.clone(), Layer::named(name).expect("a layer of the network"));
        match self {
            Self::MapsPool2 => maps("pool2"),
            Self::MapsPool3 => maps("pool3"),
            Self::MapsPool4 => maps("pool4"),
            Self::Pixels => DistanceKind::Pixels,
            Self::Statistics => DistanceKind::Statistics,
            Self::TwoPoint => DistanceKind::Spectra,
            Self::Textures => DistanceKind::Textures(weights.clone(), TextureSettings::default()),
            Self::Latent => DistanceKind::Latent(model.map(Path::to_path_buf)),
        }
    }
}

impl Default for Learn {
    /// Nothing yet, with five parts by micrograph.
    fn default() -> Self {
        Self {
            source: MapSource::Files(vec![]),
            recipe: None,
            patches: None,
            table: None,
            pattern: None,
            column: String::new(),
            inputs: vec![],
            regressors: vec![],
            split: Split::default(),
            repeats: 1,
            seed: 1,
            preset: NetworkPreset::default(),
            frozen: false,
            finished: None,
            device: "auto".into(),
        }
    }
}

impl Learn {
    /// How samples are split, in words.
    pub fn split_name(&self) -> String {
        let name = self.split.name();
        match self.repeats {
            times if times > 1 && self.split != Split::LeaveOneOut => format!("{name}, {times} times"),
            _ => name,
        }
    }
}

/// The table of a property set, if that is all there is.
pub fn own_table(paths: &[PathBuf]) -> Option<PathBuf> {
    let [folder] = paths else { return None };
    Some(folder.join("properties.csv")).filter(|path| path.is_file())
}

/// The name of what is read of a micrograph.
pub fn input_name(kind: &DistanceKind) -> &'static str {
    match kind {
        DistanceKind::Textures(..) => "Texture vectors",
        DistanceKind::Maps(_, layer) => match layer.name() {
            "pool2" => "Feature maps, pool2",
            "pool3" => "Feature maps, pool3",
            "pool4" => "Feature maps, pool4",
            _ => "Feature maps",
        },
        DistanceKind::Pixels => "Pixels",
        DistanceKind::Spectra => "Two-point statistics",
        DistanceKind::Statistics => "Statistics of phases",
        DistanceKind::Latent(_) => "Latent point",
    }
}

/// A kind of inputs with a kind of regression, and how well they predict.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// The number of the inputs in the request.
    pub inputs: usize,
    /// The regression.
    pub regressor: Regressor,
    /// Its predictions of what it did not learn from.
    pub validation: Validation,
}

/// What a predictor's file says beside its numbers: how a new micrograph is read.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct About {
    /// The column that it predicts.
    pub column: String,
    /// What is read of micrographs.
    pub inputs: DistanceKind,
    /// What all of them have in common.
    pub common: Common,
    /// The hash of the network's weights, or of the model's file, of inputs that need one.
    pub network: Option<String>,
    /// The size of a pixel, where it is known.
    pub pixel_size: Option<PixelSize>,
    /// Lengths and factors of the parts of a row.
    pub parts: Vec<(usize, f32)>,
    /// Edge and stride of patches.
    pub patches: Option<(usize, usize)>,
    /// How micrographs are prepared.
    pub recipe: Option<Recipe>,
    /// How it was validated, in words.
    pub split: String,
}

/// The longest edge of a micrograph that a predictor's file may ask for, in pixels.
const MOST_EDGE: usize = 1 << 17;

impl About {
    /// The bytes of a predictor's file that says this beside it.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn file(&self, predictor: &Predictor) -> Result<Vec<u8>, String> {
        let about = serde_json::to_value(self).map_err(|e| e.to_string())?;
        predictor_bytes(predictor, about).map_err(|e| e.to_string())
    }

    /// A predictor from the bytes of its file, and how it reads micrographs; `path` is named in errors.
    ///
    /// # Errors
    /// The file is no predictor, or does not say how it reads.
    pub fn read(bytes: &[u8], path: &Path) -> Result<(Predictor, Self), String> {
        let (predictor, about) = read_predictor(bytes, path).map_err(|e| e.to_string())?;
        let unknown = || format!("{} does not say how it reads micrographs.", path.display());
        let about: Self = serde_json::from_value(about).map_err(|_| unknown())?;
        let (height, width) = about.common.size;
        let cuts = about.patches.is_none_or(|(edge, stride)| (8..=MOST_EDGE).contains(&edge) && stride > 0);
        let phases = about.common.phases.is_none_or(|count| (1..=256).contains(&count));
        match cuts && phases && (1..=MOST_EDGE).contains(&height) && (1..=MOST_EDGE).contains(&width) {
            true => Ok((predictor, about)),
            false => Err(unknown()),
        }
    }
}

/// The result of a learning.
#[derive(Clone, Debug)]
pub struct Learned {
    /// What was asked for.
    pub request: Learn,
    /// All attempts, the best first.
    pub attempts: Vec<Attempt>,
    /// What the mean predicts.
    pub mean: Validation,
    /// What a Gaussian process on the volume fractions alone predicts, of micrographs with phases.
    pub fractions: Option<Validation>,
    /// The best attempt's scores over the number of samples.
    pub curve: Vec<CurvePoint>,
    /// The best attempt's inputs, the most important first, with their names.
    pub importances: Vec<(String, Importance)>,
    /// The best attempt's regression on all samples.
    pub predictor: Arc<Predictor>,
    /// How it reads a micrograph.
    pub about: About,
    /// The predictor's file.
    pub file: Arc<Vec<u8>>,
    /// What was left out or should be known, in sentences.
    pub notes: Vec<String>,
}

impl Learned {
    /// What was learned from; rows are reduced ones of the best attempt.
    pub fn samples(&self) -> &Samples {
        &self.predictor.samples
    }

    /// The best attempt.
    pub fn best(&self) -> &Attempt {
        &self.attempts[0]
    }

    /// What an attempt reads and how it predicts.
    pub fn name_of(&self, attempt: &Attempt) -> String {
        format!("{} by {}", input_name(&self.request.inputs[attempt.inputs]), attempt.regressor.name())
    }

    /// What the result is worth, in a sentence: whether it beats the mean and the volume fractions.
    pub fn verdict(&self) -> String {
        let best = self.best().validation.scores;
        let name = self.name_of(self.best());
        if best.rmse >= self.mean.scores.rmse {
            return format!("{name} predicts {} no better than its mean does.", self.request.column);
        }
        match &self.fractions {
            Some(fractions) if best.rmse >= 0.95 * fractions.scores.rmse => format!(
                "{name} predicts {} no better than the volume fractions alone do (R² {:.3} and {:.3}).",
                self.request.column, best.r2, fractions.scores.r2
            ),
            Some(fractions) => format!(
                "{name} predicts {} with an R² of {:.3}; the volume fractions alone reach {:.3}.",
                self.request.column, best.r2, fractions.scores.r2
            ),
            None => format!("{name} predicts {} with an R² of {:.3}.", self.request.column, best.r2),
        }
    }
}

/// The columns of numbers that a set and its table offer to learn; nothing is read but the table and the names.
///
/// # Errors
/// The table or the pattern cannot be read, or names no picture.
pub fn columns_to_learn(
    source: &MapSource,
    table: Option<&Path>,
    pattern: Option<&str>,
) -> Result<Vec<String>, String> {
    let set = source.named_members();
    let (columns, _) = columns_of(table, pattern, &[], &set).map_err(|failure| failure.0)?;
    let numbers = columns.into_iter().filter(|c| matches!(c.values, Values::Numbers(_)));
    Ok(numbers.map(|c| c.name).collect())
}
