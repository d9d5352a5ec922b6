//! The open micrograph, with the results of its recipe.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::micrograph::{DOUBTFUL, Micrograph, MicrographError, PhaseMap, Prepared, Recipe, data_bar};
use crate::reconstruct::Target;
use crate::stats::{Boundary, Correlation, Curves, Interval, all_curves};

/// An open micrograph.
#[derive(Clone, Debug)]
pub struct Document {
    /// A number that no other document of this window has.
    pub number: u64,
    /// The revision of the recipe that it was made with.
    pub revision: u64,
    /// The picture as the file has it.
    pub raw: Arc<Micrograph>,
    /// Whether it has grey values or colours, not labels: it is raw.
    pub is_grey: bool,
    /// Rows at the bottom that look like a data bar.
    pub bar: Option<usize>,
    /// How it is prepared and segmented.
    pub recipe: Recipe,
    /// The result of the recipe.
    pub prepared: Prepared,
    /// The result in the form that runs, studies and comparisons use.
    pub target: Arc<Target>,
    /// The measurements of its phases, once they are done.
    pub measured: Option<Arc<Measured>>,
}

/// The number of the next document.
static NEXT_NUMBER: AtomicU64 = AtomicU64::new(1);

/// What the window shows of a phase map besides its picture.
#[derive(Debug, Default)]
pub struct Measured {
    /// The curves of every phase.
    pub curves: Vec<Curves>,
    /// The volume fraction of every phase with its confidence interval.
    pub fractions: Vec<Interval>,
}

impl Measured {
    pub fn of(map: &PhaseMap) -> Self {
        Self { curves: all_curves(map), fractions: intervals(map) }
    }
}

impl Document {
    /// Applies a recipe. Reuses steps of an earlier document of the same micrograph where it can. Measures nothing yet.
    ///
    /// # Errors
    /// The recipe does not fit.
    pub fn new(raw: Arc<Micrograph>, recipe: Recipe, earlier: Option<&Self>) -> Result<Self, MicrographError> {
        let earlier = earlier.filter(|d| Arc::ptr_eq(&d.raw, &raw));
        let prepared = recipe.apply_after(raw.clone(), earlier.map(|d| (&d.recipe, &d.prepared)))?;
        let same = earlier.filter(|d| match (&d.prepared.phases, &prepared.phases) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            _ => false,
        });
        let bar = earlier.map_or_else(|| data_bar(&raw), |d| d.bar);
        let is_grey = earlier.map_or_else(|| !raw.has_few_values(DOUBTFUL), |d| d.is_grey);
        let measured = same.and_then(|d| d.measured.clone());
        let target = Arc::new(Target::of(raw.clone(), &prepared));
        let number = NEXT_NUMBER.fetch_add(1, Ordering::Relaxed);
        Ok(Self { number, revision: 0, measured, raw, is_grey, bar, recipe, prepared, target })
    }

    /// The curves, where they are measured.
    pub fn curves(&self) -> &[Curves] {
        self.measured.as_ref().map_or(&[], |m| &m.curves)
    }

    /// The picture after its preparation.
    pub fn micrograph(&self) -> &Arc<Micrograph> {
        &self.prepared.micrograph
    }

    /// Its phases, unless it stays an image.
    pub fn phases(&self) -> Option<&Arc<PhaseMap>> {
        self.prepared.phases.as_ref()
    }

    /// Height and width after the preparation.
    pub fn size(&self) -> (usize, usize) {
        self.micrograph().size()
    }

    /// Size, scale and phases in a line.
    pub fn summary(&self) -> String {
        let (h, w) = self.size();
        let scale = self.micrograph().pixel_size.as_ref().map_or(String::new(), |p| format!(", {p}"));
        match self.phases() {
            Some(map) => {
                let counted = || map.volume_fractions().iter().map(|f| format!("{:.1} %", 100.0 * f)).collect();
                let known = |m: &Arc<Measured>| m.fractions.iter().map(Interval::to_string).collect();
                let shares: Vec<String> = self.measured.as_ref().map_or_else(counted, known);
                format!("{w} × {h} px{scale}, {} phases ({})", map.phases, shares.join(" / "))
            }
            None if self.micrograph().channels() == 1 => format!("{w} × {h} px{scale}, grey, not segmented"),
            None => format!("{w} × {h} px{scale}, colour, not segmented"),
        }
    }
}

/// The volume fraction of each phase with its confidence interval. Two phases have intervals of equal width.
pub fn intervals(map: &PhaseMap) -> Vec<Interval> {
    let of = |phase: usize| {
        let inside = map.indicator(phase);
        let indicator = inside.view();
        Interval::of(&Correlation::two_point(&indicator, Boundary::Periodic))
    };
    if map.phases != 2 {
        return (0..map.phases).map(of).collect();
    }
    let second = of(1);
    vec![Interval { volume_fraction: 1.0 - second.volume_fraction, ..second }, second]
}
