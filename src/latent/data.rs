//! Patches cut from micrographs, some to train on, others held out.

use std::path::{Path, PathBuf};

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;
use sha2::{Digest, Sha256};

use super::{LEAST_HELD_OUT, LEAST_TRAIN, LatentError};
use crate::micrograph::{
    MOST_PHASES, Micrograph, MicrographError, PhaseMap, PixelSize, Prepared, Recipe, pictures_in, read,
};
use crate::synth::Graphite;

/// A picture from which patches are cut: grey values 0 … 255, phases spread evenly over them.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The micrograph's name.
    pub name: String,
    /// What it shows: the name of its folder, for sets that are sorted into folders.
    pub label: String,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Grey values row by row.
    pub values: Vec<u8>,
    /// The size of a pixel, where it is known.
    pub pixel_size: Option<PixelSize>,
    /// Whether the grey values stand for phases.
    pub phases: Option<usize>,
    /// The factors that it was made from, if it is synthetic.
    pub factors: Option<[f64; 3]>,
}

impl Picture {
    /// The picture of a micrograph and its phases, if it has some.
    pub fn of(micrograph: &Micrograph, phases: Option<&PhaseMap>) -> Self {
        let plain = Self {
            name: micrograph.name.clone(),
            label: String::new(),
            height: micrograph.size().0,
            width: micrograph.size().1,
            values: vec![],
            pixel_size: micrograph.pixel_size.clone(),
            phases: phases.map(|m| m.phases),
            factors: None,
        };
        let values = match phases {
            Some(map) => {
                let step = 255.0 / (map.phases.max(2) - 1) as f32;
                map.labels.iter().map(|l| (f32::from(*l) * step).round() as u8).collect()
            }
            None => {
                let (low, high) = micrograph.range;
                let scale = if high > low { 255.0 / (high - low) } else { 0.0 };
                micrograph.grey().iter().map(|v| ((v - low) * scale).round().clamp(0.0, 255.0) as u8).collect()
            }
        };
        Self { values, ..plain }
    }

    /// The picture of a micrograph that a recipe has prepared.
    pub fn of_prepared(prepared: &Prepared) -> Self {
        Self::of(&prepared.micrograph, prepared.phases.as_deref())
    }

    /// Reads the picture of a file. If a recipe is given, it prepares it; otherwise it is a grey picture, or the phases of a
    /// file of labels, whatever its numbers.
    ///
    /// # Errors
    /// The file cannot be read, or the recipe does not fit.
    pub fn read(path: &Path, recipe: Option<&Recipe>) -> Result<Self, MicrographError> {
        let micrograph = read(path)?;
        let is_labels = micrograph.has_few_values(MOST_PHASES) && micrograph.channels() == 1;
        match recipe {
            Some(recipe) => Ok(Self::of_prepared(&recipe.apply(&micrograph)?)),
            None if is_labels => Ok(Self::of_prepared(&Recipe::default().apply(&micrograph)?)),
            None => Ok(Self::of(&micrograph, None)),
        }
    }

    fn cut(&self, row: usize, column: usize, edge: usize) -> Vec<u8> {
        let rows = (row..row + edge).map(|y| &self.values[y * self.width + column..][..edge]);
        rows.flatten().copied().collect()
    }
}

/// Synthetic graphite micrographs with random factors, named by number, the same for the same seed.
pub fn synthetic(count: usize, edge: usize, seed: u64) -> Vec<Picture> {
    let make = |n: usize| {
        let number = seed.wrapping_mul(1_000_003).wrapping_add(n as u64);
        let graphite = Graphite::random(number);
        let map = graphite.phase_map(edge, number);
        Picture {
            name: format!("graphite {}", n + 1),
            label: "graphite".into(),
            height: edge,
            width: edge,
            values: map.labels.iter().map(|l| 255 * l).collect(),
            pixel_size: None,
            phases: Some(2),
            factors: Some(graphite.factors()),
        }
    };
    (0..count).map(make).collect()
}

