//! Training a latent model as a job.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Control, Ending, Event, Job, Latest, Wake, Wanted, device};
use crate::folders::write_atomically;
use crate::latent::{
    Check, Dataset, Judgement, LatentError, LatentSettings, Model, Needs, Picture, Pictures, Trainer, judge,
    pictures_of_files, read_tensors, synthetic, tensor_bytes,
};
use crate::micrograph::Recipe;
use crate::net::Weights;

/// Where patches come from.
#[derive(Clone, Debug)]
pub enum PatchSource {
    /// Files and folders, prepared by a recipe where one is given.
    Files(Vec<PathBuf>, Option<Recipe>),
    /// Pictures at hand.
    Pictures(Vec<Picture>),
    /// So many synthetic graphite micrographs with random factors, from a seed.
    Graphite(usize, u64),
}

impl PatchSource {
    /// In words.
    pub fn describe(&self) -> String {
        match self {
            Self::Files(paths, _) => {
                let names: Vec<_> = paths.iter().filter_map(|p| p.file_name()).map(|n| n.to_string_lossy()).collect();
                names.join(", ")
            }
            Self::Pictures(pictures) => pictures.iter().map(|p| p.name.as_str()).take(3).collect::<Vec<_>>().join(", "),
            Self::Graphite(count, seed) => format!("{count} synthetic graphite micrographs, seed {seed}"),
        }
    }

    /// The pictures, and what was left out with the reasons.
    pub fn pictures(&self, edge: usize, interrupted: &dyn Fn() -> bool) -> (Vec<Picture>, Vec<String>) {
        match self {
            Self::Files(paths, recipe) => pictures_of_files(paths, recipe.as_ref(), interrupted),
            Self::Pictures(pictures) => (pictures.clone(), vec![]),
            Self::Graphite(count, seed) => (synthetic(*count, edge, *seed), vec![]),
        }
    }
}

/// What to train.
#[derive(Clone, Debug)]
pub struct TrainRequest {
    /// Where the patches come from.
    pub source: PatchSource,
    /// Pixels from one patch to the next.
    pub stride: usize,
    /// Patches to train on at the most.
    pub most_patches: usize,
    /// Model and training.
    pub settings: LatentSettings,
    /// The file that the model is written to.
    pub output: PathBuf,
    /// Whether its tensors take two bytes a number.
    pub as_f16: bool,
    /// Whether to go on from the checkpoint beside the output.
    pub resume: bool,
}

impl TrainRequest {
    /// The checkpoint of a training that ends in `output`.
    pub fn checkpoint(output: &Path) -> PathBuf {
        let mut name = output.file_name().unwrap_or_default().to_os_string();
        name.push(".checkpoint");
        output.with_file_name(name)
    }

    /// The patches.
    ///
    /// # Errors
    /// There are too few.
    pub fn dataset(&self, interrupted: &dyn Fn() -> bool) -> Result<Dataset, LatentError> {
        if let Some(complaint) = self.settings.complaint() {
            return Err(LatentError::Settings(complaint));
        }
        let (pictures, mut left_out) = self.source.pictures(self.settings.edge, interrupted);
        let made = Dataset::new(&pictures, self.settings.edge, self.stride, self.most_patches, self.settings.seed);
        let made = made.map_err(|error| match left_out.as_slice() {
            [] => error,
            reasons => {
                let first: Vec<&str> = reasons.iter().take(3).map(String::as_str).collect();
                LatentError::Settings(format!("{error} Left out were: {}", first.join(" ")))
            }
        })?;
        left_out.extend(made.left_out.iter().cloned());
        let made = if self.settings.turn { made.turned() } else { made };
        Ok(Dataset { left_out, ..made })
    }
}

/// How far a training is.
#[derive(Clone, Debug, Default)]
pub struct TrainProgress {
    /// What is being done, in words.
    pub doing: String,
    /// 0 … 1.
    pub share: f64,
    /// Steps taken.
    pub step: usize,
    /// Looks at the held-out patches.
    pub checks: Arc<Vec<Check>>,
    /// Pictures of the last look.
    pub pictures: Arc<Pictures>,
    /// Patches trained on and held out.
    pub patches: (usize, usize),
    /// Patches a second.
    pub throughput: f64,
    /// What is left, as far as it can be told.
    pub left: Option<Duration>,
    /// Bytes in use.
    pub memory: u64,
    /// Files and pictures that were left out, with the reasons.
    pub left_out: Arc<Vec<String>>,
}

