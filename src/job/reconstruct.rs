//! The reconstruction.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::progress::{Pace, Preview, RECONSTRUCTING, RunProgress};
use super::{Control, Ending, Failure, Task, Wanted, device};
use crate::compute::{Device, mebibytes};
use crate::optimise;
use crate::reconstruct::{
    Checkpoint, OutputFiles, Problem, Realisation, ReconstructError, Settings, Solver, Target, write_realisation,
};

/// The checkpoint's name in its folder.
pub const CHECKPOINT: &str = "checkpoint.safetensors";
/// Seconds from one checkpoint to the next; the environment variable `MICROWRIGHT_CHECKPOINT_SECONDS` says otherwise.
const SAVE_EVERY: f64 = 10.0;
/// Saving takes at most one part in so many of the time, unless the environment asks for more.
const SAVE_SHARE: u32 = 20;

fn save_every() -> Duration {
    let given = std::env::var("MICROWRIGHT_CHECKPOINT_SECONDS").ok().and_then(|v| v.parse().ok());
    Duration::from_secs_f64(given.filter(|v: &f64| (0.0..1e6).contains(v)).unwrap_or(SAVE_EVERY))
}

/// Reconstructs an original; its outputs are the realisations.
pub struct Run {
    /// The original.
    pub target: Arc<Target>,
    /// How.
    pub settings: Settings,
    /// Where the checkpoint lies, and the results if they are to be written; none keeps no checkpoint.
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
        let (show, done) = (|progress| control.show(progress), |realisation| control.give(realisation));
        Ok(self.realise(control, &show, &done)?)
    }
}

impl Run {
    /// Makes all realisations on behalf of a task, this one or one that needs reconstructions: `show` is told how far
    /// they are, `done` gets each.
    ///
    /// # Errors
    /// Settings that cannot be met, files that cannot be read or written, or the device's.
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
            problem: None,
            saved: None,
            solver: None,
            number: 0,
            seconds: 0.0,
            saved_at: Instant::now(),
            save_every: save_every(),
        };
        state.say("opening the device");
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

fn read_checkpoint(path: &Path, problem: &Problem) -> Result<Checkpoint, ReconstructError> {
    let saved = Checkpoint::read(path)?;
    let other = |what: &str| ReconstructError::Checkpoint {
        path: path.into(),
        reason: format!("it was made with {what}; use the same as then, or start anew without --resume"),
    };
    if saved.fingerprint != problem.target.fingerprint() {
        return Err(other("another micrograph"));
    }
    // Where it is computed may change, when a device was lost; on another device, in windows or in another precision, the last
    // digits differ.
    let Settings { device, memory_limit, precision, .. } = &problem.settings;
    let (memory_limit, precision) = (*memory_limit, *precision);
    let settings = Settings { device: device.clone(), memory_limit, precision, ..saved.settings.clone() };
    if settings != problem.settings {
        return Err(other("other settings"));
    }
    if saved.weights != problem.weights.hash() {
        return Err(other("other weights of the network"));
    }
    let level = problem.levels.get(saved.level);
    let fits = level.is_some_and(|l| saved.optimiser.variables() == 3 * l.size.0 * l.size.1);
    if !fits || saved.realisation >= problem.settings.realisations {
        return Err(other("another size or number of realisations"));
    }
    Ok(saved)
}

/// A run under way: what is kept when the device is lost and opened again.
struct Running<'a, P, O> {
    run: &'a Run,
    control: &'a Control<P, O>,
    show: &'a dyn Fn(RunProgress),
    done: &'a dyn Fn(Arc<Realisation>),
    problem: Option<Problem>,
    /// The checkpoint that the first realisation goes on from.
    saved: Option<Checkpoint>,
    /// The realisation under way, its number and its seconds of computing.
    solver: Option<Solver>,
    number: usize,
    seconds: f64,
    saved_at: Instant,
    save_every: Duration,
}

