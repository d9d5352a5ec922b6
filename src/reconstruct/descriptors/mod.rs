//! Reconstruction from physical descriptors (Xu, Dikin, Burkhart & Chen, Comput. Mater. Sci. 85:206, 2014).
//!
//! The particles of a phase are measured: their number, areas, aspect ratios, directions, and the distances between
//! nearest centres. New centres are annealed to these distances, and ellipses with the measured areas and shapes are put on
//! them. The exact volume fraction comes by growing or shrinking all of them alike. The phase with the most pixels is the
//! matrix around the particles.

mod centres;
mod histogram;
mod pack;
mod particles;
mod settings;

use std::sync::Arc;

use rand::RngExt;
use rand::seq::SliceRandom;

use centres::Centres;
use histogram::with_edits;
pub use histogram::{Descriptor, Edit, Histogram, edited};
pub use particles::{Particle, nearest_distances, particles};
pub use settings::{Descriptors, Orientations};

use super::ReconstructError;
use super::pieces::{Pieces, Synthesis, random_of};
use super::plane::{Plane, restored, saved};
use super::reconstruction::Reconstruction;
use super::settings::{MethodSettings, Settings, check_edges};
use super::target::Target;
use super::target_counts;
use crate::compute::Device;
use crate::micrograph::PhaseMap;

/// Pieces for each phase; the last one puts the particles on their centres.
const PIECES: usize = 50;
/// Moves that are tried for each centre.
const MOVES: usize = 60;
/// First and last temperature, in steps of the distances for one centre.
const HOT: f64 = 1.0;
const COLD: f64 = 0.001;

impl MethodSettings for Descriptors {
    fn name(&self) -> &'static str {
        "Physical descriptors"
    }

    fn check(&self, original: (usize, usize), result: (usize, usize)) -> Result<(), ReconstructError> {
        check_edges("Reconstruction from descriptors", original, result)?;
        let wrong = |text: &str| Err(ReconstructError::Settings(text.into()));
        if !(0.05..=20.0).contains(&self.number) {
            return wrong("The number of particles can be 0.05 to 20 times the measured one.");
        }
        if !(0.1..=10.0).contains(&self.aspect) {
            return wrong("Aspect ratios can be 0.1 to 10 times the measured ones.");
        }
        if !(0.0..=10.0).contains(&self.spacing) {
            return wrong("Distances can be 0 to 10 times the measured ones.");
        }
        if !self.edits.iter().all(Edit::is_sound) {
            let text = "A histogram of a descriptor needs a range that makes sense, and a bin that is not empty.";
            return wrong(text);
        }
        let is_repeated = |(n, edit): (usize, &Edit)| {
            self.edits[..n].iter().any(|other| (other.phase, other.descriptor) == (edit.phase, edit.descriptor))
        };
        if self.edits.iter().enumerate().any(is_repeated) {
            return wrong("A descriptor of a phase has more than one histogram.");
        }
        Ok(())
    }

    fn prepare(
        &self,
        target: &Arc<Target>,
        settings: &Settings,
        _device: Device,
    ) -> Result<Box<dyn Reconstruction>, ReconstructError> {
        let map = target.needed_phases("Physical descriptors are those of particles of a phase")?;
        let size = settings.output_size(target.size());
        let counts = target_counts(&map.counts(), size.0 * size.1);
        let matrix = matrix_of(map);
        let mut phases = vec![];
        for phase in (0..map.phases).filter(|phase| *phase != matrix) {
            let measured = particles(map, phase, self.split, &settings.recipe.phase_name(phase))?;
            phases.push((phase, with_edits(measured, &self.edits, phase)));
        }
        let area = (map.pixels(), size.0 * size.1);
        let synthesis = DescriptorSynthesis::new(phases, matrix, counts.clone(), self.clone(), area, size);
        Ok(Box::new(Pieces::new(synthesis, counts)))
    }

    fn is_polished(&self) -> bool {
        // Polished particles would be no ellipses any more.
        false
    }
}

/// The phase with the most pixels, which surrounds the particles.
pub fn matrix_of(map: &PhaseMap) -> usize {
    let counts = map.counts();
    (0..counts.len()).max_by_key(|phase| counts[*phase]).unwrap_or(0)
}