/// Reads the micrographs of files and of folders (and their subfolders, whose names are the labels). If a recipe is
/// given, it prepares them; otherwise they are grey pictures. Every file that is left out is named with the reason.
pub fn pictures_of_files(
    paths: &[PathBuf],
    recipe: Option<&Recipe>,
    interrupted: &dyn Fn() -> bool,
) -> (Vec<Picture>, Vec<String>) {
    let (mut pictures, mut left_out): (Vec<Picture>, Vec<String>) = (vec![], vec![]);
    for (path, label) in files_of(paths) {
        if interrupted() {
            break;
        }
        match Picture::read(&path, recipe) {
            Err(error) => left_out.push(error.to_string()),
            Ok(picture) => match pictures.iter().find(|p| differs_in_scale(p, &picture)) {
                Some(first) => left_out.push(format!(
                    "{} is left out: its pixels are {}, those of {} {}. Scale it to the same pixel size first.",
                    picture.name,
                    size_text(&picture),
                    first.name,
                    size_text(first)
                )),
                None => pictures.push(Picture { label, ..picture }),
            },
        }
    }
    (pictures, left_out)
}

fn size_text(picture: &Picture) -> String {
    picture.pixel_size.as_ref().map_or_else(String::new, |s| {
        let (unit, length) = s.unit(1.0);
        format!("{length:.3} {unit}")
    })
}

/// Whether both have a pixel size, and the two differ.
fn differs_in_scale(a: &Picture, b: &Picture) -> bool {
    match (&a.pixel_size, &b.pixel_size) {
        (Some(a), Some(b)) => a.differs(b),
        _ => false,
    }
}

/// Files in the order of their names, each with the name of the folder it lies in.
fn files_of(paths: &[PathBuf]) -> Vec<(PathBuf, String)> {
    /// Levels of subfolders that are searched.
    const DEEP: usize = 3;
    let mut found = vec![];
    let mut known = std::collections::BTreeSet::new();
    for path in paths {
        let name = |path: Option<&std::ffi::OsStr>| path.map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() {
            let inside = pictures_in(path, DEEP).into_iter();
            found.extend(inside.map(|file| (file.clone(), name(file.parent().and_then(Path::file_name)))));
        } else {
            found.push((path.clone(), name(path.file_stem())));
        }
    }
    // A file that is named twice counts once: it must not be both trained on and held out.
    found.retain(|(path, _)| known.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    found
}

/// A square piece of a picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// Grey values row by row.
    pub values: Vec<u8>,
    /// The number of the picture it is from.
    pub source: usize,
    /// Its first row and column there.
    pub place: (usize, usize),
}

/// Patches, some to train on and others, which never overlap them, held out.
#[derive(Clone, Debug, PartialEq)]
pub struct Dataset {
    /// Edge of the patches.
    pub edge: usize,
    /// Names, labels and factors of the pictures.
    pub sources: Vec<Source>,
    /// Patches to train on.
    pub train: Vec<Patch>,
    /// Patches held out.
    pub held_out: Vec<Patch>,
    /// The size of a pixel, where it is known.
    pub pixel_size: Option<PixelSize>,
    /// The grey value that separates the two phases whose statistics are computed.
    pub threshold: f32,
    /// Whether the measured phase, which is the one with the smaller area, is the darker one.
    pub dark: bool,
    /// Pictures that were left out, each with the reason.
    pub left_out: Vec<String>,
}

/// The picture that patches are cut from.
#[derive(Clone, Debug, PartialEq)]
pub struct Source {
    /// The picture's name.
    pub name: String,
    /// Its label.
    pub label: String,
    /// Its known factors.
    pub factors: Option<[f64; 3]>,
}

/// How many patches one picture of a size gives, to train on and held out.
pub fn patches_of((height, width): (usize, usize), edge: usize, stride: usize) -> (usize, usize) {
    if height < edge || width < edge {
        return (0, 0);
    }
    let count = |room: usize| room / stride.max(1) + 1;
    let border = border_of(width, edge);
    let rows = count(height - edge);
    let train = border.checked_sub(edge).map_or(0, count);
    (rows * train, rows * count(width - edge - border.min(width - edge)))
}

/// The edge of patches and the stride that suit one picture of a size: the largest patches of which there are enough that
/// differ; `None` where the picture is too small for any.
pub fn proposed_patches(size: (usize, usize)) -> Option<(usize, usize)> {
    /// So many patches teach something.
    const ENOUGH: usize = 64;
    let fits = |edge: &usize| {
        let (train, held_out) = patches_of(size, *edge, edge / 4);
        train >= ENOUGH && held_out >= LEAST_HELD_OUT
    };
    [128, 96, 64, 48, 32].into_iter().find(fits).map(|edge| (edge, edge / 4))
}

