//! The task that learns.

use std::sync::Arc;

use rayon::prelude::*;

use super::finished::{Finished, hash_of, key_of};
use super::inputs::{Read, read};
use super::plans::{plan_of, reads_pictures};
use super::request::{Attempt, Learn, Learned, input_name};
use crate::compute::mebibytes;
use crate::job::map::DistanceKind;
use crate::job::progress::StudyProgress;
use crate::job::watched::watched;
use crate::job::{Control, Ending, Failure, Task, open_device};
use crate::learn::{
    LEAST_SAMPLES, LearnError, Method, Predictor, Regressor, Samples, Split, Validation, folds, importances,
    learning_curve, predict_part, repeated_folds, validate_fractions, validate_mean, without,
};

/// The shares of the work that reading and features take, about, and of the rest the share of all attempts.
const READ: f64 = 0.05;
const SEEN: f64 = 0.5;
const SEEN_BEFORE_NETWORKS: f64 = 0.1;
const TRIED: f64 = 0.6;

impl Task for Learn {
    const NAME: &'static str = "learning";
    type Progress = StudyProgress;
    type Output = Arc<Learned>;

    fn run(mut self, control: &Control<StudyProgress, Arc<Learned>>) -> Result<Ending, Failure> {
        let show = |share: f64, doing: &str| control.show(StudyProgress { share, doing: doing.into() });
        if self.inputs.is_empty() || self.regressors.is_empty() {
            return Err(Failure("Choose at least one kind of inputs and one kind of regression.".into()));
        }
        show(0.0, "reading the micrographs");
        let mut reading = |share: f64| {
            show(READ * share, "reading the micrographs");
            !control.is_ending()
        };
        let set = self.source.members(self.recipe.as_ref(), self.patches, &mut reading);
        if control.is_ending() {
            return Ok(Ending::Cancelled);
        }
        let mut valued = self.valued(set)?;
        if valued.members.len() < LEAST_SAMPLES {
            let reasons: Vec<&str> = valued.notes.iter().take(3).map(String::as_str).collect();
            return Err(Failure(format!(
                "{} micrographs with a value are too few to learn from; {LEAST_SAMPLES} are needed at least. {}",
                valued.members.len(),
                reasons.join(" ")
            )));
        }
        let mut notes = std::mem::take(&mut valued.notes);
        let kinds = self.kinds();
        let seen_share = if kinds.contains(&DistanceKind::Pixels) { SEEN_BEFORE_NETWORKS } else { SEEN };
        if !self.asks().1 && self.inputs.contains(&DistanceKind::Pixels) {
            notes.push("Pixels are not read: a neural network alone can read them.".into());
        }
        if kinds.is_empty() {
            return Err(Failure("Pixels are read by a neural network alone. Choose it among the regressions.".into()));
        }
        let all = kinds.len() as f64;
        let mut reads: Vec<Read> = vec![];
        for (n, kind) in kinds.iter().enumerate() {
            let count = valued.members.len();
            let seen = |done: usize| {
                let share = (n as f64 + done as f64 / count as f64) / all;
                let doing = format!("{}, {} of {count}", input_name(kind).to_lowercase(), done + 1);
                show(READ + (seen_share - READ) * share, &doing);
            };
            match read(&self, kind, &valued, control, &seen, &mut notes)? {
                Some(read) => reads.push(read),
                None => return Ok(Ending::Cancelled),
            }
        }
        let tried = self.methods(&reads, &|text| control.warn(text))?;
        let told = |share: f64, doing: &str| (seen_share + (1.0 - seen_share) * share, doing.to_string());
        match watched(control, Some(&told), |progress| self.learned(&reads, &tried, notes, progress)) {
            Ok(learned) => {
                control.output(Arc::new(learned));
                Ok(Ending::Finished)
            }
            Err(LearnError::Stopped) => Ok(Ending::Cancelled),
            Err(error) => Err(error.into()),
        }
    }
}

/// The most bytes of a predictor that a project keeps: networks on whole feature maps take hundreds of mebibytes.
pub const MOST_IN_PROJECT: usize = 128 << 20;

