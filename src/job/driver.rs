//! The driver that runs every task on a thread of its own.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded};

use super::control::{Control, Ending, Event, Latest, Request, Wake, Wanted};
use super::task::{Progress, Task};

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
