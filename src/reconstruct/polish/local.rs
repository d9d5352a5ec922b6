//! What can be seen of interfaces close by: how long they are, how rough, and which 3 × 3 neighbourhoods occur. All of it is
//! counted where it fits into the picture, and updated with every changed pixel.

use crate::micrograph::PhaseMap;

/// Patterns of the nine pixels of a neighbourhood, of which each is in a phase or not.
const PATTERNS: usize = 512;
/// Relative difference of the interface's length from the original's, beyond which no exchange may increase it.
const LENGTH: f64 = 0.005;
/// Along rows, columns and the two diagonals: the step, and its length.
const DIRECTIONS: [((isize, isize), f64); 4] =
    [((0, 1), 1.0), ((1, 0), 1.0), ((1, 1), std::f64::consts::SQRT_2), ((1, -1), std::f64::consts::SQRT_2)];
/// Measures of the interface's length: by rows and columns, as the specific surface, and by all four directions (Crofton).
const LENGTHS: usize = 2;

/// The local statistics of all phases, and those of the original scaled to the size of the map.
pub struct Local {
    /// Of two phases only the second, as both have the same interface.
    phases: Vec<Phase>,
    /// One over the number of pairs that fit in each direction, divided by the step's length.
    per_pair: [f64; 4],
}

struct Phase {
    label: u8,
    patterns: Vec<i64>,
    wanted_patterns: Vec<f64>,
    /// `Σ|patterns − wanted|`, now and at the start.
    error: f64,
    start: f64,
    /// Pixels with at least three unlike neighbours, and how many there may be: as many as in the original, or as at the
    /// start if that is more.
    rough: i64,
    most_rough: f64,
    /// Unlike pairs in each direction.
    unlike: [i64; 4],
    wanted_lengths: [f64; LENGTHS],
    /// The gaps of both lengths before the exchange that is tried.
    gaps: [f64; LENGTHS],
}

impl Local {
    pub fn new(map: &PhaseMap, original: &PhaseMap) -> Self {
        let first = u8::from(map.phases == 2);
        let inner = |map: &PhaseMap| ((map.size().0 - 2) * (map.size().1 - 2)) as f64;
        let scale = inner(map) / inner(original);
        let (per_pair, per_pair_there) = (per_pair(map), per_pair(original));
        let phase = |label: u8| {
            let (patterns, there) = (patterns(map, label), patterns(original, label));
            let wanted_patterns: Vec<f64> = there.iter().map(|n| *n as f64 * scale).collect();
            let error = patterns.iter().zip(&wanted_patterns).map(|(n, w)| (*n as f64 - w).abs()).sum();
            let rough = |patterns: &[i64]| (0..PATTERNS).filter(|p| is_rough(*p)).map(|p| patterns[p]).sum::<i64>();
            let unlike = unlike_pairs(map, label);
            let wanted_lengths = lengths(&unlike_pairs(original, label), &per_pair_there);
            let now = lengths(&unlike, &per_pair);
            Phase {
                label,
                rough: rough(&patterns),
                most_rough: (rough(&there) as f64 * scale).max(rough(&patterns) as f64),
                patterns,
                wanted_patterns,
                error,
                start: error,
                unlike,
                wanted_lengths,
                gaps: std::array::from_fn(|k| (now[k] - wanted_lengths[k]).abs()),
            }
        };
        Self { phases: (first..map.phases as u8).map(phase).collect(), per_pair }
    }

    /// Updates everything for a pixel `at` that gets the phase `to`; `map` still holds its old phase.
    pub fn change(&mut self, map: &PhaseMap, at: usize, to: u8) {
        let from = map.flat()[at];
        for phase in self.phases.iter_mut().filter(|p| p.label == from || p.label == to) {
            phase.change(map, at, phase.label == to);
        }
    }

    /// Whether neither neighbourhoods nor roughness are worse than at the start, and no length of the interface is further
    /// from the original's than before the exchange, or than a share that cannot be seen.
    pub fn allows(&self) -> bool {
        self.phases.iter().all(|phase| {
            let now = lengths(&phase.unlike, &self.per_pair);
            let fits = |k: usize| {
                let gap = (now[k] - phase.wanted_lengths[k]).abs();
                gap <= phase.gaps[k] || gap <= LENGTH * phase.wanted_lengths[k]
            };
            phase.error <= phase.start && phase.rough as f64 <= phase.most_rough && (0..LENGTHS).all(fits)
        })
    }

    /// Takes over the state after an exchange as the one that the next is measured against.
    pub fn accept(&mut self) {
        for phase in &mut self.phases {
            let now = lengths(&phase.unlike, &self.per_pair);
            phase.gaps = std::array::from_fn(|k| (now[k] - phase.wanted_lengths[k]).abs());
        }
    }
}

