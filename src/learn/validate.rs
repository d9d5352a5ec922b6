//! Predictions of what was not learned from.

use ndarray::Axis;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;
use rayon::prelude::*;

use super::LearnError;
use super::method::Method;
use super::reduction::ReductionKind;
use super::regressor::Regressor;
use super::samples::Samples;
use super::score::{PartErrors, Prediction, Scores};
use super::split::without;

/// What a regression predicts of samples that it did not learn from.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Validation {
    /// A prediction of each sample, from the parts that do not hold it. Where splits are repeated it is that of the first.
    pub predictions: Vec<Prediction>,
    /// The part of each sample in the first split.
    pub parts: Vec<usize>,
    /// Over all samples of all splits.
    pub scores: Scores,
    /// Of each part by itself.
    pub each: Vec<PartErrors>,
}

impl Validation {
    /// From the predictions of every part, in the order of the parts.
    pub fn of(samples: &Samples, parts: &[Vec<usize>], found: Vec<Vec<Prediction>>) -> Self {
        let count = samples.count();
        let mut predictions = vec![Prediction { value: f64::NAN, deviation: None }; count];
        let mut part_of = vec![usize::MAX; count];
        let (mut pairs, mut each) = (vec![], vec![]);
        for (number, (part, found)) in parts.iter().zip(found).enumerate() {
            let own: Vec<(f64, f64)> = part.iter().zip(&found).map(|(n, p)| (samples.values[*n], p.value)).collect();
            let scores = Scores::of(&own).unwrap_or_default();
            each.push(PartErrors { mae: scores.mae, rmse: scores.rmse });
            pairs.extend(own);
            for (n, prediction) in part.iter().zip(found).filter(|(n, _)| part_of[**n] == usize::MAX) {
                predictions[*n] = prediction;
            }
            part.iter().for_each(|n| part_of[*n] = part_of[*n].min(number));
        }
        Self { predictions, parts: part_of, scores: Scores::of(&pairs).unwrap_or_default(), each }
    }

    /// The size of an error below which this share of them lie.
    pub fn error_quantile(&self, samples: &Samples, share: f64) -> f64 {
        let errors = samples.values.iter().zip(&self.predictions).map(|(value, p)| (value - p.value).abs());
        quantile(errors.collect(), share)
    }
}

/// The smallest value that is not below a share of all, as conformal prediction takes it: the (n + 1)th part more.
pub fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (share * (values.len() + 1) as f64).ceil() as usize;
    values.get(place.clamp(1, values.len().max(1)) - 1).copied().unwrap_or(f64::NAN)
}

