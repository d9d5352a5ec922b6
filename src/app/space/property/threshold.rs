//! Estimates against the threshold of a grey micrograph.

use std::sync::Arc;

use egui::{Slider, Ui};

use super::state::{PropertySpace, Tab, ThresholdsAsked};
use crate::app::shared::Shared;
use crate::app::shared::plots::row_of_plots;
use crate::app::shared::watch::News;
use crate::app::space::placeholder;
use crate::app::widgets::ShownFigure;
use crate::figure::{FAINT, Figure, MADE, ORIGINAL, Series, significant};
use crate::job::{Progress, PropertyThresholds, Request, ThresholdPoint, main_quantity};
use crate::micrograph::{Micrograph, Segmentation, thresholds};
use crate::property::{Property, Wanted};

/// Thresholds that are tried.
const COUNT: usize = 33;

/// The open micrograph, if a threshold can be chosen for it.
fn grey(shared: &Shared) -> Option<Arc<Micrograph>> {
    let document = shared.document.as_ref()?;
    let is_cut = match &document.recipe.segmentation {
        Segmentation::Auto => document.is_grey,
        Segmentation::Phases(2) => true,
        Segmentation::Thresholds(values) => values.len() == 1,
        _ => false,
    };
    (is_cut && document.micrograph().channels() == 1).then(|| document.raw.clone())
}

/// Takes points that are ready, and starts what is out of date while the tab is shown.
pub fn poll(space: &mut PropertySpace, shared: &mut Shared, is_shown: bool) {
    space.thresholds.take_progress();
    while let Some(news) = space.thresholds.poll(&mut shared.messages) {
        if let News::Output(point) = news {
            space.points.push(point);
        }
    }
    if !is_shown || space.tab != Tab::Threshold || space.asked.is_none() {
        return;
    }
    let (Some(raw), Some(document)) = (grey(shared), &shared.document) else { return };
    let recipe = crate::micrograph::Recipe { segmentation: Segmentation::Auto, ..document.recipe.clone() };
    let properties = space.wanted.properties.iter().copied().filter(|p| *p != Property::Light).collect();
    let wanted = Wanted { properties, full_fields: false, keep_fields: false, ..space.wanted.clone() };
    let same = space.thresholds_asked.as_ref().is_some_and(|asked| {
        Arc::ptr_eq(&asked.raw, &raw) && asked.recipe == recipe && asked.set == space.set && asked.wanted == wanted
    });
    if same || wanted.properties.is_empty() {
        return;
    }
    // The one that runs is out of date; the next one starts once it has ended.
    if space.thresholds.is_running() {
        space.thresholds.request(Request::Cancel);
        return;
    }
    let (low, high) = document.micrograph().range;
    let tried = (1..COUNT).map(|n| low + (high - low) * n as f32 / COUNT as f32).collect();
    let request = PropertyThresholds {
        micrograph: raw.clone(),
        recipe: recipe.clone(),
        thresholds: tried,
        set: space.set.clone(),
        wanted: wanted.clone(),
    };
    space.points.clear();
    space.thresholds_asked = Some(ThresholdsAsked { raw, recipe, set: space.set.clone(), wanted });
    space.thresholds.start(request, &shared.wake);
}

pub fn tab(space: &mut PropertySpace, shared: &mut Shared, ui: &mut Ui) {
    let Some(_) = grey(shared) else {
        placeholder(
            ui,
            "The open micrograph has no single threshold: its phases are labels, or are found in another way.",
        );
        return;
    };
    let now = slider(space, shared, ui);
    if space.thresholds.is_running() {
        ui.label(egui::RichText::new(space.thresholds.progress.doing()).small().weak());
    }
    let figures: Vec<ShownFigure> = space
        .wanted
        .properties
        .iter()
        .filter_map(|p| figure(&space.points, main_quantity(*p), now))
        .map(|figure| ShownFigure::of(figure, ui))
        .collect();
    let columns = figures.len().max(1);
    row_of_plots(shared, ui, "property thresholds", figures, columns, None);
}

