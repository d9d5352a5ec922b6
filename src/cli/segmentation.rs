//! The options that say how a micrograph becomes phases.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::micrograph::{PhaseMap, Prepared, Recipe, Segmentation};

/// How a micrograph becomes phases.
#[derive(Clone, Debug, clap::Args)]
pub struct SegmentationArguments {
    /// Make N phases by thresholds (multi-Otsu) instead of taking at most 8 distinct values as phases.
    #[arg(long, value_name = "N", conflicts_with = "unsegmented")]
    phases: Option<usize>,
    /// Take the micrograph as a grey or colour image without phases.
    #[arg(long)]
    unsegmented: bool,
    /// Prepare, segment and correct by a recipe, as the window saves it
    #[arg(long, value_name = "JSON", conflicts_with_all = ["phases", "unsegmented"])]
    recipe: Option<PathBuf>,
}

impl SegmentationArguments {
    /// The recipe of these options, if one is given.
    pub fn chosen_recipe(&self) -> anyhow::Result<Option<Recipe>> {
        Ok(match (self.phases, self.unsegmented, &self.recipe) {
            (_, _, Some(path)) => Some(Recipe::read(path)?),
            (Some(n), ..) => Some(Recipe::of(Segmentation::Phases(n))),
            (None, true, None) => Some(Recipe::of(Segmentation::Unsegmented)),
            (None, false, None) => None,
        })
    }

    /// A file, prepared and segmented with these options.
    pub fn prepared(&self, path: &Path) -> anyhow::Result<Prepared> {
        let micrograph = crate::micrograph::read(path)?;
        Ok(self.chosen_recipe()?.unwrap_or_default().apply(&micrograph)?)
    }

    /// The phases of a file.
    pub fn phase_map(&self, path: &Path) -> anyhow::Result<Arc<PhaseMap>> {
        self.prepared(path)?.phases.ok_or_else(|| anyhow::anyhow!("{} has no phases.", path.display()))
    }
}