/// A pair of inputs and a regression.
struct Tried {
    /// The number of the inputs in the request.
    inputs: usize,
    /// The number of what is read.
    read: usize,
    method: Method,
}

impl Learn {
    /// Whether a regression other than a network is asked for, and whether a network is.
    fn asks(&self) -> (bool, bool) {
        let is_network = |regressor: &Regressor| *regressor == Regressor::Network;
        (!self.regressors.iter().all(is_network), self.regressors.iter().any(is_network))
    }

    /// What has to be read: the inputs that a regression reads as numbers, and the pixels for networks on pictures.
    pub(super) fn kinds(&self) -> Vec<DistanceKind> {
        let (others, networks) = self.asks();
        let is_read = |kind: &&DistanceKind| match reads_pictures(kind, self.preset) {
            true => others && **kind != DistanceKind::Pixels,
            false => true,
        };
        let mut kinds: Vec<DistanceKind> = self.inputs.iter().filter(is_read).cloned().collect();
        if networks && self.inputs.iter().any(|kind| reads_pictures(kind, self.preset)) {
            kinds.push(DistanceKind::Pixels);
        }
        kinds
    }

    /// The pairs of inputs and regressions that are tried, with the number of what each reads. Pixels are read by networks
    /// alone.
    ///
    /// # Errors
    /// As [`plan_of`], or there is no such device.
    fn methods(&self, reads: &[Read], warn: &dyn Fn(String)) -> Result<Vec<Tried>, Failure> {
        let place = |kind: &DistanceKind| reads.iter().position(|read| read.about.inputs == *kind);
        let mut device = None;
        let mut tried = vec![];
        for (inputs, kind) in self.inputs.iter().enumerate() {
            for regressor in &self.regressors {
                let on_pictures = *regressor == Regressor::Network && reads_pictures(kind, self.preset);
                let from = match on_pictures {
                    true => place(&DistanceKind::Pixels),
                    false => place(kind).filter(|_| *kind != DistanceKind::Pixels),
                };
                let Some(read) = from else { continue };
                let own = &reads[read];
                if on_pictures && device.is_none() {
                    device = Some(open_device(&self.device, warn)?);
                }
                let plan = device.as_ref().filter(|_| on_pictures);
                let plan = plan.map(|device| plan_of(kind, self, own.about.common.size, device)).transpose()?;
                let method = plan.map_or_else(|| Method::new(*regressor, own.reduction), Method::of_pictures);
                tried.push(Tried { inputs, read, method });
            }
        }
        Ok(tried)
    }

    /// What a method predicts of every part, taken from what is known or added to it.
    fn validated(
        &self,
        samples: &Samples,
        method: &Method,
        parts: &[Vec<usize>],
        finished: &Finished,
        progress: &(dyn Fn(f64) -> bool + Sync),
    ) -> Result<Validation, LearnError> {
        let hash = hash_of(samples, method);
        let one = |(n, part): (usize, &Vec<usize>)| {
            let key = key_of(&hash, part);
            if let Some(known) = finished.of(&key).filter(|known| known.len() == part.len()) {
                return Ok(known);
            }
            let others = without(part, samples.count());
            let found = predict_part(samples, method, part, &others, &|share| progress(n as f64 + share))?;
            finished.add(key, &found);
            Ok(found)
        };
        // Networks on pictures use all cores and much memory, so that they take turns.
        let found: Result<Vec<_>, LearnError> = match method.pictures {
            Some(_) => parts.iter().enumerate().map(one).collect(),
            None => parts.par_iter().enumerate().map(one).collect(),
        };
        Ok(Validation::of(samples, parts, found?))
    }

