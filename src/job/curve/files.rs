//! What a reconstruction from a curve writes, and what is said of it.

use std::path::{Path, PathBuf};

use super::realisation::CurveRealisation;
use crate::figure::{FAINT, Figure, MADE, ORIGINAL, Series, significant};
use crate::folders::write_atomically;
use crate::job::reconstruct::CHECKPOINT;
use crate::micrograph::{MicrographError, PhaseMap, Recipe, read_array, write_labels_npy, write_phase_png};
use crate::reconstruct::{SavedRun, Settings};
use crate::stats::{Curves, ErrorRates, white_noise};

/// The text of a table of S2.
///
/// # Errors
/// A sentence that says why it cannot be read.
pub fn curve_text(path: &Path) -> Result<String, String> {
    /// The most bytes that are read.
    const MOST_BYTES: u64 = 16 << 20;
    let failed = |error| format!("{} could not be read: {error}.", path.display());
    let bytes = std::fs::metadata(path).map_err(failed)?.len();
    if bytes > MOST_BYTES {
        return Err(format!("{} has {bytes} bytes, too many for a curve.", path.display()));
    }
    std::fs::read_to_string(path).map_err(failed)
}

/// The path of a realisation's files, without their endings.
fn stem(folder: &Path, seed: u64) -> PathBuf {
    folder.join(format!("reconstruction-{seed}"))
}

/// Writes a realisation as picture and labels; returns the path of the picture.
///
/// # Errors
/// A file cannot be written.
pub fn write_curve_realisation(folder: &Path, made: &CurveRealisation) -> Result<PathBuf, MicrographError> {
    let stem = stem(folder, made.seed);
    write_labels_npy(&stem.with_extension("npy"), &made.map)?;
    let picture = stem.with_extension("png");
    write_phase_png(&picture, &made.map, &Recipe::default().phase_colors(2), None)?;
    Ok(picture)
}

/// The realisations that the run of a folder's checkpoint has written before: those of its settings, up to the one in
/// progress.
pub fn earlier_curve_realisations(folder: &Path, settings: &Settings) -> Vec<CurveRealisation> {
    let Some(run) = SavedRun::read(&folder.join(CHECKPOINT)).filter(|run| run.settings == *settings) else {
        return vec![];
    };
    let read = |number: usize| {
        let seed = settings.seed.wrapping_add(number as u64);
        let path = stem(folder, seed).with_extension("npy");
        let values = read_array(&mut std::fs::File::open(&path).ok()?, &path).ok()?;
        let map = PhaseMap::from_values(&values, 2).filter(|map| Some(map.size()) == settings.size)?;
        Some(CurveRealisation::new(seed, map.into()))
    };
    (0..run.realisation.min(settings.realisations)).filter_map(read).collect()
}

/// Writes the curve and the S2 of all realisations as a table `s2.csv`, and the settings as `settings.json`; returns the
/// path of the table.
///
/// # Errors
/// A sentence that says what cannot be written.
pub fn write_curve_table(
    folder: &Path,
    radial: &[f64],
    settings: &Settings,
    made: &[CurveRealisation],
) -> Result<PathBuf, String> {
    let mut columns = vec![("curve".to_string(), radial.to_vec())];
    columns.extend(made.iter().map(|one| (format!("seed {}", one.seed), one.s2.clone())));
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let mut text = format!("r_px,{}\n", names.join(","));
    for r in 0..columns.iter().map(|(_, values)| values.len()).max().unwrap_or(0) {
        let cell = |(_, values): &(String, Vec<f64>)| values.get(r).map_or(String::new(), |v| format!("{v:.9}"));
        text.push_str(&format!("{r},{}\n", columns.iter().map(cell).collect::<Vec<_>>().join(",")));
    }
    let settings = serde_json::to_string_pretty(settings).unwrap_or_default();
    let write = |name: &str, text: &str| {
        let path = folder.join(name);
        let failed = |error| format!("{} could not be written: {error}.", path.display());
        write_atomically(&path, text.as_bytes()).map_err(failed)?;
        Ok(path.clone())
    };
    write("settings.json", &settings)?;
    write("s2.csv", &text)
}

impl CurveRealisation {
    /// Its errors from the curve beside those of white noise, in a sentence, and what to do where they are large.
    pub fn errors(&self, radial: &[f64]) -> String {
        /// A covariance error that annealing leaves behind only where the curve cannot be met, in percent.
        const LARGE: f64 = 10.0;
        let found = &self.s2;
        let of = |s2: &[f64]| Curves { volume_fraction: s2[0], s2: s2.to_vec(), lineal_path: vec![] };
        let wanted = of(radial);
        let noise = white_noise(radial[0], self.map.pixels(), radial.len().min(found.len()));
        let [own, noise] = [of(found), noise].map(|curves| ErrorRates::between(&wanted, &curves));
        let hint = match own.s2_covariance_error_percent {
            error if error > LARGE => {
                " A result of this size, whose edges are periodic, does not meet the curve. Take S2 with periodic edges (`stats \
                 --boundary periodic`), a larger result, or more exchanges."
            }
            _ => "",
        };
        format!(
            "S2 error {} % (white noise {}), covariance error {} % (white noise {}).{hint}",
            significant(own.s2_error_percent),
            significant(noise.s2_error_percent),
            significant(own.s2_covariance_error_percent),
            significant(noise.s2_covariance_error_percent)
        )
    }
}

/// A curve, the S2 of white noise, and the S2 of a realisation, if there is one.
pub fn curve_figure(radial: &[f64], found: Option<&[f64]>) -> Figure {
    let points = |s2: &[f64]| s2.iter().enumerate().map(|(r, v)| (r as f64, *v)).collect();
    let noise = |r: usize| if r == 0 { radial[0] } else { radial[0].powi(2) };
    let noise: Vec<f64> = (0..radial.len()).map(noise).collect();
    let mut series = vec![
        Series { name: "curve".into(), color: ORIGINAL, points: points(radial) },
        Series { name: "white noise".into(), color: FAINT, points: points(&noise) },
    ];
    if let Some(found) = found {
        let found = &found[..found.len().min(radial.len())];
        series.push(Series { name: "reconstruction".into(), color: MADE, points: points(found) });
    }
    Figure { title: "S2(r)".into(), x_label: "r, px".into(), y_label: "S2".into(), series, ..Figure::default() }
}
