//! The principal components of features, from which an encoder starts.

use rand::SeedableRng;
use rand_pcg::Pcg64;
use rayon::prelude::*;

use super::network::{Parameter, encoder_input};
use super::{LatentSettings, normals};

/// A direction in which rows vary.
#[derive(Clone, Debug, PartialEq)]
pub struct Component {
    /// Variance of the rows along it.
    pub variance: f64,
    /// Its unit vector.
    pub direction: Vec<f64>,
}

/// The `count` first principal components of rows whose mean is zero, by orthogonal iteration (Golub & Van Loan, Matrix
/// Computations, fourth edition, section 8.2.4): the largest variance first, the largest number of each direction
/// positive. Components without variance are left out. `go_on` is called now and then; `None` if it returns false.
pub fn principal_components(rows: &[&[f32]], count: usize, go_on: &mut dyn FnMut() -> bool) -> Option<Vec<Component>> {
    /// Enough iterations for a variance that is a third larger than the next to outgrow it ten-thousandfold.
    const ITERATIONS: usize = 32;
    /// Below this share of the first variance, there are only rounding errors.
    const LEAST: f64 = 1e-7;
    let len = rows.first().map_or(0, |r| r.len());
    let count = count.min(len).min(rows.len());
    let mut random = Pcg64::seed_from_u64(0);
    let mut directions: Vec<Vec<f64>> =
        (0..count).map(|_| normals(&mut random, len).into_iter().map(f64::from).collect()).collect();
    let mut variances = vec![0.0; count];
    orthonormalise(&mut directions);
    for _ in 0..ITERATIONS {
        if !go_on() {
            return None;
        }
        directions.par_iter_mut().for_each(|direction| {
            let mut next = vec![0.0; len];
            for row in rows {
                let along: f64 = row.iter().zip(&*direction).map(|(v, d)| f64::from(*v) * d).sum();
                let share = along / rows.len() as f64;
                next.iter_mut().zip(*row).for_each(|(n, v)| *n += share * f64::from(*v));
            }
            *direction = next;
        });
        variances = orthonormalise(&mut directions);
    }
    let most = variances.first().copied().unwrap_or(0.0);
    let kept = variances.into_iter().zip(directions).filter(|(v, _)| *v > LEAST * most);
    let signed = |(variance, mut direction): (f64, Vec<f64>)| {
        let largest = direction.iter().copied().fold(0.0, |a: f64, b| if b.abs() > a.abs() { b } else { a });
        direction.iter_mut().for_each(|d| *d *= largest.signum());
        Component { variance, direction }
    };
    Some(kept.map(signed).collect())
}

/// Makes vectors orthogonal to those before them and of length 1; returns the lengths that they had then.
fn orthonormalise(vectors: &mut [Vec<f64>]) -> Vec<f64> {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut lengths = vec![];
    for n in 0..vectors.len() {
        let (before, rest) = vectors.split_at_mut(n);
        let vector = &mut rest[0];
        // Done twice, because what rounding leaves of the first components would grow again.
        for other in before.iter().chain(before.iter()) {
            let along = dot(other, vector);
            vector.iter_mut().zip(other).for_each(|(v, o)| *v -= along * o);
        }
        let length = dot(vector, vector).sqrt();
        vector.iter_mut().for_each(|v| *v /= length.max(f64::MIN_POSITIVE));
        lengths.push(length);
    }
    lengths
}

