//! Rows of settings: a label, a control, a tooltip. A double click on the label restores the default.

use egui::{Response, RichText, Sense, Ui};

/// Width of the labels' column.
const LABEL_WIDTH: f32 = 96.0;

/// A group's title.
pub fn heading(ui: &mut Ui, text: &str) {
    ui.add_space(4.0);
    ui.label(RichText::new(text).strong());
}

/// A row with a label and the control that `add` adds. The label names the control for screen readers. Returns also
/// whether the label was double-clicked, which asks for the default.
pub fn row(ui: &mut Ui, label: &str, tooltip: &str, add: impl FnOnce(&mut Ui) -> Response) -> (Response, bool) {
    let mut reset = false;
    let response = ui
        .horizontal(|ui| {
            let size = egui::vec2(LABEL_WIDTH, ui.spacing().interact_size.y);
            let layout = egui::Layout::left_to_right(egui::Align::Center);
            let name = ui.allocate_ui_with_layout(size, layout, |ui| {
                ui.set_min_width(LABEL_WIDTH);
                ui.add(egui::Label::new(label).sense(Sense::click()))
            });
            let name = name.inner.on_hover_text(format!("{tooltip}\nDouble click: default."));
            reset = name.double_clicked();
            let control = add(ui);
            control.labelled_by(name.id).on_hover_text(tooltip)
        })
        .inner;
    (response, reset)
}

/// A row whose control changes `value`, with its default.
pub fn value<T: PartialEq + Clone>(
    ui: &mut Ui,
    label: &str,
    tooltip: &str,
    value: &mut T,
    default: &T,
    add: impl FnOnce(&mut Ui, &mut T) -> Response,
) {
    let (_, reset) = row(ui, label, tooltip, |ui| add(ui, value));
    if reset {
        *value = default.clone();
    }
}

/// A row with a choice among named values.
pub fn choice<T: PartialEq + Clone>(
    ui: &mut Ui,
    label: &str,
    tooltip: &str,
    value: &mut T,
    default: &T,
    options: &[(T, &str)],
) {
    let (_, reset) = row(ui, label, tooltip, |ui| {
        let current = options.iter().find(|(v, _)| v == value).map_or("", |(_, name)| name);
        let width = ui.available_width() - 4.0;
        let combo = egui::ComboBox::from_id_salt(label).selected_text(current).width(width).truncate();
        // A truncated text would take all the available width.
        let shown = ui.scope(|ui| {
            ui.set_max_width(width);
            combo.show_ui(ui, |ui| {
                for (option, name) in options {
                    ui.selectable_value(value, option.clone(), *name);
                }
            })
        });
        shown.inner.response
    });
    if reset {
        *value = default.clone();
    }
}

/// A row that chooses a preset, each with its name and purpose. `current` is none where the settings match no preset.
/// Returns the choice; a double click on the label chooses `default`.
pub fn preset<T: Copy + PartialEq>(
    ui: &mut Ui,
    tooltip: &str,
    current: Option<T>,
    default: T,
    options: &[(T, &str, &str)],
) -> Option<T> {
    let mut chosen = None;
    let (_, reset) = row(ui, "Preset", tooltip, |ui| {
        let name = options.iter().find(|(v, ..)| Some(*v) == current).map_or("own settings", |(_, name, _)| name);
        let combo =
            egui::ComboBox::from_id_salt("preset").selected_text(name).width(ui.available_width() - 4.0).truncate();
        combo
            .show_ui(ui, |ui| {
                for (option, name, purpose) in options {
                    if ui.selectable_label(current == Some(*option), *name).on_hover_text(*purpose).clicked() {
                        chosen = Some(*option);
                    }
                }
            })
            .response
    });
    if reset { Some(default) } else { chosen }
}
