//! The layers of VGG-19, and how deep the network is kept.

use crate::compute::graph::Padding;

/// What a layer does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayerKind {
    /// 3 × 3 convolution with bias and ReLU.
    Conv {
        /// Channels of its input.
        inputs: usize,
        /// Channels of its output.
        outputs: usize,
    },
    /// 2 × 2 pooling of stride 2.
    Pool,
}

/// One layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layer {
    /// Its usual name, `conv1_1` … `pool5`.
    pub name: &'static str,
    /// What it does.
    pub kind: LayerKind,
}

const fn conv(name: &'static str, inputs: usize, outputs: usize) -> Layer {
    Layer { name, kind: LayerKind::Conv { inputs, outputs } }
}

const fn pool(name: &'static str) -> Layer {
    Layer { name, kind: LayerKind::Pool }
}

/// All layers in order.
pub const LAYERS: [Layer; 21] = [
    conv("conv1_1", 3, 64),
    conv("conv1_2", 64, 64),
    pool("pool1"),
    conv("conv2_1", 64, 128),
    conv("conv2_2", 128, 128),
    pool("pool2"),
    conv("conv3_1", 128, 256),
    conv("conv3_2", 256, 256),
    conv("conv3_3", 256, 256),
    conv("conv3_4", 256, 256),
    pool("pool3"),
    conv("conv4_1", 256, 512),
    conv("conv4_2", 512, 512),
    conv("conv4_3", 512, 512),
    conv("conv4_4", 512, 512),
    pool("pool4"),
    conv("conv5_1", 512, 512),
    conv("conv5_2", 512, 512),
    conv("conv5_3", 512, 512),
    conv("conv5_4", 512, 512),
    pool("pool5"),
];

/// The last layer that pruning keeps (Li et al. 2018, "Model pruning").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Depth(usize);

/// The depths of Li et al. 2018, Table 4, and pool5.
pub const DEPTHS: [Depth; 6] = [Depth(0), Depth(2), Depth(5), Depth(10), Depth(15), Depth(20)];

impl Depth {
    /// conv1_1, the shallowest.
    pub const CONV1_1: Self = Self(0);
    /// After the second pooling.
    pub const POOL2: Self = Self(5);
    /// pool3, the default.
    pub const POOL3: Self = Self(10);
    /// pool5, the deepest.
    pub const POOL5: Self = Self(20);

    /// The depth that ends with the layer of this name.
    pub fn named(name: &str) -> Option<Self> {
        LAYERS.iter().position(|layer| layer.name == name).map(Self)
    }

    /// All depths, shallowest first.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..LAYERS.len()).map(Self)
    }

    /// The name of the last layer kept.
    pub fn name(self) -> &'static str {
        self.layer().name
    }

    /// The last layer kept.
    pub fn layer(self) -> Layer {
        LAYERS[self.0]
    }

    /// The layers kept.
    pub fn layers(self) -> &'static [Layer] {
        &LAYERS[..=self.0]
    }

    /// The convolutions kept: name, input channels, output channels.
    pub fn convolutions(self) -> impl Iterator<Item = (&'static str, usize, usize)> {
        self.layers().iter().filter_map(|layer| match layer.kind {
            LayerKind::Conv { inputs, outputs } => Some((layer.name, inputs, outputs)),
            LayerKind::Pool => None,
        })
    }

    /// Channels of its feature map.
    pub fn channels(self) -> usize {
        self.convolutions().last().map_or(0, |(_, _, outputs)| outputs)
    }

    /// Weights of the convolutions, biases not counted, as Li et al. 2018 count them.
    pub fn weights(self) -> usize {
        self.convolutions().map(|(_, inputs, outputs)| 9 * inputs * outputs).sum()
    }

    /// Edge, in pixels, of the square of the image that one output of the last layer sees.
    ///
    /// It follows from the layers: a 3 × 3 convolution adds two steps, a pooling one, and a step doubles with each
    /// pooling. This gives 3, 6, 16, 52 and 124 for conv1_1, pool1 … pool4; Table 4 of Li et al. 2018 gives 3, 10,
    /// 28, 72 and 160.
    pub fn receptive_field(self) -> usize {
        let (mut field, mut step) = (1, 1);
        for layer in self.layers() {
            match layer.kind {
                LayerKind::Conv { .. } => field += 2 * step,
                LayerKind::Pool => {
                    field += step;
                    step *= 2;
                }
            }
        }
        field
    }

    /// Pixels from one output of the last layer to the next.
    pub fn stride(self) -> usize {
        1 << self.layers().iter().filter(|layer| layer.kind == LayerKind::Pool).count()
    }

    /// The layers whose Gram matrices are matched by default: conv1_1, every pool, and the last layer.
    pub fn default_taps(self) -> Vec<Depth> {
        let is_tap = |d: &Depth| *d == Self::CONV1_1 || d.layer().kind == LayerKind::Pool || *d == self;
        (0..=self.0).map(Depth).filter(is_tap).collect()
    }

    /// The smallest image edge that leaves at least one output, and two where an edge is mirrored.
    pub fn smallest_image(self, padding: Padding) -> usize {
        match padding {
            Padding::Reflect => 2 * self.stride(),
            Padding::Zero | Padding::Periodic => self.stride().max(2),
        }
    }
}

impl std::fmt::Display for Depth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Depth {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = || LAYERS.map(|layer| layer.name).join(", ");
        Self::named(name).ok_or_else(|| format!("“{name}” is no layer of VGG-19; choose one of {}", names()))
    }
}

impl serde::Serialize for Depth {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for Depth {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}
