//! The task that predicts.

use std::sync::Arc;

use super::request::About;
use crate::embed::scale;
use crate::job::map::{DistanceKind, MapSource, Member, leave_out_other_pixels, leave_out_unfit, network_of, rows_of};
use crate::job::progress::StudyProgress;
use crate::job::{Control, Ending, Failure, Task};
use crate::learn::{Forecast, Predictor};

/// A request to predict a property of micrographs.
#[derive(Clone, Debug)]
pub struct PredictProperty {
    /// What was learned.
    pub predictor: Arc<Predictor>,
    /// How it reads micrographs.
    pub about: About,
    /// The micrographs.
    pub source: MapSource,
    /// Where features are computed.
    pub device: String,
}

/// Micrographs that are predicted between two looks at whether to end.
const TOGETHER: usize = 64;

/// A prediction of a micrograph or of a patch.
#[derive(Clone, Debug, PartialEq)]
pub struct Predicted {
    /// Its name.
    pub name: String,
    /// What is predicted.
    pub forecast: Forecast,
}

impl Task for PredictProperty {
    const NAME: &'static str = "prediction";
    type Progress = StudyProgress;
    /// All predictions, and what was left out.
    type Output = (Vec<Predicted>, Vec<String>);

    fn run(self, control: &Control<StudyProgress, Self::Output>) -> Result<Ending, Failure> {
        let Self { predictor, about, source, device } = self;
        let show = |share: f64, doing: &str| control.show(StudyProgress { share, doing: doing.into() });
        let mut reading = |share: f64| {
            show(0.2 * share, "reading the micrographs");
            !control.is_ending()
        };
        let mut set = source.members(about.recipe.as_ref(), about.patches, &mut reading);
        about.check_network()?;
        leave_out_other_pixels(about.pixel_size.as_ref(), "what was learned from", &mut set);
        leave_out_unfit(&about.inputs, Some(&about.common), &mut set);
        if control.is_ending() {
            return Ok(Ending::Cancelled);
        }
        let count = set.members.len();
        if count == 0 {
            return Err(Failure(format!("There is no micrograph to predict. {}", set.left_out.join(" "))));
        }
        let seen = |n: usize| show(0.2 + 0.8 * n as f64 / count as f64, &format!("features, {} of {count}", n + 1));
        let forecasts = about.forecasts(&predictor, &set.members, &device, control, &seen)?;
        let Some(forecasts) = forecasts else { return Ok(Ending::Cancelled) };
        let names = set.members.into_iter().map(|member| member.name);
        let found = names.zip(forecasts).map(|(name, forecast)| Predicted { name, forecast }).collect();
        control.output((found, set.left_out));
        Ok(Ending::Finished)
    }
}

impl About {
    /// Whether micrographs are still read by the network or the model that was learned with.
    ///
    /// # Errors
    /// They are not, or it cannot be read.
    pub(in crate::job) fn check_network(&self) -> Result<(), Failure> {
        if network_of(&self.inputs)? == self.network {
            return Ok(());
        }
        let what = if matches!(self.inputs, DistanceKind::Latent(_)) { "The model" } else { "The feature network" };
        Err(Failure(format!("{what} that reads micrographs has changed since {} was learned.", self.column)))
    }

    /// What a predictor says of members. None if the job is to end.
    ///
    /// # Errors
    /// The features cannot be computed, or do not fit the predictor.
    pub(in crate::job) fn forecasts<O>(
        &self,
        predictor: &Predictor,
        members: &[Member],
        device: &str,
        control: &Control<StudyProgress, O>,
        show: &dyn Fn(usize),
    ) -> Result<Option<Vec<Forecast>>, Failure> {
        let Some(rows) = rows_of(&self.inputs, &self.common, members, device, control, show)? else { return Ok(None) };
        let (mut rows, width) = (rows, predictor.width());
        rows.iter_mut().for_each(|row| scale(row, &self.parts));
        let other = members.iter().zip(&rows).find(|(_, row)| row.len() != width);
        let name = other.map_or(String::new(), |(member, _)| format!("{}: ", member.name));
        let mut found = Vec::with_capacity(rows.len());
        for rows in rows.chunks(TOGETHER) {
            if control.is_ending() {
                return Ok(None);
            }
            found.extend(predictor.forecasts(rows).map_err(|error| Failure(format!("{name}{error}")))?);
        }
        Ok(Some(found))
    }
}