/// The first column of the strip that is held out of a picture.
fn border_of(width: usize, edge: usize) -> usize {
    width - ((width as f64 * SHARE) as usize).max(edge).min(width)
}

/// With this many pictures or more, whole pictures are held out instead of parts of each.
const MANY: usize = 10;
/// The share that is held out.
const SHARE: f64 = 0.15;

impl Dataset {
    /// Cuts patches of `edge` pixels every `stride` pixels, in an order that follows from `seed`. At most `most` of
    /// them are to train on, and at most a quarter as many are held out.
    ///
    /// Of ten pictures or more, about 15 % are held out whole. They are chosen only by their content and `seed`, so
    /// that adding or removing other pictures changes nothing. Of fewer pictures, the right-hand strip of each is held
    /// out, and patches across its border are not used.
    ///
    /// # Errors
    /// There are too few patches.
    pub fn new(pictures: &[Picture], edge: usize, stride: usize, most: usize, seed: u64) -> Result<Self, LatentError> {
        let mut left_out = vec![];
        let mut usable: Vec<(usize, &Picture)> = vec![];
        for (n, picture) in pictures.iter().enumerate() {
            if picture.height < edge || picture.width < edge {
                left_out.push(format!(
                    "{} is left out: {} × {} pixels hold no patch of {edge} × {edge}.",
                    picture.name, picture.height, picture.width
                ));
            } else {
                usable.push((n, picture));
            }
        }
        let lots: Vec<u64> = usable.iter().map(|(_, p)| lot(p, seed)).collect();
        // By chance, no lot may be low enough; then the picture with the lowest lot is held out.
        let bound = ((SHARE * u64::MAX as f64) as u64).max(lots.iter().copied().min().unwrap_or(0));
        let whole = usable.len() >= MANY;
        // Places are collected first: the patches of a large picture at a small stride would not fit into memory.
        let (mut train, mut held_out) = (vec![], vec![]);
        for ((source, picture), lot) in usable.iter().zip(&lots) {
            let steps = |size: usize| (0..=size - edge).step_by(stride.max(1));
            let border = border_of(picture.width, edge);
            for row in steps(picture.height) {
                if whole {
                    let to = if *lot <= bound { &mut held_out } else { &mut train };
                    to.extend(steps(picture.width).map(|column| (*source, row, column)));
                } else {
                    train.extend(steps(picture.width).filter(|c| c + edge <= border).map(|c| (*source, row, c)));
                    let strip = (border..=picture.width - edge).step_by(stride.max(1));
                    held_out.extend(strip.map(|c| (*source, row, c)));
                }
            }
        }
        if train.len() < LEAST_TRAIN || held_out.len() < LEAST_HELD_OUT {
            return Err(LatentError::TooFewPatches { train: train.len(), held_out: held_out.len() });
        }
        let mut random = Pcg64::seed_from_u64(seed);
        let mut cut = |mut places: Vec<(usize, usize, usize)>, most: usize| -> Vec<Patch> {
            places.shuffle(&mut random);
            places.truncate(most);
            let patch = |(source, row, column): (usize, usize, usize)| Patch {
                values: pictures[source].cut(row, column, edge),
                source,
                place: (row, column),
            };
            places.into_iter().map(patch).collect()
        };
        let train = cut(train, most.max(LEAST_TRAIN));
        let held_out = cut(held_out, (most / 4).max(LEAST_HELD_OUT));
        let source = |p: &Picture| Source { name: p.name.clone(), label: p.label.clone(), factors: p.factors };
        let threshold = threshold(&usable, &train);
        let (mut above, mut all) = (0, 0);
        for value in train.iter().flat_map(|p| &p.values) {
            above += usize::from(f32::from(*value) > threshold);
            all += 1;
        }
        Ok(Self {
            edge,
            dark: 2 * above > all,
            sources: pictures.iter().map(source).collect(),
            threshold,
            train,
            held_out,
            pixel_size: usable.iter().find_map(|(_, p)| p.pixel_size.clone()),
            left_out,
        })
    }

    /// A hash that identifies these patches.
    pub fn fingerprint(&self) -> String {
        let mut hash = Sha256::new();
        self.train.iter().chain(&self.held_out).for_each(|p| hash.update(&p.values));
        crate::folders::hex(&hash.finalize()[..8])
    }

