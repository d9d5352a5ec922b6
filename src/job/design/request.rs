//! What is asked for, and what comes back.

use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::figure::significant;
use crate::folders::hex;
use crate::job::learn::About;
use crate::job::map::Member;
use crate::learn::{Forecast, Goal, Prediction, Predictor, miss};
use crate::micrograph::PixelSize;
use crate::property::{Cell, Dimension, Plane, Property, PropertySet, Wanted};
use crate::reconstruct::gram::Gram;

/// How the properties of a picture are found.
#[derive(Clone, Debug)]
pub enum Measure {
    /// By solving for them: the materials of the phases, and which properties.
    Solve(Box<(PropertySet, Wanted)>),
    /// By what was learned of one.
    Predict(Arc<Predictor>, Box<About>),
}

/// Goals that are to be met at once, one for each property that is measured.
pub type Wish = Vec<Goal>;

/// A request to design micrographs: pictures of a latent model are looked for whose properties are wanted ones.
#[derive(Clone, Debug)]
pub struct Design {
    /// The file of the model; the one that comes with the program without it.
    pub model: Option<PathBuf>,
    /// How properties are found.
    pub measure: Measure,
    /// What is wanted. Each wish profits from the pictures that were made for the others; without one, pictures are made at
    /// random only, which shows what can be reached.
    pub wishes: Vec<Wish>,
    /// Candidates for each wish.
    pub count: usize,
    /// Pictures that are made before the search, at random.
    pub first: usize,
    /// The most pictures that are made for each wish.
    pub most: usize,
    /// The miss that a candidate may have, as a share of the wanted value.
    pub tolerance: f64,
    /// How candidates are reconstructed, if they are.
    pub refine: Option<Gram>,
    /// The edge of the pictures in pixels; that of the model without it.
    pub edge: Option<usize>,
    /// The seed.
    pub seed: u64,
    /// Where pictures are painted.
    pub device: String,
}

/// A picture that was made, and what is known of it.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Looked {
    /// Its latent point.
    pub z: Vec<f32>,
    /// The seed of its layout.
    pub layout: u64,
    /// Its grey values; two phases are black and white.
    #[serde(skip)]
    pub grey: Arc<Vec<u8>>,
    /// What was predicted of each property before it was made; nothing of those at random.
    pub predicted: Vec<Prediction>,
    /// Its properties.
    pub values: Vec<f64>,
    /// What a predictor says beside the value, if the property is predicted.
    pub forecast: Option<Forecast>,
}

/// A candidate for a wish.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Candidate {
    /// Its number among the pictures.
    pub picture: usize,
    /// How far its properties are from the wanted ones, as a share of these.
    pub miss: f64,
    /// Its reconstruction, if there is one.
    pub refined: Option<Refined>,
}

/// A reconstruction of a candidate: as sharp as a micrograph.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Refined {
    /// Its grey values; phases are spread evenly over them.
    #[serde(skip)]
    pub grey: Arc<Vec<u8>>,
    /// Its properties.
    pub values: Vec<f64>,
    /// What a predictor says beside the value, if the property is predicted.
    pub forecast: Option<Forecast>,
    /// How far they are from the wanted ones.
    pub miss: f64,
}

/// What was found for a wish.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Wished {
    /// What is wanted.
    pub goals: Wish,
    /// The candidates, the best first.
    pub candidates: Vec<Candidate>,
}

/// The result of a design.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Designed {
    /// The model, how properties were found and the seed, in a sentence.
    pub made: String,
    /// What tells the model and the way to find properties from others, see [`Design::subject`].
    pub subject: String,
    /// The miss that a candidate may have, as a share of the wanted value.
    pub tolerance: f64,
    /// The names of the properties, with units.
    pub names: Vec<String>,
    /// Every picture that was made.
    pub pictures: Vec<Looked>,
    /// Height and width of the pictures.
    pub size: (usize, usize),
    /// How many phases they have, if their grey values stand for phases.
    pub phases: Option<usize>,
    /// The size of a pixel, where the model knows it.
    pub pixel_size: Option<PixelSize>,
    /// What was found for each wish; nothing where pictures were made at random only.
    pub wished: Vec<Wished>,
    /// What should be known, in sentences.
    pub notes: Vec<String>,
}

/// A goal in words.
pub fn goal_text(goal: Goal) -> String {
    match goal.low == goal.high {
        true => significant(goal.low),
        false => format!("{} to {}", significant(goal.low), significant(goal.high)),
    }
}

impl Design {
    /// What tells the model and the way to find properties from others: results of another one say nothing about this.
    pub fn subject(&self) -> String {
        let measure = match &self.measure {
            Measure::Solve(solved) => serde_json::to_string(solved.as_ref()).unwrap_or_default(),
            Measure::Predict(predictor, about) => {
                format!("{} {:?} {:?}", about.column, predictor.tuned.regressor(), predictor.known)
            }
        };
        let text = format!("{:?} {:?} {measure}", self.model, self.edge);
        hex(&Sha256::digest(text.as_bytes())[..8])
    }

