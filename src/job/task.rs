//! Long work as a task: a request that becomes outputs on a thread of its own.

use super::{Control, Ending};

/// A request for long work, and how it is done.
///
/// [`super::Job::start`] runs it: with pause, stop and cancel, a sentence where it panics, and exactly one ending.
pub trait Task: Send + 'static {
    /// What the work is called in sentences and in lists of threads.
    const NAME: &'static str;
    /// How far it is: only the newest state counts.
    type Progress: Progress;
    /// What it makes, once or one after another.
    type Output: Send + 'static;

    /// Does the work on the job's thread.
    ///
    /// # Errors
    /// Whatever ends the work before it is done, as a sentence.
    fn run(self, control: &Control<Self::Progress, Self::Output>) -> Result<Ending, Failure>;
}

/// How far long work is, as a progress bar shows it.
pub trait Progress: Clone + Default + Send + 'static {
    /// The share that is done, 0 … 1.
    fn share(&self) -> f64;

    /// What is being done, in a few words.
    fn doing(&self) -> String;

    /// Seconds that are left, as far as they can be told.
    fn seconds_left(&self) -> Option<f64> {
        None
    }
}

/// Work that is too short to be watched.
impl Progress for () {
    fn share(&self) -> f64 {
        0.0
    }

    fn doing(&self) -> String {
        String::new()
    }
}

/// Why a task ended before it was done: a sentence that says what to do.
#[derive(Debug)]
pub struct Failure(pub String);

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}
