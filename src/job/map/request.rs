//! What a map is made of and how.

use std::path::PathBuf;

use super::source::MapSource;
use crate::embed::TextureSettings;
use crate::micrograph::Recipe;
use crate::net::{Layer, WeightsKind};

/// What distances are taken between.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DistanceKind {
    /// Texture vectors, with the weights of their network.
    Textures(WeightsKind, TextureSettings),
    /// Feature maps of a layer, pooled, with the weights of their network.
    Maps(WeightsKind, Layer),
    /// The grey values themselves.
    Pixels,
    /// Power spectra.
    Spectra,
    /// The program's statistics of phases.
    Statistics,
    /// Latent points of a model; of the built-in one without a file.
    Latent(Option<PathBuf>),
}

/// How places are found whose distances stand for the given ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ScalingKind {
    /// Multidimensional scaling: the least Kruskal stress
    #[default]
    Stress,
    /// Principal components
    Pca,
    /// t-SNE: neighbours stay neighbours
    Tsne,
    /// UMAP: neighbours stay neighbours
    Umap,
}

impl ScalingKind {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Stress, Self::Pca, Self::Tsne, Self::Umap];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stress => "MDS (least stress)",
            Self::Pca => "Principal components",
            Self::Tsne => "t-SNE",
            Self::Umap => "UMAP",
        }
    }

    /// What it keeps and what it distorts, in a sentence or two.
    pub fn tooltip(self) -> &'static str {
        match self {
            Self::Stress => "Distances on the map are as near to the given ones as they can be (SMACOF).",
            Self::Pca => {
                "The directions of the largest variance. Distances are never too long, but those along the left-out \
                 directions are lost."
            }
            Self::Tsne => {
                "Neighbours stay neighbours. Distances between heaps, sizes of heaps and directions mean nothing, so \
                 do not read regressions off it. Another run gives a somewhat different map."
            }
            Self::Umap => {
                "Neighbours stay neighbours. Distances between heaps and directions mean little, and another run gives \
                 a somewhat different map."
            }
        }
    }

    /// Whether distances and directions on the map mean something.
    pub fn keeps_distances(self) -> bool {
        matches!(self, Self::Stress | Self::Pca)
    }
}

/// How clusters are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum ClusterKind {
    /// k-means of the places in the most dimensions
    #[default]
    KMeans,
    /// Joining the nearest clusters (Ward), from the distances
    Hierarchical,
}

/// Makes a map; its output is the map.
#[derive(Clone, Debug)]
pub struct MakeMap {
    /// Where the members come from.
    pub source: MapSource,
    /// How pictures are prepared and segmented; grey pictures, and files of labels, without it.
    pub recipe: Option<Recipe>,
    /// Edge and stride of patches; whole pictures without them.
    pub patches: Option<(usize, usize)>,
    /// A file with a table of values by file name.
    pub table: Option<PathBuf>,
    /// A pattern of file names with values.
    pub pattern: Option<String>,
    /// Columns that come back after a period, such as angles.
    pub periods: Vec<(String, f64)>,
    /// What distances are taken between.
    pub kind: DistanceKind,
    /// How places are found.
    pub scaling: ScalingKind,
    /// Dimensions of the embeddings.
    pub dimensions: Vec<usize>,
    /// Where the network computes.
    pub device: String,
}
