//! The predictor that is open.

use std::sync::Arc;

use crate::job::{About, Learned};
use crate::learn::Predictor;

/// A predictor that was learned or opened, and how it reads micrographs.
#[derive(Clone)]
pub struct OpenPredictor {
    pub name: String,
    pub predictor: Arc<Predictor>,
    pub about: About,
}

impl OpenPredictor {
    /// What was learned.
    pub fn of(learned: &Learned) -> Self {
        Self {
            name: learned.best().regressor.name().into(),
            predictor: learned.predictor.clone(),
            about: learned.about.clone(),
        }
    }
}
