//! Colours, the font and the numbers on axes that all figures share.

use std::sync::OnceLock;

use plotters::style::{FontStyle, register_font};

/// The colour of the original on paper.
pub const ORIGINAL: [u8; 3] = [38, 42, 48];
/// The colour of what was reconstructed or otherwise made.
pub const MADE: [u8; 3] = [0, 104, 166];
/// The colour of white noise and other things to compare with.
pub const FAINT: [u8; 3] = [150, 156, 166];

/// The font of figures.
pub const FONT: &str = "sans-serif";

/// Registers the font with the drawing library, once; returns whether that worked.
pub fn has_font() -> bool {
    static IS_REGISTERED: OnceLock<bool> = OnceLock::new();
    *IS_REGISTERED.get_or_init(|| register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT).is_ok())
}

/// A number on an axis without needless zeros.
pub fn short(x: f64) -> String {
    let text = format!("{x:.3}");
    text.trim_end_matches('0').trim_end_matches('.').into()
}
