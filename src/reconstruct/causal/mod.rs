//! Raster synthesis in several sizes: each pixel follows from the pixels before it in reading order, and from a coarser
//! picture that is made already (Wei & Levoy, SIGGRAPH 2000; Bostanabad et al., Acta Mater. 103:89, 2016).

mod canvas;

pub use canvas::Canvases;

use rand::seq::SliceRandom;

use super::pieces::random_of;
use super::plane::Plane;

/// How far a pixel sees in the coarser picture, in its pixels.
pub const COARSE_REACH: usize = 2;
/// The smallest edge that a coarser picture may have.
const LEAST_EDGE: usize = 24;

/// An original in several sizes; the first is the coarsest.
pub fn sizes_of(original: Plane, scales: usize) -> Vec<Plane> {
    let mut sizes = vec![original];
    while sizes.len() < scales {
        let finer = &sizes[sizes.len() - 1];
        if finer.height.min(finer.width) < 2 * LEAST_EDGE {
            break;
        }
        let coarser = finer.halved();
        sizes.push(coarser);
    }
    sizes.reverse();
    sizes
}

/// The most pixels that a neighbourhood may reach in a picture of this size.
pub fn most_reach(plane: &Plane) -> usize {
    (plane.height.min(plane.width).saturating_sub(2) / 3).max(1)
}

/// Displacements (rows, columns) to the pixels before a pixel in reading order, at most `reach` away in each direction;
/// the nearest first.
pub fn before(reach: usize) -> Vec<(isize, isize)> {
    let r = reach as isize;
    let square = (-r..=0).flat_map(|dy| (-r..=r).map(move |dx| (dy, dx)));
    nearest_first(square.filter(|(dy, dx)| *dy < 0 || *dx < 0).collect())
}

/// Displacements to the pixels of the coarser picture.
pub fn around() -> Vec<(isize, isize)> {
    let r = COARSE_REACH as isize;
    nearest_first((-r..=r).flat_map(|dy| (-r..=r).map(move |dx| (dy, dx))).collect())
}

fn nearest_first(mut displacements: Vec<(isize, isize)>) -> Vec<(isize, isize)> {
    displacements.sort_by_key(|(dy, dx)| dy * dy + dx * dx);
    displacements
}

/// Where the values around a pixel lie in a picture, and in the coarser one if there is one.
pub struct Steps {
    fine: Vec<isize>,
    coarse: Vec<isize>,
    /// How much each value counts where pixels are compared: the less, the further away.
    pub weights: Vec<f32>,
}

impl Steps {
    /// For pictures of these widths (the coarser one's, if there is one) whose neighbourhoods reach so far.
    pub fn new(width: usize, coarser: Option<usize>, channels: usize, reach: usize) -> Self {
        let flat = |all: Vec<(isize, isize)>, width: usize| -> Vec<isize> {
            let step = |(dy, dx): (isize, isize)| (dy * width as isize + dx) * channels as isize;
            let channels = 0..channels as isize;
            all.into_iter().flat_map(|d| channels.clone().map(move |c| step(d) + c)).collect()
        };
        let weight = |all: Vec<(isize, isize)>, reach: usize| {
            let spread = 0.5 * reach as f32 + 0.5;
            let of = move |(dy, dx): (isize, isize)| (-((dy * dy + dx * dx) as f32) / (4.0 * spread * spread)).exp();
            all.into_iter().flat_map(move |d| vec![of(d); channels])
        };
        let coarse_weights = coarser.map_or(vec![], |_| weight(around(), COARSE_REACH).collect());
        Self {
            fine: flat(before(reach), width),
            coarse: coarser.map_or(vec![], |width| flat(around(), width)),
            weights: weight(before(reach), reach).chain(coarse_weights).collect(),
        }
    }

    /// For an original and its coarser one.
    pub fn of(plane: &Plane, coarser: Option<&Plane>, reach: usize) -> Self {
        Self::new(plane.width, coarser.map(|c| c.width), plane.channels, reach)
    }
}

/// What lies around the pixels of a picture.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The values of the picture.
    pub fine: &'a [u8],
    /// Those of the coarser one; none if there is none.
    pub coarse: &'a [u8],
    /// Where the values around a pixel lie.
    pub steps: &'a Steps,
}

/// A pixel: its place among the values of its picture, that of the pixel above it in the coarser one, and whether its
/// row and column are odd.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// Among the picture's values.
    pub fine: u32,
    /// Among those of the coarser one; 0 where there is none.
    pub coarse: u32,
    /// 2 · (row mod 2) + (column mod 2).
    pub parity: u8,
}

impl<'a> Surroundings<'a> {
    /// Of an original and its coarser one.
    pub fn of(plane: &'a Plane, coarser: Option<&'a Plane>, steps: &'a Steps) -> Self {
        Self { fine: &plane.values, coarse: coarser.map_or(&[], |c| &c.values), steps }
    }

    /// The number of values around a pixel.
    pub fn count(&self) -> usize {
        self.steps.fine.len() + self.steps.coarse.len()
    }

    /// The value around a pixel with this number.
    pub fn value(&self, place: Place, number: usize) -> u8 {
        let Steps { fine, coarse, .. } = self.steps;
        match fine.get(number) {
            Some(step) => self.fine[(place.fine as isize + step) as usize],
            None => self.coarse[(place.coarse as isize + coarse[number - fine.len()]) as usize],
        }
    }

    /// All values around a pixel.
    pub fn values(&self, place: Place) -> impl Iterator<Item = u8> + use<'a> {
        let Self { fine, coarse, steps } = *self;
        let near = steps.fine.iter().map(move |step| fine[(place.fine as isize + step) as usize]);
        let far = steps.coarse.iter().map(move |step| coarse[(place.coarse as isize + step) as usize]);
        near.chain(far)
    }
}

/// The pixels of an original whose whole neighbourhood lies within it, in reading order; of more than `most`, random ones.
pub fn inner_places(plane: &Plane, coarser: Option<&Plane>, reach: usize, most: usize) -> Vec<Place> {
    let channels = plane.channels;
    let inside = |y: usize, x: usize, p: &Plane| {
        y >= COARSE_REACH && x >= COARSE_REACH && y + COARSE_REACH < p.height && x + COARSE_REACH < p.width
    };
    let mut places = vec![];
    for y in reach..plane.height {
        for x in reach..plane.width - reach {
            let coarse = match coarser {
                Some(p) if inside(y / 2, x / 2, p) => y / 2 * p.width + x / 2,
                Some(_) => continue,
                None => 0,
            };
            places.push(Place {
                fine: ((y * plane.width + x) * channels) as u32,
                coarse: (coarse * channels) as u32,
                parity: (2 * (y % 2) + x % 2) as u8,
            });
        }
    }
    if places.len() > most {
        places.shuffle(&mut random_of(0, 0));
        places.truncate(most);
        places.sort_by_key(|place| place.fine);
    }
    places
}
