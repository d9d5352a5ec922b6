//! What is shown over the window: the palette, help, messages, questions, the drop target.

use egui::{Align2, Color32, FontId, Key, RichText, ScrollArea, TextEdit, Ui, vec2};

use super::command::{Action, Command};
use super::entry::{Entry, entries};
use super::shared::Shared;
use super::shared::ask::show_asked;
use super::shared::messages::{Level, Messages};
use super::space::Space;
use super::theme;
use super::widgets::{dialog, heading};

/// Which overlays are shown.
#[derive(Default)]
pub struct Overlays {
    /// The text typed into the palette.
    pub palette: Option<String>,
    pub help: bool,
    /// The title of the window as it was last set.
    pub title: String,
    /// Whether the window closes without a further question.
    pub quits: bool,
}

impl Overlays {
    /// Whether an overlay takes the keyboard.
    pub fn any(&self) -> bool {
        self.palette.is_some() || self.help
    }
}

/// Shows all overlays that are open.
pub fn show(overlays: &mut Overlays, shared: &mut Shared, spaces: &[Box<dyn Space>], current: usize, ui: &mut Ui) {
    palette_overlay(overlays, shared, spaces, current, ui);
    help_overlay(overlays, shared, spaces, current, ui);
    show_asked(shared, ui);
    message_list(ui, &mut shared.messages);
    drop_target(ui);
}

fn palette_overlay(overlays: &mut Overlays, shared: &mut Shared, spaces: &[Box<dyn Space>], current: usize, ui: &Ui) {
    let Some(mut typed) = overlays.palette.take() else { return };
    let all = entries(spaces, current, shared);
    let mut chosen: Option<Action> = None;
    let modal = dialog(ui, "palette").show(ui.ctx(), |ui| {
        ui.set_width(420.0);
        let field =
            ui.add(TextEdit::singleline(&mut typed).hint_text("Type a part of a command").desired_width(f32::INFINITY));
        field.request_focus();
        let wanted = typed.to_lowercase();
        let is_other = |entry: &Entry| !matches!(entry.action, Action::Do(Command::Palette));
        let mut matching: Vec<Entry> =
            all.into_iter().filter(|e| is_other(e) && e.name.to_lowercase().contains(&wanted)).collect();
        if ui.input(|i| i.key_pressed(Key::Enter))
            && let Some(at) = matching.iter().position(|entry| entry.unavailable.is_none())
        {
            chosen = Some(matching.remove(at).action);
        }
        ScrollArea::vertical().max_height(360.0).show(ui, |ui| {
            if matching.is_empty() {
                ui.label("No command has such a name.");
            }
            for entry in matching {
                if command_button(ui, &entry, true) {
                    chosen = Some(entry.action);
                }
            }
        });
    });
    match chosen {
        // A command of another space also shows that space.
        Some(Action::DoIn(space, id)) => {
            shared.act(Action::Go(space));
            shared.act(Action::DoIn(space, id));
        }
        Some(action) => shared.act(action),
        None if modal.should_close() => {}
        None => overlays.palette = Some(typed),
    }
}

fn help_overlay(overlays: &mut Overlays, shared: &Shared, spaces: &[Box<dyn Space>], current: usize, ui: &Ui) {
    if !overlays.help {
        return;
    }
    let keys = entries(spaces, current, shared);
    let keys = keys.into_iter().filter_map(|entry| Some((entry.key?, entry.name)));
    let modal = dialog(ui, "help").show(ui.ctx(), |ui| {
        ui.set_width(640.0);
        ui.heading(format!("Microwright {}", env!("CARGO_PKG_VERSION")));
        ScrollArea::vertical().max_height(460.0).show(ui, |ui| {
            for (title, text) in HELP {
                heading(ui, title);
                ui.label(*text);
            }
            heading(ui, "Keys in this workspace");
            egui::Grid::new("keys").num_columns(2).spacing([24.0, 4.0]).show(ui, |ui| {
                for (key, name) in keys {
                    ui.label(RichText::new(ui.ctx().format_shortcut(&key)).monospace());
                    ui.label(name);
                    ui.end_row();
                }
            });
        });
        ui.add_space(theme::STEP);
        if ui.button("Close").clicked() {
            ui.close();
        }
    });
    overlays.help = !modal.should_close();
}

