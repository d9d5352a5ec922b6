//! A map as a picture: thumbnails at their places.

use std::collections::HashMap;
use std::io::Cursor;

use super::made::Map;
use super::source::Member;
use crate::embed::range;

/// The longer edge of the picture, its margin, and the edge of a thumbnail, in pixels.
const EDGE: f64 = 1800.0;
const MARGIN: f64 = 60.0;
const THUMBNAIL: usize = 48;
/// Thumbnails whose centres are nearer would hide each other; the later one becomes a dot.
const APART: f64 = 40.0;
/// The edge of a dot, and its grey.
const DOT: usize = 5;
const GREY: u8 = 150;

/// The first two dimensions of the embedding that has the most, as PNG: each member's picture at its place, as far as
/// they do not hide each other, and dots for the others. None for maps in one dimension.
pub fn map_png(map: &Map) -> Option<Vec<u8>> {
    let (size, spots) = laid_out(map, EDGE, MARGIN)?;
    let [width, height] = size.map(|edge| edge.round() as usize);
    let pictures = shown_as_pictures(&spots, APART);
    let mut pixels = vec![255u8; width * height];
    let mut put = |[across, down]: [f64; 2], size: (usize, usize), grey: &dyn Fn(usize, usize) -> u8| {
        for row in 0..size.0 {
            for column in 0..size.1 {
                let y = (down - size.0 as f64 / 2.0).round() as usize + row;
                let x = (across - size.1 as f64 / 2.0).round() as usize + column;
                if x < width && y < height {
                    pixels[y * width + x] = grey(row, column);
                }
            }
        }
    };
    for n in (0..spots.len()).filter(|n| !pictures[*n]) {
        put(spots[n], (DOT, DOT), &|_, _| GREY);
    }
    for n in (0..spots.len()).filter(|n| pictures[*n]) {
        let (size, grey) = thumbnail_of(&map.members[n], THUMBNAIL);
        put(spots[n], size, &|row, column| grey[row * size.1 + column]);
    }
    picture_png(&pixels, (height, width), false)
}

/// The width and the height of a drawing whose longer edge is given, and the spot of each member in it: the first two
/// dimensions of the embedding that has the most, with one scale for both, so that distances are true. None for maps in
/// one dimension.
pub fn laid_out(map: &Map, edge: f64, margin: f64) -> Option<([f64; 2], Vec<[f64; 2]>)> {
    let places = &map.widest().embedding.places;
    if places.ncols() < 2 {
        return None;
    }
    let [x, y] = [0, 1].map(|k| range(places.column(k).iter().copied()));
    let scale = (edge - 2.0 * margin) / (x.1 - x.0).max(y.1 - y.0).max(f64::MIN_POSITIVE);
    let spot = |n: usize| [margin + (places[[n, 0]] - x.0) * scale, margin + (y.1 - places[[n, 1]]) * scale];
    let size = [x, y].map(|(low, high)| 2.0 * margin + (high - low) * scale);
    Some((size, (0..map.members.len()).map(spot).collect()))
}

/// Which of the members at these spots are shown as pictures, so that none hides an earlier one: those that are at least
/// so far apart.
pub fn shown_as_pictures(spots: &[[f64; 2]], apart: f64) -> Vec<bool> {
    let mut taken: HashMap<[i64; 2], Vec<[f64; 2]>> = HashMap::new();
    let is_shown = |spot: &[f64; 2]| {
        let cell = spot.map(|v| (v / apart).floor() as i64);
        let near = (-1..=1).flat_map(|x| (-1..=1).map(move |y| [cell[0] + x, cell[1] + y]));
        let hides = |other: &[f64; 2]| (spot[0] - other[0]).abs().max((spot[1] - other[1]).abs()) < apart;
        let shown = !near.filter_map(|cell| taken.get(&cell)).flatten().any(hides);
        if shown {
            taken.entry(cell).or_default().push(*spot);
        }
        shown
    };
    spots.iter().map(is_shown).collect()
}

/// Grey pixels, or pairs of grey and opacity, as PNG.
pub fn picture_png(pixels: &[u8], (height, width): (usize, usize), has_opacity: bool) -> Option<Vec<u8>> {
    let mut out = Cursor::new(vec![]);
    let color = if has_opacity { image::ExtendedColorType::La8 } else { image::ExtendedColorType::L8 };
    let format = image::ImageFormat::Png;
    image::write_buffer_with_format(&mut out, pixels, width as u32, height as u32, color, format).ok()?;
    Some(out.into_inner())
}

/// A small picture of a member, with its height and width: its longer edge has so many pixels, each the mean of those
/// that it stands for.
pub fn thumbnail_of(member: &Member, longest: usize) -> ((usize, usize), Vec<u8>) {
    let (height, width) = member.size;
    let longer = height.max(width);
    let small = |edge: usize| (edge * longest).div_ceil(longer);
    let size = (small(height), small(width));
    let span = |k: usize, size: usize, edge: usize| (k * edge / size)..((k + 1) * edge / size).max(k * edge / size + 1);
    let grey = |at: usize| {
        let rows = span(at / size.1, size.0, height);
        let columns = span(at % size.1, size.1, width);
        let count = rows.len() * columns.len();
        let sum: usize =
            rows.map(|y| columns.clone().map(|x| usize::from(member.grey[y * width + x])).sum::<usize>()).sum();
        (sum / count) as u8
    };
    (size, (0..size.0 * size.1).map(grey).collect())
}
