//! Two-point correlations that are updated with every exchange of pixels.

use super::exchange::Exchange;
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
    distances: usize,
    /// The phases whose correlations are computed. Of two phases only the second, because the errors of both are equal.
    phases: Vec<Phase>,
    /// The rounded length of each displacement, from `bins`.
    bins: Vec<u16>,
    fourier: Fourier,
    /// How often the pairs of a phase were counted.
    pub counted: usize,
}

/// A phase with the pairs and the errors that an exchange gives it.
type Tried = (usize, [Vec<i64>; CURVES], [f64; CURVES]);

struct Phase {
    label: u8,
    /// The indicator with a border of `distances` pixels, copied from the opposite edges.
    wide: Vec<u8>,
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
            let there = pairs(&wide(original, label, distances), original, distances, &bins, label);
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
        let first = u8::from(map.phases == 2);
        let phase = |label: u8| {
            let targets = targets_of(label);
            let square = targets[0].first().map_or(0.0, |phi| phi * phi);
            let under = targets.each_ref().map(|t| t.iter().map(|s| (s - square).abs()).sum::<f64>().max(1e-300));
            let wide = wide(map, label, distances);
            let pairs = pairs(&wide, map, distances, bins, label);
            let mut phase = Phase {
                label,
                wide,
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
        Self { height, width, distances, phases, bins: bins.to_vec(), fourier: Fourier::new(height, width), counted: 0 }
    }

    /// How many distances are computed.
    pub fn reach(&self) -> usize {
        self.distances
    }

    /// Computes the derivatives of the radial errors again.
    pub fn refresh(&mut self) {
        let (h, w, d) = (self.height, self.width, self.distances);
        for phase in &mut self.phases {
            let stride = w + 2 * d;
            let spectrum = self.fourier.transform(|at| f64::from(phase.wide[(at / w + d) * stride + at % w + d]));
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
            let sign = sign_of(phase.label, e);
            expected += sign as f64 * (phase.slope[e.a] - phase.slope[e.b]);
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

    /// Makes an exchange in the indicators, and counts its pairs. Returns the sum of the errors with it, and the pairs and
    /// errors of the phases that it changes.
    fn try_out(&mut self, e: Exchange) -> (f64, Vec<Tried>) {
        let mut after = 0.0;
        let mut next = vec![];
        for n in 0..self.phases.len() {
            let sign = sign_of(self.phases[n].label, e);
            self.counted += usize::from(sign != 0);
            if sign == 0 {
                after += self.phases[n].errors.iter().sum::<f64>();
                continue;
            }
            let mut pairs = self.phases[n].pairs.clone();
            self.add(n, e.a, sign, &mut pairs);
            self.set(n, e.a, sign > 0);
            self.add(n, e.b, -sign, &mut pairs);
            self.set(n, e.b, sign < 0);
            let errors = self.phases[n].measure(&pairs);
            after += errors.iter().sum::<f64>();
            next.push((n, pairs, errors));
        }
        (after, next)
    }

    /// Keeps an exchange that was tried out, or takes it back.
    fn settle(&mut self, e: Exchange, next: Vec<Tried>, is_made: bool) {
        for (n, pairs, errors) in next {
            if is_made {
                (self.phases[n].pairs, self.phases[n].errors) = (pairs, errors);
            } else {
                let sign = sign_of(self.phases[n].label, e);
                self.set(n, e.a, sign < 0);
                self.set(n, e.b, sign > 0);
            }
        }
    }

    /// Adds the pairs of the pixel `at` with all others of the phase; `sign` −1 subtracts them.
    fn add(&self, phase: usize, at: usize, sign: i64, pairs: &mut [Vec<i64>; CURVES]) {
        let d = self.distances;
        let mut found = vec![0u32; d + 1];
        let phase = &self.phases[phase];
        let row = around(&phase.wide, self.width, d, at, &self.bins, &mut found);
        for r in 1..d {
            pairs[RADIAL][r] += 2 * sign * i64::from(found[r]);
        }
        let [rows, columns] = row;
        for r in 1..d {
            pairs[1][r] += 2 * sign * i64::from(rows[r]);
            pairs[2][r] += 2 * sign * i64::from(columns[r]);
        }
    }

    fn set(&mut self, phase: usize, at: usize, inside: bool) {
        let wide = &mut self.phases[phase].wide;
        images(at, (self.height, self.width), self.distances).for_each(|place| wide[place] = u8::from(inside));
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

/// The change of a phase's indicator at `a` by an exchange: −1, 0 or 1.
pub fn sign_of(label: u8, e: Exchange) -> i64 {
    i64::from(label == e.to) - i64::from(label == e.from)
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

/// The indicator of a phase with a border copied from the opposite edges.
pub fn wide(map: &PhaseMap, label: u8, border: usize) -> Vec<u8> {
    let (h, w) = map.size();
    let at = |y: usize, x: usize| u8::from(map.labels[[(y + h - border) % h, (x + w - border) % w]] == label);
    (0..h + 2 * border).flat_map(|y| (0..w + 2 * border).map(move |x| (y, x))).map(|(y, x)| at(y, x)).collect()
}

/// How far a disc reaches to each side in the row that is `offset` from its centre, if it holds the displacements whose
/// rounded length is below `distances`.
pub fn half_chord(distances: usize, offset: usize) -> usize {
    let half = ((distances as f64 - 0.5).powi(2) - (offset * offset) as f64).max(0.0).sqrt() as usize;
    half.min(distances - 1)
}

/// The places of a pixel in an array with a border of `border` pixels that continues the picture at the opposite edges.
pub fn images(at: usize, (height, width): (usize, usize), border: usize) -> impl Iterator<Item = usize> {
    let stride = width + 2 * border;
    let along = move |k: usize, size: usize, whole: usize| {
        [k as isize - size as isize, k as isize, (k + size) as isize]
            .map(|v| v + border as isize)
            .into_iter()
            .filter(move |v| (0..whole as isize).contains(v))
    };
    along(at / width, height, height + 2 * border)
        .flat_map(move |y| along(at % width, width, stride).map(move |x| y as usize * stride + x as usize))
}

/// Adds the pixels of the phase at each distance from `at` to `found`; returns those along its row and its column, in
/// both directions together.
fn around(wide: &[u8], width: usize, d: usize, at: usize, bins: &[u16], found: &mut [u32]) -> [Vec<u32>; 2] {
    let stride = width + 2 * d;
    let (y, x) = (at / width + d, at % width + d);
    let reach = d - 1;
    let edge = 2 * reach + 1;
    for dy in 0..edge {
        let half = half_chord(d, dy.abs_diff(reach));
        let line = &wide[(y + dy - reach) * stride + x - half..][..2 * half + 1];
        let distance = &bins[dy * edge + reach - half..][..2 * half + 1];
        for (inside, bin) in line.iter().zip(distance) {
            let bin = usize::from(*bin).min(d);
            found[bin] += u32::from(*inside);
        }
    }
    let along = |step: usize| -> Vec<u32> {
        let centre = y * stride + x;
        (0..d).map(|r| u32::from(wide[centre + r * step]) + u32::from(wide[centre - r * step])).collect()
    };
    [along(1), along(stride)]
}

/// All ordered pairs of the phase by distance, along rows and along columns; distance 0 counts each pixel once.
fn pairs(wide: &[u8], map: &PhaseMap, d: usize, bins: &[u16], label: u8) -> [Vec<i64>; CURVES] {
    let fourier = Fourier::of(map.labels.shape());
    let (h, w) = map.size();
    let stride = w + 2 * d;
    let spectrum = fourier.transform(|at| f64::from(wide[(at / w + d) * stride + at % w + d]));
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
