//! Colours, fonts and spacing of the window. No other file sets them.

use egui::{Color32, FontDefinitions, FontFamily, FontId, Stroke, TextStyle, Theme, vec2};

use crate::micrograph::Recipe;

/// The unit of spacing, in points.
pub const STEP: f32 = 8.0;

/// The colours that carry meaning, for one theme.
#[derive(Clone, Copy, Debug)]
pub struct Palette {
    /// Primary buttons and selections, and what is reconstructed.
    pub accent: Color32,
    /// Text on the accent.
    pub on_accent: Color32,
    /// The original.
    pub original: Color32,
    /// White noise, and other things to compare with.
    pub faint: Color32,
    /// A warning.
    pub warning: Color32,
    /// A failure.
    pub error: Color32,
    /// The background of pictures and plots.
    pub canvas: Color32,
    /// The lighter squares of the checkerboard around pictures.
    pub canvas_square: Color32,
}

const DARK: Palette = Palette {
    accent: Color32::from_rgb(86, 180, 233),
    on_accent: Color32::from_rgb(8, 24, 36),
    original: Color32::from_rgb(226, 228, 232),
    faint: Color32::from_rgb(116, 122, 132),
    warning: Color32::from_rgb(230, 159, 0),
    error: Color32::from_rgb(240, 120, 92),
    canvas: Color32::from_rgb(20, 22, 25),
    canvas_square: Color32::from_rgb(27, 29, 33),
};

/// The palette of the light theme.
pub const LIGHT: Palette = Palette {
    accent: Color32::from_rgb(0, 104, 166),
    on_accent: Color32::WHITE,
    original: Color32::from_rgb(38, 42, 48),
    faint: Color32::from_rgb(150, 156, 166),
    warning: Color32::from_rgb(164, 102, 0),
    error: Color32::from_rgb(186, 50, 20),
    canvas: Color32::from_rgb(236, 238, 241),
    canvas_square: Color32::from_rgb(228, 231, 235),
};

/// A panel's frame without a fill: the window's background is already there, and without a GPU every layer costs time.
pub fn bare(ui: &egui::Ui) -> egui::Frame {
    egui::Frame::side_top_panel(ui.style()).fill(Color32::TRANSPARENT)
}

/// The palette of the current theme.
pub fn palette(ui: &egui::Ui) -> Palette {
    if ui.visuals().dark_mode { DARK } else { LIGHT }
}

/// The colours of all phases in pictures.
pub fn phases(recipe: &Recipe, phases: usize) -> Vec<Color32> {
    recipe.phase_colors(phases).into_iter().map(|[r, g, b]| Color32::from_rgb(r, g, b)).collect()
}

/// The colour on the screen of a curve after the original and the reconstruction, by its number.
pub fn line(number: usize) -> Color32 {
    let [r, g, b] = crate::figure::line_color(number);
    Color32::from_rgb(r, g, b)
}

/// The colour of a value's share of its range, 0 … 1.
pub fn scale(share: f64) -> Color32 {
    let [r, g, b] = crate::figure::scale_color(share);
    Color32::from_rgb(r, g, b)
}

/// The colour of what has no value, and of what has no meaning, on a map.
pub fn missing(dark: bool) -> Color32 {
    if dark { DARK.faint } else { LIGHT.faint }
}

/// The colour of what is not coloured, on a map.
pub fn plain(dark: bool) -> Color32 {
    if dark { DARK.accent } else { LIGHT.accent }
}

/// The colour of a word by its number: those of curves, then lighter ones of them, and then further hues.
pub fn category(number: usize) -> Color32 {
    /// Colours of curves.
    const COLORS: usize = 6;
    /// The share of a circle between further hues, so that neighbours differ.
    const STEP: f64 = 0.381_966;
    match number / COLORS {
        0 => line(number),
        1 => line(number).lerp_to_gamma(Color32::WHITE, 0.45),
        _ => wheel(number as f64 * STEP).lerp_to_gamma(Color32::BLACK, 0.35),
    }
}

/// The colour of a value that comes back after its range, such as an angle: a circle of hues.
pub fn wheel(share: f64) -> Color32 {
    egui::ecolor::Hsva::new(share.rem_euclid(1.0) as f32, 0.62, 0.86, 1.0).into()
}

/// Sets fonts, sizes, spacing and colours of both themes.
pub fn install(ctx: &egui::Context) {
    let mut fonts = FontDefinitions::default();
    // The monospaced font has the arrows and signs that the proportional one lacks.
    if let Some(family) = fonts.families.get_mut(&FontFamily::Proportional) {
        family.push("Hack".into());
    }
    ctx.set_fonts(fonts);
    ctx.all_styles_mut(|style| {
        style.text_styles = [
            (TextStyle::Small, FontId::proportional(11.5)),
            (TextStyle::Body, FontId::proportional(14.0)),
            (TextStyle::Button, FontId::proportional(14.0)),
            (TextStyle::Heading, FontId::proportional(17.0)),
            (TextStyle::Monospace, FontId::monospace(12.5)),
        ]
        .into();
        style.spacing.item_spacing = vec2(STEP, 6.0);
        style.spacing.button_padding = vec2(10.0, 4.0);
        style.spacing.interact_size.y = 24.0;
        style.spacing.slider_width = 100.0;
        style.spacing.combo_width = 120.0;
        style.spacing.tooltip_width = 360.0;
        style.spacing.menu_margin = 6.into();
        style.spacing.window_margin = 16.into();
        // A bar that is seen without the pointer: what is beyond the edge must not look as if it were not there.
        style.spacing.scroll = egui::style::ScrollStyle { bar_width: 7.0, ..egui::style::ScrollStyle::solid() };
        style.interaction.tooltip_delay = 0.35;
        // Numbers that change many times a second should not be selectable text.
        style.interaction.selectable_labels = false;
    });
    ctx.style_mut_of(Theme::Dark, |style| {
        let v = &mut style.visuals;
        v.panel_fill = Color32::from_rgb(32, 34, 38);
        v.window_fill = Color32::from_rgb(38, 41, 46);
        v.extreme_bg_color = DARK.canvas;
        v.override_text_color = Some(Color32::from_rgb(218, 221, 226));
        v.weak_text_color = Some(Color32::from_rgb(156, 162, 172));
        tint(v, DARK);
    });
    ctx.style_mut_of(Theme::Light, |style| {
        let v = &mut style.visuals;
        v.panel_fill = Color32::from_rgb(248, 249, 250);
        v.window_fill = Color32::WHITE;
        v.extreme_bg_color = LIGHT.canvas;
        v.override_text_color = Some(Color32::from_rgb(34, 38, 44));
        v.weak_text_color = Some(Color32::from_rgb(92, 98, 108));
        tint(v, LIGHT);
    });
}

fn tint(visuals: &mut egui::Visuals, palette: Palette) {
    visuals.selection.bg_fill = palette.accent.gamma_multiply(0.35);
    visuals.selection.stroke = Stroke::new(1.0, palette.accent);
    visuals.hyperlink_color = palette.accent;
    visuals.warn_fg_color = palette.warning;
    visuals.error_fg_color = palette.error;
    visuals.slider_trailing_fill = true;
}
