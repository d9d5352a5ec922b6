//! The last correction of a phase map: pixels at interfaces are exchanged where that brings the two-point correlation
//! and the lineal path closer to the original's (after Yeong & Torquato, Phys. Rev. E 57:495, 1998, who reconstruct
//! whole micrographs by such exchanges).

mod local;

use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::correlation::Correlations;
use super::exchange::{Exchange, interfaces, propose};
use super::runs::Runs;
use crate::micrograph::PhaseMap;
use local::Local;

/// Exchanges that are tried for each pixel of the map.
const TRIES_A_PIXEL: usize = 12;
/// How often the pairs of a phase are counted, for each pixel of the map, if correlations reach up to [`REACH`] pixels.
/// If they reach further, a count takes longer and there are fewer, so that the time grows only with the pixels.
const COUNTS_A_PIXEL: f64 = 0.75;
const REACH: f64 = 128.0;
/// Tries of a round. The interfaces are listed anew before each round.
const TRIES_A_ROUND: usize = 4096;
/// Accepted exchanges after which the slope of the correlation's error is computed again.
const REFRESH_EVERY: usize = 24;
/// A round that accepts fewer exchanges is the last.
const LEAST_ACCEPTED: usize = 2;

/// The result of a polish.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Polished {
    /// Exchanges tried.
    pub tried: usize,
    /// Exchanges made.
    pub made: usize,
}

/// Exchanges pixels of unlike phases at interfaces. An exchange is made only if neither the error of S2 (radial, rows
/// and columns) nor that of the lineal path (rows, columns, both diagonals) grows, and no error rate of any phase
/// becomes larger than it was at the start. Interfaces get no rougher: the length of the interface comes closer to the
/// original's or stays within half a per cent of it, and the frequencies of 3 × 3 neighbourhoods and the number of pixels
/// with three or more unlike neighbours stay as near to the original's as they were. Volume fractions stay the same.
///
/// `interrupted` is called every 256 tries; if it returns true, the exchanges made so far stay.
pub fn polish(map: &mut PhaseMap, original: &PhaseMap, seed: u64, interrupted: &dyn Fn() -> bool) -> Polished {
    let mut done = Polished::default();
    if [map, original].iter().any(|map| map.size().0.min(map.size().1) < 4) {
        return done;
    }
    let mut random = Pcg64::seed_from_u64(seed);
    let mut state = State::new(map, original);
    let mut since_refresh = REFRESH_EVERY;
    let reach = state.correlations.reach() as f64;
    let share = (REACH / reach).powi(2).min(1.0);
    let most_counts = (COUNTS_A_PIXEL * share * state.map.pixels() as f64) as usize;
    while done.tried < TRIES_A_PIXEL * state.map.pixels() && state.correlations.counted < most_counts {
        let interfaces = interfaces(&state.map);
        let made_before = done.made;
        for _ in 0..TRIES_A_ROUND {
            done.tried += 1;
            if done.tried.is_multiple_of(256) && interrupted() {
                map.labels.clone_from(&state.map.labels);
                return done;
            }
            let Some(exchange) = propose(&state.map, &interfaces, &mut random) else { continue };
            if !state.paths_allow(exchange) {
                continue;
            }
            if since_refresh >= REFRESH_EVERY {
                state.correlations.refresh();
                since_refresh = 0;
            }
            if state.correlations_allow(exchange) {
                done.made += 1;
                since_refresh += 1;
            } else {
                state.exchange_paths(exchange.reversed());
            }
        }
        if done.made - made_before < LEAST_ACCEPTED {
            break;
        }
    }
    map.labels.clone_from(&state.map.labels);
    done
}

struct State {
    map: PhaseMap,
    runs: Runs,
    correlations: Correlations,
    local: Local,
    path_error: f64,
}

impl State {
    fn new(map: &PhaseMap, original: &PhaseMap) -> Self {
        let runs = Runs::new(map, original, usize::MAX);
        let path_error = runs.error();
        Self {
            map: map.clone(),
            correlations: Correlations::new(map, original, usize::MAX),
            local: Local::new(map, original),
            path_error,
            runs,
        }
    }

    /// Makes the exchange in the map, in what is seen of its interfaces, and in the lineal paths. Undoes it and returns
    /// false if the interfaces get worse or the error of the paths grows.
    fn paths_allow(&mut self, e: Exchange) -> bool {
        self.exchange_local(e);
        if !self.local.allows() {
            self.exchange_local(e.reversed());
            return false;
        }
        // The paths are counted with the map as it was.
        self.set(e.reversed());
        self.exchange_runs(e);
        let allowed = self.runs.error() <= self.path_error && self.runs.within_start();
        if !allowed {
            self.exchange_paths(e.reversed());
        }
        allowed
    }

    /// Sets both pixels of an exchange.
    fn set(&mut self, e: Exchange) {
        self.map.flat_mut()[e.a] = e.to;
        self.map.flat_mut()[e.b] = e.from;
    }

