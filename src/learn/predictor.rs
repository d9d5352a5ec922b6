//! What is kept of a learning, and what it says of a new micrograph.

use ndarray::Array2;

use super::LearnError;
use super::measure::distance;
use super::reduction::{Reduction, ReductionKind};
use super::regressor::{Fitted, Regressor};
use super::samples::Samples;
use super::score::Scores;
use super::span::Span;
use super::split::{Split, folds, without};
use super::validate::quantile;

/// A regression on all samples, with what is needed to judge a new one. Its file holds the samples, and opening it fits the
/// regression again.
#[derive(Debug)]
pub struct Predictor {
    /// What was learned from.
    pub samples: Samples,
    /// Where the rows are coordinates in a span: its axes.
    pub span: Option<Span>,
    /// How rows become few numbers.
    pub reduction_kind: ReductionKind,
    /// The kind of regression.
    pub regressor: Regressor,
    /// The scores of the validation.
    pub scores: Scores,
    /// Half of the width of the interval that holds 95 % of the validation's errors.
    pub half_width: f64,
    reduction: Reduction,
    /// The reduced rows of the samples.
    rows: Array2<f64>,
    fitted: Fitted,
    /// The distance to the nearest sample of another micrograph, and the distance from what the components of the other
    /// half of the samples stand for, that 95 % of the samples have at most.
    reach: f64,
    beside: f64,
}

/// A prediction with its interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Forecast {
    /// The value.
    pub value: f64,
    /// Half of the width of its 95 % interval: that of the validation's errors, or the process's own where it is wider.
    pub half_width: f64,
    /// The distance to the nearest sample, or from what the components stand for, over the one that 95 % of the samples
    /// have at most: above 1 the micrograph lies outside what was learned from.
    pub novelty: f64,
}

impl Predictor {
    /// Fits a regression to all samples. `scores` and `half_width` are those of its validation.
    ///
    /// # Errors
    /// The numbers cannot be computed.
    pub fn fit(
        samples: Samples,
        span: Option<Span>,
        reduction_kind: ReductionKind,
        regressor: Regressor,
        scores: Scores,
        half_width: f64,
    ) -> Result<Self, LearnError> {
        samples.check()?;
        let (reduction, fitted) = regressor.learn(&samples, reduction_kind)?;
        let rows = reduction.apply_all(&samples.rows);
        let nearest = |n: usize| {
            // The nearest of another micrograph.
            let others = (0..samples.count()).filter(|k| samples.groups[*k] != samples.groups[n]);
            others.map(|k| distance(rows.row(n), rows.row(k))).fold(f64::INFINITY, f64::min)
        };
        let reach = quantile((0..samples.count()).map(nearest).collect(), 0.95);
        // Rows come in single precision, and a small difference of two squares has few digits.
        let size = (samples.rows.iter().map(|v| v * v).sum::<f64>() / samples.count() as f64).sqrt();
        let beside = quantile(beside(&samples, reduction_kind), 0.95).max(1e-3 * size);
        Ok(Self {
            samples,
            span,
            reduction_kind,
            regressor,
            scores,
            half_width,
            reduction,
            rows,
            fitted,
            reach,
            beside,
        })
    }

    /// What it says of a new row, of as many numbers as the rows of the set had before they became coordinates.
    ///
    /// # Errors
    /// The row has another length.
    pub fn forecast(&self, row: &[f32]) -> Result<Forecast, LearnError> {
        let wanted = self.span.as_ref().map_or(self.samples.rows.ncols(), |span| span.axes.ncols());
        if row.len() != wanted {
            return Err(LearnError::Samples(format!(
                "The micrograph has {} inputs, and {wanted} were learned from: it has another number of phases or another size.",
                row.len()
            )));
        }
        let row: Vec<f64> = row.iter().map(|v| f64::from(*v)).collect();
        let placed = self.span.as_ref().map_or_else(|| row.clone(), |span| span.place(&row));
        // What lies outside the span of the samples.
        let square = |row: &[f64]| row.iter().map(|v| v * v).sum::<f64>();
        let lost = if self.span.is_some() { (square(&row) - square(&placed)).max(0.0) } else { 0.0 };
        Ok(self.forecast_of(&placed, lost))
    }

    /// The same of a row as the samples have them, and the square of what is lost of it.
    fn forecast_of(&self, row: &[f64], lost: f64) -> Forecast {
        let outside = (self.reduction.outside(ndarray::ArrayView1::from(row)).powi(2) + lost).sqrt();
        let reduced = self.reduction.apply(ndarray::ArrayView1::from(row));
        let own = Array2::from_shape_vec((1, reduced.len()), reduced).expect("one row");
        let found = self.fitted.predict(&own)[0];
        let nearest =
            self.rows.rows().into_iter().map(|other| distance(own.row(0), other)).fold(f64::INFINITY, f64::min);
        Forecast {
            value: found.value,
            half_width: found.deviation.map_or(0.0, |s| 1.96 * s).max(self.half_width),
            novelty: share(nearest, self.reach).max(share(outside, self.beside)),
        }
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
