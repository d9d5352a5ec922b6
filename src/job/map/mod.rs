//! The task of a map: a set of micrographs, the distances between them, and embeddings with what explains them.

mod files;
mod picture;
mod source;

use std::sync::Arc;

pub use files::write_map;
pub use source::{MapSource, Member};

use super::device::{MaybeDeviceError, with_device};
use super::progress::StudyProgress;
use super::{Control, Ending, Failure, Task};
use crate::compute::graph::Precision;
use crate::compute::{ComputeError, Device, mebibytes};
use crate::embed::explain::{Fit, PeriodicFit, distance_correlation};
use crate::embed::{
    Column, Distances, Embedding, LEAST_GAIN, Table, TextureError, TextureExtractor, TextureSettings, Textures, Values,
    classical_scaling, join, measured_vectors, of_pattern, power_spectra, smacof,
};
use crate::micrograph::Recipe;
use crate::net::{Weights, WeightsKind};
use source::Members;

/// What distances are taken between.
#[derive(Clone, Debug)]
pub enum DistanceKind {
    /// Texture vectors, with the weights of their network.
    Textures(WeightsKind, TextureSettings),
    /// Power spectra.
    Spectra,
    /// The program's statistics of phases.
    Statistics,
}

/// Makes a map; its output is the map.
#[derive(Clone, Debug)]
pub struct MakeMap {
    /// Where the members come from.
    pub source: MapSource,
    /// How pictures are prepared and segmented; grey pictures, and files of labels, without it.
    pub recipe: Option<Recipe>,
    /// Edge and stride of patches; whole pictures without them.
    pub patches: Option<(usize, usize)>,
    /// The bytes of a table of values by file name.
    pub table: Option<Vec<u8>>,
    /// A pattern of file names with values.
    pub pattern: Option<String>,
    /// Columns that come back after a period, such as angles.
    pub periods: Vec<(String, f64)>,
    /// What distances are taken between.
    pub kind: DistanceKind,
    /// Dimensions of the embeddings.
    pub dimensions: Vec<usize>,
    /// Where the network computes.
    pub device: String,
}

/// A map.
#[derive(Clone, Debug)]
pub struct Map {
    /// The members.
    pub members: Vec<Member>,
    /// What is known of them.
    pub columns: Vec<Column>,
    /// What was left out or not found, in sentences.
    pub notes: Vec<String>,
    /// The distances.
    pub distances: Distances,
    /// Embeddings with what explains them, by their number of dimensions.
    pub embeddings: Vec<MapEmbedding>,
}

/// An embedding and what explains it.
#[derive(Clone, Debug)]
pub struct MapEmbedding {
    /// Its places and its stress.
    pub embedding: Embedding,
    /// For each column that has numbers: its place among the columns, and its regressions.
    pub explained: Vec<Explained>,
}

/// How well an embedding explains a column.
#[derive(Clone, Debug)]
pub struct Explained {
    /// The place of the column among the map's.
    pub column: usize,
    /// The linear regression; none for a periodic column, or too few values.
    pub fit: Option<Fit>,
    /// The regression of a periodic column.
    pub periodic: Option<PeriodicFit>,
}

