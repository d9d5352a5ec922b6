//! The particles of a phase, measured.

use crate::micrograph::PhaseMap;
use crate::reconstruct::ReconstructError;
use crate::stats::{Boundary, Components, Indicator, squared_distances};

use ndarray::Array2;

/// A particle: a connected component (pixels that share an edge), or a part of one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Particle {
    /// Row and column of its centre, in pixels.
    pub centre: [f64; 2],
    /// Its area in square pixels.
    pub area: f64,
    /// The long axis over the short one, of the ellipse with the same second moments.
    pub aspect: f64,
    /// The angle of its long axis to the rows, in radians, counted from the column axis's positive direction downwards.
    pub angle: f64,
}

impl Particle {
    /// Half of the long and of the short axis of the ellipse with this area and aspect ratio.
    pub fn semi_axes(&self) -> [f64; 2] {
        let long = (self.area * self.aspect / std::f64::consts::PI).sqrt();
        [long, long / self.aspect]
    }

    /// The distance of a place from the centre, over that of the ellipse's edge on the same ray.
    pub fn ratio(&self, [row, column]: [f64; 2]) -> f64 {
        let [long, short] = self.semi_axes();
        let (sine, cosine) = self.angle.sin_cos();
        let (down, across) = (row - self.centre[0], column - self.centre[1]);
        ((cosine * across + sine * down) / long).hypot((cosine * down - sine * across) / short)
    }
}

/// The share of a phase in one component from which on it is a network, if that reaches from edge to edge.
const NETWORK: f64 = 0.5;
/// The least share of a phase that has to lie within the ellipses of its components, else they are branched. It is 0.76 in
/// the carbonate of Li et al. (2018), 0.52 in their ceramics and 0.60 in their copolymer.
const COMPACT: f64 = 2.0 / 3.0;

/// The particles of a phase. Those that touch are separated where the distance from their edges has a saddle, if `split`.
///
/// # Errors
/// The phase is one connected network, or its components are branched.
pub fn particles(map: &PhaseMap, phase: usize, split: bool, name: &str) -> Result<Vec<Particle>, ReconstructError> {
    let refuse = |reason: String| {
        // The name begins the sentence.
        let mut letters = name.chars();
        let name: String = letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect();
        Err(ReconstructError::Settings(format!(
            "{name} is no set of particles: {reason} Physical descriptors (number, size, shape and spacing of particles) \
             do not apply to it. Take another method."
        )))
    };
    let indicator = map.indicator(phase);
    let components = Components::of(&indicator.view(), false, Boundary::Open);
    let share = components.largest_share();
    if (components.percolates_x || components.percolates_y) && share > NETWORK {
        return refuse(format!("{:.0} % of it is one network that reaches from edge to edge.", 100.0 * share));
    }
    let whole = measured(&components.labels, components.sizes.len());
    let compact = share_within(&components.labels, &whole);
    if compact < COMPACT {
        return refuse(format!(
            "its components are branched, and only {:.0} % of it lies within their ellipses.",
            100.0 * compact
        ));
    }
    if !split {
        return Ok(whole);
    }
    let (labels, count) = separated(&indicator.view());
    Ok(measured(&labels, count))
}

/// The particles of a picture of their numbers, from 1.
fn measured(labels: &Array2<u32>, count: usize) -> Vec<Particle> {
    // Per particle: the number of pixels, and the sums of y, x, y², x² and xy.
    let mut sums = vec![[0.0f64; 6]; count];
    for ((y, x), label) in labels.indexed_iter().filter(|(_, label)| **label > 0) {
        let (y, x) = (y as f64, x as f64);
        let sum = &mut sums[*label as usize - 1];
        for (sum, value) in sum.iter_mut().zip([1.0, y, x, y * y, x * x, x * y]) {
            *sum += value;
        }
    }
    sums.into_iter().map(of_sums).collect()
}

/// The share of all pixels that lie within the ellipse of their particle.
fn share_within(labels: &Array2<u32>, particles: &[Particle]) -> f64 {
    let (mut all, mut within) = (0usize, 0);
    for ((y, x), label) in labels.indexed_iter().filter(|(_, label)| **label > 0) {
        all += 1;
        within += usize::from(particles[*label as usize - 1].ratio([y as f64, x as f64]) <= 1.0);
    }
    within as f64 / all.max(1) as f64
}