/// Starts an encoder of pooled features near the values that it would reach without a decoder. The means are the
/// principal components of the features, scaled to a deviation of 1; the prediction is their inverse.
///
/// The variance of a point balances the features' loss and the divergence: in the direction of a component of variance
/// λ it is σ² / (λ + σ²), where σ² is the noise that the weights of the two imply (as in Tipping & Bishop, J. R. Stat.
/// Soc. B 61, 611, 1999, for λ ≫ σ²). A component below the noise carries no information: its dimension starts unused.
///
/// `values` are those of [`super::network::initial`].
pub fn start_from_components(
    parameters: &[Parameter],
    values: &mut [Vec<f32>],
    components: &[Component],
    settings: &LatentSettings,
) {
    /// The log variance of a point that is known exactly.
    const SHARPEST: f64 = -10.0;
    let place = |name: &str| parameters.iter().position(|p| p.name == name);
    let names = ["mean.weight", "log_variance.weight", "log_variance.bias", "features.weight"];
    let [Some(mean), Some(log_weight), Some(log_variance), Some(prediction)] = names.map(place) else { return };
    let noise = settings.beta / (2.0 * settings.feature_weight);
    let (features, dimensions) = (encoder_input(settings).len(), settings.dimensions);
    for (d, Component { variance, direction }) in components.iter().enumerate() {
        let deviation = variance.sqrt();
        let is_used = *variance > noise;
        let if_used = |value: f64| if is_used { value as f32 } else { 0.0 };
        for (k, along) in direction.iter().enumerate() {
            values[mean][k * dimensions + d] = if_used(along / deviation);
            values[log_weight][k * dimensions + d] = 0.0;
            values[prediction][d * features + k] = if_used(along * deviation * (features as f64).sqrt());
        }
        values[log_variance][d] = if_used(-(1.0 + variance / noise).ln().min(-SHARPEST));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::compute::Device;
    use crate::latent::scaling::Scaling;
    use crate::latent::targets::Extractor;
    use crate::latent::{Dataset, ModelKind, Networks, Patch, Trainer, synthetic};
    use crate::net::{Layer, Weights};

    #[test]
    fn the_encoder_starts_from_the_components_of_its_features() {
        let settings = LatentSettings {
            dimensions: 4,
            edge: 32,
            width: 8,
            depth: Layer::CONV1_1,
            batch: 4,
            feature_weight: 0.1,
            ..LatentSettings::of(ModelKind::Texture)
        };
        let patches = Dataset::new(&synthetic(30, 32, 7), 32, 32, 1000, 1).expect("patches");
        let train = patches.train[..16].to_vec();
        let data = Dataset { held_out: train.clone(), train, ..patches };
        let weights = Weights::built_in(settings.depth);
        let mut extractor = Extractor::new(&Device::Cpu, &weights, &settings, (32, 32), 127.5).expect("fits");
        let features = |p: &Patch| p.values.iter().map(|v| f32::from(*v)).collect::<Vec<f32>>();
        let rows = data.train.iter().map(|p| extractor.extract(&features(p)).expect("runs").features);
        let mut rows: Vec<Vec<f32>> = rows.collect();
        let scaling = Scaling::of(rows.clone().iter().map(Vec::as_slice), settings.head);
        rows.iter_mut().for_each(|row| scaling.apply(row));
        let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
        let all = rows.iter().flat_map(|r| r.iter()).map(|v| f64::from(*v).powi(2)).sum::<f64>() / rows.len() as f64;
        let components = principal_components(&rows, 4, &mut || true).expect("goes on");
        let noise = settings.beta / (2.0 * settings.feature_weight);
        let used: Vec<f64> = components.iter().map(|c| c.variance).filter(|v| *v > noise).collect();
        assert!((1..4).contains(&used.len()), "some above the noise of {noise}, some below: {used:?}");
        let mut trainer =
            Trainer::new(&settings, Arc::new(data), &Networks::same(weights), &Device::Cpu, &mut |_| true)
                .expect("fits")
                .expect("goes on");
        trainer.check(0).expect("a check");
        let found = |name: &str| trainer.checks()[0].terms.iter().find(|(n, _)| n == name).map(|(_, v)| *v);
        let (features, divergence) = (found("features").expect("a term"), found("divergence").expect("a term"));
        let unexplained = all - used.iter().sum::<f64>();
        assert!((features - unexplained).abs() < 1e-3, "{features}, {unexplained}");
        let nats: f64 = used.iter().map(|v| 0.5 * (noise / (v + noise) + (1.0 + v / noise).ln())).sum();
        assert!((divergence - nats).abs() < 1e-2 * nats, "{divergence}, {nats}");
    }

    #[test]
    fn components_of_known_variance_are_found() {
        let mut random = Pcg64::seed_from_u64(7);
        let axes = [[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0]];
        let rows: Vec<Vec<f32>> = (0..2000)
            .map(|_| {
                let n = normals(&mut random, 2);
                (0..3).map(|k| 3.0 * n[0] * axes[0][k] + n[1] * axes[1][k]).collect()
            })
            .collect();
        let rows: Vec<&[f32]> = rows.iter().map(Vec::as_slice).collect();
        let found = principal_components(&rows, 3, &mut || true).expect("goes on");
        assert_eq!(found.len(), 2, "the third has no variance: {found:?}");
        assert!((found[0].variance - 9.0).abs() < 0.6 && (found[1].variance - 1.0).abs() < 0.1, "{found:?}");
        for (component, axis) in found.iter().zip(axes) {
            let along: f64 = component.direction.iter().zip(axis).map(|(a, b)| a * f64::from(b)).sum();
            assert!(along.abs() > 0.999, "{component:?} along {axis:?}: {along}");
        }
    }
}
