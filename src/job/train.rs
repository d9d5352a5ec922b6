//! Training a latent model.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Control, Ending, Failure, Progress, Task, Wanted, device};
use crate::compute::Device;
use crate::compute::graph::Precision;
use crate::folders::write_atomically;
use crate::latent::{
    Check, Dataset, LatentError, LatentSettings, Model, Needs, Networks, Picture, Pictures, Trainer, pictures_of_files,
    read_tensors, synthetic, tensor_bytes,
};
use crate::micrograph::Recipe;

/// Where patches come from.
#[derive(Clone, Debug)]
pub enum PatchSource {
    /// Files and folders, prepared by a recipe where one is given.
    Files(Vec<PathBuf>, Option<Recipe>),
    /// Pictures at hand.
    Pictures(Vec<Picture>),
    /// Synthetic graphite micrographs with random factors: how many, and the seed.
    Graphite(usize, u64),
}

impl PatchSource {
    /// A description to display.
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

    /// The pictures, and the reasons why others were left out.
    pub fn pictures(&self, edge: usize, interrupted: &dyn Fn() -> bool) -> (Vec<Picture>, Vec<String>) {
        match self {
            Self::Files(paths, recipe) => pictures_of_files(paths, recipe.as_ref(), interrupted),
            Self::Pictures(pictures) => (pictures.clone(), vec![]),
            Self::Graphite(count, seed) => (synthetic(*count, edge, *seed), vec![]),
        }
    }
}

/// Trains a model; its output is the model.
#[derive(Clone, Debug)]
pub struct Train {
    /// Where the patches come from.
    pub source: PatchSource,
    /// Pixels from one patch to the next.
    pub stride: usize,
    /// The most patches to train on.
    pub most_patches: usize,
    /// Model and training.
    pub settings: LatentSettings,
    /// The file that the model is written to.
    pub output: PathBuf,
    /// Whether its tensors are stored as f16.
    pub as_f16: bool,
    /// Whether to go on from the checkpoint beside the output.
    pub resume: bool,
}

impl Train {
    /// The checkpoint of a training that ends in `output`.
    pub fn checkpoint(output: &Path) -> PathBuf {
        let mut name = output.file_name().unwrap_or_default().to_os_string();
        name.push(".checkpoint");
        output.with_file_name(name)
    }

    /// Cuts the patches.
    ///
    /// # Errors
    /// The settings do not fit together, or there are too few patches.
    pub fn dataset(&self, interrupted: &dyn Fn() -> bool) -> Result<Dataset, LatentError> {
        if let Some(problem) = self.settings.problem() {
            return Err(LatentError::Settings(problem));
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
    /// What is being done, in a few words.
    pub doing: String,
    /// 0 … 1.
    pub share: f64,
    /// Steps taken.
    pub step: usize,
    /// Checks of the held-out patches.
    pub checks: Arc<Vec<Check>>,
    /// Pictures of the last check.
    pub pictures: Arc<Pictures>,
    /// Patches trained on and held out.
    pub patches: (usize, usize),
    /// Patches a second.
    pub throughput: f64,
    /// Estimated time that is left.
    pub left: Option<Duration>,
    /// Bytes in use.
    pub memory: u64,
    /// Files and pictures that were left out, with the reasons.
    pub left_out: Arc<Vec<String>>,
    /// The patches, as soon as they are cut.
    pub data: Option<Arc<Dataset>>,
}

impl Progress for TrainProgress {
    fn share(&self) -> f64 {
        self.share
    }

    fn doing(&self) -> String {
        self.doing.clone()
    }

    fn seconds_left(&self) -> Option<f64> {
        self.left.map(|left| left.as_secs_f64())
    }
}

/// Pictures of a check.
const SHOWN: usize = 8;

impl Task for Train {
    const NAME: &'static str = "training";
    type Progress = TrainProgress;
    type Output = Arc<Model>;

    fn run(self, control: &Control<TrainProgress, Arc<Model>>) -> Result<Ending, Failure> {
        let settings = &self.settings;
        let mut now = TrainProgress { doing: "cutting patches".into(), ..TrainProgress::default() };
        control.show(now.clone());
        if self.output.is_dir() {
            return Err(Failure(format!("{} is a folder; name a file for the model.", self.output.display())));
        }
        let data = match self.dataset(&|| control.is_ending()) {
            // Not all files were read, so an error about too few patches would mislead.
            _ if control.is_ending() => return Ok(Ending::Cancelled),
            data => Arc::new(data?),
        };
        data.left_out.iter().for_each(|reason| control.warn(reason.clone()));
        now.patches = (data.train.len(), data.held_out.len());
        now.left_out = Arc::new(data.left_out.clone());
        now.data = Some(data.clone());
        let networks = Networks::load(settings)?;
        let mut resume = self.resume;
        let trained = device::with_device(&settings.device, Precision::Single, control, |device| {
            let mut training = Training { request: &self, data: &data, networks: &networks, control, now: now.clone() };
            let trained = training.train_on(&device, resume);
            // The state of the training is lost with its device, so it is resumed from the last checkpoint.
            resume = resume || Train::checkpoint(&self.output).exists();
            trained
        });
        Ok(trained?)
    }
}

/// A training in progress.
struct Training<'a> {
    request: &'a Train,
    data: &'a Arc<Dataset>,
    networks: &'a Networks,
    control: &'a Control<TrainProgress, Arc<Model>>,
    now: TrainProgress,
}

/// How the steps of a training ended, and whether it diverged, so that its last parameters are useless.
struct Stepped {
    ending: Ending,
    has_diverged: bool,
}

impl Training<'_> {
    /// Trains on a device and writes the model.
    fn train_on(&mut self, device: &Device, resume: bool) -> Result<Ending, LatentError> {
        let (request, data) = (self.request, self.data);
        let Some(mut trainer) = self.trainer(device, resume)? else { return Ok(Ending::Cancelled) };
        let stepped = self.steps(&mut trainer)?;
        if stepped.ending == Ending::Cancelled {
            return Ok(Ending::Cancelled);
        }
        self.now.doing = "measuring the latent space".into();
        let mut model = trainer.model(request.settings.patience > 0 || stepped.has_diverged)?;
        model.summary.data = request.source.describe();
        model.summary.seconds = trainer.seconds();
        // A stop does not end this part, because the sliders of the model would then have no names.
        let measured = model.summarise(data, &self.networks.encoder, device, &mut |share| {
            self.now.share = share;
            self.control.show(self.now.clone());
            self.control.wanted() != Wanted::Cancel
        })?;
        if !measured {
            self.save_checkpoint(&trainer)?;
            return Ok(Ending::Cancelled);
        }
        write(&request.output, &model.to_bytes(request.as_f16)?)?;
        // The training is over: there is nothing to go on from.
        let _ = std::fs::remove_file(Train::checkpoint(&request.output));
        self.control.saved(request.output.clone());
        self.control.output(Arc::new(model));
        Ok(stepped.ending)
    }

