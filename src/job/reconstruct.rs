//! The task of a reconstruction.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::progress::{Pace, Preview, RunProgress};
use super::{Control, Ending, Failure, Task, Wanted, device};
use crate::compute::{Device, DeviceKind, mebibytes};
use crate::optimise;
use crate::reconstruct::{
    Checkpoint, OutputFiles, Realisation, ReconstructError, Reconstruction, SavedRun, Settings, Target, WeightsInfo,
    prepare, write_realisation,
};

/// The checkpoint's name in its folder.
pub const CHECKPOINT: &str = "checkpoint.safetensors";
/// Seconds from one checkpoint to the next; the environment variable `MICROWRIGHT_CHECKPOINT_SECONDS` overrides it.
const SAVE_EVERY: f64 = 10.0;
/// Saving takes at most one part in this many of the time, unless the environment variable is 0.
const SAVE_SHARE: u32 = 20;

/// The time from one checkpoint to the next.
pub(super) fn save_every() -> Duration {
    let given = std::env::var("MICROWRIGHT_CHECKPOINT_SECONDS").ok().and_then(|v| v.parse().ok());
    Duration::from_secs_f64(given.filter(|v: &f64| (0.0..1e6).contains(v)).unwrap_or(SAVE_EVERY))
}

/// Reconstructs an original; its outputs are the realisations.
pub struct Run {
    /// The original.
    pub target: Arc<Target>,
    /// The settings.
    pub settings: Settings,
    /// The folder of the checkpoint, and of the results if they are written; `None` for no checkpoint.
    pub folder: Option<PathBuf>,
    /// Whether each realisation is written to the folder as it is done.
    pub write: bool,
    /// Whether to go on from the folder's checkpoint, if there is one.
    pub resume: bool,
}

impl Task for Run {
    const NAME: &'static str = "reconstruction";
    type Progress = RunProgress;
    type Output = Arc<Realisation>;

    fn run(self, control: &Control<RunProgress, Arc<Realisation>>) -> Result<Ending, Failure> {
        let (show, done) = (|progress| control.show(progress), |realisation| control.output(realisation));
        Ok(self.realise(control, &show, &done)?)
    }
}

impl Run {
    /// Makes all realisations, for this task or for another one that needs reconstructions. `show` receives the
    /// progress, `done` each realisation.
    ///
    /// # Errors
    /// Settings that cannot be met, files that cannot be read or written, or an error of the device.
    pub(super) fn realise<P, O>(
        &self,
        control: &Control<P, O>,
        show: &dyn Fn(RunProgress),
        done: &dyn Fn(Arc<Realisation>),
    ) -> Result<Ending, ReconstructError> {
        let Settings { device, precision, .. } = &self.settings;
        let mut state = Running {
            run: self,
            control,
            show,
            done,
            reconstruction: None,
            saved: None,
            has_begun: false,
            number: 0,
            seconds: 0.0,
            saved_at: Instant::now(),
            save_every: save_every(),
        };
        state.show_doing("opening the device");
        if !self.settings.method.settings().uses_device() {
            return state.go_on(Device::Cpu);
        }
        device::with_device(device, *precision, control, |device| state.go_on(device))
    }

    fn checkpoint(&self) -> Option<PathBuf> {
        self.folder.as_ref().map(|folder| folder.join(CHECKPOINT))
    }

