//! The state of a realisation as checkpoints hold it.

use std::borrow::Cow;
use std::cmp::Ordering::Less;

use serde_json::json;

use crate::optimise::{Adam, Bounds, History, Lbfgsb};
use crate::reconstruct::reconstruction::{LossValue, State, Vector};

/// The optimiser's state.
#[derive(Clone, Debug, PartialEq)]
pub enum Optimiser {
    /// Quasi-Newton.
    Lbfgsb(Box<Lbfgsb>),
    /// First order.
    Adam(Box<Adam>),
}

impl Optimiser {
    /// The variables, as the network sees them.
    pub fn image(&self) -> Vec<f32> {
        match self {
            Self::Lbfgsb(state) => state.x.iter().map(|x| *x as f32).collect(),
            Self::Adam(state) => state.x.clone(),
        }
    }

    /// How many variables there are.
    pub fn variables(&self) -> usize {
        match self {
            Self::Lbfgsb(state) => state.x.len(),
            Self::Adam(state) => state.x.len(),
        }
    }

    /// Steps taken at this size.
    pub fn iteration(&self) -> usize {
        match self {
            Self::Lbfgsb(state) => state.iteration,
            Self::Adam(state) => state.iteration,
        }
    }

    /// The loss at the variables.
    pub fn value(&self) -> f64 {
        match self {
            Self::Lbfgsb(state) => state.value,
            Self::Adam(state) => state.value,
        }
    }
}

/// A realisation that was saved.
#[derive(Clone, Debug, PartialEq)]
pub struct Saved {
    /// The optimiser's state.
    pub optimiser: Optimiser,
    /// The loss after every iteration.
    pub losses: Vec<LossValue>,
    /// The current size, from 0, the coarsest.
    pub level: usize,
}

/// The most parts of a loss and pairs of L-BFGS-B in a file: far more than any network and settings have.
const MOST_LAYERS: usize = 64;
const MOST_PAIRS: usize = 1000;

/// The state of a realisation: its optimiser, its losses, and its current size.
pub fn state<'a>(optimiser: &'a Optimiser, losses: &[LossValue], level: usize) -> State<'a> {
    let flat = |l: &LossValue| std::iter::once(l.total).chain(l.parts.iter().copied()).collect::<Vec<_>>();
    let flat: Vec<f64> = losses.iter().flat_map(flat).collect();
    let f64s = |values: &'a [f64]| Vector::F64(Cow::Borrowed(values));
    let f32s = |values: &'a [f32]| Vector::F32(Cow::Borrowed(values));
    let mut vectors = vec![("losses".to_string(), Vector::F64(Cow::Owned(flat)))];
    let bounds = match optimiser {
        Optimiser::Lbfgsb(state) => {
            vectors.push(("x".into(), f64s(&state.x)));
            vectors.push(("gradient".into(), f64s(&state.gradient)));
            for (n, (s, y)) in state.history.s.iter().zip(&state.history.y).enumerate() {
                vectors.push((format!("s{n}"), f64s(s)));
                vectors.push((format!("y{n}"), f64s(y)));
            }
            state.bounds
        }
        Optimiser::Adam(state) => {
            vectors.push(("x".into(), f32s(&state.x)));
            vectors.push(("mean".into(), f32s(&state.mean)));
            vectors.push(("square".into(), f32s(&state.square)));
            state.bounds
        }
    };
    let (tolerance, reach, pairs, rate) = match optimiser {
        Optimiser::Lbfgsb(state) => (state.tolerance, state.reach, state.history.s.len(), None),
        Optimiser::Adam(state) => (0.0, 0.0, 0, Some(state.rate)),
    };
    let text = json!({
        "level": level,
        "iteration": optimiser.iteration(),
        // As bits, because JSON has no infinity.
        "value": optimiser.value().to_bits(),
        "lower": bounds.lower,
        "upper": bounds.upper,
        "tolerance": tolerance,
        "reach": reach,
        "rate": rate,
        "layers": losses.first().map_or(0, |l| l.parts.len()),
        "pairs": pairs,
    });
    let text = match text {
        serde_json::Value::Object(text) => text,
        _ => serde_json::Map::new(),
    };
    State { text, vectors }
}

impl Saved {
    /// Reads what [`state`] made.
    ///
    /// # Errors
    /// What is wrong with it, in a few words.
    pub fn read(state: &State) -> Result<Self, String> {
        let bounds = Bounds { lower: state.get("lower")?, upper: state.get("upper")? };
        let (layers, pairs): (usize, usize) = (state.get("layers")?, state.get("pairs")?);
        let is_range = bounds.lower.is_finite() && bounds.lower.partial_cmp(&bounds.upper) == Some(Less);
        if layers > MOST_LAYERS || pairs > MOST_PAIRS || !is_range {
            return Err("its numbers make no sense".into());
        }
        let (value, iteration) = (f64::from_bits(state.get("value")?), state.get("iteration")?);
        let differ = || "lengths differ".to_string();
        let optimiser = match state.get::<Option<f64>>("rate")? {
            Some(rate) => {
                let (x, mean, square) =
                    (state.f32_vector("x")?, state.f32_vector("mean")?, state.f32_vector("square")?);
                if x.len() != mean.len() || x.len() != square.len() {
                    return Err(differ());
                }
                Optimiser::Adam(Box::new(Adam { x, mean, square, value, iteration, rate, bounds }))
            }
            None => {
                let x = state.f64_vector("x")?;
                let same_length = |v: Vec<f64>| if v.len() == x.len() { Ok(v) } else { Err(differ()) };
                let mut history = History::default();
                for n in 0..pairs {
                    history.s.push_back(same_length(state.f64_vector(&format!("s{n}"))?)?);
                    history.y.push_back(same_length(state.f64_vector(&format!("y{n}"))?)?);
                }
                let gradient = state.f64_vector("gradient")?;
                let gradient = if gradient.is_empty() { gradient } else { same_length(gradient)? };
                let (tolerance, reach) = (state.get("tolerance")?, state.get("reach")?);
                Optimiser::Lbfgsb(Box::new(Lbfgsb {
                    x: x.clone(),
                    value,
                    gradient,
                    history,
                    iteration,
                    bounds,
                    tolerance,
                    reach,
                }))
            }
        };
        let losses = state.f64_vector("losses")?;
        let losses = losses.chunks_exact(layers + 1);
        let losses = losses.map(|row| LossValue { total: row[0], parts: row[1..].to_vec() }).collect();
        Ok(Self { optimiser, losses, level: state.get("level")? })
    }
}
