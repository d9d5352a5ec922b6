//! Reconstructions of candidates.

use std::cell::RefCell;
use std::sync::Arc;

use super::request::{Design, Designed, Refined};
use crate::job::progress::StudyProgress;
use crate::job::reconstruct::Run;
use crate::job::{Control, Ending, Failure, Progress};
use crate::learn::{Goal, miss};
use crate::micrograph::{Micrograph, PhaseMap, Recipe, Segmentation};
use crate::reconstruct::gram::Gram;
use crate::reconstruct::{Realisation, Settings, Target};

impl Design {
    /// A micrograph made anew with the Gram matrices and the two-point statistics of a picture, and its properties. None if
    /// the job is to end.
    ///
    /// # Errors
    /// The reconstruction fails, or its property cannot be found.
    pub(super) fn refined(
        &self,
        gram: &Gram,
        designed: &Designed,
        (picture, goals): (usize, &[Goal]),
        control: &Control<StudyProgress, Arc<Designed>>,
        show: &dyn Fn(f64),
    ) -> Result<Option<Refined>, Failure> {
        let member = designed.member(picture);
        let grey = member.grey.iter().map(|v| f32::from(*v)).collect();
        let mut micrograph = Micrograph::new(designed.size, 1, grey, (0.0, 255.0));
        micrograph.name = member.name.clone();
        // The phases are known, so that nothing is guessed.
        let recipe = Recipe::of(designed.phases.map_or(Segmentation::Unsegmented, |count| {
            let step = 255.0 / (count - 1) as f32;
            Segmentation::Thresholds((1..count).map(|n| (n as f32 - 0.5) * step).collect())
        }));
        let target = Target::new(micrograph, &recipe)?;
        let settings = Settings { recipe, device: self.device.clone(), ..Settings::of(gram.clone()) };
        let run = Run { target: Arc::new(target), settings, folder: None, write: false, resume: false };
        let made: RefCell<Option<Arc<Realisation>>> = RefCell::default();
        let ending = run.realise(control, &|progress| show(progress.share()), &|realisation| {
            *made.borrow_mut() = Some(realisation);
        })?;
        let made = made.into_inner().filter(|made| ending == Ending::Finished && !made.report.stopped_early);
        let Some(made) = made else { return Ok(None) };
        let grey = Arc::new(made.phases.as_ref().map_or_else(|| grey_of_image(&made.image), |map| grey_of_phases(map)));
        let pixel_size = designed.pixel_size.as_ref();
        let Some(mut measured) = self.measured(std::slice::from_ref(&grey), made.size, pixel_size, control)? else {
            return Ok(None);
        };
        match measured.values.pop().flatten() {
            Some((values, forecast)) => Ok(Some(Refined { miss: miss(goals, &values), grey, values, forecast })),
            None => Err(Failure(measured.reason)),
        }
    }
}

/// Phases spread evenly over the grey values.
fn grey_of_phases(map: &PhaseMap) -> Vec<u8> {
    let step = 255.0 / (map.phases.max(2) - 1) as f32;
    map.flat().iter().map(|label| (f32::from(*label) * step).round() as u8).collect()
}

/// The mean of three channels.
fn grey_of_image(image: &[f32]) -> Vec<u8> {
    image.chunks_exact(3).map(|c| (c.iter().sum::<f32>() / 3.0).round().clamp(0.0, 255.0) as u8).collect()
}
