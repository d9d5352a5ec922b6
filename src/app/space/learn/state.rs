//! The state of the workspace.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::shared::watch::{OneShot, Watch};
use crate::job::{About, DistanceKind, Learn, Learned, MapSource, PredictProperty, Predicted};
use crate::learn::{Predictor, Regressor, Split};

/// The space's name.
pub const NAME: &str = "Learn";
/// The ids of its commands.
pub const LEARN: &str = "learn";
pub const STOP: &str = "stop";
pub const EXPORT: &str = "export";

/// Where the micrographs come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Set {
    /// Files and folders.
    Files,
    /// Synthetic graphite.
    Graphite,
}

/// A way to read micrographs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub enum Reading {
    Statistics,
    TwoPoint,
    Textures,
    Latent,
}

impl Reading {
    pub const ALL: [Self; 4] = [Self::Statistics, Self::TwoPoint, Self::Textures, Self::Latent];
}

/// How samples are split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum SplitKind {
    Micrographs,
    LeaveOneOut,
    Random,
}

/// What is learned, from what and how.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Wanted {
    pub set: Set,
    pub files: Vec<PathBuf>,
    pub prepares: bool,
    pub cuts: bool,
    pub edge: usize,
    pub stride: usize,
    pub count: usize,
    pub table: Option<PathBuf>,
    pub pattern: String,
    pub column: String,
    pub readings: Vec<Reading>,
    /// The file of a latent model; the built-in one without.
    pub model: Option<PathBuf>,
    pub regressors: Vec<Regressor>,
    pub split: SplitKind,
    pub parts: usize,
    pub seed: u64,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            set: Set::Files,
            files: vec![],
            prepares: false,
            cuts: false,
            edge: 128,
            stride: 128,
            count: 100,
            table: None,
            pattern: String::new(),
            column: String::new(),
            readings: vec![Reading::Statistics, Reading::TwoPoint, Reading::Textures],
            model: None,
            regressors: Regressor::ALL.to_vec(),
            split: SplitKind::Micrographs,
            parts: 5,
            seed: 1,
        }
    }
}

impl Wanted {
    /// Edge of synthetic graphite, in pixels.
    const GRAPHITE: usize = 128;

    /// Where the micrographs come from.
    pub fn source(&self) -> MapSource {
        match self.set {
            Set::Files => MapSource::Files(self.files.clone()),
            Set::Graphite => MapSource::Graphite(self.count, Self::GRAPHITE, self.seed),
        }
    }

    /// The table that was chosen, or the one of a property set in the only folder.
    pub fn table_of(&self) -> Option<PathBuf> {
        let own = match (self.set, self.files.as_slice()) {
            (Set::Files, [folder]) => Some(folder.join("properties.csv")).filter(|path| path.is_file()),
            _ => None,
        };
        self.table.clone().filter(|_| self.set == Set::Files).or(own.filter(|_| self.pattern.trim().is_empty()))
    }

    /// The pattern of names, if there is one.
    pub fn pattern_of(&self) -> Option<String> {
        Some(self.pattern.trim().to_string()).filter(|p| self.set == Set::Files && !p.is_empty())
    }

    /// How samples are split.
    pub fn split_of(&self) -> Split {
        match self.split {
            SplitKind::Micrographs => Split::ByMicrograph(self.parts),
            SplitKind::LeaveOneOut => Split::LeaveOneOut,
            SplitKind::Random => Split::Random(self.parts),
        }
    }
}

/// What the lower part shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Attempts and baselines.
    #[default]
    Scores,
    /// Importance of the inputs.
    Importance,
    /// Predictions of further micrographs.
    Predictions,
    /// What was left out or should be known.
    Notes,
}

/// A predictor that is open, and how it reads micrographs.
#[derive(Clone)]
pub struct OpenPredictor {
    pub name: String,
    pub predictor: Arc<Predictor>,
    pub about: About,
}

/// The state of the workspace.
#[derive(Default)]
pub struct LearnSpace {
    pub(super) wanted: Wanted,
    /// What the columns were asked of, as text, and the columns.
    pub(super) asked: String,
    pub(super) columns: Option<Result<Vec<String>, String>>,
    pub(super) reading: Watch<OneShot<Result<Vec<String>, String>>>,
    pub(super) job: Watch<Learn>,
    pub(super) learned: Option<Arc<Learned>>,
    /// The attempt that the plots show.
    pub(super) attempt: usize,
    pub(super) tab: Tab,
    pub(super) open: Option<OpenPredictor>,
    pub(super) opening: Watch<OneShot<OpenPredictor>>,
    pub(super) predicting: Watch<PredictProperty>,
    /// Micrographs that wait to be predicted.
    pub(super) waiting: Vec<PathBuf>,
    pub(super) predicted: Vec<Predicted>,
}

impl LearnSpace {
    /// What is learned, from what and how.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// The last result.
    pub fn learned(&self) -> Option<&Arc<Learned>> {
        self.learned.as_ref()
    }

    /// Predictions of further micrographs, the last first.
    pub fn predicted(&self) -> &[Predicted] {
        &self.predicted
    }

    /// Whether something is being learned.
    pub fn is_running(&self) -> bool {
        self.job.is_running()
    }

    /// The inputs as a job takes them; textures with these weights.
    pub(super) fn inputs(&self, weights: crate::net::WeightsKind) -> Vec<DistanceKind> {
        let kind = |reading: &Reading| match reading {
            Reading::Statistics => DistanceKind::Statistics,
            Reading::TwoPoint => DistanceKind::Spectra,
            Reading::Textures => DistanceKind::Textures(weights.clone(), crate::embed::TextureSettings::default()),
            Reading::Latent => DistanceKind::Latent(self.wanted.model.clone()),
        };
        self.wanted.readings.iter().map(kind).collect()
    }
}
