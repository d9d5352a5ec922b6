//! What is kept of a learning, and what it says of a new micrograph.

use ndarray::Array2;
use rayon::prelude::*;

use super::LearnError;
use super::measure::{distance, drawn};
use super::method::Method;
use super::network::Network;
use super::reduction::{MOST_COMPONENTS, Reduction, ReductionKind};
use super::regressor::{Fitted, Tuned};
use super::samples::Samples;
use super::score::{Prediction, Scores};
use super::split::{Split, folds, without};
use super::validate::quantile;

/// A regression on all samples, with what is needed to judge a new one. Its file holds the reduced samples and the settings
/// of the regression, and opening it fits that again.
#[derive(Debug)]
pub struct Predictor {
    /// What was learned from; rows are reduced ones.
    pub samples: Samples,
    /// From the inputs of a micrograph to a row.
    pub reduction: Reduction,
    /// The kind of regression with its settings.
    pub tuned: Tuned,
    /// What is known of its errors.
    pub known: Known,
    fitted: Fitted,
}

/// What is known of a predictor's errors.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Known {
    /// The scores of the validation.
    pub scores: Scores,
    /// Half of the width of the interval that holds 95 % of the validation's errors.
    pub half_width: f64,
    /// The distance to the nearest sample of another micrograph that 95 % of the samples have at most.
    pub reach: f64,
    /// The distance from what the components of the other half of the samples stand for that 95 % of the samples have at
    /// most.
    pub beside: f64,
}

/// A prediction with its interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Forecast {
    /// The value.
    pub value: f64,
    /// Half of the width of its 95 % interval: that of the validation's errors, or the process's own where it is wider.
    pub half_width: f64,
    /// The distance to the nearest sample, or from what the components stand for, over the one that 95 % of the samples
    /// have at most: above 1 the micrograph lies outside what was learned from.
    pub novelty: f64,
}

/// The most samples whose nearest others are looked for.
const MOST_LOOKED_AT: usize = 2000;

impl Predictor {
    /// Fits a regression to all samples. `long` is the reduction of the inputs themselves where the samples' rows are
    /// coordinates in their span; `scores` and `half_width` are those of its validation. Of a network on pictures the rows
    /// that are kept are components of what its last hidden layer says.
    ///
    /// # Errors
    /// The numbers cannot be computed, or `go_on` says so.
    pub fn learn(
        samples: Samples,
        long: Option<Reduction>,
        method: &Method,
        scores: Scores,
        half_width: f64,
        go_on: &dyn Fn(f64) -> bool,
    ) -> Result<Self, LearnError> {
        samples.check()?;
        let (mut reduction, tuned, fitted) = method.learn(&samples, go_on)?;
        let (mut samples, mut kind) = (samples, method.reduction);
        if let Some(network) = tuned.on_pictures() {
            samples.rows = network.run(&samples.rows)?.1;
            kind = ReductionKind::Components(MOST_COMPONENTS);
            reduction = Reduction::of(kind, &samples.rows);
        }
        let rows = reduction.apply_all(&samples.rows);
        let nearest = |n: &usize| {
            // The nearest of another micrograph.
            let others = (0..samples.count()).filter(|k| samples.groups[*k] != samples.groups[*n]);
            others.map(|k| distance(rows.row(*n), rows.row(k))).fold(f64::INFINITY, f64::min)
        };
        let some = drawn(samples.count(), MOST_LOOKED_AT);
        let reach = quantile(some.par_iter().map(nearest).collect(), 0.95);
        // Inputs come in single precision, and a small difference of two squares has few digits.
        let size = (samples.rows.iter().map(|v| v * v).sum::<f64>() / samples.count() as f64).sqrt();
        let beside = quantile(beside(&samples, kind), 0.95).max(1e-3 * size);
        let known = Known { scores, half_width, reach, beside };
        Ok(Self { samples: Samples { rows, ..samples }, reduction: long.unwrap_or(reduction), tuned, known, fitted })
    }

    /// From its parts, whose samples have reduced rows.
    ///
    /// # Errors
    /// The parts do not fit together, or the numbers cannot be computed.
    pub fn of(samples: Samples, reduction: Reduction, tuned: Tuned, known: Known) -> Result<Self, LearnError> {
        match tuned.on_pictures() {
            Some(_) => samples.check_values()?,
            None => samples.check()?,
        }
        if samples.rows.ncols() != reduction.count() {
            return Err(LearnError::Samples("The reduction has another length than the samples.".into()));
        }
        let fitted = tuned.fit(&samples.rows, &samples.values)?;
        Ok(Self { samples, reduction, tuned, known, fitted })
    }

    /// How many inputs it reads of a micrograph.
    pub fn width(&self) -> usize {
        self.tuned.on_pictures().map_or(self.reduction.mean.len(), Network::inputs)
    }

    /// What it says of the inputs of micrographs.
    ///
    /// # Errors
    /// One has more or fewer than it reads.
    pub fn forecasts(&self, rows: &[Vec<f32>]) -> Result<Vec<Forecast>, LearnError> {
        let width = self.width();
        if let Some(other) = rows.iter().find(|row| row.len() != width) {
            return Err(LearnError::Samples(format!(
                "The micrograph has {} inputs, and {width} were learned from: it has another number of phases or another size.",
                other.len(),
            )));
        }
        let flat = rows.iter().flatten().map(|v| f64::from(*v)).collect();
        let read = Array2::from_shape_vec((rows.len(), width), flat).expect("rows of one length");
        let (read, values) = match self.tuned.on_pictures() {
            Some(network) => network.run(&read).map(|(values, hidden)| (hidden, Some(values)))?,
            None => (read, None),
        };
        let own = self.reduction.apply_all(&read);
        let found = match values {
            Some(values) => values.into_iter().map(|value| Prediction { value, deviation: None }).collect(),
            None => self.fitted.predict(&own)?,
        };
        let of = |(n, found): (usize, Prediction)| {
            let distances = self.samples.rows.rows().into_iter().map(|other| distance(own.row(n), other));
            let nearest = distances.fold(f64::INFINITY, f64::min);
            let outside = self.reduction.outside(read.row(n));
            Forecast {
                value: found.value,
                half_width: found.deviation.map_or(0.0, |s| 1.96 * s).max(self.known.half_width),
                novelty: share(nearest, self.known.reach).max(share(outside, self.known.beside)),
            }
        };
        Ok(found.into_iter().enumerate().map(of).collect())
    }

    /// What it says of the inputs of one micrograph.
    ///
    /// # Errors
    /// As [`Predictor::forecasts`].
    pub fn forecast(&self, row: &[f32]) -> Result<Forecast, LearnError> {
        Ok(self.forecasts(&[row.to_vec()])?[0])
    }
}

/// A distance over the usual one; 0 where there is none.
fn share(distance: f64, usual: f64) -> f64 {
    if usual > 0.0 { distance / usual } else { 0.0 }
}

/// The distance of each sample from what the components of the other half of the micrographs stand for.
fn beside(samples: &Samples, kind: ReductionKind) -> Vec<f64> {
    let mut found = vec![0.0; samples.count()];
    for half in folds(Split::ByMicrograph(2), &samples.groups, 1) {
        let others = without(&half, samples.count());
        let own = Reduction::of(kind, &samples.rows.select(ndarray::Axis(0), &others));
        half.iter().for_each(|n| found[*n] = own.outside(samples.rows.row(*n)));
    }
    found
}