    /// Tries everything, and learns from all samples what was best.
    fn learned(
        &self,
        reads: &[Read],
        tried: &[Tried],
        mut notes: Vec<String>,
        progress: &(dyn Fn(f64, &str) -> bool + Sync),
    ) -> Result<Learned, LearnError> {
        let first = &reads[0].samples;
        // Nearly all of the time goes into networks on pictures, if there are some.
        let tries = if tried.iter().any(|t| t.method.pictures.is_some()) { 0.9 } else { TRIED };
        let parts = repeated_folds(self.split, &first.groups, self.seed, self.repeats);
        let finished = Finished::open(self.finished.clone());
        let (mut attempts, mut failed) = (vec![], None);
        for (number, Tried { inputs, read, method }) in tried.iter().enumerate() {
            let go_on = |done: f64| {
                let share = (number as f64 + done / parts.len() as f64) / tried.len() as f64;
                let part = (done.floor() as usize + 1).min(parts.len());
                let doing = format!("attempt {} of {}, part {part} of {}", number + 1, tried.len(), parts.len());
                progress(tries * share, &doing)
            };
            match self.validated(&reads[*read].samples, method, &parts, &finished, &go_on) {
                Ok(validation) => {
                    attempts.push((number, Attempt { inputs: *inputs, regressor: method.regressor, validation }));
                }
                Err(LearnError::Stopped) => return Err(LearnError::Stopped),
                Err(error) => {
                    let name = format!("{} by {}", input_name(&self.inputs[*inputs]), method.regressor.name());
                    notes.push(format!("{name} is left out: {error}"));
                    failed = Some(error);
                }
            }
        }
        if let (true, Some(error)) = (attempts.is_empty(), failed) {
            return Err(error);
        }
        if finished.used() > 0 {
            notes.push(format!("{} parts were known from a learning that was ended.", finished.used()));
        }
        attempts.sort_by(|a, b| a.1.validation.scores.rmse.total_cmp(&b.1.validation.scores.rmse));
        let (best, attempts): (Vec<usize>, Vec<Attempt>) = attempts.into_iter().unzip();
        let mean = validate_mean(first, &parts);
        let fractions = validate_fractions(first, &parts, &|| progress(tries, "volume fractions alone"))?;
        let Tried { read, method, .. } = &tried[best[0]];
        let Read { samples, long, about, names, .. } = &reads[*read];
        let best = &attempts[0].validation;
        let (curve, importances) = if method.pictures.is_some() {
            notes.push(
                "The best is a network on pictures: its learning curve would take several times as long, and pixels have no ranking.".into(),
            );
            (vec![], vec![])
        } else {
            // Only the first split: the others would change little and take as long.
            let once = folds(self.split, &first.groups, self.seed);
            let go_on = || progress(tries + 0.02, "learning curve");
            let curve = learning_curve(samples, method, &once, best.scores, &go_on)?;
            let go_on = || progress(tries + 0.04, "importance of the inputs");
            // Within a part of one micrograph there is nothing to shuffle.
            let wide = match self.split {
                Split::LeaveOneOut => folds(Split::default(), &samples.groups, self.seed),
                _ => once,
            };
            let name = |input: usize| names.get(input).cloned().unwrap_or_else(|| format!("component {}", input + 1));
            let ranked = importances(samples, method, &wide, &go_on)?;
            (curve, ranked.into_iter().map(|i| (name(i.input), i)).collect())
        };
        let half_width = best.error_quantile(samples, 0.95);
        let rest = 0.94 - tries;
        let go_on = |share: f64| progress(tries + 0.06 + rest * share, "the predictor, from all samples");
        let predictor = Predictor::learn(samples.clone(), long.clone(), method, best.scores, half_width, &go_on)?;
        if attempts.len() > 1 {
            notes.push(format!(
                "The best of {} attempts was chosen by the same parts that its scores are of, so they are a little too good.",
                attempts.len()
            ));
        }
        if matches!(self.split, Split::Random(_)) && samples.micrographs() < samples.count() {
            notes.push(
                "Parts were drawn at random: patches of one micrograph are learned from and predicted, so the scores say nothing about a new micrograph.".into(),
            );
        }
        let file = about.file(&predictor).map_err(LearnError::Numbers)?;
        if file.len() > MOST_IN_PROJECT {
            notes.push(format!(
                "The predictor takes {}: a project does not keep it, nor these results. Export them.",
                mebibytes(file.len() as u64)
            ));
        }
        finished.remove();
        Ok(Learned {
            request: self.clone(),
            mean,
            fractions,
            curve,
            importances,
            file: Arc::new(file),
            predictor: Arc::new(predictor),
            about: about.clone(),
            notes,
            attempts,
        })
    }
}
