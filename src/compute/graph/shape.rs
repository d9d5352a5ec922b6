//! Sizes of tensors, and the settings of operations that have more than one.

/// The shape of a tensor, stored image by image and row by row with channels last: `[batch, height, width, channels]`.
///
/// A feature map is `[N, H, W, C]`; its Gram matrices `[N, C, 1, C]`; the kernels of a convolution
/// `[1, k², Cin, Cout]`; vectors of a batch `[N, 1, 1, n]`; a scalar `[1, 1, 1, 1]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Images of a batch.
    pub batch: usize,
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Numbers at each position.
    pub channels: usize,
}

impl Shape {
    /// The shape of one image.
    pub const fn new(height: usize, width: usize, channels: usize) -> Self {
        Self { batch: 1, height, width, channels }
    }

    /// A vector of `channels` numbers for each of `batch` images.
    pub const fn vectors(batch: usize, channels: usize) -> Self {
        Self { batch, height: 1, width: 1, channels }
    }

    /// The same shape for each of `batch` images.
    pub const fn times(self, batch: usize) -> Self {
        Self { batch, ..self }
    }

    /// One number.
    pub const SCALAR: Self = Self::new(1, 1, 1);

    /// Positions of one image, that is height times width.
    pub const fn positions(&self) -> usize {
        self.height * self.width
    }

    /// Positions of all images together.
    pub const fn rows(&self) -> usize {
        self.batch * self.positions()
    }

    /// The shape of one bit for each number: a word holds the bits of 32 channels of a position.
    pub const fn signs(self) -> Self {
        Self { channels: self.channels.div_ceil(32), ..self }
    }

    /// Numbers of one image.
    pub const fn image_len(&self) -> usize {
        self.positions() * self.channels
    }

    /// Numbers in the tensor.
    pub const fn len(&self) -> usize {
        self.batch * self.image_len()
    }

    /// For a tensor of this shape that is repeated to the shape `whole`: the steps in its own numbers when `whole`
    /// advances by one image, position or channel; 0 where it is repeated.
    pub const fn steps_to(&self, whole: Self) -> [usize; 3] {
        const fn step(size: usize, step: usize, whole: usize) -> usize {
            if size == 1 && whole != 1 { 0 } else { step }
        }
        [
            step(self.batch, self.image_len(), whole.batch),
            step(self.positions(), self.channels, whole.positions()),
            step(self.channels, 1, whole.channels),
        ]
    }

    /// Whether the tensor holds no number.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Bytes of the tensor in f32.
    pub const fn bytes(&self) -> u64 {
        self.len() as u64 * 4
    }
}

/// How a convolution reads beyond the edge of its input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Padding {
    /// Zeros, as VGG-19 was trained.
    Zero,
    /// The opposite edge, so that the result can be tiled.
    Periodic,
    /// The mirror image without its edge pixel.
    Reflect,
}

impl Padding {
    /// All kinds, in the order of the menus.
    pub const ALL: [Self; 3] = [Self::Zero, Self::Periodic, Self::Reflect];

    /// The name as files and the command line spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zero => "zero",
            Self::Periodic => "periodic",
            Self::Reflect => "reflect",
        }
    }
}

/// How 2 × 2 pixels become one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pooling {
    /// Their mean.
    Mean,
    /// Their largest.
    Max,
}

/// How many bits the numbers of a network have on a GPU; the native code always has 32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Precision {
    /// 32.
    #[default]
    Single,
    /// 16 in feature maps, which then take half of the memory; 32 in sums, Gram matrices and gradients.
    Half,
}

impl Precision {
    /// The name as files and the command line spell it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Single => "single",
            Self::Half => "half",
        }
    }
}

/// Rows and columns that are cut from the edges of a map.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cut {
    /// Rows and columns before the first that stays.
    pub before: [usize; 2],
    /// Rows and columns after the last that stays.
    pub after: [usize; 2],
}

/// The settings of a convolution of stride 1 with square kernels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConvSettings {
    /// Rows and columns of a kernel.
    pub edge: usize,
    /// Rows and columns that are added before the first one; negative if the result is cut.
    pub before: [isize; 2],
    /// Rows and columns that are added after the last one.
    pub after: [isize; 2],
    /// Whether the input continues at the opposite edge instead of with zeros (only where the size is kept).
    pub periodic: bool,
    /// Whether negative results become zero.
    pub relu: bool,
    /// Whether the input is the gradient of a mean pooling. Each of the 2 × 2 pooled pixels then reads a quarter of it,
    /// and the mask has the size of the map before pooling.
    pub spread: bool,
}

impl ConvSettings {
    /// Kernels of `edge` × `edge` that keep the size of the image; an even kernel reaches one pixel further down and
    /// to the right.
    pub const fn same(edge: usize, periodic: bool, relu: bool) -> Self {
        let (before, after) = ((edge - 1) / 2, edge / 2);
        Self { edge, before: [before as isize; 2], after: [after as isize; 2], periodic, relu, spread: false }
    }

    /// 3 × 3 kernels whose centre may leave the input by `border` pixels: 0 valid, 1 same size, 2 full.
    pub const fn three(border: isize, periodic: bool, relu: bool) -> Self {
        Self { edge: 3, before: [border; 2], after: [border; 2], periodic, relu, spread: false }
    }

    /// The same settings, with some rows and columns cut from the result.
    pub fn cut(self, cut: Cut) -> Self {
        let less = |border: [isize; 2], cut: [usize; 2]| [border[0] - cut[0] as isize, border[1] - cut[1] as isize];
        Self { before: less(self.before, cut.before), after: less(self.after, cut.after), ..self }
    }

    /// The settings of the adjoint with respect to the input.
    pub fn adjoint(self) -> Self {
        let reach = self.edge as isize - 1;
        let other = |border: [isize; 2]| [reach - border[0], reach - border[1]];
        Self { before: other(self.before), after: other(self.after), relu: false, ..self }
    }
}
