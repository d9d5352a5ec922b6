//! How much each number of a patch's style counts in the loss.

use super::LatentSettings;
use super::step::gram_channels;
use super::targets::{Target, Targets, squared_norm, unpack};
use super::training::StyleWeights;

/// Weighs the numbers of style of all targets, and returns the weights. `threshold` and `variance` are those of the patches'
/// grey values, 0 … 1.
pub fn weigh(settings: &LatentSettings, targets: &mut Targets, threshold: f32, variance: f32) -> StyleWeights {
    let grams = gram_weights(settings, &targets.train);
    let correlation = statistic_weights(&targets.train, |t| &t.correlation);
    let paths = statistic_weights(&targets.train, |t| &t.paths);
    weigh_minkowski(&mut targets.train, &mut targets.checked);
    for target in targets.train.iter_mut().chain(&mut targets.checked).chain([&mut targets.grey]) {
        target.grams.iter_mut().zip(&grams).for_each(|(g, w)| *g *= w);
        target.correlation.iter_mut().zip(&correlation).for_each(|(c, w)| *c *= w);
        target.paths.iter_mut().zip(&paths).for_each(|(p, w)| *p *= w);
    }
    let halves = half_losses(settings, &targets.train, &targets.grey);
    StyleWeights { grams: unpacked(settings, &grams), correlation, paths, threshold, variance, halves }
}

/// The smallest deviation, as a share of the largest: below it, there are only rounding errors.
const LEAST: f64 = 1e-3;

/// The weight of each number of the packed Gram matrices: one over its deviation over all patches, divided by the
/// square root of how many numbers its tap has. A model that gives every patch the same mean texture then has a loss of
/// 1 at each tap, and a faint channel counts as much as a strong one.
fn gram_weights(settings: &LatentSettings, targets: &[Target]) -> Vec<f32> {
    let deviations = deviations(targets.iter().map(|t| t.grams.as_slice()));
    let mut weights = vec![];
    let mut rest = deviations.as_slice();
    for c in gram_channels(settings) {
        let (mine, others) = rest.split_at(c * (c + 1) / 2);
        rest = others;
        let least = LEAST * mine.iter().copied().fold(1e-30, f64::max);
        weights.extend(mine.iter().map(|d| (1.0 / (d.max(least) * c as f64)) as f32));
    }
    weights
}

/// The same for the numbers of a spatial statistic, which together are one term.
fn statistic_weights(targets: &[Target], of: fn(&Target) -> &[f32]) -> Vec<f32> {
    let deviations = deviations(targets.iter().map(of));
    // Patches that do not differ at all must not weigh without end.
    let least = LEAST * deviations.iter().copied().fold(1e-3, f64::max);
    let root = (deviations.len() as f64).sqrt();
    deviations.iter().map(|d| (1.0 / (d.max(least) * root)) as f32).collect()
}

/// Weighs the Minkowski functionals of the patches. The weight of each number of each patch is one over its own size, so that
/// a surplus of a tenth of the particles counts alike where there are few and where there are many. A share of the mean size
/// bounds it. It is divided by the square root of how many numbers there are.
fn weigh_minkowski(train: &mut [Target], checked: &mut [Target]) {
    /// Shares of the mean size over all patches that bound the weights; the one of what is between the grey values is a share
    /// of the area, because pictures with two grey values have none.
    const SHARE: f32 = 0.2;
    const BETWEEN: f32 = 0.05;
    // The sides of the threshold count alike, so the area is that of the smaller one.
    let size =
        |t: &Target, k: usize| if k == 0 { t.minkowski[0].min(1.0 - t.minkowski[0]) } else { t.minkowski[k].abs() };
    let count = train.first().map_or(0, |t| t.minkowski.len());
    let mean = |k: usize| train.iter().map(|t| size(t, k)).sum::<f32>() / train.len() as f32;
    let least: Vec<f32> = (0..count)
        .map(|k| if k + 1 < count { SHARE * mean(k) } else { BETWEEN * mean(0) })
        .map(|least| least.max(LEAST as f32))
        .collect();
    let root = (count as f32).sqrt();
    for target in train.iter_mut().chain(checked) {
        let weights = least.iter().enumerate().map(|(k, least)| 1.0 / ((size(target, k) + least) * root));
        target.minkowski_weights = weights.collect();
        target.minkowski.iter_mut().zip(&target.minkowski_weights).for_each(|(v, w)| *v *= w);
    }
}