/// The slider of the open micrograph's threshold; its phases, and all estimates, follow.
fn slider(space: &mut PropertySpace, shared: &mut Shared, ui: &mut Ui) -> f32 {
    let Some(document) = &shared.document else { return 0.0 };
    let micrograph = document.micrograph().clone();
    let (low, high) = micrograph.range;
    let before = match &document.recipe.segmentation {
        Segmentation::Thresholds(values) => values.first().copied().unwrap_or(low),
        _ => automatic(space, &micrograph),
    };
    let mut now = before;
    let share = document.phases().map_or(0.0, |map| map.volume_fractions().last().copied().unwrap_or(0.0));
    ui.horizontal(|ui| {
        ui.label("Threshold");
        ui.spacing_mut().slider_width = 260.0;
        ui.add(Slider::new(&mut now, low..=high))
            .on_hover_text("The grey value from which on a pixel is of the brighter phase.");
        ui.label(format!("brighter phase: {} %", significant(100.0 * share)));
    });
    if now != before {
        shared.settings_mut().recipe.segmentation = Segmentation::Thresholds(vec![now]);
    }
    now
}

/// The threshold that is chosen for a picture by itself.
fn automatic(space: &mut PropertySpace, micrograph: &Arc<Micrograph>) -> f32 {
    if let Some((known, value)) = &space.automatic
        && Arc::ptr_eq(known, micrograph)
    {
        return *value;
    }
    let (low, high) = micrograph.range;
    let value = thresholds(&micrograph.grey(), 2).first().copied().unwrap_or(0.5 * (low + high));
    space.automatic = Some((micrograph.clone(), value));
    value
}

/// A quantity against the threshold, with its bounds and the present threshold.
fn figure(points: &[ThresholdPoint], name: &str, now: f32) -> Option<Figure> {
    let quantities: Vec<(f64, &crate::property::Quantity)> = points
        .iter()
        .filter_map(|p| Some((f64::from(p.threshold), p.quantities.iter().find(|q| q.name.starts_with(name))?)))
        .collect();
    let of = |value: &dyn Fn(&crate::property::Quantity) -> Option<f64>| -> Vec<(f64, f64)> {
        quantities.iter().filter_map(|(x, q)| Some((*x, value(q).filter(|v| v.is_finite())?))).collect()
    };
    let estimate = of(&|q| q.estimate);
    let (lower, upper) = (of(&|q| q.narrowest().map(|b| b.lower)), of(&|q| q.narrowest().map(|b| b.upper)));
    let unit = quantities.first().map_or("", |(_, q)| q.unit.as_str());
    let top = estimate.iter().chain(&upper).map(|(_, y)| *y).fold(0.0, f64::max);
    if top <= 0.0 {
        return None;
    }
    // Permeability grows by powers of ten towards an empty map, which would hide all the rest.
    let logarithmic = quantities.first().is_some_and(|(_, q)| q.property == Property::Permeability);
    let least = estimate.iter().map(|(_, y)| *y).filter(|y| *y > 0.0).fold(top, f64::min);
    let bottom = if logarithmic { least } else { 0.0 };
    let series = [
        Series { name: "estimate".into(), color: MADE, points: estimate },
        Series { name: "bounds".into(), color: FAINT, points: lower },
        Series { name: String::new(), color: FAINT, points: upper },
        Series { name: "now".into(), color: ORIGINAL, points: vec![(f64::from(now), bottom), (f64::from(now), top)] },
    ];
    Some(Figure {
        title: name.into(),
        x_label: "threshold".into(),
        y_label: if unit.is_empty() { name.into() } else { format!("{name} ({unit})") },
        series: series.into_iter().filter(|s| !s.points.is_empty()).collect(),
        logarithmic,
        ..Figure::default()
    })
}
