//! The method study's part of a project.

use std::sync::Arc;

use crate::job::{Made, MethodRow, Response, StudiedMicrograph};
use crate::micrograph::{PixelSize, Recipe};
use crate::project::Part;
use crate::reconstruct::Method;
use crate::stats::{Copied, Curves, PhaseComparison};

/// The name of the part.
pub const NAME: &str = "method-study";
/// The most methods, and the most realisations of each, that a file may contain.
const MOST: usize = 100;

/// A study without its pictures.
#[derive(serde::Serialize, serde::Deserialize)]
struct Facts {
    name: String,
    phases: usize,
    recipe: Recipe,
    pixel_size: Option<PixelSize>,
    rows: Vec<RowFacts>,
}

/// A method without its pictures.
#[derive(serde::Serialize, serde::Deserialize)]
struct RowFacts {
    method: Method,
    refused: Option<String>,
    halves: Option<f64>,
    original_curves: Vec<Curves>,
    #[serde(default)]
    own_responses: [Vec<Response>; 2],
    made: Vec<MadeFacts>,
}

/// A realisation without its picture. JSON has no infinity and no NaN.
#[derive(serde::Serialize, serde::Deserialize)]
struct MadeFacts {
    seed: u64,
    seconds: f64,
    memory: u64,
    curves: Vec<Curves>,
    phases: Vec<PhaseComparison>,
    three_point: Vec<Option<f64>>,
    unseen: Option<f64>,
    overlap: Option<f64>,
    copied: Option<Copied>,
    #[serde(default)]
    responses: Vec<Response>,
}

fn name(row: usize, made: usize) -> String {
    format!("method-{row}-{made}")
}

/// The name of the file of the original.
const ORIGINAL: &str = "original";

/// The part that holds a study.
pub fn of(studied: &StudiedMicrograph) -> Part {
    let mut part = Part::default();
    let finite = |v: f64| v.is_finite().then_some(v);
    let mut rows = vec![];
    part.put_map(ORIGINAL, &studied.original);
    for (n, row) in studied.rows.iter().enumerate() {
        let made = row.made.iter().enumerate().map(|(m, made)| {
            part.put_map(&name(n, m), &made.map);
            let Made { seed, seconds, memory, curves, phases, three_point, unseen, overlap, copied, responses, .. } =
                made.clone();
            MadeFacts {
                seed,
                seconds,
                memory,
                curves,
                phases,
                three_point: three_point.into_iter().map(finite).collect(),
                unseen: finite(unseen),
                overlap: overlap.and_then(finite),
                copied,
                responses,
            }
        });
        let made = made.collect();
        let MethodRow { method, refused, halves, original_curves, own_responses, .. } = row.clone();
        rows.push(RowFacts { method, refused, halves, original_curves, own_responses, made });
    }
    let StudiedMicrograph { name, original, recipe, pixel_size, .. } = studied;
    part.put(&Facts {
        name: name.clone(),
        phases: original.phases,
        recipe: recipe.clone(),
        pixel_size: pixel_size.clone(),
        rows,
    });
    part
}

/// The study of a part.
pub fn studied(part: &Part) -> Result<StudiedMicrograph, String> {
    let Facts { name: title, phases: number, recipe, pixel_size, rows: facts } = part.get()?;
    let original = Arc::new(part.map(ORIGINAL, number)?);
    if facts.len() > MOST || facts.iter().any(|row| row.made.len() > MOST) {
        return Err("it contains more methods or realisations than a study has".into());
    }
    let nan = |v: Option<f64>| v.unwrap_or(f64::NAN);
    let row = |(n, facts): (usize, RowFacts)| -> Result<MethodRow, String> {
        let one = |(m, facts): (usize, MadeFacts)| -> Result<Made, String> {
            let MadeFacts { seed, seconds, memory, curves, phases, .. } = facts;
            let map = Arc::new(part.map(&name(n, m), number)?);
            let three_point = facts.three_point.into_iter().map(nan).collect();
            let (unseen, overlap, copied) = (nan(facts.unseen), facts.overlap, facts.copied);
            let responses = facts.responses;
            Ok(Made { seed, seconds, memory, map, curves, phases, three_point, unseen, overlap, copied, responses })
        };
        let RowFacts { method, refused, halves, original_curves, own_responses, made } = facts;
        let made = made.into_iter().enumerate().map(one).collect::<Result<_, _>>()?;
        Ok(MethodRow { method, made, refused, halves, original_curves, own_responses })
    };
    let rows = facts.into_iter().enumerate().map(row).collect::<Result<_, _>>()?;
    Ok(StudiedMicrograph { name: title, original, recipe, pixel_size, rows })
}
