//! The Micrograph workspace: from the picture as the microscope wrote it to phases.

mod file;
mod grey;
mod histogram;
mod panel;
mod profile;
mod segment;
mod sensitivity;
mod sensitivity_view;
mod state;
mod tools;
mod view;

use std::path::Path;
use std::sync::Arc;

use egui::{Context, Ui};

pub use panel::remaining_data_bar;
pub use state::MicrographSpace;
pub use tools::add_preparation;

use super::Space;
use crate::app::shared::Shared;
use crate::app::shared::watch::News;

impl MicrographSpace {
    /// Writes the open micrograph's recipe to a file.
    pub fn save_recipe(shared: &mut Shared, path: &Path) {
        panel::save_recipe(shared, path.into());
    }
}

impl Space for MicrographSpace {
    fn name(&self) -> &'static str {
        "Micrograph"
    }

    fn purpose(&self) -> &'static str {
        "Prepare the micrograph, tell its phases apart, and correct them."
    }

    fn panel(&mut self, ui: &mut Ui, shared: &mut Shared) {
        panel::micrograph_panel(self, shared, ui);
    }

    fn view(&mut self, ui: &mut Ui, shared: &mut Shared) {
        view::micrograph_view(self, shared, ui);
    }

    fn poll(&mut self, _ctx: &Context, shared: &mut Shared) {
        // Another document: the pictures have to be made again.
        let number = shared.document.as_ref().map_or(0, |document| document.number);
        if self.document != number {
            self.document = number;
            self.stale = true;
            self.waiting.clear();
            self.profile = None;
            let raw = shared.document.as_ref().map(|document| Arc::downgrade(&document.raw)).unwrap_or_default();
            if !raw.ptr_eq(&self.raw) {
                // Black and white of another picture mean nothing here.
                (self.raw, self.contrast) = (raw, None);
            }
        }
        while let Some(news) = self.measuring.poll(&mut shared.messages) {
            if let News::Output(sensitivity) = news {
                self.sensitivity = Some(sensitivity);
            }
        }
    }
}