    /// The trainer at its first step or at that of the checkpoint; `None` if the job was told to end meanwhile.
    fn trainer(&mut self, device: &Device, resume: bool) -> Result<Option<Trainer>, LatentError> {
        let settings = &self.request.settings;
        let checkpoint = Train::checkpoint(&self.request.output);
        let kept = match resume {
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
        let mut needs = Needs::of(settings, self.data.train.len(), device.info().kind, device.available_memory())?;
        needs.part = kept.as_ref().and_then(|(_, text)| Trainer::part_of(text)).unwrap_or(needs.part);
        if needs.part < settings.batch {
            self.control.warn(format!(
                "A batch of {} patches does not fit into memory at once; {} patches are processed at a time.",
                settings.batch, needs.part
            ));
        }
        self.now.memory = needs.bytes;
        self.now.doing = "computing the features of the patches".into();
        let (now, control) = (&mut self.now, self.control);
        let made = Trainer::in_parts(settings, self.data.clone(), self.networks, device, needs.part, &mut |share| {
            now.share = share;
            control.show(now.clone());
            control.wait_while_paused() == Wanted::Run
        })?;
        let Some(mut trainer) = made else { return Ok(None) };
        if let Some((tensors, text)) = kept {
            trainer.resume(&tensors, &text)?;
        }
        Ok(Some(trainer))
    }

    /// Takes steps until all are done, the job is to end, or the training diverges.
    fn steps(&mut self, trainer: &mut Trainer) -> Result<Stepped, LatentError> {
        let settings = &self.request.settings;
        let (start, first_step) = (Instant::now(), trainer.steps());
        let diverged = |error: LatentError, control: &Control<_, _>| {
            control.warn(error.to_string());
            Stepped { ending: Ending::Kept, has_diverged: true }
        };
        loop {
            if trainer.is_check_due() {
                match trainer.check(SHOWN) {
                    Err(error @ LatentError::NotFinite { .. }) if !trainer.checks().is_empty() => {
                        return Ok(diverged(error, self.control));
                    }
                    pictures => self.now.pictures = Arc::new(pictures?),
                }
                self.now.checks = Arc::new(trainer.checks().to_vec());
                self.save_checkpoint(trainer)?;
                self.control.show(self.now.clone());
            }
            if trainer.is_done() {
                return Ok(Stepped { ending: Ending::Finished, has_diverged: false });
            }
            match self.control.wait_while_paused() {
                Wanted::Keep => return Ok(Stepped { ending: Ending::Kept, has_diverged: false }),
                Wanted::Cancel => {
                    self.save_checkpoint(trainer)?;
                    return Ok(Stepped { ending: Ending::Cancelled, has_diverged: false });
                }
                Wanted::Run | Wanted::Pause => {}
            }
            match trainer.step() {
                Err(error @ LatentError::NotFinite { .. }) if !trainer.checks().is_empty() => {
                    return Ok(diverged(error, self.control));
                }
                other => other?,
            }
            let taken = trainer.steps() - first_step;
            let each = start.elapsed().as_secs_f64() / taken.max(1) as f64;
            self.now.step = trainer.steps();
            self.now.share = self.now.step as f64 / settings.steps as f64;
            self.now.doing = format!("step {} of {}", self.now.step, settings.steps);
            self.now.throughput = settings.batch as f64 / each;
            self.now.left = Some(Duration::from_secs_f64(each * (settings.steps - self.now.step) as f64));
            self.control.show(self.now.clone());
        }
    }

    /// Writes the checkpoint.
    fn save_checkpoint(&self, trainer: &Trainer) -> Result<(), LatentError> {
        let (tensors, text) = trainer.checkpoint()?;
        write(&Train::checkpoint(&self.request.output), &tensor_bytes(&tensors, &text, false)?)
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), LatentError> {
    write_atomically(path, bytes).map_err(|source| LatentError::Io { action: "written", path: path.into(), source })
}
