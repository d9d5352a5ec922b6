//! The part of a project that holds a curve and its realisations.

use std::sync::Arc;

use super::state::Curve;
use crate::job::CurveRealisation;
use crate::project::Part;

/// The name of the part.
pub const NAME: &str = "from-curve";
/// The most realisations that a file may contain.
const MOST: usize = 1000;

#[derive(serde::Serialize, serde::Deserialize)]
struct Facts {
    curve: Curve,
    seeds: Vec<u64>,
}

fn name(number: usize) -> String {
    format!("realisation-{number}")
}

/// The part that holds a curve and its realisations.
pub fn of(curve: &Curve, made: &[CurveRealisation]) -> Part {
    let mut part = Part::default();
    made.iter().enumerate().for_each(|(n, one)| part.put_map(&name(n), &one.map));
    part.put(&Facts { curve: curve.clone(), seeds: made.iter().map(|one| one.seed).collect() });
    part
}

/// The curve and the realisations of a part.
pub fn read(part: &Part) -> Result<(Curve, Vec<CurveRealisation>), String> {
    let Facts { curve, seeds } = part.get()?;
    if !curve.is_sound() {
        return Err("its curve is no S2".into());
    }
    if seeds.len() > MOST {
        return Err("it contains more realisations than there can be".into());
    }
    let one = |(n, seed): (usize, u64)| -> Result<CurveRealisation, String> {
        Ok(CurveRealisation { seed, map: Arc::new(part.map(&name(n), 2)?) })
    };
    let made = seeds.into_iter().enumerate().map(one).collect::<Result<_, _>>()?;
    Ok((curve, made))
}
