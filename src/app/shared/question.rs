//! Questions to a person, and their answers.

use std::path::PathBuf;

/// What a path is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// One file to read.
    File,
    /// Files to read.
    Files,
    /// Folders to read.
    Folders,
    /// A file to write.
    Save,
    /// A folder to write to.
    Folder,
}

/// A question.
pub enum Ask {
    /// For a path: by the system's dialog, or typed where the desktop has none.
    Path {
        kind: PathKind,
        title: &'static str,
        /// What the button says where the path is typed.
        action: &'static str,
        /// Kinds of files, each with its endings.
        filters: &'static [(&'static str, &'static [&'static str])],
        /// The path that is proposed.
        proposed: PathBuf,
    },
    /// For one of some answers, the proposed one first. Where it can be put off, Escape closes it.
    Choice { title: String, text: String, answers: Vec<String>, can_wait: bool },
}

/// An answer.
pub enum Answer {
    /// The paths that were chosen, at least one.
    Paths(Vec<PathBuf>),
    /// The number of the answer that was chosen.
    Choice(usize),
}

impl Answer {
    /// The paths that were chosen.
    pub fn paths(self) -> Vec<PathBuf> {
        match self {
            Self::Paths(paths) => paths,
            Self::Choice(_) => vec![],
        }
    }

    /// The first of them.
    pub fn path(self) -> PathBuf {
        self.paths().into_iter().next().unwrap_or_default()
    }
}
