//! One progress bar and one Ctrl+C for every task.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::print::say;
use crate::job::{Ending, Event, Job, Progress, Request, Task};

/// Steps of the progress bar.
const BAR_STEPS: u64 = 1000;

/// Runs a task with a progress bar until it ends. Names of written files are printed, warnings go to stderr. `lines`
/// gives the lines to print for new progress, `done` gets each result. The first Ctrl+C stops the task and keeps its
/// results so far, the second ends the program.
pub fn follow<T: Task>(
    task: T,
    mut lines: impl FnMut(&T::Progress) -> Vec<String>,
    mut done: impl FnMut(T::Output),
) -> anyhow::Result<Ending> {
    let bar = ProgressBar::new(BAR_STEPS);
    bar.set_style(
        ProgressStyle::with_template("{msg}  [{bar:32}] {percent} %  {elapsed} elapsed")?.progress_chars("=> "),
    );
    let job = Job::start(task, Arc::new(|| {}));
    stop_on_interrupt(job.requester());
    let mut show = |progress: T::Progress| {
        bar.set_position((progress.share() * BAR_STEPS as f64) as u64);
        let left = progress.seconds_left().map(|left| format!(", {} left", crate::figure::duration(left)));
        bar.set_message(format!("{}{}", progress.doing(), left.unwrap_or_default()));
        for line in lines(&progress) {
            bar.suspend(|| say!("{line}"));
        }
    };
    let ending = loop {
        job.progress().into_iter().for_each(&mut show);
        match job.wait(Duration::from_millis(100)) {
            None => {}
            Some(Event::Warning(text)) => bar.suspend(|| eprintln!("{text}")),
            Some(Event::Saved(path)) => bar.suspend(|| say!("{}", path.display())),
            Some(Event::Output(output)) => bar.suspend(|| done(output)),
            Some(Event::Ended(ending)) => break ending,
        }
    };
    // The last progress may have come after the last check for it.
    job.progress().into_iter().for_each(&mut show);
    bar.finish_and_clear();
    Ok(ending)
}

/// Sends a request to the running task.
type RequestSender = Box<dyn Fn(Request) + Send>;

/// The first Ctrl+C asks the task to stop and keep its results, the second ends the program.
fn stop_on_interrupt(send: impl Fn(Request) + Send + 'static) {
    static RUNNING: Mutex<Option<RequestSender>> = Mutex::new(None);
    static INTERRUPTED: AtomicBool = AtomicBool::new(false);
    *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(send));
    // A process can set one handler only. The first one serves all later tasks through RUNNING.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        if let Some(send) = &*RUNNING.lock().unwrap_or_else(PoisonError::into_inner) {
            send(Request::StopAndKeep);
        }
    });
}
