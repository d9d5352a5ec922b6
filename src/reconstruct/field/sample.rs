//! Fields of a spectrum, and their level cuts.

use rand::SeedableRng;
use rand_pcg::Pcg64;

use super::Spectrum;
use crate::micrograph::PhaseMap;
use crate::stats::{Fourier, normal};

/// A Gaussian field of a spectrum.
pub fn field(spectrum: &Spectrum, (height, width): (usize, usize), random: &mut Pcg64) -> Vec<f64> {
    let noise: Vec<f64> = (0..height * width).map(|_| normal(random)).collect();
    let fourier = Fourier::new(height, width);
    let mut values = fourier.transform(|at| noise[at]);
    values.iter_mut().zip(&spectrum.amplitudes).for_each(|(value, amplitude)| *value *= *amplitude);
    fourier.invert(values)
}

/// Cuts one field for each phase but the last, among what the earlier ones leave: the highest values become the phase.
pub fn cut_fields(spectra: &[Spectrum], counts: &[usize], size: (usize, usize), seed: u64) -> PhaseMap {
    let mut random = Pcg64::seed_from_u64(seed);
    let last = counts.len().saturating_sub(1) as u8;
    let mut labels = vec![last; size.0 * size.1];
    let mut left: Vec<u32> = (0..labels.len() as u32).collect();
    for (phase, (spectrum, count)) in spectra.iter().zip(counts).enumerate() {
        let values = field(spectrum, size, &mut random);
        // The place breaks ties, so that the same seed gives the same result everywhere.
        let higher = |a: &u32, b: &u32| values[*b as usize].total_cmp(&values[*a as usize]).then(a.cmp(b));
        let count = (*count).min(left.len());
        if count > 0 && count < left.len() {
            left.select_nth_unstable_by(count, higher);
        }
        left.drain(..count).for_each(|at| labels[at as usize] = phase as u8);
    }
    PhaseMap::new(size, labels, counts.len())
}
