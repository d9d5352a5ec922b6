//! Kinds of regression.

use ndarray::Array2;

use super::LearnError;
use super::forest::Forest;
use super::gaussian::{GaussianProcess, Kernel};
use super::network::{Network, NetworkPlan};
use super::ridge::Ridge;
use super::score::Prediction;
use super::vector::{SupportVectors, VectorSettings};

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
    /// Neural network: full layers on numbers, convolutions on pixels
    Network,
}

impl Regressor {
    /// All kinds.
    pub const ALL: [Self; 5] = [Self::Ridge, Self::Svr, Self::GaussianProcess, Self::Forest, Self::Network];
    /// Those that take seconds.
    pub const QUICK: [Self; 4] = [Self::Ridge, Self::Svr, Self::GaussianProcess, Self::Forest];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ridge => "Ridge",
            Self::Svr => "Support vectors",
            Self::GaussianProcess => "Gaussian process",
            Self::Forest => "Random forest",
            Self::Network => "Neural network",
        }
    }

    /// What it is, in a sentence.
    pub const fn tooltip(self) -> &'static str {
        match self {
            Self::Ridge => "A linear regression with a penalty on large coefficients. Right for few samples.",
            Self::Svr => "Support vector regression with a radial basis: bends, and ignores errors below a threshold.",
            Self::GaussianProcess => "A Gaussian process: bends, and says how sure it is at every place.",
            Self::Forest => "A random forest: steps; right for inputs of unlike kinds.",
            Self::Network => {
                "Full layers with dropout on numbers and feature maps, and convolutions on pixels. Slower than the others."
            }
        }
    }

    /// Its settings for rows and their values. `groups` are the micrographs of the rows, which stay together in inner splits.
    ///
    /// # Errors
    /// The numbers cannot be computed, or `go_on` says so.
    pub fn tune(
        self,
        rows: &Array2<f64>,
        values: &[f64],
        groups: &[usize],
        go_on: &dyn Fn(f64) -> bool,
    ) -> Result<Tuned, LearnError> {
        Ok(match self {
            Self::Ridge => Tuned::Ridge(Ridge::tune(rows, values, groups)?),
            Self::Svr => Tuned::Svr(SupportVectors::tune(rows, values, groups)),
            Self::GaussianProcess => Tuned::GaussianProcess(GaussianProcess::tune(rows, values)?),
            Self::Forest => Tuned::Forest,
            Self::Network => {
                let plan = NetworkPlan::of_numbers(rows.ncols());
                Tuned::Network(Box::new(plan.train(rows, values, groups, go_on)?))
            }
        })
    }
}

/// A kind of regression with its settings.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tuned {
    /// [`Regressor::Ridge`] with its penalty.
    Ridge(f64),
    /// [`Regressor::Svr`] with its settings.
    Svr(VectorSettings),
    /// [`Regressor::GaussianProcess`] with its kernel.
    GaussianProcess(Kernel),
    /// [`Regressor::Forest`]; it has none.
    Forest,
    /// [`Regressor::Network`] as it was trained.
    Network(Box<Network>),
}

impl Tuned {
    /// The kind of regression.
    pub const fn regressor(&self) -> Regressor {
        match self {
            Self::Ridge(_) => Regressor::Ridge,
            Self::Svr(_) => Regressor::Svr,
            Self::GaussianProcess(_) => Regressor::GaussianProcess,
            Self::Forest => Regressor::Forest,
            Self::Network(_) => Regressor::Network,
        }
    }

    /// The network, if it reads the pictures themselves.
    pub fn on_pictures(&self) -> Option<&Network> {
        match self {
            Self::Network(network) if network.reads_pictures() => Some(network),
            _ => None,
        }
    }

    /// Fits it to rows and their values.
    ///
    /// # Errors
    /// The numbers cannot be computed.
    pub fn fit(&self, rows: &Array2<f64>, values: &[f64]) -> Result<Fitted, LearnError> {
        Ok(match self {
            Self::Ridge(penalty) => Fitted::Ridge(Ridge::fit(rows, values, *penalty)?),
            Self::Svr(settings) => Fitted::Svr(SupportVectors::fit(rows, values, *settings)),
            Self::GaussianProcess(kernel) => {
                Fitted::GaussianProcess(Box::new(GaussianProcess::fit(rows, values, *kernel)?))
            }
            Self::Forest => Fitted::Forest(Forest::fit(rows, values)),
            Self::Network(network) => Fitted::Network(network.clone()),
        })
    }

    /// Whether its settings, which come from a file, can be settings for so many inputs at all.
    pub fn is_sound(&self, inputs: usize) -> bool {
        let positive = |numbers: &[f64]| numbers.iter().all(|v| v.is_finite() && *v > 0.0);
        match self {
            Self::Ridge(penalty) => positive(&[*penalty]),
            Self::Svr(VectorSettings { gamma, cost, tube }) => positive(&[*gamma, *cost, *tube]),
            Self::Network(network) => network.is_sound() && (network.reads_pictures() || network.inputs() == inputs),
            Self::GaussianProcess(kernel) => {
                positive(&[kernel.length, kernel.scale, kernel.noise]) && kernel.linear >= 0.0
            }
            Self::Forest => true,
        }
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
    /// See [`Regressor::Network`].
    Network(Box<Network>),
}

impl Fitted {
    /// The predictions of rows.
    ///
    /// # Errors
    /// There is not enough memory for a network.
    pub fn predict(&self, rows: &Array2<f64>) -> Result<Vec<Prediction>, LearnError> {
        let plain = |values: Vec<f64>| values.into_iter().map(|value| Prediction { value, deviation: None }).collect();
        Ok(match self {
            Self::Ridge(fitted) => plain(fitted.predict(rows)),
            Self::Svr(fitted) => plain(fitted.predict(rows)),
            Self::GaussianProcess(fitted) => fitted.predict(rows),
            Self::Forest(fitted) => plain(fitted.predict(rows)),
            Self::Network(fitted) => plain(fitted.run(rows)?.0),
        })
    }
}
