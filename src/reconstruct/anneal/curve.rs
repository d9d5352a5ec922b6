//! Reconstruction from a saved S2, without a picture.

use super::Anneal;
use super::run::{Annealing, BLOCKS, noise};
use super::settings::Start;
use crate::micrograph::PhaseMap;
use crate::reconstruct::field::{Spectrum, cut_fields};
use crate::reconstruct::target_counts;

/// The fewest values of a curve.
const LEAST: usize = 4;
/// The most values that are read.
const MOST: usize = 1 << 16;

/// A radial S2 at r = 0, 1, 2 … pixels from CSV: the table of `stats` (columns `r_px` and `s2`, and `phase`), or distance
/// and S2 in the first two columns. Of several phases one is chosen. Distances between whole pixels are interpolated.
///
/// # Errors
/// What is wrong, in a sentence.
pub fn read_curve(text: &str, phase: Option<usize>) -> Result<Vec<f64>, String> {
    let rows = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut rows =
        rows.map(|line| line.split([',', ';', '\t']).map(|f| f.trim().trim_matches('"')).collect::<Vec<_>>());
    let first = rows.next().ok_or("The file holds no curve.")?;
    let number = |row: &[&str], column: usize| row.get(column).and_then(|field| field.parse::<f64>().ok());
    let has_headings = number(&first, 0).is_none();
    let find = |name: &str| first.iter().position(|heading| heading.eq_ignore_ascii_case(name));
    let (r, s2, phases) = match has_headings {
        true => (find("r_px").or(find("r")).unwrap_or(0), find("s2").unwrap_or(1), find("phase")),
        false => (0, 1, None),
    };
    // Of a table of several phases the last one is taken, if none is chosen, as the program does elsewhere.
    let mut all: Vec<(f64, f64, f64)> = vec![];
    for row in (!has_headings).then_some(first.clone()).into_iter().chain(rows) {
        // Further curves of the table may be longer.
        let (Some(r), Some(s2)) = (number(&row, r), number(&row, s2)) else { continue };
        all.push((phases.and_then(|column| number(&row, column)).unwrap_or(0.0), r, s2));
        if all.len() > MOST {
            return Err(format!("The file has more than {MOST} values."));
        }
    }
    let last = all.iter().map(|row| row.0).fold(f64::NEG_INFINITY, f64::max);
    let wanted = phase.map_or(last, |phase| phase as f64);
    let points: Vec<(f64, f64)> = all.iter().filter(|row| row.0 == wanted).map(|row| (row.1, row.2)).collect();
    if points.is_empty() && !all.is_empty() {
        return Err(format!("The file has no phase {wanted}."));
    }
    if points.len() < LEAST {
        return Err(format!("A curve of at least {LEAST} values is needed: distance in pixels, and S2."));
    }
    if points[0].0 != 0.0 || points.windows(2).any(|pair| pair[1].0 <= pair[0].0) {
        return Err("Distances have to begin at 0 and to rise.".into());
    }
    let phi = points[0].1;
    if !(phi > 0.0 && phi < 1.0) || points.iter().any(|(_, s2)| !(0.0..=phi * (1.0 + 1e-9)).contains(s2)) {
        return Err("S2 at 0 is the volume fraction, between 0 and 1, and no other value is negative or larger.".into());
    }
    let end = points[points.len() - 1].0.min(MOST as f64);
    let at = |r: usize| {
        let next = points.partition_point(|point| point.0 <= r as f64).clamp(1, points.len() - 1);
        let ((from, a), (to, b)) = (points[next - 1], points[next]);
        let part = ((r as f64 - from) / (to - from)).clamp(0.0, 1.0);
        a * (1.0 - part) + b * part
    };
    let curve: Vec<f64> = (0..=end.floor() as usize).map(at).collect();
    if curve.len() < LEAST {
        return Err(format!("The curve has to reach to at least {} pixels.", LEAST - 1));
    }
    Ok(curve)
}

/// Anneals two phases towards a radial S2 of the second one, the same in all directions. `go_on` gets the share that is
/// done and says whether to go on.
pub fn anneal_curve(
    radial: &[f64],
    size: (usize, usize),
    settings: &Anneal,
    seed: u64,
    mut go_on: impl FnMut(f64) -> bool,
) -> Option<PhaseMap> {
    let pixels = size.0 * size.1;
    let second = ((radial[0] * pixels as f64).round() as usize).clamp(1, pixels - 1);
    let counts = target_counts(&[pixels - second, second], pixels);
    let map = match settings.start {
        Start::Field => {
            // The field's phase is cut first, so the labels are exchanged.
            let spectrum = Spectrum::of_radial(radial, size);
            let mut map = cut_fields(&[spectrum], &[counts[1], counts[0]], size, seed);
            map.flat_mut().iter_mut().for_each(|label| *label = 1 - *label);
            map
        }
        Start::Noise => noise(&counts, size, seed),
    };
    let mut running = Annealing::towards(map, radial, settings, seed);
    for block in 0..BLOCKS {
        if !go_on(block as f64 / BLOCKS as f64) {
            return None;
        }
        if running.block(settings) == crate::optimise::Progress::Converged {
            break;
        }
    }
    Some(running.map)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_read_and_bad_ones_are_refused() {
        let table = "phase,r_px,s2,other\n0,0,0.6,1\n0,1,0.5,\n1,0,0.4,1\n1,1,0.3,\n1,2,0.2,\n1,4,0.16,\n";
        assert_eq!(read_curve(table, None), Ok(vec![0.4, 0.3, 0.2, 0.18, 0.16]));
        let plain = "0;0.5\n1;0.4\n2;0.3\n3;0.25";
        assert_eq!(read_curve(plain, None), Ok(vec![0.5, 0.4, 0.3, 0.25]));
        for (text, wanted) in [
            ("", "no curve"),
            ("a,b\n", "at least 4 values"),
            ("0,0.5\n1,0.4\n2,0.3\n2,0.25", "begin at 0"),
            ("0,0.5\n1,0.6\n2,0.3\n3,0.25", "volume fraction"),
            ("0,1.5\n1,0.6\n2,0.3\n3,0.25", "volume fraction"),
            ("0,0.5\n0.1,0.5\n0.2,0.3\n0.3,0.25", "at least 3 pixels"),
        ] {
            let error = read_curve(text, None).expect_err(text);
            assert!(error.contains(wanted) && error.ends_with('.'), "{text}: {error}");
        }
        assert!(read_curve(table, Some(3)).expect_err("no such phase").contains("no phase 3"));
    }
}
