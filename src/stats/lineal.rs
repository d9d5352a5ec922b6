//! The lineal-path function (Lu & Torquato, Phys. Rev. A 45:922, 1992) and chord lengths: both follow from the runs of
//! a phase along lines.

use ndarray::{Axis, Dimension};

use super::{Boundary, Indicator, distances};

/// The runs of a phase along all lines of an axis.
struct Runs {
    /// How many runs have each length.
    counts: Vec<u64>,
    /// The same without those that an edge of the open picture cuts, whose length is not known.
    whole: Vec<u64>,
    /// Lines of a periodic picture that lie wholly in the phase.
    full_lines: u64,
}

fn runs<D: Dimension>(phase: &Indicator<D>, axis: Axis, boundary: Boundary) -> Runs {
    let length = phase.len_of(axis);
    let (mut counts, mut whole) = (vec![0u64; length + 1], vec![0u64; length + 1]);
    let mut full_lines = 0u64;
    let mut line = vec![false; length];
    for lane in phase.lanes(axis) {
        line.iter_mut().zip(lane).for_each(|(to, inside)| *to = *inside);
        let start = match (boundary, line.iter().position(|inside| !inside)) {
            (Boundary::Periodic, None) => {
                full_lines += 1;
                continue;
            }
            // A start outside the phase, so that the edge does not cut a run in two.
            (Boundary::Periodic, Some(outside)) => outside,
            (Boundary::Open, _) => 0,
        };
        let mut run = 0;
        for k in 0..length {
            if line[(start + k) % length] {
                run += 1;
            } else if run > 0 {
                counts[run] += 1;
                whole[run] += u64::from(boundary == Boundary::Periodic || run < k);
                run = 0;
            }
        }
        counts[run] += u64::from(run > 0);
        whole[run] += u64::from(run > 0 && boundary == Boundary::Periodic);
    }
    Runs { counts, whole, full_lines }
}

/// `L(r)`, r = 0 … [`distances`] − 1: the share of segments of r + 1 pixels along an axis that lie wholly in the phase.
///
/// A run of n pixels holds n − r such segments, so the lengths of the runs are enough.
pub fn lineal_path<D: Dimension>(phase: &Indicator<D>, axis: Axis, boundary: Boundary) -> Vec<f64> {
    let length = phase.len_of(axis);
    let lines = phase.len() / length;
    let Runs { counts, full_lines, .. } = runs(phase, axis, boundary);
    // From the longest down: runs longer than r, and the segments of r + 1 pixels that they hold.
    let (mut longer, mut fitting) = (0u64, 0u64);
    let mut segments = vec![0u64; length + 1];
    for r in (0..length).rev() {
        longer += counts[r + 1];
        fitting += longer;
        segments[r] = fitting;
    }
    let share = |r: usize| {
        let places = match boundary {
            Boundary::Periodic => length,
            Boundary::Open => length - r,
        };
        (segments[r] + full_lines * length as u64) as f64 / (places * lines) as f64
    };
    (0..distances(phase.shape())).map(share).collect()
}

/// How many chords of a phase have each length in pixels, along all axes together, from length 0.
///
/// Chords that an edge of the open picture cuts are left out, and so are endless ones of a periodic picture.
pub fn chord_lengths<D: Dimension>(phase: &Indicator<D>, boundary: Boundary) -> Vec<u64> {
    let longest = phase.shape().iter().max().copied().unwrap_or(0);
    let mut counts = vec![0; longest + 1];
    for axis in 0..phase.ndim() {
        let along = runs(phase, Axis(axis), boundary).whole;
        counts.iter_mut().zip(along).for_each(|(count, more)| *count += more);
    }
    let used = counts.iter().rposition(|n| *n > 0).map_or(1, |last| last + 1);
    counts.truncate(used);
    counts
}

/// The mean length of the chords counted by [`chord_lengths`]; NaN without any.
pub fn mean_chord(counts: &[u64]) -> f64 {
    let all: u64 = counts.iter().sum();
    let length: u64 = counts.iter().enumerate().map(|(n, count)| n as u64 * count).sum();
    length as f64 / all as f64
}
