//! The histograms of the measured descriptors, which can be changed bar by bar.

use std::sync::Arc;

use egui::{Align2, FontId, Rect, Sense, Stroke, Ui, pos2, vec2};

use crate::app::shared::Shared;
use crate::app::shared::watch::{News, OneShot, Watch};
use crate::app::theme;
use crate::app::widgets::heading;
use crate::figure::significant;
use crate::micrograph::PhaseMap;
use crate::reconstruct::Method;
use crate::reconstruct::descriptors::{
    Descriptor, Descriptors, Edit, Histogram, Orientations, Particle, edited, matrix_of, particles,
};

/// Bars of a histogram.
const BARS: usize = 16;
/// The height of a histogram with its axis, in points.
const HEIGHT: f32 = 78.0;

/// The values of each descriptor, in the order of [`Descriptor::ALL`], or why there are none.
type Found = Result<Vec<Vec<f64>>, String>;

/// The particles that were measured last.
#[derive(Default)]
pub struct Measured {
    work: Watch<OneShot<(Key, Found)>>,
    found: Option<(Key, Found)>,
}

/// What particles were measured of: the map, the phase, and whether they were separated.
#[derive(Clone)]
struct Key(Arc<PhaseMap>, usize, bool);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) && (self.1, self.2) == (other.1, other.2)
    }
}

/// The histograms of the phase that is shown, below the settings of the method.
pub fn histograms(measured: &mut Measured, shared: &mut Shared, ui: &mut Ui) {
    let Method::Descriptors(settings) = &shared.settings.method else { return };
    let Some(map) = shared.document.as_ref().and_then(|document| document.phases()).cloned() else { return };
    let (mut settings, before, phase) = (settings.clone(), settings.clone(), shared.phase_of(map.phases));
    heading(ui, "Measured");
    let name = shared.settings.recipe.phase_name(phase);
    if phase == matrix_of(&map) {
        ui.add(
            egui::Label::new(format!("The largest phase, {name}, surrounds the particles. Choose another one above."))
                .wrap(),
        );
        return;
    }
    let key = Key(map, phase, settings.split);
    measure(measured, &key, &name, shared);
    let found = measured.found.as_ref().filter(|(of, _)| *of == key).map(|(_, found)| found);
    match found {
        None => {
            ui.label("The particles are being measured.");
        }
        Some(Err(reason)) => {
            ui.add(egui::Label::new(reason.as_str()).wrap());
        }
        Some(Ok(all)) => {
            ui.label(format!("{} particles of {name}. Drag the bars to change what is made.", all[0].len()));
            for (descriptor, values) in Descriptor::ALL.into_iter().zip(all) {
                // What is set above replaces these two wholly.
                let is_used = match descriptor {
                    Descriptor::Angle => settings.orientations == Orientations::Measured,
                    Descriptor::Distance => settings.spacing > 0.0,
                    Descriptor::Area | Descriptor::Aspect => true,
                };
                if is_used && !values.is_empty() {
                    histogram(ui, descriptor, values, phase, &mut settings);
                }
            }
        }
    }
    if settings != before {
        shared.settings.method = Method::Descriptors(settings);
    }
}

/// Measures on another thread, if that is not done yet.
fn measure(measured: &mut Measured, key: &Key, name: &str, shared: &mut Shared) {
    while let Some(news) = measured.work.poll(&mut shared.messages) {
        if let News::Output(found) = news {
            measured.found = Some(found);
        }
    }
    let is_known = measured.found.as_ref().is_some_and(|(of, _)| of == key);
    if !is_known && !measured.work.is_running() {
        let (key, name) = (key.clone(), name.to_string());
        let work = move || {
            let found = particles(&key.0, key.1, key.2, &name).map_err(|error| error.to_string());
            let values =
                |particles: Vec<Particle>| Descriptor::ALL.map(|descriptor| descriptor.of(&particles)).to_vec();
            Ok((key, found.map(values)))
        };
        measured.work.start_detached(OneShot(Box::new(work)), &shared.wake);
    }
}