impl<P, O> Running<'_, P, O> {
    /// Makes the realisations that are left, on a device.
    fn go_on(&mut self, device: Device) -> Result<Ending, ReconstructError> {
        let mut problem = match self.problem.take() {
            Some(mut problem) => {
                problem.device = device;
                problem
            }
            None => self.prepare(device)?,
        };
        let ending = self.realise_all(&mut problem);
        // Whatever comes next, the original is measured.
        self.problem = Some(problem);
        ending
    }

    fn realise_all(&mut self, problem: &mut Problem) -> Result<Ending, ReconstructError> {
        // The state is that of the last iteration, and goes on here.
        if let Some(solver) = &mut self.solver {
            solver.renew(problem)?;
        }
        while self.number < self.run.settings.realisations {
            let mut solver = match self.solver.take() {
                Some(solver) => solver,
                None => self.begin(problem)?,
            };
            let wanted = self.iterate(problem, &mut solver);
            if wanted.is_err() {
                self.solver = Some(solver);
                return wanted.map(|_| Ending::Cancelled);
            }
            if let Some(ending) = self.finish(problem, solver, wanted?)? {
                self.run.remove_checkpoint();
                return Ok(ending);
            }
            self.number += 1;
        }
        self.run.remove_checkpoint();
        Ok(Ending::Finished)
    }

    /// Measures the original, and reads the checkpoint where there is one.
    fn prepare(&mut self, device: Device) -> Result<Problem, ReconstructError> {
        self.say("measuring the original");
        let problem = Problem::new(self.run.target.clone(), self.run.settings.clone(), device)?;
        let cost = problem.cost;
        if cost.windows > 1 {
            let bytes = mebibytes(cost.bytes);
            self.control
                .warn(format!("The network goes over the image in {} windows, to stay within {bytes}.", cost.windows));
        }
        match self.run.checkpoint().filter(|_| self.run.resume) {
            Some(path) if path.exists() => {
                let saved = read_checkpoint(&path, &problem)?;
                (self.number, self.seconds) = (saved.realisation, saved.seconds);
                self.saved = Some(saved);
            }
            Some(path) => self.control.warn(format!(
                "There is no checkpoint in {}; the run starts from the beginning.",
                path.parent().unwrap_or(&path).display()
            )),
            None => {}
        }
        Ok(problem)
    }

    /// The next realisation at its first iteration, or at that of the checkpoint.
    fn begin(&mut self, problem: &Problem) -> Result<Solver, ReconstructError> {
        self.save_every = save_every();
        self.saved_at = Instant::now();
        if let Some(saved) = &self.saved {
            let solver = Solver::resume(problem, saved.clone())?;
            self.saved = None;
            return Ok(solver);
        }
        self.seconds = 0.0;
        Solver::new(problem, self.run.settings.seed.wrapping_add(self.number as u64))
    }

    /// Decodes, polishes, measures and writes a realisation; how the run ends, if that is its end.
    fn finish(
        &mut self,
        problem: &Problem,
        solver: Solver,
        wanted: Wanted,
    ) -> Result<Option<Ending>, ReconstructError> {
        if wanted == Wanted::Cancel {
            // A cancelled run is not resumed, so its checkpoint goes.
            return Ok(Some(Ending::Cancelled));
        }
        let is_kept = wanted == Wanted::Keep;
        if self.run.settings.polish {
            (self.show)(RunProgress { doing: "polishing", ..self.progress(problem, &solver, false, None) });
        }
        let control = self.control;
        let realisation = Realisation::of(problem, solver, self.number, self.seconds, is_kept, &|| control.is_ending());
        if control.wanted() == Wanted::Cancel {
            return Ok(Some(Ending::Cancelled));
        }
        if let Some(folder) = self.run.folder.as_ref().filter(|_| self.run.write) {
            for path in write_realisation(folder, &realisation, OutputFiles::STANDARD)? {
                control.saved(path);
            }
        }
        (self.done)(Arc::new(realisation));
        Ok(is_kept.then_some(Ending::Kept))
    }

    /// Iterates until all is done or something else is wanted.
    fn iterate(&mut self, problem: &Problem, solver: &mut Solver) -> Result<Wanted, ReconstructError> {
        let control = self.control;
        let mut pace = Pace::new();
        let mut told = solver.iteration();
        while !solver.is_done(problem) {
            if control.wanted() == Wanted::Pause {
                let preview = pace.preview(problem, solver);
                (self.show)(self.progress(problem, solver, true, Some(preview)));
                // A pause may last; what there is should survive it.
                self.save(problem, solver);
                control.wait_while_paused();
                (self.show)(self.progress(problem, solver, false, None));
            }
            match control.wait_while_paused() {
                Wanted::Run | Wanted::Pause => {}
                end => return Ok(end),
            }
            let start = Instant::now();
            let progress = match solver.step(problem, &|| control.is_ending()) {
                Err(ReconstructError::Interrupted) => continue,
                Err(error) => {
                    self.save(problem, solver);
                    return Err(error);
                }
                Ok(progress) => progress,
            };
            self.seconds += start.elapsed().as_secs_f64();
            if pace.due() {
                let preview = pace.preview(problem, solver);
                (self.show)(self.progress(problem, solver, false, Some(preview)));
                told = solver.iteration();
            }
            if self.saved_at.elapsed() >= self.save_every {
                self.save(problem, solver);
            }
            if progress == optimise::Progress::Converged {
                control.warn(format!(
                    "Realisation {} stopped after {} iterations: the loss falls no further in {} precision.",
                    self.number + 1,
                    solver.iteration(),
                    self.run.settings.precision.name()
                ));
                break;
            }
        }
        if told < solver.iteration() {
            let preview = pace.preview(problem, solver);
            (self.show)(self.progress(problem, solver, false, Some(preview)));
        }
        Ok(Wanted::Run)
    }

    fn save(&mut self, problem: &Problem, solver: &Solver) {
        let Some(path) = self.run.checkpoint() else { return };
        let start = Instant::now();
        if let Err(error) = Checkpoint::save(&path, problem, solver, self.number, self.seconds) {
            self.control.warn(format!("{error} The run goes on without it."));
        }
        // A large state on a slow disk is saved less often.
        if !self.save_every.is_zero() {
            self.save_every = self.save_every.max(start.elapsed() * SAVE_SHARE);
        }
        self.saved_at = Instant::now();
    }

    fn say(&self, doing: &'static str) {
        let Settings { realisations, iterations, levels, .. } = self.run.settings;
        (self.show)(RunProgress { doing, realisations, iterations: iterations * levels, ..RunProgress::default() });
    }

    fn progress(&self, problem: &Problem, solver: &Solver, paused: bool, preview: Option<Preview>) -> RunProgress {
        RunProgress {
            doing: RECONSTRUCTING,
            realisation: self.number,
            realisations: self.run.settings.realisations,
            iteration: solver.iteration(),
            iterations: self.run.settings.iterations * problem.levels.len(),
            work: solver.work(problem),
            paused,
            seconds: self.seconds,
            memory: solver.memory(),
            losses: Arc::new(solver.losses.clone()),
            preview,
        }
    }
}
