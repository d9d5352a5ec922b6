//! The state of the workspace.

use std::sync::Arc;

use super::grey::Histogram;
use super::sensitivity::{Sensitivity, Vary};
use crate::app::shared::watch::Watch;
use crate::app::widgets::Picture;
use crate::micrograph::{Micrograph, Stroke};

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
    pub(super) tool: Tool,
    /// The phase that is painted.
    pub(super) paints: usize,
    /// The brush's radius in pixels.
    pub(super) radius: f32,
    /// Numbers beside the buttons.
    pub(super) speck: usize,
    pub(super) morph_radius: f32,
    pub(super) look: Look,
    pub(super) foot: Foot,
    /// Grey values shown black and white; none: the whole range. For the display alone.
    pub(super) contrast: Option<(f32, f32)>,
    /// A stroke under the hand, and those that the phases do not show yet.
    pub(super) stroke: Vec<[f32; 2]>,
    pub(super) waiting: Vec<Stroke>,
    /// Where a drag began, of a crop or of a scale; and the line drawn last.
    pub(super) begun: Option<[f32; 2]>,
    pub(super) line: Option<([f32; 2], [f32; 2])>,
    pub(super) scale_length: f64,
    pub(super) scale_unit: usize,
    pub(super) grey: Option<Picture>,
    pub(super) phases: Option<Picture>,
    /// Whether the pictures have to be made anew, and for what the histogram was made.
    pub(super) stale: bool,
    pub(super) histogram: Option<(Arc<Micrograph>, Arc<Histogram>)>,
    /// The thresholds that the histogram shows.
    pub(super) cuts: Vec<f32>,
    /// The threshold under the hand.
    pub(super) dragged: Option<usize>,
    pub(super) sensitivity: Option<Sensitivity>,
    pub(super) varying: Watch<Vary>,
    /// The number of the document that the pictures show.
    pub(super) document: u64,
    /// The thresholds for which an answer is awaited.
    pub(super) asked: Option<Vec<f32>>,
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
