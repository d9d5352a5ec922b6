//! Sensitivity to the threshold, as plots.

use egui::{Color32, RichText, Ui};

use super::sensitivity::{MeasureSensitivity, Sensitivity};
use super::state::MicrographSpace;
use crate::app::shared::Shared;
use crate::app::shared::plots::row_of_plots;
use crate::app::theme;
use crate::app::widgets::ShownFigure;
use crate::figure::{Figure, MADE, Series, significant};
use crate::micrograph::{Recipe, Segmentation};
use crate::stats::Curves;

/// A grey value with enough digits to tell it from its neighbours.
fn value_text(value: f32) -> String {
    if value.abs() >= 1000.0 { format!("{value:.0}") } else { significant(f64::from(value)) }
}

pub fn sensitivity_view(space: &mut MicrographSpace, shared: &mut Shared, ui: &mut Ui) {
    let palette = theme::palette(ui);
    let Some(document) = shared.document.clone() else { return };
    let cuts = space.cuts.clone();
    if cuts.is_empty() {
        let text = "This segmentation has no grey threshold to vary. Choose thresholds in the panel on the left.";
        ui.centered_and_justified(|ui| ui.label(RichText::new(text).color(palette.faint)));
        return;
    }
    let wanted = (document.number, cuts.clone());
    if space.asked.as_ref() != Some(&wanted) && space.dragged.is_none() {
        let recipe = Recipe { segmentation: Segmentation::Thresholds(cuts), ..document.recipe.clone() };
        let task = MeasureSensitivity { micrograph: document.micrograph().clone(), recipe };
        space.measuring.start_detached(task, &shared.wake);
        space.asked = Some(wanted);
    }
    let Some(sensitivity) = &space.sensitivity else {
        ui.centered_and_justified(|ui| ui.label("Measuring the phases for thresholds around the chosen one…"));
        return;
    };
    if let (Some(problem), true) = (&sensitivity.problem, sensitivity.steps.is_empty()) {
        ui.centered_and_justified(|ui| ui.label(problem));
        return;
    }
    let figures = sensitivity_figures(shared, sensitivity, palette.accent, palette.faint, palette.original);
    row_of_plots(shared, ui, "sensitivity", figures, 3, None);
}

fn sensitivity_figures(
    shared: &Shared,
    sensitivity: &Sensitivity,
    accent: Color32,
    faint: Color32,
    original: Color32,
) -> [ShownFigure; 3] {
    let phase = shared.phase_of(sensitivity.cuts.len() + 1);
    let name = shared.settings.recipe.phase_name(phase);
    let chosen = sensitivity.cuts[phase.saturating_sub(1).min(sensitivity.cuts.len() - 1)];
    let steps: Vec<(f32, &Curves)> =
        sensitivity.steps.iter().filter_map(|(shift, curves)| Some((*shift, curves.get(phase)?))).collect();
    let line = |name: String, points: Vec<(f64, f64)>| Series { name, color: MADE, points };
    let fractions = steps.iter().map(|(shift, c)| (f64::from(chosen + shift), c.volume_fraction)).collect();
    let at_chosen = steps.iter().find(|(shift, _)| *shift == 0.0).map(|(_, c)| c.volume_fraction);
    let top = steps.iter().map(|(_, c)| c.volume_fraction).fold(0.0, f64::max);
    let mut series = vec![line(format!("volume fraction of {name}"), fractions)];
    let mut colors = vec![accent];
    if at_chosen.is_some() {
        series.push(line("chosen threshold".into(), vec![(f64::from(chosen), 0.0), (f64::from(chosen), top)]));
        colors.push(original);
    }
    let at = at_chosen.map_or(String::new(), |f| format!(": {:.2} % at {}", 100.0 * f, value_text(chosen)));
    let fraction = Figure {
        title: format!("Volume fraction{at}"),
        x_label: "threshold (grey value)".into(),
        y_label: name.clone(),
        series,
        ..Figure::default()
    };
    let reach = steps.first().map_or(1, |(_, c)| c.s2.len()) as f64;
    let pixel = shared.document.as_ref().and_then(|d| d.micrograph().pixel_size.as_ref());
    let (unit, scale) = pixel.map_or(("px", 1.0), |p| p.unit(reach));
    let family = |title: &str, y_label: &str, of: &dyn Fn(&Curves) -> Vec<f64>| {
        let (mut series, mut colors) = (vec![], vec![]);
        for (shift, curves) in &steps {
            let points = of(curves).into_iter().enumerate().map(|(r, v)| (r as f64 * scale, v)).collect();
            let moved = *shift != 0.0;
            // Only the ends and the chosen one are named: a legend of all would cover the curves.
            let last = sensitivity.steps.last().map_or(0.0, |s| s.0);
            let named = !moved || shift.abs() >= last;
            let name = if named { value_text(chosen + shift) } else { String::new() };
            series.push(line(name, points));
            colors.push(if moved { faint } else { accent });
        }
        let figure = Figure {
            title: title.into(),
            x_label: format!("distance r ({unit})"),
            y_label: format!("{y_label}, {name}"),
            series,
            ..Figure::default()
        };
        ShownFigure { figure, colors }
    };
    [
        ShownFigure { figure: fraction, colors },
        family("S2(r) over thresholds", "S2", &|c| c.s2.clone()),
        family("L(r) over thresholds", "L", &|c| c.lineal_path.clone()),
    ]
}