/// Errors of the features on a device.
#[derive(Debug, thiserror::Error)]
enum MapError {
    #[error(transparent)]
    Texture(#[from] TextureError),
    #[error(transparent)]
    Compute(#[from] ComputeError),
}

impl MaybeDeviceError for MapError {
    fn device_error(&self) -> Option<&ComputeError> {
        match self {
            Self::Texture(TextureError::Compute(error)) | Self::Compute(error) => Some(error),
            Self::Texture(_) => None,
        }
    }
}

/// The share of the work that reading, features and scaling take, about.
const READ: f64 = 0.1;
const SEEN: f64 = 0.8;

/// The fewest members of a map.
const LEAST_MEMBERS: usize = 3;

impl Task for MakeMap {
    const NAME: &'static str = "map";
    type Progress = StudyProgress;
    type Output = Arc<Map>;

    fn run(self, control: &Control<StudyProgress, Arc<Map>>) -> Result<Ending, Failure> {
        let show = |share: f64, doing: &str| control.show(StudyProgress { share, doing: doing.into() });
        show(0.0, "reading the pictures");
        let mut go_on = |share: f64| {
            show(READ * share, "reading the pictures");
            !control.is_ending()
        };
        let set = self.source.members(self.recipe.as_ref(), self.patches, &mut go_on);
        if control.is_ending() {
            return Ok(Ending::Cancelled);
        }
        let count = set.members.len();
        if count < LEAST_MEMBERS {
            let reasons: Vec<&str> = set.left_out.iter().take(3).map(String::as_str).collect();
            return Err(Failure(format!(
                "A map needs at least {LEAST_MEMBERS} pictures; there are {count}. {}",
                reasons.join(" ")
            )));
        }
        let (columns, mut notes) = self.columns(&set)?;
        notes.extend(set.left_out);
        let members = set.members;
        let Some(distances) = self.distances(&members, &mut notes, control)? else { return Ok(Ending::Cancelled) };
        show(SEEN, "scaling");
        let most = self.dimensions.iter().copied().max().unwrap_or(2).min(count - 1);
        let (start, _) = classical_scaling(&distances, most);
        let mut embeddings = vec![];
        let mut dimensions = self.dimensions.clone();
        dimensions.iter_mut().for_each(|wanted| *wanted = (*wanted).clamp(1, most));
        dimensions.sort_unstable();
        dimensions.dedup();
        for (n, wanted) in dimensions.iter().enumerate() {
            let first = start.places.slice(ndarray::s![.., ..*wanted]).to_owned();
            let embedding = smacof(&distances, &first, LEAST_GAIN, |iteration, stress| {
                let share = SEEN + (1.0 - SEEN) * n as f64 / dimensions.len() as f64;
                show(share, &format!("scaling to {wanted} dimensions, step {iteration}, stress {stress:.4}"));
                !control.is_ending()
            });
            if control.is_ending() {
                return Ok(Ending::Cancelled);
            }
            let explained = self.explained(&columns, &embedding);
            embeddings.push(MapEmbedding { embedding, explained });
        }
        control.output(Arc::new(Map { members, columns, notes, distances, embeddings }));
        Ok(Ending::Finished)
    }
}

impl MakeMap {
    /// The columns of the making, the table and the pattern, and what was not found.
    fn columns(&self, set: &Members) -> Result<(Vec<Column>, Vec<String>), Failure> {
        let pictures: Vec<String> = set.members.iter().map(|member| member.picture.clone()).collect();
        // Patches of a picture share its row.
        let mut names = pictures.clone();
        names.dedup();
        let of_picture: std::collections::HashMap<&String, usize> = names.iter().zip(0..).collect();
        let rows: Vec<Option<usize>> = pictures.iter().map(|picture| of_picture.get(picture).copied()).collect();
        let spread = |column: Column| Column { values: column.values.take(&rows), ..column };
        let (mut columns, mut notes) = (set.columns.clone(), vec![]);
        if let Some(bytes) = &self.table {
            let joined = join(&Table::parse(bytes)?, &names)?;
            columns.extend(joined.columns.into_iter().map(spread));
            let by = &joined.by;
            notes.extend(
                joined
                    .unknown
                    .iter()
                    .map(|name| format!("{name}: the table ({by}) names it, but no picture has that name.")),
            );
            notes.extend(
                joined
                    .repeated
                    .iter()
                    .map(|name| format!("{name}: it has several rows in the table; the first counts.")),
            );
            notes.extend(joined.missing.iter().map(|n| format!("{}: it has no row in the table.", names[*n])));
        }
        if let Some(pattern) = &self.pattern {
            let read = of_pattern(pattern, &names)?;
            for (n, name) in names.iter().enumerate() {
                if read.iter().all(|column| column.values.is_missing(n)) {
                    notes.push(format!("{name}: the pattern {pattern} does not fit its name."));
                }
            }
            columns.extend(read.into_iter().map(spread));
        }
        for (name, _) in &self.periods {
            if !columns.iter().any(|column| column.name == *name) {
                return Err(Failure(format!("There is no column {name} that could have a period.")));
            }
        }
        Ok((columns, notes))
    }

    /// The distances of all members; none if the job is to end.
    fn distances(
        &self,
        members: &[Member],
        notes: &mut Vec<String>,
        control: &Control<StudyProgress, Arc<Map>>,
    ) -> Result<Option<Distances>, Failure> {
        match &self.kind {
            DistanceKind::Textures(kind, settings) => {
                let deepest = settings.layers.iter().max().copied();
                let deepest = deepest.ok_or_else(|| Failure("Choose a layer of the network at least.".into()))?;
                let weights = Weights::load(kind, deepest)?;
                let bytes = Textures::bytes(members.len(), &settings.layers);
                if let Some(free) = Device::Cpu.available_memory().filter(|free| *free < bytes) {
                    return Err(Failure(format!(
                        "Texture vectors and distances of {} pictures take {}, and {} are free. Leave out the deepest \
                         layers, or take fewer pictures.",
                        members.len(),
                        mebibytes(bytes),
                        mebibytes(free)
                    )));
                }
                let vectors = with_device::<_, _, _, MapError>(&self.device, Precision::Single, control, |device| {
                    let mut extractor: Option<((usize, usize), TextureExtractor)> = None;
                    let mut vectors = Vec::with_capacity(members.len());
                    for (n, member) in members.iter().enumerate() {
                        if control.is_ending() {
                            return Ok(None);
                        }
                        let share = READ + (SEEN - READ) * n as f64 / members.len() as f64;
                        let doing = format!("texture vectors, {} of {}", n + 1, members.len());
                        control.show(StudyProgress { share, doing });
                        let own = match extractor.take().filter(|(size, _)| *size == member.size) {
                            Some(own) => own,
                            None => (member.size, TextureExtractor::new(&device, &weights, settings, member.size)?),
                        };
                        let grey: Vec<f32> = member.grey.iter().map(|v| f32::from(*v)).collect();
                        let (_, found) = extractor.insert(own);
                        vectors.push(found.extract(&grey)?);
                    }
                    Ok(Some(vectors))
                })?;
                let Some(vectors) = vectors else { return Ok(None) };
                control.show(StudyProgress { share: SEEN, doing: "distances".into() });
                let textures = Textures::new(vectors, settings).ok_or_else(|| Failure("No picture is left.".into()))?;
                Ok(Some(textures.distances(settings)))
            }
            DistanceKind::Spectra => {
                let edge = |of: fn((usize, usize)) -> usize| members.iter().map(|m| of(m.size)).min().unwrap_or(0);
                let size = (edge(|s| s.0), edge(|s| s.1));
                if members.iter().any(|member| member.size != size) {
                    notes.push(format!(
                        "Power spectra are those of the middle {} × {} pixels of each picture.",
                        size.0, size.1
                    ));
                }
                let middle = |member: &Member| -> Vec<f32> {
                    let (top, left) = ((member.size.0 - size.0) / 2, (member.size.1 - size.1) / 2);
                    let rows = (top..top + size.0).map(|y| &member.grey[y * member.size.1 + left..][..size.1]);
                    rows.flatten().map(|v| f32::from(*v)).collect()
                };
                let pictures: Vec<Vec<f32>> = members.iter().map(middle).collect();
                Ok(Some(Distances::between(&power_spectra(&pictures, size).view())))
            }
            DistanceKind::Statistics => {
                let maps: Vec<_> = members.iter().map(Member::phase_map).collect::<Option<_>>().ok_or_else(|| {
                    Failure("Statistics are those of phases: give a recipe that segments the pictures.".into())
                })?;
                let maps: Vec<_> = maps.iter().collect();
                let vectors = measured_vectors(&maps)
                    .ok_or_else(|| Failure("The pictures have unlike numbers of phases; segment them alike.".into()))?;
                Ok(Some(Distances::between(&vectors.view())))
            }
        }
    }

    /// How well an embedding explains each column of numbers.
    fn explained(&self, columns: &[Column], embedding: &Embedding) -> Vec<Explained> {
        let of = |(n, column): (usize, &Column)| {
            let Values::Numbers(values) = &column.values else { return None };
            let period = self.periods.iter().find(|(name, _)| *name == column.name).map(|(_, period)| *period);
            Some(match period {
                Some(period) => {
                    let periodic = PeriodicFit::of(&embedding.places, values, period);
                    Explained { column: n, fit: None, periodic }
                }
                None => Explained { column: n, fit: Fit::of(&embedding.places, values), periodic: None },
            })
        };
        columns.iter().enumerate().filter_map(of).collect()
    }
}

impl Map {
    /// The distance correlation of the map with a column of numbers; NaN of words.
    pub fn correlation(&self, column: usize) -> f64 {
        match &self.columns[column].values {
            Values::Numbers(values) => distance_correlation(&self.distances, values),
            Values::Words(_) => f64::NAN,
        }
    }
}
