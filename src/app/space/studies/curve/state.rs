//! The state of reconstruction from a curve.

use std::path::Path;

use crate::app::shared::watch::Watch;
use crate::app::widgets::Picture;
use crate::figure::significant;
use crate::job::{CurveRealisation, FromCurve, Preview, curve_text};
use crate::micrograph::MOST_PHASES;
use crate::reconstruct::Settings;
use crate::reconstruct::anneal::{Anneal, curve_settings, read_curve};

/// Height and width of the results, if nothing else is chosen.
pub(super) const SIZE: (usize, usize) = (256, 256);

/// A table of S2 that was opened.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Curve {
    /// The name of its file.
    pub(super) name: String,
    /// Its phases, each with S2 at r = 0, 1, 2 … pixels.
    all: Vec<(usize, Vec<f64>)>,
    /// The place of the chosen one in the list.
    chosen: usize,
}

impl Curve {
    /// Reads a table.
    ///
    /// # Errors
    /// A sentence that says what is wrong.
    pub(super) fn read(path: &Path) -> Result<Self, String> {
        let text = curve_text(path)?;
        let only =
            read_curve(&text, None).map_err(|reason| format!("{} is no curve of S2. {reason}", path.display()))?;
        let of = |phase: usize| read_curve(&text, Some(phase)).ok().map(|radial| (phase, radial));
        let mut all: Vec<(usize, Vec<f64>)> = (0..MOST_PHASES).filter_map(of).collect();
        if all.is_empty() {
            all.push((0, only));
        }
        let name = path.file_name().map_or(String::new(), |name| name.to_string_lossy().into_owned());
        Ok(Self { name, chosen: all.len() - 1, all })
    }

    /// Whether it is complete: one from a file of a project may not be.
    pub(super) fn is_sound(&self) -> bool {
        let fine = |radial: &Vec<f64>| {
            radial.len() >= 4
                && (0.0..1.0).contains(&radial[0])
                && radial.iter().all(|s2| (0.0..=radial[0]).contains(s2))
        };
        self.chosen < self.all.len() && self.all.iter().all(|(_, radial)| fine(radial) && radial[0] > 0.0)
    }

    /// The phases that have an S2.
    pub(super) fn phases(&self) -> Vec<usize> {
        self.all.iter().map(|(phase, _)| *phase).collect()
    }

    /// The chosen phase.
    pub(super) fn phase(&self) -> usize {
        self.all[self.chosen].0
    }

    /// Chooses a phase.
    pub(super) fn choose(&mut self, phase: usize) {
        self.chosen = self.all.iter().position(|(other, _)| *other == phase).unwrap_or(self.chosen);
    }

    /// S2 of the chosen phase.
    pub(super) fn radial(&self) -> &[f64] {
        &self.all[self.chosen].1
    }

    /// Fraction and reach in a few words.
    pub(super) fn summary(&self) -> String {
        let radial = self.radial();
        format!("volume fraction {}, {} distances", significant(radial[0]), radial.len())
    }
}

/// The state of the study.
pub struct CurveSpace {
    pub(super) curve: Option<Curve>,
    pub(super) size: (usize, usize),
    pub(super) anneal: Anneal,
    pub(super) seed: u64,
    pub(super) realisations: usize,
    pub(super) job: Watch<FromCurve>,
    pub(super) made: Vec<CurveRealisation>,
    /// Which realisation is shown, with the sentence on its errors.
    pub(super) shown: usize,
    pub(super) described: Option<String>,
    /// The running realisation.
    pub(super) preview: Option<Preview>,
    pub(super) picture: Option<Picture>,
}

impl Default for CurveSpace {
    fn default() -> Self {
        Self {
            curve: None,
            size: SIZE,
            anneal: Anneal::default(),
            seed: 1,
            realisations: 1,
            job: Watch::default(),
            made: vec![],
            shown: 0,
            described: None,
            preview: None,
            picture: None,
        }
    }
}

impl CurveSpace {
    /// What has been made so far.
    pub fn made(&self) -> &[CurveRealisation] {
        &self.made
    }

    /// Height and width of the results, and exchanges for each pixel.
    pub fn set(&mut self, size: (usize, usize), tries: usize) {
        (self.size, self.anneal.tries) = (size, tries);
    }

    /// Takes another curve, or none, and drops what was made of the one before.
    pub(super) fn replace(&mut self, curve: Option<Curve>) {
        (self.curve, self.preview) = (curve, None);
        self.made.clear();
        self.show(0);
    }

    /// The settings of a run.
    pub(super) fn settings(&self) -> Settings {
        curve_settings(&self.anneal, self.size, (self.seed, self.realisations))
    }

    /// Shows another realisation.
    pub(super) fn show(&mut self, number: usize) {
        (self.shown, self.described, self.picture) = (number, None, None);
    }

    /// Why nothing can start now.
    pub(super) fn blocked(&self) -> Option<&'static str> {
        match &self.curve {
            _ if self.job.is_running() => Some("The reconstruction is under way."),
            None => Some("Open a curve first."),
            Some(_) => None,
        }
    }
}
