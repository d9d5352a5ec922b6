//! The thumbnails of all members in one texture.

use egui::{Color32, ColorImage, Context, Rect, TextureHandle, TextureOptions, Vec2, pos2, vec2};
use rayon::prelude::*;

use crate::job::{Member, thumbnail_of};

/// A shape that stands for a member: its number is that of a word.
pub const MARKERS: usize = 6;
/// The edge of a thumbnail in the texture, at most and at least, and the room around it.
const EDGES: (usize, usize) = (64, 4);
const ROOM: usize = 1;
/// Cells before those of the members: a white one and the markers.
const FIRST: usize = 1 + MARKERS;

/// The pixels of the texture, and where everything is in it.
pub struct AtlasImage {
    image: ColorImage,
    white: Rect,
    markers: [Rect; MARKERS],
    /// Each thumbnail's place, and its width and height as shares of the longer one.
    thumbnails: Vec<(Rect, Vec2)>,
}

/// The texture on the graphics card.
pub struct Atlas {
    pub texture: TextureHandle,
    pub white: Rect,
    pub markers: [Rect; MARKERS],
    pub thumbnails: Vec<(Rect, Vec2)>,
}

impl AtlasImage {
    /// Of members, in a texture whose edges have at most so many pixels.
    pub fn of(members: &[Member], most_side: usize) -> Self {
        let across = ((members.len() + FIRST) as f64).sqrt().ceil() as usize;
        let edge = (most_side / across).saturating_sub(2 * ROOM).clamp(EDGES.1, EDGES.0);
        let cell = edge + 2 * ROOM;
        let side = across * cell;
        let mut pixels = vec![Color32::TRANSPARENT; side * side];
        let corner = |n: usize| (n / across * cell + ROOM, n % across * cell + ROOM);
        let place = |n: usize, size: (usize, usize)| {
            let (top, left) = corner(n);
            let point = |y: usize, x: usize| pos2(x as f32 / side as f32, y as f32 / side as f32);
            Rect::from_min_max(point(top, left), point(top + size.0, left + size.1))
        };
        let mut put = |n: usize, size: (usize, usize), color: &dyn Fn(usize, usize) -> Color32| {
            let (top, left) = corner(n);
            for y in 0..size.0 {
                for x in 0..size.1 {
                    pixels[(top + y) * side + left + x] = color(y, x);
                }
            }
        };
        put(0, (edge, edge), &|_, _| Color32::WHITE);
        for marker in 0..MARKERS {
            put(1 + marker, (edge, edge), &|y, x| {
                Color32::from_white_alpha((255.0 * cover(marker, y, x, edge)).round() as u8)
            });
        }
        let small: Vec<((usize, usize), Vec<u8>)> = members.par_iter().map(|m| thumbnail_of(m, edge)).collect();
        for (n, (size, grey)) in small.iter().enumerate() {
            put(FIRST + n, *size, &|y, x| Color32::from_gray(grey[y * size.1 + x]));
        }
        let share = |size: (usize, usize)| vec2(size.1 as f32, size.0 as f32) / edge as f32;
        let thumbnails =
            small.iter().enumerate().map(|(n, (size, _))| (place(FIRST + n, *size), share(*size))).collect();
        // Its middle alone, so that nothing beside it shines through.
        let white = place(0, (edge, edge)).shrink(0.25 * edge as f32 / side as f32);
        let markers = std::array::from_fn(|marker| place(1 + marker, (edge, edge)));
        Self { image: ColorImage::new([side, side], pixels), white, markers, thumbnails }
    }

    /// Puts it on the graphics card.
    pub fn load(self, ctx: &Context) -> Atlas {
        let Self { image, white, markers, thumbnails } = self;
        Atlas { texture: ctx.load_texture("map", image, TextureOptions::LINEAR), white, markers, thumbnails }
    }
}

/// The share of a pixel that a marker covers: disc, square, triangle, diamond, cross, ring.
fn cover(marker: usize, y: usize, x: usize, edge: usize) -> f32 {
    /// Sub-pixels along an edge.
    const PARTS: usize = 4;
    let part = |k: usize| (k as f32 + 0.5) / PARTS as f32;
    let coordinate = |at: usize, k: usize| 2.0 * (at as f32 + part(k)) / edge as f32 - 1.0;
    let inside = |down: f32, across: f32| match marker {
        0 => down.hypot(across) < 0.9,
        1 => down.abs().max(across.abs()) < 0.76,
        2 => down < 0.72 && across.abs() < (down + 0.95) * 0.56,
        3 => down.abs() + across.abs() < 0.98,
        4 => down.abs().min(across.abs()) < 0.28 && down.abs().max(across.abs()) < 0.9,
        _ => (0.55..0.92).contains(&down.hypot(across)),
    };
    let all = (0..PARTS * PARTS).filter(|n| inside(coordinate(y, n / PARTS), coordinate(x, n % PARTS)));
    all.count() as f32 / (PARTS * PARTS) as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[test]
    fn every_thumbnail_has_its_own_place_in_the_texture() {
        let member = |n: usize| Member {
            name: n.to_string(),
            picture: n.to_string(),
            path: None,
            size: if n.is_multiple_of(2) { (32, 32) } else { (16, 32) },
            grey: Arc::new(vec![40 + n as u8; if n.is_multiple_of(2) { 1024 } else { 512 }]),
            phases: None,
            pixel_size: None,
        };
        let members: Vec<Member> = (0..30).map(member).collect();
        for most in [4096, 100] {
            let atlas = AtlasImage::of(&members, most);
            let side = atlas.image.size[0] as f32;
            for (n, (place, share)) in atlas.thumbnails.iter().enumerate() {
                let middle = place.center() * side;
                let pixel = atlas.image.pixels[middle.y as usize * side as usize + middle.x as usize];
                assert_eq!(pixel, Color32::from_gray(40 + n as u8));
                assert_eq!(share.y < share.x, n % 2 == 1);
                assert!(atlas.thumbnails[..n].iter().all(|(other, _)| !other.intersects(*place)));
            }
        }
        // Markers differ, and a disc is round.
        assert!(cover(0, 32, 32, 64) == 1.0 && cover(0, 0, 0, 64) == 0.0);
        assert!(cover(5, 32, 32, 64) == 0.0 && cover(1, 8, 8, 64) == 1.0 && cover(3, 8, 8, 64) == 0.0);
    }
}
