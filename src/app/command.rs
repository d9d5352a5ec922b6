//! The commands of the window: one list feeds the menus, the keys and the palette.

use egui::{Key, KeyboardShortcut, Modifiers};

use std::path::PathBuf;

use crate::project::{Project, Stamp};
use crate::synth::Sample;

/// A command of the window. Spaces have commands of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Choose a micrograph's file.
    Open,
    /// Type a micrograph's path.
    OpenPath,
    /// Load a built-in micrograph.
    OpenSample(Sample),
    /// Write everything into one file.
    SaveProject,
    /// The same, under another name.
    SaveProjectAs,
    /// Undo the last change.
    Undo,
    /// Redo what was undone last.
    Redo,
    /// Go to the next workspace.
    NextWorkspace,
    /// Show whole pictures.
    Fit,
    /// One picture pixel on one screen pixel.
    OneToOne,
    /// All settings back to their defaults.
    ResetSettings,
    /// Light or dark.
    ToggleTheme,
    /// List the messages.
    Messages,
    /// What the program does and what its numbers mean.
    Help,
    /// Find a command by its name.
    Palette,
    /// Close the window.
    Quit,
}

impl Command {
    /// All commands, in the order of the palette.
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self::Open, Self::OpenPath];
        all.extend(Sample::ALL.map(Self::OpenSample));
        all.extend([
            Self::NextWorkspace,
            Self::SaveProject,
            Self::SaveProjectAs,
            // Redo before Undo: Ctrl+Z also matches Ctrl+Shift+Z.
            Self::Redo,
            Self::Undo,
            Self::Fit,
            Self::OneToOne,
            Self::ResetSettings,
            Self::ToggleTheme,
            Self::Messages,
            Self::Help,
            Self::Palette,
            Self::Quit,
        ]);
        all
    }

    /// Its name in menus and the palette.
    pub fn name(self) -> String {
        match self {
            Self::Open => "Open…".into(),
            Self::OpenPath => "Open by path…".into(),
            Self::OpenSample(sample) => format!("Sample: {}", sample.name()),
            Self::SaveProject => "Save the project".into(),
            Self::SaveProjectAs => "Save the project as…".into(),
            Self::Undo => "Undo".into(),
            Self::Redo => "Redo".into(),
            Self::NextWorkspace => "Next workspace".into(),
            Self::Fit => "Fit pictures".into(),
            Self::OneToOne => "Pictures 1:1".into(),
            Self::ResetSettings => "Reset all settings".into(),
            Self::ToggleTheme => "Light or dark".into(),
            Self::Messages => "Messages".into(),
            Self::Help => "Help".into(),
            Self::Palette => "Find a command…".into(),
            Self::Quit => "Quit".into(),
        }
    }

    /// One sentence for a tooltip.
    pub fn tooltip(self) -> &'static str {
        match self {
            Self::Open => "Open a micrograph (PNG, JPEG, TIFF, BMP, WebP, .npy), or the report of an earlier run.",
            Self::OpenPath => "Type or paste the path of a file; for desktops without a file dialog.",
            Self::OpenSample(sample) => sample.description(),
            Self::SaveProject => "Write micrograph, recipe, settings and results into one file.",
            Self::SaveProjectAs => "Write the project under another name.",
            Self::Undo => "Undo the last change of the recipe, of a setting, or of the open micrograph.",
            Self::Redo => "Redo the change that was undone last.",
            Self::NextWorkspace => "Go to the next workspace.",
            Self::Fit => "Show whole pictures.",
            Self::OneToOne => "Show one pixel of the picture on one pixel of the screen.",
            Self::ResetSettings => "Put every setting back to its default.",
            Self::ToggleTheme => "Switch between light and dark.",
            Self::Messages => "Show all messages of this session.",
            Self::Help => "What the program does, and what each number means.",
            Self::Palette => "Type a part of a command's name.",
            Self::Quit => "Close the window; it asks before anything is lost.",
        }
    }

    /// The key that calls it.
    pub fn shortcut(self) -> Option<KeyboardShortcut> {
        let plain = |key| Some(plain_key(key));
        let command = |key| Some(KeyboardShortcut::new(Modifiers::COMMAND, key));
        match self {
            Self::Open => command(Key::O),
            Self::SaveProject => command(Key::S),
            Self::Undo => command(Key::Z),
            Self::Redo => Some(KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z)),
            Self::NextWorkspace => Some(KeyboardShortcut::new(Modifiers::CTRL, Key::Tab)),
            Self::Palette => command(Key::K),
            Self::Quit => command(Key::Q),
            Self::Fit => plain(Key::F),
            Self::OneToOne => plain(Key::Num1),
            Self::Help => plain(Key::F1),
            _ => None,
        }
    }
}

/// A key without modifiers.
pub const fn plain_key(key: Key) -> KeyboardShortcut {
    KeyboardShortcut::new(Modifiers::NONE, key)
}

/// Something to do at the end of a frame: for a command, or for a result that has arrived.
pub enum Action {
    /// A command of the window.
    Do(Command),
    /// Go to the workspace of this name.
    Go(&'static str),
    /// A command of a space, by the space's name and the command's id.
    DoIn(&'static str, &'static str),
    /// Hand files to a space.
    Files(&'static str, Vec<PathBuf>),
    /// Open any file.
    Open(PathBuf),
    /// Open a file of a space's own in it.
    OpenIn(&'static str, PathBuf),
    /// Open a project that was read.
    ShowProject { path: PathBuf, stamp: Option<Stamp>, project: Box<Project> },
    /// Write the project; then close the window if `quit`.
    SaveProject { path: PathBuf, quit: bool },
    /// The project was written. Without a path it was the copy that survives a crash.
    ProjectSaved { path: Option<PathBuf>, result: Result<Option<Stamp>, String>, quit: bool },
    /// Open the work of a window that did not close properly, or delete it.
    Recover { copy: PathBuf, open: bool },
    /// Save the project, then close the window.
    SaveAndQuit,
    /// Close the window.
    Quit,
}
