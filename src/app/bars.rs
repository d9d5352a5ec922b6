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

/// The least width of the name of the project.
const LEAST_NAME: f32 = 90.0;

/// A button of the bar that goes into the menu ⋯ where there is no room for it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Extra {
    Samples,
    Command(&'static str, Command),
}

impl Extra {
    /// The text of its button.
    fn text(self) -> &'static str {
        match self {
            Self::Samples => "Samples ▾",
            Self::Command(text, _) => text,
        }
    }
}

/// These buttons from left to right; how many of them stand at the right end; and the order in which they find room.
fn extras(ui: &Ui) -> ([Extra; 8], [usize; 8]) {
    let theme = if ui.visuals().dark_mode { "Light" } else { "Dark" };
    let all = [
        Extra::Samples,
        Extra::Command("↶", Command::Undo),
        Extra::Command("↷", Command::Redo),
        Extra::Command("Fit", Command::Fit),
        Extra::Command("1:1", Command::OneToOne),
        Extra::Command(theme, Command::ToggleTheme),
        Extra::Command("Commands", Command::Palette),
        Extra::Command("Help", Command::Help),
    ];
    (all, [1, 2, 0, 7, 6, 5, 3, 4])
}

/// The first of the buttons at the right end.
const RIGHT: usize = 5;

/// Which of the buttons have room.
fn with_room(ui: &Ui, room: f32) -> [bool; 8] {
    let (all, order) = extras(ui);
    let mut left = room - text_width(ui, "⋯");
    let mut shown = [false; 8];
    for n in order {
        left -= text_width(ui, all[n].text());
        if left < 0.0 {
            break;
        }
        shown[n] = true;
    }
    shown
}

/// The width of a button with a text, and of the space behind it.
fn text_width(ui: &Ui, text: &str) -> f32 {
    let font = egui::TextStyle::Button.resolve(ui.style());
    let text = ui.painter().layout_no_wrap(text.into(), font, ui.visuals().text_color()).size().x;
    text + 2.0 * ui.spacing().button_padding.x + ui.spacing().item_spacing.x + 1.0
}

/// Whether the program's name fits beside what always has to be there: in a narrow window the title bar alone has it.
fn has_room_for_name(ui: &Ui, spaces: &[Box<dyn Space>]) -> bool {
    /// The width of the name and of the lines between groups.
    const NAME: f32 = 140.0;
    let buttons = ["Open…", "Project ▾", "⋯"].into_iter();
    let needed: f32 = spaces.iter().map(|space| space.name()).chain(buttons).map(|text| text_width(ui, text)).sum();
    needed + NAME < ui.available_width()
}

/// The bar of commands; `project` is the name of the open project.
pub fn top_bar(shared: &mut Shared, spaces: &[Box<dyn Space>], current: usize, project: Option<String>, ui: &mut Ui) {
    let mut chosen = None;
    ui.add_space(4.0);
    ui.horizontal(|ui| {
        if has_room_for_name(ui, spaces) {
            ui.label(RichText::new("Microwright").heading().strong());
            ui.separator();
        }
        for (n, space) in spaces.iter().enumerate() {
            let tab = egui::Button::selectable(current == n, space.name());
            if ui.add(tab).on_hover_text(space.purpose()).clicked() {
                chosen = Some(Action::Go(space.name()));
            }
        }
        ui.separator();
        chosen = chosen.take().or(file_menu(shared, &*spaces[current], ui));
        let name = project.as_ref().map_or(0.0, |name| text_width(ui, name));
        let shown = with_room(ui, ui.available_width() - name.min(LEAST_NAME));
        let (all, _) = extras(ui);
        let own: f32 = (0..all.len()).filter(|n| shown[*n]).map(|n| text_width(ui, all[n].text())).sum();
        if let Some(project) = project {
            let dots = if shown.contains(&false) { text_width(ui, "⋯") } else { 0.0 };
            let width = (ui.available_width() - own - dots - ui.spacing().item_spacing.x).min(name);
            ui.scope(|ui| {
                ui.set_max_width(width.max(24.0));
                ui.add(egui::Label::new(RichText::new(&project).weak()).truncate())
                    .on_hover_text(format!("The project {project}; • means that something is not saved yet."));
            });
        }
        for n in (0..RIGHT).filter(|n| shown[*n]) {
            chosen = chosen.take().or(extra_button(shared, ui, all[n]));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if shown.contains(&false) {
                let menu = ui.menu_button("⋯", |ui| {
                    ui.set_min_width(200.0);
                    for n in (0..all.len()).filter(|n| !shown[*n]) {
                        chosen = chosen.take().or(extra_entry(shared, ui, all[n]));
                    }
                });
                menu.response.on_hover_text("What there is no room for.");
            }
            for n in (RIGHT..all.len()).rev().filter(|n| shown[*n]) {
                chosen = chosen.take().or(extra_button(shared, ui, all[n]));
            }
        });
    });
    ui.add_space(4.0);
    chosen.into_iter().for_each(|action| shared.act(action));
}

fn extra_button(shared: &Shared, ui: &mut Ui, extra: Extra) -> Option<Action> {
    match extra {
        Extra::Command(text, command) => short_button(shared, ui, text, command).then_some(Action::Do(command)),
        Extra::Samples => {
            let mut chosen = None;
            let samples = ui.menu_button(extra.text(), |ui| chosen = sample_entries(ui));
            samples.response.on_hover_text("Built-in micrographs to try things on.");
            chosen
        }
    }
}

fn extra_entry(shared: &Shared, ui: &mut Ui, extra: Extra) -> Option<Action> {
    match extra {
        Extra::Command(_, command) => {
            let clicked = command_button(ui, &Entry::of(command, shared), true);
            if clicked {
                ui.close();
            }
            clicked.then_some(Action::Do(command))
        }
        Extra::Samples => ui.menu_button("Samples", sample_entries).inner.flatten(),
    }
}

fn sample_entries(ui: &mut Ui) -> Option<Action> {
    let mut chosen = None;
    for sample in Sample::ALL {
        if ui.button(sample.name()).on_hover_text(sample.description()).clicked() {
            chosen = Some(Action::Do(Command::OpenSample(sample)));
        }
    }
    chosen
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
fn file_menu(shared: &Shared, space: &dyn Space, ui: &mut Ui) -> Option<Action> {
    let mut chosen = None;
    if short_button(shared, ui, "Open…", Command::Open) {
        chosen = Some(Action::Do(Command::Open));
    }
    let menu = ui.menu_button("Project ▾", |ui| {
        ui.set_min_width(230.0);
        let general = [Command::SaveProject, Command::SaveProjectAs, Command::OpenPath];
        let general = general.map(|command| Entry::of(command, shared));
        let own = Entry::of_space(space, shared);
        ui.menu_button("Open recent", |ui| {
            if shared.recent.is_empty() {
                ui.label("Nothing was opened yet.");
            }
            for path in &shared.recent {
                let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
                if ui.button(name).on_hover_text(path.display().to_string()).clicked() {
                    chosen = Some(Action::Open(path.clone()));
                    ui.close();
                }
            }
        });
        ui.separator();
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
        if shared.work.is_busy() {
            ui.spinner();
            ui.label("reading…");
        }
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
