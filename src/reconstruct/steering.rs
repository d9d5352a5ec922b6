//! Volume fractions that are steered while a result is made, so that little is left to be repaired.

use super::plane::Plane;
use crate::micrograph::MOST_PHASES;

/// How strongly fractions are steered: the shift of the logarithm of a phase's probability where its fraction so far
/// is off by as much as chance alone would make it.
const SHIFT: f64 = 0.02;
/// The fractions of the pixels that are made so far.
#[derive(Clone, Debug)]
pub struct Steering {
    wanted: [f64; MOST_PHASES],
    found: [f64; MOST_PHASES],
}

impl Steering {
    /// Towards the fractions of an original.
    pub fn of(original: &Plane) -> Self {
        let mut wanted = [0.0; MOST_PHASES];
        if original.phases > 0 {
            let share = 1.0 / original.values.len() as f64;
            original.values.iter().for_each(|label| wanted[usize::from(*label)] += share);
        }
        Self { wanted, found: [0.0; MOST_PHASES] }
    }

    /// Counts a pixel that was made.
    pub fn count(&mut self, phase: u8) {
        self.found[usize::from(phase)] += 1.0;
    }

    /// The factor of a phase's probability.
    pub fn factor(&self, phase: usize) -> f64 {
        let all: f64 = self.found.iter().sum();
        let wanted = self.wanted[phase];
        let excess = self.found[phase] - wanted * all;
        let chance = (all * wanted * (1.0 - wanted)).sqrt().max(1.0);
        (-SHIFT * excess / chance).exp()
    }

    /// The counts so far, for a checkpoint.
    pub fn saved(&self) -> Vec<f32> {
        self.found.iter().flat_map(|n| [(n / 4096.0).floor() as f32, (n % 4096.0) as f32]).collect()
    }

    /// Takes them back from the beginning of what was saved; returns the rest.
    ///
    /// # Errors
    /// They make no sense.
    pub fn restore<'a>(&mut self, saved: &'a [f32]) -> Result<&'a [f32], String> {
        let (found, rest) = saved.split_at_checked(2 * MOST_PHASES).ok_or("it is too short")?;
        if !found.iter().all(|n| (0.0..1e6).contains(n)) {
            return Err("its numbers of pixels make no sense".into());
        }
        let number = |pair: &[f32]| f64::from(pair[0]) * 4096.0 + f64::from(pair[1]);
        self.found.iter_mut().zip(found.chunks_exact(2)).for_each(|(to, pair)| *to = number(pair));
        Ok(rest)
    }
}