/// Title, and how a value is written.
fn described(descriptor: Descriptor) -> (&'static str, fn(f64) -> String) {
    match descriptor {
        Descriptor::Area => ("Area, px²", |v| significant(v)),
        Descriptor::Aspect => ("Aspect ratio", |v| significant(v)),
        Descriptor::Angle => ("Direction, °", |v| format!("{:.0}", v.to_degrees())),
        Descriptor::Distance => ("Nearest distance, px", |v| significant(v)),
    }
}

/// One histogram: measured behind, and wanted before it. A drag sets the bar below the pointer; a double click goes back to
/// what was measured.
fn histogram(ui: &mut Ui, descriptor: Descriptor, values: &[f64], phase: usize, settings: &mut Descriptors) {
    let (title, text) = described(descriptor);
    let (mut from, mut to) = descriptor.range(values);
    let wanted = edited(&settings.edits, phase, descriptor);
    if let Some(wanted) = wanted {
        (from, to) = (from.min(wanted.from), to.max(wanted.to));
    }
    let measured = Histogram::of(values, (from, to), BARS);
    let measured = measured.rebinned((from, to), BARS);
    let wanted = wanted.map(|wanted| wanted.rebinned((from, to), BARS));
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), HEIGHT), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, format!("Histogram: {title}")));
    let plot = Rect::from_min_max(rect.min + vec2(2.0, 16.0), rect.max - vec2(2.0, 15.0));
    // Some room above the measured bars, so that they can be raised.
    let top = 1.25 * measured.weights.iter().copied().fold(0.0, f64::max).max(1e-6);
    let (palette, painter) = (theme::palette(ui), ui.painter_at(rect));
    let bar_rect = |bar: usize, share: f64| {
        let (left, width) = (plot.left() + plot.width() * bar as f32 / BARS as f32, plot.width() / BARS as f32);
        let height = plot.height() * (share / top).min(1.0) as f32;
        Rect::from_min_max(pos2(left + 0.5, plot.bottom() - height), pos2(left + width - 0.5, plot.bottom()))
    };
    for bar in 0..BARS {
        painter.rect_filled(bar_rect(bar, measured.weights[bar]), 0.0, palette.faint);
    }
    if let Some(wanted) = &wanted {
        for bar in 0..BARS {
            let rect = bar_rect(bar, wanted.weights[bar]);
            painter.rect_stroke(rect, 0.0, Stroke::new(1.5, palette.accent), egui::StrokeKind::Inside);
        }
    }
    painter.hline(plot.x_range(), plot.bottom(), Stroke::new(1.0, palette.faint));
    let small = FontId::proportional(12.0);
    let color = ui.visuals().text_color();
    let title = if wanted.is_some() { format!("{title} (changed)") } else { title.to_string() };
    painter.text(rect.left_top(), Align2::LEFT_TOP, title, small.clone(), color);
    for (value, place, align) in [
        (measured.from, rect.left_bottom(), Align2::LEFT_BOTTOM),
        (measured.to, rect.right_bottom(), Align2::RIGHT_BOTTOM),
    ] {
        painter.text(place, align, text(value), small.clone(), palette.faint);
    }
    let others = |edit: &Edit| (edit.phase, edit.descriptor) != (phase, descriptor);
    if response.double_clicked() {
        settings.edits.retain(others);
    } else if let Some(at) = response.interact_pointer_pos().filter(|_| response.dragged() || response.clicked()) {
        let bar = ((at.x - plot.left()) / plot.width() * BARS as f32).clamp(0.0, BARS as f32 - 1.0) as usize;
        let wanted_share = (f64::from((plot.bottom() - at.y) / plot.height()) * top).clamp(0.0, top);
        let mut histogram = wanted.unwrap_or(measured);
        histogram.set_share(bar, wanted_share);
        settings.edits.retain(others);
        settings.edits.push(Edit { phase, descriptor, histogram });
    }
    response.on_hover_text("Grey: measured. Drag the bars to change the distribution. Double click: as measured.");
}
