//! The terms of the loss beside the Gram matrices, on a blank picture: to measure what they cost before a run.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::encode::phase_vectors;
use super::paths::{PathTargets, PathTerm};
use super::pyramid::sizes;
use super::settings::Gram;
use super::spatial::{SoftPhases, SpatialTargets, SpatialTerm};

/// The terms of a run with some settings, for a random picture.
pub struct Terms {
    spatial: Option<SpatialTerm>,
    paths: Option<PathTerm>,
    image: Vec<f32>,
}

impl Terms {
    /// Makes the terms for a picture of so many phases (0: none) and a size.
    pub fn blank(gram: &Gram, phases: usize, size: (usize, usize)) -> Self {
        let mut random = Pcg64::seed_from_u64(1);
        let image: Vec<f32> = (0..3 * size.0 * size.1).map(|_| 255.0 * random.random::<f32>()).collect();
        let vectors = if phases == 0 { vec![] } else { phase_vectors(phases, gram.encoding, 1) };
        let soft = SoftPhases::of(&vectors);
        let spatial = (gram.correlation_weight > 0.0).then(|| {
            let targets = SpatialTargets::of(&soft, &image, size, size, gram.correlation_target);
            SpatialTerm::new(soft.clone(), targets, size, gram.correlation_weight)
        });
        let paths = (gram.path_weight > 0.0 && phases > 0).then(|| {
            let targets = PathTargets::of(&soft, &image, size, size);
            PathTerm::new(soft.clone(), targets, size, gram.path_weight)
        });
        Self { spatial, paths, image }
    }

    /// Evaluates all terms with their gradients once.
    pub fn evaluate(&self) -> f64 {
        let mut gradient = vec![0.0; self.image.len()];
        let spatial = self.spatial.as_ref().map_or(0.0, |term| term.add(&self.image, &mut gradient));
        spatial + self.paths.as_ref().map_or(0.0, |term| term.add(&self.image, &mut gradient))
    }
}

/// The sizes that a result goes through, from coarse to fine.
pub fn level_sizes(gram: &Gram, size: (usize, usize)) -> Vec<(usize, usize)> {
    let all = sizes(gram.levels, size, size, gram.depth.smallest_image(gram.padding));
    all.into_iter().map(|(_, here)| here).collect()
}