    /// The model, how properties are found and the seed, in a sentence.
    pub(super) fn made(&self) -> String {
        let model = self.model.as_ref().map_or("the built-in model of graphite".into(), |path| {
            format!("the model {}", path.file_name().unwrap_or(path.as_os_str()).to_string_lossy())
        });
        let found = match &self.measure {
            Measure::Solve(solved) => {
                let (set, wanted) = solved.as_ref();
                let materials: Vec<&str> = set.phases.iter().map(|phase| phase.name.as_str()).collect();
                let (place, cell) = match (wanted.dimension, wanted.cell) {
                    (Dimension::Section, _) => ("estimated as a section of an isotropic material", ""),
                    (_, Cell::Periodic) => ("solved in the plane", ", periodic"),
                    (_, Cell::Sealed) => ("solved in the plane", ", with sealed sides"),
                };
                let plane = match wanted.plane {
                    _ if !wanted.properties.contains(&Property::Elasticity) => "",
                    Plane::Strain => ", plane strain",
                    Plane::Stress => ", plane stress",
                };
                format!("{place}{cell}{plane}, phases {}", materials.join(", "))
            }
            Measure::Predict(predictor, about) => {
                format!("{} predicted by {}", about.column, predictor.tuned.regressor().name())
            }
        };
        format!("Pictures of {model}; {found}; seed {}.", self.seed)
    }
}

impl Measure {
    /// The properties that are solved for; none of a predictor.
    pub fn solved(&self) -> &[Property] {
        match self {
            Self::Solve(solved) => &solved.1.properties,
            Self::Predict(..) => &[],
        }
    }

    /// How many properties it finds of a picture.
    pub fn count(&self) -> usize {
        match self {
            Self::Solve(solved) => solved.1.properties.len(),
            Self::Predict(..) => 1,
        }
    }
}

impl Designed {
    /// A picture as a member of a set.
    pub fn member(&self, picture: usize) -> Member {
        let name = format!("designed {}", picture + 1);
        Member {
            picture: name.clone(),
            name,
            path: None,
            size: self.size,
            grey: self.pictures[picture].grey.clone(),
            phases: self.phases,
            pixel_size: self.pixel_size.clone(),
        }
    }

    /// The least and the largest value of a property among all pictures.
    pub fn reached(&self, property: usize) -> (f64, f64) {
        let values = self.pictures.iter().map(|picture| picture.values[property]);
        values.fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(v), b.max(v)))
    }

    /// What came out for a wish, in a sentence or two.
    pub fn verdict(&self, wished: &Wished) -> String {
        let all = self.names.iter().zip(&wished.goals);
        let wanted: Vec<String> = all.map(|(name, goal)| format!("{name} {}", goal_text(*goal))).collect();
        let tolerance = 100.0 * self.tolerance;
        let good = wished.candidates.iter().filter(|c| c.miss <= self.tolerance).count();
        let mut text =
            format!("{}: {good} of {} candidates within {tolerance} %", wanted.join(" and "), wished.candidates.len());
        if let Some(best) = wished.candidates.first() {
            let values = self.pictures[best.picture].values.iter().map(|v| significant(*v));
            text +=
                &format!("; the best has {}, {:.1} % off", values.collect::<Vec<_>>().join(" and "), 100.0 * best.miss);
        }
        text += ".";
        for (n, goal) in wished.goals.iter().enumerate() {
            let (low, high) = self.reached(n);
            if goal.high < low || goal.low > high {
                text += &format!(
                    " {} lies outside of what the {} pictures of this search have, {} to {}.",
                    goal_text(*goal),
                    self.pictures.len(),
                    significant(low),
                    significant(high)
                );
            }
        }
        let forecasts = || wished.candidates.iter().filter_map(|c| self.pictures[c.picture].forecast);
        if forecasts().any(|f| f.novelty > 1.0) {
            text += " Some lie outside of what the predictor was learned from.";
        }
        let is_unsure = |f: Forecast| wished.goals.iter().any(|goal| f.half_width > self.tolerance * goal.size());
        if forecasts().any(is_unsure) {
            text += " The predictor's own 95 % interval is wider than the tolerance.";
        }
        text
    }

    /// The candidates of all wishes.
    pub fn candidates(&self) -> impl Iterator<Item = &Candidate> {
        self.wished.iter().flat_map(|wished| &wished.candidates)
    }

    /// The candidates of a wish from the pictures that there are.
    pub(super) fn candidates_for(&self, goals: &[Goal], chosen: Vec<usize>) -> Vec<Candidate> {
        let of = |picture: usize| {
            let miss = miss(goals, &self.pictures[picture].values);
            Candidate { picture, miss, refined: None }
        };
        chosen.into_iter().map(of).collect()
    }
}
