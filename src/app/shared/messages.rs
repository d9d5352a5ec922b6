//! Messages to the user: the last one stays in the bar, all of them in a list.

use std::time::Instant;

/// How much a message matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something was done.
    Note,
    /// Something that the user should know.
    Warning,
    /// Something failed.
    Error,
}

/// A sentence with its time.
#[derive(Clone, Debug)]
pub struct Message {
    pub level: Level,
    pub text: String,
    pub at: Instant,
}

/// All messages of the session, oldest first.
#[derive(Debug, Default)]
pub struct Messages {
    pub all: Vec<Message>,
    /// Whether the list is shown.
    pub open: bool,
}

/// The most messages that are kept.
const MOST_MESSAGES: usize = 500;

impl Messages {
    pub fn push(&mut self, level: Level, text: impl Into<String>) {
        let text = text.into();
        match level {
            Level::Note => tracing::info!("{text}"),
            Level::Warning => tracing::warn!("{text}"),
            Level::Error => tracing::error!("{text}"),
        }
        if self.all.len() == MOST_MESSAGES {
            self.all.remove(0);
        }
        self.all.push(Message { level, text, at: Instant::now() });
    }

    pub fn note(&mut self, text: impl Into<String>) {
        self.push(Level::Note, text);
    }

    pub fn warning(&mut self, text: impl Into<String>) {
        self.push(Level::Warning, text);
    }

    pub fn error(&mut self, text: impl Into<String>) {
        self.push(Level::Error, text);
    }
}
