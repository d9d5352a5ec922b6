//! Weights from files of the user: safetensors with this program's names or torchvision's, or a folder of tfjs shards.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use safetensors::Dtype;
use safetensors::tensor::Metadata;

use super::download::{SOURCES, has_content};
use super::layers::{LayerWeights, Preprocessing, Weights, WeightsError, WeightsKind};
use crate::net::Layer;

type Layers = BTreeMap<&'static str, LayerWeights>;

/// Reads a safetensors file or a folder of tfjs shards, only as far as `depth` needs.
pub fn weights(path: &Path, kind: WeightsKind, depth: Layer) -> Result<Weights, WeightsError> {
    let (preprocessing, layers) = if path.is_dir() { read_tfjs(path, depth)? } else { read_safetensors(path, depth)? };
    let weights = Weights::new(kind, preprocessing, layers);
    match depth.convolutions().find(|(name, ..)| !weights.layers.contains_key(name)) {
        None => Ok(weights),
        Some((layer, ..)) => Err(WeightsError::TooShallow { name: weights.name(), depth, layer }),
    }
}

/// The largest header that is accepted; that of VGG-19 is under 10 kB.
const MOST_HEADER: u64 = 1 << 20;
/// Numbers of torchvision's convolutions in `features`, in the order of ours.
const TORCHVISION: [usize; 16] = [0, 2, 5, 7, 10, 12, 14, 16, 19, 21, 23, 25, 28, 30, 32, 34];

fn malformed(path: &Path, reason: impl std::fmt::Display) -> WeightsError {
    WeightsError::Malformed { path: path.into(), reason: reason.to_string() }
}

fn unreadable(path: &Path) -> impl Fn(std::io::Error) -> WeightsError + '_ {
    move |source| WeightsError::Io { action: "read", path: path.into(), source }
}

/// The header of a safetensors file, without its tensors.
pub fn header_of(path: &Path) -> Result<Metadata, WeightsError> {
    let mut file = File::open(path).map_err(unreadable(path))?;
    let length = file.metadata().map_err(unreadable(path))?.len();
    read_header(&mut file, length, path)
}

/// Reads those layers that `depth` needs and the file has, and nothing else.
pub fn read_safetensors(path: &Path, depth: Layer) -> Result<(Preprocessing, Layers), WeightsError> {
    let mut file = File::open(path).map_err(unreadable(path))?;
    let length = file.metadata().map_err(unreadable(path))?.len();
    let header = read_header(&mut file, length, path)?;
    let data_start = length - header.data_len() as u64;
    let torchvision = header.info("features.0.weight").is_some();
    let mut layers = Layers::new();
    for (number, (name, inputs, outputs)) in depth.convolutions().enumerate() {
        let prefix = if torchvision { format!("features.{}", TORCHVISION[number]) } else { name.to_string() };
        let mut read = |part: &str, shape: &[usize]| {
            read_tensor(&mut file, &header, data_start, &format!("{prefix}.{part}"), shape, path)
        };
        let Some(kernels) = read("weight", &[outputs, inputs, 3, 3])? else { break };
        let bias = read("bias", &[outputs])?.ok_or_else(|| malformed(path, format!("{prefix}.bias is missing")))?;
        layers.insert(name, (Arc::new(taps_first(&kernels, inputs, outputs)), Arc::new(bias)));
    }
    if layers.is_empty() {
        return Err(malformed(path, "it has neither conv1_1.weight nor features.0.weight"));
    }
    let preprocessing = match header.metadata() {
        Some(metadata) if metadata.contains_key("channels") => preprocessing(metadata, path)?,
        _ if torchvision => Preprocessing::torchvision(),
        Some(metadata) => preprocessing(metadata, path)?,
        None => Preprocessing::VGG_BGR,
    };
    Ok((preprocessing, layers))
}

/// The header, with every offset checked against the file's real length before anything is allocated.
fn read_header(file: &mut File, length: u64, path: &Path) -> Result<Metadata, WeightsError> {
    let mut size = [0; 8];
    file.read_exact(&mut size).map_err(|_| malformed(path, "it is shorter than a safetensors header"))?;
    let size = u64::from_le_bytes(size);
    if size > MOST_HEADER || size + 8 > length {
        return Err(malformed(path, format!("its header claims {size} bytes and the file has {length}")));
    }
    let mut text = vec![0; size as usize];
    file.read_exact(&mut text).map_err(unreadable(path))?;
    let header: Metadata = serde_json::from_slice(&text).map_err(|e| malformed(path, e))?;
    if header.data_len() as u64 != length - 8 - size {
        return Err(malformed(path, "its tensors do not fill the file"));
    }
    Ok(header)
}

