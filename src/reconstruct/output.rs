//! The results of a reconstruction: files, curves, and a report from which it can be repeated.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use super::ReconstructError;
use super::polish::{Polished, polish};
use super::reconstruction::{LossValue, Outcome, Reconstruction, WeightsInfo};
use super::settings::Settings;
use super::target::Target;
use crate::compute::DeviceInfo;
use crate::folders::write_atomically;
use crate::micrograph::{
    MicrographError, PhaseMap, PixelSize, sha256_of, write_image_npy, write_image_png, write_labels_npy,
    write_labels_png, write_labels_tiff, write_phase_png,
};
use crate::stats::{
    Boundary, Copied, Curves, MapStatistics, OVERLAP_EDGE, Overlap, PhaseComparison, all_curves, copied,
    largest_overlap, white_noise,
};

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
    pub phases: Option<Arc<PhaseMap>>,
    /// The curves of every phase.
    pub curves: Vec<Curves>,
    /// The original's phases.
    pub original: Option<Arc<PhaseMap>>,
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
    /// The size of a pixel, where it is known.
    #[serde(default)]
    pub pixel_size: Option<PixelSize>,
    /// The first 16 hexadecimal digits of the SHA-256 of the file's size and values, before any preparation.
    pub sha256_of_values: String,
    /// The SHA-256 of the file, as `sha256sum` prints it; empty for a picture that is from no file.
    #[serde(default)]
    pub sha256_of_file: String,
}

/// A file that was written.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct WrittenFile {
    /// Its name, without its folder.
    pub name: String,
    /// Its SHA-256, as `sha256sum` prints it.
    pub sha256: String,
}

/// What lies beyond the edges in the numbers of a report.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Edges {
    /// In the errors of S2 and of the covariance.
    pub s2: Boundary,
    /// In everything else.
    pub other: Boundary,
}

impl Default for Edges {
    fn default() -> Self {
        Self { s2: Boundary::Periodic, other: Boundary::Open }
    }
}

/// Reads several named lists of numbers; null becomes NaN, because JSON cannot hold infinity and NaN.
fn named_numbers<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<(String, Vec<f64>)>, D::Error> {
    use serde::Deserialize;
    let all = Vec::<(String, Vec<Option<f64>>)>::deserialize(deserializer)?;
    let filled = |values: Vec<Option<f64>>| values.into_iter().map(|v| v.unwrap_or(f64::NAN)).collect();
    Ok(all.into_iter().map(|(name, values)| (name, filled(values))).collect())
}

/// The report of a realisation; its settings start the same run again.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Report {
    /// `microwright` and its version.
    pub program: String,
    /// The commit that the program was built from; empty where that is not known.
    #[serde(default)]
    pub commit: String,
    /// When the realisation was finished, in UTC.
    #[serde(default)]
    pub finished: String,
    /// The micrograph.
    pub input: InputInfo,
    /// Everything that decides the result.
    pub settings: Settings,
    /// The seed of this realisation.
    pub seed: u64,
    /// Height and width of the result.
    pub size: (usize, usize),
    /// The device that it ran on.
    pub device: DeviceInfo,
    /// The weights of the network, if the method has one.
    #[serde(default)]
    pub weights: Option<WeightsInfo>,
    /// Seconds of computing.
    pub seconds: f64,
    /// Iterations made.
    pub iterations: usize,
    /// Whether it was stopped before its iterations were done.
    pub stopped_early: bool,
    /// The weighted loss after each iteration.
    #[serde(deserialize_with = "crate::stats::numbers")]
    pub loss: Vec<f64>,
    /// The unweighted loss of each layer, by name.
    #[serde(deserialize_with = "named_numbers")]
    pub layer_losses: Vec<(String, Vec<f64>)>,
    /// The result of the polish, if there was one.
    #[serde(default)]
    pub polished: Option<Polished>,
    /// What lies beyond the edges in these errors.
    #[serde(default)]
    pub edges: Edges,
    /// Errors of each phase against the rest.
    pub phases: Vec<PhaseComparison>,
    /// How much of it is a copy of parts of the original, where that can be told.
    #[serde(default)]
    pub copied: Option<Copied>,
    /// Its largest overlap with the original, beside that of the original's halves. None where a picture is too small, or
    /// the original too large to be searched.
    // Reports of versions without this field were made without the search.
    #[serde(default)]
    pub overlap: Option<Overlap>,
    /// What has to be known before the numbers are trusted, in sentences.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The files that were written with it.
    #[serde(default)]
    pub files: Vec<WrittenFile>,
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
            return Err(unusable(format!("it has {size} bytes, too many for a report of this program")));
        }
        let text = std::fs::read_to_string(path).map_err(|e| unusable(format!("it could not be read: {e}")))?;
        Self::parse(&text).map_err(|e| unusable(format!("it is no report of this program: {e}")))
    }

    /// Parses a report. Older versions have a segmentation instead of a recipe; a recipe is then made of it.
    fn parse(text: &str) -> serde_json::Result<Self> {
        let mut report: serde_json::Value = serde_json::from_str(text)?;
        if let Some(settings) = report.get_mut("settings").and_then(|s| s.as_object_mut())
            && let Some(segmentation) = settings.remove("segmentation")
        {
            settings.insert("recipe".into(), serde_json::json!({ "segmentation": segmentation }));
        }
        serde_json::from_value(report)
    }
}

