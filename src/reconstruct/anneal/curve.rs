//! Reconstruction from a saved S2, without a picture.

use super::reconstruction::{Aim, AnnealReconstruction};
use super::settings::{Anneal, Start};
use crate::reconstruct::field::Spectrum;
use crate::reconstruct::{Method, ReconstructError, Reconstruction, Settings, target_counts};

/// The fewest values of a curve.
const LEAST: usize = 4;
/// The most values that are read.
const MOST: usize = 1 << 16;
/// The smallest and the longest edge of a result.
pub const EDGES: std::ops::RangeInclusive<usize> = 8..=16_384;

/// A radial S2 at r = 0, 1, 2 … pixels from CSV: the table of `stats` (columns `r_px` and `s2`, and `phase`), or distance
/// and S2 in the first two columns. Of several phases one is chosen. Distances between whole pixels are interpolated.
///
/// # Errors
/// What is wrong, in a sentence.
pub fn read_curve(text: &str, phase: Option<usize>) -> Result<Vec<f64>, String> {
    let rows = text
        .trim_start_matches('\u{feff}')
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut rows =
        rows.map(|line| line.split([',', ';', '\t']).map(|f| f.trim().trim_matches('"')).collect::<Vec<_>>());
    let first = rows.next().ok_or("The file holds no curve.")?;
    let number = |row: &[&str], column: usize| row.get(column).and_then(|field| field.parse::<f64>().ok());
    let has_headings = number(&first, 0).is_none();
    let find = |name: &str| first.iter().position(|heading| heading.eq_ignore_ascii_case(name));
    let (r, s2, phases) = match has_headings {
        true => {
            let r = find("r_px").or(find("r")).unwrap_or(0);
            // That of the original in the curves of a reconstruction; else the column beside the distance.
            (r, find("s2").or(find("s2_original")).unwrap_or(r + 1), find("phase"))
        }
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
        (a * (1.0 - part) + b * part).min(phi)
    };
    let curve: Vec<f64> = (0..=end.floor() as usize).map(at).collect();
    if curve.len() < LEAST {
        return Err(format!("The curve has to reach to at least {} pixels.", LEAST - 1));
    }
    Ok(curve)
}

/// The settings of a reconstruction from a curve, as its checkpoint keeps them. Only S2 is in the energy.
pub fn curve_settings(anneal: &Anneal, size: (usize, usize), (seed, realisations): (u64, usize)) -> Settings {
    let Anneal { tries, start, pixels, zero_tolerance, .. } = *anneal;
    let anneal = Anneal { tries, start, pixels, zero_tolerance, ..Anneal::default() };
    Settings { method: Method::Anneal(anneal), seed, realisations, size: Some(size), ..Settings::default() }
}

/// Checks that a curve can be reconstructed with these settings.
///
/// # Errors
/// A sentence that says what cannot be met.
pub fn check_curve_settings(settings: &Settings) -> Result<(), ReconstructError> {
    let size = settings.output_size((0, 0));
    if [size.0, size.1].iter().any(|edge| !EDGES.contains(edge)) {
        let text = format!("The edges of the result can have {} to {} pixels.", EDGES.start(), EDGES.end());
        return Err(ReconstructError::Settings(text));
    }
    settings.check(size)
}

/// The annealing of two phases towards a radial S2 of the second one, the same in all directions.
///
/// # Errors
/// Settings that cannot be met.
pub fn of_curve(radial: &[f64], settings: &Settings) -> Result<Box<dyn Reconstruction>, ReconstructError> {
    let Method::Anneal(anneal) = &settings.method else {
        return Err(ReconstructError::Settings("A curve is reconstructed by annealing only.".into()));
    };
    check_curve_settings(settings)?;
    let size = settings.output_size((0, 0));
    let pixels = size.0 * size.1;
    let second = ((radial[0] * pixels as f64).round() as usize).clamp(1, pixels - 1);
    let counts = target_counts(&[pixels - second, second], pixels);
    let spectra = match anneal.start {
        // A field cuts its first phase, so it gets the S2 of that one.
        Start::Field => vec![Spectrum::of_radial(&of_the_other_phase(radial), size)],
        Start::Noise => vec![],
    };
    let aim = Aim::Curve(radial.to_vec());
    Ok(Box::new(AnnealReconstruction::new(anneal.clone(), aim, spectra, counts, size)))
}

/// S2 of the other one of two phases: `1 − 2φ + S2`.
fn of_the_other_phase(radial: &[f64]) -> Vec<f64> {
    radial.iter().map(|s2| 1.0 - 2.0 * radial[0] + s2).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_read_and_bad_ones_are_refused() {
        let table = "phase,r_px,s2,other\n0,0,0.6,1\n0,1,0.5,\n1,0,0.4,1\n1,1,0.3,\n1,2,0.2,\n1,4,0.16,\n";
        assert_eq!(read_curve(table, None), Ok(vec![0.4, 0.3, 0.2, 0.18, 0.16]));
        let own =
            "\u{feff}phase,r_px,s2_original,s2_reconstruction\n1,0,0.4,0.4\n1,1,0.3,0.2\n1,2,0.2,0.1\n1,3,0.18,0.1\n";
        assert_eq!(read_curve(own, Some(1)), Ok(vec![0.4, 0.3, 0.2, 0.18]));
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
