//! Properties against the threshold that a grey micrograph is cut at.

use std::sync::Arc;

use crate::job::progress::StudyProgress;
use crate::job::watched::watched;
use crate::job::{Control, Ending, Failure, Task};
use crate::micrograph::{Micrograph, Recipe, Segmentation};
use crate::property::{PropertyError, PropertySet, Quantity, Wanted, evaluate};

/// A request for the estimates of a micrograph that is cut at many thresholds.
#[derive(Clone, Debug)]
pub struct PropertyThresholds {
    /// The micrograph.
    pub micrograph: Arc<Micrograph>,
    /// How it is prepared; its segmentation is replaced by one threshold.
    pub recipe: Recipe,
    /// The thresholds.
    pub thresholds: Vec<f32>,
    /// What the phases are made of.
    pub set: PropertySet,
    /// What is computed.
    pub wanted: Wanted,
}

/// The numbers at one threshold.
#[derive(Clone, Debug)]
pub struct ThresholdPoint {
    /// The threshold, a grey value.
    pub threshold: f32,
    /// The volume fraction of what is brighter.
    pub fraction: f64,
    /// The numbers.
    pub quantities: Vec<Quantity>,
}

impl Task for PropertyThresholds {
    const NAME: &'static str = "thresholds";
    type Progress = StudyProgress;
    type Output = ThresholdPoint;

    fn run(self, control: &Control<StudyProgress, ThresholdPoint>) -> Result<Ending, Failure> {
        let count = self.thresholds.len().max(1);
        for (n, threshold) in self.thresholds.iter().enumerate() {
            if control.is_ending() {
                return Ok(Ending::Kept);
            }
            let share = n as f64 / count as f64;
            control.show(StudyProgress { share, doing: format!("threshold {threshold:.0}") });
            let recipe = Recipe { segmentation: Segmentation::Thresholds(vec![*threshold]), ..self.recipe.clone() };
            let prepared = recipe.apply(&self.micrograph)?;
            // A threshold beyond all grey values leaves one phase, which has no structure.
            let Some(map) = prepared.phases.filter(|m| m.volume_fractions().iter().filter(|f| **f > 0.0).count() > 1)
            else {
                continue;
            };
            let pixel = prepared.micrograph.pixel_size.as_ref().map(|p| p.metres);
            match watched(control, None, |progress| evaluate(&map, pixel, &self.set, &self.wanted, progress)) {
                Ok(found) => {
                    let fraction = map.volume_fractions().last().copied().unwrap_or(0.0);
                    control.output(ThresholdPoint { threshold: *threshold, fraction, quantities: found.quantities });
                }
                Err(PropertyError::Cancelled) => return Ok(Ending::Cancelled),
                Err(error) => return Err(error.into()),
            }
        }
        Ok(Ending::Finished)
    }
}
