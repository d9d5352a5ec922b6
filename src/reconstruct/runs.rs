//! Lineal paths and chords that are updated with every changed pixel: runs of a phase along rows, columns and both
//! diagonals.

use crate::micrograph::PhaseMap;
use crate::stats::distances;

/// Along rows, columns and the two diagonals.
const DIRECTIONS: [(isize, isize); 4] = [(0, 1), (1, 0), (1, 1), (1, -1)];
/// The four directions, and the mean of rows and columns, of which error rates are taken.
const CURVES: usize = DIRECTIONS.len() + 1;
const MEAN: usize = DIRECTIONS.len();
/// Chords are those along rows and columns.
const CHORDS: usize = 2;

/// The lineal paths of all phases.
pub struct Runs {
    /// For each phase, direction and r: segments of r + 1 pixels that lie in the phase.
    segments: Vec<[Vec<i64>; 4]>,
    /// The original's L(r) of each phase and curve.
    targets: Vec<[Vec<f64>; CURVES]>,
    /// One over the number of segments of r + 1 pixels that fit.
    per_place: [Vec<f64>; 4],
    /// The error of each phase and curve: `Σ|ΔL| / ΣL`.
    errors: Vec<[f64; CURVES]>,
    start: Vec<f64>,
    chords: Vec<Chords>,
    pixels: usize,
}

/// The chords of a phase. A chord that an edge of the picture cuts counts with the length that is inside.
struct Chords {
    /// The original's number of chords longer than r, for each pixel of the picture, along rows and columns.
    targets: [Vec<f64>; CHORDS],
    /// `Σ|ΔN| / ΣN`.
    error: f64,
}

impl Runs {
    /// The runs of a map, with those of its original as targets, over segments of at most so many pixels.
    pub fn new(map: &PhaseMap, original: &PhaseMap, most: usize) -> Self {
        let reach = distances(map.labels.shape()).min(distances(original.labels.shape())).min(most);
        let per_place = places(map, reach);
        let original_places = places(original, reach);
        let segments = (0..map.phases).map(|p| DIRECTIONS.map(|d| count(map, p as u8, d, reach))).collect();
        let target = |phase: usize| -> [Vec<f64>; CURVES] {
            let along = |k: usize| -> Vec<f64> {
                let counts = count(original, phase as u8, DIRECTIONS[k], reach);
                counts.iter().zip(&original_places[k]).map(|(n, p)| *n as f64 * p).collect()
            };
            let lines: [Vec<f64>; 4] = std::array::from_fn(along);
            let mean = lines[0].iter().zip(&lines[1]).map(|(a, b)| 0.5 * (a + b)).collect();
            let [a, b, c, d] = lines;
            [a, b, c, d, mean]
        };
        let targets = (0..map.phases).map(target).collect();
        let chords_of = |phase: usize| {
            let along = |k: usize| -> Vec<f64> {
                let counts = count(original, phase as u8, DIRECTIONS[k], reach);
                longer(&counts).map(|n| n as f64 / original.pixels() as f64).collect()
            };
            Chords { targets: [along(0), along(1)], error: 0.0 }
        };
        let chords = (0..map.phases).map(chords_of).collect();
        let errors = vec![[0.0; CURVES]; map.phases];
        let mut runs = Self { segments, targets, per_place, errors, start: vec![], chords, pixels: map.pixels() };
        (0..map.phases).for_each(|phase| runs.measure(phase));
        runs.start = runs.errors.iter().map(|e| e[MEAN]).collect();
        runs
    }

    /// The error of the lineal paths: the sum over phases and curves.
    pub fn error(&self) -> f64 {
        self.errors.iter().flatten().sum()
    }

    /// The error of the chords: the sum over phases of the relative error of the number of chords longer than r.
    pub fn chord_error(&self) -> f64 {
        self.chords.iter().map(|chords| chords.error).sum()
    }

    /// Whether no phase has a larger error rate than it started with.
    pub fn within_start(&self) -> bool {
        self.errors.iter().zip(&self.start).all(|(now, start)| now[MEAN] <= *start)
    }

