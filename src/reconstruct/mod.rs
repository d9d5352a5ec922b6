//! Statistically equivalent micrographs (Li et al. 2018).
pub mod loss;
