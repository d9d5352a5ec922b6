//! From members to the vectors that distances are taken between.

use rayon::prelude::*;
use sha2::{Digest, Sha256};

use super::made::Common;
use super::request::DistanceKind;
use super::source::{Member, Members};
use crate::compute::graph::{Padding, Precision};
use crate::compute::{ComputeError, Device, mebibytes};
use crate::embed::{
    FeatureMaps, TextureError, TextureExtractor, TextureSettings, Vectors, measured_vector, power_spectrum,
};
use crate::folders::hex;
use crate::job::device::{MaybeDeviceError, with_device};
use crate::job::progress::StudyProgress;
use crate::job::{Control, Failure};
use crate::latent::{LatentError, Model};
use crate::micrograph::{PixelSize, sha256_of};
use crate::net::{Layer, Weights, WeightsKind};
use crate::stats::Fourier;

/// Rows of numbers, in the order of the members.
type Rows = Vec<Vec<f32>>;

/// Errors of texture vectors on a device.
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

/// The smallest edge of a picture that convolutions read, in pixels: what four poolings leave a position of.
pub const SMALLEST_READ: usize = 16;

/// Memory that whole texture vectors may take; sets that need more get sketches.
const MOST_WHOLE: u64 = 2 << 30;

/// Leaves members out that have no features of a kind, each with its reason: so one of them does not end the whole map.
/// `common` is that of a map to which they are added.
pub fn leave_out_unfit(kind: &DistanceKind, common: Option<&Common>, set: &mut Members) {
    let reasons = unfit(kind, common, &set.members);
    // Columns of synthetic sets have a value for each member; these are all alike, so that none is left out.
    for (member, reason) in std::mem::take(&mut set.members).into_iter().zip(reasons) {
        match reason {
            Some(reason) => set.left_out.push(format!("{}: {reason}", member.name)),
            None => set.members.push(member),
        }
    }
}

/// Why each of some members has no features of a kind, if it has none. `common` is that of a set which they join.
pub fn unfit(kind: &DistanceKind, common: Option<&Common>, members: &[Member]) -> Vec<Option<String>> {
    let phases = match common {
        Some(common) => common.phases,
        None => most_frequent(members.iter().filter_map(|member| member.phases)),
    };
    let mut edges: Vec<usize> = members.iter().map(|member| member.size.0.min(member.size.1)).collect();
    edges.sort_unstable();
    let usual = edges.get(edges.len() / 2).copied().unwrap_or(1);
    let reason = |member: &Member| -> Option<String> {
        let (height, width) = member.size;
        match kind {
            DistanceKind::Textures(_, settings) => {
                let deepest =
                    settings.layers.iter().map(|(layer, _)| layer.smallest_image(Padding::Zero)).max().unwrap_or(1);
                if height.min(width) < deepest {
                    return Some(format!("{height} × {width} pixels are too few for the deepest layer."));
                }
                let text = "it is no square, so that it cannot be turned.";
                (settings.turned && height != width).then(|| text.to_string())
            }
            DistanceKind::Maps(_, layer) => {
                let least = FeatureMaps::smallest_image(*layer);
                let text = || format!("{height} × {width} pixels are too few for feature maps of {}.", layer.name());
                (height.min(width) < least).then(text)
            }
            DistanceKind::Pixels if height.min(width) < SMALLEST_READ => {
                Some(format!("{height} × {width} pixels are too few for a network."))
            }
            DistanceKind::Spectra | DistanceKind::Pixels => {
                // All are compared by a piece of the smallest one's size, so one small picture must not decide for all.
                let least = common.map_or((usual / 2, usual / 2), |common| common.size);
                let is_small = height < least.0 || width < least.1;
                is_small.then(|| format!("{} × {} pixels at least are needed beside the others.", least.0, least.1))
            }
            DistanceKind::Statistics => match (member.phases, phases) {
                (None, _) => Some("it has no phases. Prepare it by a recipe that segments it.".into()),
                (own, wanted) if own != wanted => Some("it has another number of phases than the others.".into()),
                _ => None,
            },
            DistanceKind::Latent(_) => None,
        }
    };
    members.iter().map(reason).collect()
}

