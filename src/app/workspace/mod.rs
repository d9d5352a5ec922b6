//! The workspaces, and the bars around them.

mod bars;
mod compare;
mod depths;
mod figures;
mod latent;
mod micrograph;
mod settings;
mod views;

pub use compare::{CompareRequest, CompareResult, CompareSpace};
pub use depths::DepthSpace;
pub use figures::ShownFigure;
pub use latent::LatentSpace;
pub use micrograph::{MicrographSpace, Sensitivity};

use crate::micrograph::Micrograph;
use crate::stats::Interval;

/// The rooms of the window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workspace {
    /// From a raw picture to phases.
    Micrograph,
    /// New micrographs like it.
    Reconstruct,
    /// Statistics side by side.
    Compare,
    /// How deep the network has to be.
    Depths,
    /// Models of micrographs, and their latent space.
    Latent,
}

impl Workspace {
    /// All of them, in the order of the tabs.
    pub const ALL: [Self; 5] = [Self::Micrograph, Self::Reconstruct, Self::Compare, Self::Depths, Self::Latent];

    /// The name on the tab.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Micrograph => "Micrograph",
            Self::Reconstruct => "Reconstruct",
            Self::Compare => "Compare",
            Self::Depths => "Depth study",
            Self::Latent => "Latent",
        }
    }

    /// What it is for, in a sentence.
    pub const fn tooltip(self) -> &'static str {
        match self {
            Self::Micrograph => "Prepare the micrograph, tell its phases apart, and correct them.",
            Self::Reconstruct => "Make new micrographs that are statistically equivalent.",
            Self::Compare => "Statistics of the original beside reconstructions or other micrographs.",
            Self::Depths => "Reconstruct at every depth of the network, and see which is deep enough.",
            Self::Latent => "Train variational autoencoders, and walk through their latent space.",
        }
    }
}

/// The value of a pixel for the line below a picture.
fn readout_of(micrograph: &Micrograph, row: usize, column: usize) -> String {
    let at = (row * micrograph.width + column) * micrograph.channels;
    match micrograph.values.get(at..at + micrograph.channels) {
        Some([grey]) if grey.fract() == 0.0 => format!("{grey:.0}"),
        Some([grey]) => crate::app::widgets::grey_text(*grey),
        Some([r, g, b]) => format!("{r:.0} {g:.0} {b:.0}"),
        _ => String::new(),
    }
}

/// What a confidence interval means, and whether it can be trusted.
fn interval_tip(interval: &Interval) -> String {
    let areas = interval.independent_areas;
    let mut text = format!(
        "95 % confidence interval of the material's volume fraction, from the picture's own S2 (variance integral): the \
         picture holds about {} independent areas of {} px².",
        crate::app::widgets::significant(areas),
        crate::app::widgets::significant(interval.integral_range)
    );
    if !interval.can_be_trusted() {
        text.push_str(" Fewer than ten are too few for the interval to mean what it says: take a larger field.");
    }
    text
}
