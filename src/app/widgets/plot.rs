//! Curves in a plot that keeps its range while they refresh.

use egui::{Color32, Ui};
use egui_plot::{
    BoxElem, BoxPlot, BoxSpread, FilledArea, GridMark, HoverPosition, Line, Plot, PlotPoint, PlotPoints, PlotUi,
    Points, Text,
};
use std::collections::BTreeSet;

use super::enlarge::toggle_enlarged;
use crate::app::theme;
use crate::figure::{Boxed, FAINT, Figure, MADE, ORIGINAL, significant};

/// What was chosen in a plot's menu.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlotRequest {
    /// The numbers to the clipboard.
    CopyCsv,
    /// Save as a file of this kind, without the dot.
    Save(&'static str),
}

/// A figure with its colours on the screen: its own are for white paper.
pub struct ShownFigure {
    pub figure: Figure,
    pub colors: Vec<Color32>,
}

impl ShownFigure {
    /// A figure whose colours stand for what is made, its original, and other things to compare with.
    pub fn of(figure: Figure, ui: &Ui) -> Self {
        Self { colors: figure.series.iter().map(|series| on_screen(ui, series.color)).collect(), figure }
    }
}

/// The colour on the screen of one for white paper.
fn on_screen(ui: &Ui, color: [u8; 3]) -> Color32 {
    let palette = theme::palette(ui);
    match color {
        MADE => palette.accent,
        ORIGINAL => palette.original,
        FAINT => palette.faint,
        [r, g, b] => Color32::from_rgb(r, g, b),
    }
}

/// Shows a figure below its title in the available space. Returns what was chosen in its menu, with the figure.
pub fn titled_plot(ui: &mut Ui, group: &str, shown: ShownFigure, y_top: Option<f64>) -> Option<(Figure, PlotRequest)> {
    ui.label(egui::RichText::new(&shown.figure.title).strong());
    let request = curve_plot(ui, group, &shown.figure, &shown.colors, y_top)?;
    Some((shown.figure, request))
}