/// Describes an original.
pub fn input_info(target: &Target) -> InputInfo {
    let micrograph = &target.micrograph;
    InputInfo {
        name: micrograph.name.clone(),
        height: micrograph.size().0,
        width: micrograph.size().1,
        pixel_size: micrograph.pixel_size.clone(),
        sha256_of_values: target.fingerprint().into(),
        sha256_of_file: target.raw.sha256.clone(),
    }
}

impl Realisation {
    /// Finishes a realisation: polishes it if the settings say so (until `interrupted` returns true), and measures it.
    /// `seconds` is the time of the iterations.
    pub fn of(
        reconstruction: &mut dyn Reconstruction,
        (target, settings): (&Target, &Settings),
        number: usize,
        seconds: f64,
        stopped_early: bool,
        interrupted: &dyn Fn() -> bool,
    ) -> Self {
        let start = Instant::now();
        let Outcome { image, mut phases, seed, losses } = reconstruction.finish();
        let size = settings.output_size(target.size());
        let original = target.phases.clone();
        let polished = match (&original, &mut phases) {
            (Some(original), Some(map)) if settings.polish && settings.method.settings().is_polished() => {
                Some(polish(map, original, seed, interrupted))
            }
            _ => None,
        };
        let seconds = seconds + start.elapsed().as_secs_f64();
        let measured = phases.as_ref().map(MapStatistics::of);
        let mut compared = match (target.statistics(), &measured) {
            (Some(original), Some(found)) => original.judge(found, target.quarters()),
            _ => vec![],
        };
        // The polish fits it too.
        let method = settings.method.settings();
        for phase in &mut compared {
            phase.fits_lineal_path = method.fits_lineal_path() || polished.is_some();
            (phase.fits_chords, phase.fits_clusters) = (method.fits_chords(), method.fits_clusters());
        }
        let copied = original.as_deref().zip(phases.as_ref()).and_then(|(original, map)| copied(original, map));
        let overlap = original.as_deref().zip(phases.as_ref()).and_then(|(original, map)| {
            let largest = largest_overlap(original, map)?;
            Some(Overlap { largest, halves: target.overlap_of_halves() })
        });
        let mut notes = settings.method.settings().notes(target.size());
        notes.extend(reconstruction.notes());
        notes.extend(copied.as_ref().and_then(copy_note));
        notes.extend(overlap.as_ref().and_then(overlap_note));
        let report = Report {
            program: concat!("microwright ", env!("CARGO_PKG_VERSION")).into(),
            commit: env!("MICROWRIGHT_COMMIT").into(),
            finished: crate::folders::now(),
            input: input_info(target),
            settings: settings.clone(),
            seed,
            size,
            device: reconstruction.device(),
            weights: reconstruction.network(),
            seconds,
            iterations: losses.len(),
            stopped_early,
            loss: losses.iter().map(|l| l.total).collect(),
            layer_losses: layer_losses(settings, &losses),
            polished,
            edges: Edges::default(),
            phases: compared,
            copied,
            overlap,
            notes,
            files: vec![],
        };
        let phases = phases.map(Arc::new);
        let curves = measured.map(|measured| measured.curves).unwrap_or_default();
        let original_curves = target.curves().to_vec();
        Self { number, image, size, phases, curves, original, original_curves, report }
    }
}

/// The sentence on copies; none where there are none.
fn copy_note(copied: &Copied) -> Option<String> {
    (copied.share > 0.0).then(|| {
        format!(
            "{:.0} % of its blocks of {1} × {1} px are copies of parts of the original: it is no independent sample.",
            100.0 * copied.share,
            copied.block_edge
        )
    })
}

/// The sentence on an overlap; none where it is no copy.
fn overlap_note(overlap: &Overlap) -> Option<String> {
    let halves = overlap.halves.filter(|_| overlap.is_copy())?;
    Some(format!(
        "A block of {OVERLAP_EDGE} × {OVERLAP_EDGE} px overlaps a part of the original by {:.2} (normalised correlation); halves \
         of the original overlap by {halves:.2} at most. It repeats parts of the original.",
        overlap.largest
    ))
}

