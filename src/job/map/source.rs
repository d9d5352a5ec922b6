//! Where the members of a map come from.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::embed::{Column, Values};
use crate::folders::has_ending;
use crate::latent::Picture;
use crate::micrograph::{PhaseMap, PixelSize, Recipe};
use crate::synth::{Graphite, Marble};

/// Where the members of a set come from.
#[derive(Clone, Debug)]
pub enum MapSource {
    /// Files, and folders with their subfolders.
    Files(Vec<PathBuf>),
    /// Pictures in memory.
    Pictures(Vec<Picture>),
    /// So many synthetic marbles of an edge, from a seed: angle, scale and noise are known.
    Marble(usize, usize, u64),
    /// So many synthetic graphite irons: nodularity, radius and fraction are known.
    Graphite(usize, usize, u64),
}

/// A member of a set: a picture, or a patch of one.
#[derive(Clone, Debug)]
pub struct Member {
    /// Its path within the folder, or its name; patches have their row and column behind it.
    pub name: String,
    /// The path or name of the picture that it is a part of, within the folder.
    pub picture: String,
    /// The file that it was read from.
    pub path: Option<PathBuf>,
    /// Height and width.
    pub size: (usize, usize),
    /// Grey values row by row; phases are spread evenly over them.
    pub grey: Arc<Vec<u8>>,
    /// How many phases it has, if its grey values stand for phases.
    pub phases: Option<usize>,
    /// The size of a pixel, where it is known.
    pub pixel_size: Option<PixelSize>,
}

impl Member {
    /// Its grey values.
    pub fn floats(&self) -> Vec<f32> {
        self.grey.iter().map(|v| f32::from(*v)).collect()
    }

    /// The grey values of a piece in the middle, which is no larger than the member.
    pub fn middle(&self, (height, width): (usize, usize)) -> Vec<f32> {
        let (top, left) = ((self.size.0 - height) / 2, (self.size.1 - width) / 2);
        let rows = (top..top + height).map(|y| &self.grey[y * self.size.1 + left..][..width]);
        rows.flatten().map(|v| f32::from(*v)).collect()
    }

    /// What tells it from others: its file, or the name of one without.
    pub fn identity(&self) -> String {
        let patch = self.name.strip_prefix(&self.picture).unwrap_or("");
        self.path.as_ref().map_or_else(|| self.name.clone(), |path| format!("{}{patch}", path.display()))
    }

    /// Its phases, if it has some.
    pub fn phase_map(&self) -> Option<PhaseMap> {
        let phases = self.phases?;
        let step = 255.0 / (phases.max(2) - 1) as f32;
        let labels = self.grey.iter().map(|v| (f32::from(*v) / step).round() as u8).collect();
        Some(PhaseMap::new(self.size, labels, phases))
    }
}

/// The members of a set, and what is known of them.
#[derive(Default)]
pub struct Members {
    /// The members.
    pub members: Vec<Member>,
    /// Columns that their making gives.
    pub columns: Vec<Column>,
    /// What was left out, with the reason, in sentences.
    pub left_out: Vec<String>,
    /// The pixel size of the first picture that has one.
    scale: Option<(String, PixelSize)>,
}

/// The most members of a map.
const MOST: usize = 100_000;

impl MapSource {
    /// Reads or makes the members. `patches` are edge and stride; whole pictures without them. `go_on` gets the share that
    /// is done and says whether to go on.
    pub fn members(
        &self,
        recipe: Option<&Recipe>,
        patches: Option<(usize, usize)>,
        go_on: &mut dyn FnMut(f64) -> bool,
    ) -> Members {
        let mut found = Members::default();
        match self {
            Self::Files(paths) => {
                let files = files_of(paths, &mut found.left_out);
                for (n, (path, name)) in files.iter().enumerate() {
                    if !go_on(n as f64 / files.len() as f64) {
                        break;
                    }
                    found.read(path, name, recipe, patches);
                }
            }
            Self::Pictures(pictures) => {
                for picture in pictures {
                    found.take(picture.clone(), &picture.name.clone(), None, patches);
                }
            }
            Self::Marble(count, edge, seed) => found.make(*count, *edge, *seed, &MARBLE, patches, |n| {
                let marble = Marble::random(n);
                (marble.picture(*edge, n), None, vec![marble.angle.to_degrees(), marble.scale, marble.noise])
            }),
            Self::Graphite(count, edge, seed) => {
                found.make(*count, *edge, *seed, &GRAPHITE, patches, |n| {
                    let graphite = Graphite::random(n);
                    let map = graphite.phase_map(*edge, n);
                    let grey = map.labels.iter().map(|label| 255 * label.min(&1)).collect();
                    let strength = graphite.strength(n);
                    (grey, Some(2), graphite.factors().into_iter().chain([strength]).collect())
                });
            }
        }
        found
    }
}