/// Components, separated at their necks: the watershed of the distance from the edge. Parts are kept apart if the distance
/// at the neck is smaller by [`NECK`] than at both of their maxima.
fn separated(phase: &Indicator) -> (Array2<u32>, usize) {
    /// In pixels.
    const NECK: f32 = 0.5;
    let (height, width) = phase.dim();
    let depths: Vec<f32> = squared_distances(phase, Boundary::Open).iter().map(|square| square.sqrt()).collect();
    let mut order: Vec<usize> = (0..depths.len()).filter(|at| depths[*at] > 0.0).collect();
    order.sort_by(|a, b| depths[*b].total_cmp(&depths[*a]).then(a.cmp(b)));
    // The basin of each pixel; basins that were merged point to another one.
    let mut basins = vec![u32::MAX; depths.len()];
    let (mut merged, mut peaks): (Vec<u32>, Vec<f32>) = (vec![], vec![]);
    let root = |merged: &[u32], mut basin: u32| {
        while merged[basin as usize] != basin {
            basin = merged[basin as usize];
        }
        basin
    };
    for at in order {
        let (y, x) = (at / width, at % width);
        let beside = [
            (y > 0).then(|| at - width),
            (y + 1 < height).then_some(at + width),
            (x > 0).then(|| at - 1),
            (x + 1 < width).then_some(at + 1),
        ];
        let mut met: Vec<u32> = beside.into_iter().flatten().map(|at| basins[at]).filter(|b| *b != u32::MAX).collect();
        met.iter_mut().for_each(|basin| *basin = root(&merged, *basin));
        met.sort_by(|a, b| peaks[*b as usize].total_cmp(&peaks[*a as usize]).then(a.cmp(b)));
        met.dedup();
        let Some(deepest) = met.first().copied() else {
            basins[at] = merged.len() as u32;
            merged.push(basins[at]);
            peaks.push(depths[at]);
            continue;
        };
        basins[at] = deepest;
        for other in &met[1..] {
            if peaks[*other as usize] - depths[at] < NECK {
                merged[*other as usize] = deepest;
            }
        }
    }
    let mut numbers = vec![0u32; merged.len()];
    let mut count = 0;
    let labels = basins.into_iter().map(|basin| {
        if basin == u32::MAX {
            return 0;
        }
        let number = &mut numbers[root(&merged, basin) as usize];
        if *number == 0 {
            count += 1;
            *number = count;
        }
        *number
    });
    let labels = Array2::from_shape_vec((height, width), labels.collect()).expect("a label for each pixel");
    (labels, count as usize)
}

fn of_sums([n, y, x, yy, xx, xy]: [f64; 6]) -> Particle {
    /// The variance of a coordinate within a pixel.
    const PIXEL: f64 = 1.0 / 12.0;
    let (y, x) = (y / n, x / n);
    let (yy, xx, xy) = (yy / n - y * y + PIXEL, xx / n - x * x + PIXEL, xy / n - x * y);
    let (middle, radius) = (0.5 * (xx + yy), (0.5 * (xx - yy)).hypot(xy));
    // A line of pixels has a short axis too.
    let aspect = ((middle + radius) / (middle - radius).max(PIXEL)).sqrt();
    Particle { centre: [y, x], area: n, aspect, angle: 0.5 * (2.0 * xy).atan2(xx - yy) }
}

/// The distance from each centre to the nearest other one; none for fewer than two.
pub fn nearest_distances(centres: &[[f64; 2]]) -> Vec<f64> {
    if centres.len() < 2 {
        return vec![];
    }
    // Sorted by rows, so that the search of each ends where the rows alone are further away.
    let mut order: Vec<usize> = (0..centres.len()).collect();
    order.sort_by(|a, b| centres[*a][0].total_cmp(&centres[*b][0]));
    let mut distances = vec![0.0; centres.len()];
    for (place, n) in order.iter().enumerate() {
        let [y, x] = centres[*n];
        let mut least = f64::INFINITY;
        let both: [Box<dyn Iterator<Item = &usize>>; 2] =
            [Box::new(order[..place].iter().rev()), Box::new(order[place + 1..].iter())];
        for side in both {
            for other in side {
                let [down, across] = [centres[*other][0] - y, centres[*other][1] - x];
                if down.abs() >= least {
                    break;
                }
                least = least.min(down.hypot(across));
            }
        }
        distances[*n] = least;
    }
    distances
}
