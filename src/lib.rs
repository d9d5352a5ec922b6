//! Microwright makes micrographs that are statistically equivalent to one that is given.
//!
//! A phase map is encoded as a three-channel image; a random image is optimised until the Gram matrices of its VGG-19
//! feature maps are those of the original; clustering turns it back into phases (Li et al., Sci. Rep. 8:13461, 2018).
//!
//! Data flows one way:
//!
//! ```text
//! file ─► Micrograph ─► PhaseMap ─► encoding (3-channel image) ─┐
//!         (pixels)      (labels per pixel)                      ▼
//!                                                   feature network ─► Gram targets
//! random image ─► optimise { forward, loss, gradient } ─► image ─► decode ─► PhaseMap ─► statistics ─► plots, files
//! ```
//!
//! The modules, from the top; each uses only those below it:
//!
//! | module | what it holds |
//! |---|---|
//! | [`app`] | the window |
//! | [`cli`] | the command line, one file a subcommand |
//! | [`job`] | long work on its own thread: requests, events, progress, checkpoints |
//! | [`project`] | one file that holds a micrograph, its recipe, all settings and results |
//! | [`figure`] | plots and tables for files: SVG, PNG, CSV, Markdown and LaTeX |
//! | [`reconstruct`] | encoding, loss and its spatial terms, sizes, solver, decoding, polish, reports |
//! | [`embed`] | sets of micrographs: texture vectors, distances, embeddings in few dimensions, what explains them |
//! | [`learn`] | a property learned from samples: splits, regressions, validation, predictors, the search for wanted values |
//! | [`latent`] | variational autoencoders: patches, models, training, what latent dimensions mean |
//! | [`property`] | what a structure conducts, bears, lets through and absorbs: bounds, estimates, full fields |
//! | [`net`] | VGG-19 as a graph, its depths, its weights: built in, from files, downloaded |
//! | [`optimise`] | L-BFGS-B and Adam on plain vectors |
//! | [`compute`] | graphs, adjoints, kernels, and the two backends that run them |
//! | [`stats`] | two-point correlation, lineal path, clusters, pores, surface, confidence, error measures |
//! | [`synth`] | procedural micrographs |
//! | [`micrograph`] | micrographs, phase maps, recipes (preparation, segmentation, corrections), scales, files |
//! | [`folders`] | where the program keeps its files, and how it writes any file |

pub mod app;
pub mod cli;
pub mod compute;
pub mod embed;
pub mod figure;
pub mod folders;
pub mod job;
pub mod latent;
pub mod learn;
pub mod micrograph;
pub mod net;
pub mod optimise;
pub mod project;
pub mod property;
pub mod reconstruct;
pub mod stats;
pub mod synth;
