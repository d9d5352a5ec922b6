//! Training: batches, checks of the held-out patches, and a state that can be kept and resumed.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

use super::file::Tensors;
use super::network::{Parameter, initial};
use super::principal::{principal_components, start_from_components};
use super::scaling::Scaling;
use super::step::{Ready, feed, terms_of, write_parameters};
use super::targets::{Target, Targets, target_bytes, targets_of};
use super::training::Training;
use super::weighing::weigh;
use super::{Check, Dataset, LatentError, LatentSettings, Model, Needs, Networks, Patch, Summary};
use crate::compute::graph::{ADAM_DECAYS, TensorId, adam_numbers};
use crate::compute::{ComputeError, Device};

/// The pictures that a check produces, to display: grey values 0 … 1, `edge × edge` each.
#[derive(Clone, Debug, Default)]
pub struct Pictures {
    /// Held-out patches.
    pub patches: Vec<Vec<f32>>,
    /// Their reconstructions.
    pub reconstructions: Vec<Vec<f32>>,
    /// Random samples, see [`Model::sample`].
    pub samples: Vec<Vec<f32>>,
}

/// A training in progress.
pub struct Trainer {
    settings: LatentSettings,
    data: Arc<Dataset>,
    scaling: Scaling,
    device: Device,
    /// The hashes of the weights of encoder and style.
    network: String,
    style_network: String,
    train: Ready,
    check: Ready,
    train_targets: Vec<Target>,
    check_targets: Vec<Target>,
    state: State,
    best: Option<(f64, usize, Vec<Vec<f32>>)>,
    recent: Vec<f64>,
    recent_steps: usize,
}

/// What the next steps of a training depend on, besides the parameters.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
struct State {
    step: usize,
    random: Pcg64,
    order: Vec<usize>,
    at: usize,
    checks: Vec<Check>,
    without_gain: usize,
    /// Time that steps and checks took.
    #[serde(default)]
    seconds: f64,
}

/// Patches from which the principal components are taken.
const MOST_ROWS: usize = 4096;

