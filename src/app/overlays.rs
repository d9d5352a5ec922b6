//! What lies over the window for a moment: dialogs, the palette, help, messages, the drop target.

use egui::{Align2, Color32, FontId, Key, Modal, RichText, ScrollArea, TextEdit, Ui, vec2};

use super::App;
use super::command::Command;
use super::files::Ask;
use super::messages::Level;
use super::theme;

/// Which of them are shown.
#[derive(Default)]
pub struct Overlays {
    /// The text typed into the palette.
    pub palette: Option<String>,
    /// What a path is asked for, and the path typed.
    pub path: Option<(Ask, String)>,
    pub export: bool,
    /// Why the last export failed.
    pub export_error: String,
    pub help: bool,
    /// Whether it is asked what becomes of the work of a window that did not close properly.
    pub recover: bool,
    /// Whether closing the window waits for an answer, and whether that was yes.
    pub quit: bool,
    pub quit_confirmed: bool,
    /// Whether the window closes once the project is saved.
    pub quit_after_save: bool,
}

impl Overlays {
    /// Whether one of them takes the keyboard.
    pub fn any(&self) -> bool {
        self.palette.is_some() || self.path.is_some() || self.export || self.help || self.quit || self.recover
    }
}

impl App {
    pub(super) fn show_overlays(&mut self, ui: &mut Ui) {
        self.palette_overlay(ui);
        self.path_overlay(ui);
        self.export_overlay(ui);
        self.help_overlay(ui);
        self.quit_overlay(ui);
        self.recover_overlay(ui);
        self.message_list(ui);
        drop_target(ui);
    }

