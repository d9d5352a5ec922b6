//! The messages between a job and its owner: requests, events and the latest progress.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crossbeam_channel::{Receiver, Sender, TryRecvError};

/// A request to a running job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Wait after the current iteration.
    Pause,
    /// Go on.
    Resume,
    /// End now and keep the result so far.
    StopAndKeep,
    /// End now and keep nothing.
    Cancel,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The work is complete.
    Finished,
    /// Stopped early; the result so far is kept.
    Kept,
    /// Cancelled.
    Cancelled,
    /// It failed, with a sentence that says why and what to do.
    Failed(String),
}

/// A message from a job.
#[derive(Clone, Debug)]
pub enum Event<O> {
    /// A sentence for the user; the job goes on.
    Warning(String),
    /// A file was written.
    Saved(PathBuf),
    /// A result is ready.
    Output(O),
    /// The job's last event.
    Ended(Ending),
}

/// Called whenever there is something new, so that a window repaints.
pub type Wake = Arc<dyn Fn() + Send + Sync>;

/// A slot that holds the newest value only.
pub struct Latest<T>(Mutex<Option<T>>);

impl<T> Default for Latest<T> {
    fn default() -> Self {
        Self(Mutex::new(None))
    }
}

impl<T> Latest<T> {
    /// Replaces the value.
    pub fn put(&self, value: T) {
        *self.0.lock().unwrap_or_else(|e| e.into_inner()) = Some(value);
    }

    /// Takes the value out.
    pub fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).take()
    }
}

/// What the job is to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Go on.
    Run,
    /// Wait.
    Pause,
    /// End and keep the result so far.
    Keep,
    /// End and keep nothing.
    Cancel,
}

/// The job's side of the messages.
pub struct Control<P, O> {
    pub(super) inbox: Receiver<Request>,
    pub(super) outbox: Sender<Event<O>>,
    pub(super) latest: Arc<Latest<P>>,
    pub(super) wake: Wake,
    pub(super) wanted: Cell<Wanted>,
}

impl<P, O> Control<P, O> {
    /// Handles all waiting requests and returns what the job is to do; does not wait.
    pub fn wanted(&self) -> Wanted {
        loop {
            match self.inbox.try_recv() {
                Ok(request) => self.handle(request),
                Err(TryRecvError::Empty) => return self.wanted.get(),
                // The owner is gone, so nobody wants a result.
                Err(TryRecvError::Disconnected) => {
                    self.wanted.set(Wanted::Cancel);
                    return Wanted::Cancel;
                }
            }
        }
    }

    /// Waits while the job is paused, then returns what it is to do.
    pub fn wait_while_paused(&self) -> Wanted {
        while self.wanted() == Wanted::Pause {
            match self.inbox.recv() {
                Ok(request) => self.handle(request),
                Err(_) => self.wanted.set(Wanted::Cancel),
            }
        }
        self.wanted.get()
    }

    fn handle(&self, request: Request) {
        let next = match (request, self.wanted.get()) {
            // A request to end is final; only a cancellation may follow it.
            (_, end @ (Wanted::Keep | Wanted::Cancel)) if request != Request::Cancel => end,
            (Request::Pause, _) => Wanted::Pause,
            (Request::Resume, _) => Wanted::Run,
            (Request::StopAndKeep, _) => Wanted::Keep,
            (Request::Cancel, _) => Wanted::Cancel,
        };
        self.wanted.set(next);
    }

    /// Whether the job is to end, with or without its result so far.
    pub fn is_ending(&self) -> bool {
        matches!(self.wanted(), Wanted::Keep | Wanted::Cancel)
    }

    /// Publishes the progress.
    pub fn show(&self, progress: P) {
        self.latest.put(progress);
        self.wake();
    }

    /// Sends a result to the owner.
    pub fn output(&self, output: O) {
        self.send(Event::Output(output));
    }

    /// Sends a warning; the work goes on.
    pub fn warn(&self, text: String) {
        self.send(Event::Warning(text));
    }

    /// Reports a file that was written.
    pub fn saved(&self, path: PathBuf) {
        self.send(Event::Saved(path));
    }

    /// Sends an event. Waits while the queue is full, unless the owner is gone.
    pub(super) fn send(&self, event: Event<O>) {
        let _ = self.outbox.send(event);
        self.wake();
    }

    /// Tells the owner's window that there is something new.
    pub fn wake(&self) {
        (self.wake)();
    }
}