/// The particles of an original, and the realisation in progress.
struct DescriptorSynthesis {
    /// Phases with their particles.
    phases: Vec<(usize, Vec<Particle>)>,
    counts: Vec<usize>,
    settings: Descriptors,
    /// Pixels of the original and of the result.
    area: (usize, usize),
    size: (usize, usize),
    seed: u64,
    /// The result so far.
    made: Plane,
    matrix: usize,
    centres: Option<Centres>,
}

impl DescriptorSynthesis {
    fn new(
        phases: Vec<(usize, Vec<Particle>)>,
        matrix: usize,
        counts: Vec<usize>,
        settings: Descriptors,
        area: (usize, usize),
        size: (usize, usize),
    ) -> Self {
        let (height, width) = size;
        let made = Plane { height, width, channels: 1, phases: counts.len(), values: vec![] };
        let mut new = Self { phases, counts, settings, area, size, seed: 0, made, matrix, centres: None };
        new.begin(0);
        new
    }

    /// The distances between nearest centres that are wanted.
    fn distances(&self, phase: usize, particles: &[Particle]) -> Vec<f64> {
        let mut distances = Descriptor::Distance.of(particles);
        if let Some(histogram) = edited(&self.settings.edits, phase, Descriptor::Distance) {
            distances = histogram.by_rank(&distances);
        }
        let scale = self.settings.spacing / self.settings.number.sqrt();
        distances.into_iter().map(|d| scale * d).collect()
    }

    /// The number of particles of a phase in the result.
    fn number(&self, phase: usize, particles: &[Particle]) -> usize {
        let most = self.counts[phase];
        let wanted = particles.len() as f64 * self.area.1 as f64 / self.area.0 as f64 * self.settings.number;
        // A particle has a pixel at least.
        (wanted.round() as usize).clamp(1, most.max(1))
    }

    fn begin_phase(&mut self, n: usize) {
        let (phase, particles) = &self.phases[n];
        let mut random = random_of(self.seed, usize::MAX / 2 + n);
        let place = |_| [self.size.0, self.size.1].map(|edge| random.random::<f64>() * edge as f64);
        let points = (0..self.number(*phase, particles)).map(place).collect();
        self.centres = Some(Centres::new(self.size, points, &self.distances(*phase, particles)));
    }

    /// Draws the particles of a phase.
    fn place(&mut self, n: usize) {
        let Some(centres) = self.centres.take() else { return };
        let (phase, measured) = &self.phases[n];
        let mut random = random_of(self.seed, usize::MAX / 4 + n);
        // Every measured particle equally often.
        let count = centres.points.len();
        let mut order: Vec<usize> = vec![];
        while order.len() < count {
            let mut round: Vec<usize> = (0..measured.len()).collect();
            round.shuffle(&mut random);
            order.extend(round);
        }
        let shaped = |n: &usize| {
            let particle = measured[*n];
            let angle = match self.settings.orientations {
                Orientations::Measured => particle.angle,
                Orientations::Random => random.random::<f64>() * std::f64::consts::PI,
                Orientations::Rows => 0.0,
                Orientations::Columns => std::f64::consts::FRAC_PI_2,
            };
            // No smaller than 1: the long axis stays the long one.
            let aspect = (particle.aspect * self.settings.aspect).max(1.0);
            Particle { area: particle.area / self.settings.number, aspect, angle, ..particle }
        };
        let mut particles: Vec<Particle> = order[..count].iter().map(shaped).collect();
        // The particles that are drawn have the area of the phase together.
        let pixels = self.counts[*phase];
        let scale = pixels as f64 / particles.iter().map(|p| p.area).sum::<f64>().max(f64::MIN_POSITIVE);
        particles.iter_mut().for_each(|p| p.area *= scale);
        let taken: Vec<bool> = self.made.values.iter().map(|label| usize::from(*label) != self.matrix).collect();
        let levels = pack::pack(&particles, &centres.points, &taken, self.size, &mut random);
        let mut free: Vec<u32> = (0..taken.len() as u32).filter(|at| !taken[*at as usize]).collect();
        let count = pixels.min(free.len());
        let deeper =
            |a: &u32, b: &u32| levels.values[*a as usize].total_cmp(&levels.values[*b as usize]).then(a.cmp(b));
        if count > 0 && count < free.len() {
            free.select_nth_unstable_by(count, deeper);
        }
        free[..count].iter().for_each(|at| self.made.values[*at as usize] = *phase as u8);
    }
}

