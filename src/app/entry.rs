//! The entries of menus, palette and keys: commands of the window and of the spaces.

use egui::{Key, KeyboardShortcut, Modifiers};

use super::command::{Action, Command};
use super::shared::Shared;
use super::space::{Space, SpaceCommand};

/// A command as an entry of menus, palette and keys.
pub struct Entry {
    pub action: Action,
    pub name: String,
    pub tooltip: &'static str,
    pub key: Option<KeyboardShortcut>,
    pub unavailable: Option<String>,
}

impl Entry {
    /// A command of the window.
    pub fn of(command: Command, shared: &Shared) -> Self {
        Self {
            action: Action::Do(command),
            name: command.name(),
            tooltip: command.tooltip(),
            key: command.shortcut(),
            unavailable: unavailable(command, shared).map(String::from),
        }
    }

    /// The commands of a space.
    pub fn of_space(space: &dyn Space, shared: &Shared) -> Vec<Self> {
        let entry = |command: SpaceCommand| Self {
            action: Action::DoIn(space.name(), command.id),
            name: command.name.into(),
            tooltip: command.tooltip,
            key: command.key,
            unavailable: command.unavailable,
        };
        space.commands(shared).into_iter().map(entry).collect()
    }
}

/// All commands for the palette: those of the shown space first.
pub fn entries(spaces: &[Box<dyn Space>], current: usize, shared: &Shared) -> Vec<Entry> {
    let mut all = Entry::of_space(&*spaces[current], shared);
    all.extend(Command::all().into_iter().map(|command| Entry::of(command, shared)));
    for space in spaces {
        all.push(Entry {
            action: Action::Go(space.name()),
            name: format!("Workspace: {}", space.name()),
            tooltip: space.purpose(),
            key: None,
            unavailable: None,
        });
    }
    for space in spaces.iter().enumerate().filter(|(n, _)| *n != current).map(|(_, space)| space) {
        let others = Entry::of_space(&**space, shared).into_iter();
        all.extend(others.map(|entry| Entry { name: format!("{}: {}", space.name(), entry.name), key: None, ..entry }));
    }
    all
}

/// The entry whose key was pressed. `was_busy` says whether a control had the focus, or a menu was open, until now.
/// Keys without modifiers count only while no control has the focus.
pub fn pressed(ctx: &egui::Context, was_busy: bool, entries: impl FnOnce() -> Vec<Entry>) -> Option<Entry> {
    let is_key = |event: &egui::Event| matches!(event, egui::Event::Key { pressed: true, .. });
    if !ctx.input(|i| i.events.iter().any(is_key)) {
        return None;
    }
    // Escape leaves a field or closes a menu before this frame sees it. That must not stop a run.
    let typing = was_busy || ctx.egui_wants_keyboard_input() || ctx.memory(|m| m.focused().is_some());
    entries().into_iter().find(|entry| {
        let Some(key) = entry.key else { return false };
        let plain = key.modifiers == Modifiers::NONE && key.logical_key != Key::F1;
        !(plain && typing) && ctx.input_mut(|i| i.consume_shortcut(&key))
    })
}

/// Why a command cannot be called now, if it cannot.
fn unavailable(command: Command, shared: &Shared) -> Option<&'static str> {
    match command {
        Command::Undo if !shared.history.can_undo() && !shared.has_unrecorded_changes() => {
            Some("There is nothing to undo.")
        }
        Command::Redo if !shared.history.can_redo() => Some("There is nothing to redo."),
        _ => None,
    }
}