    fn palette_overlay(&mut self, ui: &Ui) {
        let Some(mut typed) = self.overlays.palette.take() else { return };
        let mut chosen = None;
        let modal = dialog(ui, "palette").show(ui.ctx(), |ui| {
            ui.set_width(420.0);
            let field = ui.add(
                TextEdit::singleline(&mut typed).hint_text("Type a part of a command").desired_width(f32::INFINITY),
            );
            field.request_focus();
            let wanted = typed.to_lowercase();
            let matching: Vec<_> = Command::all()
                .into_iter()
                .filter(|c| *c != Command::Palette && c.name().to_lowercase().contains(&wanted))
                .collect();
            if ui.input(|i| i.key_pressed(Key::Enter)) {
                chosen = matching.iter().copied().find(|c| self.unavailable(*c).is_none());
            }
            ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
                for command in &matching {
                    if self.command_button(ui, *command, true) {
                        chosen = Some(*command);
                    }
                }
                if matching.is_empty() {
                    ui.label("No command has such a name.");
                }
            });
        });
        if let Some(command) = chosen {
            self.perform(ui.ctx(), command);
        } else if !modal.should_close() {
            self.overlays.palette = Some(typed);
        }
    }

    /// A button for a command with its key, greyed with the reason where it cannot be called.
    pub(super) fn command_button(&self, ui: &mut Ui, command: Command, wide: bool) -> bool {
        let mut button = egui::Button::new(command.name()).frame_when_inactive(!wide);
        if let Some(shortcut) = command.shortcut() {
            button = button.shortcut_text(ui.ctx().format_shortcut(&shortcut));
        }
        if wide {
            button = button.min_size(vec2(ui.available_width(), 0.0));
        }
        let reason = self.unavailable(command);
        let response = ui.add_enabled(reason.is_none(), button).on_hover_text(command.tooltip());
        response.on_disabled_hover_text(reason.unwrap_or_default()).clicked()
    }

    fn path_overlay(&mut self, ui: &Ui) {
        let Some((ask, mut typed)) = self.overlays.path.take() else { return };
        let (title, action) = match ask {
            Ask::Open => ("Open by path", "Open"),
            Ask::Compare => ("A micrograph to compare", "Add"),
            Ask::Project => ("Save the project as", "Save"),
            Ask::Recipe => ("Save the recipe as", "Save"),
            Ask::PhaseMaps => ("Folder for the phase maps", "Segment"),
            Ask::Exports => ("Folder for the results", "Choose"),
            Ask::Weights => ("A file of weights", "Choose"),
            Ask::Model => ("A latent model", "Open"),
            Ask::Latent => ("A micrograph, or a folder of them", "Choose"),
        };
        let mut done = false;
        let modal = dialog(ui, "path").show(ui.ctx(), |ui| {
            ui.set_width(520.0);
            ui.heading(title);
            let hint = "/home/…/micrograph.tif";
            let field = ui.add(TextEdit::singleline(&mut typed).hint_text(hint).desired_width(f32::INFINITY));
            field.request_focus();
            done = ui.input(|i| i.key_pressed(Key::Enter));
            ui.horizontal(|ui| {
                done |= ui.add_enabled(!typed.trim().is_empty(), egui::Button::new(action)).clicked();
                if ui.button("Close").clicked() {
                    ui.close();
                }
            });
        });
        if done && !typed.trim().is_empty() {
            self.take_path(ask, typed.trim().into());
        } else if !modal.should_close() {
            self.overlays.path = Some((ask, typed));
        }
    }

    fn export_overlay(&mut self, ui: &Ui) {
        if !self.overlays.export {
            return;
        }
        let Some(realisation) = self.shown_realisation() else {
            self.overlays.export = false;
            return;
        };
        let (number, has_phases) = (realisation.number + 1, realisation.phases.is_some());
        let mut write = false;
        let modal = dialog(ui, "export").show(ui.ctx(), |ui| {
            ui.set_width(520.0);
            ui.heading(format!("Export realisation {number}"));
            ui.add_space(theme::STEP);
            let label = ui.label("Folder");
            ui.horizontal(|ui| {
                let field = TextEdit::singleline(&mut self.export.folder).desired_width(ui.available_width() - 96.0);
                ui.add(field).labelled_by(label.id);
                if ui.button("Browse…").clicked() {
                    self.files.folder_dialog();
                }
            });
            ui.add_space(theme::STEP);
            let choice = &mut self.export;
            let files = &mut choice.files;
            ui.checkbox(&mut files.reconstruction_png, "Phase map in phase colours (PNG)");
            ui.checkbox(&mut files.reconstruction_npy, "Labels (.npy, u8)");
            ui.add_enabled_ui(has_phases, |ui| {
                ui.checkbox(&mut files.labels_png, "Labels (PNG, grey value = phase)");
                ui.checkbox(&mut files.labels_tiff, "Labels (TIFF)");
                ui.checkbox(&mut files.curves, "Curves of all phases (CSV)");
            });
            ui.checkbox(&mut files.image_png, "Image before decoding (PNG)");
            ui.checkbox(&mut files.image_npy, "Image before decoding (.npy, f32)");
            ui.checkbox(&mut choice.plots_png, "Plots (PNG)");
            ui.checkbox(&mut choice.plots_svg, "Plots (SVG)");
            ui.checkbox(&mut choice.files.report, "Report (JSON): opening it sets up the same run again");
            if !self.overlays.export_error.is_empty() {
                ui.colored_label(theme::palette(ui).error, &self.overlays.export_error);
            }
            ui.add_space(theme::STEP);
            ui.horizontal(|ui| {
                write = ui.add(primary(ui, "Write")).clicked();
                if ui.button("Close").clicked() {
                    ui.close();
                }
            });
        });
        if write {
            self.overlays.export_error.clear();
            self.export_shown();
        }
        self.overlays.export = !modal.should_close();
    }

    fn quit_overlay(&mut self, ui: &Ui) {
        if self.overlays.quit_confirmed {
            ui.ctx().send_viewport_cmd(egui::ViewportCommand::Close);
        }
        if !self.overlays.quit {
            return;
        }
        let (mut quit, mut save) = (false, false);
        let (running, unsaved) = (self.running.is_some(), self.has_unsaved_work());
        let modal = dialog(ui, "quit").show(ui.ctx(), |ui| {
            ui.set_width(440.0);
            if running {
                ui.heading("A run is under way");
                let lost = if unsaved { ", and so is work that is in no project file yet" } else { "" };
                ui.label(format!("Closing the window ends it, and the unfinished realisation is lost{lost}."));
            } else {
                ui.heading("There is unsaved work");
                ui.label("The recipe, the settings or results are in no project file yet.");
            }
            ui.add_space(theme::STEP);
            ui.horizontal(|ui| {
                if running {
                    if ui.add(primary(ui, "Keep working")).clicked() {
                        ui.close();
                    }
                    quit = ui.button("End the run and close").clicked();
                } else {
                    save = ui.add(primary(ui, "Save the project")).clicked();
                    quit = ui.button("Close without saving").clicked();
                    if ui.button("Keep working").clicked() {
                        ui.close();
                    }
                }
            });
        });
        if save {
            self.overlays.quit_after_save = true;
            self.save_project();
        }
        self.overlays.quit_confirmed |= quit;
        self.overlays.quit = !(quit || save || modal.should_close());
    }

    fn recover_overlay(&mut self, ui: &Ui) {
        let Some(copy) = self.project.found.clone() else {
            self.overlays.recover = false;
            return;
        };
        self.overlays.recover = true;
        let (mut open, mut discard) = (false, false);
        dialog(ui, "recover").show(ui.ctx(), |ui| {
            ui.set_width(460.0);
            ui.heading("Microwright did not close properly");
            ui.label("The work of that time was kept: the micrograph, its recipe, the settings and finished results.");
            ui.add_space(theme::STEP);
            ui.horizontal(|ui| {
                open = ui.add(primary(ui, "Open it again")).clicked();
                discard = ui.button("Throw it away").clicked();
            });
        });
        if open {
            self.files.open(copy.clone());
            self.project.recovering = Some(copy);
            self.project.found = None;
        } else if discard {
            super::projects::remove_copy(&copy);
            self.project.found = None;
        }
    }

    fn help_overlay(&mut self, ui: &Ui) {
        if !self.overlays.help {
            return;
        }
        let modal = dialog(ui, "help").show(ui.ctx(), |ui| {
            ui.set_width(640.0);
            ui.heading(format!("Microwright {}", env!("CARGO_PKG_VERSION")));
            ScrollArea::vertical().max_height(460.0).show(ui, |ui| {
                for (title, text) in HELP {
                    super::widgets::heading(ui, title);
                    ui.label(*text);
                }
                super::widgets::heading(ui, "Keys");
                egui::Grid::new("keys").num_columns(2).spacing([24.0, 4.0]).show(ui, |ui| {
                    for command in Command::all() {
                        if let Some(shortcut) = command.shortcut() {
                            ui.label(RichText::new(ui.ctx().format_shortcut(&shortcut)).monospace());
                            ui.label(command.name());
                            ui.end_row();
                        }
                    }
                });
            });
            ui.add_space(theme::STEP);
            if ui.button("Close").clicked() {
                ui.close();
            }
        });
        self.overlays.help = !modal.should_close();
    }

    fn message_list(&mut self, ui: &Ui) {
        let mut open = self.messages.open;
        egui::Window::new("Messages")
            .open(&mut open)
            .default_size([560.0, 260.0])
            .anchor(Align2::RIGHT_BOTTOM, [-8.0, -44.0])
            .show(ui.ctx(), |ui| {
                ScrollArea::vertical().auto_shrink([false, false]).stick_to_bottom(true).show(ui, |ui| {
                    if self.messages.all.is_empty() {
                        ui.label("No messages yet.");
                    }
                    for message in &self.messages.all {
                        ui.label(RichText::new(&message.text).color(message_color(ui, message.level)));
                    }
                });
            });
        self.messages.open = open;
    }
}