    fn exchange_local(&mut self, e: Exchange) {
        self.local.change(&self.map, e.a, e.to);
        self.map.flat_mut()[e.a] = e.to;
        self.local.change(&self.map, e.b, e.from);
        self.map.flat_mut()[e.b] = e.from;
    }

    fn exchange_runs(&mut self, e: Exchange) {
        self.runs.change(&self.map, e.a, e.to);
        self.map.flat_mut()[e.a] = e.to;
        self.runs.change(&self.map, e.b, e.from);
        self.map.flat_mut()[e.b] = e.from;
    }

    fn exchange_paths(&mut self, e: Exchange) {
        self.exchange_local(e);
        self.set(e.reversed());
        self.exchange_runs(e);
    }

    /// Makes the exchange in the correlations too, if their error does not grow and the error of either falls.
    fn correlations_allow(&mut self, e: Exchange) -> bool {
        let closer = self.runs.error() < self.path_error;
        if self.correlations.exchange(e, closer) {
            self.path_error = self.runs.error();
            self.local.accept();
            return true;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::compare;

    #[test]
    fn no_error_grows_and_no_pixel_is_lost() {
        // Waves in two directions, cut at a level.
        let wave = |n: usize| {
            let (y, x) = ((n / 96) as f64, (n % 96) as f64);
            (0.42 * x + 1.3 * (0.11 * y).sin()).sin() + (0.37 * y + 1.7 * (0.13 * x).sin()).sin() > 0.3
        };
        let labels = (0..96 * 96).map(|n| u8::from(wave(n))).collect();
        let original = PhaseMap::new((96, 96), labels, 2);
        let mut map = original.clone();
        // Another layout with the same fractions: turned, and its halves exchanged.
        let labels = map.flat_mut();
        labels.reverse();
        labels.rotate_left(96 * 31);
        for k in 0..600 {
            labels.swap((k * 7919) % 9216, (k * 104_729 + 13) % 9216);
        }
        let before = compare(&original, &map);
        let counts = map.counts();
        let done = polish(&mut map, &original, 1, &|| false);
        let after = compare(&original, &map);
        assert_eq!(map.counts(), counts);
        assert!(done.made > 100, "{done:?}");
        for (b, a) in before.iter().zip(&after) {
            assert!(a.errors.s2_error_percent < 0.5 * b.errors.s2_error_percent, "{b:?} {a:?}");
            assert!(a.errors.lineal_path_error_percent < 0.5 * b.errors.lineal_path_error_percent, "{b:?} {a:?}");
        }
    }

    /// Pixels with at least three unlike neighbours.
    fn rough(map: &PhaseMap) -> usize {
        let (h, w) = map.size();
        let unlike = |(y, x): (usize, usize)| {
            let around = [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)];
            around.into_iter().filter(|at| map.labels[[at.0, at.1]] != map.labels[[y, x]]).count()
        };
        let inner = (1..h - 1).flat_map(|y| (1..w - 1).map(move |x| (y, x)));
        inner.filter(|at| unlike(*at) >= 3).count()
    }

    #[test]
    fn interfaces_do_not_get_rougher_or_longer() {
        for phases in [2, 3] {
            // Many waves in all directions, cut at levels.
            let make = |seed: f64, noise: f64| {
                let level = |n: usize| {
                    let (y, x) = ((n / 96) as f64, (n % 96) as f64);
                    let wave = |k: f64| (0.45 * (x * (1.3 * k).cos() + y * (1.3 * k).sin()) + seed * k * k).sin();
                    let rough = ((n * 7919) % 101) as f64 / 101.0 - 0.5;
                    let sum = (1..20).map(|k| wave(f64::from(k))).sum::<f64>() + noise * rough;
                    u8::from(sum > 0.5) + u8::from(phases == 3 && sum > 3.0)
                };
                PhaseMap::new((96, 96), (0..96 * 96).map(level).collect(), phases)
            };
            let original = make(1.0, 1.0);
            let mut map = make(2.3, 1.6);
            let (before, rough_before) = (compare(&original, &map), rough(&map));
            let done = polish(&mut map, &original, 1, &|| false);
            let after = compare(&original, &map);
            assert!(done.made > 50, "{done:?}");
            let most = rough(&original).max(rough_before);
            assert!(rough(&map) <= most + most / 50, "{} of {rough_before} and {}", rough(&map), rough(&original));
            for (b, a) in before.iter().zip(&after) {
                let (b, a) = (b.unfitted.expect("measured"), a.unfitted.expect("measured"));
                for (b, a) in [
                    (b.interface_length_change_percent, a.interface_length_change_percent),
                    (b.specific_surface_change_percent, a.specific_surface_change_percent),
                ] {
                    assert!(a.abs() <= b.abs().max(0.5) + 1e-9, "from {b} to {a} %");
                }
            }
        }
    }
}