/// What a training hands up besides its events.
#[derive(Clone, Default)]
pub struct TrainSlots {
    /// How far it is.
    pub progress: Arc<Latest<TrainProgress>>,
    /// The model, at the end.
    pub model: Arc<Latest<Arc<Model>>>,
    /// The patches, as soon as they are cut.
    pub data: Arc<Latest<Arc<Dataset>>>,
}

/// Pictures of a look.
const SHOWN: usize = 8;

/// Starts a training.
pub fn start(request: TrainRequest, wake: Wake) -> (Job, TrainSlots) {
    let slots = TrainSlots::default();
    let given = slots.clone();
    let job = Job::spawn("train", wake, move |control| match train(&request, &given, control) {
        Ok(ending) => ending,
        Err(error) => Ending::Failed(error.to_string()),
    });
    (job, slots)
}

fn train(request: &TrainRequest, slots: &TrainSlots, control: &Control) -> Result<Ending, LatentError> {
    let settings = &request.settings;
    let interrupted = || matches!(control.wanted(), Wanted::Keep | Wanted::Cancel);
    let mut now = TrainProgress { doing: "cutting patches".into(), ..TrainProgress::default() };
    let tell = |now: &TrainProgress| {
        slots.progress.put(now.clone());
        control.wake();
    };
    tell(&now);
    if request.output.is_dir() {
        let name = request.output.display();
        return Err(LatentError::Settings(format!("{name} is a folder; name a file for the model.")));
    }
    let data = match request.dataset(&interrupted) {
        // Files that were not read any more are no reason to complain of.
        _ if interrupted() => return Ok(Ending::Cancelled),
        data => Arc::new(data?),
    };
    for reason in &data.left_out {
        control.tell(Event::Warning(reason.clone()));
    }
    slots.data.put(data.clone());
    let weights = Weights::load(&settings.weights, settings.depth)?;
    let device = device::open(&settings.device, &|text| control.tell(Event::Warning(text)))?;
    let checkpoint = TrainRequest::checkpoint(&request.output);
    let kept = match request.resume {
        false => None,
        true => {
            let bytes = std::fs::read(&checkpoint).map_err(|source| LatentError::Io {
                action: "read",
                path: checkpoint.clone(),
                source,
            })?;
            Some(read_tensors(&bytes, &checkpoint)?)
        }
    };
    let mut needs = Needs::of(settings, data.train.len(), device.info().kind, device.available_memory())?;
    needs.part = kept.as_ref().and_then(|(_, text)| Trainer::part_of(text)).unwrap_or(needs.part);
    if needs.part < settings.batch {
        control.tell(Event::Warning(format!(
            "A batch of {} patches does not fit into the memory at once and is worked on {} at a time.",
            settings.batch, needs.part
        )));
    }
    now.patches = (data.train.len(), data.held_out.len());
    now.left_out = Arc::new(data.left_out.clone());
    now.memory = needs.bytes;
    now.doing = "reading the features of the patches".into();
    let trainer = Trainer::in_parts(settings, data.clone(), &weights, &device, needs.part, &mut |share| {
        now.share = share;
        tell(&now);
        control.wait_while_paused() == Wanted::Run
    })?;
    let Some(mut trainer) = trainer else { return Ok(Ending::Cancelled) };
    if let Some((tensors, text)) = kept {
        trainer.resume(&tensors, &text)?;
    }
    let start = Instant::now();
    let first_step = trainer.steps();
    let mut ending = Ending::Finished;
    // Whether the last parameters are of no use.
    let mut lost = false;
    loop {
        if trainer.is_check_due() {
            match trainer.look(SHOWN) {
                Err(error @ LatentError::NotFinite { .. }) if !trainer.checks().is_empty() => {
                    control.tell(Event::Warning(error.to_string()));
                    (ending, lost) = (Ending::Kept, true);
                    break;
                }
                pictures => now.pictures = Arc::new(pictures?),
            }
            now.checks = Arc::new(trainer.checks().to_vec());
            keep(&trainer, &checkpoint)?;
            tell(&now);
        }
        if trainer.is_done() {
            break;
        }
        match control.wait_while_paused() {
            Wanted::Keep => {
                ending = Ending::Kept;
                break;
            }
            Wanted::Cancel => {
                keep(&trainer, &checkpoint)?;
                return Ok(Ending::Cancelled);
            }
            Wanted::Run | Wanted::Pause => {}
        }
        match trainer.step() {
            Err(error @ LatentError::NotFinite { .. }) if !trainer.checks().is_empty() => {
                control.tell(Event::Warning(error.to_string()));
                (ending, lost) = (Ending::Kept, true);
                break;
            }
            other => other?,
        }
        let taken = trainer.steps() - first_step;
        let each = start.elapsed().as_secs_f64() / taken.max(1) as f64;
        now.step = trainer.steps();
        now.share = now.step as f64 / settings.steps as f64;
        now.doing = format!("step {} of {}", now.step, settings.steps);
        now.throughput = settings.batch as f64 / each;
        now.left = Some(Duration::from_secs_f64(each * (settings.steps - now.step) as f64));
        tell(&now);
    }
    now.doing = "measuring the latent space".into();
    let mut model = trainer.model(settings.patience > 0 || lost)?;
    model.summary.data = request.source.describe();
    model.summary.seconds = trainer.seconds();
    // Stopping it early would leave a model whose sliders have no names; it is cancelled or finished.
    let measured = model.summarise(&data, &weights, &device, &mut |share| {
        now.share = share;
        tell(&now);
        control.wanted() != Wanted::Cancel
    })?;
    if !measured {
        keep(&trainer, &checkpoint)?;
        return Ok(Ending::Cancelled);
    }
    write(&request.output, &model.to_bytes(request.as_f16)?)?;
    // The training is over: there is nothing to go on from.
    let _ = std::fs::remove_file(&checkpoint);
    control.tell(Event::Saved(request.output.clone()));
    slots.model.put(Arc::new(model));
    Ok(ending)
}

