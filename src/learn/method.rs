//! A regression with what it reads.

use super::LearnError;
use super::network::NetworkPlan;
use super::reduction::{Reduction, ReductionKind};
use super::regressor::{Fitted, Regressor, Tuned};
use super::samples::Samples;

/// A kind of regression with what it reads of the rows.
#[derive(Clone, Debug)]
pub struct Method {
    /// The kind of regression.
    pub regressor: Regressor,
    /// How rows become few numbers.
    pub reduction: ReductionKind,
    /// The network, if it reads the pictures themselves: rows are then their grey values.
    pub pictures: Option<NetworkPlan>,
}

impl Method {
    /// A regression on numbers.
    pub const fn new(regressor: Regressor, reduction: ReductionKind) -> Self {
        Self { regressor, reduction, pictures: None }
    }

    /// A network on pictures.
    pub const fn of_pictures(plan: NetworkPlan) -> Self {
        Self { regressor: Regressor::Network, reduction: ReductionKind::Nothing, pictures: Some(plan) }
    }

    /// Reduces the rows of samples, and fits the regression to what is left of them with the settings that an inner
    /// validation chooses.
    ///
    /// # Errors
    /// The numbers cannot be computed, or `go_on`, which gets the share of a network's training, says so.
    pub fn learn(
        &self,
        samples: &Samples,
        go_on: &dyn Fn(f64) -> bool,
    ) -> Result<(Reduction, Tuned, Fitted), LearnError> {
        let (values, groups) = (&samples.values, &samples.groups);
        let (reduction, tuned, rows) = if let Some(plan) = &self.pictures {
            let network = plan.train(&samples.rows, values, groups, go_on)?;
            (Reduction::of(ReductionKind::Nothing, &samples.rows), Tuned::Network(Box::new(network)), None)
        } else {
            let reduction = Reduction::of(self.reduction, &samples.rows);
            let rows = reduction.apply_all(&samples.rows);
            (reduction, self.regressor.tune(&rows, values, groups, go_on)?, Some(rows))
        };
        let fitted = tuned.fit(rows.as_ref().unwrap_or(&samples.rows), values)?;
        Ok((reduction, tuned, fitted))
    }
}
