//! A map that was made.

use std::sync::Arc;

use super::request::{ClusterKind, MakeMap};
use super::source::Member;
use crate::embed::explain::{Fit, PeriodicFit, distance_correlation};
use crate::embed::{Clusters, Column, Distances, Embedding, Values, Vectors};

/// A map.
#[derive(Clone, Debug)]
pub struct Map {
    /// What it was made from.
    pub request: MakeMap,
    /// The members.
    pub members: Vec<Member>,
    /// What is known of them.
    pub columns: Vec<Column>,
    /// The distance correlation of each column with the distances; NaN where there is none.
    pub correlations: Vec<f64>,
    /// What was left out or not found, in sentences.
    pub notes: Vec<String>,
    /// What distances were taken between, for members that are added; none of maps that come from a file.
    pub features: Option<Arc<Features>>,
    /// The distances.
    pub distances: Arc<Distances>,
    /// Embeddings with what explains them, by their number of dimensions.
    pub embeddings: Vec<MapEmbedding>,
    /// The members that lie alone, farthest first.
    pub outliers: Vec<usize>,
    /// Clusters, if they were asked for.
    pub clusters: Option<Clusters>,
    /// How many members, at the end of the list, were added to a map that was there.
    pub added: usize,
}

/// What distances were taken between.
#[derive(Clone, Debug)]
pub struct Features {
    /// A row for each member.
    pub vectors: Vectors,
    /// What all members have in common.
    pub common: Common,
}

/// What all members of a map have in common.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Common {
    /// The size of the piece in the middle that power spectra are taken of.
    pub size: (usize, usize),
    /// How many phases they have.
    pub phases: Option<usize>,
    /// Whether long texture vectors are replaced by sketches.
    pub sketched: bool,
}

/// An embedding and what explains it.
#[derive(Clone, Debug)]
pub struct MapEmbedding {
    /// Its places and its stress.
    pub embedding: Embedding,
    /// For each column that has numbers: its place among the columns, and its regressions.
    pub explained: Vec<Explained>,
}

/// How well an embedding explains a column.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The place of the column among the map's.
    pub column: usize,
    /// The linear regression; none for a periodic column, or too few values.
    pub fit: Option<Fit>,
    /// The regression of a periodic column.
    pub periodic: Option<PeriodicFit>,
}

/// The period of a column, if it has one.
pub fn period_of(column: &str, periods: &[(String, f64)]) -> Option<f64> {
    periods.iter().find(|(name, _)| name == column).map(|(_, period)| *period)
}

impl MapEmbedding {
    /// An embedding and what explains it. Of columns that are named with a period the value comes back after it. Only the
    /// first `counted` members count: those that were added did not make the map.
    pub fn new(embedding: Embedding, columns: &[Column], periods: &[(String, f64)], counted: usize) -> Self {
        let of = |(n, column): (usize, &Column)| {
            let Values::Numbers(values) = &column.values else { return None };
            let mut values = values.clone();
            values.iter_mut().skip(counted).for_each(|v| *v = None);
            Some(match period_of(&column.name, periods) {
                Some(period) => {
                    let periodic = PeriodicFit::of(&embedding.places, &values, period);
                    Explained { column: n, fit: None, periodic }
                }
                None => Explained { column: n, fit: Fit::of(&embedding.places, &values), periodic: None },
            })
        };
        let explained = columns.iter().enumerate().filter_map(of).collect();
        Self { embedding, explained }
    }
}

impl Map {
    /// The embedding with the most dimensions.
    pub fn widest(&self) -> &MapEmbedding {
        self.embeddings.last().expect("a map has an embedding at least")
    }

    /// Finds clusters of the members.
    pub fn find_clusters(&mut self, kind: ClusterKind, count: usize) {
        self.clusters = Some(match kind {
            ClusterKind::KMeans => Clusters::k_means(&self.distances, &self.widest().embedding.places, count),
            ClusterKind::Hierarchical => Clusters::hierarchical(&self.distances, count),
        });
    }

    /// Takes other periods, and fits the columns again.
    pub fn set_periods(&mut self, periods: Vec<(String, f64)>) {
        let counted = self.members.len() - self.added;
        for each in &mut self.embeddings {
            *each = MapEmbedding::new(each.embedding.clone(), &self.columns, &periods, counted);
        }
        for (column, correlation) in self.columns.iter().zip(&mut self.correlations) {
            let period = period_of(&column.name, &periods);
            if period != period_of(&column.name, &self.request.periods) {
                *correlation = distance_correlation(&self.distances, &column.values, period);
            }
        }
        self.request.periods = periods;
    }
}
