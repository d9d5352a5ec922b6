//! Reading, writing and other short work on other threads.

use std::path::{Path, PathBuf};

use super::question::{Answer, Ask};
use super::recent;
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

    /// Writes results into a folder or file, and says so. Asks first where something is there already.
    pub fn write(&mut self, to: PathBuf, write: impl FnOnce(&Path) -> Result<(), String> + Send + 'static) {
        if !is_taken(&to) {
            return write_over(self, to, write);
        }
        let beside = free_name(&to);
        let ask = Ask::Choice {
            title: "There are results of that name already".into(),
            text: format!("{} exists. Write beside it, or replace what is there?", to.display()),
            answers: [format!("Write to {}", file_name(&beside)), "Replace".into(), "Close".into()].into(),
            can_dismiss: true,
        };
        self.ask(ask, move |shared, answer| match answer {
            Answer::Choice(0) => write_over(shared, beside, write),
            Answer::Choice(1) => write_over(shared, to, write),
            _ => {}
        });
    }
}

/// Writes results into a folder or file without a question, and says so.
pub fn write_over(shared: &mut Shared, to: PathBuf, write: impl FnOnce(&Path) -> Result<(), String> + Send + 'static) {
    shared.in_background(true, move || {
        let written = write(&to);
        Box::new(move |shared| match written {
            Ok(()) => shared.messages.note(format!("Written to {}.", to.display())),
            Err(reason) => shared.messages.error(reason),
        })
    });
}

/// Puts a path at the top of the list of what was opened last.
pub fn remember(shared: &mut Shared, path: &Path) {
    recent::put_first(&mut shared.recent, path);
    let paths = shared.recent.clone();
    shared.in_background(false, move || {
        recent::save(&paths);
        Box::new(|_| {})
    });
}

/// Whether a file or a folder with content is there.
pub fn is_taken(path: &Path) -> bool {
    match std::fs::read_dir(path) {
        Ok(mut inside) => inside.next().is_some(),
        Err(_) => path.exists(),
    }
}

/// The first name with -2, -3 … that nothing has yet.
pub fn free_name(path: &Path) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let ending = path.extension().map_or(String::new(), |e| format!(".{}", e.to_string_lossy()));
    let name = |n: usize| path.with_file_name(format!("{stem}-{n}{ending}"));
    (2..).map(name).find(|path| !is_taken(path)).unwrap_or_else(|| path.into())
}

fn file_name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
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
