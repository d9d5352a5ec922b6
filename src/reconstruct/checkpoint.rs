//! Everything that decides how a run goes on, in one file.

use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::loss::LossValue;
use super::settings::Settings;
use super::solver::Optimiser;
use super::{ReconstructError, Solver};
use crate::optimise::{Adam, Bounds, History, Lbfgsb};

/// A saved run: a resumed run gives bit for bit what the uninterrupted one gives (same device and program).
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// The run's settings.
    pub settings: Settings,
    /// The fingerprint of its micrograph.
    pub fingerprint: String,
    /// The realisation's number, from 0.
    pub realisation: usize,
    /// Its seed.
    pub seed: u64,
    /// The optimiser's state.
    pub optimiser: Optimiser,
    /// The loss after every iteration.
    pub losses: Vec<LossValue>,
}

/// The scalars, kept as text in the file's metadata.
#[derive(serde::Serialize, serde::Deserialize)]
struct Header {
    version: String,
    settings: Settings,
    fingerprint: String,
    realisation: usize,
    seed: u64,
    iteration: usize,
    /// The bits of the value, since infinity is no JSON.
    value: u64,
    lower: f64,
    upper: f64,
    tolerance: f64,
    reach: f64,
    rate: Option<f64>,
    layers: usize,
    pairs: usize,
}

const KEY: &str = "microwright";

impl Checkpoint {
    /// The state of a solver.
    pub fn of(solver: &Solver, settings: &Settings, fingerprint: &str, realisation: usize) -> Self {
        Self {
            settings: settings.clone(),
            fingerprint: fingerprint.into(),
            realisation,
            seed: solver.seed,
            optimiser: solver.optimiser().clone(),
            losses: solver.losses.clone(),
        }
    }

    /// Writes it whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), ReconstructError> {
        let failed = |source| ReconstructError::CheckpointWrite { path: path.into(), source };
        let header = serde_json::to_string(&self.header()).map_err(|e| failed(e.into()))?;
        let mut tensors: Vec<(String, Vec<f64>)> = vec![("losses".into(), self.flat_losses())];
        let mut keep = |name: &str, values: &[f64]| tensors.push((name.into(), values.to_vec()));
        match &self.optimiser {
            Optimiser::Lbfgsb(state) => {
                keep("x", &state.x);
                keep("gradient", &state.gradient);
                for (n, (s, y)) in state.history.s.iter().zip(&state.history.y).enumerate() {
                    keep(&format!("s{n}"), s);
                    keep(&format!("y{n}"), y);
                }
            }
            Optimiser::Adam(state) => {
                keep("x", &state.x);
                keep("mean", &state.mean);
                keep("square", &state.square);
            }
        }
        let views = tensors.iter().map(|(name, values)| {
            let view = TensorView::new(Dtype::F64, vec![values.len()], bytemuck::cast_slice(values));
            (name.as_str(), view.expect("the bytes are those of the shape"))
        });
        let metadata = HashMap::from([(KEY.to_string(), header)]);
        let bytes = safetensors::serialize(views, Some(metadata)).map_err(|e| failed(std::io::Error::other(e)))?;
        crate::folders::write_atomically(path, &bytes).map_err(failed)
    }

    /// Reads what [`Checkpoint::write`] wrote.
    ///
    /// # Errors
    /// The file is no checkpoint of this program.
    pub fn read(path: &Path) -> Result<Self, ReconstructError> {
        let unusable = |reason: String| ReconstructError::Checkpoint { path: path.into(), reason };
        let bytes = std::fs::read(path).map_err(|e| unusable(e.to_string()))?;
        let broken =
            |e: &dyn std::fmt::Display| unusable(format!("it is damaged ({e}); start the run anew without --resume"));
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|e| broken(&e))?;
        let text = metadata.metadata().as_ref().and_then(|m| m.get(KEY));
        let text = text.ok_or_else(|| unusable("it is no checkpoint of this program".into()))?;
        let header: Header = serde_json::from_str(text).map_err(|e| broken(&e))?;
        let tensors = SafeTensors::deserialize(&bytes).map_err(|e| broken(&e))?;
        let vector = |name: &str| -> Result<Vec<f64>, ReconstructError> {
            let view = tensors.tensor(name).map_err(|e| broken(&e))?;
            if view.dtype() != Dtype::F64 {
                return Err(broken(&format!("{name} is not F64")));
            }
            Ok(bytemuck::pod_collect_to_vec(view.data()))
        };
        let bounds = Bounds { lower: header.lower, upper: header.upper };
        let x = vector("x")?;
        let same_length = |v: Vec<f64>| if v.len() == x.len() { Ok(v) } else { Err(broken(&"lengths differ")) };
        let value = f64::from_bits(header.value);
        let optimiser = match header.rate {
            Some(rate) => Optimiser::Adam(Box::new(Adam {
                mean: same_length(vector("mean")?)?,
                square: same_length(vector("square")?)?,
                x: x.clone(),
                value,
                iteration: header.iteration,
                rate,
                bounds,
            })),
            None => {
                let mut history = History::default();
                for n in 0..header.pairs {
                    history.s.push_back(same_length(vector(&format!("s{n}"))?)?);
                    history.y.push_back(same_length(vector(&format!("y{n}"))?)?);
                }
                let gradient = vector("gradient")?;
                let gradient = if gradient.is_empty() { gradient } else { same_length(gradient)? };
                Optimiser::Lbfgsb(Box::new(Lbfgsb {
                    x: x.clone(),
                    value,
                    gradient,
                    history,
                    iteration: header.iteration,
                    bounds,
                    tolerance: header.tolerance,
                    reach: header.reach,
                }))
            }
        };
        let losses = vector("losses")?
            .chunks_exact(header.layers + 1)
            .map(|row| LossValue { total: row[0], layers: row[1..].to_vec() })
            .collect();
        Ok(Self {
            settings: header.settings,
            fingerprint: header.fingerprint,
            realisation: header.realisation,
            seed: header.seed,
            optimiser,
            losses,
        })
    }

    fn header(&self) -> Header {
        let mut header = Header {
            version: env!("CARGO_PKG_VERSION").into(),
            settings: self.settings.clone(),
            fingerprint: self.fingerprint.clone(),
            realisation: self.realisation,
            seed: self.seed,
            iteration: 0,
            value: 0,
            lower: 0.0,
            upper: 0.0,
            tolerance: 0.0,
            reach: 0.0,
            rate: None,
            layers: self.losses.first().map_or(0, |l| l.layers.len()),
            pairs: 0,
        };
        match &self.optimiser {
            Optimiser::Lbfgsb(s) => {
                (header.iteration, header.value) = (s.iteration, s.value.to_bits());
                (header.lower, header.upper) = (s.bounds.lower, s.bounds.upper);
                (header.tolerance, header.reach, header.pairs) = (s.tolerance, s.reach, s.history.s.len());
            }
            Optimiser::Adam(s) => {
                (header.iteration, header.value) = (s.iteration, s.value.to_bits());
                (header.lower, header.upper) = (s.bounds.lower, s.bounds.upper);
                header.rate = Some(s.rate);
            }
        }
        header
    }

    fn flat_losses(&self) -> Vec<f64> {
        self.losses.iter().flat_map(|l| std::iter::once(l.total).chain(l.layers.iter().copied())).collect()
    }
}