/// A tensor as f32, or `None` where the file has none of that name.
fn read_tensor(
    file: &mut File,
    header: &Metadata,
    data_start: u64,
    name: &str,
    shape: &[usize],
    path: &Path,
) -> Result<Option<Vec<f32>>, WeightsError> {
    let Some(info) = header.info(name) else { return Ok(None) };
    if info.shape != shape {
        return Err(malformed(path, format!("{name} has the shape {:?} instead of {shape:?}", info.shape)));
    }
    let (start, end) = info.data_offsets;
    let mut bytes = vec![0; end - start];
    file.seek(SeekFrom::Start(data_start + start as u64)).map_err(unreadable(path))?;
    file.read_exact(&mut bytes).map_err(unreadable(path))?;
    let values = match info.dtype {
        Dtype::F32 => floats(&bytes),
        Dtype::F16 => half_floats(&bytes),
        other => return Err(malformed(path, format!("{name} is {other:?}; only F32 and F16 are read"))),
    };
    if values.iter().any(|v| !v.is_finite()) {
        return Err(malformed(path, format!("{name} holds numbers that are not finite")));
    }
    Ok(Some(values))
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

fn half_floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<2>().0.iter().map(|b| half::f16::from_le_bytes(*b).to_f32()).collect()
}

/// From `[outputs, inputs, 3, 3]` to `[9, inputs, outputs]`.
pub fn taps_first(values: &[f32], inputs: usize, outputs: usize) -> Vec<f32> {
    let mut out = vec![0.0; values.len()];
    for (at, value) in values.iter().enumerate() {
        let (output, input, tap) = (at / (inputs * 9), at / 9 % inputs, at % 9);
        out[(tap * inputs + input) * outputs + output] = *value;
    }
    out
}

/// From `[9, inputs, outputs]` to `[outputs, inputs, 3, 3]`.
pub fn outputs_first(values: &[f32], inputs: usize, outputs: usize) -> Vec<f32> {
    let mut out = vec![0.0; values.len()];
    for (at, out) in out.iter_mut().enumerate() {
        let (output, input, tap) = (at / (inputs * 9), at / 9 % inputs, at % 9);
        *out = values[(tap * inputs + input) * outputs + output];
    }
    out
}

/// Channel order, range and mean from the file's metadata; those of VGG-19 where the metadata is silent.
fn preprocessing(metadata: &HashMap<String, String>, path: &Path) -> Result<Preprocessing, WeightsError> {
    let bgr = match metadata.get("channels").map(String::as_str) {
        None | Some("BGR") => true,
        Some("RGB") => false,
        Some(other) => return Err(malformed(path, format!("its channels are “{other}” instead of RGB or BGR"))),
    };
    let range = match metadata.get("input_range").map(String::as_str) {
        None | Some("0..255") => 1.0,
        Some("0..1") => 1.0 / 255.0,
        Some(other) => return Err(malformed(path, format!("its input range is “{other}” instead of 0..255 or 0..1"))),
    };
    let three = |key: &str, default: [f32; 3]| -> Result<[f32; 3], WeightsError> {
        let Some(text) = metadata.get(key) else { return Ok(default) };
        let values: Vec<f32> = text.split(',').filter_map(|v| v.trim().parse().ok()).collect();
        let finite = values.iter().all(|v: &f32| v.is_finite());
        values.try_into().ok().filter(|_| finite).ok_or_else(|| malformed(path, format!("its {key} is “{text}”")))
    };
    // The mean is listed in the order of the file's own channels.
    let mut usual = Preprocessing::VGG_BGR.shift.map(|s| -s * range);
    if !bgr {
        usual.reverse();
    }
    let mean = three("mean", usual)?;
    let deviation = three("std", [1.0; 3])?;
    if deviation.iter().any(|d| *d <= 0.0) {
        return Err(malformed(path, "its std is not larger than 0"));
    }
    Ok(Preprocessing {
        order: if bgr { [2, 1, 0] } else { [0, 1, 2] },
        scale: deviation.map(|d| range / d),
        shift: std::array::from_fn(|c| -mean[c] / deviation[c]),
    })
}

/// Reads shards as they are published (see `download`), up to `depth` or the last complete layer.
pub fn read_tfjs(folder: &Path, depth: Layer) -> Result<(Preprocessing, Layers), WeightsError> {
    let mut layers = Layers::new();
    for (name, inputs, outputs) in depth.convolutions() {
        let shards: Vec<_> = SOURCES.iter().filter(|s| s.layer == name).collect();
        if shards.iter().any(|s| !folder.join(s.file).exists()) {
            break;
        }
        let mut bytes = vec![];
        for shard in shards {
            let path = folder.join(shard.file);
            if !has_content(&path, shard) {
                return Err(malformed(&path, format!("it is not the published file of {} bytes", shard.bytes)));
            }
            bytes.extend(std::fs::read(&path).map_err(unreadable(&path))?);
        }
        layers.insert(name, split_layer(&bytes, inputs, outputs).ok_or_else(|| malformed(folder, name))?);
    }
    if layers.is_empty() {
        return Err(malformed(folder, "the folder has no group1-shard1of1"));
    }
    Ok((Preprocessing::VGG_BGR, layers))
}

/// Kernel, then bias; tfjs keeps kernels as `[3, 3, inputs, outputs]`, which is our own order.
pub fn split_layer(bytes: &[u8], inputs: usize, outputs: usize) -> Option<LayerWeights> {
    let mut values = floats(bytes);
    if values.len() != (9 * inputs + 1) * outputs || values.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let bias = values.split_off(9 * inputs * outputs);
    Some((Arc::new(values), Arc::new(bias)))
}
