//! The workspace's part of a project: materials, settings and numbers. Fields are computed anew.

use std::sync::Arc;

use super::state::{PropertySpace, Tab};
use crate::job::{ComputeProperties, PropertyMap, PropertyResults};
use crate::micrograph::PixelSize;
use crate::project::Part;
use crate::property::{Properties, PropertySet, Quantity, Wanted};

/// The name of the part.
pub const NAME: &str = "properties";
/// The most maps that a file may contain.
const MOST: usize = 1000;

#[derive(serde::Serialize, serde::Deserialize)]
struct Facts {
    set: PropertySet,
    wanted: Wanted,
    realisations: bool,
    others: Vec<MapFacts>,
    results: Option<ResultFacts>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct MapFacts {
    name: String,
    made_by: Option<String>,
    phases: usize,
    pixel_size: Option<PixelSize>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct ResultFacts {
    set: PropertySet,
    wanted: Wanted,
    maps: Vec<MapFacts>,
    found: Vec<Option<Numbers>>,
    quarters: Vec<Numbers>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Numbers {
    quantities: Vec<Quantity>,
    notes: Vec<String>,
}

/// What a part holds.
pub struct Kept {
    set: PropertySet,
    wanted: Wanted,
    realisations: bool,
    others: Vec<PropertyMap>,
    results: Option<PropertyResults>,
}

fn facts_of(map: &PropertyMap) -> MapFacts {
    let PropertyMap { name, made_by, map, pixel_size } = map.clone();
    MapFacts { name, made_by, phases: map.phases, pixel_size }
}

/// Infinity, which JSON cannot hold, is left out.
fn numbers_of(found: &Properties) -> Numbers {
    let finite = |v: Option<f64>| v.filter(|v| v.is_finite());
    let quantity = |q: &Quantity| Quantity {
        estimate: finite(q.estimate),
        field: finite(q.field),
        bounds: q.bounds.iter().filter(|(_, b)| b.lower.is_finite() && b.upper.is_finite()).cloned().collect(),
        ..q.clone()
    };
    Numbers { quantities: found.quantities.iter().map(quantity).collect(), notes: found.notes.clone() }
}

/// The part that holds the workspace.
pub fn of(space: &PropertySpace) -> Part {
    let mut part = Part::default();
    for (n, map) in space.others.iter().enumerate() {
        part.put_map(&format!("other-{n}"), &map.map);
    }
    let results = space.results.as_ref().map(|results| {
        for (n, map) in results.request.maps.iter().enumerate() {
            part.put_map(&format!("map-{n}"), &map.map);
        }
        ResultFacts {
            set: results.request.set.clone(),
            wanted: results.request.wanted.clone(),
            maps: results.request.maps.iter().map(facts_of).collect(),
            found: results.maps.iter().map(|found| found.as_deref().map(numbers_of)).collect(),
            quarters: results.quarters.iter().map(|q| numbers_of(q)).collect(),
        }
    });
    part.put(&Facts {
        set: space.set.clone(),
        wanted: space.wanted.clone(),
        realisations: space.realisations,
        others: space.others.iter().map(facts_of).collect(),
        results,
    });
    part
}

fn maps_of(part: &Part, facts: Vec<MapFacts>, stem: &str) -> Result<Vec<PropertyMap>, String> {
    if facts.len() > MOST {
        return Err("it contains more maps than are computed at a time".into());
    }
    let one = |(n, facts): (usize, MapFacts)| {
        let MapFacts { name, made_by, phases, pixel_size } = facts;
        let map = Arc::new(part.map(&format!("{stem}-{n}"), phases)?);
        Ok(PropertyMap { name, made_by, map, pixel_size })
    };
    facts.into_iter().enumerate().map(one).collect()
}

/// Whether fields can be solved to what is wanted.
fn check(wanted: &Wanted) -> Result<(), String> {
    let tolerance = wanted.accuracy.tolerance;
    if tolerance > 0.0 && tolerance < 0.1 {
        Ok(())
    } else {
        Err(format!("its residual of {tolerance} cannot be solved to"))
    }
}

fn properties_of(numbers: Numbers) -> Arc<Properties> {
    Arc::new(Properties { quantities: numbers.quantities, notes: numbers.notes, ..Properties::default() })
}

/// The content of a part.
pub fn read(part: &Part) -> Result<Kept, String> {
    let facts: Facts = part.get()?;
    facts.set.check()?;
    check(&facts.wanted)?;
    let results = match facts.results {
        None => None,
        Some(kept) => {
            kept.set.check()?;
            check(&kept.wanted)?;
            let maps = maps_of(part, kept.maps, "map")?;
            if kept.found.len() != maps.len() {
                return Err("its numbers do not fit its maps".into());
            }
            let quarters = !kept.quarters.is_empty();
            let request = Arc::new(ComputeProperties { maps, set: kept.set, wanted: kept.wanted, quarters });
            Some(PropertyResults {
                request,
                maps: kept.found.into_iter().map(|found| found.map(properties_of)).collect(),
                quarters: kept.quarters.into_iter().map(properties_of).collect(),
            })
        }
    };
    let others = maps_of(part, facts.others, "other")?;
    Ok(Kept { set: facts.set, wanted: facts.wanted, realisations: facts.realisations, others, results })
}

/// Puts the content of a part into the workspace.
pub fn take(space: &mut PropertySpace, kept: Kept) {
    space.tab = if kept.results.is_some() { Tab::Results } else { Tab::Estimates };
    (space.set, space.wanted, space.realisations) = (kept.set, kept.wanted, kept.realisations);
    (space.others, space.results) = (kept.others, kept.results);
}
