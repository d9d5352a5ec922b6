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

const fn conv(name: &'static str, inputs: usize, outputs: usize) -> (&'static str, LayerKind) {
    (name, LayerKind::Conv { inputs, outputs })
}

const fn pool(name: &'static str) -> (&'static str, LayerKind) {
    (name, LayerKind::Pool)
}

/// The usual name of each layer and what it does, in order.
const LAYERS: [(&str, LayerKind); 21] = [
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

/// One layer of VGG-19. As a depth, it is the last layer that pruning keeps (Li et al. 2018, "Model pruning").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layer(usize);

/// The depths of Li et al. 2018, Table 4, and pool5.
pub const DEPTHS: [Layer; 6] = [Layer(0), Layer(2), Layer(5), Layer(10), Layer(15), Layer(20)];

impl Layer {
    /// conv1_1, the first.
    pub const CONV1_1: Self = Self(0);
    /// The second pooling.
    pub const POOL2: Self = Self(5);
    /// The third pooling, the default depth.
    pub const POOL3: Self = Self(10);
    /// The fifth pooling, the last.
    pub const POOL5: Self = Self(20);

    /// The layer of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::all().find(|layer| layer.name() == name)
    }

    /// All layers in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..LAYERS.len()).map(Self)
    }

    /// Its usual name, `conv1_1` … `pool5`.
    pub fn name(self) -> &'static str {
        LAYERS[self.0].0
    }

    /// What it does.
    pub fn kind(self) -> LayerKind {
        LAYERS[self.0].1
    }

    /// Its place among all layers, from 0.
    pub fn number(self) -> usize {
        self.0
    }

    /// All layers up to this one: those that are kept at this depth.
    pub fn kept(self) -> impl Iterator<Item = Self> {
        (0..=self.0).map(Self)
    }

    /// The convolutions up to this layer: name, input channels, output channels.
    pub fn convolutions(self) -> impl Iterator<Item = (&'static str, usize, usize)> {
        self.kept().filter_map(|layer| match layer.kind() {
            LayerKind::Conv { inputs, outputs } => Some((layer.name(), inputs, outputs)),
            LayerKind::Pool => None,
        })
    }

    /// Channels of its feature map.
    pub fn channels(self) -> usize {
        self.convolutions().last().map_or(0, |(_, _, outputs)| outputs)
    }

    /// Weights of the convolutions up to this layer, biases not counted, as Li et al. 2018 count them.
    pub fn weights(self) -> usize {
        self.convolutions().map(|(_, inputs, outputs)| 9 * inputs * outputs).sum()
    }

    /// Edge, in pixels, of the square of the image that one output of this layer sees.
    ///
    /// It follows from the layers: a 3 × 3 convolution adds two steps, a pooling one, and a step doubles with each
    /// pooling. This gives 3, 6, 16, 52 and 124 for conv1_1, pool1 … pool4; Table 4 of Li et al. 2018 gives 3, 10,
    /// 28, 72 and 160.
    pub fn receptive_field(self) -> usize {
        let (mut field, mut step) = (1, 1);
        for layer in self.kept() {
            match layer.kind() {
                LayerKind::Conv { .. } => field += 2 * step,
                LayerKind::Pool => {
                    field += step;
                    step *= 2;
                }
            }
        }
        field
    }

    /// Pixels from one output of this layer to the next.
    pub fn stride(self) -> usize {
        1 << self.kept().filter(|layer| layer.kind() == LayerKind::Pool).count()
    }

    /// The layers whose Gram matrices are matched by default at this depth: conv1_1, every pool, and the last layer.
    pub fn default_taps(self) -> Vec<Self> {
        let is_tap = |layer: &Self| *layer == Self::CONV1_1 || layer.kind() == LayerKind::Pool || *layer == self;
        self.kept().filter(is_tap).collect()
    }

    /// The smallest image edge that leaves at least one output, or two if edges are mirrored.
    pub fn smallest_image(self, padding: Padding) -> usize {
        match padding {
            Padding::Reflect => 2 * self.stride(),
            Padding::Zero | Padding::Periodic => self.stride().max(2),
        }
    }
}

impl std::fmt::Display for Layer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::str::FromStr for Layer {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let names = || LAYERS.map(|(name, _)| name).join(", ");
        Self::named(name).ok_or_else(|| format!("“{name}” is no layer of VGG-19; choose one of {}", names()))
    }
}

impl serde::Serialize for Layer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> serde::Deserialize<'de> for Layer {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let name = String::deserialize(deserializer)?;
        name.parse().map_err(serde::de::Error::custom)
    }
}
