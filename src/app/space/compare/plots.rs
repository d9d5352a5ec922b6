//! The curves of the comparison.

use egui::Color32;

use super::measuring::{Measured, Measurements};
use crate::app::theme;
use crate::app::widgets::ShownFigure;
use crate::figure::{Band, FAINT, Figure, MADE, ORIGINAL, Series, line_color};
use crate::stats::{Axis, COLUMNS, ROWS};

/// A curve over distances of whole pixels, in the unit of the plots.
fn over_distance(m: &Measured, values: Vec<f64>) -> Vec<(f64, f64)> {
    values.into_iter().enumerate().map(|(r, v)| (r as f64 * m.scale, v)).collect()
}

/// A figure with a curve of the original, the mean and the range of the reconstructions, and curves of other pictures.
fn figure(
    result: &Measurements,
    palette: theme::Palette,
    (title, x_label, y_label): (&str, String, &str),
    noise: Option<&[f64]>,
    of: &dyn Fn(&Measured) -> Vec<(f64, f64)>,
) -> ShownFigure {
    let (mut series, mut colors, mut bands) = (vec![], vec![], vec![]);
    let mut add = |name: String, color: Color32, print: [u8; 3], points: Vec<(f64, f64)>| {
        series.push(Series { name, color: print, points });
        colors.push(color);
    };
    let all: Vec<Vec<(f64, f64)>> = result.measured.iter().map(of).collect();
    if let (Some(noise), Some(first)) = (noise, all.first()) {
        let points = first.iter().zip(noise).map(|((x, _), y)| (*x, *y)).collect();
        add("white noise".into(), palette.faint, FAINT, points);
    }
    let made = result.labels.reconstructions;
    if let Some(first) = all.first() {
        add("original".into(), palette.original, ORIGINAL, first.clone());
        let made = &all[1..=made.min(all.len() - 1)];
        if made.len() > 1 {
            let shortest = made.iter().map(Vec::len).min().unwrap_or(0);
            let at = |k: usize| made.iter().map(move |c| c[k].1);
            let x = |k: usize| made[0][k].0;
            let mean = (0..shortest).map(|k| (x(k), at(k).sum::<f64>() / made.len() as f64)).collect();
            let band = (0..shortest)
                .map(|k| (x(k), at(k).fold(f64::INFINITY, f64::min), at(k).fold(f64::NEG_INFINITY, f64::max)));
            bands.push(Band { color: MADE, points: band.collect() });
            add(format!("mean and range of {} seeds", made.len()), palette.accent, MADE, mean);
        } else if let [only] = made {
            add(result.measured[1].name.clone(), palette.accent, MADE, only.clone());
        }
        for (n, points) in all.iter().enumerate().skip(1 + made.len()) {
            let number = n - 1 - made.len();
            add(result.measured[n].name.clone(), theme::line(number), line_color(number), points.clone());
        }
    }
    let figure = Figure {
        title: title.into(),
        x_label,
        y_label: format!("{y_label}, {}", result.labels.phase_name),
        series,
        bands,
        ..Figure::default()
    };
    ShownFigure { figure, colors }
}

pub(super) fn figures(result: &Measurements, palette: theme::Palette) -> Vec<ShownFigure> {
    let unit = result.unit;
    let distance = || format!("distance r ({unit})");
    let noise = &result.noise;
    let covariance = noise.covariance();
    let chords = |m: &Measured| {
        let all: u64 = m.all.chords.iter().sum();
        let density = m.all.chords.iter().map(|n| *n as f64 / (all.max(1) as f64 * m.scale)).collect();
        over_distance(m, density)
    };
    vec![
        figure(result, palette, ("Two-point correlation S2", distance(), "S2"), Some(&noise.s2), &|m| {
            over_distance(m, m.curves.s2.clone())
        }),
        figure(result, palette, ("Covariance", distance(), "S2 − φ²"), Some(&covariance), &|m| {
            over_distance(m, m.curves.covariance())
        }),
        figure(result, palette, ("Lineal path L", distance(), "L"), Some(&noise.lineal_path), &|m| {
            over_distance(m, m.curves.lineal_path.clone())
        }),
        figure(result, palette, ("Cluster function C2", distance(), "C2"), None, &|m| {
            over_distance(m, m.all.cluster.radial())
        }),
        figure(result, palette, ("Chord lengths", format!("chord length ({unit})"), "density"), None, &chords),
        figure(
            result,
            palette,
            ("Pore sizes", format!("radius of the largest disc ({unit})"), "share above"),
            None,
            &|m| over_distance(m, m.all.pore_sizes.clone()),
        ),
    ]
}