    fn remove_checkpoint(&self) {
        if let Some(path) = self.checkpoint() {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// Reads a checkpoint; an error if it belongs to another run.
fn read_checkpoint(
    path: &Path,
    run: &Run,
    network: Option<&WeightsInfo>,
) -> Result<Checkpoint<'static>, ReconstructError> {
    let saved = Checkpoint::read(path)?;
    let other = |what: &str| Checkpoint::refused(path, ReconstructError::OtherState(what.into()));
    if saved.run.fingerprint != run.target.fingerprint() {
        return Err(other("another micrograph"));
    }
    // Device, memory limit and precision may differ, so that a run can go on after a device was lost. The last digits
    // then differ too.
    let Settings { device, memory_limit, precision, .. } = &run.settings;
    let (memory_limit, precision) = (*memory_limit, *precision);
    let settings = Settings { device: device.clone(), memory_limit, precision, ..saved.run.settings.clone() };
    if settings != run.settings {
        return Err(other("other settings"));
    }
    if saved.run.weights.as_deref() != network.map(|network| network.sha256.as_str()) {
        return Err(other("other weights of the network"));
    }
    if saved.run.realisation >= run.settings.realisations {
        return Err(other("another size or number of realisations"));
    }
    Ok(saved)
}

/// A run in progress; it survives the loss of its device.
struct Running<'a, P, O> {
    run: &'a Run,
    control: &'a Control<P, O>,
    show: &'a dyn Fn(RunProgress),
    done: &'a dyn Fn(Arc<Realisation>),
    reconstruction: Option<Box<dyn Reconstruction>>,
    /// The checkpoint from which the next realisation continues.
    saved: Option<Checkpoint<'static>>,
    /// Whether a realisation is in progress; its number and its seconds of computing.
    has_begun: bool,
    number: usize,
    seconds: f64,
    saved_at: Instant,
    save_every: Duration,
}

impl<P, O> Running<'_, P, O> {
    /// Makes the realisations that are left, on a device.
    fn go_on(&mut self, device: Device) -> Result<Ending, ReconstructError> {
        let mut reconstruction = match self.reconstruction.take() {
            Some(reconstruction) => reconstruction,
            None => self.prepare(device.clone())?,
        };
        // After a device was lost, the state is that of the last complete iteration.
        let ending = reconstruction.change_device(device).and_then(|()| self.realise_all(&mut *reconstruction));
        // Kept for the next device, so that the original is measured only once.
        self.reconstruction = Some(reconstruction);
        ending
    }

    fn realise_all(&mut self, reconstruction: &mut dyn Reconstruction) -> Result<Ending, ReconstructError> {
        while self.number < self.run.settings.realisations {
            if !self.has_begun {
                self.begin(reconstruction)?;
            }
            let wanted = self.iterate(reconstruction)?;
            self.has_begun = false;
            if wanted == Wanted::Keep {
                if reconstruction.status().iteration == 0 {
                    // Nothing is made yet that could be kept; a random start is no realisation. Earlier realisations are
                    // not made again when the run goes on.
                    match self.number {
                        0 => self.run.remove_checkpoint(),
                        _ => self.save(reconstruction),
                    }
                    return Ok(Ending::Kept);
                }
                // What was stopped can go on later.
                self.save(reconstruction);
            }
            if let Some(ending) = self.finish(reconstruction, wanted)? {
                if ending == Ending::Cancelled {
                    self.run.remove_checkpoint();
                }
                return Ok(ending);
            }
            self.number += 1;
        }
        self.run.remove_checkpoint();
        Ok(Ending::Finished)
    }

    /// Measures the original and, to resume, reads the checkpoint.
    fn prepare(&mut self, device: Device) -> Result<Box<dyn Reconstruction>, ReconstructError> {
        self.show_doing("measuring the original");
        let reconstruction = prepare(&self.run.target, &self.run.settings, device)?;
        let (windows, bytes) = reconstruction.windows();
        if windows > 1 {
            let bytes = mebibytes(bytes);
            self.control.warn(format!("The network processes the image in {windows} windows, to stay within {bytes}."));
        }
        match self.run.checkpoint().filter(|_| self.run.resume) {
            Some(path) if path.exists() => {
                let saved = read_checkpoint(&path, self.run, reconstruction.network().as_ref())?;
                (self.number, self.seconds) = (saved.run.realisation, saved.run.seconds);
                self.saved = Some(saved);
            }
            Some(path) => self.control.warn(format!(
                "There is no checkpoint in {}; the run starts from the beginning.",
                path.parent().unwrap_or(&path).display()
            )),
            None => {}
        }
        Ok(reconstruction)
    }

    /// Begins the next realisation, or resumes that of the checkpoint.
    fn begin(&mut self, reconstruction: &mut dyn Reconstruction) -> Result<(), ReconstructError> {
        self.save_every = save_every();
        if let Some(saved) = &self.saved {
            let path = self.run.checkpoint().unwrap_or_default();
            let resumed = reconstruction.resume(saved.run.seed, &saved.state);
            resumed.map_err(|error| Checkpoint::refused(&path, error))?;
            self.saved = None;
        } else {
            self.seconds = 0.0;
            reconstruction.begin(self.seed())?;
        }
        self.has_begun = true;
        Ok(())
    }

    /// The seed of the realisation.
    fn seed(&self) -> u64 {
        self.run.settings.seed.wrapping_add(self.number as u64)
    }

