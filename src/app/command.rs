//! What a person can do: one list feeds the menus, the keys and the palette.

use egui::{Key, KeyboardShortcut, Modifiers};

use super::Workspace;
use crate::synth::Sample;

/// A command.
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
    /// Take the last decision back.
    Undo,
    /// Decide again what was undone.
    Redo,
    /// Go to a workspace.
    Workspace(Workspace),
    /// Go to the next one.
    NextWorkspace,
    /// Write results to a folder.
    Export,
    /// Start, pause or go on.
    StartOrPause,
    /// Stop and keep what there is.
    StopAndKeep,
    /// Stop and throw away.
    Cancel,
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
}

impl Command {
    /// All commands, in the order of the palette.
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self::Open, Self::OpenPath];
        all.extend(Sample::ALL.map(Self::OpenSample));
        all.extend(Workspace::ALL.map(Self::Workspace));
        all.extend([
            Self::NextWorkspace,
            Self::SaveProject,
            Self::SaveProjectAs,
            // With more modifiers first: a key with fewer would take it.
            Self::Redo,
            Self::Undo,
            Self::Export,
            Self::StartOrPause,
            Self::StopAndKeep,
            Self::Cancel,
            Self::Fit,
            Self::OneToOne,
            Self::ResetSettings,
            Self::ToggleTheme,
            Self::Messages,
            Self::Help,
            Self::Palette,
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
            Self::Workspace(workspace) => format!("Workspace: {}", workspace.name()),
            Self::NextWorkspace => "Next workspace".into(),
            Self::Export => "Export…".into(),
            Self::StartOrPause => "Start, pause or resume".into(),
            Self::StopAndKeep => "Stop and keep".into(),
            Self::Cancel => "Cancel the run".into(),
            Self::Fit => "Fit pictures".into(),
            Self::OneToOne => "Pictures 1:1".into(),
            Self::ResetSettings => "Reset all settings".into(),
            Self::ToggleTheme => "Light or dark".into(),
            Self::Messages => "Messages".into(),
            Self::Help => "Help".into(),
            Self::Palette => "Find a command…".into(),
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
            Self::Undo => "Take the last change back: of the recipe, of a setting, or of the open micrograph.",
            Self::Redo => "Make the change again that was taken back.",
            Self::Workspace(workspace) => workspace.tooltip(),
            Self::NextWorkspace => "Go to the next workspace.",
            Self::Export => "Write the shown realisation: phase map, image, curves, plots and report.",
            Self::StartOrPause => "Start a reconstruction with these settings; while one runs, pause it or go on.",
            Self::StopAndKeep => "End after this iteration and keep the realisation as it is.",
            Self::Cancel => "End the run and throw the unfinished realisation away.",
            Self::Fit => "Show whole pictures.",
            Self::OneToOne => "Show one pixel of the picture on one pixel of the screen.",
            Self::ResetSettings => "Put every setting back to its default.",
            Self::ToggleTheme => "Switch between light and dark.",
            Self::Messages => "Show all messages of this session.",
            Self::Help => "What the program does, and what each number means.",
            Self::Palette => "Type a part of a command's name.",
        }
    }

    /// The key that calls it.
    pub fn shortcut(self) -> Option<KeyboardShortcut> {
        let plain = |key| Some(KeyboardShortcut::new(Modifiers::NONE, key));
        let command = |key| Some(KeyboardShortcut::new(Modifiers::COMMAND, key));
        match self {
            Self::Open => command(Key::O),
            Self::SaveProject => command(Key::S),
            Self::Export => command(Key::E),
            Self::Undo => command(Key::Z),
            Self::Redo => Some(KeyboardShortcut::new(Modifiers::COMMAND.plus(Modifiers::SHIFT), Key::Z)),
            Self::NextWorkspace => Some(KeyboardShortcut::new(Modifiers::CTRL, Key::Tab)),
            Self::Palette => command(Key::K),
            Self::StartOrPause => plain(Key::Space),
            Self::StopAndKeep => plain(Key::Escape),
            Self::Fit => plain(Key::F),
            Self::OneToOne => plain(Key::Num1),
            Self::Help => plain(Key::F1),
            _ => None,
        }
    }
}

/// The command whose key was pressed. `was_busy` says whether a control or menu had the keys until now; plain keys only while nobody types and no control has the focus.
pub fn pressed(ctx: &egui::Context, was_busy: bool) -> Option<Command> {
    // Escape leaves a field or closes a menu, both before this frame sees it; that must not stop a run.
    let typing = was_busy || ctx.egui_wants_keyboard_input() || ctx.memory(|m| m.focused().is_some());
    Command::all().into_iter().find(|command| {
        let Some(shortcut) = command.shortcut() else { return false };
        let plain = shortcut.modifiers == Modifiers::NONE && shortcut.logical_key != Key::F1;
        !(plain && typing) && ctx.input_mut(|i| i.consume_shortcut(&shortcut))
    })
}
