//! Reading, writing and other short work on other threads.

use std::path::{Path, PathBuf};

use super::state::{Completion, Shared};
use super::watch::{News, OneShot, Watch};

impl Shared {
    /// Runs `work` on another thread, and what it returns on the window's thread. `shows_busy` says whether the bar shows
    /// it as reading: not for a dialog, which may stay open for long.
    pub fn in_background(&mut self, shows_busy: bool, work: impl FnOnce() -> Completion + Send + 'static) {
        let mut watch = Watch::default();
        watch.start_detached(OneShot(Box::new(|| Ok(work()))), &self.wake);
        self.work.tasks.push((shows_busy, watch));
    }

    /// Writes results into a folder or file, and says so.
    pub fn write(&mut self, to: PathBuf, write: impl FnOnce(&Path) -> Result<(), String> + Send + 'static) {
        self.in_background(true, move || {
            let written = write(&to);
            Box::new(move |shared| match written {
                Ok(()) => shared.messages.note(format!("Written to {}.", to.display())),
                Err(reason) => shared.messages.error(reason),
            })
        });
    }
}

/// Runs the completions of finished work.
pub fn poll(shared: &mut Shared) {
    let mut completions = vec![];
    for (_, watch) in &mut shared.work.tasks {
        while let Some(news) = watch.poll(&mut shared.messages) {
            if let News::Output(completion) = news {
                completions.push(completion);
            }
        }
    }
    shared.work.tasks.retain(|(_, watch)| watch.is_running());
    completions.into_iter().for_each(|completion| completion(shared));
}
