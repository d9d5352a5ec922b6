//! Plots and pictures with a menu to copy or save them.

use super::question::{Ask, PathKind};
use super::state::Shared;
use super::work::write_over;
use crate::app::widgets::{PlotRequest, SavePicture, ShownFigure, enlarged, titled_plot};
use crate::figure::{Figure, file_stem};
use crate::micrograph::write_image_png;

/// Does what was chosen in a plot's menu.
pub fn handle_plot_request(shared: &mut Shared, ui: &egui::Ui, wanted: Option<(Figure, PlotRequest)>) {
    match wanted {
        Some((figure, PlotRequest::CopyCsv)) => ui.ctx().copy_text(figure.csv()),
        Some((figure, PlotRequest::Save(kind))) => {
            let ask = Ask::Path {
                kind: PathKind::Save,
                title: "Save the plot as",
                action: "Save",
                filters: &[],
                proposed: shared.export.path(&format!("{}.{kind}", figure.file_stem())),
            };
            shared.ask(ask, move |shared, answer| {
                write_over(shared, answer.path(), move |path| figure.write(path, kind))
            });
        }
        None => {}
    }
}

/// Saves the picture that was chosen in its menu.
pub fn handle_picture_request(shared: &mut Shared, wanted: Option<SavePicture>) {
    let Some(SavePicture { title, image, pixel_size }) = wanted else { return };
    let ask = Ask::Path {
        kind: PathKind::Save,
        title: "Save the picture as",
        action: "Save",
        filters: &[("PNG", &["png"])],
        proposed: shared.export.path(&format!("{}.png", file_stem(&title))),
    };
    shared.ask(ask, move |shared, answer| {
        write_over(shared, answer.path(), move |path| {
            let values: Vec<f32> = image.pixels.iter().flat_map(|c| [c.r(), c.g(), c.b()].map(f32::from)).collect();
            write_image_png(path, &values, (image.size[1], image.size[0]), pixel_size.as_ref())
                .map_err(|e| e.to_string())
        })
    });
}

/// Takes the figure of a group that is enlarged, if one is.
pub fn take_enlarged(ui: &egui::Ui, group: &str, figures: &mut Vec<ShownFigure>) -> Option<ShownFigure> {
    let only = enlarged(ui.ctx(), group)?;
    let at = figures.iter().position(|shown| shown.figure.title == only)?;
    Some(figures.swap_remove(at))
}

/// Shows figures beside each other in columns of one width, with their menus; or the one of them that is enlarged.
pub fn row_of_plots(
    shared: &mut Shared,
    ui: &mut egui::Ui,
    id: &str,
    figures: impl IntoIterator<Item = ShownFigure>,
    columns: usize,
    y_top: Option<f64>,
) {
    let mut figures: Vec<ShownFigure> = figures.into_iter().collect();
    if let Some(only) = take_enlarged(ui, id, &mut figures) {
        let wanted = titled_plot(ui, id, only, y_top);
        return handle_plot_request(shared, ui, wanted);
    }
    let mut wanted = None;
    ui.columns(columns, |columns| {
        for (figure, ui) in figures.into_iter().zip(columns) {
            wanted = titled_plot(ui, id, figure, y_top).or(wanted.take());
        }
    });
    handle_plot_request(shared, ui, wanted);
}
