//! Reading, writing and other short work off the window's thread.

use std::path::{Path, PathBuf};

use super::state::{Deed, Shared};
use super::watch::{News, Once, Watch};

impl Shared {
    /// Runs `work` elsewhere, and what it returns on the window's thread. `counts` says whether it counts as reading or
    /// writing: a dialog may stay open for long.
    pub fn elsewhere(&mut self, counts: bool, work: impl FnOnce() -> Deed + Send + 'static) {
        let mut watch = Watch::default();
        watch.start_alone(Once(Box::new(|| Ok(work()))), &self.wake);
        self.work.errands.push((counts, watch));
    }

    /// Writes results into a folder or file, and says so.
    pub fn write(&mut self, to: PathBuf, write: impl FnOnce(&Path) -> Result<(), String> + Send + 'static) {
        self.elsewhere(true, move || {
            let written = write(&to);
            Box::new(move |shared| match written {
                Ok(()) => shared.messages.note(format!("Written to {}.", to.display())),
                Err(reason) => shared.messages.error(reason),
            })
        });
    }
}

/// Does what the results of finished work ask for.
pub fn poll(shared: &mut Shared) {
    let mut deeds = vec![];
    for (_, watch) in &mut shared.work.errands {
        while let Some(news) = watch.poll(&mut shared.messages) {
            if let News::Output(deed) = news {
                deeds.push(deed);
            }
        }
    }
    shared.work.errands.retain(|(_, watch)| watch.is_running());
    deeds.into_iter().for_each(|deed| deed(shared));
}
