//! The histogram of grey values, with thresholds that can be dragged and the phases' shares between them.

use egui::{Align2, Color32, CursorIcon, FontId, Rect, Sense, Stroke as Line, Ui, pos2, vec2};

use super::grey::{BARS, LEVELS};
use super::state::MicrographSpace;
use crate::app::shared::Shared;
use crate::app::theme;
use crate::figure::significant;
use crate::micrograph::Segmentation;

/// Distance in points within which a drag takes a threshold.
const GRIP: f32 = 7.0;

/// The histogram in the available space.
pub fn histogram_view(space: &mut MicrographSpace, shared: &mut Shared, ui: &mut Ui) {
    let Some((_, histogram)) = space.histogram.clone() else { return };
    let palette = theme::palette(ui);
    let (rect, response) = ui.allocate_exact_size(ui.available_size(), Sense::click_and_drag());
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, "Histogram of grey values"));
    let plot = Rect::from_min_max(rect.min + vec2(8.0, 22.0), rect.max - vec2(8.0, 18.0));
    if plot.height() < 20.0 || histogram.high <= histogram.low {
        return;
    }
    let span = histogram.high - histogram.low;
    let x_of = |value: f32| plot.left() + plot.width() * (value - histogram.low) / span;
    let value_of = |x: f32| histogram.low + span * ((x - plot.left()) / plot.width()).clamp(0.0, 1.0);
    let cuts = space.cuts.clone();
    let painter = ui.painter_at(rect);
    let colors = theme::phases(&shared.settings.recipe, cuts.len() + 1);
    for bar in 0..BARS {
        let step = LEVELS / BARS;
        let count: u32 = histogram.counts[bar * step..(bar + 1) * step].iter().sum();
        // The square root keeps rare values visible beside common ones.
        let height = (f64::from(count) / f64::from(histogram.most)).sqrt() as f32 * plot.height();
        let middle = histogram.low + span * (bar as f32 + 0.5) / BARS as f32;
        let phase = cuts.iter().filter(|c| middle >= **c).count();
        let color =
            if cuts.is_empty() { palette.faint } else { legible(colors[phase], palette.faint, ui.visuals().dark_mode) };
        let (left, right) = (x_of(middle - 0.5 * span / BARS as f32), x_of(middle + 0.5 * span / BARS as f32));
        painter.rect_filled(
            Rect::from_min_max(pos2(left, plot.bottom() - height), pos2(right + 0.5, plot.bottom())),
            0.0,
            color,
        );
    }
    painter.hline(plot.x_range(), plot.bottom(), Line::new(1.0, palette.faint));
    let text = ui.visuals().text_color();
    let small = FontId::proportional(12.0);
    for (value, align) in [(histogram.low, Align2::LEFT_TOP), (histogram.high, Align2::RIGHT_TOP)] {
        painter.text(pos2(x_of(value), plot.bottom() + 3.0), align, number(value), small.clone(), palette.faint);
    }
    // Shares between the thresholds, before corrections.
    let mut edges = vec![histogram.low];
    edges.extend(&cuts);
    edges.push(histogram.high);
    if !cuts.is_empty() {
        for (phase, pair) in edges.windows(2).enumerate() {
            let to = if phase == cuts.len() { 1.0 } else { histogram.below(pair[1]) };
            let from = if phase == 0 { 0.0 } else { histogram.below(pair[0]) };
            let label = format!("{} {:.1} %", shared.settings.recipe.phase_name(phase), 100.0 * (to - from).max(0.0));
            let middle = 0.5 * (x_of(pair[0].max(histogram.low)) + x_of(pair[1].min(histogram.high)));
            let galley = painter.layout_no_wrap(label, small.clone(), text);
            let half = 0.5 * galley.size().x;
            let middle = middle.clamp(rect.left() + half, (rect.right() - half).max(rect.left() + half));
            painter.galley(pos2(middle - half, rect.top() + 3.0), galley, text);
        }
    }
    for (n, cut) in cuts.iter().enumerate() {
        let x = x_of(*cut);
        let held = space.dragged == Some(n);
        painter.vline(x, rect.y_range(), Line::new(if held { 2.5 } else { 1.5 }, palette.accent));
        painter.text(pos2(x + 4.0, plot.bottom() + 3.0), Align2::LEFT_TOP, number(*cut), small.clone(), palette.accent);
    }
    drag_threshold(space, shared, ui, &response, &cuts, &x_of, &value_of);
}

fn drag_threshold(
    space: &mut MicrographSpace,
    shared: &mut Shared,
    ui: &Ui,
    response: &egui::Response,
    cuts: &[f32],
    x_of: &dyn Fn(f32) -> f32,
    value_of: &dyn Fn(f32) -> f32,
) {
    let near = |x: f32| {
        let distance = |n: &usize| (x_of(cuts[*n]) - x).abs();
        (0..cuts.len()).filter(|n| distance(n) < GRIP).min_by(|a, b| distance(a).total_cmp(&distance(b)))
    };
    if let Some(pointer) = response.hover_pos()
        && near(pointer.x).is_some()
    {
        ui.set_cursor_icon(CursorIcon::ResizeHorizontal);
    }
    if response.drag_started() {
        let from = ui.input(|i| i.pointer.press_origin());
        space.dragged = from.and_then(|p| near(p.x));
    }
    if let (Some(n), Some(pointer)) = (space.dragged, response.interact_pointer_pos()) {
        let mut moved = cuts.to_vec();
        moved[n] = value_of(pointer.x);
        if n > 0 {
            moved[n] = moved[n].max(moved[n - 1]);
        }
        if n + 1 < moved.len() {
            moved[n] = moved[n].min(moved[n + 1]);
        }
        space.cuts.clone_from(&moved);
        shared.settings.recipe.segmentation = Segmentation::Thresholds(moved);
    }
    if !response.dragged() {
        space.dragged = None;
    }
    let tip = "Drag a line to move a threshold. Bar heights grow with the square root of the count.";
    if space.dragged.is_none() {
        response.clone().on_hover_text_at_pointer(tip);
    }
}

/// Replaces nearly black and nearly white: such bars would vanish on the dark or the light background.
fn legible(color: Color32, faint: Color32, dark: bool) -> Color32 {
    let sum = u32::from(color.r()) + u32::from(color.g()) + u32::from(color.b());
    let part = |share: f32| [faint.r(), faint.g(), faint.b()].map(|v| (f32::from(v) * share).min(255.0) as u8);
    let [r, g, b] = match sum {
        0..60 => part(0.6),
        700.. => part(if dark { 1.45 } else { 1.15 }),
        _ => return color,
    };
    Color32::from_rgb(r, g, b)
}

fn number(value: f32) -> String {
    let whole = value.fract() == 0.0 || value.abs() >= 1000.0;
    if whole && value.abs() < 1e6 { format!("{value:.0}") } else { significant(f64::from(value)) }
}