impl Phase {
    /// A pixel enters the phase or leaves it; `map` still holds its old phase.
    fn change(&mut self, map: &PhaseMap, at: usize, enters: bool) {
        let (h, w) = map.size();
        let (y, x) = ((at / w) as isize, (at % w) as isize);
        let inside = |y: isize, x: isize| {
            let fits = y >= 0 && x >= 0 && y < h as isize && x < w as isize;
            fits.then(|| map.labels[[y as usize, x as usize]] == self.label)
        };
        for (k, ((dy, dx), _)) in DIRECTIONS.into_iter().enumerate() {
            for other in [inside(y + dy, x + dx), inside(y - dy, x - dx)].into_iter().flatten() {
                // Beside a pixel of the phase, entering makes the pair alike.
                self.unlike[k] += if other == enters { -1 } else { 1 };
            }
        }
        for dy in -1..=1isize {
            for dx in -1..=1isize {
                let (centre_y, centre_x) = (y + dy, x + dx);
                let fits = centre_y > 0 && centre_x > 0 && centre_y + 1 < h as isize && centre_x + 1 < w as isize;
                if !fits {
                    continue;
                }
                let before = pattern(map, centre_y as usize, centre_x as usize, self.label);
                // The bit of the changed pixel within this neighbourhood.
                let bit = 1 << ((1 - dy) * 3 + 1 - dx);
                self.count(before, -1);
                self.count(before ^ bit, 1);
            }
        }
    }

    fn count(&mut self, pattern: usize, by: i64) {
        let gap = |n: i64, wanted: f64| (n as f64 - wanted).abs();
        let (n, wanted) = (self.patterns[pattern], self.wanted_patterns[pattern]);
        self.error += gap(n + by, wanted) - gap(n, wanted);
        self.patterns[pattern] += by;
        self.rough += if is_rough(pattern) { by } else { 0 };
    }
}

/// The pattern around a pixel: bit 3 · row + column of the neighbourhood is set where it is in the phase.
fn pattern(map: &PhaseMap, y: usize, x: usize, label: u8) -> usize {
    let mut pattern = 0;
    for dy in 0..3 {
        for dx in 0..3 {
            pattern |= usize::from(map.labels[[y + dy - 1, x + dx - 1]] == label) << (3 * dy + dx);
        }
    }
    pattern
}

/// Whether at least three of the four neighbours of a pattern's centre are unlike it.
fn is_rough(pattern: usize) -> bool {
    let bit = |n: usize| pattern >> n & 1;
    [1, 3, 5, 7].into_iter().filter(|n| bit(*n) != bit(4)).count() >= 3
}

fn patterns(map: &PhaseMap, label: u8) -> Vec<i64> {
    let (h, w) = map.size();
    let mut counts = vec![0; PATTERNS];
    for y in 1..h - 1 {
        for x in 1..w - 1 {
            counts[pattern(map, y, x, label)] += 1;
        }
    }
    counts
}

/// Pairs of pixels of which one is in the phase, in each direction.
fn unlike_pairs(map: &PhaseMap, label: u8) -> [i64; 4] {
    let (h, w) = map.size();
    DIRECTIONS.map(|((dy, dx), _)| {
        let fits = |(y, x): (usize, usize)| {
            let (y, x) = (y as isize + dy, x as isize + dx);
            (y >= 0 && x >= 0 && y < h as isize && x < w as isize).then_some([y as usize, x as usize])
        };
        let differs = |((y, x), own): ((usize, usize), &u8)| {
            fits((y, x)).is_some_and(|other| (map.labels[other] == label) != (*own == label))
        };
        map.labels.indexed_iter().filter(|entry| differs(*entry)).count() as i64
    })
}

/// One over the number of pairs that fit in each direction, divided by the step's length.
fn per_pair(map: &PhaseMap) -> [f64; 4] {
    let (h, w) = map.size();
    DIRECTIONS.map(|((dy, dx), length)| 1.0 / (((h - dy.unsigned_abs()) * (w - dx.unsigned_abs())) as f64 * length))
}

/// Both measures of the interface's length, up to constant factors.
fn lengths(unlike: &[i64; 4], per_pair: &[f64; 4]) -> [f64; LENGTHS] {
    let of = |k: usize| unlike[k] as f64 * per_pair[k];
    [of(0) + of(1), (0..4).map(of).sum()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn updates_are_what_counting_anew_gives() {
        for phases in [2u8, 3] {
            let label = |n: usize| ((n * 7919 + n / 13 * 31) % 97 % usize::from(phases)) as u8;
            let original = PhaseMap::new((14, 17), (0..14 * 17).map(label).collect(), phases.into());
            let mut map = original.clone();
            map.flat_mut().rotate_left(29);
            let mut local = Local::new(&map, &original);
            for k in 0..60 {
                let (at, to) = (k * 31 % (14 * 17), (k % usize::from(phases)) as u8);
                if map.flat()[at] != to {
                    local.change(&map, at, to);
                    map.flat_mut()[at] = to;
                }
            }
            let anew = Local::new(&map, &original);
            for (a, b) in local.phases.iter().zip(&anew.phases) {
                assert_eq!((&a.patterns, a.rough, a.unlike), (&b.patterns, b.rough, b.unlike));
                assert!((a.error - b.error).abs() < 1e-6);
            }
        }
    }
}