/// Leaves members out whose pixels have another size than `first`.
pub fn leave_out_other_pixels(first: Option<&PixelSize>, of: &str, set: &mut Members) {
    let Some(first) = first else { return };
    for member in std::mem::take(&mut set.members) {
        if member.pixel_size.as_ref().is_some_and(|own| own.differs(first)) {
            set.left_out.push(format!(
                "{}: its pixels have another size than those of {of}. Scale it to the same pixel size first.",
                member.name
            ));
        } else {
            set.members.push(member);
        }
    }
}

/// What tells the network that reads members from others: the hash of its weights, or of the model's file. None for kinds
/// without one.
///
/// # Errors
/// The weights or the model cannot be read.
pub fn network_of(kind: &DistanceKind) -> Result<Option<String>, Failure> {
    Ok(match kind {
        DistanceKind::Textures(weights, settings) => {
            Some(Weights::load(weights, deepest(settings)?)?.hash().to_string())
        }
        DistanceKind::Maps(weights, layer) => Some(Weights::load(weights, *layer)?.hash().to_string()),
        DistanceKind::Latent(Some(path)) => {
            Some(sha256_of(path).map_err(|e| Failure(format!("{} could not be read: {e}.", path.display())))?)
        }
        DistanceKind::Latent(None) => Some(hex(&Sha256::digest(Model::BUILT_IN))),
        DistanceKind::Pixels | DistanceKind::Spectra | DistanceKind::Statistics => None,
    })
}

/// The deepest layer that texture vectors read.
fn deepest(settings: &TextureSettings) -> Result<Layer, Failure> {
    let deepest = settings.layers.iter().map(|(layer, _)| *layer).max();
    deepest.ok_or_else(|| Failure("Choose a layer of the network at least.".into()))
}

fn most_frequent(values: impl Iterator<Item = usize>) -> Option<usize> {
    let mut counts = std::collections::BTreeMap::new();
    values.for_each(|value| *counts.entry(value).or_insert(0) += 1);
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(value, _)| value)
}

/// What the members of a set have in common, with a note where that leaves something out.
///
/// # Errors
/// The memory is too small, or the members do not fit the kind.
pub fn common_of(kind: &DistanceKind, members: &[Member], notes: &mut Vec<String>) -> Result<Common, Failure> {
    let edge = |of: fn((usize, usize)) -> usize| members.iter().map(|m| of(m.size)).min().unwrap_or(0);
    let mut common = Common {
        size: (edge(|s| s.0), edge(|s| s.1)),
        phases: members.first().and_then(|m| m.phases),
        sketched: false,
    };
    match kind {
        DistanceKind::Textures(_, settings) => {
            common.sketched = settings.bytes(members.len(), false) > MOST_WHOLE;
            check_memory(settings.bytes(members.len(), common.sketched), members.len())?;
            if common.sketched && settings.lengths(true) != settings.lengths(false) {
                notes.push(
                    "The Gram matrices of deep layers are so many that sketches stand for them: distances are right to \
                     about 1 %."
                        .into(),
                );
            }
        }
        DistanceKind::Spectra | DistanceKind::Pixels => {
            let (height, width) = common.size;
            // Networks hold pixels in double precision, and copies of them.
            let copies = if *kind == DistanceKind::Pixels { 6 } else { 1 };
            check_memory(bytes_of(members.len(), copies * height * width), members.len())?;
            if members.iter().any(|member| member.size != common.size) {
                let what = if *kind == DistanceKind::Pixels { "Pixels" } else { "Power spectra" };
                notes.push(format!("{what} are those of the middle {height} × {width} pixels of each picture."));
            }
        }
        DistanceKind::Maps(_, layer) => {
            check_memory(bytes_of(members.len(), FeatureMaps::length(*layer)), members.len())?;
        }
        DistanceKind::Statistics | DistanceKind::Latent(_) => {
            check_memory(bytes_of(members.len(), 0), members.len())?;
        }
    }
    Ok(common)
}

