//! Two-point correlations that are updated with every exchange of pixels.

use super::exchange::Exchange;
use super::half_disc::{HalfDisc, Wide, moved};
use crate::micrograph::PhaseMap;
use crate::stats::{self, Fourier};

/// Radial S2, S2 along rows and along columns.
const CURVES: usize = 3;
const RADIAL: usize = 0;
/// The bin of displacements beyond the largest distance.
pub const BEYOND: u16 = u16::MAX;

/// The correlations of all phases, periodic.
pub struct Correlations {
    height: usize,
    width: usize,
    disc: HalfDisc,
    /// The rounded length of each displacement of the half disc.
    lengths: Vec<u16>,
    /// The phases whose correlations are computed. Of two phases only the second, because the errors of both are equal.
    phases: Vec<Phase>,
    /// The rounded length of each displacement, from `bins`.
    bins: Vec<u16>,
    fourier: Fourier,
    /// How often the pairs of a phase were counted.
    pub counted: usize,
    /// What an exchange changes at each displacement, and their sums for each distance, in lanes.
    changes: Vec<i8>,
    sums: Vec<i32>,
}

/// Neighbouring displacements are summed in different places, so that no sum waits for the one before.
const LANES: usize = 4;

/// A phase with the pairs and the errors that an exchange gives it.
type Tried = (usize, [Vec<i64>; CURVES], [f64; CURVES]);

struct Phase {
    label: u8,
    wide: Wide,
    /// Ordered pairs of pixels at each distance of each curve.
    pairs: [Vec<i64>; CURVES],
    targets: [Vec<f64>; CURVES],
    per_place: [Vec<f64>; CURVES],
    /// `Σ|S2 − φ²|` of each target curve, which errors are divided by.
    under: [f64; CURVES],
    errors: [f64; CURVES],
    start: f64,
    /// The derivative of the radial error with respect to the indicator at each place.
    slope: Vec<f64>,
}

impl Correlations {
    /// The correlations of a map, and those of its original as targets, over at most so many distances.
    pub fn new(map: &PhaseMap, original: &PhaseMap, most: usize) -> Self {
        let distances = stats::distances(map.labels.shape()).min(stats::distances(original.labels.shape())).min(most);
        let bins = bins(distances);
        let per_place = per_place(&bins, distances, original.pixels());
        let targets = |label: u8| -> [Vec<f64>; CURVES] {
            let there = pairs(original, distances, &bins, label);
            let scaled = |k: usize| there[k].iter().zip(&per_place[k]).map(|(n, p)| *n as f64 * p).collect();
            std::array::from_fn(scaled)
        };
        Self::with(map, &bins, distances, targets)
    }

    /// The correlations of a map of two phases, with a radial S2 of the second one and the S2 along lines that belongs to it
    /// as targets.
    pub fn of_curve(map: &PhaseMap, radial: &[f64], along: &[f64], most: usize) -> Self {
        let distances = stats::distances(map.labels.shape()).min(radial.len()).min(most);
        let [radial, along] = [radial, along].map(|curve| curve[..distances].to_vec());
        Self::with(map, &bins(distances), distances, |_| [radial.clone(), along.clone(), along.clone()])
    }

    fn with(map: &PhaseMap, bins: &[u16], distances: usize, targets_of: impl Fn(u8) -> [Vec<f64>; CURVES]) -> Self {
        let (height, width) = map.size();
        let per_place = per_place(bins, distances, map.pixels());
        let disc = HalfDisc::new(map.size(), distances);
        let lengths = disc.displacements().map(|[down, across]| bins[bin_at(down, across, distances)]).collect();
        let first = u8::from(map.phases == 2);
        let phase = |label: u8| {
            let targets = targets_of(label);
            let square = targets[0].first().map_or(0.0, |phi| phi * phi);
            let under = targets.each_ref().map(|t| t.iter().map(|s| (s - square).abs()).sum::<f64>().max(1e-300));
            let pairs = pairs(map, distances, bins, label);
            let mut phase = Phase {
                label,
                wide: disc.indicator(map, label),
                pairs,
                targets,
                per_place: per_place.clone(),
                under,
                errors: [0.0; CURVES],
                start: 0.0,
                slope: vec![],
            };
            phase.errors = phase.measure(&phase.pairs);
            phase.start = phase.errors[RADIAL];
            phase
        };
        let phases = (first..map.phases as u8).map(phase).collect();
        let fourier = Fourier::new(height, width);
        let (changes, sums) = (vec![], vec![0; LANES * distances]);
        Self { height, width, disc, lengths, phases, bins: bins.to_vec(), fourier, counted: 0, changes, sums }
    }

