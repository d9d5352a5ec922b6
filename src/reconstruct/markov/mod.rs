//! Synthesis of a Markov random field (Wei & Levoy, SIGGRAPH 2000; of micrographs: Liu & Shapiro, Comput. Mater. Sci.
//! 99:177, 2015).
//!
//! Pixels are made in reading order, from coarse to fine. Each one takes the value of the pixel of the original with the
//! most similar surroundings: the pixels before it, and those of the coarser picture around it. Among nearly as similar
//! ones chance decides (Efros & Leung, ICCV 1999).

mod nearest;
mod settings;

use std::sync::Arc;

use nearest::{Quantiser, Vectors};
use rand::RngExt;
use rand_pcg::Pcg64;

pub use settings::{MOST_REACH, MOST_SCALES, Markov};

use super::ReconstructError;
use super::causal::{Canvases, Place, Steps, Surroundings, inner_places, most_reach, sizes_of};
use super::pieces::{Pieces, Synthesis, random_of};
use super::plane::Plane;
use super::reconstruction::Reconstruction;
use super::settings::{MethodSettings, Settings, check_edges};
use super::steering::Steering;
use super::target::Target;
use super::target_counts;
use crate::compute::Device;

/// The most pixels of the original whose surroundings are kept at each size.
const MOST_PIXELS: usize = 1 << 17;
/// The most numbers that they take together: 256 MiB.
const MOST_NUMBERS: usize = 1 << 26;

/// Neighbourhoods of labels that are nearer than this count as equal (the square of the distance; an unlike label beside
/// the pixel counts nearly 1). Without it single dots repeat for ever.
const NEAR: f32 = 0.3;

impl MethodSettings for Markov {
    fn name(&self) -> &'static str {
        "Markov random field"
    }

    fn check(&self, original: (usize, usize), result: (usize, usize)) -> Result<(), ReconstructError> {
        check_edges("A Markov random field", original, result)?;
        let wrong = |text: String| Err(ReconstructError::Settings(text));
        if !(1..=MOST_REACH).contains(&self.reach) {
            return wrong(format!("A pixel can see between 1 and {MOST_REACH} pixels."));
        }
        if !(1..=MOST_SCALES).contains(&self.scales) {
            return wrong(format!("Between 1 and {MOST_SCALES} sizes are possible."));
        }
        if !(0.0..=10.0).contains(&self.tolerance) {
            return wrong("The tolerance lies between 0 and 10.".into());
        }
        Ok(())
    }

    fn prepare(
        &self,
        target: &Arc<Target>,
        settings: &Settings,
        _device: Device,
    ) -> Result<Box<dyn Reconstruction>, ReconstructError> {
        let size = settings.output_size(target.size());
        let counts = target.phases.as_ref().map(|map| target_counts(&map.counts(), size.0 * size.1));
        let synthesis = MarkovSynthesis::new(Plane::of_target(target), self, size);
        Ok(Box::new(Pieces::new(synthesis, counts.unwrap_or_default())))
    }
}

/// The surroundings of an original's pixels at one size.
struct Known {
    /// The place of each pixel among the values of the original.
    places: Vec<u32>,
    vectors: Vectors,
    tree: Quantiser,
}

/// The neighbourhoods of an original, and the realisation in progress.
struct MarkovSynthesis {
    originals: Vec<Plane>,
    known: Vec<Known>,
    reaches: Vec<usize>,
    tolerance: f32,
    size: (usize, usize),
    seed: u64,
    made: usize,
    canvases: Canvases,
    steering: Steering,
}

/// The numbers of a pixel's surroundings: labels of two phases as 0 and 1, of more as one number each, values over 255.
fn write_vector(around: &Surroundings, place: Place, phases: usize, vector: &mut Vec<f32>) {
    for (value, weight) in around.values(place).zip(&around.steps.weights) {
        match phases {
            0 => vector.push(weight * f32::from(value) / 255.0),
            1 | 2 => vector.push(weight * f32::from(value)),
            // Two unlike labels are as far from each other as with two phases.
            _ => {
                let own = |p: usize| if p == usize::from(value) { weight * 0.5f32.sqrt() } else { 0.0 };
                vector.extend((0..phases).map(own));
            }
        }
    }
}

