//! The primary button, and the frame of a dialog.

use egui::{Modal, RichText, Ui};

use crate::app::theme;

/// The filled button of a panel or dialog, for its main action.
pub fn primary(ui: &Ui, text: &str) -> egui::Button<'static> {
    let palette = theme::palette(ui);
    egui::Button::new(RichText::new(text).color(palette.on_accent).strong()).fill(palette.accent)
}

/// A dialog with a window's margins.
pub fn dialog(ui: &Ui, name: &str) -> Modal {
    Modal::new(egui::Id::unique(name)).frame(egui::Frame::window(ui.style()))
}