    /// Decodes, polishes, measures and writes a realisation. Returns the ending if the run ends with it.
    fn finish(
        &mut self,
        reconstruction: &mut dyn Reconstruction,
        wanted: Wanted,
    ) -> Result<Option<Ending>, ReconstructError> {
        if wanted == Wanted::Cancel {
            // A cancelled run is not resumed, so its checkpoint goes.
            return Ok(Some(Ending::Cancelled));
        }
        let Run { target, settings, folder, write, .. } = self.run;
        let is_kept = wanted == Wanted::Keep;
        let doing = if settings.polish && settings.method.settings().is_polished() { "polishing" } else { "measuring" };
        (self.show)(RunProgress { doing, ..self.progress(reconstruction, false, None) });
        let interrupted = || self.control.is_ending();
        let realisation =
            Realisation::of(reconstruction, (target, settings), self.number, self.seconds, is_kept, &interrupted);
        if self.control.wanted() == Wanted::Cancel {
            return Ok(Some(Ending::Cancelled));
        }
        if let Some(folder) = folder.as_ref().filter(|_| *write) {
            for path in write_realisation(folder, &realisation, OutputFiles::STANDARD)? {
                self.control.saved(path);
            }
        }
        (self.done)(Arc::new(realisation));
        Ok(is_kept.then_some(Ending::Kept))
    }

    /// Iterates until the realisation is done ([`Wanted::Run`]) or the job is to end; returns which.
    fn iterate(&mut self, reconstruction: &mut dyn Reconstruction) -> Result<Wanted, ReconstructError> {
        let (control, size) = (self.control, self.run.settings.output_size(self.run.target.size()));
        let is_cpu = matches!(reconstruction.device().kind, DeviceKind::Cpu | DeviceKind::Software);
        let mut pace = Pace::new(is_cpu);
        let mut shown = reconstruction.status().iteration;
        while !reconstruction.status().is_done {
            if control.wanted() == Wanted::Pause {
                let preview = pace.preview(reconstruction, size);
                (self.show)(self.progress(reconstruction, true, Some(preview)));
                // A pause may be long, and the program may be closed during it.
                self.save(reconstruction);
                control.wait_while_paused();
                (self.show)(self.progress(reconstruction, false, None));
            }
            match control.wait_while_paused() {
                Wanted::Run | Wanted::Pause => {}
                end => return Ok(end),
            }
            let start = Instant::now();
            let progress = match reconstruction.step(&|| control.is_ending()) {
                Err(ReconstructError::Interrupted) => continue,
                Err(error) => {
                    self.save(reconstruction);
                    return Err(error);
                }
                Ok(progress) => progress,
            };
            self.seconds += start.elapsed().as_secs_f64();
            if pace.due() {
                let preview = pace.preview(reconstruction, size);
                (self.show)(self.progress(reconstruction, false, Some(preview)));
                shown = reconstruction.status().iteration;
            }
            if self.saved_at.elapsed() >= self.save_every {
                self.save(reconstruction);
            }
            if progress == optimise::Progress::Converged {
                control.warn(format!(
                    "Realisation {} stopped after {} iterations: the loss falls no further in {} precision.",
                    self.number + 1,
                    reconstruction.status().iteration,
                    self.run.settings.precision.name()
                ));
                break;
            }
        }
        if shown < reconstruction.status().iteration {
            let preview = pace.preview(reconstruction, size);
            (self.show)(self.progress(reconstruction, false, Some(preview)));
        }
        Ok(Wanted::Run)
    }

    fn save(&mut self, reconstruction: &dyn Reconstruction) {
        let Some(path) = self.run.checkpoint() else { return };
        let start = Instant::now();
        let run = SavedRun {
            settings: self.run.settings.clone(),
            fingerprint: self.run.target.fingerprint().into(),
            weights: reconstruction.network().map(|network| network.sha256),
            realisation: self.number,
            seed: self.seed(),
            seconds: self.seconds,
        };
        if let Err(error) = (Checkpoint { run, state: reconstruction.state() }).save(&path) {
            self.control.warn(format!("{error} The run goes on without it."));
        }
        // A large state on a slow disk is saved less often.
        if !self.save_every.is_zero() {
            self.save_every = self.save_every.max(start.elapsed() * SAVE_SHARE);
        }
        self.saved_at = Instant::now();
    }

    fn show_doing(&self, doing: &'static str) {
        let Settings { realisations, method, .. } = &self.run.settings;
        let (realisations, iterations) = (*realisations, method.settings().iterations());
        (self.show)(RunProgress { doing, realisations, iterations, ..RunProgress::default() });
    }

    fn progress(&self, reconstruction: &dyn Reconstruction, paused: bool, preview: Option<Preview>) -> RunProgress {
        let of = (self.number, self.run.settings.realisations);
        RunProgress { paused, preview, ..RunProgress::of(&reconstruction.status(), of, self.seconds) }
    }
}
