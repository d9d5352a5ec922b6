//! The task that adds pictures to a map.

use std::collections::HashSet;
use std::sync::Arc;

use ndarray::{Array2, Axis};

use super::columns::columns_of;
use super::features::{leave_out_other_pixels, leave_out_unfit, rows_of};
use super::made::{Features, Map, MapEmbedding};
use super::source::{MapSource, Member};
use crate::embed::{Clusters, Column, Distances, Embedding, Values, outliers, place, stress};
use crate::job::progress::StudyProgress;
use crate::job::{Control, Ending, Failure, Task};

/// Adds pictures to a map: only they are computed, and the members that are there keep their places. Its output is the
/// larger map, whose last members are the new ones.
#[derive(Clone, Debug)]
pub struct AddToMap {
    /// The map.
    pub map: Arc<Map>,
    /// Where the new members come from.
    pub source: MapSource,
}

/// The share of the work that reading takes, about.
const READ: f64 = 0.2;

impl Task for AddToMap {
    const NAME: &'static str = "map";
    type Progress = StudyProgress;
    type Output = Arc<Map>;

    fn run(self, control: &Control<StudyProgress, Arc<Map>>) -> Result<Ending, Failure> {
        let Self { map, source } = self;
        let show = |share: f64, doing: String| control.show(StudyProgress { share, doing });
        let features = map.features.as_ref().ok_or_else(|| {
            Failure("This map comes from a project, which does not hold its features. Make it again first.".into())
        })?;
        let mut go_on = |share: f64| {
            show(READ * share, "reading the pictures".into());
            !control.is_ending()
        };
        let mut set = source.members(map.request.recipe.as_ref(), map.request.patches, &mut go_on);
        if control.is_ending() {
            return Ok(Ending::Cancelled);
        }
        let first = map.members.iter().find_map(|member| member.pixel_size.as_ref());
        leave_out_other_pixels(first, "the map", &mut set);
        leave_out_unfit(&map.request.kind, Some(&features.common), &mut set);
        let known: HashSet<String> = map.members.iter().map(Member::identity).collect();
        set.members.retain(|member| {
            let is_new = !known.contains(&member.identity());
            if !is_new {
                set.left_out.push(format!("{}: it is on the map already.", member.name));
            }
            is_new
        });
        let count = set.members.len();
        if count == 0 {
            return Err(Failure(format!("There is no new picture. {}", set.left_out.join(" "))));
        }
        // A table need not name what is dropped on the map.
        let (table, pattern) = (map.request.table.as_deref(), map.request.pattern.as_deref());
        let known = columns_of(table, pattern, &[], &set).map(|(columns, _)| columns).unwrap_or_default();
        let shown = |n: usize| {
            show(READ + (0.9 - READ) * n as f64 / count as f64, format!("features, {} of {count}", n + 1));
        };
        let rows = rows_of(&map.request.kind, &features.common, &set.members, &map.request.device, control, &shown)?;
        let Some(rows) = rows else { return Ok(Ending::Cancelled) };
        show(0.9, "places on the map".into());
        let vectors = features.vectors.with(rows);
        let vectors = vectors.ok_or_else(|| Failure("The new pictures have other features than the map.".into()))?;
        let old = map.members.len();
        let gaps: Vec<Vec<f64>> = (0..count).map(|n| vectors.distances_of(old + n)).collect();
        let unfit = || Failure("The features of a new picture are not finite.".into());
        let distances = map.distances.with(&gaps).ok_or_else(unfit)?;
        let placed = |each: &MapEmbedding| MapEmbedding {
            embedding: with_places(&each.embedding, &distances, &gaps, map.request.scaling.keeps_distances()),
            explained: each.explained.clone(),
        };
        let columns = map.columns.iter().map(|column| with_values(column, &known, count)).collect();
        let larger = Map {
            request: map.request.clone(),
            members: map.members.iter().cloned().chain(set.members).collect(),
            columns,
            correlations: map.correlations.clone(),
            notes: map.notes.iter().cloned().chain(set.left_out).collect(),
            features: Some(Arc::new(Features { vectors, common: features.common })),
            embeddings: map.embeddings.iter().map(placed).collect(),
            outliers: outliers(&distances),
            distances: Arc::new(distances),
            clusters: map.clusters.as_ref().map(|clusters| with_new(clusters, &gaps)),
            added: map.added + count,
        };
        control.output(Arc::new(larger));
        Ok(Ending::Finished)
    }
}

/// An embedding with places of the new members. Where distances on the map mean nothing, a new member lies in the middle
/// of its nearest ones.
fn with_places(old: &Embedding, distances: &Distances, gaps: &[Vec<f64>], keeps_distances: bool) -> Embedding {
    /// Members that a new one lies in the middle of.
    const NEAREST: usize = 3;
    let count = old.places.nrows();
    let mut flat: Vec<f64> = old.places.iter().copied().collect();
    for gaps in gaps {
        match keeps_distances {
            true => flat.extend(place(&gaps[..count], &old.places)),
            false => {
                let mut order: Vec<usize> = (0..count).collect();
                order.sort_by(|a, b| gaps[*a].total_cmp(&gaps[*b]));
                order.truncate(NEAREST);
                flat.extend(old.places.select(Axis(0), &order).mean_axis(Axis(0)).unwrap_or_default());
            }
        }
    }
    let rows = count + gaps.len();
    let places = Array2::from_shape_vec((rows, old.places.ncols()), flat).expect("a row for each member");
    Embedding { stress: stress(distances, &places), places }
}

/// The clusters with the new members, each in that of the nearest representative.
fn with_new(clusters: &Clusters, gaps: &[Vec<f64>]) -> Clusters {
    let nearest = |gaps: &Vec<f64>| {
        let gap = |n: &usize| gaps[clusters.representatives[*n]];
        (0..clusters.count()).min_by(|a, b| gap(a).total_cmp(&gap(b))).unwrap_or(0)
    };
    let of = clusters.of.iter().copied().chain(gaps.iter().map(nearest)).collect();
    Clusters { of, representatives: clusters.representatives.clone() }
}

/// A column with the values of new members, where they are known.
fn with_values(column: &Column, known: &[Column], count: usize) -> Column {
    let own = known.iter().find(|other| other.name == column.name).map(|other| &other.values);
    let values = match (&column.values, own) {
        (Values::Numbers(old), Some(Values::Numbers(new))) => Values::Numbers([&old[..], new].concat()),
        (Values::Words(old), Some(Values::Words(new))) => Values::Words([&old[..], new].concat()),
        (Values::Words(old), Some(Values::Numbers(new))) => {
            let words = new.iter().map(|v| v.map(|v| v.to_string()));
            Values::Words(old.iter().cloned().chain(words).collect())
        }
        (Values::Numbers(old), _) => Values::Numbers([&old[..], &vec![None; count]].concat()),
        (Values::Words(old), None) => Values::Words([&old[..], &vec![None; count]].concat()),
    };
    Column { name: column.name.clone(), values }
}