/// For each loss of style, in the order of [`Training`], a fifth of the mean loss of a uniformly grey picture: there it counts
/// as half. The targets are weighted.
fn half_losses(settings: &LatentSettings, targets: &[Target], grey: &Target) -> Vec<f32> {
    /// Untrained decoders reach some 30 times the loss of a grey picture at the deepest layer, which must not count; the
    /// other layers start below that loss, and count.
    const SHARE: f64 = 0.2;
    let half = |of: &dyn Fn(&Target) -> f64| {
        let mean = targets.iter().map(of).sum::<f64>() / targets.len().max(1) as f64;
        (SHARE * mean).max(1e-6) as f32
    };
    let mut halves = vec![];
    let mut first = 0;
    for c in gram_channels(settings) {
        let part = first..first + c * (c + 1) / 2;
        first = part.end;
        halves.push(half(&|t| {
            let off: Vec<f32> =
                t.grams[part.clone()].iter().zip(&grey.grams[part.clone()]).map(|(a, b)| a - b).collect();
            squared_norm(&off, &[c])
        }));
    }
    let apart = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2)).sum::<f64>();
    if settings.matches_correlation() {
        halves.push(half(&|t| apart(&t.correlation, &grey.correlation)));
    }
    if settings.matches_lineal_path() {
        halves.push(half(&|t| apart(&t.paths, &grey.paths)));
    }
    if settings.matches_minkowski() {
        // The picture is empty here: a grey one has numbers of its own, and 10 to 500 times this loss, where the others would
        // no longer count.
        halves.push(half(&|t| t.minkowski.iter().map(|v| f64::from(*v).powi(2)).sum()));
    }
    halves
}

/// The deviation of each number over all rows.
fn deviations<'a>(rows: impl ExactSizeIterator<Item = &'a [f32]> + Clone) -> Vec<f64> {
    let n = rows.len().max(1) as f64;
    let len = rows.clone().next().map_or(0, <[f32]>::len);
    let (mut means, mut squares) = (vec![0.0f64; len], vec![0.0f64; len]);
    for row in rows.clone() {
        means.iter_mut().zip(row).for_each(|(m, v)| *m += f64::from(*v) / n);
    }
    for row in rows {
        let off = row.iter().zip(&means).map(|(v, m)| (f64::from(*v) - m).powi(2));
        squares.iter_mut().zip(off).for_each(|(s, o)| *s += o / n);
    }
    squares.into_iter().map(f64::sqrt).collect()
}

/// Unpacks the matrices of all taps.
fn unpacked(settings: &LatentSettings, packed: &[f32]) -> Vec<Vec<f32>> {
    let mut rest = packed;
    let one = |c: usize| {
        let mut matrix = vec![];
        rest = unpack(rest, c, &mut matrix);
        matrix
    };
    gram_channels(settings).into_iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::latent::ModelKind;
    use crate::latent::needs::blank_style;
    use crate::latent::training::Training;
    use crate::net::{Layer, Weights};

    fn target(minkowski: [f32; 5]) -> Target {
        let empty = vec![];
        Target {
            grams: empty.clone(),
            features: empty.clone(),
            correlation: empty.clone(),
            paths: empty.clone(),
            minkowski: minkowski.to_vec(),
            minkowski_weights: empty,
        }
    }

    #[test]
    fn a_share_of_a_patchs_own_number_counts_alike_on_both_sides() {
        let sparse = [0.05, 0.02, 0.001, -0.001, 0.0];
        let dense = [0.25, 0.2, 0.008, -0.008, 0.0];
        let inverted = [0.75, 0.2, -0.008, 0.008, 0.0];
        let mut train = [target(sparse), target(dense), target(inverted)];
        let mut checked = [target([0.0; 5])];
        weigh_minkowski(&mut train, &mut checked);
        // What a tenth more of particles costs.
        let tenth = |t: &Target, own: f32| (0.1 * own * t.minkowski_weights[2]).powi(2);
        let (few, many) = (tenth(&train[0], sparse[2]), tenth(&train[1], dense[2]));
        assert!(few > 0.2 * many && few < many, "{few} {many}");
        // A picture and its inverse weigh alike.
        assert_eq!(train[1].minkowski_weights, train[2].minkowski_weights);
        assert!(checked[0].minkowski_weights.iter().all(|w| w.is_finite() && *w > 0.0));
    }

    #[test]
    fn every_loss_that_saturates_has_its_half() {
        for n in 0..8 {
            let weight = |bit: usize| if n >> bit & 1 == 1 { 1.0 } else { 0.0 };
            let settings = LatentSettings {
                depth: Layer::CONV1_1,
                edge: 32,
                width: 4,
                batch: 2,
                correlation_weight: weight(0),
                lineal_weight: weight(1),
                minkowski_weight: weight(2),
                ..LatentSettings::of(ModelKind::Texture)
            };
            let mut numbers = target([0.1; 5]);
            numbers.grams = vec![1.0; gram_channels(&settings).iter().map(|c| c * (c + 1) / 2).sum()];
            let halves = half_losses(&settings, &[numbers.clone()], &numbers);
            let weights = Weights::blank(settings.depth);
            let graph = Training::new(&settings, &weights, &blank_style(&settings), (2, 2), false).expect("fits");
            let plain = ["features", "stationarity", "divergence"];
            let saturating = graph.terms.iter().filter(|name| !plain.contains(name)).count();
            assert_eq!(halves.len(), saturating, "{:?}", graph.terms);
        }
    }
}
