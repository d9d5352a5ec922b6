//! Pieces of the window that know nothing of reconstructions.

mod picture;
mod plot;
mod setting;

pub use picture::{Pane, Picture, View, thumbnail};
pub use plot::{PlotRequest, curve_plot, significant};
pub use setting::{choice, heading, row, value};
