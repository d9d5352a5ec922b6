//! What a reconstruction leaves behind: files, curves and a report from which it can be repeated.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use super::ReconstructError;
use super::loss::LossValue;
use super::problem::{Problem, fingerprint};
use super::settings::Settings;
use super::solver::{Solver, decode};
use crate::compute::DeviceInfo;
use crate::folders::write_atomically;
use crate::micrograph::{
    Micrograph, MicrographError, PhaseMap, write_image_npy, write_image_png, write_labels_npy, write_labels_png,
    write_labels_tiff, write_phase_png,
};
use crate::stats::{Curves, PhaseComparison, all_curves, compare, white_noise};

/// A finished (or kept) realisation.
#[derive(Clone, Debug)]
pub struct Realisation {
    /// Its number, from 0.
    pub number: usize,
    /// The image that was optimised: three channels in 0 … 255.
    pub image: Vec<f32>,
    /// Height and width.
    pub size: (usize, usize),
    /// Its phases, with the original's volume fractions.
    pub phases: Option<PhaseMap>,
    /// The curves of every phase.
    pub curves: Vec<Curves>,
    /// The original's phases.
    pub original: Option<PhaseMap>,
    /// The curves of the original's phases.
    pub original_curves: Vec<Curves>,
    /// The report.
    pub report: Report,
}

/// What was reconstructed.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct InputInfo {
    /// The micrograph's name.
    pub name: String,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// The first 16 hexadecimal digits of the SHA-256 of its size and values, whatever the file's format.
    pub sha256_of_values: String,
}

/// With which network.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct WeightsInfo {
    /// Their name.
    pub name: String,
    /// The first 16 hexadecimal digits of the SHA-256 of the layers used.
    pub sha256: String,
}

/// The report of a realisation; its settings start the same run again.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Report {
    /// `microwright` and its version.
    pub program: String,
    /// The micrograph.
    pub input: InputInfo,
    /// Everything that decides the result.
    pub settings: Settings,
    /// The seed of this realisation.
    pub seed: u64,
    /// Height and width of the result.
    pub size: (usize, usize),
    /// Where it ran.
    pub device: DeviceInfo,
    /// With which network.
    pub weights: WeightsInfo,
    /// Seconds of computing.
    pub seconds: f64,
    /// Iterations made.
    pub iterations: usize,
    /// Whether it was stopped before its iterations were done.
    pub stopped_early: bool,
    /// The weighted loss after each iteration.
    pub loss: Vec<f64>,
    /// The unweighted loss of each layer, by name.
    pub layer_losses: Vec<(String, Vec<f64>)>,
    /// Errors of each phase against the rest.
    pub phases: Vec<PhaseComparison>,
}

impl Report {
    /// Reads a report that this program wrote.
    ///
    /// # Errors
    /// The file cannot be read, or is no report.
    pub fn read(path: &Path) -> Result<Self, ReconstructError> {
        /// The longest report that is read.
        const MOST_BYTES: u64 = 64 << 20;
        let unusable = |reason: String| ReconstructError::Checkpoint { path: path.into(), reason };
        let size = std::fs::metadata(path).map_err(|e| unusable(format!("it could not be read: {e}")))?.len();
        if size > MOST_BYTES {
            return Err(unusable(format!("a report of {size} bytes is none of this program")));
        }
        let text = std::fs::read_to_string(path).map_err(|e| unusable(format!("it could not be read: {e}")))?;
        serde_json::from_str(&text).map_err(|e| unusable(format!("it is no report of this program: {e}")))
    }
}

/// Describes a micrograph.
pub fn input_info(micrograph: &Micrograph) -> InputInfo {
    InputInfo {
        name: micrograph.name.clone(),
        height: micrograph.height,
        width: micrograph.width,
        sha256_of_values: fingerprint(micrograph),
    }
}

impl Realisation {
    /// Decodes what a solver has and measures it.
    pub fn of(problem: &Problem, solver: &Solver, number: usize, seconds: f64, stopped_early: bool) -> Self {
        let image = solver.image();
        let phases = decode(problem, &image, solver.seed);
        let original = problem.phases.clone();
        let compared = match (&original, &phases) {
            (Some(a), Some(b)) => compare(a, b),
            _ => vec![],
        };
        let report = Report {
            program: concat!("microwright ", env!("CARGO_PKG_VERSION")).into(),
            input: input_info(&problem.micrograph),
            settings: problem.settings.clone(),
            seed: solver.seed,
            size: problem.size,
            device: problem.device.info(),
            weights: WeightsInfo { name: problem.weights.name(), sha256: problem.weights.hash().into() },
            seconds,
            iterations: solver.iteration(),
            stopped_early,
            loss: solver.losses.iter().map(|l| l.total).collect(),
            layer_losses: layer_losses(&problem.settings, &solver.losses),
            phases: compared,
        };
        let curves = phases.as_ref().map(all_curves).unwrap_or_default();
        let original_curves = original.as_ref().map(all_curves).unwrap_or_default();
        Self { number, image, size: problem.size, phases, curves, original, original_curves, report }
    }
}

