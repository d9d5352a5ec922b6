//! Checkpoints: everything that is needed to resume a run, in one file.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};

use super::ReconstructError;
use super::reconstruction::{State, Vector};
use super::settings::Settings;

/// A saved run: a resumed run gives bit for bit what the uninterrupted one gives (same device and program).
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint<'a> {
    /// Everything besides the method's state.
    pub run: SavedRun,
    /// The method's state.
    pub state: State<'a>,
}

/// The run of a checkpoint.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SavedRun {
    /// The run's settings.
    pub settings: Settings,
    /// The fingerprint of its micrograph.
    pub fingerprint: String,
    /// The hash of its network's weights, if it has a network.
    #[serde(default)]
    pub weights: Option<String>,
    /// The realisation's number, from 0.
    pub realisation: usize,
    /// Its seed.
    pub seed: u64,
    /// Seconds of computing so far.
    pub seconds: f64,
}

/// The scalars, kept as text in the file's metadata.
#[derive(serde::Serialize, serde::Deserialize)]
struct Header {
    version: String,
    #[serde(flatten)]
    run: SavedRun,
    #[serde(flatten)]
    state: serde_json::Map<String, serde_json::Value>,
}

const KEY: &str = "microwright";

impl SavedRun {
    /// Reads the run of a checkpoint without its state, which can be large; `None` where there is no checkpoint of this
    /// version of the program.
    pub fn read(path: &Path) -> Option<Self> {
        /// The most bytes of a header that are read.
        const MOST: u64 = 100 << 20;
        let mut file = File::open(path).ok()?;
        // A safetensors file begins with the length of its header, which is JSON.
        let mut length = [0; 8];
        file.read_exact(&mut length).ok()?;
        let mut header = vec![];
        file.take(u64::from_le_bytes(length).min(MOST)).read_to_end(&mut header).ok()?;
        let header: serde_json::Value = serde_json::from_slice(&header).ok()?;
        let Header { version, run, .. } = serde_json::from_str(header["__metadata__"][KEY].as_str()?).ok()?;
        (version == env!("CARGO_PKG_VERSION")).then_some(run)
    }
}

impl Checkpoint<'_> {
    /// Writes the file, completely or not at all.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), ReconstructError> {
        let failed = |source| ReconstructError::CheckpointWrite { path: path.into(), source };
        let header =
            Header { version: env!("CARGO_PKG_VERSION").into(), run: self.run.clone(), state: self.state.text.clone() };
        let header = serde_json::to_string(&header).map_err(|e| failed(e.into()))?;
        let views = self.state.vectors.iter().map(|(name, vector)| {
            let (dtype, bytes) = match vector {
                Vector::F64(values) => (Dtype::F64, bytemuck::cast_slice::<f64, u8>(values)),
                Vector::F32(values) => (Dtype::F32, bytemuck::cast_slice::<f32, u8>(values)),
            };
            let view = TensorView::new(dtype, vec![bytes.len() * 8 / dtype.bitsize()], bytes);
            (name.as_str(), view.expect("the bytes are those of the shape"))
        });
        let metadata = HashMap::from([(KEY.to_string(), header)]);
        let bytes = safetensors::serialize(views, Some(metadata)).map_err(|e| failed(std::io::Error::other(e)))?;
        crate::folders::write_atomically(path, &bytes).map_err(failed)
    }
}

impl Checkpoint<'static> {
    /// Reads what [`Checkpoint::save`] wrote.
    ///
    /// # Errors
    /// The file cannot be read, or is no checkpoint of this version of the program.
    pub fn read(path: &Path) -> Result<Self, ReconstructError> {
        let unusable = |reason: String| ReconstructError::Checkpoint { path: path.into(), reason };
        let bytes = std::fs::read(path).map_err(|e| unusable(e.to_string()))?;
        let broken =
            |e: &dyn std::fmt::Display| unusable(format!("it is damaged ({e}); start the run again without --resume"));
        let (_, metadata) = SafeTensors::read_metadata(&bytes).map_err(|e| broken(&e))?;
        let text = metadata.metadata().as_ref().and_then(|m| m.get(KEY));
        let text = text.ok_or_else(|| unusable("it is no checkpoint of this program".into()))?;
        let Header { version, run, state } = serde_json::from_str(text).map_err(|e| broken(&e))?;
        if version != env!("CARGO_PKG_VERSION") {
            return Err(unusable(format!(
                "it was written by version {version} of the program; start the run again without --resume"
            )));
        }
        let tensors = SafeTensors::deserialize(&bytes).map_err(|e| broken(&e))?;
        let mut vectors = vec![];
        for (name, view) in tensors.tensors() {
            let vector = match view.dtype() {
                Dtype::F64 => Vector::F64(Cow::Owned(bytemuck::pod_collect_to_vec(view.data()))),
                Dtype::F32 => Vector::F32(Cow::Owned(bytemuck::pod_collect_to_vec(view.data()))),
                other => return Err(broken(&format!("{name} is {other:?}"))),
            };
            vectors.push((name, vector));
        }
        Ok(Self { run, state: State { text: state, vectors } })
    }

    /// The error for a file with a state that a method cannot resume.
    pub fn refused(path: &Path, error: ReconstructError) -> ReconstructError {
        let reason = match error {
            ReconstructError::DamagedState(what) => {
                format!("it is damaged ({what}); start the run again without --resume")
            }
            ReconstructError::OtherState(what) => {
                format!("it was made with {what}; use the same as in that run, or start again without --resume")
            }
            other => return other,
        };
        ReconstructError::Checkpoint { path: path.into(), reason }
    }
}
