//! The state of the workspace.

use std::path::PathBuf;
use std::sync::Arc;

use crate::app::shared::watch::Watch;
use crate::app::widgets::Picture;
use crate::job::{Design, Designed, Member};
use crate::learn::Goal;
use crate::property::Property;

/// The space's name.
pub const NAME: &str = "Design";
/// The ids of its commands.
pub const DESIGN: &str = "design";
pub const SURVEY: &str = "survey";
pub const STOP: &str = "stop";
pub const EXPORT: &str = "export";

/// How properties of pictures are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum By {
    /// By solving for them.
    Solving,
    /// By the predictor that is open.
    Predicting,
}

/// A wanted value or range.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Target {
    pub is_range: bool,
    pub low: f64,
    pub high: f64,
}

impl Default for Target {
    fn default() -> Self {
        Self { is_range: false, low: 1.0, high: 1.0 }
    }
}

impl Target {
    /// What is wanted; the ends of a range in any order.
    pub fn goal(self) -> Goal {
        let high = if self.is_range { self.high } else { self.low };
        Goal { low: self.low.min(high), high: self.low.max(high) }
    }
}

/// What is designed, and how it is searched.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// The file of the latent model; the built-in one without.
    pub model: Option<PathBuf>,
    pub by: By,
    pub property: Property,
    pub second: Option<Property>,
    pub target: Target,
    pub second_target: Target,
    pub count: usize,
    pub first: usize,
    pub most: usize,
    /// In percent.
    pub tolerance: f64,
    pub refines: bool,
    pub seed: u64,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            model: None,
            by: By::Solving,
            property: Property::Conductivity,
            second: None,
            target: Target::default(),
            second_target: Target::default(),
            count: 4,
            first: 40,
            most: 64,
            tolerance: 5.0,
            refines: false,
            seed: 1,
        }
    }
}

impl Wanted {
    /// The same with numbers that the panel could give.
    pub fn bounded(self) -> Self {
        Self {
            count: self.count.clamp(1, 50),
            first: self.first.clamp(8, 1000),
            most: self.most.clamp(0, 1000),
            tolerance: self.tolerance.clamp(0.1, 50.0),
            ..self
        }
    }

    /// The properties that are wanted.
    pub fn properties(&self) -> Vec<Property> {
        let second = self.second.filter(|second| *second != self.property);
        std::iter::once(self.property).chain(second).collect()
    }

    /// How many properties are wanted.
    pub fn count_of_properties(&self) -> usize {
        if self.by == By::Predicting { 1 } else { self.properties().len() }
    }
}

/// A picture that the view shows.
pub struct Shown {
    /// Its number.
    pub number: usize,
    pub picture: Picture,
    pub member: Member,
    /// What is known of it, line by line.
    pub lines: Vec<String>,
    /// Whether its properties are as wanted.
    pub is_good: bool,
}

/// The state of the workspace.
#[derive(Default)]
pub struct DesignSpace {
    pub(super) wanted: Wanted,
    pub(super) job: Watch<Design>,
    pub(super) designed: Option<Arc<Designed>>,
    /// Whether reconstructions of candidates are shown.
    pub(super) shows_refined: bool,
    /// The pictures, made anew when the result changes.
    pub(super) shown: Option<Vec<Shown>>,
    /// The number of the chosen picture.
    pub(super) chosen: usize,
    /// The targets that were proposed, which nobody has set.
    pub(super) proposed: [Option<Target>; 2],
}

impl DesignSpace {
    /// What is designed, and how it is searched.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// The last result.
    pub fn designed(&self) -> Option<&Arc<Designed>> {
        self.designed.as_ref()
    }

    /// Whether a search is under way.
    pub fn is_running(&self) -> bool {
        self.job.is_running()
    }
}
