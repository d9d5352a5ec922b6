//! The choices of options: their names on the command line, and their help texts.

use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::compute::graph::{Padding, Pooling, Precision};
use crate::compute::kernels::Algorithm;
use crate::latent::{Head, LatentPreset, ModelKind};
use crate::reconstruct::gram::{CorrelationTarget, Decoding, Encoding, OptimiserKind, Preset};
use crate::reconstruct::loss::Normalisation;
use crate::stats::Boundary;

/// Makes a type usable as the value of an option. It does not compile if a variant is missing.
macro_rules! choices {
    ($type:ty { $($variant:ident $name:literal: $help:literal,)+ }) => {
        impl ValueEnum for $type {
            fn value_variants<'a>() -> &'a [Self] {
                &[$(Self::$variant),+]
            }

            fn to_possible_value(&self) -> Option<PossibleValue> {
                Some(match self {
                    $(Self::$variant => PossibleValue::new($name).help($help),)+
                })
            }
        }
    };
}

choices!(Padding {
    Zero "zero": "Zeros, as VGG-19 was trained",
    Periodic "periodic": "The opposite edge, so that the result can be tiled",
    Reflect "reflect": "The mirror image without its edge pixel",
});

choices!(Pooling {
    Mean "mean": "The mean of 2 × 2 values",
    Max "max": "The largest of 2 × 2 values",
});

choices!(Precision {
    Single "single": "32 bits",
    Half "half": "16 bits in feature maps, which then take half of the memory; 32 in sums, Gram matrices and gradients",
});

choices!(Algorithm {
    Direct "direct": "A matrix product in tiles of 64 × 64: for any kernels and channels",
    Few "few": "Each position by itself: for at most 4 input or 4 output channels",
    Tiled "tiled": "Like `direct` in tiles of 128 × 64, held in more registers: for many channels",
    Cooperative "cooperative": "The adapter's cooperative matrices (tensor cores), in half precision",
    Winograd "winograd": "Winograd's F(4 × 4, 3 × 3): for the channels of `tiled` and constant 3 × 3 kernels",
});

choices!(Normalisation {
    Relative "relative": "‖G − G₀‖² / ‖G₀‖²: every layer counts alike",
    Paper "paper": "‖G − G₀‖² / (4 N² M²), N channels and M positions, as in the paper; the layers differ by up to 10⁹",
});

choices!(Encoding {
    Corners "corners": "Corners of the cube [0, 255]³ as far apart as they can be",
    Hypercube "hypercube": "A maximin Latin hypercube design, as in the paper",
});

choices!(Decoding {
    Clusters "clusters": "k-means, then an annealing at the interfaces to the exact volume fractions, as in the paper",
    Rank "rank": "Of two phases: the threshold that gives the exact volume fraction. More phases are clustered",
});

choices!(CorrelationTarget {
    Sample "sample": "The sample: every displacement, exactly; realisations share its own deviations from the material",
    Material "material": "The material: the radial mean within its sampling error, without polish; realisations vary like pictures of the material. Only without a preferred direction",
});

choices!(OptimiserKind {
    Lbfgsb "lbfgsb": "Quasi-Newton within bounds, as in the paper",
    Adam "adam": "First order; needs many more iterations, but stores no history",
});

choices!(Preset {
    Fast "fast": "A quick look: few iterations from coarse to fine, and the polish",
    Faithful "faithful": "The closest statistics: from coarse to fine, with the two-point correlation in the loss, and the polish",
    Published "published": "The method of Li et al. 2018 as it stands in the paper",
});

choices!(Boundary {
    Periodic "periodic": "The opposite edge",
    Open "open": "Nothing: only pairs and segments that fit are counted",
});

choices!(ModelKind {
    Texture "texture": "TextureVAE: matches Gram matrices (Sardeshmukh et al., CEUR 2964, 2021)",
    Morphology "morphology": "Morphology-aware: matches pixels, with style and mode-collapse terms (Cang et al. 2018)",
    Vae "vae": "The plain variational autoencoder: matches pixels only",
    Autoencoder "autoencoder": "The plain autoencoder: no divergence, no sampling",
});

choices!(Head {
    Pooled "pooled": "Logarithms of mean and standard deviation of every channel at every tap: a texture has no positions",
    Flattened "flattened": "The last feature map as it is, as in the paper; it overfits small sets",
});

choices!(LatentPreset {
    Quick "quick": "A minute or two on a laptop, to see whether a longer training is worth it",
    Standard "standard": "The defaults",
    Thorough "thorough": "Four times the steps",
    Published "published": "Encoder, layout and edges of the model's paper",
});
