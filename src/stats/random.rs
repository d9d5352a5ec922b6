//! Random numbers.

use rand::Rng;
use rand_pcg::Pcg64;

/// A number of the standard normal distribution (Marsaglia's polar method).
pub fn normal(random: &mut Pcg64) -> f64 {
    let mut uniform = || (random.next_u64() >> 11) as f64 * (2.0 / (1u64 << 53) as f64) - 1.0;
    loop {
        let (a, b) = (uniform(), uniform());
        let s = a * a + b * b;
        if s > 0.0 && s < 1.0 {
            return a * (-2.0 * s.ln() / s).sqrt();
        }
    }
}
