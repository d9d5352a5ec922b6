//! Everything that decides how a run goes on, in one file.

use std::cmp::Ordering::Less;
use std::collections::HashMap;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::loss::LossValue;
use super::settings::Settings;
use super::solver::Optimiser;
use super::{Problem, ReconstructError, Solver};
use crate::optimise::{Adam, Bounds, History, Lbfgsb};

/// A saved run: a resumed run gives bit for bit what the uninterrupted one gives (same device and program).
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// The run's settings.
    pub settings: Settings,
    /// The fingerprint of its micrograph.
    pub fingerprint: String,
    /// The hash of its weights.
    pub weights: String,
    /// The realisation's number, from 0.
    pub realisation: usize,
    /// Its seed.
    pub seed: u64,
    /// The size that it is at, from the coarsest.
    pub level: usize,
    /// Seconds of computing so far.
    pub seconds: f64,
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
    weights: String,
    realisation: usize,
    seed: u64,
    level: usize,
    seconds: f64,
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
/// Layers that a checkpoint may claim: far beyond any network.
const MOST_LAYERS: usize = 64;

impl Checkpoint {
    /// Writes the state of a solver, whole or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(
        path: &Path,
        problem: &Problem,
        solver: &Solver,
        realisation: usize,
        seconds: f64,
    ) -> Result<(), ReconstructError> {
        let failed = |source| ReconstructError::CheckpointWrite { path: path.into(), source };
        let header = header(problem, solver, realisation, seconds);
        let header = serde_json::to_string(&header).map_err(|e| failed(e.into()))?;
        let flat = |l: &LossValue| std::iter::once(l.total).chain(l.layers.iter().copied()).collect::<Vec<_>>();
        let losses: Vec<f64> = solver.losses.iter().flat_map(flat).collect();
        let wide = |values| (Dtype::F64, bytemuck::cast_slice::<f64, u8>(values));
        let narrow = |values| (Dtype::F32, bytemuck::cast_slice::<f32, u8>(values));
        let mut tensors: Vec<(String, (Dtype, &[u8]))> = vec![("losses".into(), wide(&losses))];
        match solver.optimiser() {
            Optimiser::Lbfgsb(state) => {
                tensors.push(("x".into(), wide(&state.x)));
                tensors.push(("gradient".into(), wide(&state.gradient)));
                for (n, (s, y)) in state.history.s.iter().zip(&state.history.y).enumerate() {
                    tensors.push((format!("s{n}"), wide(s)));
                    tensors.push((format!("y{n}"), wide(y)));
                }
            }
            Optimiser::Adam(state) => {
                tensors.push(("x".into(), narrow(&state.x)));
                tensors.push(("mean".into(), narrow(&state.mean)));
                tensors.push(("square".into(), narrow(&state.square)));
            }
        }
        let views = tensors.iter().map(|(name, (dtype, bytes))| {
            let view = TensorView::new(*dtype, vec![bytes.len() * 8 / dtype.bitsize()], bytes);
            (name.as_str(), view.expect("the bytes are those of the shape"))
        });
        let metadata = HashMap::from([(KEY.to_string(), header)]);
        let bytes = safetensors::serialize(views, Some(metadata)).map_err(|e| failed(std::io::Error::other(e)))?;
        crate::folders::write_atomically(path, &bytes).map_err(failed)
    }

    /// Reads what [`Checkpoint::save`] wrote.
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
        if header.version != env!("CARGO_PKG_VERSION") {
            return Err(unusable(format!(
                "it was written by version {} of the program; start the run anew without --resume",
                header.version
            )));
        }
        if header.layers > MOST_LAYERS
            || !header.lower.is_finite()
            || header.lower.partial_cmp(&header.upper) != Some(Less)
        {
            return Err(broken(&"its numbers make no sense"));
        }
        let tensors = SafeTensors::deserialize(&bytes).map_err(|e| broken(&e))?;
        let bytes_of = |name: &str, dtype: Dtype| {
            let view = tensors.tensor(name).map_err(|e| broken(&e))?;
            if view.dtype() != dtype {
                return Err(broken(&format!("{name} is not {dtype:?}")));
            }
            Ok(view.data())
        };
        let vector = |name: &str| -> Result<Vec<f64>, ReconstructError> {
            Ok(bytemuck::pod_collect_to_vec(bytes_of(name, Dtype::F64)?))
        };
        let narrow = |name: &str| -> Result<Vec<f32>, ReconstructError> {
            Ok(bytemuck::pod_collect_to_vec(bytes_of(name, Dtype::F32)?))
        };
        let bounds = Bounds { lower: header.lower, upper: header.upper };
        let differ = || broken(&"lengths differ");
        let value = f64::from_bits(header.value);
        let optimiser = match header.rate {
            Some(rate) => {
                let (x, mean, square) = (narrow("x")?, narrow("mean")?, narrow("square")?);
                if x.len() != mean.len() || x.len() != square.len() {
                    return Err(differ());
                }
                Optimiser::Adam(Box::new(Adam { x, mean, square, value, iteration: header.iteration, rate, bounds }))
            }
            None => {
                let x = vector("x")?;
                let same_length = |v: Vec<f64>| if v.len() == x.len() { Ok(v) } else { Err(differ()) };
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
            weights: header.weights,
            seconds: header.seconds,
            realisation: header.realisation,
            seed: header.seed,
            level: header.level,
            optimiser,
            losses,
        })
    }
}

fn header(problem: &Problem, solver: &Solver, realisation: usize, seconds: f64) -> Header {
    let mut header = Header {
        version: env!("CARGO_PKG_VERSION").into(),
        settings: problem.settings.clone(),
        fingerprint: problem.target.fingerprint().into(),
        weights: problem.weights.hash().into(),
        realisation,
        seed: solver.seed,
        level: solver.level,
        seconds,
        iteration: 0,
        value: 0,
        lower: 0.0,
        upper: 0.0,
        tolerance: 0.0,
        reach: 0.0,
        rate: None,
        layers: solver.losses.first().map_or(0, |l| l.layers.len()),
        pairs: 0,
    };
    match solver.optimiser() {
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