/// Shows a figure in the available space. Returns what was chosen in its menu. A double click enlarges it among the figures
/// of its group, and shows its whole curves.
pub fn curve_plot(
    ui: &mut Ui,
    group: &str,
    figure: &Figure,
    colors: &[Color32],
    y_top: Option<f64>,
) -> Option<PlotRequest> {
    let logarithmic = figure.logarithmic;
    let id = format!("{group} {}", figure.title);
    let hidden = legend(ui, &id, figure, colors);
    /// Width and height of the axes, in points.
    const AXES: [f32; 2] = [60.0, 40.0];
    /// Width and height that the label of a mark needs, in points.
    const MARK: [f32; 2] = [80.0, 30.0];
    let across = f64::from((ui.available_width() - AXES[0]) / MARK[0]).clamp(2.0, 6.0);
    let down = f64::from((ui.available_height() - AXES[1]) / MARK[1]).clamp(2.0, 8.0);
    // A label that is longer than its axis would lie on what is beside it.
    let font = egui::TextStyle::Body.resolve(ui.style());
    let length = |text: &str| ui.painter().layout_no_wrap(text.into(), font.clone(), Color32::WHITE).size().x;
    let x_label = if length(&figure.x_label) < ui.available_width() - AXES[0] { figure.x_label.as_str() } else { "" };
    let y_label = if length(&figure.y_label) < ui.available_height() - AXES[1] { figure.y_label.as_str() } else { "" };
    let mut plot = Plot::new(id)
        .x_axis_label(x_label)
        .y_axis_label(y_label)
        .allow_scroll(false)
        .show_background(false)
        .grid_color(theme::palette(ui).faint.gamma_multiply(0.55))
        .set_margin_fraction(egui::vec2(0.01, 0.04))
        .y_axis_min_width(44.0)
        .x_axis_formatter(|mark, _| decimal(mark))
        .y_axis_formatter(|mark, _| decimal(mark))
        .x_grid_spacer(move |input| even_marks(input.bounds, across))
        .y_grid_spacer(move |input| even_marks(input.bounds, down.min(4.0)))
        .label_formatter(move |hover: &HoverPosition<'_>| match hover {
            HoverPosition::NearDataPoint { plot_name, position, .. } => {
                let y = if logarithmic { 10f64.powf(position.y) } else { position.y };
                Some(format!("{plot_name}\n{}: {}", significant(position.x), significant(y)))
            }
            HoverPosition::Elsewhere { .. } => None,
        });
    if logarithmic {
        plot = plot.y_axis_formatter(|mark, _| exponent(mark)).y_grid_spacer(move |input| {
            let (low, high) = input.bounds;
            let step = ((high - low) / down).ceil().max(1.0);
            // Only marks within the plot: a label above its edge would lie on the title.
            let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
            (first..=last).map(|k| GridMark { value: k as f64 * step, step_size: step }).collect()
        });
    }
    if !figure.boxes.is_empty() {
        // The empty axis leaves room for the first label of the other one.
        plot = plot.y_axis_formatter(|_, _| String::new()).y_axis_min_width(16.0).show_grid([true, false]);
    }
    if let Some(top) = y_top {
        plot = plot.include_y(0.0).include_y(top);
    }
    let scale = |y: f64| if logarithmic { y.log10() } else { y };
    let lines: Vec<Line> = figure
        .series
        .iter()
        .zip(colors)
        .filter(|(series, _)| !hidden.contains(&series.name))
        .map(|(series, color)| {
            let usable = series.points.iter().filter(|p| p.1.is_finite() && (!logarithmic || p.1 > 0.0));
            let points: PlotPoints = usable.map(|p| [p.0, scale(p.1)]).collect();
            Line::new(series.name.clone(), points).color(*color).width(1.8).allow_band(false)
        })
        .collect();
    // The colour, and x, lower and upper values of each band.
    let bands: Vec<(Color32, [Vec<f64>; 3])> = figure
        .bands
        .iter()
        .map(|band| {
            let part = |of: fn(&(f64, f64, f64)) -> f64| band.points.iter().map(of).collect();
            let color = on_screen(ui, band.color).gamma_multiply(0.3);
            (color, [part(|p| p.0), part(|p| p.1), part(|p| p.2)])
        })
        .collect();
    let bar_color = theme::palette(ui).accent.gamma_multiply(0.4);
    let bars: Vec<(f64, f64, f64)> =
        figure.dots.iter().flat_map(|d| d.points.iter().copied()).filter(|p| p.2 > 0.0 && p.1.is_finite()).collect();
    let dots: Vec<(String, Color32, Vec<[f64; 2]>)> = figure
        .dots
        .iter()
        .map(|d| {
            let points = d.points.iter().filter(|p| p.1.is_finite()).map(|p| [p.0, p.1]).collect();
            (d.name.clone(), on_screen(ui, d.color), points)
        })
        .collect();
    let (on_screen_made, text_color) = (theme::palette(ui).accent, ui.visuals().text_color());
    let response = plot
        .show(ui, |plot| {
            for (color, [x, low, high]) in &bands {
                plot.add(FilledArea::new("", x, low, high).fill_color(*color));
            }
            lines.into_iter().for_each(|line| plot.line(line));
            for (x, y, half) in bars {
                let bar = vec![[x, y - half], [x, y + half]];
                plot.line(Line::new("", bar).color(bar_color).width(1.0).allow_hover(false));
            }
            for (name, color, dots) in dots {
                plot.points(Points::new(name, dots).color(color).radius(2.5));
            }
            draw_boxes(plot, &figure.boxes, on_screen_made, text_color);
        })
        .response;
    let name = figure.title.as_str();
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, name));
    if response.double_clicked() {
        toggle_enlarged(ui.ctx(), group, name);
    }
    let mut request = None;
    response.context_menu(|ui| {
        for (text, choice) in [
            ("Copy numbers (CSV)", PlotRequest::CopyCsv),
            ("Save as CSV…", PlotRequest::Save("csv")),
            ("Save as PNG…", PlotRequest::Save("png")),
            ("Save as SVG…", PlotRequest::Save("svg")),
        ] {
            if ui.button(text).clicked() {
                request = Some(choice);
            }
        }
        ui.label(
            egui::RichText::new("Double click: larger or smaller, with whole curves. Right drag: zoom.")
                .small()
                .color(theme::palette(ui).faint),
        );
    });
    request
}

