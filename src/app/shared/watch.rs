//! A running task as the window follows it.

use super::messages::Messages;
use crate::job::{Control, Ending, Event, Failure, Job, JobOf, Request, Task, Wake};

/// What a task reports besides messages and files.
pub enum News<O> {
    /// A result.
    Output(O),
    /// It has ended.
    Ended(Ending),
}

/// A task that runs, or that has run.
pub struct Watch<T: Task> {
    job: Option<JobOf<T>>,
    /// Its newest progress; it stays after the end.
    pub progress: T::Progress,
    /// Whether a pause was asked for.
    pub wants_pause: bool,
    /// Why the last one failed, until the next one starts.
    pub failure: Option<String>,
}

impl<T: Task> Default for Watch<T> {
    fn default() -> Self {
        Self { job: None, progress: T::Progress::default(), wants_pause: false, failure: None }
    }
}

impl<T: Task> Watch<T> {
    /// Starts a task. The previous one is cancelled.
    pub fn start(&mut self, task: T, wake: &Wake) {
        *self = Self { job: Some(Job::start(task, wake.clone())), ..Self::default() };
    }

    /// Starts a task that nothing can interrupt, so that a closing window does not wait for it.
    pub fn start_detached(&mut self, task: T, wake: &Wake) {
        self.start(task, wake);
        self.job.iter_mut().for_each(Job::detach);
    }

    /// Cancels the task and drops its results.
    pub fn stop(&mut self) {
        *self = Self::default();
    }

    pub fn is_running(&self) -> bool {
        self.job.is_some()
    }

    pub fn request(&self, request: Request) {
        self.job.iter().for_each(|job| job.request(request));
    }

    /// Pauses or resumes the task.
    pub fn toggle_pause(&mut self) {
        self.wants_pause = !self.wants_pause;
        self.request(if self.wants_pause { Request::Pause } else { Request::Resume });
    }

    /// Takes the newest progress; returns whether there was any since the last call.
    pub fn take_progress(&mut self) -> bool {
        let Some(progress) = self.job.as_ref().and_then(Job::progress) else { return false };
        self.progress = progress;
        true
    }

    /// The next result or the end. Warnings, written files and the reason of a failure become messages.
    pub fn poll(&mut self, messages: &mut Messages) -> Option<News<T::Output>> {
        loop {
            match self.job.as_ref()?.poll()? {
                Event::Warning(text) => messages.warning(text),
                Event::Saved(path) => messages.note(format!("Written: {}.", path.display())),
                Event::Output(output) => return Some(News::Output(output)),
                Event::Ended(ending) => {
                    // The last progress may have come after the last check for it.
                    self.take_progress();
                    self.job = None;
                    if let Ending::Failed(reason) = &ending {
                        messages.error(reason.clone());
                        self.failure = Some(reason.clone());
                    }
                    return Some(News::Ended(ending));
                }
            }
        }
    }
}

/// Work that gives one result or one error message.
pub struct OneShot<T>(pub Box<dyn FnOnce() -> Result<T, String> + Send>);

impl<T: Send + 'static> Task for OneShot<T> {
    const NAME: &'static str = "files";
    type Progress = ();
    type Output = T;

    fn run(self, control: &Control<(), T>) -> Result<Ending, Failure> {
        control.output((self.0)().map_err(Failure)?);
        Ok(Ending::Finished)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    fn ended(work: impl FnOnce() -> Result<u32, String> + Send + 'static) -> (Vec<u32>, Watch<OneShot<u32>>, Messages) {
        let (mut watch, mut messages, mut found) = (Watch::<OneShot<u32>>::default(), Messages::default(), vec![]);
        let wake: Wake = Arc::new(|| {});
        watch.start(OneShot(Box::new(work)), &wake);
        while watch.is_running() {
            if let Some(News::Output(n)) = watch.poll(&mut messages) {
                found.push(n);
            }
            std::thread::yield_now();
        }
        (found, watch, messages)
    }

    #[test]
    fn a_task_that_fails_or_panics_says_why_and_can_be_tried_again() {
        let (found, watch, _) = ended(|| Ok(7));
        assert_eq!((found, watch.failure), (vec![7], None));
        let (found, watch, messages) = ended(|| Err("The disk is full.".into()));
        assert!(found.is_empty() && messages.all[0].text == "The disk is full.");
        assert_eq!(watch.failure.as_deref(), Some("The disk is full."));
        let (_, mut watch, _) = ended(|| panic!("of this test"));
        assert!(watch.failure.as_ref().is_some_and(|reason| reason.contains("of this test")));
        watch.start(OneShot(Box::new(|| Ok(1))), &(Arc::new(|| {}) as Wake));
        assert!(watch.failure.is_none() && watch.is_running());
    }
}
