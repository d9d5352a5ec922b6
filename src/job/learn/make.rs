//! The task that learns.

use std::sync::Arc;

use super::inputs::{Read, read};
use super::request::{Attempt, Learn, Learned, input_name};
use crate::job::progress::StudyProgress;
use crate::job::watched::watched;
use crate::job::{Control, Ending, Failure, Task};
use crate::learn::{
    LEAST_SAMPLES, Predictor, Split, folds, importances, learning_curve, validate, validate_fractions, validate_mean,
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
        let all = self.inputs.len() as f64;
        let mut reads: Vec<Read> = vec![];
        for (n, kind) in self.inputs.iter().enumerate() {
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
        let told = |share: f64, doing: &str| (SEEN + (1.0 - SEEN) * share, doing.to_string());
        let found = watched(control, Some(&told), |progress| self.learned(&reads, notes, progress))?;
        match found {
            Some(learned) => {
                control.output(Arc::new(learned));
                Ok(Ending::Finished)
            }
            None => Ok(Ending::Cancelled),
        }
    }
}

impl Learn {
    /// Tries everything, and learns from all samples what was best. None if `progress` says to end.
    fn learned(
        &self,
        reads: &[Read],
        mut notes: Vec<String>,
        progress: &(dyn Fn(f64, &str) -> bool + Sync),
    ) -> Result<Option<Learned>, Failure> {
        let first = &reads[0].samples;
        let parts = folds(self.split, &first.groups, self.seed);
        let all = (reads.len() * self.regressors.len()) as f64;
        let mut attempts = vec![];
        for (inputs, read) in reads.iter().enumerate() {
            for regressor in &self.regressors {
                let share = TRIED * attempts.len() as f64 / all;
                let doing = format!("attempt {} of {all}", attempts.len() + 1);
                let go_on = || progress(share, &doing);
                let Some(validation) = validate(&read.samples, read.reduction, *regressor, &parts, &go_on)? else {
                    return Ok(None);
                };
                attempts.push(Attempt { inputs, regressor: *regressor, validation });
            }
        }
        attempts.sort_by(|a, b| a.validation.scores.rmse.total_cmp(&b.validation.scores.rmse));
        let mean = validate_mean(first, &parts);
        let fractions = validate_fractions(first, &parts, &|| progress(TRIED, "volume fractions alone"))?;
        let best = &attempts[0];
        let Read { samples, long, reduction, about, names } = &reads[best.inputs];
        let go_on = || progress(TRIED + 0.05, "learning curve");
        let curve = learning_curve(samples, *reduction, best.regressor, &parts, best.validation.scores, &go_on)?;
        let go_on = || progress(TRIED + 0.1, "importance of the inputs");
        // Within a part of one micrograph there is nothing to shuffle.
        let wide = match self.split {
            Split::LeaveOneOut => folds(Split::default(), &samples.groups, self.seed),
            _ => parts.clone(),
        };
        let ranked = importances(samples, *reduction, best.regressor, &wide, &go_on)?;
        let (Some(curve), Some(ranked)) = (curve, ranked) else { return Ok(None) };
        let name = |input: usize| names.get(input).cloned().unwrap_or_else(|| format!("component {}", input + 1));
        let importances = ranked.into_iter().map(|i| (name(i.input), i)).collect();
        let half_width = best.validation.error_quantile(samples, 0.95);
        let (scores, kept, long) = (best.validation.scores, samples.clone(), long.clone());
        let predictor = Predictor::learn(kept, long, *reduction, best.regressor, scores, half_width)?;
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
        Ok(Some(Learned {
            request: self.clone(),
            attempts,
            mean,
            fractions,
            curve,
            importances,
            file: Arc::new(about.file(&predictor).map_err(Failure)?),
            predictor: Arc::new(predictor),
            about: about.clone(),
            notes,
        }))
    }
}
