//! Sets of micrographs: texture vectors, distances between them, embeddings in few dimensions, and what explains an
//! embedding (Lubbers, Lookman & Barros, Phys. Rev. E 96:052111, 2017).
//!
//! [`Textures`] holds the Gram matrices of a set, [`Distances`] all distances between its members. [`classical_scaling`]
//! gives an embedding to start from, and [`smacof`] the one with the least stress. [`explain`] says which columns of a
//! table an embedding follows.

mod distances;
pub mod explain;
mod measured;
mod scaling;
mod spectrum;
mod table;
mod texture;

pub use distances::Distances;
pub use measured::measured_vectors;
pub use scaling::{Embedding, LEAST_GAIN, classical_scaling, smacof, stress};
pub use spectrum::power_spectra;
pub use table::{Column, Joined, Table, TableError, Values, join, of_pattern};
pub use texture::{TextureError, TextureExtractor, TextureSettings, Textures};
