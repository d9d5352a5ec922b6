//! The state of the workspace.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::shared::predictor::OpenPredictor;
use crate::app::shared::watch::{OneShot, Watch};
use crate::job::{
    Artificial, ArtificialStudy, InputKind, Learn, Learned, MapSource, NetworkPreset, PredictProperty, Predicted,
    own_table,
};
use crate::learn::{Regressor, SplitKind};
use crate::property::Property;

/// The space's name.
pub const NAME: &str = "Learn";
/// The ids of its commands.
pub const LEARN: &str = "learn";
pub const STOP: &str = "stop";
pub const STUDY: &str = "study";
pub const EXPORT: &str = "export";
/// What the panel's own dialog does before it hands its files over.
pub const CHOOSE_SET: &str = "choose set";

/// Where the micrographs come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Set {
    /// Files and folders.
    Files,
    /// Synthetic graphite.
    Graphite,
}

/// What of artificial micrographs is studied.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct WantedArtificial {
    pub property: Property,
    pub latent: bool,
    pub markov: bool,
    pub authentic: usize,
    pub most: usize,
    pub draws: usize,
    pub reading: InputKind,
    pub regressor: Regressor,
}

impl Default for WantedArtificial {
    fn default() -> Self {
        Self {
            property: Property::Conductivity,
            latent: false,
            markov: true,
            authentic: 100,
            most: 200,
            draws: 5,
            reading: InputKind::Statistics,
            regressor: Regressor::GaussianProcess,
        }
    }
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
    pub readings: Vec<InputKind>,
    /// The file of a latent model; the built-in one without.
    pub model: Option<PathBuf>,
    pub regressors: Vec<Regressor>,
    pub split: SplitKind,
    pub parts: usize,
    pub repeats: usize,
    /// How much neural networks may cost, and whether transferred layers stay as they are.
    pub preset: NetworkPreset,
    pub frozen: bool,
    /// Whether what artificial micrographs add is studied, and how.
    pub studies: bool,
    pub artificial: WantedArtificial,
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
            readings: vec![InputKind::Statistics, InputKind::TwoPoint, InputKind::Textures],
            model: None,
            regressors: Regressor::QUICK.to_vec(),
            split: SplitKind::Micrographs,
            parts: 5,
            repeats: 1,
            preset: NetworkPreset::Quick,
            frozen: false,
            studies: false,
            artificial: WantedArtificial::default(),
            seed: 1,
        }
    }
}

impl Wanted {
    /// Edge of synthetic graphite, in pixels.
    const GRAPHITE: usize = 128;

    /// The same with numbers that the panel could give.
    pub fn bounded(self) -> Self {
        Self {
            edge: self.edge.clamp(16, 4096),
            stride: self.stride.clamp(1, 4096),
            count: self.count.clamp(8, 100_000),
            parts: self.parts.clamp(2, 100),
            repeats: self.repeats.clamp(1, 100),
            artificial: WantedArtificial {
                authentic: self.artificial.authentic.clamp(8, 100_000),
                most: self.artificial.most.clamp(4, 10_000),
                draws: self.artificial.draws.clamp(1, 100),
                ..self.artificial
            },
            ..self
        }
    }

    /// Where the micrographs come from.
    pub fn source(&self) -> MapSource {
        match self.set {
            Set::Files => MapSource::Files(self.files.clone()),
            Set::Graphite => MapSource::Graphite(self.count, Self::GRAPHITE, self.seed),
        }
    }

    /// The table that was chosen, or the one of a property set in the only folder. Asks the file system.
    pub fn table_of(&self) -> Option<PathBuf> {
        if self.set != Set::Files {
            return None;
        }
        let own = || own_table(&self.files).filter(|_| self.pattern.trim().is_empty());
        self.table.clone().or_else(own)
    }

    /// What decides which columns there are.
    pub fn columns_key(&self) -> String {
        format!("{:?} {:?} {:?} {:?}", self.set, self.files, self.table, self.pattern_of())
    }

    /// The pattern of names, if there is one.
    pub fn pattern_of(&self) -> Option<String> {
        Some(self.pattern.trim().to_string()).filter(|p| self.set == Set::Files && !p.is_empty())
    }
}

/// What the lower part shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Attempts and baselines.
    #[default]
    Scores,
    /// Errors part by part.
    Parts,
    /// Importance of the inputs.
    Importance,
    /// Predictions of further micrographs.
    Predictions,
    /// What artificial micrographs add.
    Artificial,
    /// What was left out or should be known.
    Notes,
}

/// The state of the workspace.
#[derive(Default)]
pub struct LearnSpace {
    pub(super) wanted: Wanted,
    /// What the columns were asked of, as text, and the columns.
    pub(super) asked: String,
    /// The table that they come from.
    pub(super) table: Option<PathBuf>,
    pub(super) columns: Option<Result<Vec<String>, String>>,
    pub(super) reading: Watch<OneShot<Result<Vec<String>, String>>>,
    /// What the cost of networks was asked of, and the cost: trainings and seconds.
    pub(super) cost_asked: Option<Wanted>,
    pub(super) cost: Option<(usize, f64)>,
    pub(super) costing: Watch<OneShot<Option<(usize, f64)>>>,
    pub(super) job: Watch<Learn>,
    pub(super) learned: Option<Arc<Learned>>,
    /// The attempt that the plots show.
    pub(super) attempt: usize,
    pub(super) tab: Tab,
    pub(super) study: Watch<ArtificialStudy>,
    pub(super) artificial: Option<Arc<Artificial>>,
    pub(super) opening: Watch<OneShot<OpenPredictor>>,
    pub(super) predicting: Watch<PredictProperty>,
    /// Whether the files that come next were chosen for the set.
    pub(super) chooses_set: bool,
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

    /// What artificial micrographs add.
    pub fn artificial(&self) -> Option<&Arc<Artificial>> {
        self.artificial.as_ref()
    }

    /// Whether artificial micrographs are being studied.
    pub fn is_studying(&self) -> bool {
        self.study.is_running()
    }

    /// Whether something is being predicted.
    pub fn is_predicting(&self) -> bool {
        self.predicting.is_running()
    }
}