/// Bytes of vectors of a length, and of the distances and products of so many members.
fn bytes_of(members: usize, length: usize) -> u64 {
    members as u64 * (4 * length as u64 + 16 * members as u64)
}

fn check_memory(bytes: u64, members: usize) -> Result<(), Failure> {
    match Device::Cpu.available_memory().filter(|free| *free < bytes) {
        None => Ok(()),
        Some(free) => Err(Failure(format!(
            "Features and distances of {members} pictures take {}, and {} are free. Take fewer pictures, smaller ones, or \
             fewer layers.",
            mebibytes(bytes),
            mebibytes(free)
        ))),
    }
}

/// Computes the rows of members. `show` gets how many are done; none if the job is to end.
///
/// # Errors
/// The weights or the model cannot be read, the device is lost, or a member does not fit the kind or the others.
pub fn rows_of<O>(
    kind: &DistanceKind,
    common: &Common,
    members: &[Member],
    device: &str,
    control: &Control<StudyProgress, O>,
    show: &dyn Fn(usize),
) -> Result<Option<Rows>, Failure> {
    match kind {
        DistanceKind::Textures(weights, settings) => {
            textures(weights, settings, common, members, device, control, show)
        }
        DistanceKind::Maps(weights, layer) => {
            let weights = Weights::load(weights, *layer)?;
            let go_on = |n: usize| {
                show(n);
                !control.is_ending()
            };
            Ok(with_device::<_, _, _, MapError>(device, Precision::Single, control, |device| {
                let make = |size| FeatureMaps::new(&device, &weights, *layer, size);
                Ok(by_size(members, &go_on, make, |maps, grey| maps.extract(grey))?)
            })?)
        }
        DistanceKind::Latent(path) => {
            let model = match path {
                Some(path) => Model::open(path),
                None => Model::built_in(),
            };
            let model = model.map_err(|error| Failure(error.to_string()))?;
            let go_on = |n: usize| {
                show(n);
                !control.is_ending()
            };
            let rows = with_device::<_, _, _, LatentError>(device, Precision::Single, control, |device| {
                let weights = model.weights()?;
                let make = |size| model.reader(&device, &weights, size);
                by_size(members, &go_on, make, |reader, grey| Ok(reader.encode(grey)?.mean))
            });
            rows.map_err(|error| Failure(error.to_string()))
        }
        DistanceKind::Pixels => {
            check_sizes(common, members)?;
            Ok(in_pieces(members, control, show, |member| member.middle(common.size)))
        }
        DistanceKind::Spectra => {
            check_sizes(common, members)?;
            let fourier = Fourier::new(common.size.0, common.size.1);
            let of = |member: &Member| power_spectrum(&member.middle(common.size), &fourier);
            Ok(in_pieces(members, control, show, of))
        }
        DistanceKind::Statistics => {
            let phases = common.phases.ok_or_else(|| {
                Failure(
                    "Statistics are those of phases: segment the pictures, by the recipe of the open micrograph."
                        .into(),
                )
            })?;
            if let Some(other) = members.iter().find(|member| member.phases != Some(phases)) {
                return Err(Failure(format!(
                    "{} has not {phases} phases like the first picture. Segment all pictures alike.",
                    other.name
                )));
            }
            let of = |member: &Member| member.phase_map().map_or_else(Vec::new, |map| measured_vector(&map));
            Ok(in_pieces(members, control, show, of))
        }
    }
}

