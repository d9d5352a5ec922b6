//! Questions to the user, and their answers.

use std::path::PathBuf;

/// What a path is for.
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
    /// Asks for a path: by the system's dialog, or typed where the desktop has none.
    Path {
        kind: PathKind,
        title: &'static str,
        /// The text of the button where the path is typed.
        action: &'static str,
        /// Kinds of files, each with its endings.
        filters: &'static [(&'static str, &'static [&'static str])],
        /// The proposed path.
        proposed: PathBuf,
    },
    /// Asks for one of several answers, the proposed one first. If `can_dismiss`, Escape closes it without an answer.
    Choice { title: String, text: String, answers: Vec<String>, can_dismiss: bool },
}

/// An answer.
pub enum Answer {
    /// The paths that were chosen, at least one.
    Paths(Vec<PathBuf>),
    /// The index of the answer that was chosen.
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
