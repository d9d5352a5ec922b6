//! Microwright.
pub mod compute;
pub mod net;
pub mod folders;
pub mod reconstruct;
pub mod optimise;
