//! The part of a project that holds a curve, its settings and its realisations.

use std::sync::Arc;

use super::state::{Curve, CurveSpace};
use crate::job::CurveRealisation;
use crate::project::Part;
use crate::reconstruct::anneal::{Anneal, EDGES, MOST_TRIES};

/// The name of the part.
pub const NAME: &str = "from-curve";
/// The most realisations that a file may contain.
const MOST: usize = 1000;

/// What is kept.
pub struct Kept {
    pub curve: Curve,
    pub size: (usize, usize),
    pub anneal: Anneal,
    pub seed: u64,
    pub realisations: usize,
    pub made: Vec<CurveRealisation>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Facts {
    curve: Curve,
    size: (usize, usize),
    anneal: Anneal,
    seed: u64,
    realisations: usize,
    /// The seed and the S2 of each realisation.
    made: Vec<(u64, Vec<f64>)>,
}

fn name(number: usize) -> String {
    format!("realisation-{number}")
}

/// The part of a workspace; none without a curve.
pub fn of(space: &CurveSpace) -> Option<Part> {
    let CurveSpace { curve, size, anneal, seed, realisations, made, .. } = space;
    let mut part = Part::default();
    made.iter().enumerate().for_each(|(n, one)| part.put_map(&name(n), &one.map));
    part.put(&Facts {
        curve: curve.clone()?,
        size: *size,
        anneal: anneal.clone(),
        seed: *seed,
        realisations: *realisations,
        made: made.iter().map(|one| (one.seed, one.s2.clone())).collect(),
    });
    Some(part)
}

/// What a part holds.
pub fn read(part: &Part) -> Result<Kept, String> {
    let Facts { curve, size, anneal, seed, realisations, made } = part.get()?;
    if !curve.is_sound() {
        return Err("its curve is no S2".into());
    }
    let is_edge = |(height, width): (usize, usize)| EDGES.contains(&height) && EDGES.contains(&width);
    if !is_edge(size) || !(1..=MOST_TRIES).contains(&anneal.tries) || !(1..=MOST).contains(&realisations) {
        return Err("its settings make no sense".into());
    }
    if made.len() > MOST {
        return Err("it contains more realisations than there can be".into());
    }
    let one = |(n, (seed, s2)): (usize, (u64, Vec<f64>))| -> Result<CurveRealisation, String> {
        let map = Arc::new(part.map(&name(n), 2)?);
        match is_edge(map.size()) && !s2.is_empty() {
            true => Ok(CurveRealisation { seed, map, s2 }),
            false => Err(format!("its {} makes no sense", name(n))),
        }
    };
    let made = made.into_iter().enumerate().map(one).collect::<Result<_, _>>()?;
    Ok(Kept { curve, size, anneal, seed, realisations, made })
}
