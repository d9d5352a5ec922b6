//! Long work on its own thread: requests go down, events come up, fresh state sits in a latest-wins slot.
//!
//! Every kind of long work is a [`Task`]; one driver, the [`Job`], runs them all. Every job ends in exactly one
//! [`Event::Ended`], also when it panics. Dropping a [`Job`] cancels it and waits for its thread, so none is left behind;
//! only one that waits for a silent server is left to notice for itself.

mod device;
mod estimate;
mod explore;
mod fetch;
mod judge;
mod probe;
mod progress;
mod prune_study;
mod reconstruct;
mod task;
mod train;

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};

pub use device::{QuickestKernels, open as open_device, open_for as open_device_for, read_quickest_kernels};
pub use estimate::Estimate;
pub use explore::{Encoded, ExploreRequest, Explored, Explorer, PaintedSheet};
pub use fetch::{Fetch, FetchProgress};
pub use judge::{Judge, JudgeProgress, unseen_seed};
pub use probe::{DeviceTable, Probe};
pub use progress::{Preview, RunProgress};
pub use prune_study::{
    Study, StudyProgress, StudyRow, recommend as recommend_depth, study_csv, study_figures, write_study,
};
pub use reconstruct::{CHECKPOINT, Run};
pub use task::{Failure, Progress, Task};
pub use train::{PatchSource, Train, TrainProgress};

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

/// A running (or ended) job, as its owner holds it: `P` is how far it is, `O` what it makes.
pub struct Job<P, O> {
    requests: Option<Sender<Request>>,
    events: Option<Receiver<Event<O>>>,
    latest: Arc<Latest<P>>,
    thread: Option<JoinHandle<()>>,
}

/// The job that a task becomes.
pub type JobOf<T> = Job<<T as Task>::Progress, <T as Task>::Output>;

/// Requests that may wait, and events that may be unread, before the sender waits.
const QUEUE: usize = 256;
/// How long a dropped job is waited for: longer than any iteration that a person would wait for.
const PATIENCE: Duration = Duration::from_secs(10);

impl<P: Progress, O: Send + 'static> Job<P, O> {
    /// Runs a task on a thread of its own.
    pub fn start<T: Task<Progress = P, Output = O>>(task: T, wake: Wake) -> Self {
        Self::spawn(T::NAME, wake, move |control| task.run(control).unwrap_or_else(|failure| Ending::Failed(failure.0)))
    }

    /// Runs `work` on a thread of this name.
    pub fn spawn(name: &str, wake: Wake, work: impl FnOnce(&Control<P, O>) -> Ending + Send + 'static) -> Self {
        let (requests, inbox) = bounded(QUEUE);
        let (outbox, events) = bounded(QUEUE);
        let latest = Arc::new(Latest::default());
        let control = Control { inbox, outbox, latest: latest.clone(), wake, wanted: Cell::new(Wanted::Run) };
        let body = move || {
            give_way();
            let ended = catch_unwind(AssertUnwindSafe(|| work(&control)));
            let ending = ended.unwrap_or_else(|panic| Ending::Failed(describe_panic(panic.as_ref())));
            control.tell(Event::Ended(ending));
        };
        let thread = std::thread::Builder::new().name(name.into()).spawn(body);
        match thread {
            Ok(thread) => Self { requests: Some(requests), events: Some(events), latest, thread: Some(thread) },
            Err(error) => {
                // Without a thread there is nobody to tell the ending, so it is put into the queue here.
                let (outbox, events) = bounded(1);
                let _ = outbox.send(Event::Ended(Ending::Failed(format!("The work could not be started: {error}."))));
                Self { requests: None, events: Some(events), latest, thread: None }
            }
        }
    }
}

impl<P, O> Job<P, O> {
    /// Asks something of the job; after its end this does nothing.
    pub fn request(&self, request: Request) {
        if let Some(requests) = &self.requests {
            let _ = requests.try_send(request);
        }
    }

    /// How far it is, where that has changed since the last call.
    pub fn progress(&self) -> Option<P> {
        self.latest.take()
    }

    /// The next event, if there is one.
    pub fn poll(&self) -> Option<Event<O>> {
        self.events.as_ref()?.try_recv().ok()
    }

    /// Waits for the next event, at most so long.
    pub fn wait(&self, at_most: Duration) -> Option<Event<O>> {
        self.events.as_ref()?.recv_timeout(at_most).ok()
    }

    /// What asks something of the job from elsewhere, such as from a handler of Ctrl+C.
    pub fn asker(&self) -> impl Fn(Request) + Send + 'static {
        let requests = self.requests.clone();
        move |request| {
            if let Some(requests) = &requests {
                let _ = requests.try_send(request);
            }
        }
    }

    /// Lets the thread end by itself: for work that a person has to end, such as a dialog.
    pub fn detach(&mut self) {
        self.thread = None;
    }
}

impl<P, O> Drop for Job<P, O> {
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
    format!(
        "The program ran into an internal error ({text}), and the work ended. Please report it; what was saved is kept."
    )
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
    inbox: Receiver<Request>,
    outbox: Sender<Event<O>>,
    latest: Arc<Latest<P>>,
    wake: Wake,
    wanted: Cell<Wanted>,
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
    fn tell(&self, event: Event<O>) {
        let _ = self.outbox.send(event);
        self.wake();
    }

    /// Makes a window look for news.
    pub fn wake(&self) {
        (self.wake)();
    }
}
