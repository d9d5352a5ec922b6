//! Cast-iron-like micrographs: graphite in a matrix, from flakes to nodules, with factors that are known.

use std::f64::consts::PI;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::micrograph::PhaseMap;

/// What a graphite micrograph is made from.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Graphite {
    /// 0: bent flakes, six times as long as wide; 1: spheres.
    pub nodularity: f64,
    /// Radius, in pixels, of a disc with the area of a particle.
    pub radius: f64,
    /// Share of the area, 0 … 1.
    pub area_fraction: f64,
}

impl Graphite {
    /// Length over width of a flake of nodularity 0.
    const FLAKE: f64 = 6.0;
    /// Ranges of the factors.
    pub const RADII: (f64, f64) = (2.0, 6.0);
    /// Least and largest area fraction.
    pub const FRACTIONS: (f64, f64) = (0.05, 0.25);
    /// Names of the factors, in the order of [`Graphite::factors`].
    pub const FACTORS: [&'static str; 3] = ["nodularity", "radius", "area fraction"];

    /// Factors drawn evenly from their ranges.
    pub fn random(seed: u64) -> Self {
        let mut random = Pcg64::seed_from_u64(seed);
        Self {
            nodularity: random.random_range(0.0..1.0),
            radius: random.random_range(Self::RADII.0..Self::RADII.1),
            area_fraction: random.random_range(Self::FRACTIONS.0..Self::FRACTIONS.1),
        }
    }

    /// The factors as numbers.
    pub fn factors(&self) -> [f64; 3] {
        [self.nodularity, self.radius, self.area_fraction]
    }

    /// A strength in MPa that follows from the factors as the yield strength of cast irons does, in kind and not in number:
    /// `600 · (0.45 + 0.55 N) · (1 − 1.6 f) · (r₀ / r)^0.15` with the nodularity N, the area fraction f, the radius r and
    /// r₀ = 4 px, and normal noise of 10 MPa that no picture shows. Round graphite cuts less into the matrix than flakes,
    /// little graphite less than much, and fine graphite less than coarse. The same for the same seed.
    pub fn strength(&self, seed: u64) -> f64 {
        const NOISE: f64 = 10.0;
        const NOISE_SEED: u64 = 0x57e2_0a11;
        let noise = super::fields::normal(&mut Pcg64::seed_from_u64(seed ^ NOISE_SEED));
        let shape = 0.45 + 0.55 * self.nodularity;
        600.0 * shape * (1.0 - 1.6 * self.area_fraction) * (4.0 / self.radius).powf(0.15) + NOISE * noise
    }

    /// A periodic micrograph of `size` × `size` pixels, the graphite being phase 1; the same for the same seed.
    ///
    /// Particles are placed at random, apart from each other as long as there is room, until their pixels come
    /// nearest to the area fraction. Their areas vary by some 15 % around the given one.
    pub fn phase_map(&self, size: usize, seed: u64) -> PhaseMap {
        /// Places tried before a particle may touch another one.
        const TRIES: usize = 200;
        let mut random = Pcg64::seed_from_u64(seed);
        let wanted = self.area_fraction * (size * size) as f64;
        let mut labels = vec![0u8; size * size];
        let mut filled = 0;
        loop {
            let radius = self.radius * random.random_range(0.85..1.15);
            let mut pixels = vec![];
            for attempt in 0..TRIES {
                pixels = self.particle(size, radius, &mut random);
                let grown = || self.neighbourhood(size, &pixels);
                if attempt + 1 == TRIES || grown().all(|at| labels[at] == 0) {
                    break;
                }
            }
            pixels.retain(|at| labels[*at] == 0);
            let before = (wanted - filled as f64).abs();
            let after = (wanted - (filled + pixels.len()) as f64).abs();
            if after >= before && filled > 0 {
                break;
            }
            filled += pixels.len();
            pixels.into_iter().for_each(|at| labels[at] = 1);
        }
        PhaseMap::new((size, size), labels, 2)
    }

    /// Pixels of a particle at a random place and angle: discs along an arc, widest in the middle.
    fn particle(&self, size: usize, radius: f64, random: &mut Pcg64) -> Vec<usize> {
        let aspect = 1.0 + (Self::FLAKE - 1.0) * (1.0 - self.nodularity);
        let (long, wide) = (radius * aspect.sqrt(), radius / aspect.sqrt());
        let (y, x) = (random.random_range(0.0..size as f64), random.random_range(0.0..size as f64));
        let angle = random.random_range(0.0..2.0 * PI);
        // The whole bend of a flake, up to 100 degrees; a sphere has none.
        let bend = random.random_range(-1.75..1.75) * (1.0 - self.nodularity);
        // An ellipse is the union of the discs around the points of a shorter line, here bent into an arc.
        let squares = long * long - wide * wide;
        let reach = squares / long;
        let steps = (4.0 * reach).ceil() as i32;
        let mut pixels = vec![];
        for step in -steps..=steps {
            let along = if steps == 0 { 0.0 } else { reach * f64::from(step) / f64::from(steps) };
            // The chord of the arc from its middle to here.
            let half = 0.25 * bend * along / long;
            let chord = if half.abs() < 1e-9 { along } else { along * half.sin() / half };
            let (cy, cx) = (y + chord * (angle + half).sin(), x + chord * (angle + half).cos());
            let disc = if steps == 0 { wide } else { wide * (1.0 - along * along / squares).max(0.0).sqrt() };
            add_disc(size, cy, cx, disc.max(0.71), &mut pixels);
        }
        pixels.sort_unstable();
        pixels.dedup();
        pixels
    }

    fn neighbourhood<'a>(&self, size: usize, pixels: &'a [usize]) -> impl Iterator<Item = usize> + 'a {
        pixels.iter().flat_map(move |at| {
            let (row, column) = (at / size, at % size);
            [(0, 0), (0, 2), (2, 0), (0, size - 2), (size - 2, 0)]
                .map(|(y, x)| (row + y) % size * size + (column + x) % size)
        })
    }
}