impl Synthesis for DescriptorSynthesis {
    fn begin(&mut self, seed: u64) {
        self.seed = seed;
        self.made.values = vec![self.matrix as u8; self.size.0 * self.size.1];
        self.centres = None;
    }

    fn pieces(&self) -> usize {
        (self.phases.len() * PIECES).max(1)
    }

    fn make(&mut self, piece: usize) -> f64 {
        let (n, part) = (piece / PIECES, piece % PIECES);
        if self.phases.is_empty() {
            return 0.0;
        }
        if part == 0 {
            self.begin_phase(n);
        }
        if part == PIECES - 1 {
            let energy = self.centres.as_ref().map_or(0.0, Centres::energy);
            self.place(n);
            return energy;
        }
        let Some(centres) = &mut self.centres else { return 0.0 };
        if self.settings.spacing > 0.0 && centres.points.len() > 1 {
            let mut random = random_of(self.seed, piece);
            let temperature = HOT * (COLD / HOT).powf(part as f64 / PIECES as f64) / centres.points.len() as f64;
            for _ in 0..(centres.points.len() * MOVES).div_ceil(PIECES) {
                centres.try_move(temperature, &mut random);
            }
        }
        centres.energy()
    }

    fn plane(&self) -> Plane {
        self.made.clone()
    }

    fn saved(&self) -> Vec<f32> {
        let points = self.centres.iter().flat_map(|centres| centres.points.iter().flatten());
        // Each number in two parts, so that it comes back to the last bit.
        let halves = points.flat_map(|v| {
            let bits = v.to_bits();
            [f32::from_bits((bits >> 32) as u32), f32::from_bits(bits as u32)]
        });
        [saved(&self.made.values), halves.collect()].concat()
    }

    fn restore(&mut self, piece: usize, saved: &[f32]) -> Result<(), String> {
        let pixels = self.made.values.len();
        let (labels, points) = saved.split_at_checked(pixels).ok_or("it is too short")?;
        self.made.values = restored(labels, pixels, self.counts.len())?;
        if !piece.is_multiple_of(PIECES) {
            let (phase, particles) = self.phases.get(piece / PIECES).ok_or("it has too many phases")?;
            let value =
                |pair: &[f32]| f64::from_bits(u64::from(pair[0].to_bits()) << 32 | u64::from(pair[1].to_bits()));
            let points: Vec<[f64; 2]> = points.chunks_exact(4).map(|p| [value(&p[..2]), value(&p[2..])]).collect();
            let inside =
                |p: &[f64; 2]| (0.0..=self.size.0 as f64).contains(&p[0]) && (0.0..=self.size.1 as f64).contains(&p[1]);
            if points.len() != self.number(*phase, particles) || !points.iter().all(inside) {
                return Err("the centres are those of another run".into());
            }
            self.centres = Some(Centres::new(self.size, points, &self.distances(*phase, particles)));
        }
        Ok(())
    }

    fn memory(&self) -> u64 {
        (self.made.values.len() * (1 + size_of::<f32>())) as u64
    }

    fn notes(&self) -> Vec<String> {
        let each = self.phases.iter().map(|(phase, particles)| {
            format!(
                "{} particles of phase {phase} became {} ellipses.",
                particles.len(),
                self.number(*phase, particles)
            )
        });
        let is_known = |edit: &&Edit| self.phases.iter().any(|(phase, _)| *phase == edit.phase);
        let unknown = self.settings.edits.iter().filter(|edit| !is_known(edit));
        let unused =
            unknown.map(|edit| format!("The histogram of phase {} is not used: it has no particles.", edit.phase));
        each.chain(unused).collect()
    }
}
