//! The curves that are shown and exported.

use egui::Color32;

use super::state::{ReconstructSpace, Shown};
use crate::app::shared::Shared;
use crate::app::theme::{self, Palette};
use crate::app::widgets::ShownFigure;
use crate::figure::{Band, FAINT, Figure, MADE, ORIGINAL, Series, line_color};
use crate::micrograph::PixelSize;
use crate::stats::{CurveErrors, Curves, ErrorRates, white_noise};

fn points(values: &[f64], scale: f64) -> Vec<(f64, f64)> {
    values.iter().enumerate().map(|(r, v)| (r as f64 * scale, *v)).collect()
}

/// Curves of the chosen phase: of the original that the shown results belong to, and of white noise.
pub fn original_curves<'a>(space: &'a ReconstructSpace, shared: &'a Shared) -> Option<(&'a Curves, Curves)> {
    let (curves, pixels) = match space.shown {
        Shown::Realisation(n) => {
            let realisation = shared.realisations.get(n)?;
            let input = &realisation.report.input;
            (realisation.original_curves.as_slice(), input.height * input.width)
        }
        Shown::Live => {
            let document = space.live_document(shared)?;
            (document.curves(), document.size().0 * document.size().1)
        }
    };
    let original = curves.get(shared.phase_of(curves.len()))?;
    Some((original, white_noise(original.volume_fraction, pixels, original.s2.len())))
}

/// The pixel size of the original that the shown results belong to.
pub fn shown_pixel_size<'a>(space: &'a ReconstructSpace, shared: &'a Shared) -> Option<&'a PixelSize> {
    match space.shown {
        Shown::Realisation(n) => shared.realisations.get(n)?.report.input.pixel_size.as_ref(),
        Shown::Live => space.live_document(shared)?.micrograph().pixel_size.as_ref(),
    }
}

/// The errors of what is shown, and of white noise.
pub fn shown_errors(space: &ReconstructSpace, shared: &Shared) -> Option<(Option<ErrorRates>, ErrorRates)> {
    let (original, noise) = original_curves(space, shared)?;
    let found = space.curves.get(shared.phase_of(space.curves.len())).map(|found| ErrorRates::between(original, found));
    Some((found, ErrorRates::between(original, &noise)))
}

/// The titles of the figures for files.
pub const TITLES: [&str; 3] = ["S2(r)", "L(r)", "Loss"];

/// S2, lineal path and loss as figures for files.
pub fn for_files(space: &ReconstructSpace, shared: &Shared) -> Vec<Figure> {
    all(space, shared, theme::LIGHT, false).map(|f| f.figure).into()
}

/// S2, lineal path and loss; of the first two the curves, or their differences from the original's.
pub fn all(space: &ReconstructSpace, shared: &Shared, palette: Palette, difference: bool) -> [ShownFigure; 3] {
    let curves = if difference {
        [
            difference_figure(space, shared, ("ΔS2(r)", "ΔS2"), palette, |c| &c.s2, |e| &e.s2),
            difference_figure(space, shared, ("ΔL(r)", "ΔL"), palette, |c| &c.lineal_path, |e| &e.lineal_path),
        ]
    } else {
        [
            curve_figure(space, shared, (TITLES[0], "S2"), palette, |c| &c.s2),
            curve_figure(space, shared, (TITLES[1], "L"), palette, |c| &c.lineal_path),
        ]
    };
    let [s2, lineal_path] = curves;
    [s2, lineal_path, loss_figure(space, shared, palette)]
}

/// What the reconstruction's curve differs by from the original's, over twice the standard error of the original's.
fn difference_figure(
    space: &ReconstructSpace,
    shared: &Shared,
    (title, y_label): (&str, &str),
    palette: Palette,
    of: fn(&Curves) -> &Vec<f64>,
    error_of: fn(&CurveErrors) -> &Vec<f64>,
) -> ShownFigure {
    let ShownFigure { mut figure, .. } = curve_figure(space, shared, (title, y_label), palette, of);
    figure.series.clear();
    let found = space.curves.get(shared.phase_of(space.curves.len()));
    let Some(((original, _), found)) = original_curves(space, shared).zip(found) else {
        return ShownFigure { figure, colors: vec![] };
    };
    let scale = axis(space, shared).1;
    let errors = space.difference.errors.get(shared.phase_of(space.difference.errors.len()));
    let band = |errors: &Vec<f64>| Band {
        color: FAINT,
        points: errors.iter().enumerate().map(|(r, e)| (r as f64 * scale, -2.0 * e, 2.0 * e)).collect(),
    };
    figure.bands = errors.map(error_of).map(band).into_iter().collect();
    let gaps: Vec<f64> = of(found).iter().zip(of(original)).map(|(a, b)| a - b).collect();
    let zero = vec![0.0; gaps.len()];
    let line = |name: &str, color, values: &[f64]| Series { name: name.into(), color, points: points(values, scale) };
    figure.series = vec![line("", ORIGINAL, &zero), line("reconstruction − original", MADE, &gaps)];
    ShownFigure { figure, colors: vec![palette.original, palette.accent] }
}

