//! Long work on its own thread: requests go down, events come up, fresh state sits in latest-wins slots.
//!
//! Every job ends in exactly one [`Event::Ended`], also when it panics. Dropping a [`Job`] cancels it and waits for its
//! thread, so none is left behind; only one that waits for a silent server is left to notice for itself.

mod device;
mod explore;
mod fetch;
mod latent;
mod progress;
mod prune_study;
mod reconstruct;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

pub use device::{
    DeviceTable, QuickestKernels, estimate_cost, open as open_device, open_for as open_device_for, probe_devices,
    read_quickest_kernels,
};
pub use explore::{Encoded, ExploreRequest, Explored, Explorer, PaintedSheet};
pub use fetch::{FetchProgress, fetch_weights};
pub use latent::{
    JudgeProgress, PatchSource, TrainProgress, TrainRequest, TrainSlots, start as start_training, start_judging,
    unseen_seed,
};
pub use progress::{Preview, Progress};
pub use prune_study::{
    StudyProgress, StudyRequest, StudyRow, recommend as recommend_depth, start as start_study, study_csv, study_svg,
};
pub use reconstruct::{CHECKPOINT, Run, start as start_reconstruction};

use crate::reconstruct::{Realisation, ReconstructError};

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

impl Ending {
    /// How work on reconstructions ended.
    fn of(result: Result<Self, ReconstructError>) -> Self {
        match result {
            Ok(ending) => ending,
            Err(ReconstructError::Interrupted) => Self::Cancelled,
            Err(error) => Self::Failed(error.to_string()),
        }
    }
}

/// What a job tells.
#[derive(Clone, Debug)]
pub enum Event {
    /// Something to know, in a sentence; the job goes on.
    Warning(String),
    /// A file was written.
    Saved(PathBuf),
    /// A realisation is done.
    Realisation(Arc<Realisation>),
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

/// A running (or ended) job, as its owner holds it.
pub struct Job {
    requests: Option<Sender<Request>>,
    events: Option<Receiver<Event>>,
    thread: Option<JoinHandle<()>>,
}

/// Requests that may wait, and events that may be unread, before the sender waits.
const QUEUE: usize = 256;
/// How long a dropped job is waited for: longer than any iteration that a person would wait for.
const PATIENCE: Duration = Duration::from_secs(10);

impl Job {
    /// Runs `work` on a thread of this name.
    pub fn spawn(name: &str, wake: Wake, work: impl FnOnce(&Control) -> Ending + Send + 'static) -> Self {
        let (requests, inbox) = bounded(QUEUE);
        let (outbox, events) = bounded(QUEUE);
        let control = Control { inbox, outbox, wake, wanted: Cell::new(Wanted::Run) };
        let body = move || {
            give_way();
            let ended = catch_unwind(AssertUnwindSafe(|| work(&control)));
            let ending = ended.unwrap_or_else(|panic| Ending::Failed(describe_panic(panic.as_ref())));
            control.tell(Event::Ended(ending));
        };
        let thread = std::thread::Builder::new().name(name.into()).spawn(body);
        match thread {
            Ok(thread) => Self { requests: Some(requests), events: Some(events), thread: Some(thread) },
            Err(error) => {
                // Without a thread there is nobody to tell the ending, so it is put into the queue here.
                let (outbox, events) = bounded(1);
                let _ = outbox.send(Event::Ended(Ending::Failed(format!("The work could not be started: {error}."))));
                Self { requests: None, events: Some(events), thread: None }
            }
        }
    }

    /// Asks something of the job; after its end this does nothing.
    pub fn request(&self, request: Request) {
        if let Some(requests) = &self.requests {
            let _ = requests.try_send(request);
        }
    }

    /// The next event, if there is one.
    pub fn poll(&self) -> Option<Event> {
        self.events.as_ref()?.try_recv().ok()
    }

    /// Waits for the next event, at most so long.
    pub fn wait(&self, at_most: Duration) -> Option<Event> {
        self.events.as_ref()?.recv_timeout(at_most).ok()
    }
}

impl Drop for Job {
    fn drop(&mut self) {
        // Without a sender the job is cancelled, without a reader its next event does not wait for room.
        self.requests = None;
        self.events = None;
        let Some(thread) = self.thread.take() else { return };
        let given_up = Instant::now() + PATIENCE;
        while !thread.is_finished() && Instant::now() < given_up {
            std::thread::sleep(Duration::from_millis(2));
        }
        if thread.is_finished() {
            let _ = thread.join();
        }
    }
}

/// Lets the window go first: a thread that computes for minutes can wait for one that draws for milliseconds.
pub fn give_way() {
    use thread_priority::{ThreadPriority, ThreadPriorityValue, set_current_thread_priority};
    /// Of 0 … 99, a little below the usual 50.
    const LOWER: u8 = 30;
    if let Ok(value) = ThreadPriorityValue::try_from(LOWER) {
        // A system that refuses leaves the priority as it is, and the work goes on.
        let _ = set_current_thread_priority(ThreadPriority::Crossplatform(value));
    }
}

fn describe_panic(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    let text = text.unwrap_or("no reason given");
    format!("The work ended because of a mistake in the program ({text}). Please report it; what was saved is kept.")
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
pub struct Control {
    inbox: Receiver<Request>,
    outbox: Sender<Event>,
    wake: Wake,
    wanted: Cell<Wanted>,
}

impl Control {
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

    /// Tells an event; waits for room, unless nobody listens any more.
    pub fn tell(&self, event: Event) {
        let _ = self.outbox.send(event);
        self.wake();
    }

    /// Makes a window look for news.
    pub fn wake(&self) {
        (self.wake)();
    }
}