impl Trainer {
    /// Prepares a training: features and Gram matrices of all patches, and the programs. `progress` receives the share
    /// that is done and returns whether to go on; the result is `None` if it stopped.
    ///
    /// # Errors
    /// The settings do not fit together, or there is not enough memory.
    pub fn new(
        settings: &LatentSettings,
        data: Arc<Dataset>,
        networks: &Networks,
        device: &Device,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Option<Self>, LatentError> {
        let part = Needs::of(settings, data.train.len(), device.info().kind, device.available_memory())?.part;
        Self::in_parts(settings, data, networks, device, part, progress)
    }

    /// Like [`Trainer::new`], with `part` patches in a run; the batch is a multiple of `part`.
    ///
    /// # Errors
    /// As for [`Trainer::new`].
    pub fn in_parts(
        settings: &LatentSettings,
        data: Arc<Dataset>,
        networks: &Networks,
        device: &Device,
        part: usize,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<Option<Self>, LatentError> {
        if let Some(problem) = settings.problem() {
            return Err(LatentError::Settings(problem));
        }
        if part == 0 || !settings.batch.is_multiple_of(part) {
            return Err(LatentError::Settings("The checkpoint cannot be resumed: it is damaged.".into()));
        }
        let (mean, variance) = mean_and_variance(&data);
        let found = targets_of(settings, networks, &data, device, 255.0 * mean as f32, progress)?;
        let Some(mut targets) = found else { return Ok(None) };
        let scaling = Scaling::of(targets.train.iter().map(|t| t.features.as_slice()), settings.head);
        targets.train.iter_mut().chain(&mut targets.checked).for_each(|t| scaling.apply(&mut t.features));
        let style = weigh(settings, &mut targets, data.threshold / 255.0, variance as f32);
        let Targets { train: train_targets, checked: check_targets, .. } = targets;
        let ready = |train: bool, part: usize| -> Result<Ready, LatentError> {
            let graph = Training::new(settings, &networks.style, &style, (part, settings.batch), train)?;
            let program = device.compile(graph.network.graph.clone(), &graph.outputs)?;
            Ok(Ready { graph, program, part })
        };
        let smaller = |part: usize| (settings.least_part()..part).rev().find(|p| settings.batch.is_multiple_of(*p));
        let mut part = part;
        let (mut train, check) = loop {
            match ready(true, part).and_then(|train| Ok((train, ready(false, part)?))) {
                // The free memory of a card cannot be queried, so a part that does not fit is divided further.
                Err(LatentError::Compute(ComputeError::OutOfMemory { .. } | ComputeError::Limit { .. }))
                    if smaller(part).is_some() =>
                {
                    part = smaller(part).unwrap_or(part);
                }
                other => break other?,
            }
        };
        let parameters = &train.graph.network.parameters;
        let mut first = initial(parameters, &train.graph.network.graph, mean, settings.seed);
        if settings.predicts_features() {
            // More rows would hardly change the components.
            let every = train_targets.len().div_ceil(MOST_ROWS).max(1);
            let rows: Vec<&[f32]> = train_targets.iter().step_by(every).map(|t| t.features.as_slice()).collect();
            let components = principal_components(&rows, settings.dimensions, &mut || progress(1.0));
            let Some(components) = components else { return Ok(None) };
            start_from_components(parameters, &mut first, &components, settings);
        }
        write_parameters(&mut train, &first);
        let zeros: Vec<Vec<f32>> =
            train.graph.states.iter().map(|id| vec![0.0; train.graph.network.graph.shape(*id).len()]).collect();
        for (id, zeros) in train.graph.states.iter().zip(&zeros) {
            train.program.write(*id, zeros);
        }
        let state = State {
            step: 0,
            random: Pcg64::seed_from_u64(settings.seed ^ 0x7a1e_57ed),
            order: (0..data.train.len()).collect(),
            at: data.train.len(),
            checks: vec![],
            without_gain: 0,
            seconds: 0.0,
        };
        Ok(Some(Self {
            settings: settings.clone(),
            data,
            scaling,
            device: device.clone(),
            network: networks.encoder.hash().into(),
            style_network: networks.style.hash().into(),
            train,
            check,
            train_targets,
            check_targets,
            state,
            best: None,
            recent: vec![],
            recent_steps: 0,
        }))
    }

    /// Steps taken.
    pub fn steps(&self) -> usize {
        self.state.step
    }

    /// All checks so far.
    pub fn checks(&self) -> &[Check] {
        &self.state.checks
    }

    /// Time that steps and checks took so far, including the time before it was resumed.
    pub fn seconds(&self) -> f64 {
        self.state.seconds
    }

    /// Bytes in use on the device and for the targets.
    pub fn memory(&self) -> u64 {
        let targets = (self.train_targets.len() + self.check_targets.len()) as u64 * target_bytes(&self.settings);
        self.train.program.memory() + self.check.program.memory() + targets
    }

    /// Whether all steps are taken, or the patience has run out without a better check.
    pub fn is_done(&self) -> bool {
        let patience = self.settings.patience;
        self.state.step >= self.settings.steps || (patience > 0 && self.state.without_gain >= patience)
    }

    /// Whether it is time to check the held-out patches.
    pub fn is_check_due(&self) -> bool {
        let due = self.state.step.is_multiple_of(self.settings.check_every) || self.is_done();
        due && self.state.checks.last().is_none_or(|c| c.step != self.state.step)
    }

    fn beta(&self) -> f64 {
        let grown = (self.state.step + 1) as f64 / self.settings.warm_up.max(1) as f64;
        self.settings.beta * grown.min(1.0)
    }

    /// Whether the Minkowski functionals count. Not in the first quarter: to first patterns, which are grey all over, an empty
    /// picture is the next best.
    fn has_begun(&self) -> bool {
        4 * self.state.step >= self.settings.steps
    }

    fn rate(&self) -> f64 {
        /// Steps over which the rate grows: the first gradients are the largest and the least reliable.
        const GROWS: f64 = 100.0;
        let share = self.state.step as f64 / self.settings.steps as f64;
        let grown = ((self.state.step + 1) as f64 / GROWS).min(1.0);
        self.settings.rate * grown * (share * std::f64::consts::FRAC_PI_2).cos()
    }

    /// One step over a batch.
    ///
    /// # Errors
    /// The device is lost, or the loss is no longer finite.
    pub fn step(&mut self) -> Result<(), LatentError> {
        let start = Instant::now();
        let batch: Vec<usize> = (0..self.settings.batch).map(|_| self.next_patch()).collect();
        let parts = self.settings.batch / self.train.part;
        let t = self.state.step + 1;
        let (weights, rate) = ((self.beta(), self.has_begun()), self.rate());
        let mut sums: Vec<f64> = vec![];
        for (n, part) in batch.chunks(self.train.part).enumerate() {
            let numbers = adam_numbers(rate, ADAM_DECAYS, t, n + 1 == parts);
            if let Some(id) = self.train.graph.step {
                self.train.program.write(id, &numbers);
            }
            let patches: Vec<&Patch> = part.iter().map(|i| &self.data.train[*i]).collect();
            let targets: Vec<&Target> = part.iter().map(|i| &self.train_targets[*i]).collect();
            feed(&mut self.train, &self.settings, &patches, &targets, weights, &mut self.state.random, false);
            let outputs = self.train.program.run()?;
            let values = terms_of(&self.train, &outputs, self.settings.batch);
            sums = if n == 0 { values } else { sums.iter().zip(values).map(|(a, b)| a + b).collect() };
        }
        self.state.step += 1;
        if sums.iter().any(|s| !s.is_finite()) {
            return Err(LatentError::NotFinite { step: self.state.step });
        }
        self.recent.resize(sums.len(), 0.0);
        self.recent.iter_mut().zip(&sums).for_each(|(r, s)| *r += s);
        self.recent_steps += 1;
        self.state.seconds += start.elapsed().as_secs_f64();
        Ok(())
    }

    /// The next patch of a random order; every patch comes once before any comes again.
    fn next_patch(&mut self) -> usize {
        if self.state.at >= self.state.order.len() {
            self.state.order.shuffle(&mut self.state.random);
            self.state.at = 0;
        }
        self.state.at += 1;
        self.state.order[self.state.at - 1]
    }

    /// Checks the held-out patches: computes their losses, without sampling latent points, and pictures to display. The
    /// best parameters so far are kept.
    ///
    /// # Errors
    /// The device is lost.
    pub fn check(&mut self, pictures: usize) -> Result<Pictures, LatentError> {
        let start = Instant::now();
        let parameters = self.parameters()?;
        write_parameters(&mut self.check, &parameters);
        // The same noise in every check, so that only the model makes a difference.
        let mut random = Pcg64::seed_from_u64(self.settings.seed);
        let part = self.check.part;
        let n = self.check_targets.len();
        // A whole number of batches, so that every patch counts alike however a batch is split. A set that is smaller
        // than a batch is repeated until it fills one.
        let batch = self.settings.batch;
        let runs = (n / batch * batch).max(batch) / part;
        let mut sums: Vec<f64> = vec![];
        let mut shown = Pictures::default();
        for run in 0..runs {
            let at: Vec<usize> = (0..part).map(|k| (run * part + k) % n).collect();
            let patches: Vec<&Patch> = at.iter().map(|i| &self.data.held_out[*i]).collect();
            let targets: Vec<&Target> = at.iter().map(|i| &self.check_targets[*i]).collect();
            feed(&mut self.check, &self.settings, &patches, &targets, (1.0, true), &mut random, true);
            let outputs = self.check.program.run()?;
            let values = terms_of(&self.check, &outputs, self.settings.batch);
            sums = if run == 0 { values } else { sums.iter().zip(values).map(|(a, b)| a + b).collect() };
            let made = outputs.last().map(Vec::as_slice).unwrap_or_default();
            for (patch, made) in patches.iter().zip(made.chunks(self.data.edge * self.data.edge)) {
                if shown.patches.len() < pictures.min(n) {
                    shown.patches.push(patch.values.iter().map(|v| f32::from(*v) / 255.0).collect());
                    shown.reconstructions.push(made.to_vec());
                }
            }
        }
        // A run's losses are divided by the whole batch.
        let scale = self.settings.batch as f64 / (runs * part) as f64;
        let names = &self.check.graph.terms;
        let name = |values: &[f64], scale: f64| -> Vec<(String, f64)> {
            names.iter().zip(values).map(|(n, v)| (n.to_string(), v * scale)).collect()
        };
        let terms = name(&sums, scale);
        let total = self.total(&terms);
        if !total.is_finite() {
            return Err(LatentError::NotFinite { step: self.state.step });
        }
        let recent = std::mem::take(&mut self.recent);
        let training = name(&recent, 1.0 / self.recent_steps.max(1) as f64);
        self.recent_steps = 0;
        self.state.checks.push(Check { step: self.state.step, terms, total, training });
        if self.best.as_ref().is_none_or(|(best, ..)| total < *best) {
            self.best = Some((total, self.state.step, parameters));
            self.state.without_gain = 0;
        } else {
            self.state.without_gain += 1;
        }
        if pictures > 0 && self.settings.model.is_variational() {
            let model = self.model(false)?;
            let mut painter = model.painter(&self.device, (self.data.edge, self.data.edge))?;
            for _ in 0..pictures {
                let z = model.sample(&mut random);
                let noise = painter.noise(&mut random);
                shown.samples.push(painter.paint(&z, &noise)?);
            }
        }
        self.state.seconds += start.elapsed().as_secs_f64();
        Ok(shown)
    }

    fn total(&self, terms: &[(String, f64)]) -> f64 {
        let weight = |name: &str| match name {
            "divergence" => self.settings.beta,
            "pixels" => 1.0,
            "autocorrelation" => self.settings.correlation_weight,
            "lineal path" => self.settings.lineal_weight,
            "Minkowski functionals" => self.settings.minkowski_weight,
            "stationarity" => self.settings.stationarity_weight,
            "features" => self.settings.feature_weight,
            "mode collapse" => self.settings.collapse_weight,
            _ if self.settings.model.matches_pixels() => self.settings.style_weight,
            _ => 1.0,
        };
        terms.iter().map(|(name, value)| weight(name) * value).sum()
    }

    fn parameters(&self) -> Result<Vec<Vec<f32>>, LatentError> {
        let read = |p: &Parameter| Ok(self.train.program.read(p.id)?);
        self.train.graph.network.parameters.iter().map(read).collect()
    }

    /// The model as it is now, or with `best` as it was at the best check.
    ///
    /// # Errors
    /// The device is lost.
    pub fn model(&self, best: bool) -> Result<Model, LatentError> {
        let (step, parameters) = match &self.best {
            Some((_, step, parameters)) if best => (*step, parameters.clone()),
            _ => (self.state.step, self.parameters()?),
        };
        let names = self.train.graph.network.parameters.iter().map(|p| p.name.clone());
        let summary = Summary {
            steps: step,
            patches: self.data.train.len(),
            threshold: self.data.threshold,
            dark: self.data.dark,
            pixel_size: self.data.pixel_size.clone(),
            network: self.network.clone(),
            style_network: self.style_network.clone(),
            checks: self.state.checks.clone(),
            ..Summary::default()
        };
        let tensors = names.zip(parameters).collect();
        let mut model = Model::new(self.settings.clone(), tensors, self.scaling.clone(), summary);
        let features: Vec<&[f32]> = self.train_targets.iter().map(|t| t.features.as_slice()).collect();
        model.keep_posterior(&self.device, &features)?;
        Ok(model)
    }

    /// Everything that is needed to resume the training exactly: tensors, and a text.
    ///
    /// # Errors
    /// The device is lost.
    pub fn checkpoint(&self) -> Result<(Tensors, String), LatentError> {
        let mut tensors = BTreeMap::new();
        for (p, values) in self.train.graph.network.parameters.iter().zip(self.parameters()?) {
            tensors.insert(format!("now.{}", p.name), values);
        }
        for (p, state) in self.train.graph.network.parameters.iter().zip(&self.train.graph.states) {
            tensors.insert(format!("adam.{}", p.name), self.train.program.read(*state)?);
        }
        if let Some((_, _, best)) = &self.best {
            for (p, values) in self.train.graph.network.parameters.iter().zip(best) {
                tensors.insert(format!("best.{}", p.name), values.clone());
            }
        }
        let kept = Kept {
            settings: self.settings.clone(),
            data: self.data.fingerprint(),
            network: self.network.clone(),
            style_network: self.style_network.clone(),
            part: self.train.part,
            state: self.state.clone(),
            best: self.best.as_ref().map(|(total, step, _)| (*total, *step)),
            recent: self.recent.clone(),
            recent_steps: self.recent_steps,
        };
        Ok((tensors, serde_json::to_string(&kept).unwrap_or_default()))
    }

    /// Patches of a run in the training of a checkpoint, if its text can be read. A resumed training needs the same
    /// number, because noise is drawn run by run.
    pub fn part_of(text: &str) -> Option<usize> {
        serde_json::from_str::<Kept>(text).ok().map(|kept| kept.part)
    }

    /// Resumes from a checkpoint of the same settings and patches.
    ///
    /// # Errors
    /// The checkpoint belongs to another training; the message says in what they differ.
    pub fn resume(&mut self, tensors: &Tensors, text: &str) -> Result<(), LatentError> {
        let other = |what: &str| LatentError::Settings(format!("The checkpoint cannot be resumed: {what}."));
        let mut kept: Kept = serde_json::from_str(text).map_err(|_| other("it is damaged"))?;
        if kept.style_network.is_empty() {
            // Checkpoints from before there were two networks name one.
            kept.style_network.clone_from(&kept.network);
        }
        let same = LatentSettings { device: self.settings.device.clone(), ..kept.settings } == self.settings;
        let mut order = kept.state.order.clone();
        order.sort_unstable();
        let is_order = order.iter().copied().eq(0..self.data.train.len());
        if !same || kept.data != self.data.fingerprint() || !is_order {
            return Err(other("it belongs to other settings or other patches"));
        }
        if (&kept.network, &kept.style_network) != (&self.network, &self.style_network) {
            return Err(other("the weights of its feature networks have changed since"));
        }
        if kept.part != self.train.part {
            return Err(other("its batches were split differently, because more or less memory was free"));
        }
        let graph = &self.train.graph;
        let find = |kind: &str, name: &str, id: TensorId| {
            let values = tensors.get(&format!("{kind}.{name}"));
            values
                .filter(|v| v.len() == graph.network.graph.shape(id).len())
                .ok_or_else(|| other("a tensor is missing"))
        };
        let mut best = vec![];
        let mut written: Vec<(TensorId, &Vec<f32>)> = vec![];
        for (p, state) in graph.network.parameters.iter().zip(&graph.states) {
            written.push((p.id, find("now", &p.name, p.id)?));
            written.push((*state, find("adam", &p.name, *state)?));
            if kept.best.is_some() {
                best.push(find("best", &p.name, p.id)?.clone());
            }
        }
        for (id, values) in written {
            self.train.program.write(id, values);
        }
        self.best = kept.best.map(|(total, step)| (total, step, best));
        (self.state, self.recent, self.recent_steps) = (kept.state, kept.recent, kept.recent_steps);
        Ok(())
    }
}

/// Mean and variance of the grey values, 0 … 1, of the patches that are trained on.
fn mean_and_variance(data: &Dataset) -> (f64, f64) {
    let mut counts = [0u64; 256];
    data.train.iter().flat_map(|p| &p.values).for_each(|v| counts[usize::from(*v)] += 1);
    let all = counts.iter().sum::<u64>().max(1) as f64;
    let mean = |of: fn(f64) -> f64| {
        counts.iter().enumerate().map(|(v, n)| of(v as f64 / 255.0) * *n as f64).sum::<f64>() / all
    };
    (mean(|v| v), mean(|v| v * v) - mean(|v| v).powi(2))
}

/// The content of a checkpoint besides its tensors.
#[derive(serde::Serialize, serde::Deserialize)]
struct Kept {
    settings: LatentSettings,
    data: String,
    network: String,
    #[serde(default)]
    style_network: String,
    part: usize,
    state: State,
    best: Option<(f64, usize)>,
    recent: Vec<f64>,
    recent_steps: usize,
}