    /// Updates everything for a pixel `at` that gets the phase `to`; `map` still holds its old phase.
    pub fn change(&mut self, map: &PhaseMap, at: usize, to: u8) {
        let from = map.flat()[at];
        for (k, direction) in DIRECTIONS.into_iter().enumerate() {
            let back = (-direction.0, -direction.1);
            // The run that the pixel leaves falls in two …
            let (before, after) = (run(map, at, from, back), run(map, at, from, direction));
            let segments = &mut self.segments[usize::from(from)][k];
            add_run(segments, before + after + 1, -1);
            add_run(segments, before, 1);
            add_run(segments, after, 1);
            // … and the two that it joins become one.
            let (before, after) = (run(map, at, to, back), run(map, at, to, direction));
            let segments = &mut self.segments[usize::from(to)][k];
            add_run(segments, before, -1);
            add_run(segments, after, -1);
            add_run(segments, before + after + 1, 1);
        }
        self.measure(usize::from(from));
        self.measure(usize::from(to));
    }

    fn measure(&mut self, phase: usize) {
        let targets = &self.targets[phase];
        let [rows, columns, ..] = &self.segments[phase];
        let mut sums = [0.0; CURVES];
        let mut under = [0.0; CURVES];
        for k in 0..DIRECTIONS.len() {
            for ((count, place), target) in self.segments[phase][k].iter().zip(&self.per_place[k]).zip(&targets[k]) {
                sums[k] += (*count as f64 * place - target).abs();
                under[k] += target;
            }
        }
        for (r, target) in targets[MEAN].iter().enumerate() {
            let found = 0.5 * (rows[r] as f64 * self.per_place[0][r] + columns[r] as f64 * self.per_place[1][r]);
            sums[MEAN] += (found - target).abs();
            under[MEAN] += target;
        }
        self.errors[phase] = std::array::from_fn(|k| if under[k] > 0.0 { sums[k] / under[k] } else { 0.0 });
        let (mut sum, mut under) = (0.0, 0.0);
        for (k, targets) in self.chords[phase].targets.iter().enumerate() {
            for (n, target) in longer(&self.segments[phase][k]).zip(targets) {
                sum += (n as f64 / self.pixels as f64 - target).abs();
                under += target;
            }
        }
        self.chords[phase].error = if under > 0.0 { sum / under } else { 0.0 };
    }
}

/// The number of runs of more than r pixels, from the segments of r + 1 pixels: a run holds one more of these than of the
/// next longer ones.
fn longer(segments: &[i64]) -> impl Iterator<Item = i64> {
    segments.windows(2).map(|pair| pair[0] - pair[1])
}

fn places(map: &PhaseMap, distances: usize) -> [Vec<f64>; 4] {
    let (height, width) = map.size();
    DIRECTIONS.map(|(dy, dx)| {
        let fitting = |r: usize| (height - dy.unsigned_abs() * r) * (width - dx.unsigned_abs() * r);
        (0..distances).map(|r| 1.0 / fitting(r) as f64).collect()
    })
}

/// Adds the segments of one run; `sign` −1 subtracts them.
fn add_run(segments: &mut [i64], length: usize, sign: i64) {
    for (r, count) in segments.iter_mut().take(length).enumerate() {
        *count += sign * (length - r) as i64;
    }
}

/// Pixels of a phase that follow `at` in a direction without a gap, `at` itself not counted.
fn run(map: &PhaseMap, at: usize, phase: u8, (dy, dx): (isize, isize)) -> usize {
    let (_, width) = map.size();
    let (mut y, mut x) = ((at / width) as isize + dy, (at % width) as isize + dx);
    let mut length = 0;
    // A negative place becomes one far beyond the edge.
    while map.labels.get([y as usize, x as usize]) == Some(&phase) {
        length += 1;
        (y, x) = (y + dy, x + dx);
    }
    length
}

fn count(map: &PhaseMap, phase: u8, direction: (isize, isize), distances: usize) -> Vec<i64> {
    let mut segments = vec![0; distances];
    let back = (-direction.0, -direction.1);
    for (at, _) in map.flat().iter().enumerate().filter(|(_, label)| **label == phase) {
        if run(map, at, phase, back) == 0 {
            add_run(&mut segments, 1 + run(map, at, phase, direction), 1);
        }
    }
    segments
}
