//! Particles as ellipses on their centres.

use ndarray::Array2;
use rand::RngExt;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

use super::particles::Particle;
use crate::stats::{Boundary, squared_distances};

/// Free centres among which each particle chooses the one where it overlaps least.
const CHOICE: usize = 40;
/// How far beyond an ellipse its level is told, in pixels.
const BEYOND: f64 = 8.0;
/// The level of pixels that are further.
const FAR: f32 = 1e6;

/// The distance of each pixel from the edge of the nearest ellipse, negative inside, in pixels along the ray from the
/// centre; a large number far from all.
pub struct Levels {
    height: usize,
    width: usize,
    /// Row by row.
    pub values: Vec<f32>,
}

impl Levels {
    /// Of no ellipse.
    pub fn new((height, width): (usize, usize)) -> Self {
        Self { height, width, values: vec![FAR; height * width] }
    }

    /// The pixels around an ellipse with their levels.
    fn each(&self, particle: &Particle, beyond: f64, mut visit: impl FnMut(usize, f64)) {
        let [long, short] = particle.semi_axes();
        let reach = long + beyond + 1.0;
        let range = |centre: f64, edge: usize| {
            ((centre - reach).max(0.0) as usize)..((centre + reach).max(0.0) as usize + 1).min(edge)
        };
        let [y, x] = particle.centre;
        let (sine, cosine) = particle.angle.sin_cos();
        for row in range(y, self.height) {
            for column in range(x, self.width) {
                let (down, across) = (row as f64 - y, column as f64 - x);
                let (along, beside) = ((cosine * across + sine * down) / long, (cosine * down - sine * across) / short);
                let ratio = (along * along + beside * beside).sqrt();
                let distance = (down * down + across * across).sqrt();
                let level = if ratio > 1e-9 { distance - distance / ratio } else { -short };
                if level <= beyond {
                    visit(row * self.width + column, level);
                }
            }
        }
    }

    /// Pixels of an ellipse that lie in others already, and beside it.
    fn overlap(&self, particle: &Particle) -> usize {
        let mut count = 0;
        self.each(particle, 1.0, |at, _| count += usize::from(self.values[at] <= 0.0));
        count
    }

    /// Gives the pixels that are far from all ellipses their distance from the nearest one.
    fn reach_everywhere(&mut self) {
        let outside: Vec<bool> = self.values.iter().map(|level| *level > 0.0).collect();
        let Ok(outside) = Array2::from_shape_vec((self.height, self.width), outside) else { return };
        let squares = squared_distances(&outside.view(), Boundary::Open);
        for (level, square) in self.values.iter_mut().zip(&squares).filter(|(level, _)| **level >= FAR) {
            *level = BEYOND as f32 + square.sqrt();
        }
    }

    fn add(&mut self, particle: &Particle) {
        let mut levels = std::mem::take(&mut self.values);
        self.each(particle, BEYOND, |at, level| levels[at] = levels[at].min(level as f32));
        self.values = levels;
    }
}

/// Puts particles on centres, the largest first, each where it overlaps least with those before; returns the levels.
pub fn pack(
    particles: &[Particle],
    centres: &[[f64; 2]],
    taken: &[bool],
    size: (usize, usize),
    random: &mut Pcg64,
) -> Levels {
    let mut levels = Levels::new(size);
    // What other phases have taken is as good as covered.
    taken.iter().enumerate().filter(|(_, taken)| **taken).for_each(|(at, _)| levels.values[at] = -1e6);
    let mut order: Vec<&Particle> = particles.iter().collect();
    order.sort_by(|a, b| b.area.total_cmp(&a.area));
    let mut free: Vec<[f64; 2]> = centres.to_vec();
    free.shuffle(random);
    for particle in order {
        let mut best = (usize::MAX, 0);
        for _ in 0..CHOICE.min(free.len()) {
            let n = random.random_range(0..free.len());
            let overlap = levels.overlap(&Particle { centre: free[n], ..*particle });
            if overlap < best.0 {
                best = (overlap, n);
            }
            if overlap == 0 {
                break;
            }
        }
        if best.0 == usize::MAX {
            break;
        }
        let centre = free.swap_remove(best.1);
        levels.add(&Particle { centre, ..*particle });
    }
    levels.reach_everywhere();
    levels
}
