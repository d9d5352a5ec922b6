//! The trained network on this machine: one safetensors file in the user's data directory.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use safetensors::Dtype;
use safetensors::tensor::TensorView;

use super::download::{self, DownloadError, Server};
use super::file;
use super::layers::{LayerWeights, Preprocessing, Weights, WeightsError, WeightsKind};
use crate::net::{Layer, LayerKind};

/// The file's name in the folder.
const FILE: &str = "vgg19.safetensors";

/// The user's folder for weights; `MICROWRIGHT_DATA` names another data directory.
pub fn folder() -> PathBuf {
    crate::folders::data().join("weights")
}

/// The file in which the trained network is kept.
pub fn path(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// The deepest layer for which the kept file is enough.
pub fn deepest(folder: &Path) -> Option<Layer> {
    let header = file::header_of(&path(folder)).ok()?;
    let has = |layer: &Layer| match layer.kind() {
        LayerKind::Pool => true,
        LayerKind::Conv { .. } => header.info(&format!("{}.weight", layer.name())).is_some(),
    };
    Layer::all().take_while(has).last()
}

/// Loads the trained network.
///
/// # Errors
/// It is not there or not deep enough, or the file is broken.
pub fn load(folder: &Path, depth: Layer) -> Result<Weights, WeightsError> {
    let missing = || WeightsError::NotFetched { depth, bytes: download::download_bytes(depth) };
    let path = path(folder);
    if !path.exists() {
        return Err(missing());
    }
    match file::weights(&path, WeightsKind::Vgg19, depth) {
        Err(WeightsError::TooShallow { .. }) => Err(missing()),
        other => other,
    }
}

/// Errors of downloading and storing the network.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// While downloading.
    #[error(transparent)]
    Download(#[from] DownloadError),
    /// While putting the layers together.
    #[error(transparent)]
    Weights(#[from] WeightsError),
}

/// Downloads what `depth` needs and keeps it; layers that are already kept stay.
///
/// # Errors
/// See [`FetchError`].
pub fn fetch(
    server: &Server,
    folder: &Path,
    depth: Layer,
    progress: &mut dyn FnMut(u64, u64) -> bool,
) -> Result<PathBuf, FetchError> {
    if deepest(folder).is_some_and(|kept| kept >= depth) {
        return Ok(path(folder));
    }
    let shards_folder = folder.join("download");
    download::fetch(server, &shards_folder, &download::shards(depth), progress)?;
    let kept = import(&shards_folder, folder, depth)?;
    // The shards are no longer needed; if they cannot be removed, they only take space.
    let _ = fs::remove_dir_all(&shards_folder);
    Ok(kept)
}

/// Keeps the trained network from a folder of shards or a safetensors file, as deep as it goes.
///
/// # Errors
/// The source holds no usable weights, or the file cannot be written.
pub fn import(source: &Path, folder: &Path, at_least: Layer) -> Result<PathBuf, WeightsError> {
    let (preprocessing, layers) = if source.is_dir() {
        file::read_tfjs(source, Layer::POOL5)?
    } else {
        file::read_safetensors(source, Layer::POOL5)?
    };
    let refused = |reason: &str| WeightsError::Malformed { path: source.into(), reason: reason.into() };
    if preprocessing != Preprocessing::VGG_BGR {
        let reason = "they are not VGG-19 as its authors published it (BGR, 0..255, its own mean), so they are not kept \
                      under that name; use them with --weights PATH instead";
        return Err(refused(reason));
    }
    if deepest(folder).is_some_and(|kept| kept.convolutions().count() > layers.len()) {
        return Err(refused("they end before the weights that are kept already, so those were not replaced"));
    }
    if let Some((layer, ..)) = at_least.convolutions().find(|(name, ..)| !layers.contains_key(name)) {
        let name = source.display().to_string();
        return Err(WeightsError::TooShallow { name, depth: at_least, layer });
    }
    let path = path(folder);
    save(&layers, &path)?;
    Ok(path)
}

fn save(layers: &BTreeMap<&'static str, LayerWeights>, path: &Path) -> Result<(), WeightsError> {
    let failed = |source: std::io::Error| WeightsError::Io { action: "written", path: path.into(), source };
    let mut tensors = vec![];
    for (name, inputs, outputs) in Layer::POOL5.convolutions() {
        let Some((kernels, bias)) = layers.get(name) else { continue };
        let kernels = file::outputs_first(kernels, inputs, outputs);
        tensors.push((format!("{name}.weight"), vec![outputs, inputs, 3, 3], kernels));
        tensors.push((format!("{name}.bias"), vec![outputs], bias.to_vec()));
    }
    let bytes: Vec<(String, Vec<usize>, Vec<u8>)> = tensors
        .into_iter()
        .map(|(name, shape, values)| (name, shape, values.iter().flat_map(|v| v.to_le_bytes()).collect()))
        .collect();
    let views = bytes.iter().map(|(name, shape, bytes)| {
        (name.as_str(), TensorView::new(Dtype::F32, shape.clone(), bytes).expect("the bytes are those of the shape"))
    });
    let content = safetensors::serialize(views, Some(metadata())).map_err(|e| failed(std::io::Error::other(e)))?;
    crate::folders::write_atomically(path, &content).map_err(failed)
}

fn metadata() -> HashMap<String, String> {
    [
        ("model", "VGG-19 (Simonyan & Zisserman 2014), convolutional layers"),
        ("license", "CC BY 4.0 (Visual Geometry Group, University of Oxford)"),
        ("source", download::ADDRESS),
        ("channels", "BGR"),
        ("input_range", "0..255"),
        ("mean", "103.939,116.779,123.68"),
    ]
    .map(|(key, value)| (key.to_string(), value.to_string()))
    .into()
}
