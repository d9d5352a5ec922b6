//! Work on another thread that a job watches.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Control;
use super::progress::StudyProgress;

/// The share of all work that is done, and its words, of the share of a part.
pub type Told<'a> = &'a (dyn Fn(f64, &str) -> (f64, String) + Sync);

/// Runs work on another thread, shows its progress if it is told how, and lets it know when the job is to end: the control
/// belongs to the job's own thread. The work calls what it is given with the share that is done and a few words, and ends
/// when that returns `false`.
pub fn watched<T: Send, O>(
    control: &Control<StudyProgress, O>,
    told: Option<Told>,
    work: impl FnOnce(&(dyn Fn(f64, &str) -> bool + Sync)) -> T + Send,
) -> T {
    let is_ending = AtomicBool::new(false);
    let (sender, receiver) = crossbeam_channel::bounded::<(f64, String)>(1);
    std::thread::scope(|scope| {
        let is_ending = &is_ending;
        let thread = scope.spawn(move || {
            let progress = |share: f64, doing: &str| {
                // What does not fit is old by the time it would be read.
                let _ = sender.try_send((share, doing.to_string()));
                !is_ending.load(Ordering::Relaxed)
            };
            work(&progress)
        });
        while !thread.is_finished() {
            let news = receiver.recv_timeout(std::time::Duration::from_millis(30));
            if let (Ok((share, doing)), Some(told)) = (news, told) {
                let (share, doing) = told(share, &doing);
                control.show(StudyProgress { share, doing });
            }
            control.wait_while_paused();
            is_ending.store(control.is_ending(), Ordering::Relaxed);
        }
        match thread.join() {
            Ok(found) => found,
            // The job's own thread says what happened.
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}
