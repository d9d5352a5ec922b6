//! The workspace's part of a project: settings, the results, and the predictor.

use std::path::Path;
use std::sync::Arc;

use super::state::{LearnSpace, Tab, Wanted};
use crate::app::shared::Shared;
use crate::app::shared::predictor::OpenPredictor;
use crate::job::{About, Artificial, Attempt, DistanceKind, Generated, Learn, Learned, MOST_IN_PROJECT};
use crate::learn::{CurvePoint, Importance, Predictor, Regressor, Split, Validation};
use crate::micrograph::PhaseMap;
use crate::project::Part;

/// The name of the part.
pub const NAME: &str = "learn";
/// The most pixels of a micrograph of a study that is kept.
const MOST_PIXELS: usize = 1 << 20;
/// The predictor's file in it.
const PREDICTOR: &str = "learned.predictor";

#[derive(serde::Serialize, serde::Deserialize)]
struct Facts {
    wanted: Wanted,
    results: Option<Results>,
    #[serde(default)]
    study: Option<Study>,
}

/// The study of artificial micrographs; those that are shown are files.
#[derive(serde::Serialize, serde::Deserialize)]
struct Study {
    found: Artificial,
    phases: usize,
    examples: Vec<usize>,
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

/// What a part holds. A study that is damaged costs nothing else.
pub struct Kept {
    wanted: Wanted,
    learned: Option<Learned>,
    artificial: Option<Result<Artificial, String>>,
}

/// The part that holds the workspace; none if nothing was done in it.
pub fn of(space: &LearnSpace) -> Option<Part> {
    if space.learned.is_none() && space.artificial.is_none() && space.wanted == Wanted::default() {
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
    let study = space.artificial.as_deref().map(|found| put_study(found, &mut part));
    part.put(&Facts { wanted: space.wanted.clone(), results, study });
    Some(part)
}

/// The name of a micrograph of a study: a kind, 0 for authentic ones, and its number.
fn example(kind: usize, n: usize) -> String {
    format!("artificial-{kind}-{n}")
}

/// Stores the micrographs of a study.
fn put_study(found: &Artificial, part: &mut Part) -> Study {
    let kinds = std::iter::once(&found.examples).chain(found.generated.iter().map(|g| &g.examples));
    let mut study = Study { found: found.clone(), phases: 2, examples: vec![] };
    for (kind, maps) in kinds.enumerate() {
        let maps = maps.iter().filter(|map| map.labels.len() <= MOST_PIXELS);
        study.examples.push(maps.clone().count());
        for (n, map) in maps.enumerate() {
            part.put_map(&example(kind, n), map);
            study.phases = study.phases.max(map.phases);
        }
    }
    study
}

/// The study of a part.
fn study_of(study: Study, part: &Part) -> Result<Artificial, String> {
    let Study { mut found, phases, examples } = study;
    let fits = |g: &Generated| {
        g.points.len() == found.generated[0].points.len() && g.points.iter().all(|p| p.r2.len() == p.rmse.len())
    };
    if !found.generated.iter().all(fits) || examples.len() != found.generated.len() + 1 {
        return Err("its parts do not fit together".into());
    }
    for (kind, count) in examples.into_iter().enumerate() {
        let maps = (0..count).map(|n| part.map(&example(kind, n), phases).map(Arc::new));
        let maps = maps.collect::<Result<Vec<Arc<PhaseMap>>, String>>()?;
        match kind {
            0 => found.examples = maps,
            _ => found.generated[kind - 1].examples = maps,
        }
    }
    Ok(found)
}

/// The content of a part.
pub fn read(part: &Part) -> Result<Kept, String> {
    let facts: Facts = part.get()?;
    let wanted = facts.wanted.bounded();
    let artificial = facts.study.map(|study| study_of(study, part));
    let Some(results) = facts.results else { return Ok(Kept { wanted, learned: None, artificial }) };
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
    Ok(Kept { wanted, learned: Some(learned), artificial })
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
    match kept.artificial {
        Some(Ok(found)) => {
            space.tab = if space.learned.is_none() { Tab::Artificial } else { space.tab };
            space.artificial = Some(Arc::new(found));
        }
        Some(Err(reason)) => {
            shared.messages.warning(format!("The study of artificial micrographs was left out: {reason}."));
        }
        None => {}
    }
    shared.predictor = space.learned.as_deref().map(OpenPredictor::of);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::CountPoint;
    use crate::synth;

    #[test]
    fn a_study_comes_back_from_a_project() {
        let maps = |seed| vec![Arc::new(synth::discs(32, 0.3, seed)), Arc::new(synth::discs(32, 0.5, seed))];
        let generated = |name: &str, counts: [usize; 2]| Generated {
            name: name.into(),
            values: vec![1.5, f64::NAN],
            distance: f64::NAN,
            points: counts.map(|count| CountPoint { count, r2: vec![0.5; count], rmse: vec![2.0; count] }).to_vec(),
            examples: maps(3),
        };
        let found = Artificial {
            property: "Conductivity".into(),
            method: "Ridge".into(),
            learned: vec![1.0, 2.0],
            predicted: vec![3.0],
            size: (32, 32),
            // A generator of which less could be measured has other counts.
            generated: vec![generated("a", [1, 4]), generated("b", [1, 3])],
            examples: maps(1),
            notes: vec!["a note".into()],
        };
        let mut part = Part::default();
        let study = put_study(&found, &mut part);
        part.put(&study);
        let kept = study_of(part.get().expect("a study"), &part).expect("whole");
        assert_eq!(format!("{kept:?}"), format!("{found:?}"));
        // Whatever does not fit together is refused in a sentence.
        let mut torn: Study = part.get().expect("a study");
        torn.found.generated[1].points[0].rmse.clear();
        assert!(study_of(torn, &part).is_err());
        let missing = Study { examples: vec![2, 2, 9], ..study };
        assert!(study_of(missing, &part).is_err_and(|e| e.contains("artificial-2-2")));
    }
}
