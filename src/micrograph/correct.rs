//! Corrections of a phase map, by rule and by hand.

use std::collections::HashMap;
use std::sync::Arc;

use ndarray::{Array2, Zip, s};

use super::components::{Touching, regions};
use super::filter::gaussian;
use super::{MOST_PHASES, MicrographError, PhaseMap};

/// A line drawn by hand: a disc that is moved along points.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stroke {
    /// The phase that it paints.
    pub phase: usize,
    /// Its radius in pixels; 0.5 paints single pixels.
    pub radius: f32,
    /// Its points, `[row, column]`, pixel centres at integers.
    pub points: Arc<Vec<[f32; 2]>>,
}

/// Most strokes that are compared are copies of each other, which share their points.
impl PartialEq for Stroke {
    fn eq(&self, other: &Self) -> bool {
        let is_same = Arc::ptr_eq(&self.points, &other.points) || self.points == other.points;
        (self.phase, self.radius) == (other.phase, other.radius) && is_same
    }
}

/// The thickest stroke.
pub const MOST_RADIUS: f32 = 1000.0;
/// The largest limit of despeckling, in pixels.
const MOST_SPECK: usize = 1 << 24;

impl Stroke {
    /// Calls `paint` with the row and column of every pixel under the stroke, some more than once.
    pub fn visit(&self, (height, width): (usize, usize), mut paint: impl FnMut(usize, usize)) {
        let radius = self.radius.clamp(0.5, MOST_RADIUS);
        let finite: Vec<[f32; 2]> =
            self.points.iter().copied().filter(|p| p.iter().all(|v| v.is_finite() && v.abs() < 1e6)).collect();
        let mut disc = |y: f32, x: f32| {
            let (top, bottom) = ((y - radius).ceil().max(0.0), (y + radius).floor().min(height as f32 - 1.0));
            let mut row = top;
            while row <= bottom {
                let half = (radius * radius - (row - y) * (row - y)).max(0.0).sqrt();
                let (left, right) = ((x - half).ceil().max(0.0), (x + half).floor().min(width as f32 - 1.0));
                if left <= right {
                    (left as usize..=right as usize).for_each(|column| paint(row as usize, column));
                }
                row += 1.0;
            }
        };
        if let [[y, x]] = finite[..] {
            disc(y, x);
        }
        for pair in finite.windows(2) {
            let [[y0, x0], [y1, x1]] = [pair[0], pair[1]];
            let length = (y1 - y0).hypot(x1 - x0);
            // The discs are so close to each other that no notch shows between them.
            let steps = (length / (0.25 * radius).max(0.5)).ceil().clamp(1.0, 100_000.0) as usize;
            for k in 0..=steps {
                let t = k as f32 / steps as f32;
                disc(y0 + t * (y1 - y0), x0 + t * (x1 - x0));
            }
        }
    }
}

/// The phase that each label of a segmentation has become.
pub type Numbers = [u8; MOST_PHASES];

/// The numbers before any change: each label is the phase of its own number.
pub const OWN_NUMBERS: Numbers = [0, 1, 2, 3, 4, 5, 6, 7];

/// One correction. Lengths in pixels.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Correction {
    /// Gives regions of fewer pixels to the phase that surrounds them most.
    Despeckle {
        /// The fewest pixels that stay.
        pixels: usize,
    },
    /// Gives regions that are surrounded by one phase alone, and do not touch an edge, to that phase.
    FillHoles {
        /// The phase whose holes are filled.
        phase: usize,
    },
    /// Erosion, then dilation of a phase by a disc: thin parts become part of the nearest phase.
    Open {
        /// The phase.
        phase: usize,
        /// Radius of the disc.
        radius: f32,
    },
    /// Dilation, then erosion: narrow gaps in a phase close.
    Close {
        /// The phase.
        phase: usize,
        /// Radius of the disc.
        radius: f32,
    },
    /// Paints a phase.
    Brush(Stroke),
    /// Restores what the segmentation found; the stroke's phase does not matter.
    Erase(Stroke),
    /// Gives the region at a place to a phase.
    Bucket {
        /// The phase.
        phase: usize,
        /// Row.
        row: usize,
        /// Column.
        column: usize,
    },
    /// Reverses the order of the phases: of two, exchanges them.
    Invert,
    /// Gives all of one phase to another; those above move down by one.
    Merge {
        /// The phase that goes.
        from: usize,
        /// The phase that it becomes.
        into: usize,
    },
}

