//! Which inputs a prediction reads.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;
use rayon::prelude::*;

use super::LearnError;
use super::method::Method;
use super::reduction::ReductionKind;
use super::samples::Samples;
use super::split::without;

/// How much worse predictions become when an input is shuffled (Breiman, Mach. Learn. 45:5, 2001).
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Importance {
    /// The number of the input, or of the component.
    pub input: usize,
    /// By how much the root mean squared error grows, over that of the predictions as they are.
    pub growth: f64,
}

/// Times that each input is shuffled.
const TIMES: u64 = 3;

/// The importance of each input, the largest first: predictions of each part from all others, with one column shuffled in the
/// part. With components these count as inputs, and are those of each part's own learning.
///
/// # Errors
/// The numbers of a regression cannot be computed, or `go_on` says so.
pub fn importances(
    samples: &Samples,
    method: &Method,
    parts: &[Vec<usize>],
    go_on: &(dyn Fn() -> bool + Sync),
) -> Result<Vec<Importance>, LearnError> {
    let of_part = |part: &Vec<usize>| -> Result<(f64, Vec<f64>), LearnError> {
        let (own, _, fitted) = method.learn(&samples.take(&without(part, samples.count())), &|_| go_on())?;
        let is_component = matches!(method.reduction, ReductionKind::Components(_));
        let left_out = samples.rows.select(ndarray::Axis(0), part);
        let rows = if is_component { own.apply_all(&left_out) } else { left_out };
        let error = |rows: &ndarray::Array2<f64>| -> Result<f64, LearnError> {
            let found = if is_component { fitted.predict(rows)? } else { fitted.predict(&own.apply_all(rows))? };
            Ok(part.iter().zip(found).map(|(n, p)| (samples.values[*n] - p.value).powi(2)).sum())
        };
        let mut squares = vec![];
        for column in 0..rows.ncols() {
            if !go_on() {
                return Err(LearnError::Stopped);
            }
            let mut sum = 0.0;
            for time in 0..TIMES {
                let mut order: Vec<usize> = (0..rows.nrows()).collect();
                order.shuffle(&mut Pcg64::seed_from_u64(1 + time));
                let mut shuffled = rows.clone();
                order.iter().enumerate().for_each(|(to, from)| shuffled[[to, column]] = rows[[*from, column]]);
                sum += error(&shuffled)? / TIMES as f64;
            }
            squares.push(sum);
        }
        Ok((error(&rows)?, squares))
    };
    let found: Vec<(f64, Vec<f64>)> = parts.par_iter().map(of_part).collect::<Result<_, _>>()?;
    let plain: f64 = found.iter().map(|(plain, _)| plain).sum();
    // Parts can have unlike numbers of components; those that one lacks count as unshuffled there.
    let inputs = found.iter().map(|(_, squares)| squares.len()).max().unwrap_or(0);
    let growth = |input: usize| {
        let shuffled: f64 = found.iter().map(|(plain, squares)| squares.get(input).copied().unwrap_or(*plain)).sum();
        (shuffled / plain.max(f64::MIN_POSITIVE)).sqrt() - 1.0
    };
    let mut all: Vec<Importance> = (0..inputs).map(|input| Importance { input, growth: growth(input) }).collect();
    all.sort_by(|a, b| b.growth.total_cmp(&a.growth));
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::super::regressor::Regressor;
    use super::super::split::{Split, folds};
    use super::*;
    use ndarray::Array2;

    #[test]
    fn the_input_that_counts_is_found() {
        let rows = Array2::from_shape_fn((90, 4), |(n, k)| ((n * (2 * k + 3) * 37) % 89) as f64);
        let values: Vec<f64> = rows.rows().into_iter().map(|r| 5.0 * r[2] + 0.5 * r[1]).collect();
        let names = (0..90).map(|n| n.to_string()).collect();
        let samples = Samples { names, groups: (0..90).collect(), rows, values, fractions: None };
        let parts = folds(Split::ByMicrograph(3), &samples.groups, 1);
        let method = Method::new(Regressor::Ridge, ReductionKind::Standard);
        let found = importances(&samples, &method, &parts, &|| true);
        let found = found.expect("a fit");
        let order: Vec<usize> = found.iter().map(|i| i.input).collect();
        assert_eq!(order[..2], [2, 1], "{found:?}");
        assert!(found[0].growth > 5.0 * found[2].growth.max(0.01));
    }
}
