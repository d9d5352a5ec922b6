//! The workspace's part of a project: settings, the search, and the pictures.

use std::sync::Arc;

use super::state::{DesignSpace, Wanted};
use crate::job::{Candidate, Designed};
use crate::project::Part;

/// The name of the part.
pub const NAME: &str = "design";
/// The grey values of all pictures, one after the other, then those of the reconstructions.
const PICTURES: &str = "pictures.bin";

#[derive(serde::Serialize, serde::Deserialize)]
struct Facts {
    wanted: Wanted,
    designed: Option<Designed>,
}

/// The part that holds the workspace; none if nothing was done in it.
pub fn of(space: &DesignSpace) -> Option<Part> {
    if space.designed.is_none() && space.wanted == Wanted::default() {
        return None;
    }
    let mut part = Part::default();
    let designed = space.designed.as_deref();
    if let Some(designed) = designed {
        let refined = designed.candidates().filter_map(|c| c.refined.as_ref()).map(|refined| &refined.grey);
        let all = designed.pictures.iter().map(|picture| &picture.grey).chain(refined);
        part.put_file(PICTURES, all.flat_map(|grey| grey.iter().copied()).collect::<Vec<u8>>());
    }
    part.put(&Facts { wanted: space.wanted.clone(), designed: designed.cloned() });
    Some(part)
}

/// The content of a part.
pub fn read(part: &Part) -> Result<(Wanted, Option<Arc<Designed>>), String> {
    let Facts { wanted, designed } = part.get()?;
    let wanted = wanted.bounded();
    let Some(mut designed) = designed else { return Ok((wanted, None)) };
    check(&designed)?;
    let bytes = part.file(PICTURES)?;
    let length = designed.size.0.saturating_mul(designed.size.1).max(1);
    let mut pieces = bytes.chunks_exact(length).map(|piece| Arc::new(piece.to_vec()));
    let damaged = || "its pictures are damaged".to_string();
    for picture in &mut designed.pictures {
        picture.grey = pieces.next().ok_or_else(damaged)?;
    }
    for candidate in designed.wished.iter_mut().flat_map(|wished| &mut wished.candidates) {
        if let Some(refined) = &mut candidate.refined {
            refined.grey = pieces.next().ok_or_else(damaged)?;
        }
    }
    Ok((wanted, Some(Arc::new(designed))))
}

/// Whether the parts of a design fit together.
fn check(designed: &Designed) -> Result<(), String> {
    let count = designed.names.len();
    let edge = 1..=4096;
    let fits = |values: &[f64]| values.len() == count && values.iter().all(|v| v.is_finite());
    let pictures = designed
        .pictures
        .iter()
        .all(|picture| fits(&picture.values) && (picture.predicted.is_empty() || picture.predicted.len() == count));
    let wished = designed.wished.iter().all(|wished| {
        let candidate = |c: &Candidate| {
            c.picture < designed.pictures.len() && c.refined.as_ref().is_none_or(|refined| fits(&refined.values))
        };
        wished.goals.len() == count && wished.candidates.iter().all(candidate)
    });
    let is_sound = edge.contains(&designed.size.0) && edge.contains(&designed.size.1);
    match is_sound && count > 0 && pictures && wished && designed.phases.is_none_or(|n| (2..=256).contains(&n)) {
        true => Ok(()),
        false => Err("its candidates do not fit its pictures".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Looked;

    fn designed() -> Designed {
        let picture = |n: u8| Looked {
            z: vec![0.5; 3],
            layout: 1,
            grey: Arc::new(vec![n; 6]),
            predicted: vec![],
            values: vec![f64::from(n)],
            forecast: None,
        };
        Designed {
            made: "Pictures.".into(),
            subject: String::new(),
            tolerance: 0.05,
            names: vec!["Conductivity".into()],
            pictures: vec![picture(0), picture(255)],
            size: (2, 3),
            phases: Some(2),
            pixel_size: None,
            wished: vec![],
            notes: vec![],
        }
    }

    #[test]
    fn a_design_comes_back_and_damage_is_refused() {
        let back = |designed: Designed| {
            let space = DesignSpace { designed: Some(Arc::new(designed)), ..DesignSpace::default() };
            read(&of(&space).expect("a part")).map(|(_, designed)| designed.expect("a design"))
        };
        assert_eq!(*back(designed()).expect("the same"), designed());
        for damaged in [
            Designed { size: (1 << 40, 0), ..designed() },
            Designed { size: (20, 30), ..designed() },
            Designed { phases: Some(1), ..designed() },
            Designed { names: vec![], ..designed() },
        ] {
            assert!(back(damaged).is_err());
        }
    }
}
