//! The task that computes properties.

use std::sync::Arc;

use super::request::{ComputeProperties, PropertyMap, PropertyOutput};
use crate::job::progress::StudyProgress;
use crate::job::watched::{Told, watched};
use crate::job::{Control, Ending, Failure, Task};
use crate::micrograph::PhaseMap;
use crate::property::{Properties, Property, PropertyError, PropertySet, Volume, Wanted, evaluate, evaluate_volume};
use crate::stats::quarters;

/// What a quarter costs, beside its map.
const QUARTER: f64 = 0.25;

impl Task for ComputeProperties {
    const NAME: &'static str = "properties";
    type Progress = StudyProgress;
    type Output = PropertyOutput;

    fn run(self, control: &Control<StudyProgress, PropertyOutput>) -> Result<Ending, Failure> {
        if self.maps.is_empty() {
            return Err(Failure("There is no phase map. Open a micrograph and segment it first.".into()));
        }
        if self.wanted.properties.is_empty() {
            return Err(Failure("No property is chosen. Tick at least one.".into()));
        }
        let quarter = |map: PhaseMap| PropertyMap { map: Arc::new(map), ..self.maps[0].clone() };
        let quarters: Vec<PropertyMap> =
            quarters(&self.maps[0].map).filter(|_| self.quarters).into_iter().flatten().map(quarter).collect();
        let all = self.maps.len() as f64 + QUARTER * quarters.len() as f64;
        let mut done = 0.0;
        for (number, map) in self.maps.iter().enumerate() {
            let doing =
                |what: &str| if self.maps.len() > 1 { format!("{}: {what}", map.name) } else { what.to_string() };
            let Some(found) =
                self.one(map, &self.wanted, control, &|share, what| ((done + share) / all, doing(what)))?
            else {
                return Ok(Ending::Kept);
            };
            control.output(PropertyOutput::Map(number, Arc::new(found)));
            done += 1.0;
        }
        // The orders of diffraction depend on the edge of the cell, so light of a part is another question.
        let properties = self.wanted.properties.iter().copied().filter(|p| *p != Property::Light).collect();
        let wanted = Wanted { properties, keep_fields: false, ..self.wanted.clone() };
        for quarter in &quarters {
            let Some(found) = self.one(quarter, &wanted, control, &|share, what| {
                ((done + QUARTER * share) / all, format!("quarters: {what}"))
            })?
            else {
                return Ok(Ending::Kept);
            };
            control.output(PropertyOutput::Quarter(Arc::new(found)));
            done += QUARTER;
        }
        Ok(Ending::Finished)
    }
}

impl ComputeProperties {
    /// The properties of one map; none if the job is to end. The computation runs on a thread of its own: the control
    /// belongs to this one.
    fn one(
        &self,
        map: &PropertyMap,
        wanted: &Wanted,
        control: &Control<StudyProgress, PropertyOutput>,
        told: Told,
    ) -> Result<Option<Properties>, Failure> {
        let found = watched(control, Some(told), |progress| {
            let pixel = map.pixel_size.as_ref().map(|p| p.metres);
            evaluate(&map.map, pixel, &self.set, wanted, progress)
        });
        match found {
            Ok(found) => Ok(Some(found)),
            Err(PropertyError::Cancelled) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

/// A request for the properties of a volume of labels.
pub struct ComputeVolume {
    /// The volume.
    pub volume: Volume,
    /// What the phases are made of.
    pub set: PropertySet,
    /// What is computed.
    pub wanted: Wanted,
}

impl Task for ComputeVolume {
    const NAME: &'static str = "volume";
    type Progress = StudyProgress;
    type Output = Properties;

    fn run(self, control: &Control<StudyProgress, Properties>) -> Result<Ending, Failure> {
        let told = |share: f64, doing: &str| (share, doing.to_string());
        match watched(control, Some(&told), |progress| evaluate_volume(&self.volume, &self.set, &self.wanted, progress))
        {
            Ok(found) => {
                control.output(found);
                Ok(Ending::Finished)
            }
            Err(PropertyError::Cancelled) => Ok(Ending::Cancelled),
            Err(error) => Err(error.into()),
        }
    }
}
