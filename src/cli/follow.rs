//! One progress bar and one Ctrl+C for every task.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::print::say;
use crate::job::{Ending, Event, Job, Progress, Request, Task};

/// Steps of the progress bar.
const BAR: u64 = 1000;

/// Runs a task behind a progress bar until it ends. Files that it writes are printed, warnings go to stderr; `lines` says
/// what to print of a new state, `done` gets what the task makes. The first Ctrl+C stops the task and keeps what there
/// is, the second ends the program.
pub fn follow<T: Task>(
    task: T,
    mut lines: impl FnMut(&T::Progress) -> Vec<String>,
    mut done: impl FnMut(T::Output),
) -> anyhow::Result<Ending> {
    let bar = ProgressBar::new(BAR);
    bar.set_style(ProgressStyle::with_template("{msg}  [{bar:32}] {percent} %  {elapsed} gone")?.progress_chars("=> "));
    let job = Job::start(task, Arc::new(|| {}));
    stop_on_interrupt(job.requester());
    let mut show = |progress: T::Progress| {
        bar.set_position((progress.share() * BAR as f64) as u64);
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
    // The last state may have come between the look at it and the ending.
    job.progress().into_iter().for_each(&mut show);
    bar.finish_and_clear();
    Ok(ending)
}

/// What asks something of the task that runs now.
type Asker = Box<dyn Fn(Request) + Send>;

/// The first Ctrl+C stops and keeps, the second ends at once.
fn stop_on_interrupt(ask: impl Fn(Request) + Send + 'static) {
    static RUNNING: Mutex<Option<Asker>> = Mutex::new(None);
    static ASKED: AtomicBool = AtomicBool::new(false);
    *RUNNING.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(ask));
    // A second handler in one process is refused: the first one asks whatever runs then.
    let _ = ctrlc::set_handler(|| {
        if ASKED.swap(true, Ordering::Relaxed) {
            std::process::exit(130);
        }
        if let Some(ask) = &*RUNNING.lock().unwrap_or_else(PoisonError::into_inner) {
            ask(Request::StopAndKeep);
        }
    });
}
