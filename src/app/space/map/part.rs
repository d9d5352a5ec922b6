//! The part of a project that holds a map.

use std::sync::Arc;

use ndarray::Array2;

use super::look::Look;
use super::state::{Camera, MapSpace, Wanted};
use crate::embed::{Clusters, Column, Distances, Embedding, TextureSettings, Values};
use crate::job::{DistanceKind, MakeMap, Map, MapEmbedding, MapSource, Member, ScalingKind, thumbnail_of};
use crate::micrograph::{PixelSize, Recipe};
use crate::net::WeightsKind;
use crate::project::Part;

/// The name of the part.
pub const NAME: &str = "map";
/// The most members of a map that a project holds: the distances of larger ones would fill the disk.
const MOST: usize = 5000;
/// The most dimensions, and the most columns, that a file may have.
const MOST_WIDE: usize = 1000;
/// The most pixels of all pictures together. Larger pictures are kept smaller.
const MOST_PIXELS: usize = 1 << 28;

/// What is kept.
pub struct Kept {
    pub wanted: Wanted,
    pub look: Look,
    pub camera: Camera,
    pub map: Option<Map>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct Facts {
    wanted: Wanted,
    look: Look,
    camera: Camera,
    map: Option<MapFacts>,
    /// How many members a map has that is too large to be kept.
    #[serde(default)]
    too_large: Option<usize>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct MapFacts {
    members: Vec<MemberFacts>,
    columns: Vec<ColumnFacts>,
    correlations: Vec<Option<f64>>,
    notes: Vec<String>,
    /// Dimensions and stress of each embedding.
    embeddings: Vec<(usize, Option<f64>)>,
    outliers: Vec<usize>,
    clusters: Option<Clusters>,
    added: usize,
    periods: Vec<(String, f64)>,
    scaling: ScalingKind,
    recipe: Option<Recipe>,
    patches: Option<(usize, usize)>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct MemberFacts {
    name: String,
    picture: String,
    path: Option<std::path::PathBuf>,
    size: (usize, usize),
    phases: Option<usize>,
    pixel_size: Option<PixelSize>,
}

#[derive(serde::Serialize, serde::Deserialize)]
struct ColumnFacts {
    name: String,
    numbers: Option<Vec<Option<f64>>>,
    words: Option<Vec<Option<String>>>,
}

/// The part of a workspace; none where nothing was made and nothing chosen.
pub fn of(space: &MapSpace) -> Option<Part> {
    if space.map.is_none() && space.wanted == Wanted::default() {
        return None;
    }
    let mut part = Part::default();
    let too_large = space.map.as_ref().map(|map| map.members.len()).filter(|count| *count > MOST);
    let map = space.map.as_ref().filter(|_| too_large.is_none()).map(|map| {
        let (map, is_smaller) = with_small_pictures(map);
        let grey: Vec<u8> = map.members.iter().flat_map(|member| member.grey.iter().copied()).collect();
        part.put_file("pictures.bin", grey);
        let places = map.embeddings.iter().flat_map(|each| each.embedding.places.iter());
        part.put_file("places.bin", places.flat_map(|v| v.to_le_bytes()).collect::<Vec<u8>>());
        let bytes = (0..map.members.len()).flat_map(|i| &map.distances.row(i)[..i]).flat_map(|v| v.to_le_bytes());
        part.put_file("distances.bin", bytes.collect::<Vec<u8>>());
        let mut facts = facts_of(&map);
        if is_smaller {
            facts.notes.push("The project holds the pictures of this map smaller than they are.".into());
        }
        facts
    });
    let (wanted, look, camera) = (space.wanted.clone(), space.look.clone(), space.camera);
    part.put(&Facts { wanted, look, camera, map, too_large });
    Some(part)
}

/// A map whose pictures are so small that a project can hold them, and whether they are smaller than they were.
fn with_small_pictures(map: &Map) -> (Map, bool) {
    let pixels: usize = map.members.iter().map(|member| member.grey.len()).sum();
    let mut own = map.clone();
    if pixels <= MOST_PIXELS {
        return (own, false);
    }
    let edge = ((MOST_PIXELS / map.members.len()) as f64).sqrt() as usize;
    for member in own.members.iter_mut().filter(|member| member.size.0.max(member.size.1) > edge) {
        let (size, grey) = thumbnail_of(member, edge);
        // Means of phases are no phases, and a pixel is larger now.
        (member.size, member.grey, member.phases, member.pixel_size) = (size, Arc::new(grey), None, None);
    }
    (own, true)
}

fn facts_of(map: &Map) -> MapFacts {
    let member = |member: &Member| MemberFacts {
        name: member.name.clone(),
        picture: member.picture.clone(),
        path: member.path.clone(),
        size: member.size,
        phases: member.phases,
        pixel_size: member.pixel_size.clone(),
    };
    let column = |column: &Column| {
        let (numbers, words) = match column.values.clone() {
            Values::Numbers(values) => (Some(values), None),
            Values::Words(values) => (None, Some(values)),
        };
        ColumnFacts { name: column.name.clone(), numbers, words }
    };
    let finite = |v: f64| Some(v).filter(|v| v.is_finite());
    MapFacts {
        members: map.members.iter().map(member).collect(),
        columns: map.columns.iter().map(column).collect(),
        correlations: map.correlations.iter().map(|v| finite(*v)).collect(),
        notes: map.notes.clone(),
        embeddings: map
            .embeddings
            .iter()
            .map(|each| (each.embedding.places.ncols(), finite(each.embedding.stress)))
            .collect(),
        outliers: map.outliers.clone(),
        clusters: map.clusters.clone(),
        added: map.added,
        periods: map.request.periods.clone(),
        scaling: map.request.scaling,
        recipe: map.request.recipe.clone(),
        patches: map.request.patches,
    }
}

/// What a part holds.
pub fn read(part: &Part) -> Result<Kept, String> {
    let Facts { wanted, look, camera, map, too_large } = part.get()?;
    if let Some(count) = too_large {
        return Err(format!("it had {count} members, and a project holds at most {MOST}; make it again"));
    }
    let is_fine = |camera: Camera| {
        let all = [camera.middle[0], camera.middle[1], camera.zoom, camera.turn[0], camera.turn[1]];
        all.iter().all(|v| v.is_finite()) && camera.zoom > 0.0
    };
    let camera = if is_fine(camera) { camera } else { Camera::default() };
    let map = map.map(|facts| read_map(part, facts)).transpose()?;
    Ok(Kept { wanted, look, camera, map })
}

/// The numbers of a file, so many of them.
fn numbers(part: &Part, name: &str, count: usize) -> Result<Vec<f64>, String> {
    let bytes = part.file(name)?;
    if bytes.len() != 8 * count {
        return Err(format!("its file {name} has another length"));
    }
    let number = |bytes: &[u8]| f64::from_le_bytes(bytes.try_into().expect("eight bytes"));
    let all: Vec<f64> = bytes.chunks_exact(8).map(number).collect();
    match all.iter().all(|v| v.is_finite()) {
        true => Ok(all),
        false => Err(format!("its file {name} has numbers that are not finite")),
    }
}

fn read_map(part: &Part, facts: MapFacts) -> Result<Map, String> {
    let count = facts.members.len();
    let nonsense = || "its members, columns and embeddings do not fit each other".to_string();
    let widths: Vec<usize> = facts.embeddings.iter().map(|(width, _)| *width).collect();
    let fits = |column: &ColumnFacts| match (&column.numbers, &column.words) {
        (Some(values), None) => values.len() == count,
        (None, Some(values)) => values.len() == count,
        _ => false,
    };
    let clusters_fit = |clusters: &Clusters| {
        clusters.of.len() == count
            && clusters.of.iter().all(|n| *n < clusters.count())
            && clusters.representatives.iter().all(|i| *i < count)
    };
    if !(1..=MOST).contains(&count)
        || widths.is_empty()
        || widths.iter().any(|width| !(1..=MOST_WIDE).contains(width))
        || facts.columns.len() > MOST_WIDE
        || !facts.columns.iter().all(fits)
        || facts.correlations.len() != facts.columns.len()
        || facts.outliers.iter().any(|i| *i >= count)
        || !facts.clusters.as_ref().is_none_or(clusters_fit)
        || facts.added > count
    {
        return Err(nonsense());
    }
    let members = read_members(part, facts.members)?;
    let columns: Vec<Column> = facts
        .columns
        .into_iter()
        .map(|column| Column {
            name: column.name,
            values: match (column.numbers, column.words) {
                (Some(values), _) => Values::Numbers(values),
                (None, words) => Values::Words(words.unwrap_or_default()),
            },
        })
        .collect();
    let all = numbers(part, "places.bin", count * widths.iter().sum::<usize>())?;
    let (mut at, mut embeddings) = (0, vec![]);
    for (width, stress) in facts.embeddings {
        let own = all[at..at + count * width].to_vec();
        at += count * width;
        let places = Array2::from_shape_vec((count, width), own).map_err(|_| nonsense())?;
        let embedding = Embedding { places, stress: stress.unwrap_or(f64::NAN) };
        embeddings.push(MapEmbedding::new(embedding, &columns, &facts.periods, count - facts.added));
    }
    let half = numbers(part, "distances.bin", count * (count - 1) / 2)?;
    let at = |i: usize, j: usize| half[i * (i - 1) / 2 + j];
    let matrix = Array2::from_shape_fn((count, count), |(i, j)| match i.cmp(&j) {
        std::cmp::Ordering::Equal => 0.0,
        _ => at(i.max(j), i.min(j)),
    });
    let distances = Distances::new(matrix).ok_or_else(nonsense)?;
    let correlations = facts.correlations.into_iter().map(|v| v.unwrap_or(f64::NAN)).collect();
    let request = MakeMap {
        source: MapSource::Files(vec![]),
        recipe: facts.recipe,
        patches: facts.patches,
        table: None,
        pattern: None,
        periods: facts.periods,
        kind: DistanceKind::Textures(WeightsKind::BuiltIn, TextureSettings::default()),
        scaling: facts.scaling,
        dimensions: widths,
        device: "auto".into(),
    };
    Ok(Map {
        request,
        members,
        columns,
        correlations,
        notes: facts.notes,
        features: None,
        distances: Arc::new(distances),
        embeddings,
        outliers: facts.outliers,
        clusters: facts.clusters,
        added: facts.added,
    })
}

fn read_members(part: &Part, facts: Vec<MemberFacts>) -> Result<Vec<Member>, String> {
    let grey = part.file("pictures.bin")?;
    let mut at = 0_usize;
    let mut members = vec![];
    for own in facts {
        let pixels = own.size.0.checked_mul(own.size.1).filter(|pixels| (1..=MOST_PIXELS).contains(pixels));
        let end = pixels.and_then(|pixels| at.checked_add(pixels)).filter(|end| *end <= grey.len());
        let end = end.ok_or("its pictures are incomplete")?;
        let phases = own.phases.filter(|phases| (1..=crate::micrograph::MOST_PHASES).contains(phases));
        members.push(Member {
            name: own.name,
            picture: own.picture,
            path: own.path,
            size: own.size,
            grey: Arc::new(grey[at..end].to_vec()),
            phases,
            pixel_size: own.pixel_size,
        });
        at = end;
    }
    match at == grey.len() {
        true => Ok(members),
        false => Err("its pictures do not fit its members".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::space::map::example::example;

    #[test]
    fn a_map_comes_back_and_a_damaged_one_is_refused() {
        let mut space = MapSpace::default();
        assert!(of(&space).is_none());
        space.show(Some(example()));
        let part = of(&space).expect("a part");
        let kept = read(&part).expect("a map");
        let (map, before) = (kept.map.expect("a map"), example());
        assert_eq!(map.members.len(), 12);
        assert_eq!(map.members[3].grey, before.members[3].grey);
        assert_eq!(map.columns, before.columns);
        assert_eq!(map.distances, before.distances);
        assert_eq!(map.embeddings[1].embedding.places, before.embeddings[1].embedding.places);
        assert_eq!(map.embeddings[2].explained.len(), before.embeddings[2].explained.len());
        type Damage = fn(&mut Part);
        let damages: [(&str, Damage); 3] = [
            ("places.bin has another length", |part| part.put_file("places.bin", vec![0; 8])),
            ("not finite", |part| {
                let bytes = part.file("distances.bin").map_or(0, |bytes| bytes.len());
                part.put_file("distances.bin", vec![255; bytes]);
            }),
            ("incomplete", |part| part.put_file("pictures.bin", vec![0; 100])),
        ];
        for (wanted, damage) in damages {
            let mut damaged = part.clone();
            damage(&mut damaged);
            let reason = read(&damaged).err().expect("refused");
            assert!(reason.contains(wanted), "{reason}");
        }
    }
}
