//! The lineal-path function: segments that lie wholly in a phase (Lu & Torquato, Phys. Rev. A 45:922, 1992).

use super::{Axis, Boundary, Indicator};

/// `L(r)`, r = 0 … `distances() − 1`: the share of segments of r + 1 pixels along an axis that lie wholly in the phase.
///
/// A run of n pixels holds n − r such segments, so the runs alone decide.
pub fn lineal_path(phase: &Indicator, axis: Axis, boundary: Boundary) -> Vec<f64> {
    let (lines, length) = phase.lines(axis);
    let mut runs = vec![0u64; length + 1];
    let mut full_lines = 0u64;
    for number in 0..lines {
        let line: Vec<bool> = phase.line(axis, number).collect();
        let first_outside = line.iter().position(|inside| !inside);
        let start = match (boundary, first_outside) {
            (Boundary::Periodic, None) => {
                full_lines += 1;
                continue;
            }
            // Starting outside the phase, no run is cut in two by the edge.
            (Boundary::Periodic, Some(outside)) => outside,
            (Boundary::Open, _) => 0,
        };
        let mut run = 0;
        for k in 0..length {
            if line[(start + k) % length] {
                run += 1;
            } else if run > 0 {
                runs[run] += 1;
                run = 0;
            }
        }
        runs[run] += u64::from(run > 0);
    }
    let share = |r: usize| {
        let fitting: u64 = runs.iter().enumerate().skip(r + 1).map(|(n, count)| (n - r) as u64 * count).sum();
        let places = match boundary {
            Boundary::Periodic => length,
            Boundary::Open => length - r,
        };
        (fitting + full_lines * length as u64) as f64 / (places * lines) as f64
    };
    (0..phase.distances()).map(share).collect()
}
