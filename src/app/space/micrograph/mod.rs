//! The Micrograph workspace: from the picture as the microscope wrote it to phases.

mod histogram;
mod panel;
mod segment;
mod sensitivity;
mod tools;
mod view;

use std::path::Path;
use std::sync::Arc;

use egui::{Context, Ui};

pub use panel::bar_of;
pub use tools::add_preparation;

use super::Space;
use crate::app::shared::Shared;
use crate::app::shared::watch::{News, Watch};
use crate::app::widgets::Picture;
use crate::micrograph::{Micrograph, Stroke};
use histogram::Histogram;
use sensitivity::{Sensitivity, Vary};

/// What the primary button does in the pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tool {
    /// Moves the pictures.
    #[default]
    Pan,
    /// Draws the rectangle that is kept.
    Crop,
    /// Draws along a scale bar.
    Scale,
    /// Paints what a classifier learns from.
    Teach,
    /// Paints a phase.
    Brush,
    /// Puts back what the segmentation found.
    Erase,
    /// Gives a region to a phase.
    Bucket,
}

impl Tool {
    /// The name on its button.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pan => "Move",
            Self::Crop => "Crop",
            Self::Scale => "Set scale",
            Self::Teach => "Teach",
            Self::Brush => "Brush",
            Self::Erase => "Eraser",
            Self::Bucket => "Bucket",
        }
    }

    /// What it does, in a sentence.
    pub const fn tooltip(self) -> &'static str {
        match self {
            Self::Pan => {
                "Drag moves the pictures, the wheel zooms. While another tool is chosen, the middle button moves."
            }
            Self::Crop => "Drag a rectangle over what is to be kept.",
            Self::Scale => "Drag along a scale bar, then say how long it is.",
            Self::Teach => "Paint a few strokes over each phase; the classifier learns from them.",
            Self::Brush => "Paint a phase.",
            Self::Erase => "Put back what the segmentation found.",
            Self::Bucket => "Click a region to give it to a phase.",
        }
    }

    /// Whether it paints strokes.
    pub const fn paints(self) -> bool {
        matches!(self, Self::Teach | Self::Brush | Self::Erase)
    }
}

/// What the right picture shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Look {
    /// Phases in their colours.
    #[default]
    Phases,
    /// Phases over the micrograph.
    Overlay,
    /// How certain the classifier is: bright is certain.
    Certainty,
}

/// What is open below the pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Foot {
    /// Grey values, and thresholds to drag.
    #[default]
    Histogram,
    /// What thresholds around the chosen one give.
    Sensitivity,
}

/// The state of the workspace that no project keeps.
pub struct MicrographSpace {
    tool: Tool,
    /// The phase that is painted.
    paints: usize,
    /// The brush's radius in pixels.
    radius: f32,
    /// Numbers beside the buttons.
    speck: usize,
    morph_radius: f32,
    look: Look,
    foot: Foot,
    /// Grey values shown black and white; none: the whole range. For the display alone.
    contrast: Option<(f32, f32)>,
    /// A stroke under the hand, and those that the phases do not show yet.
    stroke: Vec<[f32; 2]>,
    waiting: Vec<Stroke>,
    /// Where a drag began, of a crop or of a scale; and the line drawn last.
    begun: Option<[f32; 2]>,
    line: Option<([f32; 2], [f32; 2])>,
    scale_length: f64,
    scale_unit: usize,
    grey: Option<Picture>,
    phases: Option<Picture>,
    /// Whether the pictures have to be made anew, and for what the histogram was made.
    stale: bool,
    histogram: Option<(Arc<Micrograph>, Arc<Histogram>)>,
    /// The thresholds that the histogram shows.
    cuts: Vec<f32>,
    /// The threshold under the hand.
    dragged: Option<usize>,
    sensitivity: Option<Sensitivity>,
    varying: Watch<Vary>,
    /// The number of the document that the pictures show.
    document: u64,
    /// The thresholds for which an answer is awaited.
    asked: Option<Vec<f32>>,
}

impl Default for MicrographSpace {
    fn default() -> Self {
        Self {
            tool: Tool::Pan,
            paints: 1,
            radius: 6.0,
            speck: 20,
            morph_radius: 1.5,
            look: Look::Phases,
            foot: Foot::Histogram,
            contrast: None,
            stroke: vec![],
            waiting: vec![],
            begun: None,
            line: None,
            scale_length: 1.0,
            scale_unit: 1,
            grey: None,
            phases: None,
            stale: true,
            histogram: None,
            cuts: vec![],
            dragged: None,
            sensitivity: None,
            varying: Watch::default(),
            document: 0,
            asked: None,
        }
    }
}

impl MicrographSpace {
    /// Writes the open micrograph's recipe to a file.
    pub fn save_recipe(shared: &mut Shared, path: &Path) {
        panel::save_recipe(shared, path.into());
    }
}

impl Space for MicrographSpace {
    fn name(&self) -> &'static str {
        "Micrograph"
    }

    fn purpose(&self) -> &'static str {
        "Prepare the micrograph, tell its phases apart, and correct them."
    }

    fn panel(&mut self, ui: &mut Ui, shared: &mut Shared) {
        panel::micrograph_panel(self, shared, ui);
    }

    fn view(&mut self, ui: &mut Ui, shared: &mut Shared) {
        view::micrograph_view(self, shared, ui);
    }

    fn poll(&mut self, _ctx: &Context, shared: &mut Shared) {
        // Another document, or one of other phases: pictures are made anew.
        let number = shared.document.as_ref().map_or(0, |document| document.number);
        if self.document != number {
            self.document = number;
            self.stale = true;
            self.waiting.clear();
        }
        while let Some(news) = self.varying.poll(&mut shared.messages) {
            if let News::Output(sensitivity) = news {
                self.sensitivity = Some(sensitivity);
            }
        }
    }
}
