//! What is asked for, and what comes back.

use std::path::PathBuf;
use std::sync::Arc;

use crate::embed::Values;
use crate::job::map::{Common, DistanceKind, MapSource, columns_of};
use crate::learn::{CurvePoint, Importance, Predictor, Regressor, Samples, Split, Validation};
use crate::micrograph::Recipe;

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
    /// The seed of the split.
    pub seed: u64,
    /// Where features are computed.
    pub device: String,
}

/// The name of what is read of a micrograph.
pub fn input_name(kind: &DistanceKind) -> &'static str {
    match kind {
        DistanceKind::Textures(..) => "Texture vectors",
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
    /// Lengths and factors of the parts of a row.
    pub parts: Vec<(usize, f32)>,
    /// Edge and stride of patches.
    pub patches: Option<(usize, usize)>,
    /// How micrographs are prepared.
    pub recipe: Option<Recipe>,
    /// How it was validated, in words.
    pub split: String,
}

/// The result of a learning.
#[derive(Clone, Debug)]
pub struct Learned {
    /// What was asked for.
    pub request: Learn,
    /// What was learned from; rows are those of the best attempt.
    pub samples: Samples,
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
    /// What was left out or should be known, in sentences.
    pub notes: Vec<String>,
}

impl Learned {
    /// The best attempt.
    pub fn best(&self) -> &Attempt {
        &self.attempts[0]
    }

    /// What the result is worth, in a sentence: whether it beats the mean and the volume fractions.
    pub fn verdict(&self) -> String {
        let best = self.best().validation.scores;
        let name =
            format!("{} by {}", input_name(&self.request.inputs[self.best().inputs]), self.best().regressor.name());
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
    table: Option<&std::path::Path>,
    pattern: Option<&str>,
) -> Result<Vec<String>, String> {
    let set = source.named_members();
    let (columns, _) = columns_of(table, pattern, &[], &set).map_err(|failure| failure.0)?;
    let numbers = columns.into_iter().filter(|c| matches!(c.values, Values::Numbers(_)));
    Ok(numbers.map(|c| c.name).collect())
}