    /// Every patch to train on in all eight orientations: for materials without a preferred direction.
    pub fn turned(mut self) -> Self {
        let edge = self.edge;
        let turns = |patch: &Patch| -> Vec<Patch> {
            let turn = |kind: usize| {
                let at = |row: usize, column: usize| {
                    let (r, c) = if kind & 4 != 0 { (column, row) } else { (row, column) };
                    let r = if kind & 1 != 0 { edge - 1 - r } else { r };
                    let c = if kind & 2 != 0 { edge - 1 - c } else { c };
                    patch.values[r * edge + c]
                };
                let values = (0..edge * edge).map(|i| at(i / edge, i % edge)).collect();
                Patch { values, ..patch.clone() }
            };
            (0..8).map(turn).collect()
        };
        self.train = self.train.iter().flat_map(turns).collect();
        self
    }
}

/// The lot of a picture: a pseudo-random number that follows from its content and the seed.
fn lot(picture: &Picture, seed: u64) -> u64 {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(&picture.values);
    let bytes = hash.finalize();
    bytes.iter().take(8).fold(0, |lot, byte| lot << 8 | u64::from(*byte))
}

/// For phases, the middle between the first and the second; for grey values, Otsu's threshold of the patches.
fn threshold(usable: &[(usize, &Picture)], train: &[Patch]) -> f32 {
    match usable.iter().find_map(|(_, p)| p.phases) {
        Some(phases) => 127.5 / (phases.max(2) - 1) as f32,
        None => {
            let values: Vec<f32> =
                train.iter().flat_map(|p| p.values.iter().step_by(7)).map(|v| f32::from(*v)).collect();
            crate::micrograph::thresholds(&values, 2).first().copied().unwrap_or(127.5)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(height: usize, width: usize) -> Picture {
        let values = (0..height * width).map(|i| (i % 251) as u8).collect();
        let (name, label) = ("a picture".into(), String::new());
        Picture { name, label, height, width, values, pixel_size: None, phases: None, factors: None }
    }

    #[test]
    fn held_out_patches_never_overlap_those_trained_on() {
        let data = Dataset::new(&[picture(200, 300), picture(20, 300)], 32, 10, 1000, 1).expect("patches");
        assert_eq!(data.left_out.len(), 1);
        let last = data.train.iter().map(|p| p.place.1 + 32).max().expect("patches");
        let first = data.held_out.iter().map(|p| p.place.1).min().expect("patches");
        assert!(last <= first, "{last} {first}");
        let many: Vec<Picture> = (0..20)
            .map(|n| Picture { values: (0..1600).map(|i| (i * (n + 3) % 251) as u8).collect(), ..picture(40, 40) })
            .collect();
        let data = Dataset::new(&many, 32, 8, 1000, 1).expect("patches");
        let held: Vec<usize> = data.held_out.iter().map(|p| p.source).collect();
        assert!(data.train.iter().all(|p| !held.contains(&p.source)));
        assert_eq!(held.len() + data.train.len(), 20 * 4);
        // Adding pictures changes nothing for those that were there.
        let fewer = Dataset::new(&many[..15], 32, 8, 1000, 1).expect("patches");
        let still: Vec<usize> = fewer.held_out.iter().map(|p| p.source).collect();
        assert!(still.iter().all(|n| held.contains(n)) && fewer.train.iter().all(|p| !held.contains(&p.source)));
        let few = Dataset::new(&many, 32, 8, 12, 1).expect("patches");
        assert_eq!((few.train.len(), few.held_out.len()), (12, 3));
    }

    #[test]
    fn a_set_that_is_too_small_is_refused_with_the_numbers() {
        let error = Dataset::new(&[picture(40, 80)], 32, 16, 1000, 1).expect_err("too few");
        assert!(error.to_string().contains("at least 8 and 2"), "{error}");
    }

    #[test]
    fn turning_gives_eight_different_patches() {
        let data = Dataset::new(&[picture(60, 300)], 32, 20, 1000, 1).expect("patches");
        let turned = data.clone().turned();
        assert_eq!(turned.train.len(), 8 * data.train.len());
        let first = &turned.train[..8];
        assert!((0..8).all(|i| (0..i).all(|j| first[i].values != first[j].values)));
        assert_eq!(first[0], data.train[0]);
    }
}