fn layer_losses(settings: &Settings, losses: &[LossValue]) -> Vec<(String, Vec<f64>)> {
    let of = |n: usize| losses.iter().map(|l| l.parts.get(n).copied().unwrap_or(f64::NAN)).collect();
    let count = losses.first().map_or(0, |l| l.parts.len());
    settings.method.settings().loss_names().into_iter().take(count).enumerate().map(|(n, name)| (name, of(n))).collect()
}

/// Curves of original, reconstruction and white noise for every phase, one line a phase and distance; where the pixel
/// size is known, the distance also in µm.
pub fn curves_csv(original: &PhaseMap, found: &PhaseMap, pixel: Option<&PixelSize>) -> String {
    let mut text = String::from(if pixel.is_some() { "phase,r_px,r_um," } else { "phase,r_px," });
    text.push_str("s2_original,s2_reconstruction,s2_white_noise,lineal_path_original,lineal_path_reconstruction,lineal_path_white_noise\n");
    let number = |values: &[f64], r: usize| values.get(r).map_or(String::new(), |v| format!("{v:.9}"));
    for (phase, (a, b)) in all_curves(original).iter().zip(&all_curves(found)).enumerate() {
        let noise = white_noise(a.volume_fraction, original.pixels(), a.s2.len());
        for r in 0..a.s2.len().max(b.s2.len()) {
            let row = [&a.s2, &b.s2, &noise.s2, &a.lineal_path, &b.lineal_path, &noise.lineal_path];
            let cells: Vec<_> = row.iter().map(|values| number(values, r)).collect();
            let length = pixel.map_or(String::new(), |p| format!("{:.6},", r as f64 * p.metres * 1e6));
            let _ = writeln!(text, "{phase},{r},{length}{}", cells.join(","));
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

/// Stem and ending of every file that a realisation can have.
pub const OUTPUTS: [(&str, &str); 8] = [
    ("reconstruction", "npy"),
    ("reconstruction", "png"),
    ("labels", "png"),
    ("labels", "tiff"),
    ("image", "png"),
    ("image", "npy"),
    ("curves", "csv"),
    ("report", "json"),
];

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
    let pixel = realisation.report.input.pixel_size.as_ref();
    match &realisation.phases {
        Some(map) => {
            let recipe = &realisation.report.settings.recipe;
            let colors = recipe.phase_colors(map.phases);
            if files.reconstruction_npy {
                write_labels_npy(&path("reconstruction", "npy"), map)?;
            }
            if files.reconstruction_png {
                write_phase_png(&path("reconstruction", "png"), map, &colors, pixel)?;
            }
            if files.labels_png {
                write_labels_png(&path("labels", "png"), map, pixel)?;
            }
            if files.labels_tiff {
                write_labels_tiff(&path("labels", "tiff"), map, pixel)?;
            }
            if let (true, Some(original)) = (files.curves, &realisation.original) {
                write_text(&path("curves", "csv"), &curves_csv(original, map, pixel))?;
            }
        }
        None => {
            if files.reconstruction_npy {
                write_image_npy(&path("reconstruction", "npy"), image, size)?;
            }
            if files.reconstruction_png {
                write_image_png(&path("reconstruction", "png"), image, size, pixel)?;
            }
        }
    }
    if files.image_png {
        write_image_png(&path("image", "png"), image, size, pixel)?;
    }
    if files.image_npy {
        write_image_npy(&path("image", "npy"), image, size)?;
    }
    if files.report {
        let path = path("report", "json");
        // Only a name that is not Unicode cannot be written as JSON.
        let failed = |e| MicrographError::Write { path: path.clone(), source: std::io::Error::other(e) };
        let name = |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let hashed = |path: &PathBuf| -> Result<WrittenFile, MicrographError> {
            let read = sha256_of(path).map_err(|source| MicrographError::Read { path: path.clone(), source });
            Ok(WrittenFile { name: name(path), sha256: read? })
        };
        let others = written.iter().filter(|other| **other != path);
        let files = others.map(hashed).collect::<Result<Vec<WrittenFile>, _>>()?;
        let report = serde_json::to_string_pretty(&Report { files, ..realisation.report.clone() }).map_err(failed)?;
        write_text(&path, &report)?;
    }
    Ok(written)
}

fn write_text(path: &Path, content: &str) -> Result<(), MicrographError> {
    write_atomically(path, content.as_bytes()).map_err(|source| MicrographError::Write { path: path.into(), source })
}
