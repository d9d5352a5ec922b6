//! The bar of commands at the top, and the status bar.

use egui::{Align, Layout, ProgressBar, RichText, Ui};

use super::command::{Action, Command};
use super::entry::Entry;
use super::overlays::{command_button, message_color};
use super::shared::Shared;
use super::shared::messages::Messages;
use super::space::Space;
use super::theme;
use crate::compute::mebibytes;
use crate::synth::Sample;

/// Width, in points, of the buttons for zooming and those at the right end of the bar.
const ROOM_FOR_ZOOM: f32 = 340.0;

/// The bar of commands; `project` is the name of the open project.
pub fn top_bar(shared: &mut Shared, spaces: &[Box<dyn Space>], current: usize, project: Option<String>, ui: &mut Ui) {
    let mut chosen = None;
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        ui.label(RichText::new("Microwright").heading().strong());
        ui.separator();
        for (n, space) in spaces.iter().enumerate() {
            let tab = egui::Button::selectable(current == n, space.name());
            if ui.add(tab).on_hover_text(space.purpose()).clicked() {
                chosen = Some(Action::Go(space.name()));
            }
        }
        ui.separator();
        chosen = chosen.take().or(file_menu(shared, &*spaces[current], project, ui));
        let samples = ui.menu_button("Samples ▾", |ui| {
            for sample in Sample::ALL {
                if ui.button(sample.name()).on_hover_text(sample.description()).clicked() {
                    chosen = Some(Action::Do(Command::OpenSample(sample)));
                }
            }
        });
        samples.response.on_hover_text("Built-in micrographs to try things on.");
        for (text, command) in [("↶", Command::Undo), ("↷", Command::Redo)] {
            if short_button(shared, ui, text, command) {
                chosen = Some(Action::Do(command));
            }
        }
        // In a narrow window these are left to their keys and the palette, so that nothing overlaps.
        if ui.available_width() > ROOM_FOR_ZOOM {
            ui.separator();
            for (text, command) in [("Fit", Command::Fit), ("1:1", Command::OneToOne)] {
                if short_button(shared, ui, text, command) {
                    chosen = Some(Action::Do(command));
                }
            }
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let theme = if ui.visuals().dark_mode { "Light" } else { "Dark" };
            for (text, command) in
                [("Help", Command::Help), ("Commands", Command::Palette), (theme, Command::ToggleTheme)]
            {
                if short_button(shared, ui, text, command) {
                    chosen = Some(Action::Do(command));
                }
            }
            if shared.work.is_busy() {
                ui.label("reading…");
                ui.spinner();
            }
        });
    });
    ui.add_space(4.0);
    chosen.into_iter().for_each(|action| shared.act(action));
}

/// A button with a short text. Screen readers get the command's name where the text is a symbol.
fn short_button(shared: &Shared, ui: &mut Ui, text: &str, command: Command) -> bool {
    let entry = Entry::of(command, shared);
    let is_enabled = entry.unavailable.is_none();
    let button = ui.add_enabled(is_enabled, egui::Button::new(text));
    if !text.chars().any(char::is_alphanumeric) {
        button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, is_enabled, &entry.name));
    }
    let key = entry.key.map(|key| format!(" ({})", ui.ctx().format_shortcut(&key))).unwrap_or_default();
    let button = button.on_hover_text(format!("{}{key}", entry.tooltip));
    button.on_disabled_hover_text(entry.unavailable.unwrap_or_default()).clicked()
}

/// The button and the menu to open and save, and the commands of the shown space.
fn file_menu(shared: &Shared, space: &dyn Space, project: Option<String>, ui: &mut Ui) -> Option<Action> {
    let mut chosen = None;
    if command_button(ui, &Entry::of(Command::Open, shared), false) {
        chosen = Some(Action::Do(Command::Open));
    }
    let menu = ui.menu_button("Project ▾", |ui| {
        ui.set_min_width(230.0);
        let general = [Command::SaveProject, Command::SaveProjectAs, Command::OpenPath];
        let general = general.map(|command| Entry::of(command, shared));
        let own = Entry::of_space(space, shared);
        for (n, entry) in general.into_iter().chain(own).enumerate() {
            if n == 3 {
                ui.separator();
            }
            if command_button(ui, &entry, true) {
                chosen = Some(entry.action);
                ui.close();
            }
        }
    });
    menu.response.on_hover_text("Save everything in one file; and the commands of this workspace.");
    if let Some(name) = project {
        ui.label(RichText::new(name).weak()).on_hover_text("The project; • means that something is not saved yet.");
    }
    chosen
}

/// The status bar: the device, running work and the last message.
pub fn status_bar(shared: &mut Shared, spaces: &[Box<dyn Space>], ui: &mut Ui) {
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        ui.set_min_height(26.0);
        let devices = &shared.devices;
        let device = match (devices.chosen(&shared.settings.device), &devices.table, &devices.probe.failure) {
            (Some(device), ..) => device.name.clone(),
            (None, Some(_), _) => "no such device".into(),
            (None, None, None) => "checking the devices…".into(),
            (None, None, Some(_)) => "the devices could not be checked".into(),
        };
        ui.label(device).on_hover_text("Where the reconstruction is computed. A machine without a GPU uses its cores.");
        work_in_progress(shared, spaces, ui);
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| last_message(&mut shared.messages, ui));
    });
    ui.add_space(2.0);
}

/// The running work of all spaces, with its buttons.
fn work_in_progress(shared: &mut Shared, spaces: &[Box<dyn Space>], ui: &mut Ui) {
    let mut chosen = None;
    for space in spaces {
        let Some(status) = space.status() else { continue };
        ui.separator();
        if let Some(memory) = status.memory {
            ui.label(mebibytes(memory)).on_hover_text("Memory of the network and the optimiser.");
        }
        if status.buttons.is_empty() {
            let text = format!("{}: {:.0} %", status.what, 100.0 * status.share);
            ui.label(text).on_hover_text(format!("In the {} workspace.", space.name()));
            continue;
        }
        ui.add(ProgressBar::new(status.share as f32).desired_width(220.0).text(status.text));
        for (text, tip, id) in status.buttons {
            if ui.button(text).on_hover_text(tip).clicked() {
                chosen = Some(Action::DoIn(space.name(), id));
            }
        }
    }
    chosen.into_iter().for_each(|action| shared.act(action));
}

fn last_message(messages: &mut Messages, ui: &mut Ui) {
    let count = messages.all.len();
    let text = if count == 1 { "1 message".into() } else { format!("{count} messages") };
    if ui.button(text).on_hover_text(Command::Messages.tooltip()).clicked() {
        messages.open = !messages.open;
    }
    if let Some(message) = messages.all.last() {
        let old = message.at.elapsed().as_secs() > 30;
        let color = message_color(ui, message.level);
        let color = if old { theme::palette(ui).faint } else { color };
        ui.add(egui::Label::new(RichText::new(&message.text).color(color)).truncate()).on_hover_text(&message.text);
    }
}
