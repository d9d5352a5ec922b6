//! The state of the workspace.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::Arc;

use egui::Pos2;

use super::atlas::{Atlas, AtlasImage};
use super::drawn::Drawn;
use super::look::{Look, Page, Tab};
use crate::app::shared::watch::{OneShot, Watch};
use crate::app::widgets::Picture;
use crate::embed::{Clusters, TextureSettings};
use crate::job::{AddToMap, ClusterKind, MakeMap, Map, ScalingKind};

/// The space's name.
pub const NAME: &str = "Map";
/// The id of the command that exports the map.
pub const EXPORT: &str = "export";

/// Where the members of the next map come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Set {
    /// Files and folders.
    Files,
    /// Patches of the open micrograph.
    Open,
    /// Synthetic marble.
    Marble,
    /// Synthetic graphite.
    Graphite,
}

/// What distances of the next map are taken between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Kind {
    Textures,
    Spectra,
    Statistics,
    Latent,
}

/// What the next map is made of.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wanted {
    pub set: Set,
    pub files: Vec<PathBuf>,
    /// Whether files are prepared and segmented like the open micrograph.
    pub prepares: bool,
    /// Whether patches are cut, their edge and the pixels from one to the next.
    pub cuts: bool,
    pub edge: usize,
    pub stride: usize,
    /// How many synthetic pictures, their edge and their seed.
    pub count: usize,
    pub synthetic_edge: usize,
    pub seed: u64,
    pub table: Option<PathBuf>,
    pub pattern: String,
    pub kind: Kind,
    pub textures: TextureSettings,
    /// The file of a latent model; the built-in one without.
    pub model: Option<PathBuf>,
    pub scaling: ScalingKind,
    /// The most dimensions.
    pub most: usize,
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
            count: 200,
            synthetic_edge: 128,
            seed: 1,
            table: None,
            pattern: String::new(),
            kind: Kind::Textures,
            textures: TextureSettings::default(),
            model: None,
            scaling: ScalingKind::Stress,
            most: 4,
        }
    }
}

/// Where the map is looked at from.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Camera {
    /// The point in the middle of the view, in units of the map's half size.
    pub middle: [f32; 2],
    /// How many times the map is larger than what fits.
    pub zoom: f32,
    /// Turns about the vertical and the horizontal axis of the 3-D view, in radians.
    pub turn: [f32; 2],
}

impl Default for Camera {
    fn default() -> Self {
        Self { middle: [0.0, 0.0], zoom: 1.0, turn: [0.6, 0.35] }
    }
}

/// The state of the workspace.
#[derive(Default)]
pub struct MapSpace {
    pub(super) page: Page,
    pub(super) tab: Tab,
    pub(super) wanted: Wanted,
    pub(super) look: Look,
    pub(super) camera: Camera,
    pub(super) job: Watch<MakeMap>,
    pub(super) adding: Watch<AddToMap>,
    pub(super) map: Option<Arc<Map>>,
    /// The thumbnails on the graphics card, and their making.
    pub(super) atlas: Option<Atlas>,
    pub(super) painting: Watch<OneShot<AtlasImage>>,
    /// Clusters that are wanted, and their making: of a map with so many members.
    pub(super) cluster_kind: ClusterKind,
    pub(super) counts: Counts,
    pub(super) clustering: Watch<OneShot<(usize, Clusters)>>,
    /// What is drawn, worked out anew when the map or its look change.
    pub(super) drawn: Option<Drawn>,
    pub(super) selected: BTreeSet<usize>,
    pub(super) hovered: Option<usize>,
    pub(super) hover_picture: Option<Picture>,
    /// The member that the picture below the pointer shows.
    pub(super) pictured: Option<usize>,
    /// The way of the pointer while members are lassoed.
    pub(super) lasso: Vec<Pos2>,
}

/// How many clusters are found, and how many neighbours are selected at a time.
#[derive(Clone, Copy)]
pub struct Counts {
    pub clusters: usize,
    pub neighbours: usize,
}

impl Default for Counts {
    fn default() -> Self {
        Self { clusters: 4, neighbours: 8 }
    }
}

impl MapSpace {
    /// The map that is shown.
    pub fn map(&self) -> Option<&Arc<Map>> {
        self.map.as_ref()
    }

    /// The members that are selected.
    pub fn selected(&self) -> &BTreeSet<usize> {
        &self.selected
    }

    /// What the next map is made of.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// How the map is looked at.
    pub fn look(&self) -> &Look {
        &self.look
    }

    /// Makes the next map of synthetic marble: so many pictures of an edge.
    pub fn take_marble(&mut self, count: usize, edge: usize) {
        (self.wanted.set, self.wanted.count, self.wanted.synthetic_edge) = (Set::Marble, count, edge);
    }

    /// Whether a map is being made or added to.
    pub fn is_running(&self) -> bool {
        self.job.is_running() || self.adding.is_running()
    }

    /// Takes a map, or none.
    pub(super) fn show(&mut self, map: Option<Arc<Map>>) {
        self.selected.clear();
        (self.atlas, self.drawn, self.hovered, self.pictured) = (None, None, None, None);
        self.clustering.stop();
        self.painting.stop();
        if let Some(map) = &map {
            self.look.fit_to(map);
        }
        self.map = map;
    }

    /// Selects members instead of those that were selected.
    pub(super) fn select(&mut self, members: impl IntoIterator<Item = usize>) {
        self.selected = members.into_iter().collect();
    }
}
