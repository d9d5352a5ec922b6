//! The depth study's part of a project.

use std::sync::Arc;

use crate::job::StudyRow;
use crate::net::Layer;
use crate::project::Part;

/// The name of the part.
pub const NAME: &str = "depth-study";
/// The most depths that a file may contain: more than any network has.
const MOST_ROWS: usize = 64;

/// A row of the study without its picture.
#[derive(serde::Serialize, serde::Deserialize)]
struct Facts {
    depth: Layer,
    memory: u64,
    seconds: f64,
    errors: Vec<(f64, f64)>,
    noise: (f64, f64),
    #[serde(default)]
    responses: Vec<(f64, f64)>,
    phases: usize,
}

/// The part that holds these rows.
pub fn of(rows: &[StudyRow]) -> Part {
    let mut part = Part::default();
    let mut facts = vec![];
    for row in rows {
        part.put_map(row.depth.name(), &row.phases);
        let StudyRow { depth, memory, seconds, errors, noise, responses, phases } = row.clone();
        facts.push(Facts { depth, memory, seconds, errors, noise, responses, phases: phases.phases });
    }
    part.put(&facts);
    part
}

/// The rows of a part.
pub fn rows(part: &Part) -> Result<Vec<StudyRow>, String> {
    let facts: Vec<Facts> = part.get()?;
    if facts.len() > MOST_ROWS {
        return Err("it contains more depths than any network has".into());
    }
    let row = |facts: Facts| -> Result<StudyRow, String> {
        let Facts { depth, memory, seconds, errors, noise, responses, phases } = facts;
        let phases = Arc::new(part.map(depth.name(), phases)?);
        Ok(StudyRow { depth, memory, seconds, errors, noise, responses, phases })
    };
    facts.into_iter().map(row).collect()
}
