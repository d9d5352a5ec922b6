//! The task that makes a map.

use std::sync::Arc;

use super::columns::columns_of;
use super::features::{common_of, leave_out_unfit, rows_of, vectors_of};
use super::made::{Features, Map, MapEmbedding, period_of};
use super::request::{MakeMap, ScalingKind};
use crate::embed::explain::distance_correlation;
use crate::embed::{
    Column, Distances, Embedding, LEAST_GAIN, classical_scaling, landmark_start, outliers, smacof, stress, tsne, umap,
};
use crate::job::progress::StudyProgress;
use crate::job::{Control, Ending, Failure, Task};

/// The share of the work that reading, features and scaling take, about.
const READ: f64 = 0.1;
const SEEN: f64 = 0.8;

/// The fewest members of a map.
const LEAST_MEMBERS: usize = 3;

/// Sets with more members are scaled from landmarks, so many, and end with a larger gain.
const LARGE: usize = 3000;
const LANDMARKS: usize = 1000;
const LARGE_GAIN: f64 = 1e-3;

/// The most steps of an embedding: in many dimensions the last ones move hardly anything.
const MOST_STEPS: usize = 500;

impl Task for MakeMap {
    const NAME: &'static str = "map";
    type Progress = StudyProgress;
    type Output = Arc<Map>;

    fn run(self, control: &Control<StudyProgress, Arc<Map>>) -> Result<Ending, Failure> {
        let show = |share: f64, doing: &str| control.show(StudyProgress { share, doing: doing.into() });
        show(0.0, "reading the pictures");
        let mut go_on = |share: f64| {
            show(READ * share, "reading the pictures");
            !control.is_ending()
        };
        let mut set = self.source.members(self.recipe.as_ref(), self.patches, &mut go_on);
        leave_out_unfit(&self.kind, None, &mut set);
        if control.is_ending() {
            return Ok(Ending::Cancelled);
        }
        let count = set.members.len();
        if count < LEAST_MEMBERS {
            let reasons: Vec<&str> = set.left_out.iter().take(3).map(String::as_str).collect();
            return Err(Failure(format!(
                "A map needs at least {LEAST_MEMBERS} pictures; there are {count}. {}",
                reasons.join(" ")
            )));
        }
        let (columns, mut notes) = columns_of(self.table.as_deref(), self.pattern.as_deref(), &self.periods, &set)?;
        notes.extend(set.left_out);
        let members = set.members;
        let common = common_of(&self.kind, &members, &mut notes)?;
        let seen = |n: usize| {
            let share = READ + (SEEN - READ) * n as f64 / count as f64;
            show(share, &format!("features, {} of {count}", n + 1));
        };
        let Some(rows) = rows_of(&self.kind, &common, &members, &self.device, control, &seen)? else {
            return Ok(Ending::Cancelled);
        };
        show(SEEN, "distances");
        let vectors = vectors_of(&self.kind, &common, rows)?;
        let distances = vectors.distances();
        let scaling = |share: f64, doing: &str| {
            show(SEEN + (1.0 - SEEN) * share, doing);
            !control.is_ending()
        };
        let Some(embeddings) = scaled(&distances, self.scaling, &self.dimensions, &mut notes, &scaling) else {
            return Ok(Ending::Cancelled);
        };
        let explained = |embedding| MapEmbedding::new(embedding, &columns, &self.periods, count);
        let embeddings = embeddings.into_iter().map(explained).collect();
        show(0.99, "outliers and correlations");
        let correlation =
            |column: &Column| distance_correlation(&distances, &column.values, period_of(&column.name, &self.periods));
        let correlations = columns.iter().map(correlation).collect();
        let outliers = outliers(&distances);
        let features = Some(Arc::new(Features { vectors, common }));
        control.output(Arc::new(Map {
            request: self,
            members,
            columns,
            correlations,
            notes,
            features,
            distances: Arc::new(distances),
            embeddings,
            outliers,
            clusters: None,
            added: 0,
        }));
        Ok(Ending::Finished)
    }
}

/// The embeddings in each number of dimensions; none if the job is to end. `go_on` shows the share that is done and says
/// whether to go on.
pub fn scaled(
    distances: &Distances,
    kind: ScalingKind,
    dimensions: &[usize],
    notes: &mut Vec<String>,
    go_on: &dyn Fn(f64, &str) -> bool,
) -> Option<Vec<Embedding>> {
    let count = distances.count();
    let most = dimensions.iter().copied().max().unwrap_or(2).clamp(1, count - 1);
    let mut dimensions = dimensions.to_vec();
    dimensions.iter_mut().for_each(|wanted| *wanted = (*wanted).clamp(1, most));
    if !kind.keeps_distances() {
        dimensions.retain(|wanted| (2..=3).contains(wanted));
        if dimensions.is_empty() {
            dimensions.push(2);
        }
    }
    dimensions.sort_unstable();
    dimensions.dedup();
    let most = dimensions.last().copied().unwrap_or(2);
    if !go_on(0.0, "classical scaling") {
        return None;
    }
    let is_large = count > LARGE && kind == ScalingKind::Stress;
    let start = if is_large { None } else { Some(classical_scaling(distances, most).0.places) };
    let mut found = vec![];
    for (n, wanted) in dimensions.iter().enumerate() {
        let share = |own: f64| (n as f64 + own) / dimensions.len() as f64;
        let doing = format!("scaling to {wanted} dimensions");
        let first = match &start {
            Some(start) => start.slice(ndarray::s![.., ..*wanted]).to_owned(),
            None => landmark_start(distances, *wanted, LANDMARKS, &|own| go_on(share(0.5 * own), &doing)),
        };
        let by_neighbours = |places: Option<ndarray::Array2<f64>>| {
            let stress = places.as_ref().map_or(f64::NAN, |places| stress(distances, places));
            places.map(|places| Embedding { places, stress })
        };
        let embedding = match kind {
            ScalingKind::Stress => {
                let gain = if is_large { LARGE_GAIN } else { LEAST_GAIN };
                let own = smacof(distances, &first, gain, |iteration, stress| {
                    let doing = format!("{doing}, step {iteration}, stress {stress:.4}");
                    go_on(share(0.9), &doing) && iteration < MOST_STEPS
                });
                Some(own)
            }
            ScalingKind::Pca => Some(Embedding { stress: stress(distances, &first), places: first.clone() }),
            ScalingKind::Tsne => by_neighbours(tsne(distances, &first, |own| go_on(share(own), &doing))),
            ScalingKind::Umap => by_neighbours(umap(distances, &first, |own| go_on(share(own), &doing))),
        };
        if !go_on(share(1.0), &doing) {
            return None;
        }
        match embedding {
            Some(embedding) => found.push(embedding),
            None => {
                let text = "gave no embedding, which needs five pictures at least; this is multidimensional scaling";
                notes.push(format!("{} {text}.", kind.name()));
                found.push(smacof(distances, &first, LEAST_GAIN, |_, _| go_on(share(1.0), &doing)));
            }
        }
    }
    Some(found)
}
