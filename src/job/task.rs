//! Long work as a task: a request that becomes outputs on a thread of its own.

use super::{Control, Ending};

/// A request for long work, and how it is done.
///
/// [`super::Job::start`] runs it: it can be paused, stopped and cancelled, and has exactly one ending, also if it
/// panics.
pub trait Task: Send + 'static {
    /// What the work is called in sentences and in lists of threads.
    const NAME: &'static str;
    /// Its progress; only the latest value is kept.
    type Progress: Progress;
    /// Its result; there may be several.
    type Output: Send + 'static;

    /// Does the work on the job's thread.
    ///
    /// # Errors
    /// A sentence that says why the work ended before it was done.
    fn run(self, control: &Control<Self::Progress, Self::Output>) -> Result<Ending, Failure>;
}

/// How far long work is, as a progress bar shows it.
pub trait Progress: Clone + Default + Send + 'static {
    /// The share that is done, 0 … 1.
    fn share(&self) -> f64;

    /// What is being done, in a few words.
    fn doing(&self) -> String;

    /// Estimated seconds that are left.
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