/// Refuses a member that is smaller than what all have in common.
fn check_sizes(common: &Common, members: &[Member]) -> Result<(), Failure> {
    match members.iter().find(|m| m.size.0 < common.size.0 || m.size.1 < common.size.1) {
        None => Ok(()),
        Some(small) => Err(Failure(format!(
            "{}: the others have {} × {} pixels at least, and so many are needed.",
            small.name, common.size.0, common.size.1
        ))),
    }
}

/// Rows that need no device, on all cores; none if the job is to end.
fn in_pieces<O>(
    members: &[Member],
    control: &Control<StudyProgress, O>,
    show: &dyn Fn(usize),
    of: impl Fn(&Member) -> Vec<f32> + Sync,
) -> Option<Rows> {
    const PIECE: usize = 64;
    let mut rows = Vec::with_capacity(members.len());
    for piece in members.chunks(PIECE) {
        if control.is_ending() {
            return None;
        }
        show(rows.len());
        rows.extend(piece.par_iter().map(&of).collect::<Rows>());
    }
    Some(rows)
}

fn textures<O>(
    weights: &WeightsKind,
    settings: &TextureSettings,
    common: &Common,
    members: &[Member],
    device: &str,
    control: &Control<StudyProgress, O>,
    show: &dyn Fn(usize),
) -> Result<Option<Rows>, Failure> {
    let weights = Weights::load(weights, deepest(settings)?)?;
    let go_on = |n: usize| {
        show(n);
        !control.is_ending()
    };
    let rows = with_device::<_, _, _, MapError>(device, Precision::Single, control, |device| {
        let make = |size| TextureExtractor::new(&device, &weights, settings, size, common.sketched);
        let rows = by_size(members, &go_on, make, |extractor, grey| extractor.extract(grey))?;
        Ok(rows)
    })?;
    Ok(rows)
}

/// A row for each member by what is made for pictures of its size; none if `go_on`, which gets how many are done, returns
/// false.
fn by_size<R, E>(
    members: &[Member],
    go_on: &dyn Fn(usize) -> bool,
    make: impl Fn((usize, usize)) -> Result<R, E>,
    row_of: impl Fn(&mut R, &[f32]) -> Result<Vec<f32>, E>,
) -> Result<Option<Rows>, E> {
    let mut made: Option<((usize, usize), R)> = None;
    let mut rows = Vec::with_capacity(members.len());
    for (n, member) in members.iter().enumerate() {
        if !go_on(n) {
            return Ok(None);
        }
        let own = match made.take().filter(|(size, _)| *size == member.size) {
            Some(own) => own,
            None => (member.size, make(member.size)?),
        };
        let (_, found) = made.insert(own);
        rows.push(row_of(found, &member.floats())?);
    }
    Ok(Some(rows))
}

/// Scales the rows of a set so that their distances are those of the map.
///
/// # Errors
/// The rows have unlike lengths.
pub fn vectors_of(kind: &DistanceKind, common: &Common, rows: Rows) -> Result<Vectors, Failure> {
    let count = rows.len();
    let width = rows.first().map_or(0, Vec::len);
    if rows.iter().any(|row| row.len() != width) {
        return Err(Failure("The pictures have unlike numbers of features.".into()));
    }
    let mut flat = Vec::with_capacity(count * width);
    // Each is freed as soon as it is copied.
    rows.into_iter().for_each(|row| flat.extend(row));
    let rows = ndarray::Array2::from_shape_vec((count, width), flat).map_err(|error| Failure(error.to_string()))?;
    Ok(match kind {
        DistanceKind::Textures(_, settings) => settings.vectors(rows, common.sketched),
        DistanceKind::Statistics => Vectors::alike(rows, &vec![(1, 1.0); width]),
        DistanceKind::Pixels | DistanceKind::Spectra | DistanceKind::Maps(..) | DistanceKind::Latent(_) => {
            Vectors::scaled(rows, vec![(width, 1.0)])
        }
    })
}
