//! The workspace's part of a project: settings, the results, and the predictor.

use std::path::Path;
use std::sync::Arc;

use super::state::{LearnSpace, Wanted};
use crate::app::shared::Shared;
use crate::app::shared::predictor::OpenPredictor;
use crate::job::DistanceKind;
use crate::job::{About, Attempt, Learn, Learned, MOST_IN_PROJECT};
use crate::learn::{CurvePoint, Importance, Predictor, Regressor, Split, Validation};
use crate::project::Part;

/// The name of the part.
pub const NAME: &str = "learn";
/// The predictor's file in it.
const PREDICTOR: &str = "learned.predictor";

#[derive(serde::Serialize, serde::Deserialize)]
struct Facts {
    wanted: Wanted,
    results: Option<Results>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Results {
    column: String,
    inputs: Vec<DistanceKind>,
    split: Split,
    #[serde(default)]
    repeats: usize,
    attempts: Vec<(usize, Regressor, Validation)>,
    mean: Validation,
    fractions: Option<Validation>,
    curve: Vec<CurvePoint>,
    importances: Vec<(String, Importance)>,
    notes: Vec<String>,
}

/// What a part holds.
pub struct Kept {
    wanted: Wanted,
    learned: Option<Learned>,
}

/// The part that holds the workspace; none if nothing was done in it.
pub fn of(space: &LearnSpace) -> Option<Part> {
    if space.learned.is_none() && space.wanted == Wanted::default() {
        return None;
    }
    let mut part = Part::default();
    let mut results = None;
    // What is too large is named in the notes of the learning.
    if let Some(learned) = space.learned.as_ref().filter(|learned| learned.file.len() <= MOST_IN_PROJECT) {
        part.put_file(PREDICTOR, learned.file.clone());
        let attempts = learned.attempts.iter().map(|a| (a.inputs, a.regressor, a.validation.clone()));
        results = Some(Results {
            column: learned.request.column.clone(),
            inputs: learned.request.inputs.clone(),
            split: learned.request.split,
            repeats: learned.request.repeats,
            attempts: attempts.collect(),
            mean: learned.mean.clone(),
            fractions: learned.fractions.clone(),
            curve: learned.curve.clone(),
            importances: learned.importances.clone(),
            notes: learned.notes.clone(),
        });
    }
    part.put(&Facts { wanted: space.wanted.clone(), results });
    Some(part)
}

/// The content of a part.
pub fn read(part: &Part) -> Result<Kept, String> {
    let facts: Facts = part.get()?;
    let wanted = facts.wanted.bounded();
    let Some(results) = facts.results else { return Ok(Kept { wanted, learned: None }) };
    let file = part.file(PREDICTOR)?.clone();
    let (predictor, about) = About::read(&file, Path::new(PREDICTOR))?;
    check(&results, &predictor)?;
    let attempt = |(inputs, regressor, validation)| Attempt { inputs, regressor, validation };
    let learned = Learned {
        request: Learn {
            recipe: about.recipe.clone(),
            patches: about.patches,
            column: results.column,
            inputs: results.inputs,
            regressors: results.attempts.iter().map(|(_, regressor, _)| *regressor).collect(),
            split: results.split,
            repeats: results.repeats,
            seed: wanted.seed,
            preset: wanted.preset,
            frozen: wanted.frozen,
            ..Learn::default()
        },
        attempts: results.attempts.into_iter().map(attempt).collect(),
        mean: results.mean,
        fractions: results.fractions,
        curve: results.curve,
        importances: results.importances,
        predictor: Arc::new(predictor),
        about,
        file,
        notes: results.notes,
    };
    Ok(Kept { wanted, learned: Some(learned) })
}

/// Whether the parts of results fit together.
fn check(results: &Results, predictor: &Predictor) -> Result<(), String> {
    let count = predictor.samples.count();
    let fits = |v: &Validation| v.predictions.len() == count && v.parts.len() == count;
    let attempts = !results.attempts.is_empty()
        && results.attempts.iter().all(|(inputs, _, v)| *inputs < results.inputs.len() && fits(v));
    match attempts && fits(&results.mean) && results.fractions.iter().all(fits) {
        true => Ok(()),
        false => Err("its predictions do not fit its samples".into()),
    }
}

/// Puts the content of a part into the workspace.
pub fn take(space: &mut LearnSpace, shared: &mut Shared, kept: Kept) {
    space.wanted = kept.wanted;
    space.learned = kept.learned.map(Arc::new);
    shared.predictor = space.learned.as_deref().map(OpenPredictor::of);
}