pub(super) fn further_figures(result: &Measurements, palette: theme::Palette) -> Vec<ShownFigure> {
    let unit = result.unit;
    let distance = || format!("distance r ({unit})");
    let along = |axis: Axis| move |m: &Measured| over_distance(m, m.all.two_point.along(axis));
    vec![
        figure(result, palette, ("S2 along rows", distance(), "S2"), None, &along(ROWS)),
        figure(result, palette, ("S2 along columns", distance(), "S2"), None, &along(COLUMNS)),
        figure(result, palette, ("Lineal path along rows", distance(), "L"), None, &|m| {
            over_distance(m, m.all.lineal_path[0].clone())
        }),
        figure(result, palette, ("Lineal path along columns", distance(), "L"), None, &|m| {
            over_distance(m, m.all.lineal_path[1].clone())
        }),
        figure(
            result,
            palette,
            ("Variance in windows", format!("edge of the window ({unit})"), "variance of the fraction"),
            None,
            &|m| m.all.local_variance.iter().map(|(e, v)| (*e as f64 * m.scale, *v)).collect(),
        ),
        figure(result, palette, ("Power spectrum", format!("cycles per {unit}"), "power"), None, &|m| {
            m.all.power_spectrum.iter().map(|(f, p)| (f / m.scale, *p)).collect()
        }),
    ]
}

/// Sizes of components, pores and chords: for each size the share of the phase in larger ones.
pub(super) fn size_figures(result: &Measurements, palette: theme::Palette) -> Vec<ShownFigure> {
    let unit = result.unit;
    let components = |m: &Measured| {
        let mut sizes = m.all.component_sizes.clone();
        sizes.sort_unstable();
        let all = sizes.iter().sum::<usize>().max(1) as f64;
        let mut left = all;
        let mut points = vec![(0.0, 1.0)];
        for size in sizes {
            // The diameter of a disc of the same area.
            let diameter = 2.0 * (size as f64 / std::f64::consts::PI).sqrt() * m.scale;
            points.push((diameter, left / all));
            left -= size as f64;
            points.push((diameter, left / all));
        }
        points
    };
    let pores = |m: &Measured| m.all.pore_sizes.iter().enumerate().map(|(r, v)| (r as f64 * m.scale, *v)).collect();
    let chords = |m: &Measured| {
        let length: f64 = m.all.chords.iter().enumerate().map(|(n, c)| n as f64 * *c as f64).sum();
        let mut left = length;
        let mut points = vec![];
        for (n, count) in m.all.chords.iter().enumerate() {
            left -= n as f64 * *count as f64;
            points.push((n as f64 * m.scale, left.max(0.0) / length.max(1.0)));
        }
        points
    };
    let share = |title: &str, x: String, of: &dyn Fn(&Measured) -> Vec<(f64, f64)>| {
        figure(result, palette, (title, x, "share in larger ones"), None, of)
    };
    vec![
        component_figure(result, palette, format!("diameter of the disc of the same area ({unit})"), &components),
        share("Pore sizes, share", format!("radius of the largest disc ({unit})"), &pores),
        share("Chord lengths, share", format!("chord length ({unit})"), &chords),
    ]
}

/// A curve of component sizes for each picture. The sizes differ between pictures, so there is no mean.
fn component_figure(
    result: &Measurements,
    palette: theme::Palette,
    x_label: String,
    of: &dyn Fn(&Measured) -> Vec<(f64, f64)>,
) -> ShownFigure {
    let (mut series, mut colors) = (vec![], vec![]);
    for (n, m) in result.measured.iter().enumerate() {
        let (color, print) = match n {
            0 => (palette.original, ORIGINAL),
            n if n <= result.labels.reconstructions => (palette.accent, MADE),
            n => {
                let number = n - 1 - result.labels.reconstructions;
                (theme::line(number), line_color(number))
            }
        };
        // One name for all reconstructions: a legend of twenty would cover the curves.
        let name = if n == 1 || n == 0 || n > result.labels.reconstructions { m.name.clone() } else { String::new() };
        let name = if n == 1 && result.labels.reconstructions > 1 { "realisations".into() } else { name };
        series.push(Series { name, color: print, points: of(m) });
        colors.push(color);
    }
    let y_label = format!("share in larger ones, {}", result.labels.phase_name);
    let figure = Figure { title: "Component sizes".into(), x_label, y_label, series, ..Figure::default() };
    ShownFigure { figure, colors }
}
