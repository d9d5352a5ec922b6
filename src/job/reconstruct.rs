//! The reconstruction as a job.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::progress::{Pace, Progress};
use super::{Control, Ending, Event, Job, Latest, Wake, Wanted, device};
use crate::compute::graph::Precision;
use crate::compute::{ComputeError, Device, mebibytes};
use crate::micrograph::Micrograph;
use crate::optimise;
use crate::reconstruct::{
    Checkpoint, OutputFiles, Problem, Realisation, ReconstructError, Settings, Solver, write_realisation,
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

/// What to run.
pub struct Run {
    /// The original.
    pub micrograph: Micrograph,
    /// How.
    pub settings: Settings,
    /// Where the checkpoint lies, and the results if they are to be written.
    pub folder: PathBuf,
    /// Whether each realisation is written to the folder as it is done.
    pub write: bool,
    /// Whether to go on from the folder's checkpoint, if there is one.
    pub resume: bool,
}

/// Starts it; the second value is where the newest progress lies.
pub fn start(run: Run, wake: Wake) -> (Job, Arc<Latest<Progress>>) {
    let latest = Arc::new(Latest::default());
    let slot = latest.clone();
    let work = move |control: &Control| Ending::of(work(&run, control, &slot));
    (Job::spawn("reconstruction", wake, work), latest)
}

fn work(run: &Run, control: &Control, slot: &Latest<Progress>) -> Result<Ending, ReconstructError> {
    let progress = |doing| Progress {
        doing,
        realisations: run.settings.realisations,
        iterations: run.settings.iterations * run.settings.levels,
        ..Progress::default()
    };
    slot.put(progress("opening the device"));
    control.wake();
    let mut devices = Devices { wanted: &run.settings.device, precision: run.settings.precision, control, lost: 0 };
    let mut device = devices.open()?;
    slot.put(progress("measuring the original"));
    control.wake();
    let mut problem = loop {
        match Problem::new(run.micrograph.clone(), run.settings.clone(), device) {
            Err(error) => device = devices.after(error)?,
            Ok(problem) => break problem,
        }
    };
    let cost = problem.cost;
    if cost.windows > 1 {
        let bytes = mebibytes(cost.bytes);
        let text = format!("The network goes over the image in {} windows, to stay within {bytes}.", cost.windows);
        control.tell(Event::Warning(text));
    }
    let checkpoint = run.folder.join(CHECKPOINT);
    let mut saved =
        if run.resume && checkpoint.exists() { Some(read_checkpoint(&checkpoint, &problem)?) } else { None };
    if run.resume && saved.is_none() {
        let folder = run.folder.display();
        control.tell(Event::Warning(format!("There is no checkpoint in {folder}; the run starts from the beginning.")));
    }
    let first = saved.as_ref().map_or(0, |s| s.realisation);
    for number in first..run.settings.realisations {
        let seed = run.settings.seed.wrapping_add(number as u64);
        let mut seconds = saved.as_ref().map_or(0.0, |s| s.seconds);
        let mut solver = match saved.take() {
            Some(saved) => Solver::resume(&problem, saved)?,
            None => Solver::new(&problem, seed)?,
        };
        let (realising, wanted) = loop {
            let (saved_at, save_every) = (Instant::now(), save_every());
            let mut realising =
                Realising { run, problem: &problem, control, slot, number, saved_at, save_every, seconds };
            match realising.iterate(&mut solver, &checkpoint) {
                // The state is that of the last iteration, and goes on elsewhere.
                Err(error) => {
                    seconds = realising.seconds;
                    problem.device = devices.after(error)?;
                    solver.renew(&problem)?;
                }
                Ok(wanted) => break (realising, wanted),
            }
        };
        if wanted == Wanted::Cancel {
            // A cancelled run is not resumed, so its checkpoint goes.
            let _ = std::fs::remove_file(&checkpoint);
            return Ok(Ending::Cancelled);
        }
        let kept = wanted == Wanted::Keep;
        if run.settings.polish {
            slot.put(Progress { doing: "polishing", ..realising.progress(&solver, false, None) });
            control.wake();
        }
        let realisation = Realisation::of(&problem, solver, number, realising.seconds, kept, &|| {
            matches!(control.wanted(), Wanted::Keep | Wanted::Cancel)
        });
        if control.wanted() == Wanted::Cancel {
            let _ = std::fs::remove_file(&checkpoint);
            return Ok(Ending::Cancelled);
        }
        if run.write {
            for path in write_realisation(&run.folder, &realisation, OutputFiles::STANDARD)? {
                control.tell(Event::Saved(path));
            }
        }
        control.tell(Event::Realisation(Arc::new(realisation)));
        if kept {
            let _ = std::fs::remove_file(&checkpoint);
            return Ok(Ending::Kept);
        }
    }
    let _ = std::fs::remove_file(&checkpoint);
    Ok(Ending::Finished)
}

/// The device of a run, opened again when it is lost.
struct Devices<'a> {
    wanted: &'a str,
    precision: Precision,
    control: &'a Control,
    /// How often it was lost.
    lost: usize,
}

