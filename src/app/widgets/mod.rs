//! Widgets that do not depend on reconstructions.

mod button;
mod picture;
mod plot;
mod setting;

pub use button::{dialog, primary};
pub use picture::{Pane, Picture, Place, View, thumbnail};
pub use plot::{PlotRequest, ShownFigure, curve_plot, grey_text, titled_plot};
pub use setting::{choice, heading, preset, row, value};
