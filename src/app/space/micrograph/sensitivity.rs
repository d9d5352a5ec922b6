//! What the threshold does to the answer: volume fraction, S2 and lineal path over thresholds around the chosen one.

use std::sync::Arc;

use super::grey::Histogram;
use crate::job::{Control, Ending, Failure, Task};
use crate::micrograph::{MOST_PHASES, Micrograph, Recipe, Segmentation, extremes, thresholds};
use crate::stats::{Curves, all_curves};

/// Steps on either side of the chosen threshold, and how far the last one goes as a share of the grey range.
const STEPS: i32 = 8;
const REACH: f32 = 0.1;

/// The curves for thresholds around the chosen ones.
pub struct Sensitivity {
    /// The chosen thresholds.
    pub cuts: Vec<f32>,
    /// How far all thresholds were moved, and the curves of every phase.
    pub steps: Vec<(f32, Vec<Curves>)>,
    pub problem: Option<String>,
}

/// The thresholds that a recipe cuts a micrograph at, where it does so.
pub fn cuts_of(
    micrograph: &Micrograph,
    segmentation: &Segmentation,
    phases: usize,
    histogram: Option<&Histogram>,
) -> Vec<f32> {
    match segmentation {
        Segmentation::Thresholds(cuts) => cuts.clone(),
        Segmentation::Auto | Segmentation::Phases(_) if phases >= 2 => {
            // Labels are told apart half way between their values.
            let own = histogram.filter(|_| *segmentation == Segmentation::Auto);
            let between = own.and_then(|h| h.between_few(MOST_PHASES));
            between.unwrap_or_else(|| thresholds(&micrograph.grey(), phases))
        }
        _ => vec![],
    }
}

impl Sensitivity {
    /// Segments a prepared micrograph again and again, with all thresholds moved together; corrections by rule follow,
    /// those by hand are left out.
    pub fn of(micrograph: &Arc<Micrograph>, recipe: &Recipe) -> Self {
        let Segmentation::Thresholds(cuts) = recipe.segmentation.clone() else {
            return Self { cuts: vec![], steps: vec![], problem: Some("There is no threshold.".into()) };
        };
        let (low, high) = extremes(&micrograph.grey());
        let mut corrections = recipe.corrections.clone();
        corrections.retain(|c| !c.is_by_hand());
        let (mut steps, mut problem) = (vec![], None);
        for k in -STEPS..=STEPS {
            let shift = k as f32 / STEPS as f32 * REACH * (high - low);
            let moved = cuts.iter().map(|c| c + shift).collect();
            let tried = Recipe {
                segmentation: Segmentation::Thresholds(moved),
                corrections: corrections.clone(),
                ..Recipe::default()
            };
            match tried.apply_after(micrograph.clone(), None) {
                Ok(done) => steps.extend(done.phases.map(|map| (shift, all_curves(&map)))),
                Err(error) => problem = Some(error.to_string()),
            }
        }
        Self { cuts, steps, problem }
    }
}

/// Works out what thresholds around the chosen one give.
pub struct Vary {
    /// The picture after its preparation.
    pub micrograph: Arc<Micrograph>,
    pub recipe: Recipe,
}

impl Task for Vary {
    const NAME: &'static str = "thresholds";
    type Progress = ();
    type Output = Sensitivity;

    fn run(self, control: &Control<(), Sensitivity>) -> Result<Ending, Failure> {
        control.output(Sensitivity::of(&self.micrograph, &self.recipe));
        Ok(Ending::Finished)
    }
}
