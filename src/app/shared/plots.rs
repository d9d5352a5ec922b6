//! What is chosen in the menu of a plot.

use super::state::Shared;
use crate::app::widgets::PlotRequest;
use crate::figure::Figure;

/// Does what was chosen in a plot's menu.
pub fn serve_plot(shared: &mut Shared, ui: &egui::Ui, wanted: Option<(Figure, PlotRequest)>) {
    match wanted {
        Some((figure, PlotRequest::CopyCsv)) => ui.ctx().copy_text(figure.csv()),
        Some((figure, PlotRequest::Save(kind))) => {
            let path = shared.export.path(&format!("{}.{kind}", figure.file_stem()));
            shared.write(path, move |path| figure.write(path, kind));
        }
        None => {}
    }
}
