//! The state of the workspace.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::shared::Shared;
use crate::app::shared::original::Original;
use crate::app::shared::read::open_as_labels_or_grey;
use crate::app::shared::watch::{OneShot, Watch};
use crate::app::widgets::Picture;
use crate::figure::Figure;
use crate::job::{ComputeProperties, PropertyMap, PropertyResults, PropertyThresholds, ThresholdPoint};
use crate::micrograph::{self, Micrograph, PhaseMap, Recipe};
use crate::property::{Properties, Property, PropertySet, Wanted};
use crate::reconstruct::Realisation;

/// The space's name.
pub const NAME: &str = "Properties";
/// The ids of its commands.
pub const COMPUTE: &str = "compute";
pub const STOP: &str = "stop";
pub const EXPORT: &str = "export";

/// What the lower part shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tab {
    /// Bounds and estimates of the original as it is now.
    #[default]
    Estimates,
    /// The table of the last computation.
    Results,
    /// How often values of the field occur.
    Histogram,
    /// The numbers of light against the number of orders.
    Convergence,
    /// Estimates against the threshold.
    Threshold,
}

/// What bounds and estimates were computed of.
#[derive(Clone)]
pub struct Asked {
    pub map: Arc<PhaseMap>,
    pub set: PropertySet,
    pub wanted: Wanted,
}

impl Asked {
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.map, &other.map) && self.set == other.set && self.wanted == other.wanted
    }
}

/// What the curves over thresholds were computed of.
pub struct ThresholdsAsked {
    pub raw: Arc<Micrograph>,
    pub recipe: Recipe,
    pub set: PropertySet,
    pub wanted: Wanted,
}

/// The state of the workspace.
pub struct PropertySpace {
    pub(super) set: PropertySet,
    pub(super) wanted: Wanted,
    /// The original that was chosen; none follows the open micrograph.
    pub(super) original: Option<Original>,
    /// Whether the original's realisations are computed too.
    pub(super) realisations: bool,
    /// Other micrographs.
    pub(super) others: Vec<PropertyMap>,
    pub(super) reading: Watch<OneShot<Vec<Result<PropertyMap, String>>>>,
    pub(super) waiting: Vec<PathBuf>,
    /// The phase whose table of n and k is being chosen.
    pub(super) table_for: Option<usize>,
    /// Bounds and estimates of the original as it is now.
    pub(super) live: Watch<ComputeProperties>,
    pub(super) asked: Option<Asked>,
    pub(super) estimates: Option<(Asked, Arc<Properties>)>,
    /// When the computation of everything began.
    pub(super) started: Option<std::time::Instant>,
    /// The computation of everything.
    pub(super) job: Watch<ComputeProperties>,
    pub(super) results: Option<PropertyResults>,
    pub(super) tab: Tab,
    /// The name of the field that the pictures show.
    pub(super) field: String,
    pub(super) original_picture: Option<Picture>,
    /// The phase map that the picture of the original shows.
    pub(super) pictured: Option<Arc<PhaseMap>>,
    pub(super) fields: Vec<Option<Picture>>,
    /// The histogram of the shown field, and what is said of its hot spots.
    pub(super) histogram: Option<(Figure, String)>,
    pub(super) thresholds: Watch<PropertyThresholds>,
    pub(super) thresholds_asked: Option<ThresholdsAsked>,
    pub(super) points: Vec<ThresholdPoint>,
    /// The threshold that would be chosen by itself, and of which picture.
    pub(super) automatic: Option<(Arc<Micrograph>, f32)>,
    /// Whether the view was drawn since the last poll.
    pub(super) is_shown: bool,
}

impl Default for PropertySpace {
    fn default() -> Self {
        Self {
            set: PropertySet::first(2),
            wanted: Wanted {
                properties: vec![Property::Conductivity, Property::Elasticity, Property::Permeability],
                ..Wanted::default()
            },
            original: None,
            realisations: true,
            others: vec![],
            reading: Watch::default(),
            waiting: vec![],
            table_for: None,
            live: Watch::default(),
            asked: None,
            estimates: None,
            started: None,
            job: Watch::default(),
            results: None,
            tab: Tab::Estimates,
            field: String::new(),
            original_picture: None,
            pictured: None,
            fields: vec![],
            histogram: None,
            thresholds: Watch::default(),
            thresholds_asked: None,
            points: vec![],
            automatic: None,
            is_shown: false,
        }
    }
}

