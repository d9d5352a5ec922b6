//! Sets of micrographs: texture vectors, distances between them, embeddings in few dimensions, and what explains an
//! embedding (Lubbers, Lookman & Barros, Phys. Rev. E 96:052111, 2017).
//!
//! [`Vectors`] hold what stands for each member, [`Distances`] all distances between them. [`classical_scaling`] gives an
//! embedding to start from, [`smacof`] the one with the least stress; [`tsne`] and [`umap`] keep neighbours together
//! instead. [`explain`] says which columns of a table an embedding follows, [`Clusters`] which members belong together.

mod clusters;
mod distances;
pub mod explain;
mod feature_maps;
mod measured;
mod neighbours;
mod scaling;
mod spectrum;
mod table;
mod texture;
mod vectors;

pub use clusters::{Clusters, MOST as MOST_CLUSTERS, outliers};
pub use distances::Distances;
pub use feature_maps::FeatureMaps;
pub use measured::measured_vector;
pub use neighbours::{tsne, umap};
pub use scaling::{Embedding, LEAST_GAIN, classical_scaling, landmark_start, place, smacof, stress};
pub use spectrum::power_spectrum;
pub use table::{Column, Joined, Table, TableError, Values, categories, join, of_pattern, range};
pub use texture::{TextureError, TextureExtractor, TextureSettings};
pub use vectors::{SKETCH, Vectors, scale};
