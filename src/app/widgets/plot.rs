//! Curves in a plot that keeps its range while they refresh.

use egui::{Color32, Ui};
use egui_plot::{Corner, FilledArea, GridMark, HoverPosition, Legend, Line, Plot, PlotPoints};

use crate::app::theme;
use crate::figure::{Figure, significant};

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

/// Shows a figure below its title in the available space. Returns what was chosen in its menu, with the figure.
pub fn titled_plot(ui: &mut Ui, id: &str, shown: ShownFigure, y_top: Option<f64>) -> Option<(Figure, PlotRequest)> {
    ui.label(egui::RichText::new(&shown.figure.title).strong());
    let id = format!("{id} {}", shown.figure.title);
    let request = curve_plot(ui, &id, &shown.figure, &shown.colors, y_top)?;
    Some((shown.figure, request))
}

/// Shows a figure in the available space. Returns what was chosen in its menu.
pub fn curve_plot(
    ui: &mut Ui,
    id: &str,
    figure: &Figure,
    colors: &[Color32],
    y_top: Option<f64>,
) -> Option<PlotRequest> {
    let logarithmic = figure.logarithmic;
    // The legend goes where the curves are not: losses fall from the upper left, distributions rise to the right.
    let rises = figure.series.first().is_some_and(|s| match (s.points.first(), s.points.last()) {
        (Some(first), Some(last)) => last.1 > first.1,
        _ => false,
    });
    let corner = match (logarithmic, rises) {
        (true, _) => Corner::LeftBottom,
        (false, true) => Corner::RightBottom,
        (false, false) => Corner::RightTop,
    };
    let legend = Legend::default().position(corner).follow_insertion_order(true).background_alpha(0.6);
    let legend = if figure.series.len() > 4 { legend.text_style(egui::TextStyle::Small) } else { legend };
    /// Width and height of the axes, in points.
    const AXES: [f32; 2] = [60.0, 40.0];
    /// Width and height that the label of a mark needs, in points.
    const MARK: [f32; 2] = [80.0, 30.0];
    let across = f64::from((ui.available_width() - AXES[0]) / MARK[0]).clamp(2.0, 6.0);
    let down = f64::from((ui.available_height() - AXES[1]) / MARK[1]).clamp(2.0, 8.0);
    let mut plot = Plot::new(id)
        .legend(legend)
        .x_axis_label(figure.x_label.as_str())
        .y_axis_label(figure.y_label.as_str())
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
    if let Some(top) = y_top {
        plot = plot.include_y(0.0).include_y(top);
    }
    let scale = |y: f64| if logarithmic { y.log10() } else { y };
    let lines: Vec<Line> = figure
        .series
        .iter()
        .zip(colors)
        .map(|(series, color)| {
            let usable = series.points.iter().filter(|p| p.1.is_finite() && (!logarithmic || p.1 > 0.0));
            let points: PlotPoints = usable.map(|p| [p.0, scale(p.1)]).collect();
            Line::new(series.name.clone(), points).color(*color).width(1.8).allow_band(false)
        })
        .collect();
    let band_color = theme::palette(ui).accent.gamma_multiply(0.3);
    // x, lower and upper values of each band.
    let bands: Vec<[Vec<f64>; 3]> = figure
        .bands
        .iter()
        .map(|band| {
            let part = |of: fn(&(f64, f64, f64)) -> f64| band.points.iter().map(of).collect();
            [part(|p| p.0), part(|p| p.1), part(|p| p.2)]
        })
        .collect();
    let response = plot
        .show(ui, |plot| {
            for [x, low, high] in &bands {
                plot.add(FilledArea::new("", x, low, high).fill_color(band_color));
            }
            lines.into_iter().for_each(|line| plot.line(line));
        })
        .response;
    let name = figure.title.as_str();
    response.widget_info(|| egui::WidgetInfo::labeled(egui::Role::Image, true, name));
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
            egui::RichText::new("Double click: whole curves. Right drag: zoom.")
                .small()
                .color(theme::palette(ui).faint),
        );
    });
    request
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
