//! The state of the workspace.

use std::path::PathBuf;
use std::sync::Arc;

use egui::Color32;

use crate::app::shared::watch::{OneShot, Watch};
use crate::app::widgets::Picture;
use crate::job::{Explored, Explorer, Judge, PaintedSheet, Train};
use crate::latent::{Judgement, LatentSettings, Model, Needs};

/// The space's name.
pub const NAME: &str = "Latent";
/// The ids of its commands.
pub const LAYOUT: &str = "layout";
pub const TRAIN_PAGE: &str = "train-page";
pub const TRAIN: &str = "train";
pub const KEEP: &str = "keep";
pub const CANCEL: &str = "cancel";
pub const JUDGE: &str = "judge";
pub const STOP: &str = "stop";

/// A page of the workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Page {
    Explore,
    Train,
    Judge,
}

/// What patches are cut from.
#[derive(Clone, Debug, PartialEq)]
pub enum Data {
    /// The open micrograph, as it is prepared.
    Open,
    /// Files and folders.
    Files(Vec<PathBuf>),
    /// Synthetic graphite.
    Graphite,
}

/// What the sheet below the picture shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SheetKind {
    Traversal,
    Samples,
    Interpolation,
    Correlations,
}

/// The open model, and the current point in its latent space.
pub struct OpenModel {
    pub(super) model: Arc<Model>,
    pub(super) name: String,
    /// The bytes of its file, for projects; none for the built-in model.
    pub(super) bytes: Option<Arc<Vec<u8>>>,
    pub(super) explorer: Explorer,
    /// The dimensions, the most informative first.
    pub(super) order: Vec<usize>,
    /// How many of them carry information.
    pub(super) alive: usize,
    pub(super) z: Vec<f32>,
    pub(super) start: Vec<f32>,
    pub(super) start_name: String,
    pub(super) layout: u64,
    pub(super) edge: usize,
    pub(super) asked: Option<crate::job::ExploreRequest>,
    pub(super) shown: Option<Explored>,
    /// What the start looked like, to compare with.
    pub(super) reference: Option<Explored>,
    pub(super) sheet: PaintedSheet,
    pub(super) sheet_kind: SheetKind,
    pub(super) sample_seed: u64,
    /// The other end of an interpolation.
    pub(super) target: Option<(String, Vec<f32>)>,
    /// Whether the next encoded micrograph is the other end.
    pub(super) encodes_target: bool,
    pub(super) pad: (usize, usize),
}

/// A model to be opened, its name, and the bytes of its file.
pub type ReadModel = (Arc<Model>, String, Option<Arc<Vec<u8>>>);

/// The state of the workspace.
pub struct LatentSpace {
    pub(super) page: Page,
    pub(super) open: Option<OpenModel>,
    /// A model that is being read.
    pub(super) reading: Watch<OneShot<ReadModel>>,
    /// Whether the built-in model was opened.
    pub(super) has_opened_built_in: bool,
    /// The data to train on.
    pub(super) data: Data,
    /// The data to judge the open model on: at first synthetic graphite, on which the built-in model was trained.
    pub(super) judged: Data,
    pub(super) settings: LatentSettings,
    /// Whether the style network, and the encoder's, is the one that is chosen in Reconstruct; else it is the built-in one.
    pub(super) style_as_chosen: bool,
    pub(super) encoder_as_chosen: bool,
    pub(super) stride: usize,
    pub(super) most_patches: usize,
    pub(super) graphite: usize,
    /// Whether files are prepared and segmented like the open micrograph.
    pub(super) prepares: bool,
    pub(super) training: Watch<Train>,
    /// The request of the running training.
    pub(super) trained: Option<Train>,
    /// A training that was cancelled or failed but left a checkpoint.
    pub(super) resumable: Option<Train>,
    pub(super) needs: Option<(String, Result<Needs, String>)>,
    pub(super) pictures: Vec<Option<Picture>>,
    pub(super) shown_step: Option<usize>,
    pub(super) picture_is_old: bool,
    pub(super) picture: Option<Picture>,
    pub(super) sheet_picture: Option<Picture>,
    /// The sheet of that picture: the address of its cells, and the number of its painted pictures.
    pub(super) sheet_shown: (usize, usize),
    pub(super) judging: Watch<Judge>,
    pub(super) judgement: Option<Arc<Judgement>>,
}

impl Default for LatentSpace {
    fn default() -> Self {
        Self {
            page: Page::Explore,
            open: None,
            reading: Watch::default(),
            has_opened_built_in: false,
            data: Data::Open,
            judged: Data::Graphite,
            settings: LatentSettings::default(),
            style_as_chosen: true,
            encoder_as_chosen: false,
            stride: 50,
            most_patches: 2000,
            graphite: 400,
            prepares: false,
            training: Watch::default(),
            trained: None,
            resumable: None,
            needs: None,
            pictures: vec![],
            shown_step: None,
            picture_is_old: false,
            picture: None,
            sheet_picture: None,
            sheet_shown: (0, 0),
            judging: Watch::default(),
            judgement: None,
        }
    }
}

impl LatentSpace {
    /// The settings of the next training.
    pub fn settings_mut(&mut self) -> &mut LatentSettings {
        &mut self.settings
    }

    /// The name of the open model.
    pub fn model_name(&self) -> Option<&str> {
        self.open.as_ref().map(|o| o.name.as_str())
    }

    /// The picture that is shown, and its latent point.
    pub fn shown(&self) -> Option<&Explored> {
        self.open.as_ref()?.shown.as_ref()
    }

    /// Steps of the training under way, or of the last one.
    pub fn steps(&self) -> usize {
        self.training.progress.step
    }

    /// How many pictures of the sheet are painted, and how many it has.
    pub fn sheet_progress(&self) -> (usize, usize) {
        self.open.as_ref().map_or((0, 0), |o| (o.sheet.pictures.len(), o.sheet.cells.iter().map(Vec::len).sum()))
    }

    /// What the last judgement found.
    pub fn judgement(&self) -> Option<&Arc<Judgement>> {
        self.judgement.as_ref()
    }

    /// The data of the page: to train on, or to judge on.
    pub(super) fn page_data(&self) -> &Data {
        if self.page == Page::Judge { &self.judged } else { &self.data }
    }

    pub(super) fn page_data_mut(&mut self) -> &mut Data {
        if self.page == Page::Judge { &mut self.judged } else { &mut self.data }
    }

    /// Takes `count` synthetic graphite micrographs as the data to train on.
    pub fn take_graphite(&mut self, count: usize) {
        (self.data, self.graphite) = (Data::Graphite, count);
    }
}

/// Grey values 0 … 1 as a colour.
pub fn grey(value: f32) -> Color32 {
    Color32::from_gray((255.0 * value).round().clamp(0.0, 255.0) as u8)
}
