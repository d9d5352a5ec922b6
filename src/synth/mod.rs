//! Procedural micrographs with known parameters, deterministic from a seed: the samples that a fresh machine starts
//! with, and ground truth for tests.

mod fields;
mod graphite;
mod marbles;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

pub use graphite::Graphite;
pub use marbles::Marble;

use crate::micrograph::{Micrograph, PhaseMap};

/// A built-in sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sample {
    /// A bicontinuous two-phase structure: a Gaussian random field cut at 40 %.
    Bicontinuous,
    /// Wavy stripes: Perlin noise.
    Marble,
    /// Discs that do not overlap, 30 % of the area.
    Discs,
    /// Three phases from two independent Gaussian random fields.
    ThreePhase,
}

impl Sample {
    /// All samples in the order of the menu.
    pub const ALL: [Self; 4] = [Self::Bicontinuous, Self::Marble, Self::Discs, Self::ThreePhase];

    /// The name in the menu.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bicontinuous => "Bicontinuous",
            Self::Marble => "Marble stripes",
            Self::Discs => "Discs",
            Self::ThreePhase => "Three phases",
        }
    }

    /// What it shows, in a sentence.
    pub const fn description(self) -> &'static str {
        match self {
            Self::Bicontinuous => "Two interwoven phases, as after spinodal decomposition.",
            Self::Marble => "Wavy lamellae with a preferred direction.",
            Self::Discs => "Discs of two sizes in a matrix, 30 % of the area.",
            Self::ThreePhase => "Three phases with a common length scale.",
        }
    }

    /// The sample at a size, as a micrograph of labels.
    pub fn micrograph(self, size: usize) -> Micrograph {
        let map = match self {
            Self::Bicontinuous => bicontinuous(size, 0.4, size as f64 / 16.0, 1),
            Self::Marble => marble(size, size as f64 / 8.0, 2),
            Self::Discs => discs(size, 0.3, 3),
            Self::ThreePhase => three_phases(size, size as f64 / 14.0, 4),
        };
        from_labels(self.name(), &map)
    }
}

/// A micrograph whose values are labels.
pub fn from_labels(name: &str, map: &PhaseMap) -> Micrograph {
    let values = map.labels.iter().map(|l| f32::from(*l)).collect();
    let range = (0.0, (map.phases - 1) as f32);
    Micrograph { name: name.into(), ..Micrograph::new(map.size(), 1, values, range) }
}

/// A two-phase periodic structure: phase 1 is where a Gaussian random field of this wavelength is largest.
pub fn bicontinuous(size: usize, volume_fraction: f64, wavelength: f64, seed: u64) -> PhaseMap {
    cut(size, &fields::gaussian(size, wavelength, seed), volume_fraction)
}

/// Phase 1 is the share of a field where it is largest.
fn cut(size: usize, field: &[f64], volume_fraction: f64) -> PhaseMap {
    let level = fields::quantile(field, 1.0 - volume_fraction);
    let labels = field.iter().map(|v| u8::from(*v >= level)).collect();
    PhaseMap::new((size, size), labels, 2)
}

/// A two-phase periodic structure: phase 1 is where a Gaussian random field is largest whose wave numbers are spread
/// around that of the wavelength by a share `bandwidth`.
pub fn banded(size: usize, volume_fraction: f64, wavelength: f64, bandwidth: f64, seed: u64) -> PhaseMap {
    cut(size, &fields::banded(size, wavelength, bandwidth, seed), volume_fraction)
}

