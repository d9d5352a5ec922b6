//! The energy of an annealing: the sum of the errors of the statistics that are chosen.

use super::Anneal;
use super::clusters::Clusters;
use super::displacements::Displacements;
use crate::micrograph::PhaseMap;
use crate::reconstruct::correlation::Correlations;
use crate::reconstruct::exchange::Exchange;
use crate::reconstruct::field::{Directions, along_a_line};
use crate::reconstruct::runs::Runs;

/// The most distances of S2, lineal path and chords, so that an exchange costs the same in results of any size.
const MOST_DISTANCES: usize = 128;
/// The most distances of the cluster function.
const MOST_OF_CLUSTERS: usize = 64;

/// A phase map with its statistics, which are updated with every exchange.
pub struct Energy {
    /// The phases.
    pub map: PhaseMap,
    s2: TwoPoint,
    clusters: Option<Clusters>,
    runs: Option<Runs>,
    has_lineal_path: bool,
    has_chords: bool,
}

/// S2 in the energy.
enum TwoPoint {
    /// Radial, along rows and along columns.
    Radial(Correlations),
    /// At every displacement.
    All(Displacements),
}

impl TwoPoint {
    fn error(&self) -> f64 {
        match self {
            Self::Radial(s2) => s2.error(),
            Self::All(s2) => s2.error(),
        }
    }

    fn exchange_if(&mut self, e: Exchange, accepts: impl FnOnce(f64) -> bool) -> bool {
        match self {
            Self::Radial(s2) => s2.exchange_if(e, accepts),
            Self::All(s2) => s2.exchange_if(e, accepts),
        }
    }
}

impl Energy {
    /// The energy of phases, with the statistics of the original as targets.
    pub fn new(map: PhaseMap, original: &PhaseMap, settings: &Anneal) -> Self {
        let s2 = match settings.directions {
            Directions::Radial => TwoPoint::Radial(Correlations::new(&map, original, MOST_DISTANCES)),
            Directions::All => TwoPoint::All(Displacements::new(&map, original, MOST_DISTANCES)),
        };
        let (has_lineal_path, has_chords) = (settings.lineal_path, settings.chords);
        let runs = (has_lineal_path || has_chords).then(|| Runs::new(&map, original, MOST_DISTANCES));
        let clusters = settings.clusters.then(|| Clusters::new(&map, original, MOST_OF_CLUSTERS));
        Self { map, s2, clusters, runs, has_lineal_path, has_chords }
    }

    /// The energy of two phases, with a radial S2 of the second one as target, the same in all directions.
    pub fn of_curve(map: PhaseMap, radial: &[f64]) -> Self {
        // What lies beyond is not used, and takes long in a long curve.
        let radial = &radial[..radial.len().min(2 * MOST_DISTANCES)];
        let s2 = TwoPoint::Radial(Correlations::of_curve(&map, radial, &along_a_line(radial), MOST_DISTANCES));
        Self { map, s2, clusters: None, runs: None, has_lineal_path: false, has_chords: false }
    }

    /// The error of each statistic that is in the energy: S2, then lineal path, chords and cluster function, if chosen.
    pub fn parts(&self) -> Vec<f64> {
        let runs = self.runs.as_ref();
        let lineal_path = runs.filter(|_| self.has_lineal_path).map(Runs::error);
        let chords = runs.filter(|_| self.has_chords).map(Runs::chord_error);
        let clusters = self.clusters.as_ref().map(Clusters::error);
        [Some(self.s2.error()), lineal_path, chords, clusters].into_iter().flatten().collect()
    }

    /// Their sum.
    pub fn total(&self) -> f64 {
        self.parts().iter().sum()
    }

    /// Makes an exchange if `accepts` the change of the energy. Returns whether it did.
    pub fn exchange_if(&mut self, e: Exchange, accepts: impl FnOnce(f64) -> bool) -> bool {
        let Self { map, s2, clusters, runs, has_lineal_path, has_chords } = self;
        let error = |runs: &Runs| {
            [(*has_lineal_path, runs.error()), (*has_chords, runs.chord_error())]
                .iter()
                .filter(|p| p.0)
                .map(|p| p.1)
                .sum::<f64>()
        };
        let with_runs = |change: f64| match runs {
            None => {
                let is_made = accepts(change);
                if is_made {
                    exchange(map, None, e);
                }
                is_made
            }
            Some(runs) => {
                let before = error(runs);
                exchange(map, Some(runs), e);
                let is_made = accepts(change + error(runs) - before);
                if !is_made {
                    exchange(map, Some(runs), e.reversed());
                }
                is_made
            }
        };
        s2.exchange_if(e, |change| match clusters {
            None => with_runs(change),
            Some(clusters) => clusters.exchange_if(e, |more| with_runs(change + more)),
        })
    }

    /// Bytes in use, about.
    pub fn memory(&self) -> u64 {
        let (height, width) = self.map.size();
        // Each indicator is kept twice; of two phases there is one.
        let indicators = if self.map.phases == 2 { 2 } else { 2 * self.map.phases };
        let reach = match &self.s2 {
            TwoPoint::Radial(s2) => s2.reach(),
            TwoPoint::All(s2) => s2.reach(),
        };
        let s2 = (height + 2 * reach) * (width + 2 * reach) * indicators;
        s2 as u64 + self.clusters.as_ref().map_or(0, Clusters::memory)
    }
}

/// Sets both pixels of an exchange, in the runs too.
fn exchange(map: &mut PhaseMap, mut runs: Option<&mut Runs>, e: Exchange) {
    for (at, to) in [(e.a, e.to), (e.b, e.from)] {
        if let Some(runs) = &mut runs {
            runs.change(map, at, to);
        }
        map.flat_mut()[at] = to;
    }
}
