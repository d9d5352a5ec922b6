//! The driver that runs every task on a thread of its own.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::control::{Control, Ending, Event, Latest, Request, Wake, Wanted};
use super::task::{Progress, Task};

/// The owner's handle of a running or ended job: `P` is its progress, `O` its output.
pub struct Job<P, O> {
    requests: Option<Sender<Request>>,
    events: Option<Receiver<Event<O>>>,
    latest: Arc<Latest<P>>,
    thread: Option<JoinHandle<()>>,
}

/// The job of a task.
pub type JobOf<T> = Job<<T as Task>::Progress, <T as Task>::Output>;

/// Capacity of the queue of events; an event waits while it is full. Requests, which people make, are never dropped.
const QUEUE: usize = 256;
/// How long dropping a job waits for its thread: longer than an iteration usually takes.
const DROP_TIMEOUT: Duration = Duration::from_secs(10);

impl<P: Progress, O: Send + 'static> Job<P, O> {
    /// Runs a task on a thread of its own.
    pub fn start<T: Task<Progress = P, Output = O>>(task: T, wake: Wake) -> Self {
        Self::spawn(T::NAME, wake, move |control| task.run(control).unwrap_or_else(|failure| Ending::Failed(failure.0)))
    }

    /// Runs `work` on a thread of this name.
    pub fn spawn(name: &str, wake: Wake, work: impl FnOnce(&Control<P, O>) -> Ending + Send + 'static) -> Self {
        let (requests, inbox) = unbounded();
        let (outbox, events) = bounded(QUEUE);
        let latest = Arc::new(Latest::default());
        let control = Control { inbox, outbox, latest: latest.clone(), wake, wanted: Cell::new(Wanted::Run) };
        let body = move || {
            lower_priority();
            let ended = catch_unwind(AssertUnwindSafe(|| work(&control)));
            let ending = ended.unwrap_or_else(|panic| Ending::Failed(describe_panic(panic.as_ref())));
            control.send(Event::Ended(ending));
        };
        let thread = std::thread::Builder::new().name(name.into()).spawn(body);
        match thread {
            Ok(thread) => Self { requests: Some(requests), events: Some(events), latest, thread: Some(thread) },
            Err(error) => {
                // Without a thread nobody else sends the ending.
                let (outbox, events) = bounded(1);
                let _ = outbox.send(Event::Ended(Ending::Failed(format!("The work could not be started: {error}."))));
                Self { requests: None, events: Some(events), latest, thread: None }
            }
        }
    }
}

impl<P, O> Job<P, O> {
    /// Sends a request to the job; does nothing after its end.
    pub fn request(&self, request: Request) {
        if let Some(requests) = &self.requests {
            let _ = requests.send(request);
        }
    }

    /// The latest progress, if there is any since the last call.
    pub fn progress(&self) -> Option<P> {
        self.latest.take()
    }

    /// The next event, if there is one.
    pub fn poll(&self) -> Option<Event<O>> {
        self.events.as_ref()?.try_recv().ok()
    }

    /// Waits for the next event, no longer than `at_most`.
    pub fn wait(&self, at_most: Duration) -> Option<Event<O>> {
        self.events.as_ref()?.recv_timeout(at_most).ok()
    }

    /// A function that sends requests to the job from elsewhere, such as from a Ctrl+C handler.
    pub fn requester(&self) -> impl Fn(Request) + Send + 'static {
        let requests = self.requests.clone();
        move |request| {
            if let Some(requests) = &requests {
                let _ = requests.send(request);
            }
        }
    }

    /// Lets the thread end by itself when the job is dropped: for work that only the user can end, such as a dialog.
    pub fn detach(&mut self) {
        self.thread = None;
    }
}

impl<P, O> Drop for Job<P, O> {
    fn drop(&mut self) {
        // Dropping the sender cancels the job; dropping the receiver keeps its next event from waiting.
        self.requests = None;
        self.events = None;
        let Some(thread) = self.thread.take() else { return };
        let given_up = Instant::now() + DROP_TIMEOUT;
        while !thread.is_finished() && Instant::now() < given_up {
            std::thread::sleep(Duration::from_millis(2));
        }
        if thread.is_finished() {
            let _ = thread.join();
        }
    }
}

/// Lowers the priority of the current thread, so that the window stays responsive while it computes.
pub fn lower_priority() {
    use thread_priority::{ThreadPriority, ThreadPriorityValue, set_current_thread_priority};
    /// In 0 … 99; the usual priority is about 50.
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
