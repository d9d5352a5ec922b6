//! What a kernel is: a shader with its bindings, its parameter block and its dispatch.

/// How a shader uses a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// The parameter block.
    Parameters,
    /// A buffer that is only read.
    Read,
    /// A buffer that is written, and may be read before.
    Write,
    /// A feature map that is only read; the variant decides how many bits its numbers have.
    ReadMap,
    /// A feature map that is only written; the variant decides how many bits its numbers have.
    WriteMap,
}

/// A variant of a kernel: which of its maps have numbers of 16 bits instead of 32.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Halves {
    /// Whether the maps that it reads have 16 bits.
    pub read: bool,
    /// Whether the maps that it writes have 16 bits.
    pub write: bool,
}

/// One field of a parameter block: its name and its offset in bytes.
pub type Field = (&'static str, usize);

/// A shader and what it expects.
#[derive(Debug)]
pub struct Kernel {
    /// Its name, and that of its file.
    pub name: &'static str,
    /// Its WGSL without the shared functions.
    pub source: &'static str,
    /// Shared functions that it uses.
    pub shared: &'static [&'static str],
    /// Its bindings in order, from 0.
    pub bindings: &'static [Binding],
    /// The fields of its parameter block.
    pub fields: &'static [Field],
    /// The largest difference from the native code, relative to the largest result.
    pub tolerance: f32,
}

impl Kernel {
    /// Whether the kernel has this variant.
    pub fn has_variant(&self, halves: Halves) -> bool {
        let has = |kind| self.bindings.contains(&kind);
        (has(Binding::ReadMap) || !halves.read) && (has(Binding::WriteMap) || !halves.write)
    }

    /// The complete WGSL of a variant: its `enable` lines, the shared functions, and its own source.
    pub fn wgsl(&self, halves: Halves) -> String {
        let reads = if halves.read { shared::READS_HALF } else { shared::READS_SINGLE };
        let writes = if halves.write { shared::WRITES_HALF } else { shared::WRITES_SINGLE };
        let mut text = String::new();
        for (kind, numbers) in [(Binding::ReadMap, reads), (Binding::WriteMap, writes)] {
            if self.bindings.contains(&kind) {
                text.push_str(numbers);
            }
        }
        text.push_str(&self.shared.concat());
        text.push_str(self.source);
        let (mut enables, others): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("enable "));
        enables.sort_unstable();
        enables.dedup();
        [enables, others].concat().join("\n")
    }
}

/// Functions that several shaders use.
pub mod shared {
    /// The whole convolution with cooperative matrices; each kernel adds only the size of the matrices.
    pub const CONV_COOPERATIVE: &str = include_str!("../../../shaders/shared/conv_cooperative.wgsl");
    /// `input_at`: a number of a convolution's input.
    pub const CONV_INPUT: &str = include_str!("../../../shaders/shared/conv_input.wgsl");
    /// `Parameters`: the block of the kernels that compute a convolution.
    pub const CONV_PARAMETERS: &str = include_str!("../../../shaders/shared/conv_parameters.wgsl");
    /// `tap_at` and `tap_values`: the same, four channels at a time.
    pub const CONV_TAP: &str = include_str!("../../../shaders/shared/conv_tap.wgsl");
    /// `size` and `cosine`: lengths and cosines of vectors, from the matrix of their scalar products.
    pub const COSINE: &str = include_str!("../../../shaders/shared/cosine.wgsl");
    /// `finished`: bias and ReLU of a sum.
    pub const FINISH: &str = include_str!("../../../shaders/shared/finish.wgsl");
    /// `finished`: biases and ReLU of four sums.
    pub const FINISH_FOUR: &str = include_str!("../../../shaders/shared/finish_four.wgsl");
    /// `linear_index`: the number of an invocation in a folded grid.
    pub const LINEAR_INDEX: &str = include_str!("../../../shaders/shared/linear_index.wgsl");
    /// The parameter block of the kernels that compute a Gram matrix.
    pub const GRAM_PARAMETERS: &str = include_str!("../../../shaders/shared/gram_parameters.wgsl");
    /// `Input`: the type of the numbers in the maps that a kernel reads, with 16 bits.
    pub const READS_HALF: &str = include_str!("../../../shaders/shared/reads_half.wgsl");
    /// `Input` with 32 bits.
    pub const READS_SINGLE: &str = include_str!("../../../shaders/shared/reads_single.wgsl");
    /// `is_within`: whether a position lies in a region of a feature map.
    pub const REGION: &str = include_str!("../../../shaders/shared/region.wgsl");
    /// `source_row`, `source_column`: which row and column a tap of a convolution reads.
    pub const SOURCE: &str = include_str!("../../../shaders/shared/source.wgsl");
    /// `multiply_tiles`: a 64 × 64 tile of a matrix product.
    pub const TILE_PRODUCT: &str = include_str!("../../../shaders/shared/tile_product.wgsl");
    /// `multiply_tiles`: a 128 × 64 tile of a matrix product, 8 × 8 of it in each invocation's registers.
    pub const WIDE_TILE_PRODUCT: &str = include_str!("../../../shaders/shared/wide_tile_product.wgsl");
    /// `Output` and `stored`: the type of the numbers in the maps that a kernel writes, with 16 bits.
    pub const WRITES_HALF: &str = include_str!("../../../shaders/shared/writes_half.wgsl");
    /// `Output` and `stored` with 32 bits.
    pub const WRITES_SINGLE: &str = include_str!("../../../shaders/shared/writes_single.wgsl");
    /// `store_points`: stores six of the points of Winograd's algorithm.
    pub const WINOGRAD_POINTS: &str = include_str!("../../../shaders/shared/winograd_points.wgsl");
    /// `source_line` and `result_line`: the transforms of Winograd's algorithm.
    pub const WINOGRAD: &str = include_str!("../../../shaders/shared/winograd.wgsl");
}

