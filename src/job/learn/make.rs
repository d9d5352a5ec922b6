//! The task that learns.

use std::sync::Arc;

use rayon::prelude::*;

use super::finished::{Finished, hash_of, key_of};
use super::inputs::{Read, read};
use super::plans::{method_of, reads_pictures};
use super::request::{Attempt, Learn, Learned, input_name};
use crate::compute::mebibytes;
use crate::job::map::DistanceKind;
use crate::job::progress::StudyProgress;
use crate::job::watched::watched;
use crate::job::{Control, Ending, Failure, Task};
use crate::learn::{
    LEAST_SAMPLES, LearnError, Method, Predictor, Regressor, Samples, Split, Validation, folds, importances,
    learning_curve, predict_part, repeated_folds, validate_fractions, validate_mean, without,
};

/// The shares of the work that reading and features take, about, and of the rest the share of all attempts.
const READ: f64 = 0.05;
const SEEN: f64 = 0.5;
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
        let all = kinds.len() as f64;
        let mut reads: Vec<Read> = vec![];
        for (n, kind) in kinds.iter().enumerate() {
            let count = valued.members.len();
            let seen = |done: usize| {
                let share = (n as f64 + done as f64 / count as f64) / all;
                let doing = format!("{}, {} of {count}", input_name(kind).to_lowercase(), done + 1);
                show(READ + (SEEN - READ) * share, &doing);
            };
            match read(&self, kind, &valued, control, &seen, &mut notes)? {
                Some(read) => reads.push(read),
                None => return Ok(Ending::Cancelled),
            }
        }
        let tried = self.methods(&reads)?;
        let told = |share: f64, doing: &str| (SEEN + (1.0 - SEEN) * share, doing.to_string());
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
    /// What is read: all inputs, and the pixels for networks on whole feature maps.
    fn kinds(&self) -> Vec<DistanceKind> {
        let mut kinds = self.inputs.clone();
        let needs_pixels = kinds.iter().any(|kind| reads_pictures(kind, self.preset));
        if needs_pixels && self.regressors.contains(&Regressor::Network) && !kinds.contains(&DistanceKind::Pixels) {
            kinds.push(DistanceKind::Pixels);
        }
        kinds
    }

    /// The pairs of inputs and regressions that are tried, with the number of what each reads: a network on whole feature maps
    /// reads the pixels.
    ///
    /// # Errors
    /// As [`method_of`]; or pixels are all there is, and no network.
    fn methods(&self, reads: &[Read]) -> Result<Vec<Tried>, Failure> {
        let pixels = reads.iter().position(|read| read.about.inputs == DistanceKind::Pixels);
        let mut tried = vec![];
        for (inputs, kind) in self.inputs.iter().enumerate() {
            for regressor in &self.regressors {
                let size = reads[inputs].about.common.size;
                let Some(method) = method_of(self, (kind, reads[inputs].reduction), *regressor, size)? else {
                    continue;
                };
                let read = if method.pictures.is_some() { pixels.unwrap_or(inputs) } else { inputs };
                tried.push(Tried { inputs, read, method });
            }
        }
        if tried.is_empty() {
            return Err(Failure("Pixels are read by a neural network alone. Choose it among the regressions.".into()));
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
        progress: &(dyn Fn(usize) -> bool + Sync),
    ) -> Result<Validation, LearnError> {
        let hash = hash_of(samples);
        let one = |(n, part): (usize, &Vec<usize>)| {
            let key = key_of(&hash, method, part);
            if let Some(known) = finished.of(&key).filter(|known| known.len() == part.len()) {
                return Ok(known);
            }
            let others = without(part, samples.count());
            let found = predict_part(samples, method, part, &others, &|| progress(n))?;
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
        let parts = repeated_folds(self.split, &first.groups, self.seed, self.repeats);
        let finished = Finished::open(self.finished.clone());
        if finished.count() > 0 {
            notes.push(format!("{} parts were known from a learning that was ended.", finished.count()));
        }
        let mut attempts = vec![];
        for (number, Tried { inputs, read, method }) in tried.iter().enumerate() {
            let go_on = |part: usize| {
                let share = (number as f64 + part as f64 / parts.len() as f64) / tried.len() as f64;
                let doing = format!("attempt {} of {}, part {} of {}", number + 1, tried.len(), part + 1, parts.len());
                progress(TRIED * share, &doing)
            };
            let validation = self.validated(&reads[*read].samples, method, &parts, &finished, &go_on)?;
            attempts.push((number, Attempt { inputs: *inputs, regressor: method.regressor, validation }));
        }
        attempts.sort_by(|a, b| a.1.validation.scores.rmse.total_cmp(&b.1.validation.scores.rmse));
        let (best, attempts): (Vec<usize>, Vec<Attempt>) = attempts.into_iter().unzip();
        let mean = validate_mean(first, &parts);
        let fractions = validate_fractions(first, &parts, &|| progress(TRIED, "volume fractions alone"))?;
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
            let go_on = || progress(TRIED + 0.05, "learning curve");
            let curve = learning_curve(samples, method, &once, best.scores, &go_on)?;
            let go_on = || progress(TRIED + 0.1, "importance of the inputs");
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
        let go_on = || progress(TRIED + 0.2, "the predictor, from all samples");
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
