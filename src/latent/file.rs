//! Tensors with a text as a safetensors file: the format of models and of checkpoints.

use std::collections::BTreeMap;
use std::path::Path;

use half::f16;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};

use super::LatentError;

/// Tensors by name.
pub type Tensors = BTreeMap<String, Vec<f32>>;

/// The name of the metadata entry that holds the text.
pub const ENTRY: &str = "microwright.latent";

/// The error of a file that is not a model.
pub fn malformed(path: &Path, reason: impl Into<String>) -> LatentError {
    LatentError::Malformed { path: path.into(), reason: reason.into() }
}

/// Tensors and a text as a safetensors file.
///
/// # Errors
/// The file would be too large.
pub fn tensor_bytes(tensors: &Tensors, text: &str, as_f16: bool) -> Result<Vec<u8>, LatentError> {
    let bytes: Vec<(&String, Vec<u8>, usize)> = tensors
        .iter()
        .map(|(name, values)| {
            let bytes = match as_f16 {
                true => values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect(),
                false => values.iter().flat_map(|v| v.to_le_bytes()).collect(),
            };
            (name, bytes, values.len())
        })
        .collect();
    let failed = |e: &dyn std::fmt::Display| LatentError::Settings(format!("The model cannot be written: {e}."));
    let dtype = if as_f16 { Dtype::F16 } else { Dtype::F32 };
    let mut views = vec![];
    for (name, bytes, len) in &bytes {
        views.push((name.as_str(), TensorView::new(dtype, vec![*len], bytes).map_err(|e| failed(&e))?));
    }
    let metadata = [(ENTRY.to_string(), text.to_string())].into_iter().collect();
    safetensors::serialize(views, Some(metadata)).map_err(|e| failed(&e))
}

/// Tensors and text of a file that [`tensor_bytes`] wrote.
///
/// # Errors
/// It is not such a file.
pub fn read_tensors(bytes: &[u8], path: &Path) -> Result<(Tensors, String), LatentError> {
    let broken = |e: safetensors::SafeTensorError| malformed(path, format!("it is not a safetensors file ({e})"));
    let (_, header) = SafeTensors::read_metadata(bytes).map_err(broken)?;
    let text = header.metadata().as_ref().and_then(|m| m.get(ENTRY)).cloned();
    let text = text.ok_or_else(|| malformed(path, "it holds weights, but no latent model of this program"))?;
    let file = SafeTensors::deserialize(bytes).map_err(broken)?;
    let mut tensors = Tensors::new();
    for (name, view) in file.tensors() {
        let data = view.data();
        let values: Vec<f32> = match view.dtype() {
            Dtype::F32 => data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect(),
            Dtype::F16 => data.chunks_exact(2).map(|b| f16::from_le_bytes([b[0], b[1]]).to_f32()).collect(),
            other => return Err(malformed(path, format!("the tensor {name} has the type {other:?}, not F32 or F16"))),
        };
        tensors.insert(name, values);
    }
    Ok((tensors, text))
}
