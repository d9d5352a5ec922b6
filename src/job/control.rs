//! What goes between a job and its owner: requests, events, and the newest state.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use crossbeam_channel::{Receiver, Sender, TryRecvError};

/// What a person asks of a running job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// Wait after the current iteration.
    Pause,
    /// Go on.
    Resume,
    /// End now and keep what there is.
    StopAndKeep,
    /// End now.
    Cancel,
}

/// How a job ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All was done.
    Finished,
    /// Stopped early; what there was is kept.
    Kept,
    /// Cancelled.
    Cancelled,
    /// It failed, with a sentence that says why and what to do.
    Failed(String),
}

/// What a job tells.
#[derive(Clone, Debug)]
pub enum Event<O> {
    /// Something to know, in a sentence; the job goes on.
    Warning(String),
    /// A file was written.
    Saved(PathBuf),
    /// Something that the work makes is done.
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
    /// Replaces what is there.
    pub fn put(&self, value: T) {
        *self.0.lock().unwrap_or_else(|e| e.into_inner()) = Some(value);
    }

    /// Takes what is there.
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
    /// End and keep.
    Keep,
    /// End.
    Cancel,
}

/// The job's side.
pub struct Control<P, O> {
    pub(super) inbox: Receiver<Request>,
    pub(super) outbox: Sender<Event<O>>,
    pub(super) latest: Arc<Latest<P>>,
    pub(super) wake: Wake,
    pub(super) wanted: Cell<Wanted>,
}

impl<P, O> Control<P, O> {
    /// Takes in all requests; does not wait.
    pub fn wanted(&self) -> Wanted {
        loop {
            match self.inbox.try_recv() {
                Ok(request) => self.take_in(request),
                Err(TryRecvError::Empty) => return self.wanted.get(),
                // Nobody is left who could want a result.
                Err(TryRecvError::Disconnected) => {
                    self.wanted.set(Wanted::Cancel);
                    return Wanted::Cancel;
                }
            }
        }
    }

    /// Waits while paused; then what is wanted.
    pub fn wait_while_paused(&self) -> Wanted {
        while self.wanted() == Wanted::Pause {
            match self.inbox.recv() {
                Ok(request) => self.take_in(request),
                Err(_) => self.wanted.set(Wanted::Cancel),
            }
        }
        self.wanted.get()
    }

    fn take_in(&self, request: Request) {
        let next = match (request, self.wanted.get()) {
            // An ending, once asked for, stands.
            (_, end @ (Wanted::Keep | Wanted::Cancel)) if request != Request::Cancel => end,
            (Request::Pause, _) => Wanted::Pause,
            (Request::Resume, _) => Wanted::Run,
            (Request::StopAndKeep, _) => Wanted::Keep,
            (Request::Cancel, _) => Wanted::Cancel,
        };
        self.wanted.set(next);
    }

    /// Whether the work is to end, with or without what there is.
    pub fn is_ending(&self) -> bool {
        matches!(self.wanted(), Wanted::Keep | Wanted::Cancel)
    }

    /// Says how far the work is.
    pub fn show(&self, progress: P) {
        self.latest.put(progress);
        self.wake();
    }

    /// Hands up something that is done.
    pub fn give(&self, output: O) {
        self.tell(Event::Output(output));
    }

    /// Says something to know; the work goes on.
    pub fn warn(&self, text: String) {
        self.tell(Event::Warning(text));
    }

    /// Says that a file was written.
    pub fn saved(&self, path: PathBuf) {
        self.tell(Event::Saved(path));
    }

    /// Tells an event; waits for room, unless nobody listens any more.
    pub(super) fn tell(&self, event: Event<O>) {
        let _ = self.outbox.send(event);
        self.wake();
    }

    /// Makes a window look for news.
    pub fn wake(&self) {
        (self.wake)();
    }
}
