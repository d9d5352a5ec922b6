//! Projects: one file that holds a micrograph, its recipe, all settings and results.
//!
//! The file is a zip archive of `project.json` and arrays in NumPy's format, so that other programs can read it too:
//! `micrograph.npy`, `realisations/N/image.npy`, `…/labels.npy`, `…/original.npy`, and `compared/N.npy`. Everything
//! else lies in `parts/NAME/`: `part.json` and other files.

mod part;

use std::collections::BTreeMap;
use std::io::{Cursor, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use ndarray::Array3;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

pub use part::Part;

use crate::folders::write_atomically;
use crate::micrograph::{Micrograph, PhaseMap, PixelSize, array_bytes, label_bytes, read_array};
use crate::reconstruct::{Realisation, Report, Settings};
use crate::stats::all_curves;

/// The file extension of projects.
pub const EXTENSION: &str = "microwright";
/// The version of the format that is written; it and all earlier ones are read.
const VERSION: u32 = 2;
/// The name of the format, which `project.json` holds.
const FORMAT: &str = "microwright project";
/// The longest `project.json`, and the most results, that are read.
const MOST_TEXT: u64 = 512 << 20;
const MOST_RESULTS: usize = 10_000;
/// The most values of all arrays together: 4 GiB in memory.
const MOST_VALUES: usize = 1 << 30;

/// A phase map that is compared with an original.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// Its name.
    pub name: String,
    /// Its phases.
    pub map: Arc<PhaseMap>,
    /// The size of its own pixels, where it is known.
    pub pixel_size: Option<PixelSize>,
}

/// Everything that a window holds.
#[derive(Clone, Debug, Default)]
pub struct Project {
    /// The micrograph as its file had it.
    pub micrograph: Option<Arc<Micrograph>>,
    /// All settings, the recipe among them.
    pub settings: Settings,
    /// Finished realisations.
    pub realisations: Vec<Arc<Realisation>>,
    /// Other phase maps that are compared.
    pub compared: Vec<Compared>,
    /// Everything else, by the name of the workspace or task that it belongs to.
    pub parts: BTreeMap<String, Part>,
}

/// Errors of a project's file.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    /// It cannot be read.
    #[error("{} could not be read: {source}.", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It cannot be written.
    #[error("The project {} could not be written: {source}. Save it elsewhere, or make room there.", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not a project, or it is damaged.
    #[error("{} cannot be opened as a project: {reason}.", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
}

/// The time of a file's last change, and its length, which together show whether it has changed since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Stamp {
    written: SystemTime,
    bytes: u64,
}

impl Stamp {
    /// The stamp of a file, if there is one.
    pub fn of(path: &Path) -> Option<Self> {
        let found = std::fs::metadata(path).ok()?;
        Some(Self { written: found.modified().ok()?, bytes: found.len() })
    }
}

