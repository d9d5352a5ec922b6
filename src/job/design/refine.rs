//! Reconstructions of candidates.

use std::sync::Arc;

use super::request::{Design, Designed, Refined};
use crate::job::progress::StudyProgress;
use crate::job::remade::remade;
use crate::job::{Control, Failure};
use crate::learn::{Goal, miss};
use crate::reconstruct::Settings;
use crate::reconstruct::gram::Gram;

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
        let settings = Settings { device: self.device.clone(), ..Settings::of(gram.clone()) };
        let Some((grey, size)) = remade(&designed.member(picture), settings, control, show)? else { return Ok(None) };
        let pixel_size = designed.pixel_size.as_ref();
        let measured = self.measure.measured(&self.device, std::slice::from_ref(&grey), (size, pixel_size), control)?;
        let Some(mut measured) = measured else { return Ok(None) };
        match measured.values.pop().flatten() {
            Some((values, forecast)) => Ok(Some(Refined { miss: miss(goals, &values), grey, values, forecast })),
            None => Err(Failure(measured.reason)),
        }
    }
}
