//! The bar of commands above and the bar of the run below.

use egui::{Align, Layout, ProgressBar, RichText, Ui};

use crate::app::command::Command;
use crate::app::overlays::message_color;
use crate::app::theme;
use crate::app::{App, Workspace};
use crate::compute::mebibytes;
use crate::job::Request;
use crate::synth::Sample;

impl App {
    pub(in crate::app) fn top_bar(&mut self, ui: &mut Ui) {
        let mut chosen = None;
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            ui.label(RichText::new("Microwright").heading().strong());
            ui.separator();
            for workspace in Workspace::ALL {
                let tab = egui::Button::selectable(self.workspace == workspace, workspace.name());
                if ui.add(tab).on_hover_text(workspace.tooltip()).clicked() {
                    chosen = Some(Command::Workspace(workspace));
                }
            }
            ui.separator();
            chosen = chosen.or(self.file_menu(ui));
            let samples = ui.menu_button("Samples ▾", |ui| {
                for sample in Sample::ALL {
                    if ui.button(sample.name()).on_hover_text(sample.description()).clicked() {
                        chosen = Some(Command::OpenSample(sample));
                    }
                }
            });
            samples.response.on_hover_text("Built-in micrographs to try things on.");
            for (text, command) in [("↶", Command::Undo), ("↷", Command::Redo)] {
                let key = command.shortcut().map(|s| ui.ctx().format_shortcut(&s)).unwrap_or_default();
                let reason = self.unavailable(command);
                let button = ui.add_enabled(reason.is_none(), egui::Button::new(text));
                button.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Button, reason.is_none(), command.name()));
                let button = button.on_hover_text(format!("{} ({key})", command.tooltip()));
                if button.on_disabled_hover_text(reason.unwrap_or_default()).clicked() {
                    chosen = Some(command);
                }
            }
            ui.separator();
            for (text, command) in [("Fit", Command::Fit), ("1:1", Command::OneToOne)] {
                let key = command.shortcut().map(|s| ui.ctx().format_shortcut(&s)).unwrap_or_default();
                if ui.button(text).on_hover_text(format!("{} ({key})", command.tooltip())).clicked() {
                    chosen = Some(command);
                }
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                for (text, command) in [("Help", Command::Help), ("Commands", Command::Palette)] {
                    let key = command.shortcut().map(|s| ui.ctx().format_shortcut(&s)).unwrap_or_default();
                    if ui.button(text).on_hover_text(format!("{} ({key})", command.tooltip())).clicked() {
                        chosen = Some(command);
                    }
                }
                let theme = if ui.visuals().dark_mode { "Light" } else { "Dark" };
                if ui.button(theme).on_hover_text(Command::ToggleTheme.tooltip()).clicked() {
                    chosen = Some(Command::ToggleTheme);
                }
                if self.files.busy() {
                    ui.label("reading…");
                    ui.spinner();
                }
            });
        });
        ui.add_space(4.0);
        if let Some(command) = chosen {
            self.perform(ui.ctx(), command);
        }
    }

    /// Opening, saving and exporting.
    fn file_menu(&mut self, ui: &mut Ui) -> Option<Command> {
        let mut chosen = None;
        if self.command_button(ui, Command::Open, false) {
            chosen = Some(Command::Open);
        }
        let menu = ui.menu_button("Project ▾", |ui| {
            ui.set_min_width(230.0);
            for command in [Command::SaveProject, Command::SaveProjectAs, Command::OpenPath, Command::Export] {
                if self.command_button(ui, command, true) {
                    chosen = Some(command);
                    ui.close();
                }
            }
        });
        menu.response.on_hover_text("Save everything in one file, or export results.");
        if let Some(name) = self.project_name() {
            ui.label(RichText::new(name).weak()).on_hover_text("The project; • means that something is not saved yet.");
        }
        chosen
    }

    pub(in crate::app) fn status_bar(&mut self, ui: &mut Ui) {
        ui.add_space(4.0);
        ui.horizontal(|ui| {
            ui.set_min_height(26.0);
            let device = match (self.chosen_device(), &self.devices) {
                (Some(device), _) => device.name.clone(),
                (None, Some(_)) => "no such device".into(),
                (None, None) => "looking at the devices…".into(),
            };
            ui.label(device)
                .on_hover_text("Where the reconstruction is computed. A machine without a GPU uses its cores.");
            if self.running.is_some() {
                self.run_controls(ui);
            }
            if let Some(share) = self.depth_space.share() {
                ui.label(format!("Depth study: {:.0} %", 100.0 * share)).on_hover_text("In the Depth study workspace.");
            }
            if let Some((what, share)) = self.latent_space.share() {
                ui.label(format!("{what}: {:.0} %", 100.0 * share)).on_hover_text("In the Latent workspace.");
            }
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| self.last_message(ui));
        });
        ui.add_space(2.0);
    }

    fn run_controls(&mut self, ui: &mut Ui) {
        let progress = &self.progress;
        let wants_pause = self.running.as_ref().is_some_and(|r| r.wants_pause);
        ui.separator();
        if progress.memory > 0 {
            ui.label(mebibytes(progress.memory)).on_hover_text("Memory of the network and the optimiser.");
        }
        let doing = match (progress.paused, progress.seconds_left()) {
            (true, _) if wants_pause => "paused".to_string(),
            _ if wants_pause => "pausing…".to_string(),
            (_, Some(left)) => format!("{:.0} %, {} left", 100.0 * progress.share(), duration(left)),
            (_, None) => format!("{}…", if progress.doing.is_empty() { "starting" } else { progress.doing }),
        };
        ui.add(ProgressBar::new(progress.share() as f32).desired_width(220.0).text(doing));
        let pause = if wants_pause { "Resume" } else { "Pause" };
        if ui.button(pause).on_hover_text("Space").clicked() {
            self.perform(ui.ctx(), Command::StartOrPause);
        }
        if ui.button("Stop and keep").on_hover_text(Command::StopAndKeep.tooltip()).clicked() {
            self.request(Request::StopAndKeep);
        }
        if ui.button("Cancel").on_hover_text(Command::Cancel.tooltip()).clicked() {
            self.request(Request::Cancel);
        }
    }

    fn last_message(&mut self, ui: &mut Ui) {
        let count = self.messages.all.len();
        let text = if count == 1 { "1 message".into() } else { format!("{count} messages") };
        if ui.button(text).on_hover_text(Command::Messages.tooltip()).clicked() {
            self.messages.open = !self.messages.open;
        }
        if let Some(message) = self.messages.all.last() {
            let old = message.at.elapsed().as_secs() > 30;
            let color = message_color(ui, message.level);
            let color = if old { theme::palette(ui).faint } else { color };
            ui.add(egui::Label::new(RichText::new(&message.text).color(color)).truncate()).on_hover_text(&message.text);
        }
    }
}

/// Seconds as a person says them.
pub fn duration(seconds: f64) -> String {
    match seconds.round() as u64 {
        s @ 0..=99 => format!("{s} s"),
        s @ 100..=5999 => format!("{} min {:02} s", s / 60, s % 60),
        s => format!("{} h {:02} min", s / 3600, s / 60 % 60),
    }
}