/// `project.json`.
#[derive(serde::Serialize, serde::Deserialize)]
struct Contents {
    format: String,
    version: u32,
    #[serde(default)]
    program: String,
    #[serde(default)]
    settings: Settings,
    #[serde(default)]
    micrograph: Option<MicrographFacts>,
    #[serde(default)]
    realisations: Vec<RealisationFacts>,
    #[serde(default)]
    compared: Vec<MapFacts>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct MicrographFacts {
    name: String,
    range: (f32, f32),
    #[serde(default)]
    pixel_size: Option<PixelSize>,
    #[serde(default)]
    bar_rows: Option<usize>,
    #[serde(default)]
    notes: Vec<String>,
    #[serde(default)]
    sha256: String,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct RealisationFacts {
    report: Report,
    /// The number of phases in the labels of the realisation and of its original; 0 if there are none.
    phases: usize,
    original_phases: usize,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct MapFacts {
    name: String,
    phases: usize,
    #[serde(default)]
    pixel_size: Option<PixelSize>,
}

impl Project {
    /// Writes the file, completely or not at all.
    ///
    /// # Errors
    /// It cannot be written; an older file of that name then stays unchanged.
    pub fn save(&self, path: &Path) -> Result<(), ProjectError> {
        let failed = |source| ProjectError::Write { path: path.into(), source };
        let bytes = self.bytes().map_err(|e| failed(std::io::Error::other(e)))?;
        write_atomically(path, &bytes).map_err(failed)
    }

    /// The bytes of the file; the same project always gives the same bytes.
    fn bytes(&self) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        let mut archive = ZipWriter::new(Cursor::new(vec![]));
        let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
        let mut put = |name: &str, bytes: &[u8]| -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
            archive.start_file(name, options.large_file(bytes.len() as u64 >= u64::from(u32::MAX)))?;
            Ok(archive.write_all(bytes)?)
        };
        put("project.json", serde_json::to_string_pretty(&self.contents())?.as_bytes())?;
        if let Some(m) = &self.micrograph {
            put("micrograph.npy", &array_bytes(m.flat(), m.size(), m.channels()))?;
        }
        for (n, r) in self.realisations.iter().enumerate() {
            put(&format!("realisations/{n}/image.npy"), &array_bytes(&r.image, r.size, 3))?;
            for (name, map) in [("labels", r.phases.as_deref()), ("original", r.original.as_deref())] {
                if let Some(map) = map {
                    put(&format!("realisations/{n}/{name}.npy"), &label_bytes(map))?;
                }
            }
        }
        for (n, compared) in self.compared.iter().enumerate() {
            put(&format!("compared/{n}.npy"), &label_bytes(&compared.map))?;
        }
        for (name, part) in &self.parts {
            put(&format!("{PARTS}/{name}/{TEXT}"), part.text().as_bytes())?;
            for (file, bytes) in part.files() {
                put(&format!("{PARTS}/{name}/{file}"), bytes)?;
            }
        }
        Ok(archive.finish()?.into_inner())
    }

    fn contents(&self) -> Contents {
        let micrograph = self.micrograph.as_ref().map(|m| MicrographFacts {
            name: m.name.clone(),
            range: m.range,
            pixel_size: m.pixel_size.clone(),
            bar_rows: m.bar_rows,
            notes: m.notes.clone(),
            sha256: m.sha256.clone(),
        });
        let phases = |map: Option<&PhaseMap>| map.map_or(0, |m| m.phases);
        let realisation = |r: &Arc<Realisation>| RealisationFacts {
            report: r.report.clone(),
            phases: phases(r.phases.as_deref()),
            original_phases: phases(r.original.as_deref()),
        };
        let compared =
            |c: &Compared| MapFacts { name: c.name.clone(), phases: c.map.phases, pixel_size: c.pixel_size.clone() };
        Contents {
            format: FORMAT.into(),
            version: VERSION,
            program: concat!("microwright ", env!("CARGO_PKG_VERSION")).into(),
            settings: self.settings.clone(),
            micrograph,
            realisations: self.realisations.iter().map(realisation).collect(),
            compared: self.compared.iter().map(compared).collect(),
        }
    }

    /// Reads a file that [`Project::save`] wrote, also in an earlier version of the program.
    ///
    /// # Errors
    /// It cannot be read, is no project, is damaged, or comes from a later version.
    pub fn read(path: &Path) -> Result<Self, ProjectError> {
        let file = std::fs::File::open(path).map_err(|source| ProjectError::Read { path: path.into(), source })?;
        let malformed = |reason: String| ProjectError::Malformed { path: path.into(), reason };
        let damaged = |e: &dyn std::fmt::Display| malformed(format!("it is damaged or no project ({e})"));
        let mut archive = ZipArchive::new(std::io::BufReader::new(file)).map_err(|e| damaged(&e))?;
        let text = {
            let entry = archive.by_name("project.json").map_err(|e| damaged(&e))?;
            let mut text = String::new();
            entry.take(MOST_TEXT).read_to_string(&mut text).map_err(|e| damaged(&e))?;
            text
        };
        // The version is checked before anything else, because later versions may differ in everything else.
        let version = serde_json::from_str::<Version>(&text).map_err(|e| damaged(&e))?;
        if version.format != FORMAT {
            return Err(malformed("it is no project of this program".into()));
        }
        if version.version > VERSION {
            return Err(malformed("a later version of the program has written it; update this one to open it".into()));
        }
        let contents: Contents = serde_json::from_str(&text).map_err(|e| damaged(&e))?;
        if contents.realisations.len() + contents.compared.len() > MOST_RESULTS {
            return Err(malformed("it claims more results than a project can have".into()));
        }
        contents.settings.recipe.check().map_err(|e| damaged(&e))?;
        let mut values = 0;
        let mut array = |name: String| -> Result<Array3<f32>, ProjectError> {
            let mut entry = archive.by_name(&name).map_err(|e| damaged(&e))?;
            let array = read_array(&mut entry, path).map_err(|e| damaged(&e))?;
            values += array.len();
            if values > MOST_VALUES {
                return Err(malformed("its pictures together are larger than can be opened".into()));
            }
            Ok(array)
        };
        let micrograph = match contents.micrograph {
            Some(facts) => {
                let values = array("micrograph.npy".into())?;
                if values.iter().any(|v| !v.is_finite()) {
                    return Err(damaged(&"values that are not finite"));
                }
                let MicrographFacts { name, range, pixel_size, bar_rows, notes, sha256 } = facts;
                let pixel_size = pixel_size.filter(|p| PixelSize::new(p.metres, &p.source).is_some());
                Some(Arc::new(Micrograph { name, values, range, pixel_size, bar_rows, notes, sha256 }))
            }
            None => None,
        };
        let labels = |array: Array3<f32>, phases: usize| {
            PhaseMap::from_values(&array, phases).ok_or_else(|| damaged(&"labels that are no phases"))
        };
        let mut realisations = vec![];
        for (number, facts) in contents.realisations.into_iter().enumerate() {
            let image = array(format!("realisations/{number}/image.npy"))?;
            let (height, width, channels) = image.dim();
            if channels != 3 {
                return Err(damaged(&"an image without three channels"));
            }
            let mut map = |name: &str, phases: usize| -> Result<Option<PhaseMap>, ProjectError> {
                if phases == 0 {
                    return Ok(None);
                }
                labels(array(format!("realisations/{number}/{name}.npy"))?, phases).map(Some)
            };
            let phases = map("labels", facts.phases)?.map(Arc::new);
            let original = map("original", facts.original_phases)?.map(Arc::new);
            realisations.push(Arc::new(Realisation {
                number,
                size: (height, width),
                image: image.into_raw_vec_and_offset().0,
                curves: phases.as_deref().map(all_curves).unwrap_or_default(),
                original_curves: original.as_deref().map(all_curves).unwrap_or_default(),
                phases,
                original,
                report: facts.report,
            }));
        }
        let mut compared = vec![];
        for (number, facts) in contents.compared.into_iter().enumerate() {
            let map = labels(array(format!("compared/{number}.npy"))?, facts.phases)?;
            let pixel_size = facts.pixel_size.filter(|p| PixelSize::new(p.metres, &p.source).is_some());
            compared.push(Compared { name: facts.name, map: Arc::new(map), pixel_size });
        }
        let parts = read_parts(&mut archive).map_err(|e| damaged(&e))?;
        Ok(Self { micrograph, settings: contents.settings, realisations, compared, parts })
    }
}

/// The folder of the parts, and the text of each.
const PARTS: &str = "parts";
const TEXT: &str = "part.json";
/// The most files, and bytes of all files, of the parts of a project.
const MOST_FILES: usize = 10_000;
const MOST_BYTES: u64 = 1 << 30;

/// The parts of an archive; files with invalid names are left out.
fn read_parts<R: Read + Seek>(archive: &mut ZipArchive<R>) -> Result<BTreeMap<String, Part>, String> {
    let names: Vec<String> = archive.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
    let mut left = MOST_BYTES;
    let mut parts: BTreeMap<String, Part> = BTreeMap::new();
    for name in names.iter().take(MOST_FILES + MOST_RESULTS * 4) {
        let path: Vec<&str> = name.split('/').collect();
        let [PARTS, part, file] = path[..] else { continue };
        if !Part::is_name(part) || !Part::is_name(file) {
            continue;
        }
        let entry = archive.by_name(name).map_err(|e| e.to_string())?;
        let mut bytes = vec![];
        let read = entry.take(left + 1).read_to_end(&mut bytes).map_err(|e| e.to_string())?;
        left = left.checked_sub(read as u64).ok_or("its parts are larger than can be opened")?;
        let part = parts.entry(part.to_string()).or_default();
        if file == TEXT {
            part.set_text(&bytes)?;
        } else {
            part.put_file(file, bytes);
        }
    }
    Ok(parts)
}

#[derive(serde::Deserialize)]
struct Version {
    format: String,
    version: u32,
}
