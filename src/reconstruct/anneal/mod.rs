//! Simulated annealing of the two-point correlation and of other statistics (Yeong & Torquato, Phys. Rev. E 57:495, 1998).
//!
//! Two pixels of unlike phases are exchanged, so that the volume fractions stay exact, and the exchange is accepted by the
//! rule of Metropolis. The energy is the sum of the errors of S2 (radial, along rows and along columns, or at every
//! displacement) and, if chosen, of the lineal path, of chord lengths and of the cluster function, of every phase. All are
//! updated with every exchange, at a cost that does not depend on the size of the result.

mod clusters;
mod curve;
mod displacements;
mod energy;
mod reconstruction;
mod run;
mod settings;

use std::sync::Arc;

pub use curve::{EDGES, check_curve_settings, curve_settings, of_curve, read_curve};
pub use run::Annealing;
pub use settings::{Anneal, MOST_TRIES, Pixels, Start};

use super::ReconstructError;
use super::field::{Directions, Spectrum};
use super::reconstruction::Reconstruction;
use super::settings::{MethodSettings, Settings, check_edges};
use super::target::Target;
use super::target_counts;
use crate::compute::Device;
use reconstruction::{Aim, AnnealReconstruction};

impl MethodSettings for Anneal {
    fn name(&self) -> &'static str {
        "Simulated annealing"
    }

    fn check(&self, original: (usize, usize), result: (usize, usize)) -> Result<(), ReconstructError> {
        check_edges("Annealing", original, result)?;
        if !(1..=MOST_TRIES).contains(&self.tries) {
            let text = format!("Between 1 and {MOST_TRIES} exchanges can be tried for each pixel.");
            return Err(ReconstructError::Settings(text));
        }
        Ok(())
    }

    fn prepare(
        &self,
        target: &Arc<Target>,
        settings: &Settings,
        _device: Device,
    ) -> Result<Box<dyn Reconstruction>, ReconstructError> {
        let map = target.needed_phases("Annealing exchanges pixels of phases")?;
        let size = settings.output_size(target.size());
        let spectra = match self.start {
            Start::Field => Spectrum::of_phases(map, size, Directions::All),
            Start::Noise => vec![],
        };
        let counts = target_counts(&map.counts(), size.0 * size.1);
        let aim = Aim::Original(map.clone());
        Ok(Box::new(AnnealReconstruction::new(self.clone(), aim, spectra, counts, size)))
    }

    fn iterations(&self) -> usize {
        run::BLOCKS
    }

    fn loss_names(&self) -> Vec<String> {
        let chosen = [(self.lineal_path, "lineal path"), (self.chords, "chords"), (self.clusters, "cluster function")];
        let chosen = chosen.into_iter().filter(|part| part.0).map(|part| part.1);
        ["temperature", "accepted share", "S2"].into_iter().chain(chosen).map(String::from).collect()
    }

    fn is_polished(&self) -> bool {
        // The polish fits the lineal path too; the method shows what the chosen statistics determine.
        false
    }

    fn fits_lineal_path(&self) -> bool {
        self.lineal_path
    }

    fn fits_chords(&self) -> bool {
        self.chords
    }

    fn fits_clusters(&self) -> bool {
        self.clusters
    }
}