/// Boxes lying, the first on top, each with its name above it and a dot for each value.
fn draw_boxes(plot: &mut PlotUi<'_>, boxes: &[Boxed], color: Color32, text_color: Color32) {
    let low = boxes.iter().flat_map(|own| own.values.iter().copied()).fold(f64::INFINITY, f64::min);
    for (n, own) in boxes.iter().enumerate() {
        let Some(spread) = own.quartiles() else { continue };
        let y = boxes.len() as f64 - n as f64 - 0.68;
        let [first, middle, last] = spread.quarters;
        let element = BoxElem::new(y, BoxSpread::new(spread.low, first, middle, last, spread.high))
            .box_width(0.36)
            .whisker_width(0.2)
            .fill(color.gamma_multiply(0.25))
            .stroke(egui::Stroke::new(1.5, color))
            .horizontal();
        plot.box_plot(BoxPlot::new("", vec![element]).allow_hover(false));
        let dots: Vec<[f64; 2]> = own.sorted().into_iter().map(|v| [v, y]).collect();
        plot.points(Points::new(own.name.clone(), dots).color(color).radius(2.0));
        let name = egui::RichText::new(&own.name).small();
        let text = Text::new("", PlotPoint::new(low, y + 0.44), name).color(text_color);
        plot.text(text.anchor(egui::Align2::LEFT_CENTER).allow_hover(false));
    }
}

/// The names of the curves above the plot, in their colours: a click hides a curve or shows it again. Returns the hidden
/// ones. Above, because a legend within lies on the curves.
fn legend(ui: &mut Ui, id: &str, figure: &Figure, colors: &[Color32]) -> BTreeSet<String> {
    let key = egui::Id::unique("hidden curves").with(id);
    let mut hidden: BTreeSet<String> = ui.data(|d| d.get_temp(key)).unwrap_or_default();
    let before = hidden.clone();
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing = egui::vec2(10.0, 1.0);
        ui.spacing_mut().interact_size.y = 14.0;
        ui.horizontal_wrapped(|ui| {
            for (series, color) in figure.series.iter().zip(colors).filter(|(series, _)| !series.name.is_empty()) {
                let is_hidden = hidden.contains(&series.name);
                let mut text = egui::text::LayoutJob::default();
                let font = egui::TextStyle::Small.resolve(ui.style());
                let (mark, name) = match is_hidden {
                    true => (theme::palette(ui).faint, theme::palette(ui).faint),
                    false => (*color, ui.visuals().text_color()),
                };
                text.append("■ ", 0.0, egui::TextFormat::simple(font.clone(), mark));
                text.append(&series.name, 0.0, egui::TextFormat::simple(font, name));
                let entry = ui.add(egui::Label::new(text).sense(egui::Sense::click()).extend());
                entry.widget_info(|| egui::WidgetInfo::selected(egui::Role::Button, true, !is_hidden, &series.name));
                if entry.on_hover_text("Click to hide this curve or to show it again.").clicked()
                    && !hidden.remove(&series.name)
                {
                    hidden.insert(series.name.clone());
                }
            }
        });
    });
    if hidden != before {
        ui.data_mut(|d| d.insert_temp(key, hidden.clone()));
    }
    hidden
}

/// About `count` marks at steps of 1, 2 or 5 times a power of ten.
fn even_marks((low, high): (f64, f64), count: f64) -> Vec<GridMark> {
    let rough = ((high - low) / count).max(f64::MIN_POSITIVE);
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough).unwrap_or(rough);
    let (first, last) = ((low / step).ceil() as i64, (high / step).floor() as i64);
    (first..=last).map(|k| GridMark { value: k as f64 * step, step_size: step }).collect()
}

/// A value with as many decimals as its step needs.
fn decimal(mark: GridMark) -> String {
    let decimals = (-mark.step_size.log10()).ceil().clamp(0.0, 6.0) as usize;
    // A step of 0.25 needs two decimals, though its power of ten has one.
    let exact = (mark.step_size * 10f64.powi(decimals as i32)).fract().abs() < 1e-6;
    format!("{:.*}", decimals + usize::from(!exact), mark.value)
}

fn exponent(mark: GridMark) -> String {
    let k = mark.value.round() as i64;
    let digits = ["⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"];
    let power: String = k.unsigned_abs().to_string().bytes().map(|b| digits[usize::from(b - b'0')]).collect();
    format!("10{}{power}", if k < 0 { "⁻" } else { "" })
}

/// The text of a grey value that is not a whole number.
pub fn grey_text(value: f32) -> String {
    if value.abs() >= 100.0 { format!("{value:.1}") } else { format!("{value:.4}") }
}
