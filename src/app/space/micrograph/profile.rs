//! Grey values along a line, as a plot.

use egui::{RichText, Ui};

use super::state::{MicrographSpace, Tool};
use crate::app::shared::Shared;
use crate::app::shared::plots::row_of_plots;
use crate::app::theme;
use crate::app::widgets::ShownFigure;
use crate::figure::{Figure, MADE, Series};

/// The profile along the line that was drawn last.
pub fn profile_view(space: &mut MicrographSpace, shared: &mut Shared, ui: &mut Ui) {
    let palette = theme::palette(ui);
    let Some(document) = shared.document.clone() else { return };
    if let (Some(line), Tool::Profile) = (space.line, space.tool)
        && space.profile.as_ref().is_none_or(|(of, _)| *of != line)
    {
        space.profile = Some((line, document.micrograph().grey_along(line.0, line.1)));
    }
    let Some((_, values)) = space.profile.as_ref().filter(|(_, values)| values.len() > 1) else {
        let text = "Choose the Profile tool above the pictures, and drag a line over one of them.";
        ui.centered_and_justified(|ui| ui.label(RichText::new(text).color(palette.faint)));
        return;
    };
    let pixel = document.micrograph().pixel_size.as_ref();
    let (unit, scale) = pixel.map_or(("px", 1.0), |p| p.unit(values.len() as f64));
    let points = values.iter().enumerate().map(|(n, v)| (n as f64 * scale, f64::from(*v))).collect();
    let figure = Figure {
        title: "Profile".into(),
        x_label: format!("distance along the line ({unit})"),
        y_label: "grey value".into(),
        series: vec![Series { name: "grey value".into(), color: MADE, points }],
        ..Figure::default()
    };
    let shown = ShownFigure { figure, colors: vec![palette.accent] };
    row_of_plots(shared, ui, "profile", [shown], 1, None);
}