    /// How many distances are computed.
    pub fn reach(&self) -> usize {
        self.disc.distances()
    }

    /// Computes the derivatives of the radial errors again.
    pub fn refresh(&mut self) {
        let (h, w, d) = (self.height, self.width, self.disc.distances());
        for phase in &mut self.phases {
            let spectrum = self.fourier.transform(|at| f64::from(phase.wide.at(&self.disc, at)));
            let curve = &phase.pairs[RADIAL];
            let push = |r: usize| {
                let gap = curve[r] as f64 * phase.per_place[RADIAL][r] - phase.targets[RADIAL][r];
                2.0 * gap.signum() * phase.per_place[RADIAL][r] / phase.under[RADIAL]
            };
            let by_distance: Vec<f64> = (0..d).map(|r| if r == 0 { 0.0 } else { push(r) }).collect();
            let signed = |k: usize, n: usize| if 2 * k < n { k as isize } else { k as isize - n as isize };
            let kernel = self.fourier.transform(|at| {
                let (dy, dx) = (signed(at / w, h), signed(at % w, w));
                let inside = dy.unsigned_abs() < d && dx.unsigned_abs() < d;
                let bin = if inside { self.bins[bin_at(dy, dx, d)] } else { BEYOND };
                by_distance.get(usize::from(bin)).copied().unwrap_or(0.0)
            });
            phase.slope = self.fourier.correlate(&kernel, &spectrum);
        }
    }

    /// Makes an exchange if the sum of the errors falls (with `closer`: does not grow) and no radial error exceeds its
    /// start. Returns whether it did.
    pub fn exchange(&mut self, e: Exchange, closer: bool) -> bool {
        // If the derivative predicts a larger error, the pairs are not counted.
        let mut expected = 0.0;
        for phase in &self.phases {
            if let Some((leaves, enters)) = moved(phase.label, e) {
                expected += phase.slope[enters] - phase.slope[leaves];
            }
        }
        if expected > 0.0 {
            return false;
        }
        let before = self.error();
        let (after, next) = self.try_out(e);
        let within = next.iter().all(|(n, _, errors)| errors[RADIAL] <= self.phases[*n].start);
        let is_made = within && (after < before || (closer && after <= before));
        self.settle(e, next, is_made);
        is_made
    }

    /// Makes an exchange if `accepts` the change of the summed errors. Returns whether it did.
    pub fn exchange_if(&mut self, e: Exchange, accepts: impl FnOnce(f64) -> bool) -> bool {
        let before = self.error();
        let (after, next) = self.try_out(e);
        let is_made = accepts(after - before);
        self.settle(e, next, is_made);
        is_made
    }

    /// The sum of the errors of all curves and phases.
    pub fn error(&self) -> f64 {
        self.phases.iter().flat_map(|p| p.errors).sum()
    }

    /// Takes the pixel that leaves each phase out of its indicator, and counts the pairs that change. Returns the sum of the
    /// errors with the exchange, and the pairs and errors of the phases that it changes.
    fn try_out(&mut self, e: Exchange) -> (f64, Vec<Tried>) {
        let mut after = 0.0;
        let mut next = vec![];
        for n in 0..self.phases.len() {
            let Some((leaves, enters)) = moved(self.phases[n].label, e) else {
                after += self.phases[n].errors.iter().sum::<f64>();
                continue;
            };
            self.counted += 1;
            self.disc.set(&mut self.phases[n].wide, leaves, false);
            let pairs = self.pairs_with(n, (leaves, enters));
            let errors = self.phases[n].measure(&pairs);
            after += errors.iter().sum::<f64>();
            next.push((n, pairs, errors));
        }
        (after, next)
    }

    /// Keeps an exchange that was tried out, or takes it back.
    fn settle(&mut self, e: Exchange, next: Vec<Tried>, is_made: bool) {
        for (n, pairs, errors) in next {
            let phase = &mut self.phases[n];
            let Some((leaves, enters)) = moved(phase.label, e) else { continue };
            if is_made {
                (phase.pairs, phase.errors) = (pairs, errors);
            }
            self.disc.set(&mut phase.wide, if is_made { enters } else { leaves }, true);
        }
    }