impl Correction {
    /// The name to display.
    pub fn name(&self) -> String {
        self.name_with(|phase| format!("phase {phase}"))
    }

    /// The name to display, with the names of phases.
    pub fn name_with(&self, phase_name: impl Fn(usize) -> String) -> String {
        match self {
            Self::Despeckle { pixels } => format!("Despeckle below {pixels} px"),
            Self::FillHoles { phase } => format!("Fill holes of {}", phase_name(*phase)),
            Self::Open { phase, radius } => format!("Open {} by {radius:.1} px", phase_name(*phase)),
            Self::Close { phase, radius } => format!("Close {} by {radius:.1} px", phase_name(*phase)),
            Self::Brush(stroke) => format!("Brush, {}", phase_name(stroke.phase)),
            Self::Erase(_) => "Eraser".into(),
            Self::Bucket { phase, .. } => format!("Bucket, {}", phase_name(*phase)),
            Self::Invert => "Invert".into(),
            Self::Merge { from, into } => format!("Merge {} into {}", phase_name(*from), phase_name(*into)),
        }
    }

    /// Whether it was made by hand at places of one picture, and has no meaning in another.
    pub fn is_by_hand(&self) -> bool {
        matches!(self, Self::Brush(_) | Self::Erase(_) | Self::Bucket { .. })
    }

    /// Applies the correction. The eraser needs `segmented`, what the segmentation found, and `numbers`, the phases
    /// that its labels have become so far by inverting and merging.
    ///
    /// # Errors
    /// There is no such phase, or a number is out of range; the message says which.
    pub fn apply(
        &self,
        map: &mut PhaseMap,
        segmented: &PhaseMap,
        numbers: &mut Numbers,
        name: &str,
    ) -> Result<(), MicrographError> {
        let wrong = |reason: String| MicrographError::Step { step: self.name(), name: name.into(), reason };
        let phases = map.phases;
        let known = |phase: usize| {
            if phase < phases { Ok(()) } else { Err(wrong(format!("there is no phase {phase}"))) }
        };
        match self {
            Self::Despeckle { pixels } => despeckle(map, (*pixels).min(MOST_SPECK)),
            Self::FillHoles { phase } => {
                known(*phase)?;
                fill_holes(map, *phase as u8);
            }
            Self::Open { phase, radius } | Self::Close { phase, radius } => {
                known(*phase)?;
                if !(0.5..=MOST_RADIUS).contains(radius) {
                    return Err(wrong("its radius must lie between 0.5 and 1000 pixels".into()));
                }
                open_or_close(map, *phase as u8, *radius, matches!(self, Self::Open { .. }));
            }
            Self::Brush(stroke) => {
                if stroke.phase >= MOST_PHASES {
                    return Err(wrong(format!("at most {MOST_PHASES} phases are possible")));
                }
                let label = stroke.phase as u8;
                stroke.visit(map.size(), |row, column| map.labels[[row, column]] = label);
                // Painting can add a phase.
                map.phases = phases.max(stroke.phase + 1);
            }
            Self::Erase(stroke) => {
                stroke.visit(map.size(), |row, column| {
                    map.labels[[row, column]] = numbers[usize::from(segmented.labels[[row, column]])];
                });
            }
            Self::Bucket { phase, row, column } => {
                known(*phase)?;
                let (height, width) = map.size();
                if *row >= height || *column >= width {
                    return Err(wrong("the place lies outside".into()));
                }
                let (numbers, _) = regions(&map.labels.view(), Touching::default());
                let wanted = numbers[[*row, *column]];
                let label = *phase as u8;
                map.labels.iter_mut().zip(&numbers).filter(|(_, n)| **n == wanted).for_each(|(l, _)| *l = label);
            }
            Self::Invert => {
                let turned = |l: &mut u8| *l = ((phases - 1) as u8).saturating_sub(*l);
                map.labels.iter_mut().for_each(turned);
                numbers[..phases].iter_mut().for_each(turned);
            }
            Self::Merge { from, into } => {
                known(*from)?;
                known(*into)?;
                if from == into || phases < 2 {
                    return Err(wrong("a phase cannot be merged into itself".into()));
                }
                let (from, into) = (*from as u8, *into as u8);
                let merged = |l: &mut u8| {
                    let label = if *l == from { into } else { *l };
                    *l = label - u8::from(label > from);
                };
                map.labels.iter_mut().for_each(merged);
                numbers.iter_mut().for_each(merged);
                map.phases -= 1;
            }
        }
        Ok(())
    }
}