/// A button for a command with its key, greyed with the reason where it cannot be called.
pub fn command_button(ui: &mut Ui, entry: &Entry, wide: bool) -> bool {
    let mut button = egui::Button::new(entry.name.as_str()).frame_when_inactive(!wide);
    if let Some(key) = entry.key {
        button = button.shortcut_text(ui.ctx().format_shortcut(&key));
    }
    if wide {
        button = button.min_size(vec2(ui.available_width(), 0.0));
    }
    let response = ui.add_enabled(entry.unavailable.is_none(), button).on_hover_text(entry.tooltip);
    response.on_disabled_hover_text(entry.unavailable.as_deref().unwrap_or_default()).clicked()
}

fn message_list(ui: &Ui, messages: &mut Messages) {
    let mut open = messages.open;
    egui::Window::new("Messages")
        .open(&mut open)
        .default_size([560.0, 260.0])
        .anchor(Align2::RIGHT_BOTTOM, [-8.0, -44.0])
        .show(ui.ctx(), |ui| {
            ScrollArea::vertical().auto_shrink([false, false]).stick_to_bottom(true).show(ui, |ui| {
                if messages.all.is_empty() {
                    ui.label("No messages yet.");
                }
                for message in &messages.all {
                    ui.label(RichText::new(&message.text).color(message_color(ui, message.level)));
                }
            });
        });
    messages.open = open;
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

/// Says what a drop does, while a file hovers over the window.
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
    let text = "Drop a micrograph, a folder of them, or a project anywhere to open it\n(a report or recipe loads its settings, a .safetensors file its weights)";
    painter.text(rect.center(), Align2::CENTER_CENTER, text, FontId::proportional(18.0), ui.visuals().text_color());
}

const HELP: &[(&str, &str)] = &[
    (
        "What it does",
        "It makes new micrographs that are statistically equivalent to yours. A random image is optimised until the Gram \
         matrices of its feature maps, in a pruned VGG-19, are those of the original (Li et al., Sci. Rep. 8:13461, 2018). \
         The two-point correlation and the lineal path are also in the loss. The run goes from coarse to fine. The \
         pixels that rank highest become the phase, exactly as many as in the original. A polish then exchanges pixels \
         at interfaces wherever that brings S2 and the lineal path closer. The preset As published fits the Gram \
         matrices alone.",
    ),
    (
        "From a raw micrograph to phases",
        "In the Micrograph workspace, cut off the data bar, crop and denoise. Then choose a method. Drag thresholds in \
         the histogram. To train the classifier, choose Teach, paint a few strokes over each phase, and add strokes where \
         it is wrong. Correct the rest by rule or by hand. Ctrl+Z undoes steps. The steps are a recipe that can be \
         applied to other micrographs.",
    ),
    (
        "± behind a volume fraction",
        "The 95 % confidence interval of the material's volume fraction, from the picture's own S2 (the variance integral). \
         It says how well one picture determines the fraction. It does not say how good the segmentation is: for that \
         see Sensitivity there.",
    ),
    (
        "S2(r), two-point correlation",
        "The probability that two points at a distance r both lie in the phase: averaged over all directions, periodic in \
         the error rates. Its error is the area between the two curves over the area under the original's. The volume \
         fraction alone nearly fixes it, so check the covariance error too: Σ|ΔS2| / Σ|S2 − φ²|.",
    ),
    (
        "L(r), lineal path",
        "The share of straight segments of r + 1 pixels that lie wholly in the phase, along rows and columns. It shows \
         how far the phase is connected along lines.",
    ),
    (
        "What is not fitted",
        "Nothing is fitted to the cluster function, pore sizes, chords, specific surface, interface length and components. \
         In the Compare workspace they show whether a gain in S2 and L is real.",
    ),
    ("White noise", "The errors of uncorrelated pixels of the same volume fraction: the scale for every error."),
    (
        "Depth",
        "The last layer of the network that is kept. A deeper network sees larger patterns (its receptive field) and costs \
         more time and memory. The depth study (in Studies) shows what each depth gives for your micrograph.",
    ),
];