/// Adds the pixels whose middle lies in a disc, which continues at the opposite edges.
fn add_disc(size: usize, y: f64, x: f64, radius: f64, pixels: &mut Vec<usize>) {
    let around = |v: i64| v.rem_euclid(size as i64) as usize;
    for row in (y - radius).ceil() as i64..=(y + radius).floor() as i64 {
        let half = (radius * radius - (row as f64 - y).powi(2)).max(0.0).sqrt();
        for column in (x - half).ceil() as i64..=(x + half).floor() as i64 {
            pixels.push(around(row) * size + around(column));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_factors_are_those_of_the_picture() {
        for seed in 0..6 {
            let graphite = Graphite::random(seed);
            let map = graphite.phase_map(128, seed);
            let off = (map.volume_fractions()[1] - graphite.area_fraction).abs();
            assert!(off < 0.006, "{graphite:?}: area fraction off by {off}");
            assert_eq!(map, graphite.phase_map(128, seed), "the same for the same seed");
            assert_ne!(map, graphite.phase_map(128, seed + 100));
        }
    }

    #[test]
    fn nodules_are_round_and_flakes_are_long() {
        let mut random = Pcg64::seed_from_u64(3);
        for (nodularity, least, most) in [(1.0, 0.9, 1.2), (0.0, 3.0, 8.0)] {
            let graphite = Graphite { nodularity, radius: 5.0, area_fraction: 0.1 };
            let mut aspects = vec![];
            for _ in 0..40 {
                let pixels = graphite.particle(512, 5.0, &mut random);
                let area = pixels.len() as f64;
                assert!((area / (25.0 * PI) - 1.0).abs() < 0.35, "area {area} at nodularity {nodularity}");
                // Particles that cross an edge are left out, because they appear in two parts.
                let (rows, columns): (Vec<usize>, Vec<usize>) = pixels.iter().map(|at| (at / 512, at % 512)).unzip();
                let span = |v: &[usize]| v.iter().max().unwrap_or(&0) - v.iter().min().unwrap_or(&0);
                if span(&rows) < 100 && span(&columns) < 100 {
                    let longest = span(&rows).max(span(&columns)) as f64 + 1.0;
                    aspects.push(longest * longest / area * PI / 4.0);
                }
            }
            let mean = aspects.iter().sum::<f64>() / aspects.len() as f64;
            assert!((least..most).contains(&mean), "nodularity {nodularity}: {mean}");
        }
    }
}