/// The labels beside each region, with the number of times each occurs, and whether the region touches an edge.
fn surroundings(map: &PhaseMap, numbers: &Array2<u32>, count: usize) -> (Vec<HashMap<u8, usize>>, Vec<bool>) {
    let (h, w) = map.size();
    let mut around = vec![HashMap::new(); count];
    let mut at_edge = vec![false; count];
    for y in 0..h {
        for x in 0..w {
            let at = [y, x];
            if y == 0 || x == 0 || y + 1 == h || x + 1 == w {
                at_edge[numbers[at] as usize] = true;
            }
            for other in [(x + 1 < w).then_some([y, x + 1]), (y + 1 < h).then_some([y + 1, x])].into_iter().flatten() {
                if numbers[at] != numbers[other] {
                    *around[numbers[at] as usize].entry(map.labels[other]).or_insert(0) += 1;
                    *around[numbers[other] as usize].entry(map.labels[at]).or_insert(0) += 1;
                }
            }
        }
    }
    (around, at_edge)
}

fn despeckle(map: &mut PhaseMap, pixels: usize) {
    let (numbers, sizes) = regions(&map.labels.view(), Touching::default());
    let (around, _) = surroundings(map, &numbers, sizes.len());
    let becomes = |n: usize| {
        let most = around[n].iter().max_by_key(|(label, count)| (**count, std::cmp::Reverse(**label)));
        if sizes[n] < pixels { most.map(|(label, _)| *label) } else { None }
    };
    let new: Vec<Option<u8>> = (0..sizes.len()).map(becomes).collect();
    for (label, number) in map.labels.iter_mut().zip(&numbers) {
        *label = new[*number as usize].unwrap_or(*label);
    }
}

fn fill_holes(map: &mut PhaseMap, phase: u8) {
    // Everything that is not this phase counts as one value, whichever phases it has.
    let inside = map.indicator(phase.into());
    let (numbers, sizes) = regions(&inside.view(), Touching::default());
    let (_, at_edge) = surroundings(map, &numbers, sizes.len());
    for (label, number) in map.labels.iter_mut().zip(&numbers) {
        if !at_edge[*number as usize] {
            *label = phase;
        }
    }
}

/// Whether each pixel is within `radius` of a pixel that `inside` holds for.
fn dilated(inside: &Array2<bool>, radius: f32) -> Array2<bool> {
    let (height, width) = inside.dim();
    let reach = radius.floor() as isize;
    // For each row of the disc: every pixel of the phase covers the chord of the disc in that row.
    let mut out = Array2::from_elem((height, width), false);
    for dy in -reach..=reach {
        let half = (radius * radius - (dy * dy) as f32).max(0.0).sqrt().floor() as usize;
        for y in 0..height {
            let from = y as isize + dy;
            if from < 0 || from >= height as isize {
                continue;
            }
            let line = inside.row(from as usize);
            let mut target = out.row_mut(y);
            let mut until = 0usize;
            for (x, set) in line.iter().enumerate() {
                if *set {
                    let covered = x.saturating_sub(half).max(until)..(x + half + 1).min(width);
                    target.slice_mut(s![covered]).fill(true);
                    until = (x + half + 1).min(width);
                }
            }
        }
    }
    out
}