impl Known {
    fn new(plane: &Plane, coarser: Option<&Plane>, reach: usize) -> Self {
        let numbers = if plane.phases > 2 { plane.phases } else { 1 };
        let steps = Steps::of(plane, coarser, reach);
        let around = Surroundings::of(plane, coarser, &steps);
        let length = around.count() * numbers;
        let most = MOST_PIXELS.min(MOST_NUMBERS / length);
        let places = inner_places(plane, coarser, reach, most);
        let mut values = Vec::with_capacity(places.len() * length);
        places.iter().for_each(|place| write_vector(&around, *place, plane.phases, &mut values));
        let vectors = Vectors { length, values };
        let tree = Quantiser::new(&vectors);
        Self { places: places.into_iter().map(|place| place.fine).collect(), vectors, tree }
    }
}

impl MarkovSynthesis {
    fn new(original: Plane, settings: &Markov, size: (usize, usize)) -> Self {
        let originals = sizes_of(original, settings.scales);
        let reaches: Vec<usize> = originals.iter().map(|plane| settings.reach.min(most_reach(plane))).collect();
        let coarser = |n: usize| n.checked_sub(1).map(|c| &originals[c]);
        let known = (0..originals.len()).map(|n| Known::new(&originals[n], coarser(n), reaches[n])).collect();
        let canvases = Canvases::new(&originals, &reaches, size, 0);
        let steering = Steering::of(&originals[0]);
        Self {
            steering,
            originals,
            known,
            reaches,
            tolerance: settings.tolerance as f32,
            size,
            seed: 0,
            made: 0,
            canvases,
        }
    }
}

impl MarkovSynthesis {
    /// One of the candidates at random, rather of a phase that is behind.
    fn chosen(&self, found: &[(u32, f32)], known: &Known, original: &Plane, random: &mut Pcg64) -> (u32, f32) {
        let weight = |(n, _): &(u32, f32)| match original.phases {
            0 => 1.0,
            _ => self.steering.factor(usize::from(original.values[known.places[*n as usize] as usize])),
        };
        let mut left = random.random::<f64>() * found.iter().map(weight).sum::<f64>();
        let chosen = found.iter().find(|candidate| {
            left -= weight(candidate);
            left < 0.0
        });
        *chosen.unwrap_or(&found[found.len() - 1])
    }
}

impl Synthesis for MarkovSynthesis {
    fn begin(&mut self, seed: u64) {
        (self.seed, self.made) = (seed, 0);
        self.canvases = Canvases::new(&self.originals, &self.reaches, self.size, seed);
    }

    fn pieces(&self) -> usize {
        self.canvases.pieces()
    }

    fn make(&mut self, piece: usize) -> f64 {
        let mut random = random_of(self.seed, piece);
        let (n, pixels) = self.canvases.piece(piece);
        let (known, original) = (&self.known[n], &self.originals[n]);
        if pixels.start == 0 {
            self.steering = Steering::of(original);
        }
        let (mut wanted, mut found) = (vec![], vec![]);
        let count = pixels.len().max(1) as f64;
        let mut sum = 0.0;
        let least = if original.phases > 0 { NEAR } else { 0.0 };
        for at in pixels {
            let place = self.canvases.canvas(n).place(at);
            wanted.clear();
            write_vector(&self.canvases.surroundings(n), place, original.phases, &mut wanted);
            known.tree.candidates(&known.vectors, &wanted, &mut found);
            let nearest = found.iter().map(|(_, distance)| *distance).fold(f32::INFINITY, f32::min);
            let most = nearest.max(least) * (1.0 + self.tolerance).powi(2);
            found.retain(|(_, distance)| *distance <= most);
            let (chosen, distance) = self.chosen(&found, known, original, &mut random);
            let from = known.places[chosen as usize] as usize;
            self.canvases.set(n, place, &original.values[from..from + original.channels]);
            if original.phases > 0 {
                self.steering.count(original.values[from]);
            }
            sum += f64::from(distance).sqrt() / (wanted.len() as f64).sqrt();
        }
        self.made = piece + 1;
        sum / count
    }

    fn plane(&self) -> Plane {
        self.canvases.result(self.made)
    }

    fn saved(&self) -> Vec<f32> {
        [self.steering.saved(), self.canvases.saved()].concat()
    }

    fn restore(&mut self, piece: usize, saved: &[f32]) -> Result<(), String> {
        self.made = piece;
        let values = self.steering.restore(saved)?;
        self.canvases.restore(values)
    }

    fn memory(&self) -> u64 {
        let vectors: usize = self.known.iter().map(|known| known.vectors.values.len() * size_of::<f32>()).sum();
        self.canvases.memory() + vectors as u64
    }
}
