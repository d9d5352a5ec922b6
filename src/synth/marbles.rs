//! Grey pictures of marble, whose parameters are known.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use super::fields::Perlin;

/// Marble (Lubbers, Lookman & Barros, Phys. Rev. E 96:052111, 2017): `φ = cos(2πk u·n)` with `u = r + A h(r)`, the
/// direction n, and smooth multi-scale noise h. Places r are in edges of the picture.
///
/// The paper does not give the scale of h. Here both components of h have the deviation [`Marble::NOISE`], and two octaves
/// with 28 and 56 cells along an edge. This scale was chosen so that maps follow k and A as well as the paper's Table I says
/// from four dimensions on: stripes are straight at A = 0, rough at 1, and broken at 4.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Marble {
    /// The angle of n to the rows, in radians from 0 to π.
    pub angle: f64,
    /// k: waves along the picture's edge.
    pub scale: f64,
    /// A: the strength of the noise.
    pub noise: f64,
}

impl Marble {
    /// The deviation of each component of h, in edges of the picture.
    pub const NOISE: f64 = 0.0025;

    /// Random parameters, the same for the same seed: angle 0 … π, k 4 … 12, A 0 … 4.
    pub fn random(seed: u64) -> Self {
        let mut random = Pcg64::seed_from_u64(seed);
        Self {
            angle: random.random_range(0.0..std::f64::consts::PI),
            scale: random.random_range(4.0..12.0),
            noise: random.random_range(0.0..4.0),
        }
    }

    /// The same rounded to whole grey values.
    pub fn picture(&self, edge: usize, seed: u64) -> Vec<u8> {
        self.grey(edge, seed).into_iter().map(|v| v.round() as u8).collect()
    }

    /// A square picture of grey values 0 … 255, row by row.
    pub fn grey(&self, edge: usize, seed: u64) -> Vec<f32> {
        /// Cells of the coarsest noise along an edge.
        const CELLS: f64 = 28.0;
        /// Each octave has twice as many cells and half of the strength.
        const OCTAVES: i32 = 2;
        /// The deviation of one octave of this noise, as measured.
        const PERLIN: f64 = 0.302;
        let (sine, cosine) = self.angle.sin_cos();
        let noises = [0, 1].map(|component: u64| Perlin::new(seed.wrapping_mul(2).wrapping_add(component)));
        let strengths: f64 = (0..OCTAVES).map(|octave| 0.25f64.powi(octave)).sum::<f64>().sqrt();
        let h = |noise: &Perlin, y: f64, x: f64| {
            let octave = |octave: i32| {
                let cells = CELLS * 2f64.powi(octave);
                // Octaves do not have their corners at the same places.
                let shift = 17.3 * f64::from(octave);
                0.5f64.powi(octave) * noise.at(y * cells + shift, x * cells + shift)
            };
            (0..OCTAVES).map(octave).sum::<f64>() * Self::NOISE / (PERLIN * strengths)
        };
        let value = |at: usize| {
            let (y, x) = ((at / edge) as f64 / edge as f64, (at % edge) as f64 / edge as f64);
            let [down, across] = [&noises[0], &noises[1]].map(|noise| h(noise, y, x));
            let along = cosine * (x + self.noise * across) + sine * (y + self.noise * down);
            127.5 + 127.5 * (std::f64::consts::TAU * self.scale * along).cos()
        };
        (0..edge * edge).map(|at| value(at) as f32).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_noise_has_its_deviation_and_stripes_their_direction() {
        // The deviation of the octave that `Marble::grey` assumes.
        let values: Vec<f64> = (0..200)
            .flat_map(|seed| {
                let noise = Perlin::new(seed);
                (0..400).map(move |n| noise.at(f64::from(n / 20) * 0.713, f64::from(n % 20) * 0.619))
            })
            .collect();
        let deviation = (values.iter().map(|v| v * v).sum::<f64>() / values.len() as f64).sqrt();
        assert!((deviation - 0.302).abs() < 0.01, "{deviation}");
        let straight = Marble { angle: 0.0, scale: 4.0, noise: 0.0 }.grey(32, 1);
        assert!((0..32).all(|x| (straight[x] - straight[31 * 32 + x]).abs() < 1e-3));
        assert!((straight[0] - straight[8]).abs() < 1e-3 && straight[4] < 1.0);
        assert_ne!(
            Marble { noise: 2.0, ..Marble::random(3) }.grey(32, 1),
            Marble { noise: 2.0, ..Marble::random(3) }.grey(32, 2)
        );
    }
}
