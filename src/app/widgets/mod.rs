//! Widgets that do not depend on reconstructions.

mod button;
mod color_bar;
mod enlarge;
mod picture;
mod plot;
mod setting;

pub use button::{dialog, primary};
pub use color_bar::color_bar;
pub use enlarge::{enlarged, shrink_all, toggle_enlarged};
pub use picture::{Pane, Picture, Place, SavePicture, View, show_panes, thumbnail};
pub use plot::{PlotRequest, ShownFigure, curve_plot, grey_text, titled_plot};
pub use setting::{choice, heading, preset, row, value};
