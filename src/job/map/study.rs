//! The study of maps: how well they give back the parameters that pictures were made from (Lubbers, Lookman & Barros,
//! Phys. Rev. E 96:052111, 2017, Figures 5 to 8 and Table I).

use std::sync::Arc;

use rayon::prelude::*;

use super::features::{common_of, rows_of, vectors_of};
use super::made::MapEmbedding;
use super::make::scaled;
use super::request::{DistanceKind, ScalingKind};
use super::source::{MapSource, Member, STRENGTH};
use crate::embed::explain::PeriodicFit;
use crate::embed::{Column, Distances, LEAST_GAIN, classical_scaling, smacof};
use crate::job::progress::StudyProgress;
use crate::job::{Control, Ending, Failure, Task};
use crate::synth::Marble;

/// Strengths of the noise at which angles are given back.
pub const NOISES: [f64; 3] = [1.0, 2.5, 4.0];
/// Waves along the picture's edge of these pictures.
const SCALE: f64 = 8.0;
/// After so many degrees a stripe has the same direction again.
const PERIOD: f64 = 180.0;

/// Studies maps of synthetic pictures; its outputs are the rows of its tables, one after another.
#[derive(Clone, Debug)]
pub struct MapStudy {
    /// What distances are taken between, with names.
    pub kinds: Vec<(String, DistanceKind)>,
    /// How many marbles are mapped.
    pub marbles: usize,
    /// How many graphite irons are mapped.
    pub graphites: usize,
    /// The edge of the pictures.
    pub edge: usize,
    /// The dimensions of their embeddings.
    pub dimensions: Vec<usize>,
    /// From how many pictures angles are given back.
    pub sizes: Vec<usize>,
    /// Trials of each size.
    pub trials: usize,
    /// The first seed.
    pub seed: u64,
    /// Where networks compute.
    pub device: String,
}

/// A row of a table of the study.
#[derive(Clone, Debug)]
pub enum MapStudyRow {
    /// How well the embedding of a set explains a parameter (Figures 7 and 8, Table I).
    Explained {
        /// The set: marble or graphite.
        set: &'static str,
        /// What distances are taken between.
        kind: String,
        /// Dimensions of the embedding.
        dimensions: usize,
        /// Its stress.
        stress: f64,
        /// The parameter.
        column: String,
        /// R² of the linear regression; none of an angle.
        r2: Option<f64>,
        /// R² with each member left out.
        r2_left_out: Option<f64>,
        /// The root of the mean squared difference of an angle, in degrees.
        rmse: Option<f64>,
    },
    /// How well angles are given back from sets that differ in nothing else (Figures 5 and 6).
    Angles {
        /// What distances are taken between.
        kind: String,
        /// The strength of the noise, A.
        noise: f64,
        /// Pictures of a set.
        size: usize,
        /// The root of the mean squared difference of each trial, in degrees.
        rmse: Vec<f64>,
    },
}

type StudyControl = Control<StudyProgress, Arc<MapStudyRow>>;

impl Task for MapStudy {
    const NAME: &'static str = "map study";
    type Progress = StudyProgress;
    type Output = Arc<MapStudyRow>;

    fn run(self, control: &StudyControl) -> Result<Ending, Failure> {
        let sets = [
            ("marble", MapSource::Marble(self.marbles, self.edge, self.seed), self.marbles),
            ("graphite", MapSource::Graphite(self.graphites, self.edge, self.seed), self.graphites),
        ];
        let angles = NOISES.len() * self.trials * self.sizes.iter().max().copied().unwrap_or(0);
        // A picture is the unit of the work.
        let all = (self.kinds.len() * (self.marbles + self.graphites + angles)).max(1) as f64;
        let mut done = 0;
        for (set, source, count) in sets.into_iter().filter(|(_, _, count)| *count > 0) {
            let made = source.members(None, None, &mut |_| !control.is_ending());
            let mut parameters = made.columns;
            parameters.retain(|column| column.name != STRENGTH);
            for (name, kind) in &self.kinds {
                let show = |n: usize| {
                    let doing = format!("{set}, {name}, {} of {count}", n + 1);
                    control.show(StudyProgress { share: (done + n) as f64 / all, doing });
                };
                let Some(distances) = self.distances(kind, &made.members, control, &show)? else {
                    return Ok(Ending::Kept);
                };
                done += count;
                let Some(rows) = self.explained(set, name, &distances, &parameters, control) else {
                    return Ok(Ending::Kept);
                };
                rows.into_iter().for_each(|row| control.output(Arc::new(row)));
            }
        }
        for noise in NOISES.into_iter().filter(|_| angles > 0) {
            for (name, kind) in &self.kinds {
                let mut found: Vec<Vec<f64>> = vec![vec![]; self.sizes.len()];
                for trial in 0..self.trials {
                    let (members, turned) = self.turned(noise, trial);
                    let show = |n: usize| {
                        let doing = format!("angles at A = {noise}, {name}, trial {} of {}", trial + 1, self.trials);
                        control.show(StudyProgress { share: (done + n) as f64 / all, doing });
                    };
                    let Some(distances) = self.distances(kind, &members, control, &show)? else {
                        return Ok(Ending::Kept);
                    };
                    done += members.len();
                    for (size, found) in self.sizes.iter().zip(&mut found) {
                        found.extend(angle_error(&distances, &turned, *size));
                    }
                }
                for (size, rmse) in self.sizes.iter().zip(found) {
                    let (kind, size) = (name.clone(), *size);
                    control.output(Arc::new(MapStudyRow::Angles { kind, noise, size, rmse }));
                }
            }
        }
        Ok(Ending::Finished)
    }
}

