//! Multiple-point statistics by direct sampling (Mariethoz, Renard & Straubhaar, Water Resour. Res. 46:W11536, 2010).
//!
//! Pixels are made in random order, on coarse grids first. For each one the original is searched, from a random place on,
//! for one whose surroundings agree with the pixels that are made already; it gives its value. Painted pixels are among
//! those made already, so everything else fits to them.

mod search;
mod settings;

use std::sync::Arc;

use rand::RngExt;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use search::Search;
pub use settings::{Dab, MOST_DABS, MOST_NEIGHBOURS, MOST_PLACES, Sampling};

use super::ReconstructError;
use super::pieces::{Pieces, Synthesis, random_of};
use super::plane::{Plane, restored, saved};
use super::reconstruction::Reconstruction;
use super::settings::{MethodSettings, Settings, check_edges};
use super::target::Target;
use super::target_counts;
use crate::compute::Device;

/// Pixels of a piece.
const PIECE: usize = 1024;
/// Pixels that are made at the same time, as a share of those made already: so few that they are hardly ever neighbours.
const AT_ONCE: usize = 100;
/// The largest row, column and radius of a painted disc, and the most pixels that are painted.
const MOST_EDGE: usize = 16_384;
const MOST_PAINTED: usize = 1 << 31;
/// The coarsest grid, in pixels.
const GRID: usize = 16;

impl MethodSettings for Sampling {
    fn name(&self) -> &'static str {
        "Direct sampling"
    }

    fn check(&self, original: (usize, usize), result: (usize, usize)) -> Result<(), ReconstructError> {
        check_edges("Direct sampling", original, result)?;
        let wrong = |text: String| Err(ReconstructError::Settings(text));
        if !(1..=MOST_NEIGHBOURS).contains(&self.neighbours) {
            return wrong(format!("Between 1 and {MOST_NEIGHBOURS} neighbours can be compared."));
        }
        if !(0.0..=1.0).contains(&self.threshold) {
            return wrong("The share of neighbours that may differ lies between 0 and 1.".into());
        }
        if !(1..=MOST_PLACES).contains(&self.places) {
            return wrong(format!("Between 1 and {MOST_PLACES} places can be looked at for a pixel."));
        }
        if self.painted.len() > MOST_DABS {
            return wrong(format!("At most {MOST_DABS} discs can be painted."));
        }
        let is_large = |dab: &&Dab| dab.radius.max(dab.row).max(dab.column) > MOST_EDGE;
        if let Some(dab) = self.painted.iter().find(is_large) {
            return wrong(format!(
                "A painted disc has row {}, column {} and radius {}; at most {MOST_EDGE} is possible.",
                dab.row, dab.column, dab.radius
            ));
        }
        if self.painted.iter().map(|dab| (2 * dab.radius + 1).pow(2)).sum::<usize>() > MOST_PAINTED {
            return wrong("The painted discs are too large together; paint fewer or smaller ones.".into());
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
        let original = Plane::of_target(target);
        let is_phase = |dab: &Dab| original.phases == 0 || usize::from(dab.value) < original.phases;
        if let Some(dab) = self.painted.iter().find(|dab| !is_phase(dab)) {
            let text = format!("Phase {} is painted, and the original has only {}.", dab.value, original.phases);
            return Err(ReconstructError::Settings(text));
        }
        let counts = target.phases.as_ref().map(|map| target_counts(&map.counts(), size.0 * size.1));
        let synthesis = SamplingSynthesis::new(original, self.clone(), size);
        Ok(Box::new(Pieces::new(synthesis, counts.unwrap_or_default())))
    }

    fn is_polished(&self) -> bool {
        // The polish would exchange painted pixels too.
        self.painted.is_empty()
    }
}

/// A realisation in progress.
struct SamplingSynthesis {
    search: Search,
    settings: Sampling,
    made: Plane,
    /// Whether each pixel is made.
    is_made: Vec<bool>,
    /// Whether each pixel is painted.
    is_painted: Vec<bool>,
    /// The pixels in the order in which they are made.
    path: Vec<u32>,
    seed: u64,
}