fn open_or_close(map: &mut PhaseMap, phase: u8, radius: f32, open: bool) {
    let inside = map.indicator(phase.into());
    let not = |v: &Array2<bool>| v.map(|b| !b);
    // An erosion is a dilation of the rest; beyond the edge of the picture there is neither phase nor rest.
    let result = if open {
        let eroded = not(&dilated(&not(&inside), radius));
        dilated(&eroded, radius)
    } else {
        not(&dilated(&not(&dilated(&inside, radius)), radius))
    };
    let lost = |at: &(usize, usize)| inside[*at] && !result[*at];
    for (label, kept) in map.labels.iter_mut().zip(&result) {
        if *kept {
            *label = phase;
        }
    }
    // A lost pixel goes to the most common other phase around it; the surroundings grow until they contain one.
    let others: Vec<u8> = (0..map.phases as u8).filter(|p| *p != phase).collect();
    if let [only] = others[..] {
        let labels = map.labels.indexed_iter_mut().filter(|(at, _)| lost(at));
        labels.for_each(|(_, label)| *label = only);
        return;
    }
    let share = |p: u8| {
        let here = |l: &u8, kept: &bool| f32::from(u8::from(*l == p && !kept));
        gaussian(&Zip::from(&map.labels).and(&result).map_collect(here), radius.max(2.0))
    };
    let shares: Vec<(u8, Array2<f32>)> = others.iter().map(|p| (*p, share(*p))).collect();
    for (at, label) in map.labels.indexed_iter_mut().filter(|(at, _)| lost(at)) {
        let best = shares.iter().max_by(|a, b| a.1[at].total_cmp(&b.1[at]));
        *label = best.map_or(others[0], |(p, _)| *p);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(rows: &[&str]) -> PhaseMap {
        let labels: Vec<u8> = rows.iter().flat_map(|r| r.bytes().map(|b| b - b'0')).collect();
        let phases = usize::from(labels.iter().max().copied().unwrap_or(0)) + 1;
        PhaseMap::new((rows.len(), rows[0].len()), labels, phases.max(2))
    }

    fn after(rows: &[&str], steps: &[Correction]) -> PhaseMap {
        let start = map(rows);
        let mut out = start.clone();
        let mut numbers = OWN_NUMBERS;
        steps.iter().for_each(|s| s.apply(&mut out, &start, &mut numbers, "test").expect("a correction"));
        out
    }

    #[test]
    fn corrections_do_what_their_names_say() {
        let speck = ["00000", "01000", "00011", "00011"];
        assert_eq!(after(&speck, &[Correction::Despeckle { pixels: 2 }]), map(&["00000", "00000", "00011", "00011"]));
        let ring = ["00000", "01110", "01010", "01110", "00000"];
        assert_eq!(
            after(&ring, &[Correction::FillHoles { phase: 1 }]),
            map(&["00000", "01110", "01110", "01110", "00000"])
        );
        let thin = ["0000000", "0111000", "0111111", "0111000", "0000000"];
        let square = ["0000000", "0011000", "0111100", "0011000", "0000000"];
        assert_eq!(after(&thin, &[Correction::Open { phase: 1, radius: 1.0 }]), map(&square));
        let gap = ["000000", "110110", "110110", "110110", "000000"];
        assert_eq!(after(&gap, &[Correction::Close { phase: 1, radius: 1.0 }]).flat()[14], 1);
        assert_eq!(after(&["0011", "0011"], &[Correction::Invert]), map(&["1100", "1100"]));
        let three = after(&["012", "012"], &[Correction::Merge { from: 1, into: 2 }]);
        assert_eq!((three.flat(), three.phases), ([0, 1, 1, 0, 1, 1].as_slice(), 2));
        let bucket = Correction::Bucket { phase: 1, row: 1, column: 1 };
        assert_eq!(after(&["0010", "0010"], &[bucket]), map(&["1110", "1110"]));
    }

    #[test]
    fn strokes_paint_and_the_eraser_puts_back() {
        let stroke = |phase| Stroke { phase, radius: 0.5, points: Arc::new(vec![[1.0, 0.0], [1.0, 3.0]]) };
        let empty = ["0000", "0000", "0001"];
        let painted = after(&empty, &[Correction::Brush(stroke(1))]);
        assert_eq!(painted, map(&["0000", "1111", "0001"]));
        assert_eq!(after(&empty, &[Correction::Brush(stroke(1)), Correction::Erase(stroke(0))]), map(&empty));
        // The eraser restores phases as the inversion before has renamed them.
        let steps = [Correction::Invert, Correction::Brush(stroke(0)), Correction::Erase(stroke(0))];
        assert_eq!(after(&empty, &steps), after(&empty, &[Correction::Invert]));
        // Strokes may lie anywhere.
        let wild =
            Stroke { phase: 1, radius: 3.0, points: Arc::new(vec![[-50.0, f32::NAN], [1e30, 0.0], [-2.0, 1.0]]) };
        assert_eq!(after(&empty, &[Correction::Brush(wild)]).flat()[1], 1);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        let start = map(&["01", "10"]);
        for wrong in [
            Correction::FillHoles { phase: 2 },
            Correction::Open { phase: 1, radius: f32::NAN },
            Correction::Merge { from: 1, into: 1 },
            Correction::Bucket { phase: 1, row: 9, column: 0 },
            Correction::Brush(Stroke { phase: 8, radius: 1.0, points: Arc::default() }),
        ] {
            assert!(wrong.apply(&mut start.clone(), &start, &mut OWN_NUMBERS.clone(), "test").is_err(), "{wrong:?}");
        }
    }
}
