//! The Reconstruct workspace: settings, pictures, plots and the bars around them.

mod bars;
mod figures;
mod settings;
mod views;
