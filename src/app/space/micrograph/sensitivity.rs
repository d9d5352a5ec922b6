//! Sensitivity to the threshold: volume fraction, S2 and lineal path for thresholds around the chosen one.

use std::sync::Arc;

use super::grey::Histogram;
use crate::job::{Control, Ending, Failure, Task};
use crate::micrograph::{MOST_PHASES, Micrograph, Recipe, Segmentation, extremes, thresholds};
use crate::stats::{Curves, all_curves};

/// Steps on either side of the chosen threshold.
const STEPS: i32 = 8;
/// The shift of the last step, as a share of the grey range.
const REACH: f32 = 0.1;

/// The curves for thresholds around the chosen ones.
pub struct Sensitivity {
    /// The chosen thresholds.
    pub cuts: Vec<f32>,
    /// The shift of all thresholds in grey values, and the curves of every phase.
    pub steps: Vec<(f32, Vec<Curves>)>,
    pub problem: Option<String>,
}

/// The thresholds that a segmentation uses on a micrograph; empty where it uses none.
pub fn cuts_of(
    micrograph: &Micrograph,
    segmentation: &Segmentation,
    phases: usize,
    histogram: Option<&Histogram>,
) -> Vec<f32> {
    match segmentation {
        Segmentation::Thresholds(cuts) => cuts.clone(),
        Segmentation::Auto | Segmentation::Phases(_) if phases >= 2 => {
            // Labels are separated half way between their values.
            let own = histogram.filter(|_| *segmentation == Segmentation::Auto);
            let between = own.and_then(|h| h.between_few(MOST_PHASES));
            between.unwrap_or_else(|| thresholds(&micrograph.grey(), phases))
        }
        _ => vec![],
    }
}

impl Sensitivity {
    /// Segments a prepared micrograph several times, with all thresholds shifted together. Corrections by rule follow;
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

/// Measures the phases for thresholds around the chosen one.
pub struct MeasureSensitivity {
    /// The picture after its preparation.
    pub micrograph: Arc<Micrograph>,
    pub recipe: Recipe,
}

impl Task for MeasureSensitivity {
    const NAME: &'static str = "thresholds";
    type Progress = ();
    type Output = Sensitivity;

    fn run(self, control: &Control<(), Sensitivity>) -> Result<Ending, Failure> {
        control.output(Sensitivity::of(&self.micrograph, &self.recipe));
        Ok(Ending::Finished)
    }
}
