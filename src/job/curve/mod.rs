//! The task of a reconstruction from a saved S2.

mod files;
mod realisation;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use sha2::{Digest, Sha256};

pub use files::{curve_figure, curve_text, earlier_curve_realisations, write_curve_realisation, write_curve_table};
pub use realisation::CurveRealisation;

use super::progress::{Pace, RunProgress};
use super::reconstruct::{CHECKPOINT, save_every};
use super::{Control, Ending, Failure, Task};
use crate::optimise::Progress;
use crate::reconstruct::anneal::of_curve;
use crate::reconstruct::{Checkpoint, ReconstructError, Reconstruction, SavedRun, Settings};

/// Reconstructs from a radial S2; its outputs are the realisations.
pub struct FromCurve {
    /// S2 at r = 0, 1, 2 … pixels.
    pub radial: Vec<f64>,
    /// The settings, from [`curve_settings`](crate::reconstruct::anneal::curve_settings).
    pub settings: Settings,
    /// The folder of the checkpoint; `None` for no checkpoint.
    pub folder: Option<PathBuf>,
    /// Whether to go on from the folder's checkpoint, if there is one.
    pub resume: bool,
}

impl Task for FromCurve {
    const NAME: &'static str = "reconstruction from a curve";
    type Progress = RunProgress;
    type Output = CurveRealisation;

    fn run(self, control: &Control<RunProgress, CurveRealisation>) -> Result<Ending, Failure> {
        Ok(self.realise(control)?)
    }
}

impl FromCurve {
    fn realise(&self, control: &Control<RunProgress, CurveRealisation>) -> Result<Ending, ReconstructError> {
        let mut made = of_curve(&self.radial, &self.settings)?;
        let mut saved = self.saved(control)?;
        let mut saved_at = Instant::now();
        let first = saved.as_ref().map_or(0, |saved| saved.run.realisation);
        for number in first..self.settings.realisations {
            let mut run = SavedRun {
                settings: self.settings.clone(),
                fingerprint: fingerprint(&self.radial),
                weights: None,
                realisation: number,
                seed: self.settings.seed.wrapping_add(number as u64),
                seconds: 0.0,
            };
            match saved.take() {
                Some(saved) => {
                    let resumed = made.resume(saved.run.seed, &saved.state);
                    resumed.map_err(|error| Checkpoint::refused(&self.checkpoint().unwrap_or_default(), error))?;
                    run.seconds = saved.run.seconds;
                }
                None => made.begin(run.seed)?,
            }
            if !self.iterate(control, &mut *made, &mut run, &mut saved_at)? {
                return Ok(Ending::Kept);
            }
            let outcome = made.finish();
            let map = Arc::new(outcome.phases.expect("an annealing has phases"));
            control.output(CurveRealisation::new(outcome.seed, map));
        }
        if let Some(path) = self.checkpoint() {
            let _ = std::fs::remove_file(path);
        }
        Ok(Ending::Finished)
    }

    /// Iterates until the realisation is done; false if the job is to end before.
    fn iterate(
        &self,
        control: &Control<RunProgress, CurveRealisation>,
        made: &mut dyn Reconstruction,
        run: &mut SavedRun,
        saved_at: &mut Instant,
    ) -> Result<bool, ReconstructError> {
        let (size, of) = (self.settings.output_size((0, 0)), (run.realisation, self.settings.realisations));
        let mut pace = Pace::new(true);
        while !made.status().is_done {
            if control.is_ending() {
                // What was stopped can go on later.
                self.save(control, made, run);
                return Ok(false);
            }
            let start = Instant::now();
            let progress = made.step(&|| false)?;
            run.seconds += start.elapsed().as_secs_f64();
            if pace.due() || made.status().is_done {
                let preview = Some(pace.preview(made, size));
                control.show(RunProgress { preview, ..RunProgress::of(&made.status(), of, run.seconds) });
            }
            if saved_at.elapsed() >= save_every() {
                self.save(control, made, run);
                *saved_at = Instant::now();
            }
            if progress == Progress::Converged {
                break;
            }
        }
        Ok(true)
    }

    fn checkpoint(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(CHECKPOINT))
    }

    /// The checkpoint to go on from; none if there is none, or none is wanted.
    fn saved(
        &self,
        control: &Control<RunProgress, CurveRealisation>,
    ) -> Result<Option<Checkpoint<'static>>, ReconstructError> {
        let Some(path) = self.checkpoint().filter(|_| self.resume) else { return Ok(None) };
        if !path.exists() {
            control.warn(format!("There is no checkpoint {}; the run starts from the beginning.", path.display()));
            return Ok(None);
        }
        let saved = Checkpoint::read(&path)?;
        let other = |what: &str| Checkpoint::refused(&path, ReconstructError::OtherState(what.into()));
        if saved.run.fingerprint != fingerprint(&self.radial) {
            return Err(other("another curve"));
        }
        let SavedRun { settings, realisation, seed, .. } = &saved.run;
        let is_own = *realisation < settings.realisations && *seed == settings.seed.wrapping_add(*realisation as u64);
        if *settings != self.settings || !is_own {
            return Err(other("other settings"));
        }
        Ok(Some(saved))
    }

    fn save(&self, control: &Control<RunProgress, CurveRealisation>, made: &dyn Reconstruction, run: &SavedRun) {
        let Some(path) = self.checkpoint() else { return };
        if let Err(error) = (Checkpoint { run: run.clone(), state: made.state() }).save(&path) {
            control.warn(format!("{error} The run goes on without it."));
        }
    }
}

/// The first 16 hexadecimal digits of the SHA-256 of a curve.
fn fingerprint(radial: &[f64]) -> String {
    let mut hash = Sha256::new();
    radial.iter().for_each(|v| hash.update(v.to_le_bytes()));
    crate::folders::hex(&hash.finalize()[..8])
}