/// The unit of distances, and the length of a pixel in it.
fn axis<'a>(space: &'a ReconstructSpace, shared: &'a Shared) -> (&'a str, f64) {
    let reach = original_curves(space, shared).map_or(1, |(c, _)| c.s2.len()) as f64;
    shown_pixel_size(space, shared).map_or(("px", 1.0), |p| p.unit(reach))
}

fn curve_figure(
    space: &ReconstructSpace,
    shared: &Shared,
    (title, y_label): (&str, &str),
    palette: Palette,
    of: fn(&Curves) -> &Vec<f64>,
) -> ShownFigure {
    let (mut series, mut colors) = (vec![], vec![]);
    let (unit, scale) = axis(space, shared);
    let mut add = |name: &str, print: [u8; 3], color: Color32, curves: &Curves| {
        series.push(Series { name: name.into(), color: print, points: points(of(curves), scale) });
        colors.push(color);
    };
    if let Some((original, noise)) = original_curves(space, shared) {
        add("white noise", FAINT, palette.faint, &noise);
        add("original", ORIGINAL, palette.original, original);
    }
    if let Some(found) = space.curves.get(shared.phase_of(space.curves.len())) {
        add("reconstruction", MADE, palette.accent, found);
    }
    let phase_name = space.shown_original(shared).map_or_else(String::new, |original| {
        let phases = original.phases.map_or(0, |map| map.phases);
        original.recipe.phase_name(shared.phase_of(phases))
    });
    let figure = Figure {
        title: title.into(),
        x_label: format!("distance r ({unit})"),
        y_label: format!("{y_label}, {phase_name}"),
        series,
        ..Figure::default()
    };
    ShownFigure { figure, colors }
}

/// Whether the method of what is shown has a loss: one that makes a realisation in one step has none.
pub fn has_loss(space: &ReconstructSpace, shared: &Shared) -> bool {
    let shown = match space.shown {
        Shown::Realisation(n) => shared.realisations.get(n).map(|r| &r.report.settings),
        Shown::Live => space.started.as_ref().map(|started| &started.settings),
    };
    shown.unwrap_or(&shared.settings).method.settings().iterations() > 1
}

/// The loss of the run or of the shown realisation, with its layers.
fn loss_figure(space: &ReconstructSpace, shared: &Shared, palette: Palette) -> ShownFigure {
    let (total, layers): (Vec<f64>, Vec<(String, Vec<f64>)>) = match (space.shown, &space.started) {
        (Shown::Realisation(n), _) => match shared.realisations.get(n) {
            Some(r) => (r.report.loss.clone(), r.report.layer_losses.clone()),
            None => (vec![], vec![]),
        },
        (Shown::Live, Some(started)) => {
            let losses = &space.run.progress.losses;
            let layer = |(n, name): (usize, String)| {
                let values = losses.iter().filter_map(|l| l.parts.get(n).copied()).collect();
                (name, values)
            };
            let names = started.settings.method.settings().loss_names();
            (losses.iter().map(|l| l.total).collect(), names.into_iter().enumerate().map(layer).collect())
        }
        (Shown::Live, None) => (vec![], vec![]),
    };
    let (mut series, mut colors) = (vec![], vec![]);
    if !total.is_empty() && has_loss(space, shared) {
        let total = total.iter().enumerate().map(|(n, v)| (n as f64 + 1.0, *v)).collect();
        series.push(Series { name: "total".into(), color: MADE, points: total });
        colors.push(palette.accent);
        for (n, (name, values)) in layers.iter().enumerate() {
            let values = values.iter().enumerate().map(|(n, v)| (n as f64 + 1.0, *v)).collect();
            series.push(Series { name: name.clone(), color: line_color(n), points: values });
            colors.push(theme::line(n));
        }
    }
    let figure = Figure {
        title: TITLES[2].into(),
        x_label: "iteration".into(),
        y_label: "loss".into(),
        logarithmic: true,
        series,
        ..Figure::default()
    };
    ShownFigure { figure, colors }
}