fn layer_losses(settings: &Settings, losses: &[LossValue]) -> Vec<(String, Vec<f64>)> {
    let taps = settings.taps();
    let of = |n: usize| losses.iter().map(|l| l.layers.get(n).copied().unwrap_or(f64::NAN)).collect();
    taps.iter().enumerate().map(|(n, (depth, _))| (depth.name().to_string(), of(n))).collect()
}

/// Curves of original, reconstruction and white noise for every phase, one line a phase and distance.
pub fn curves_csv(original: &PhaseMap, found: &PhaseMap) -> String {
    let mut text = String::from(
        "phase,r_px,s2_original,s2_reconstruction,s2_white_noise,lineal_path_original,lineal_path_reconstruction,lineal_path_white_noise\n",
    );
    let number = |values: &[f64], r: usize| values.get(r).map_or(String::new(), |v| format!("{v:.9}"));
    for (phase, (a, b)) in all_curves(original).iter().zip(&all_curves(found)).enumerate() {
        let noise = white_noise(a.volume_fraction, original.labels.len(), a.s2.len());
        for r in 0..a.s2.len().max(b.s2.len()) {
            let row = [&a.s2, &b.s2, &noise.s2, &a.lineal_path, &b.lineal_path, &noise.lineal_path];
            let cells: Vec<_> = row.iter().map(|values| number(values, r)).collect();
            let _ = writeln!(text, "{phase},{r},{}", cells.join(","));
        }
    }
    text
}

/// Which files of a realisation are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutputFiles {
    /// `reconstruction.npy`: labels, or the image where there are no phases.
    pub reconstruction_npy: bool,
    /// `reconstruction.png`: phases in their colours, or the image where there are no phases.
    pub reconstruction_png: bool,
    /// `labels.png`: phase numbers as grey values.
    pub labels_png: bool,
    /// `labels.tiff`: the same.
    pub labels_tiff: bool,
    /// `image.png`: the image before decoding.
    pub image_png: bool,
    /// `image.npy`: the same, unrounded.
    pub image_npy: bool,
    /// `curves.csv`.
    pub curves: bool,
    /// `report.json`.
    pub report: bool,
}

impl OutputFiles {
    /// What the command line writes.
    pub const STANDARD: Self = Self {
        reconstruction_npy: true,
        reconstruction_png: true,
        labels_png: false,
        labels_tiff: false,
        image_png: true,
        image_npy: false,
        curves: true,
        report: true,
    };
}

/// The path of a realisation's file: `-2`, `-3` … stand before the ending for further realisations.
pub fn output_path(folder: &Path, stem: &str, number: usize, ending: &str) -> PathBuf {
    let suffix = if number == 0 { String::new() } else { format!("-{}", number + 1) };
    folder.join(format!("{stem}{suffix}.{ending}"))
}

/// Writes the wanted files of a realisation into a folder. Returns what it wrote.
///
/// # Errors
/// A file cannot be written.
pub fn write_realisation(
    folder: &Path,
    realisation: &Realisation,
    files: OutputFiles,
) -> Result<Vec<PathBuf>, MicrographError> {
    let mut written = vec![];
    let mut path = |stem: &str, ending: &str| {
        written.push(output_path(folder, stem, realisation.number, ending));
        written[written.len() - 1].clone()
    };
    let (image, size) = (&realisation.image, realisation.size);
    match &realisation.phases {
        Some(map) => {
            if files.reconstruction_npy {
                write_labels_npy(&path("reconstruction", "npy"), map)?;
            }
            if files.reconstruction_png {
                write_phase_png(&path("reconstruction", "png"), map)?;
            }
            if files.labels_png {
                write_labels_png(&path("labels", "png"), map)?;
            }
            if files.labels_tiff {
                write_labels_tiff(&path("labels", "tiff"), map)?;
            }
            if let (true, Some(original)) = (files.curves, &realisation.original) {
                write_text(&path("curves", "csv"), &curves_csv(original, map))?;
            }
        }
        None => {
            if files.reconstruction_npy {
                write_image_npy(&path("reconstruction", "npy"), image, size)?;
            }
            if files.reconstruction_png {
                write_image_png(&path("reconstruction", "png"), image, size)?;
            }
        }
    }
    if files.image_png {
        write_image_png(&path("image", "png"), image, size)?;
    }
    if files.image_npy {
        write_image_npy(&path("image", "npy"), image, size)?;
    }
    if files.report {
        let path = path("report", "json");
        // Only a name that is no Unicode cannot be written as JSON.
        let failed = |e| MicrographError::Write { path: path.clone(), source: std::io::Error::other(e) };
        let report = serde_json::to_string_pretty(&realisation.report).map_err(failed)?;
        write_text(&path, &report)?;
    }
    Ok(written)
}

fn write_text(path: &Path, content: &str) -> Result<(), MicrographError> {
    write_atomically(path, content.as_bytes()).map_err(|source| MicrographError::Write { path: path.into(), source })
}