/// A dialog with a window's margins.
fn dialog(ui: &Ui, name: &str) -> Modal {
    Modal::new(egui::Id::unique(name)).frame(egui::Frame::window(ui.style()))
}

/// The one filled button of a place.
pub fn primary(ui: &Ui, text: &str) -> egui::Button<'static> {
    let palette = theme::palette(ui);
    egui::Button::new(RichText::new(text).color(palette.on_accent).strong()).fill(palette.accent)
}

/// The colour of a message.
pub fn message_color(ui: &Ui, level: Level) -> Color32 {
    let palette = theme::palette(ui);
    match level {
        Level::Note => ui.visuals().text_color(),
        Level::Warning => palette.warning,
        Level::Error => palette.error,
    }
}

/// Says where a file may be dropped and what will happen, while one hovers.
fn drop_target(ui: &Ui) {
    if ui.input(|i| i.raw.hovered_files.is_empty()) {
        return;
    }
    let layer = egui::LayerId::new(egui::Order::Foreground, egui::Id::unique("drop target"));
    let painter = ui.ctx().layer_painter(layer);
    let rect = ui.ctx().content_rect();
    let palette = theme::palette(ui);
    painter.rect_filled(rect, 0.0, ui.visuals().panel_fill.gamma_multiply(0.85));
    painter.rect_stroke(rect.shrink(16.0), 8.0, egui::Stroke::new(2.0, palette.accent), egui::StrokeKind::Inside);
    let text = "Drop a micrograph, a folder of them, or a project anywhere to open it\n(a report or recipe brings its settings, a .safetensors file its weights)";
    painter.text(rect.center(), Align2::CENTER_CENTER, text, FontId::proportional(18.0), ui.visuals().text_color());
}