impl MapStudy {
    /// The distances of a set; none if the job is to end.
    fn distances(
        &self,
        kind: &DistanceKind,
        members: &[Member],
        control: &StudyControl,
        show: &dyn Fn(usize),
    ) -> Result<Option<Distances>, Failure> {
        let common = common_of(kind, members, &mut vec![])?;
        let Some(rows) = rows_of(kind, &common, members, &self.device, control, show)? else { return Ok(None) };
        Ok(Some(vectors_of(kind, &common, rows)?.distances()))
    }

    /// The rows of a set's embeddings; none if the job is to end.
    fn explained(
        &self,
        set: &'static str,
        kind: &str,
        distances: &Distances,
        columns: &[Column],
        control: &StudyControl,
    ) -> Option<Vec<MapStudyRow>> {
        let periods = [("angle".to_string(), PERIOD)];
        let go_on = |_: f64, _: &str| !control.is_ending();
        let found = scaled(distances, ScalingKind::Stress, &self.dimensions, &mut vec![], &go_on)?;
        let rows_of = |embedding| {
            let each = MapEmbedding::new(embedding, columns, &periods, distances.count());
            let (dimensions, stress) = (each.embedding.places.ncols(), each.embedding.stress);
            let row = move |own: super::made::Explained| MapStudyRow::Explained {
                set,
                kind: kind.to_string(),
                dimensions,
                stress,
                column: columns[own.column].name.clone(),
                r2: own.fit.as_ref().map(|fit| fit.r2),
                r2_left_out: own.fit.as_ref().map(|fit| fit.r2_left_out),
                rmse: own.periodic.as_ref().map(|fit| fit.rmse),
            };
            each.explained.into_iter().map(row).collect::<Vec<_>>()
        };
        Some(found.into_iter().flat_map(rows_of).collect())
    }

    /// Marbles that differ in their angle alone, and the angles.
    fn turned(&self, noise: f64, trial: usize) -> (Vec<Member>, Vec<f64>) {
        let count = self.sizes.iter().max().copied().unwrap_or(0);
        let make = |n: usize| {
            let first = self.seed.wrapping_mul(1_000_003).wrapping_add((noise * 1000.0) as u64);
            let seed = first.wrapping_add((trial * count + n) as u64 * 7919);
            let marble = Marble { scale: SCALE, noise, ..Marble::random(seed) };
            let member = Member {
                name: n.to_string(),
                picture: n.to_string(),
                path: None,
                size: (self.edge, self.edge),
                grey: Arc::new(marble.picture(self.edge, seed)),
                phases: None,
                pixel_size: None,
            };
            (member, marble.angle.to_degrees())
        };
        (0..count).into_par_iter().map(make).unzip()
    }
}

/// How far angles are from those that the place on the map gives: an embedding of the first members in two dimensions.
fn angle_error(distances: &Distances, angles: &[f64], size: usize) -> Option<f64> {
    let own = ndarray::Array2::from_shape_fn((size, size), |(i, j)| distances.at(i, j));
    let own = Distances::new(own)?;
    let (start, _) = classical_scaling(&own, 2);
    let places = smacof(&own, &start.places, LEAST_GAIN, |_, _| true).places;
    let values: Vec<Option<f64>> = angles[..size].iter().map(|angle| Some(*angle)).collect();
    PeriodicFit::of(&places, &values, PERIOD).map(|fit| fit.rmse)
}
