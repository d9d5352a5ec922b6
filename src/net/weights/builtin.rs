//! Seeded random filters: textures can be matched without training (Ustyuzhaninov et al. 2016, arXiv:1606.00021;
//! He, Wang & Hopcroft 2016, arXiv:1606.04801).

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::{Rng, SeedableRng};
use rand_pcg::Pcg64;

use super::layers::LayerWeights;
use crate::net::Layer;

/// The seed of all built-in networks. Each layer has a random stream of its own, so that a deeper network begins like a
/// shallower one.
const SEED: u64 = 5;

/// He-scaled filters without bias, zero-mean above the first layer.
///
/// Only additions, multiplications and square roots of f64, which IEEE 754 defines to the last bit: the same on every
/// platform.
pub fn layers(depth: Layer) -> BTreeMap<&'static str, LayerWeights> {
    let make = |(name, inputs, outputs): (&'static str, usize, usize)| {
        let number = Layer::named(name).map_or(0, Layer::number) as u64;
        let mut random = Pcg64::seed_from_u64(SEED + number);
        let deviation = (2.0 / (9 * inputs) as f64).sqrt();
        let mut kernels: Vec<f64> = (0..9 * inputs * outputs).map(|_| normal(&mut random) * deviation).collect();
        if inputs != 3 {
            remove_means(&mut kernels, outputs);
        }
        let kernels = kernels.into_iter().map(|w| w as f32).collect();
        (name, (Arc::new(kernels), Arc::new(vec![0.0; outputs])))
    };
    depth.convolutions().map(make).collect()
}

/// Nearly normal with mean 0 and deviation 1: the sum of twelve uniform numbers minus six, which needs no logarithm.
fn normal(random: &mut Pcg64) -> f64 {
    (0..12).map(|_| (random.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)).sum::<f64>() - 6.0
}

/// Subtracts its mean from the filter of each output.
fn remove_means(kernels: &mut [f64], outputs: usize) {
    let count = (kernels.len() / outputs) as f64;
    for output in 0..outputs {
        let mean = kernels.iter().skip(output).step_by(outputs).sum::<f64>() / count;
        kernels.iter_mut().skip(output).step_by(outputs).for_each(|w| *w -= mean);
    }
}