const HELP: &[(&str, &str)] = &[
    (
        "What it does",
        "It makes new micrographs that are statistically equivalent to yours. A random image is optimised until the Gram \
         matrices of its feature maps, in a pruned VGG-19, are those of the original (Li et al., Sci. Rep. 8:13461, 2018), \
         with the two-point correlation and the lineal path in the loss, from coarse to fine. The pixels that rank highest \
         become the phase, exactly as many as in the original, and a polish exchanges pixels at interfaces wherever that \
         brings S2 and the lineal path closer. The preset As published leaves all but the Gram matrices out.",
    ),
    (
        "From a raw micrograph to phases",
        "In the Micrograph workspace: cut off the data bar, crop, denoise; then choose a method. Thresholds are dragged in \
         the histogram. The classifier is taught: choose Teach, paint a few strokes over each phase, and add strokes where \
         it errs. Correct what is left by rule or by hand. All steps are undone with Ctrl+Z; they are a recipe that does \
         the same to other micrographs.",
    ),
    (
        "± behind a volume fraction",
        "The 95 % confidence interval of the material's volume fraction, from the picture's own S2 (the variance integral). \
         It says how well one picture can know it, not how good the segmentation is: for that see What the threshold does.",
    ),
    (
        "S2(r), two-point correlation",
        "The chance that two points at a distance r both lie in the phase: averaged over all directions, periodic in the \
         error rates. Its error is the area between the two curves over the area under the original's. The volume fraction \
         alone nearly fixes it, so look at the covariance error too: Σ|ΔS2| / Σ|S2 − φ²|.",
    ),
    (
        "L(r), lineal path",
        "The share of straight segments of r + 1 pixels that lie wholly in the phase, along rows and columns. It tells \
         how far the phase is connected along lines.",
    ),
    (
        "What is not fitted",
        "Cluster function, pore sizes, chords, specific surface, interface length and components follow from nothing that \
         is optimised: in the Compare workspace they tell whether a gain in S2 and L is one.",
    ),
    ("White noise", "What uncorrelated pixels of the same volume fraction would score: the scale for every error."),
    (
        "Depth",
        "The last layer of the network that is kept. A deeper network sees larger patterns (its receptive field) and costs \
         more time and memory. The Depth study shows what each depth gives for your micrograph.",
    ),
];