fn keep(trainer: &Trainer, path: &Path) -> Result<(), LatentError> {
    let (tensors, text) = trainer.checkpoint()?;
    write(path, &tensor_bytes(&tensors, &text, false)?)
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), LatentError> {
    write_atomically(path, bytes).map_err(|source| LatentError::Io { action: "written", path: path.into(), source })
}

/// A seed of synthetic micrographs other than those that a model of this seed was trained on.
pub fn unseen_seed(seed: u64) -> u64 {
    seed.wrapping_add(1_000_000)
}

/// How far a judgement is.
#[derive(Clone, Debug, Default)]
pub struct JudgeProgress {
    /// 0 … 1.
    pub share: f64,
    /// What was found, at the end.
    pub judgement: Option<Arc<Judgement>>,
}

/// Judges a model by patches it was not trained on; what is held out is drawn like for the training.
pub fn start_judging(model: Arc<Model>, request: TrainRequest, wake: Wake) -> (Job, Arc<Latest<JudgeProgress>>) {
    let latest = Arc::new(Latest::default());
    let slot = latest.clone();
    let work = move |control: &Control| -> Result<Ending, LatentError> {
        let go_on = || control.wait_while_paused() == Wanted::Run;
        let data = request.dataset(&|| !go_on())?;
        for reason in &data.left_out {
            control.tell(Event::Warning(reason.clone()));
        }
        let weights = model.weights()?;
        let device = device::open(&request.settings.device, &|text| control.tell(Event::Warning(text)))?;
        let found = judge(&model, &data, &weights, &device, request.settings.seed, &mut |share| {
            slot.put(JudgeProgress { share, judgement: None });
            control.wake();
            go_on()
        })?;
        let ending = if found.is_some() { Ending::Finished } else { Ending::Cancelled };
        slot.put(JudgeProgress { share: 1.0, judgement: found.map(Arc::new) });
        Ok(ending)
    };
    let job = Job::spawn("judge", wake, move |control| match work(control) {
        Ok(ending) => ending,
        Err(error) => Ending::Failed(error.to_string()),
    });
    (job, latest)
}