/// What a regression on the inputs predicts of each part from all others; inputs are reduced by what the others say.
///
/// # Errors
/// The numbers of a regression cannot be computed, or `go_on` says so.
pub fn validate(
    samples: &Samples,
    method: &Method,
    parts: &[Vec<usize>],
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<Validation, LearnError> {
    from_others(samples, method, parts, &|part| without(part, samples.count()), go_on)
}

/// What a regression predicts of a part from `others`. `go_on` gets the share of a network's training.
///
/// # Errors
/// As [`validate`].
pub fn predict_part(
    samples: &Samples,
    method: &Method,
    part: &[usize],
    others: &[usize],
    go_on: &dyn Fn(f64) -> bool,
) -> Result<Vec<Prediction>, LearnError> {
    if !go_on(0.0) {
        return Err(LearnError::Stopped);
    }
    let (own, _, fitted) = method.learn(&samples.take(others), go_on)?;
    fitted.predict(&own.apply_all(&samples.rows.select(Axis(0), part)))
}

/// What a regression predicts of each part from those samples that `others` gives for it.
fn from_others(
    samples: &Samples,
    method: &Method,
    parts: &[Vec<usize>],
    others: &(dyn Fn(&[usize]) -> Vec<usize> + Sync),
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<Validation, LearnError> {
    let one = |part: &Vec<usize>| predict_part(samples, method, part, &others(part), &|_| go_on());
    let found: Result<Vec<Vec<Prediction>>, LearnError> = parts.par_iter().map(one).collect();
    Ok(Validation::of(samples, parts, found?))
}

/// What the mean of the other parts predicts: any regression has to be better.
pub fn validate_mean(samples: &Samples, parts: &[Vec<usize>]) -> Validation {
    let of = |part: &Vec<usize>| {
        let others = without(part, samples.count());
        let value = others.iter().map(|n| samples.values[*n]).sum::<f64>() / others.len().max(1) as f64;
        vec![Prediction { value, deviation: None }; part.len()]
    };
    Validation::of(samples, parts, parts.iter().map(of).collect())
}

/// What a Gaussian process on the volume fractions alone predicts; none if there are no fractions.
///
/// # Errors
/// As [`validate`].
pub fn validate_fractions(
    samples: &Samples,
    parts: &[Vec<usize>],
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<Option<Validation>, LearnError> {
    let Some(fractions) = &samples.fractions else { return Ok(None) };
    let samples = Samples { rows: fractions.clone(), ..samples.clone() };
    let method = Method::new(Regressor::GaussianProcess, ReductionKind::Standard);
    validate(&samples, &method, parts, go_on).map(Some)
}

/// A point of a learning curve.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct CurvePoint {
    /// How many samples were learned from, on average.
    pub count: usize,
    /// The scores of what was left out.
    pub scores: Scores,
}

/// The shares of the other parts that a learning curve learns from, besides all of them.
const SHARES: [f64; 4] = [0.1, 0.2, 0.4, 0.7];

/// How the scores grow with the number of samples: in each part the prediction from shares of all others, whole micrographs
/// drawn at random, and in the end `whole`, the scores of the validation that learns from all others. Shares with fewer
/// than ten samples are left out.
///
/// # Errors
/// As [`validate`].
pub fn learning_curve(
    samples: &Samples,
    method: &Method,
    parts: &[Vec<usize>],
    whole: Scores,
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<CurvePoint>, LearnError> {
    const LEAST: usize = 10;
    // The mean number of samples, unless a part has too few.
    let enough = |others: &dyn Fn(&[usize]) -> Vec<usize>| {
        let counts: Vec<usize> = parts.iter().map(|part| others(part).len()).collect();
        counts.iter().all(|n| *n >= LEAST).then(|| counts.iter().sum::<usize>() / parts.len().max(1))
    };
    let mut points = vec![];
    for share in SHARES {
        let drawn = |part: &[usize]| {
            let mut others = without(part, samples.count());
            let mut groups: Vec<usize> = others.iter().map(|n| samples.groups[*n]).collect();
            groups.sort_unstable();
            groups.dedup();
            groups.shuffle(&mut Pcg64::seed_from_u64(part.first().copied().unwrap_or(0) as u64 + 1));
            groups.truncate((share * groups.len() as f64).round() as usize);
            groups.sort_unstable();
            others.retain(|n| groups.binary_search(&samples.groups[*n]).is_ok());
            others
        };
        let Some(count) = enough(&drawn) else { continue };
        let found = from_others(samples, method, parts, &drawn, go_on)?;
        points.push(CurvePoint { count, scores: found.scores });
    }
    let all = enough(&|part| without(part, samples.count()));
    points.extend(all.map(|count| CurvePoint { count, scores: whole }));
    Ok(points)
}

#[cfg(test)]
mod tests {
    use super::super::split::{Split, folds, repeated_folds};
    use super::*;
    use ndarray::Array2;

    /// Patches of micrographs: the value belongs to the micrograph, and inputs that only tell micrographs apart.
    fn leaky() -> Samples {
        let groups: Vec<usize> = (0..80).map(|n| n / 4).collect();
        let value = |group: usize| ((group * 7919 + 3) % 31) as f64;
        let rows = Array2::from_shape_fn((80, 6), |(n, k)| {
            ((groups[n] * 104_729 + 11 + 7919 * k * (groups[n] + 3)) % 97) as f64 + 0.01 * (n % 4) as f64
        });
        let values = groups.iter().map(|g| value(*g)).collect();
        let names = (0..80).map(|n| n.to_string()).collect();
        Samples { names, groups, rows, values, fractions: None }
    }

    #[test]
    fn splits_by_micrograph_do_not_see_what_random_ones_do() {
        let samples = leaky();
        let score = |split: Split| {
            let parts = folds(split, &samples.groups, 1);
            let method = Method::new(Regressor::GaussianProcess, ReductionKind::Standard);
            validate(&samples, &method, &parts, &|| true).expect("a fit").scores.r2
        };
        let (honest, random) = (score(Split::ByMicrograph(5)), score(Split::Random(5)));
        assert!(honest < 0.4 && random > 0.8, "{honest} {random}");
        let parts = folds(Split::LeaveOneOut, &samples.groups, 1);
        assert!(validate_mean(&samples, &parts).scores.r2 < 0.0);
        let method = Method::new(Regressor::Ridge, ReductionKind::Standard);
        assert!(matches!(validate(&samples, &method, &parts, &|| false), Err(LearnError::Stopped)));
    }

    #[test]
    fn a_learning_curve_rises() {
        let rows = Array2::from_shape_fn((150, 4), |(n, k)| ((n * (2 * k + 3) * 37) % 149) as f64 / 149.0);
        let values: Vec<f64> = rows.rows().into_iter().map(|r| (6.0 * r[0]).sin() + r[1]).collect();
        let names = (0..150).map(|n| n.to_string()).collect();
        let samples = Samples { names, groups: (0..150).collect(), rows, values, fractions: None };
        let parts = folds(Split::ByMicrograph(5), &samples.groups, 1);
        let method = Method::new(Regressor::GaussianProcess, ReductionKind::Standard);
        let whole = validate(&samples, &method, &parts, &|| true).expect("a fit");
        let curve = learning_curve(&samples, &method, &parts, whole.scores, &|| true).expect("a fit");
        assert_eq!(curve.len(), 5);
        assert_eq!(curve[4].count, 120);
        assert!(curve[4].scores.r2 > 0.95 && curve[4].scores.r2 > curve[0].scores.r2, "{curve:?}");
    }

    #[test]
    fn repeated_splits_are_scored_together_and_part_by_part() {
        let samples = leaky();
        let parts = repeated_folds(Split::ByMicrograph(4), &samples.groups, 1, 3);
        assert_eq!(parts.len(), 12);
        assert_ne!(parts[..4], parts[4..8]);
        let method = Method::new(Regressor::Ridge, ReductionKind::Standard);
        let found = validate(&samples, &method, &parts, &|| true).expect("a fit");
        let first = validate(&samples, &method, &parts[..4], &|| true).expect("a fit");
        assert_eq!((&found.predictions, &found.parts), (&first.predictions, &first.parts));
        assert_eq!((found.each.len(), &found.each[..4]), (12, &first.each[..]));
        let mean = found.each.iter().zip(&parts).map(|(s, p)| s.rmse.powi(2) * p.len() as f64).sum::<f64>() / 240.0;
        assert!((found.scores.rmse.powi(2) - mean).abs() < 1e-9 * mean);
        assert_eq!(repeated_folds(Split::LeaveOneOut, &samples.groups, 1, 3).len(), 20);
    }

    #[test]
    fn quantiles_hold_a_share_of_new_values() {
        let values: Vec<f64> = (1..=99).map(f64::from).collect();
        assert_eq!(quantile(values.clone(), 0.95), 95.0);
        assert_eq!(quantile(vec![3.0, 1.0], 0.95), 3.0);
        assert!(quantile(vec![], 0.95).is_nan());
    }
}