/// What a dispatch needs besides its buffers.
#[derive(Clone, Debug)]
pub struct Launch {
    /// The kernel.
    pub kernel: &'static Kernel,
    /// The bytes of its parameter block, a multiple of 16.
    pub parameters: Vec<u8>,
    /// Groups in x, y and z before folding; x may exceed what a device takes in one dimension.
    pub grid: Grid,
}

/// Groups of a dispatch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grid {
    /// A number of elements, 256 per group, folded into y where needed (see `linear_index`).
    Linear(usize),
    /// Groups in x (folded into z where needed) and y.
    Tiles(usize, usize),
    /// Groups in each direction; none may exceed the device's limit.
    Exact(usize, usize, usize),
}

impl Grid {
    /// Groups in x, y and z on a device that takes at most `most` in each; `None` when they do not fit.
    pub fn groups(self, most: u32) -> Option<[u32; 3]> {
        let limit = most as usize;
        let fold = |n: usize| (n.clamp(1, limit), n.max(1).div_ceil(limit));
        let groups = match self {
            Self::Linear(elements) => {
                let (x, y) = fold(elements.div_ceil(256));
                [x, y, 1]
            }
            Self::Tiles(x, y) => {
                let (x, z) = fold(x);
                [x, y, z]
            }
            Self::Exact(x, y, z) => [x, y, z],
        };
        groups.iter().all(|g| *g <= limit).then(|| groups.map(|g| g as u32))
    }
}

/// Pads a parameter block to a multiple of 16 bytes, as a uniform buffer requires.
pub(super) fn block<T: bytemuck::NoUninit>(parameters: &T) -> Vec<u8> {
    let mut bytes = bytemuck::bytes_of(parameters).to_vec();
    bytes.resize(bytes.len().next_multiple_of(16), 0);
    bytes
}

/// Defines a parameter block with a table of its fields; a test compares the table with the shader.
macro_rules! parameters {
    ($(#[$note:meta])* $name:ident { $($field:ident: $type:ty),* $(,)? }) => {
        $(#[$note])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug, bytemuck::NoUninit)]
        pub struct $name { $(
            #[doc = concat!("Field `", stringify!($field), "` of the shader's parameter block.")]
            pub $field: $type,
        )* }

        impl $name {
            /// Names and offsets in bytes.
            pub const FIELDS: &'static [$crate::compute::kernels::Field] =
                &[$((stringify!($field), std::mem::offset_of!($name, $field))),*];
        }
    };
}
pub(super) use parameters;
