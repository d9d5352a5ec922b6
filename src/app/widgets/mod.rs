//! Pieces of the window that know nothing of reconstructions.

mod picture;
mod plot;
mod setting;

pub use picture::{Pane, Picture, Place, View, thumbnail};
pub use plot::{PlotRequest, curve_plot, grey_text, significant};
pub use setting::{choice, heading, preset, row, value};
