//! Microwright.
pub mod app;
pub mod cli;
pub mod compute;
pub mod net;
pub mod folders;
pub mod reconstruct;
pub mod optimise;
pub mod micrograph;
pub mod stats;
pub mod synth;
pub mod job;
