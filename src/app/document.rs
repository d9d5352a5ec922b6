//! The micrograph that is open, with its phases and curves.

use crate::micrograph::{Micrograph, MicrographError, PhaseMap, Segmentation, segment};
use crate::stats::{Curves, all_curves};

/// An open micrograph.
#[derive(Clone, Debug)]
pub struct Document {
    /// The picture.
    pub micrograph: Micrograph,
    /// How phases were told apart.
    pub segmentation: Segmentation,
    /// Its phases, unless it stays an image.
    pub phases: Option<PhaseMap>,
    /// The curves of every phase.
    pub curves: Vec<Curves>,
}

impl Document {
    /// Segments a micrograph and takes its curves.
    ///
    /// # Errors
    /// It cannot be segmented so.
    pub fn new(micrograph: Micrograph, segmentation: Segmentation) -> Result<Self, MicrographError> {
        let phases = segment(&micrograph, segmentation)?;
        let curves = phases.as_ref().map(all_curves).unwrap_or_default();
        Ok(Self { micrograph, segmentation, phases, curves })
    }

    /// Height and width.
    pub fn size(&self) -> (usize, usize) {
        (self.micrograph.height, self.micrograph.width)
    }

    /// Size and phases in a line.
    pub fn summary(&self) -> String {
        let (h, w) = self.size();
        let px = if h == w { "px" } else { "px (height × width)" };
        match &self.phases {
            Some(map) => {
                let shares: Vec<_> = map.volume_fractions().iter().map(|f| format!("{:.1}", 100.0 * f)).collect();
                format!("{h} × {w} {px}, {} phases ({} %)", map.phases, shares.join(" / "))
            }
            None if self.micrograph.channels == 1 => format!("{h} × {w} {px}, grey, not segmented"),
            None => format!("{h} × {w} {px}, colour, not segmented"),
        }
    }
}
