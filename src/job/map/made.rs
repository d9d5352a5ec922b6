//! A map that was made.

use super::request::{ClusterKind, MakeMap};
use super::source::Member;
use crate::embed::explain::{Fit, PeriodicFit};
use crate::embed::{Clusters, Column, Distances, Embedding, Vectors};

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
    pub features: Option<Features>,
    /// The distances.
    pub distances: Distances,
    /// Embeddings with what explains them, by their number of dimensions.
    pub embeddings: Vec<MapEmbedding>,
    /// The members that lie alone, farthest first.
    pub outliers: Vec<usize>,
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
#[derive(Clone, Copy, Debug, PartialEq)]
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

impl Map {
    /// The embedding with the most dimensions.
    pub fn widest(&self) -> &MapEmbedding {
        self.embeddings.last().expect("a map has an embedding at least")
    }

    /// Clusters of the members.
    pub fn clusters(&self, kind: ClusterKind, count: usize) -> Clusters {
        match kind {
            ClusterKind::KMeans => Clusters::k_means(&self.distances, &self.widest().embedding.places, count),
            ClusterKind::Hierarchical => Clusters::hierarchical(&self.distances, count),
        }
    }
}