impl MapSource {
    /// The members by name alone, without their pictures: what columns need. Synthetic ones are made.
    pub(in crate::job) fn named_members(&self) -> Members {
        let named = |name: String, path: Option<PathBuf>| Member {
            picture: name.clone(),
            name,
            path,
            size: (0, 0),
            grey: Arc::default(),
            phases: None,
            pixel_size: None,
        };
        match self {
            Self::Files(paths) => {
                let names = files_of(paths, &mut vec![]).into_iter().map(|(path, name)| named(name, Some(path)));
                Members { members: names.collect(), ..Members::default() }
            }
            Self::Pictures(pictures) => Members {
                members: pictures.iter().map(|p| named(p.name.clone(), None)).collect(),
                ..Members::default()
            },
            // A small edge: only the values count.
            Self::Marble(count, _, seed) => Self::Marble(*count, 8, *seed).members(None, None, &mut |_| true),
            Self::Graphite(count, _, seed) => Self::Graphite(*count, 8, *seed).members(None, None, &mut |_| true),
        }
    }
}

/// All files of a list of files and folders, each once, with its name: within its folder, behind the folder's name if
/// there are several.
fn files_of(paths: &[PathBuf], left_out: &mut Vec<String>) -> Vec<(PathBuf, String)> {
    let mut found: Vec<(PathBuf, String)> = vec![];
    for path in paths {
        let own = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if !path.is_dir() {
            found.push((path.clone(), own));
            continue;
        }
        for file in files_in(path, DEPTH, left_out) {
            let within = file.strip_prefix(path).unwrap_or(&file).to_string_lossy().replace('\\', "/");
            found.push((file, if paths.len() > 1 { format!("{own}/{within}") } else { within }));
        }
    }
    let mut known = std::collections::HashSet::new();
    // A link may lead to a file that is there already.
    found.retain(|(path, _)| known.insert(path.canonicalize().unwrap_or_else(|_| path.clone())));
    found
}

/// The factors of synthetic pictures, in the order of their columns.
pub const MARBLE: [&str; 3] = ["angle", "scale", "noise"];
const GRAPHITE: [&str; 4] = ["nodularity", "radius", "fraction", STRENGTH];
/// What follows from the factors of graphite, and is none itself.
pub const STRENGTH: &str = "strength";

/// Levels of subfolders that are searched.
const DEPTH: usize = 8;

/// Endings of files that lie in folders of micrographs and are none.
const BESIDE: [&str; 6] = ["csv", "tsv", "json", "md", "xlsx", "predictor"];