impl Devices<'_> {
    fn open(&self) -> Result<Device, ReconstructError> {
        Ok(device::open_for(self.wanted, self.precision, &|text| self.control.tell(Event::Warning(text)))?)
    }

    /// The device after an error: opened again (or with `auto` the cores) where it was lost.
    ///
    /// # Errors
    /// It was not lost, or too often, or cannot be opened any more.
    fn after(&mut self, error: ReconstructError) -> Result<Device, ReconstructError> {
        /// A device that is lost more often is broken.
        const MOST: usize = 3;
        /// A driver that is reset takes a moment.
        const MOMENT: Duration = Duration::from_millis(300);
        let ReconstructError::Compute(ComputeError::DeviceLost { device, reason }) = &error else { return Err(error) };
        self.lost += 1;
        if self.lost > MOST {
            return Err(error);
        }
        self.control.tell(Event::Warning(format!(
            "The device {device} was lost ({reason}). It is opened again, and the run goes on from where it was."
        )));
        std::thread::sleep(MOMENT);
        self.open()
    }
}

fn read_checkpoint(path: &Path, problem: &Problem) -> Result<Checkpoint, ReconstructError> {
    let saved = Checkpoint::read(path)?;
    let other = |what: &str| ReconstructError::Checkpoint {
        path: path.into(),
        reason: format!("it was made with {what}; use the same as then, or start anew without --resume"),
    };
    if saved.fingerprint != problem.fingerprint {
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

/// One realisation under way.
struct Realising<'a> {
    run: &'a Run,
    problem: &'a Problem,
    control: &'a Control,
    slot: &'a Latest<Progress>,
    number: usize,
    saved_at: Instant,
    save_every: Duration,
    seconds: f64,
}

impl Realising<'_> {
    /// Iterates until all is done or something else is wanted.
    fn iterate(&mut self, solver: &mut Solver, checkpoint: &Path) -> Result<Wanted, ReconstructError> {
        let mut pace = Pace::new();
        let mut told = solver.iteration();
        while !solver.is_done(self.problem) {
            if self.control.wanted() == Wanted::Pause {
                let preview = pace.preview(self.problem, solver);
                self.show(solver, true, Some(preview));
                // A pause may last; what there is should survive it.
                self.save(solver, checkpoint);
                self.control.wait_while_paused();
                self.show(solver, false, None);
            }
            match self.control.wait_while_paused() {
                Wanted::Run | Wanted::Pause => {}
                end => return Ok(end),
            }
            let start = Instant::now();
            let interrupted = || matches!(self.control.wanted(), Wanted::Keep | Wanted::Cancel);
            let progress = match solver.step(self.problem, &interrupted) {
                Err(ReconstructError::Interrupted) => continue,
                Err(error) => {
                    self.save(solver, checkpoint);
                    return Err(error);
                }
                Ok(progress) => progress,
            };
            self.seconds += start.elapsed().as_secs_f64();
            if pace.due() {
                let preview = pace.preview(self.problem, solver);
                self.show(solver, false, Some(preview));
                told = solver.iteration();
            }
            if self.saved_at.elapsed() >= self.save_every {
                self.save(solver, checkpoint);
            }
            if progress == optimise::Progress::Converged {
                self.control.tell(Event::Warning(format!(
                    "Realisation {} stopped after {} iterations: the loss falls no further in {} precision.",
                    self.number + 1,
                    solver.iteration(),
                    self.run.settings.precision.name()
                )));
                break;
            }
        }
        if told < solver.iteration() {
            let preview = pace.preview(self.problem, solver);
            self.show(solver, false, Some(preview));
        }
        Ok(Wanted::Run)
    }

    fn save(&mut self, solver: &Solver, checkpoint: &Path) {
        let start = Instant::now();
        if let Err(error) = Checkpoint::save(checkpoint, self.problem, solver, self.number, self.seconds) {
            self.control.tell(Event::Warning(format!("{error} The run goes on without it.")));
        }
        // A large state on a slow disk is saved less often.
        if !self.save_every.is_zero() {
            self.save_every = self.save_every.max(start.elapsed() * SAVE_SHARE);
        }
        self.saved_at = Instant::now();
    }

    fn show(&self, solver: &Solver, paused: bool, preview: Option<super::Preview>) {
        self.slot.put(self.progress(solver, paused, preview));
        self.control.wake();
    }

    fn progress(&self, solver: &Solver, paused: bool, preview: Option<super::Preview>) -> Progress {
        Progress {
            doing: "reconstructing",
            realisation: self.number,
            realisations: self.run.settings.realisations,
            iteration: solver.iteration(),
            iterations: self.run.settings.iterations * self.problem.levels.len(),
            work: solver.work(self.problem),
            paused,
            seconds: self.seconds,
            memory: solver.memory(),
            losses: Arc::new(solver.losses.clone()),
            preview,
        }
    }
}