/// Like a section of sandstone: discs of many radii (lognormal, of this median in pixels) that overlap at random are the
/// grains, phase 0; what is left between them are the pores, phase 1. Periodic.
pub fn sandstone(size: usize, porosity: f64, radius: f64, seed: u64) -> PhaseMap {
    /// The deviation of the logarithm of radii.
    const WIDTH: f64 = 0.35;
    let mut random = Pcg64::seed_from_u64(seed);
    let mut labels = vec![1u8; size * size];
    let mut open = labels.len();
    while open as f64 > porosity * labels.len() as f64 {
        let r = (radius * (WIDTH * fields::normal(&mut random)).exp()).min(size as f64 / 4.0);
        let (y, x) = (random.random_range(0.0..size as f64), random.random_range(0.0..size as f64));
        let reach = r.ceil() as i64;
        for dy in -reach..=reach {
            for dx in -reach..=reach {
                let (py, px) = (y.floor() + dy as f64, x.floor() + dx as f64);
                if (py - y).hypot(px - x) > r {
                    continue;
                }
                let at = |v: f64| (v as i64).rem_euclid(size as i64) as usize;
                let label = &mut labels[at(py) * size + at(px)];
                open -= usize::from(*label);
                *label = 0;
            }
        }
    }
    PhaseMap::new((size, size), labels, 2)
}

/// Wavy stripes, half of the area: a sine whose phase Perlin noise shifts.
pub fn marble(size: usize, wavelength: f64, seed: u64) -> PhaseMap {
    let noise = fields::Perlin::new(seed);
    let cell = size as f64 / 4.0;
    let value = |y: usize, x: usize| {
        let (y, x) = (y as f64, x as f64);
        let warp = noise.at(y / cell, x / cell) + 0.5 * noise.at(2.0 * y / cell + 17.0, 2.0 * x / cell);
        ((x + 0.35 * y) / wavelength * std::f64::consts::TAU + 5.0 * warp).sin()
    };
    let labels = (0..size * size).map(|i| u8::from(value(i / size, i % size) > 0.0)).collect();
    PhaseMap::new((size, size), labels, 2)
}

/// Discs (phase 1) at random places that do not overlap, periodic, until they fill the volume fraction.
pub fn discs(size: usize, volume_fraction: f64, seed: u64) -> PhaseMap {
    /// Places tried before the structure is taken as it is.
    const TRIES: usize = 20_000;
    let mut random = Pcg64::seed_from_u64(seed);
    let mut map = PhaseMap::new((size, size), vec![0; size * size], 2);
    let mut placed: Vec<(f64, f64, f64)> = vec![];
    let edge = size as f64;
    let apart = |a: f64, b: f64| {
        let d = (a - b).abs();
        d.min(edge - d)
    };
    let mut area = 0.0;
    for _ in 0..TRIES {
        if area >= volume_fraction * edge * edge {
            break;
        }
        let radius = if random.random_bool(0.5) { edge / 28.0 } else { edge / 18.0 };
        let (y, x) = (random.random_range(0.0..edge), random.random_range(0.0..edge));
        if placed.iter().all(|(py, px, pr)| apart(y, *py).hypot(apart(x, *px)) > radius + pr + 2.0) {
            placed.push((y, x, radius));
            area += std::f64::consts::PI * radius * radius;
        }
    }
    for ((y, x), label) in map.labels.indexed_iter_mut() {
        let (y, x) = (y as f64, x as f64);
        *label = u8::from(placed.iter().any(|(py, px, r)| apart(y, *py).hypot(apart(x, *px)) <= *r));
    }
    map
}

/// Three phases: phase 2 from one Gaussian random field (30 %), phase 1 from another (half of the rest).
pub fn three_phases(size: usize, wavelength: f64, seed: u64) -> PhaseMap {
    let (first, second) = (fields::gaussian(size, wavelength, seed), fields::gaussian(size, wavelength, seed + 1000));
    let (cut_first, cut_second) = (fields::quantile(&first, 0.7), fields::quantile(&second, 0.5));
    let label = |(a, b): (&f64, &f64)| if *a >= cut_first { 2 } else { u8::from(*b >= cut_second) };
    let labels = first.iter().zip(&second).map(label).collect();
    PhaseMap::new((size, size), labels, 3)
}