/// All files of a folder and its subfolders, in the order of their paths, without hidden ones. Folders that cannot be read
/// are named.
fn files_in(folder: &Path, depth: usize, left_out: &mut Vec<String>) -> Vec<PathBuf> {
    let read = match std::fs::read_dir(folder) {
        Ok(read) => read,
        Err(error) => {
            left_out.push(format!("{}: the folder cannot be read: {error}.", folder.display()));
            return vec![];
        }
    };
    let mut inside: Vec<PathBuf> = read.flatten().map(|entry| entry.path()).collect();
    inside.sort();
    inside.retain(|path| path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.')));
    // Tables and settings beside pictures are no pictures that went wrong.
    inside.retain(|path| !has_ending(path, &BESIDE));
    let mut files = vec![];
    for path in inside {
        match path.is_dir() {
            true if depth > 0 => files.extend(files_in(&path, depth - 1, left_out)),
            true => left_out.push(format!("{}: the folder lies too deep.", path.display())),
            false => files.push(path),
        }
    }
    files
}

impl Members {
    /// Reads a picture and takes it.
    fn read(&mut self, path: &Path, name: &str, recipe: Option<&Recipe>, patches: Option<(usize, usize)>) {
        match Picture::read(path, recipe) {
            Ok(picture) => self.take(picture, name, Some(path), patches),
            Err(error) => {
                // The name within the folder stands for the path, which most errors begin with.
                let (text, path) = (error.to_string(), path.display().to_string());
                let named = text.strip_prefix(&path).map(|rest| format!("{name}{rest}"));
                self.left_out.push(named.unwrap_or_else(|| format!("{name}: {text}")));
            }
        }
    }

    /// Adds a picture, or its patches.
    fn take(&mut self, picture: Picture, name: &str, path: Option<&Path>, patches: Option<(usize, usize)>) {
        let name = name.to_string();
        if let Some(own) = &picture.pixel_size {
            match &self.scale {
                Some((first, other)) if own.differs(other) => {
                    let text = format!(
                        "{name}: its pixels have another size than those of {first}. Scale it to the same pixel size first."
                    );
                    return self.left_out.push(text);
                }
                Some(_) => {}
                None => self.scale = Some((name.clone(), own.clone())),
            }
        }
        let size = (picture.height, picture.width);
        let Picture { values, phases, pixel_size, .. } = picture;
        let (grey, path) = (Arc::new(values), path.map(Path::to_path_buf));
        self.cut(Member { picture: name.clone(), name, path, size, grey, phases, pixel_size }, patches);
    }

    /// Adds a whole picture, or its patches. Returns how many members that made.
    fn cut(&mut self, whole: Member, patches: Option<(usize, usize)>) -> usize {
        let before = self.members.len();
        let Some((edge, stride)) = patches else {
            self.add(whole);
            return self.members.len() - before;
        };
        let Member { name, size, .. } = &whole;
        if size.0 < edge || size.1 < edge {
            let text = format!("{name}: {} × {} pixels hold no patch of {edge} × {edge}.", size.0, size.1);
            self.left_out.push(text);
            return 0;
        }
        for row in (0..=size.0 - edge).step_by(stride.max(1)) {
            for column in (0..=size.1 - edge).step_by(stride.max(1)) {
                let rows = (row..row + edge).map(|y| &whole.grey[y * size.1 + column..][..edge]);
                self.add(Member {
                    name: format!("{name} [{row}, {column}]"),
                    size: (edge, edge),
                    grey: Arc::new(rows.flatten().copied().collect()),
                    ..whole.clone()
                });
            }
        }
        self.members.len() - before
    }

    fn add(&mut self, member: Member) {
        if self.members.len() < MOST {
            self.members.push(member);
        } else if self.members.len() == MOST && !self.left_out.iter().any(|text| text.contains("at most")) {
            self.left_out.push(format!("{} and all later ones: a map has at most {MOST} members.", member.name));
        }
    }

    /// Makes synthetic members, or their patches, with known values.
    fn make(
        &mut self,
        count: usize,
        edge: usize,
        seed: u64,
        names: &[&str],
        patches: Option<(usize, usize)>,
        of: impl Fn(u64) -> (Vec<u8>, Option<usize>, Vec<f64>) + Sync,
    ) {
        use rayon::prelude::*;
        let number = |n: usize| seed.wrapping_mul(1_000_003).wrapping_add(n as u64);
        let made: Vec<_> = (0..count).into_par_iter().map(|n| of(number(n))).collect();
        let mut columns: Vec<Vec<Option<f64>>> = vec![vec![]; names.len()];
        for (n, (grey, phases, values)) in made.into_iter().enumerate() {
            let name = format!("{}", n + 1);
            let (size, grey) = ((edge, edge), Arc::new(grey));
            let (path, pixel_size) = (None, None);
            let whole = Member { picture: name.clone(), name, path, size, grey, phases, pixel_size };
            let count = self.cut(whole, patches);
            let add = |(column, value): (&mut Vec<Option<f64>>, f64)| column.extend(vec![Some(value); count]);
            columns.iter_mut().zip(values).for_each(add);
        }
        let column = |(name, values): (&&str, Vec<Option<f64>>)| Column {
            name: (*name).to_string(),
            values: Values::Numbers(values),
        };
        self.columns = names.iter().zip(columns).map(column).collect();
    }
}
