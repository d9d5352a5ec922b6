//! Kinds of regression.

use ndarray::Array2;

use super::LearnError;
use super::forest::Forest;
use super::gaussian::GaussianProcess;
use super::reduction::{Reduction, ReductionKind};
use super::ridge::Ridge;
use super::samples::Samples;
use super::score::Prediction;
use super::vector::SupportVectors;

/// A kind of regression. Its own settings are found by validation within what it learns from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Regressor {
    /// Linear, with a penalty on large coefficients (Hoerl & Kennard 1970)
    Ridge,
    /// Support vector regression with a radial basis
    Svr,
    /// Gaussian process: its error bars are its own
    GaussianProcess,
    /// Random forest
    Forest,
}

impl Regressor {
    /// All kinds.
    pub const ALL: [Self; 4] = [Self::Ridge, Self::Svr, Self::GaussianProcess, Self::Forest];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ridge => "Ridge",
            Self::Svr => "Support vectors",
            Self::GaussianProcess => "Gaussian process",
            Self::Forest => "Random forest",
        }
    }

    /// What it is, in a sentence.
    pub const fn tooltip(self) -> &'static str {
        match self {
            Self::Ridge => "A linear regression with a penalty on large coefficients. Right for few samples.",
            Self::Svr => "Support vector regression with a radial basis: bends, and ignores errors below a threshold.",
            Self::GaussianProcess => "A Gaussian process: bends, and says how sure it is at every place.",
            Self::Forest => "A random forest: steps; right for inputs of unlike kinds.",
        }
    }

    /// Reduces the rows of samples, and fits it to what is left of them.
    ///
    /// # Errors
    /// The numbers cannot be computed.
    pub fn learn(self, samples: &Samples, kind: ReductionKind) -> Result<(Reduction, Fitted), LearnError> {
        let reduction = Reduction::of(kind, &samples.rows);
        let fitted = self.fit(&reduction.apply_all(&samples.rows), &samples.values, &samples.groups)?;
        Ok((reduction, fitted))
    }

    /// Fits it to rows and their values. `groups` are the micrographs of the rows, which stay together in inner splits.
    ///
    /// # Errors
    /// The numbers cannot be computed.
    pub fn fit(self, rows: &Array2<f64>, values: &[f64], groups: &[usize]) -> Result<Fitted, LearnError> {
        Ok(match self {
            Self::Ridge => Fitted::Ridge(Ridge::fit(rows, values, groups)?),
            Self::Svr => Fitted::Svr(SupportVectors::fit(rows, values, groups)),
            Self::GaussianProcess => Fitted::GaussianProcess(Box::new(GaussianProcess::fit(rows, values)?)),
            Self::Forest => Fitted::Forest(Forest::fit(rows, values)),
        })
    }
}

/// A regression that was fitted.
#[derive(Debug)]
pub enum Fitted {
    /// See [`Regressor::Ridge`].
    Ridge(Ridge),
    /// See [`Regressor::Svr`].
    Svr(SupportVectors),
    /// See [`Regressor::GaussianProcess`].
    GaussianProcess(Box<GaussianProcess>),
    /// See [`Regressor::Forest`].
    Forest(Forest),
}

impl Fitted {
    /// The predictions of rows.
    pub fn predict(&self, rows: &Array2<f64>) -> Vec<Prediction> {
        let plain = |values: Vec<f64>| values.into_iter().map(|value| Prediction { value, deviation: None }).collect();
        match self {
            Self::Ridge(fitted) => plain(fitted.predict(rows)),
            Self::Svr(fitted) => plain(fitted.predict(rows)),
            Self::GaussianProcess(fitted) => fitted.predict(rows),
            Self::Forest(fitted) => plain(fitted.predict(rows)),
        }
    }
}