    /// The pairs of a phase with an exchange.
    fn pairs_with(&mut self, n: usize, exchanged: (usize, usize)) -> [Vec<i64>; CURVES] {
        let phase = &self.phases[n];
        self.disc.changes(&phase.wide, exchanged, &mut self.changes);
        self.sums.fill(0);
        for (lengths, changes) in self.lengths.chunks(LANES).zip(self.changes.chunks(LANES)) {
            for (lane, (length, change)) in lengths.iter().zip(changes).enumerate() {
                self.sums[usize::from(*length) * LANES + lane] += i32::from(*change);
            }
        }
        let mut pairs = phase.pairs.clone();
        // Each displacement stands for two ordered pairs.
        for (pairs, sums) in pairs[RADIAL].iter_mut().zip(self.sums.chunks_exact(LANES)).skip(1) {
            *pairs += 2 * i64::from(sums.iter().sum::<i32>());
        }
        for r in 1..self.disc.distances() {
            let [right, down] = self.disc.along_axes(r);
            pairs[1][r] += 2 * i64::from(self.changes[right]);
            pairs[2][r] += 2 * i64::from(self.changes[down]);
        }
        pairs
    }
}

impl Phase {
    fn measure(&self, pairs: &[Vec<i64>; CURVES]) -> [f64; CURVES] {
        std::array::from_fn(|k| {
            let found = pairs[k].iter().zip(&self.per_place[k]).map(|(n, p)| *n as f64 * p);
            found.zip(&self.targets[k]).map(|(a, b)| (a - b).abs()).sum::<f64>() / self.under[k]
        })
    }
}

/// What one ordered pair at each distance of each curve adds to S2 of a picture with so many pixels.
fn per_place(bins: &[u16], distances: usize, pixels: usize) -> [Vec<f64>; CURVES] {
    let mut places = [vec![0i64; distances], vec![2; distances], vec![2; distances]];
    bins.iter().filter(|b| **b != BEYOND).for_each(|b| places[RADIAL][usize::from(*b)] += 1);
    places.iter_mut().for_each(|p| p[0] = 1);
    places.map(|p| p.into_iter().map(|n| 1.0 / (n * pixels as i64) as f64).collect())
}

/// The place of a displacement in [`bins`].
pub fn bin_at(dy: isize, dx: isize, d: usize) -> usize {
    let reach = d as isize - 1;
    ((dy + reach) * (2 * reach + 1) + dx + reach) as usize
}

/// The rounded length of each displacement (−reach … reach down and across, reach being `distances` − 1);
/// [`BEYOND`] if it is not shorter than `distances`.
pub fn bins(distances: usize) -> Vec<u16> {
    let reach = distances as isize - 1;
    let mut bins = Vec::with_capacity((2 * distances - 1).pow(2));
    for dy in -reach..=reach {
        for dx in -reach..=reach {
            let r = (dy as f64).hypot(dx as f64).round_ties_even() as usize;
            bins.push(if r < distances { r as u16 } else { BEYOND });
        }
    }
    bins
}

/// All ordered pairs of the phase by distance, along rows and along columns; distance 0 counts each pixel once.
fn pairs(map: &PhaseMap, d: usize, bins: &[u16], label: u8) -> [Vec<i64>; CURVES] {
    let fourier = Fourier::of(map.labels.shape());
    let (h, w) = map.size();
    let labels = map.flat();
    let spectrum = fourier.transform(|at| f64::from(u8::from(labels[at] == label)));
    let counts = fourier.correlate(&spectrum, &spectrum);
    let mut out = [vec![0i64; d], vec![0; d], vec![0; d]];
    let reach = d as isize - 1;
    let at = |dy: isize, dx: isize| {
        counts[dy.rem_euclid(h as isize) as usize * w + dx.rem_euclid(w as isize) as usize].round() as i64
    };
    for dy in -reach..=reach {
        for dx in -reach..=reach {
            if let Some(sum) = out[RADIAL].get_mut(usize::from(bins[bin_at(dy, dx, d)])) {
                *sum += at(dy, dx);
            }
        }
    }
    for r in 0..d as isize {
        let both = if r == 0 { 1 } else { 2 };
        out[1][r as usize] = both * at(0, r);
        out[2][r as usize] = both * at(r, 0);
    }
    debug_assert_eq!(out[RADIAL][0], map.labels.iter().filter(|l| **l == label).count() as i64);
    out
}
