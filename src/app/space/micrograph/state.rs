//! The state of the workspace.

use std::sync::{Arc, Weak};

use super::grey::Histogram;
use super::sensitivity::{MeasureSensitivity, Sensitivity};
use crate::app::shared::watch::Watch;
use crate::app::widgets::Picture;
use crate::micrograph::{Micrograph, Stroke};

/// What the primary button does in the pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tool {
    /// Moves the pictures.
    #[default]
    Pan,
    /// Draws the rectangle to crop to.
    Crop,
    /// Draws along a scale bar.
    Scale,
    /// Draws a line of grey values.
    Profile,
    /// Draws around what is left out.
    LeaveOut,
    /// Paints strokes that a classifier learns from.
    Teach,
    /// Paints a phase.
    Brush,
    /// Restores what the segmentation found.
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
            Self::Profile => "Profile",
            Self::LeaveOut => "Leave out",
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
            Self::Crop => "Drag a rectangle over the part to keep.",
            Self::Scale => "Drag along a scale bar, then say how long it is.",
            Self::Profile => "Drag a line; the grey values along it are shown below the pictures.",
            Self::LeaveOut => {
                "Draw around what is no material, or click a region of one grey value. The picture is cut to the largest rectangle without it."
            }
            Self::Teach => "Paint a few strokes over each phase; the classifier learns from them.",
            Self::Brush => "Paint a phase.",
            Self::Erase => "Restore what the segmentation found.",
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
pub enum DisplayMode {
    /// Phases in their colours.
    #[default]
    Phases,
    /// Phases over the micrograph.
    Overlay,
    /// How certain the classifier is: bright is certain.
    Certainty,
}

/// What is shown below the pictures.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Foot {
    /// Grey values, and thresholds to drag.
    #[default]
    Histogram,
    /// What thresholds around the chosen one give.
    Sensitivity,
    /// Grey values along a line.
    Profile,
}

/// A line between two points, each a row and a column.
pub(super) type Segment = ([f32; 2], [f32; 2]);

/// The state of the workspace. Projects do not keep it.
pub struct MicrographSpace {
    pub(super) tool: Tool,
    /// The phase that is painted.
    pub(super) painted_phase: usize,
    /// The brush's radius in pixels.
    pub(super) radius: f32,
    /// Despeckle removes regions of fewer pixels.
    pub(super) speck: usize,
    /// Radius in pixels of the disc that opens and closes.
    pub(super) morph_radius: f32,
    pub(super) display: DisplayMode,
    /// How much the phases cover the micrograph in the overlay, in per cent.
    pub(super) opacity: u16,
    pub(super) foot: Foot,
    /// Grey values that are shown black and white; none: the whole range. Changes the display only.
    pub(super) contrast: Option<(f32, f32)>,
    /// Whether Teach removes the strokes that are clicked, instead of painting.
    pub(super) removes: bool,
    /// The stroke that is being painted.
    pub(super) stroke: Vec<[f32; 2]>,
    /// Finished strokes that the phases do not show yet.
    pub(super) waiting: Vec<Stroke>,
    /// Where a drag of a crop, of a scale or of a profile began.
    pub(super) drag_start: Option<[f32; 2]>,
    /// The line drawn last.
    pub(super) line: Option<Segment>,
    /// The line of the last profile, and the grey values along it at steps of a pixel.
    pub(super) profile: Option<(Segment, Vec<f32>)>,
    pub(super) scale_length: f64,
    pub(super) scale_unit: usize,
    pub(super) grey: Option<Picture>,
    pub(super) phases: Option<Picture>,
    /// Whether the pictures have to be made again.
    pub(super) stale: bool,
    /// The file's picture that black and white were chosen for.
    pub(super) raw: Weak<Micrograph>,
    /// The histogram, and the micrograph that it is of.
    pub(super) histogram: Option<(Arc<Micrograph>, Arc<Histogram>)>,
    /// The thresholds that the histogram shows.
    pub(super) cuts: Vec<f32>,
    /// The threshold that is being dragged.
    pub(super) dragged: Option<usize>,
    pub(super) sensitivity: Option<Sensitivity>,
    pub(super) measuring: Watch<MeasureSensitivity>,
    /// The number of the document that the pictures show.
    pub(super) document: u64,
    /// The document and the thresholds of the last measurement that was started.
    pub(super) asked: Option<(u64, Vec<f32>)>,
}

impl MicrographSpace {
    /// Chooses a tool, with nothing begun.
    pub(super) fn choose(&mut self, tool: Tool) {
        if tool == Tool::Teach && self.tool != tool {
            self.painted_phase = 0;
        }
        if tool == Tool::Profile {
            self.foot = Foot::Profile;
        }
        (self.tool, self.line, self.removes) = (tool, None, false);
        self.stroke.clear();
    }
}

impl Default for MicrographSpace {
    fn default() -> Self {
        Self {
            tool: Tool::Pan,
            painted_phase: 1,
            radius: 6.0,
            speck: 20,
            morph_radius: 1.5,
            display: DisplayMode::Phases,
            opacity: 40,
            foot: Foot::Histogram,
            contrast: None,
            removes: false,
            stroke: vec![],
            waiting: vec![],
            drag_start: None,
            line: None,
            profile: None,
            scale_length: 1.0,
            scale_unit: 1,
            grey: None,
            phases: None,
            stale: true,
            raw: Weak::new(),
            histogram: None,
            cuts: vec![],
            dragged: None,
            sensitivity: None,
            measuring: Watch::default(),
            document: 0,
            asked: None,
        }
    }
}
