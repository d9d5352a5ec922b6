//! Work that cannot be interrupted.

use std::sync::mpsc;
use std::time::Duration;

/// Does work on a thread of its own, and asks `go_on` in between. Nothing if the work was given up: its thread goes on to its
/// end, and its result is dropped.
///
/// # Panics
/// If the work panics, or the system has no thread left.
pub fn detached<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
    go_on: &dyn Fn() -> bool,
) -> Option<T> {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::Builder::new().name(name.into()).spawn(move || {
        // Nobody listens any more if the work was given up.
        let _ = sender.send(work());
    });
    let thread = thread.expect("a thread");
    loop {
        match receiver.recv_timeout(Duration::from_millis(50)) {
            Ok(found) => return Some(found),
            Err(mpsc::RecvTimeoutError::Timeout) if go_on() => {}
            Err(mpsc::RecvTimeoutError::Timeout) => return None,
            Err(mpsc::RecvTimeoutError::Disconnected) => match thread.join() {
                Err(panic) => std::panic::resume_unwind(panic),
                Ok(()) => return None,
            },
        }
    }
}