impl SamplingSynthesis {
    fn new(original: Plane, settings: Sampling, size: (usize, usize)) -> Self {
        let made = original.blank(size);
        let is_painted = vec![false; size.0 * size.1];
        let search = Search::new(original, size, &settings);
        let mut new = Self { search, settings, made, is_made: is_painted.clone(), is_painted, path: vec![], seed: 0 };
        new.paint();
        new
    }

    /// Sets the painted pixels.
    fn paint(&mut self) {
        let (height, width) = (self.made.height, self.made.width);
        for dab in &self.settings.painted {
            let rows = dab.row.saturating_sub(dab.radius)..(dab.row.saturating_add(dab.radius + 1)).min(height);
            for row in rows {
                let columns =
                    dab.column.saturating_sub(dab.radius)..(dab.column.saturating_add(dab.radius + 1)).min(width);
                for column in columns {
                    let square = |a: usize, b: usize| (a.abs_diff(b) as u128).pow(2);
                    if square(row, dab.row) + square(column, dab.column) <= (dab.radius as u128).pow(2) {
                        let at = row * width + column;
                        self.made.set(at, &[dab.value; 3][..self.made.channels]);
                        self.is_painted[at] = true;
                    }
                }
            }
        }
    }
}

impl Synthesis for SamplingSynthesis {
    fn begin(&mut self, seed: u64) {
        self.seed = seed;
        self.made = self.made.blank((self.made.height, self.made.width));
        self.paint();
        self.is_made = self.is_painted.clone();
        let mut random = random_of(seed, usize::MAX - 1);
        let mut path: Vec<u32> = (0..self.is_made.len() as u32).filter(|at| !self.is_made[*at as usize]).collect();
        path.shuffle(&mut random);
        let width = self.made.width;
        let grid = |at: usize| ((at / width) | (at % width) | GRID).trailing_zeros();
        path.sort_by_key(|at| std::cmp::Reverse(grid(*at as usize)));
        self.path = path;
    }

    fn pieces(&self) -> usize {
        self.path.len().div_ceil(PIECE).max(1)
    }

    fn make(&mut self, piece: usize) -> f64 {
        let pixels = (piece * PIECE).min(self.path.len())..((piece + 1) * PIECE).min(self.path.len());
        let given = self.is_made.len() - self.path.len();
        let count = pixels.len().max(1) as f64;
        let (mut next, mut sum) = (pixels.start, 0.0);
        while next < pixels.end {
            let end = (next + ((given + next) / AT_ONCE).max(1)).min(pixels.end);
            let find = |n: usize| {
                let mut random = random_of(self.seed, n);
                let start = random.random::<u64>();
                self.search.find(&self.made, &self.is_made, self.path[n] as usize, start)
            };
            let found: Vec<(usize, f64)> = (next..end).into_par_iter().map(find).collect();
            for (n, (from, distance)) in (next..end).zip(found) {
                let at = self.path[n] as usize;
                self.made.set(at, self.search.original.pixel(from));
                self.is_made[at] = true;
                sum += distance;
            }
            next = end;
        }
        sum / count
    }

    fn plane(&self) -> Plane {
        // Pixels that are not made yet are shown as the last one of their row that is.
        let mut shown = self.made.clone();
        for at in 1..self.is_made.len() {
            if !self.is_made[at] {
                let before = shown.pixel(at - 1).to_vec();
                shown.set(at, &before);
            }
        }
        shown
    }

    fn saved(&self) -> Vec<f32> {
        saved(&self.made.values)
    }

    fn restore(&mut self, piece: usize, saved: &[f32]) -> Result<(), String> {
        let most = if self.made.phases > 0 { self.made.phases } else { 256 };
        self.made.values = restored(saved, self.made.values.len(), most)?;
        let done = (piece * PIECE).min(self.path.len());
        self.path[..done].iter().for_each(|at| self.is_made[*at as usize] = true);
        Ok(())
    }

    fn kept(&self) -> &[bool] {
        &self.is_painted
    }

    fn memory(&self) -> u64 {
        (self.made.values.len() * (2 + size_of::<u32>()) + self.search.original.values.len()) as u64
    }
}
