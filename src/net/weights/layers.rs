//! Weights of the feature network as one type for all sources.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::net::Layer;

/// The source of weights, as it is shown in every report and in the window.
#[derive(Clone, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightsKind {
    /// Seeded random filters, made by the program.
    BuiltIn,
    /// The trained network, as downloaded by the program.
    Vgg19,
    /// A file or folder of the user.
    File(PathBuf),
}

impl WeightsKind {
    /// Reads the command line's `builtin`, `vgg19` or a path.
    pub fn parse(text: &str) -> Self {
        match text {
            "builtin" => Self::BuiltIn,
            "vgg19" => Self::Vgg19,
            path => Self::File(path.into()),
        }
    }

    /// The name to display.
    pub fn label(&self) -> String {
        match self {
            Self::BuiltIn => "Built in (random filters)".into(),
            Self::Vgg19 => "VGG-19 (trained)".into(),
            Self::File(path) => path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned(),
        }
    }
}

/// The input that weights expect, from an image with channels R, G, B in 0 … 255:
/// `y[c] = scale[c] · x[order[c]] + shift[c]`.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Preprocessing {
    /// Which channel comes first, second and third.
    pub order: [u32; 3],
    /// Factor for each.
    pub scale: [f32; 3],
    /// The number that is then added to each.
    pub shift: [f32; 3],
}

impl Preprocessing {
    /// RGB minus the mean of the trained network's images, for the built-in filters. The mean is a little darker than
    /// mid-grey, which is better for random filters: black and white then differ in more than their sign.
    pub const LESS_MEAN: Self = Self { order: [0, 1, 2], scale: [1.0; 3], shift: [-123.68, -116.779, -103.939] };
    /// BGR minus the mean of the training images: VGG-19 as its authors published it.
    pub const VGG_BGR: Self = Self { order: [2, 1, 0], scale: [1.0; 3], shift: [-103.939, -116.779, -123.68] };

    /// RGB in 0 … 1, minus its mean and divided by its deviation: torchvision.
    pub fn torchvision() -> Self {
        let (mean, deviation) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
        Self {
            order: [0, 1, 2],
            scale: deviation.map(|d: f32| 1.0 / (255.0 * d)),
            shift: std::array::from_fn(|c| -mean[c] / deviation[c]),
        }
    }
}

/// Errors of weights.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file cannot be read or written.
    #[error("{} could not be {action}: {source}.", path.display())]
    Io {
        /// `read` or `written`.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not what it should be.
    #[error("{} holds no usable weights: {reason}. Choose a safetensors file with conv1_1.weight … or features.0.weight …, or a folder of tfjs shards (group1-shard1of1 …).", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The trained network is not on this machine.
    #[error("VGG-19 up to {depth} is not on this machine. Fetch it with `microwright weights fetch --depth {depth}` or the Download button ({}), or use the built-in weights.", crate::compute::mebibytes(*bytes))]
    NotFetched {
        /// The depth that is wanted.
        depth: Layer,
        /// Bytes of the download.
        bytes: u64,
    },
    /// The file ends before the wanted depth.
    #[error("{name} ends before {depth}: {layer} is missing. Choose a shallower depth or other weights.")]
    TooShallow {
        /// The weights.
        name: String,
        /// The depth that is wanted.
        depth: Layer,
        /// The first layer that is missing.
        layer: &'static str,
    },
}

/// Kernels and biases of a convolution.
pub(super) type LayerWeights = (Arc<Vec<f32>>, Arc<Vec<f32>>);

/// Kernels `[9, inputs, outputs]` and biases of each convolution, and the input that they expect. Clones share them.
#[derive(Clone, Debug)]
pub struct Weights {
    kind: WeightsKind,
    preprocessing: Preprocessing,
    pub(super) layers: BTreeMap<&'static str, LayerWeights>,
    hash: String,
}

impl Weights {
    pub(super) fn new(
        kind: WeightsKind,
        preprocessing: Preprocessing,
        layers: BTreeMap<&'static str, LayerWeights>,
    ) -> Self {
        let mut hash = Sha256::new();
        for value in preprocessing.scale.iter().chain(&preprocessing.shift) {
            hash.update(value.to_le_bytes());
        }
        hash.update(preprocessing.order.map(|c| c as u8));
        for (name, (kernels, bias)) in &layers {
            hash.update(name.as_bytes());
            for value in kernels.iter().chain(bias.iter()) {
                hash.update(value.to_le_bytes());
            }
        }
        let hash = crate::folders::hex(&hash.finalize()[..8]);
        Self { kind, preprocessing, layers, hash }
    }

    /// Zeros of the right shapes: enough to plan memory and count operations.
    pub fn blank(depth: Layer) -> Self {
        let layer = |(name, inputs, outputs): (&'static str, usize, usize)| {
            (name, (Arc::new(vec![0.0; 9 * inputs * outputs]), Arc::new(vec![0.0; outputs])))
        };
        let layers = depth.convolutions().map(layer).collect();
        Self { kind: WeightsKind::BuiltIn, preprocessing: Preprocessing::LESS_MEAN, layers, hash: String::new() }
    }

    /// Where they come from.
    pub fn kind(&self) -> &WeightsKind {
        &self.kind
    }

    /// Their name to display.
    pub fn name(&self) -> String {
        self.kind.label()
    }

    /// The first 16 hexadecimal digits of the SHA-256 of all loaded layers.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The input that they expect.
    pub fn preprocessing(&self) -> Preprocessing {
        self.preprocessing
    }

    /// Kernels `[9, inputs, outputs]` and bias of a convolution.
    pub fn layer(&self, name: &str) -> Option<&LayerWeights> {
        self.layers.get(name)
    }
}