/// The originals that can be chosen: the open micrograph first.
pub fn originals(shared: &Shared) -> Vec<Original> {
    let mut all = shared.originals();
    if let Some(open) = shared.document.as_ref().map(Original::of_document)
        && let Some(at) = all.iter().position(|o| o.is_same(&open))
    {
        let open = all.remove(at);
        all.insert(0, open);
    }
    all
}

impl PropertySpace {
    /// The original: the one that was chosen, while it is there; else the open micrograph.
    pub(super) fn original_of(&self, originals: &[Original]) -> Option<Original> {
        let chosen = self.original.as_ref().and_then(|chosen| originals.iter().find(|o| o.is_same(chosen)));
        chosen.or(originals.first()).cloned()
    }

    /// The realisations of an original that have phases.
    pub(super) fn realisations_of<'a>(&self, shared: &'a Shared, original: &Original) -> Vec<&'a Arc<Realisation>> {
        let of = |r: &&Arc<Realisation>| r.phases.is_some() && Original::of_realisation(r).is_same(original);
        shared.realisations.iter().filter(of).collect()
    }

    /// The maps of the next computation: the original, its realisations and the others.
    pub(super) fn maps(&self, shared: &Shared, original: &Original) -> Vec<PropertyMap> {
        let Some(map) = original.phases.clone() else { return vec![] };
        let (name, pixel_size) = (original.name.clone(), original.pixel_size.clone());
        let mut maps = vec![PropertyMap { name, made_by: None, map, pixel_size: pixel_size.clone() }];
        if self.realisations {
            maps.extend(self.realisations_of(shared, original).into_iter().filter_map(|r| {
                Some(PropertyMap {
                    name: format!("realisation {}", r.number + 1),
                    made_by: Some(r.report.settings.method.settings().name().to_string()),
                    map: r.phases.clone()?,
                    pixel_size: pixel_size.clone(),
                })
            }));
        }
        maps.extend(self.others.iter().cloned());
        maps
    }

    /// Whether the results are those of the present settings and maps.
    pub(super) fn is_fresh(&self, maps: &[PropertyMap]) -> bool {
        self.results.as_ref().is_some_and(|results| {
            let request = &results.request;
            let same = request.maps.len() == maps.len()
                && request.maps.iter().zip(maps).all(|(a, b)| Arc::ptr_eq(&a.map, &b.map) || a.map == b.map);
            same && request.set == self.set && request.wanted == self.wanted
        })
    }

    /// The set has a material for each of so many phases.
    pub(super) fn fit_set(&mut self, phases: usize) {
        let more = PropertySet::first(phases).phases;
        while self.set.phases.len() < phases {
            self.set.phases.push(more[self.set.phases.len()].clone());
        }
    }

    /// Whether properties are being computed.
    pub fn is_running(&self) -> bool {
        self.job.is_running()
    }

    /// The results of the last computation.
    pub fn results(&self) -> Option<&PropertyResults> {
        self.results.as_ref()
    }

    /// Bounds and estimates of the original as it is now.
    pub fn estimates(&self) -> Option<&Arc<Properties>> {
        self.estimates.as_ref().map(|(_, found)| found)
    }

    /// How many thresholds have been tried so far.
    pub fn threshold_points(&self) -> usize {
        self.points.len()
    }

    /// What is computed, and how.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// What the phases are made of.
    pub fn set(&self) -> &PropertySet {
        &self.set
    }
}

/// A file as a phase map with a name.
pub fn read_map(path: PathBuf) -> Result<PropertyMap, String> {
    let document =
        micrograph::read(&path).and_then(|m| open_as_labels_or_grey(&Arc::new(m))).map_err(|e| e.to_string())?;
    let name = document.raw.name.clone();
    let map =
        document.prepared.phases.ok_or_else(|| format!("{name} has no phases, so it has no properties of phases."))?;
    Ok(PropertyMap { name, made_by: None, map, pixel_size: document.prepared.micrograph.pixel_size.clone() })
}
