//! Settings that go together.

use super::encode::Encoding;
use super::settings::{Decoding, Gram};
use crate::reconstruct::settings::{Method, Settings};

/// Settings that go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// A quick look: few iterations from coarse to fine, and the polish.
    Fast,
    /// The closest statistics: from coarse to fine, with S2 and the lineal path in the loss, and the polish.
    Faithful,
    /// The method of Li et al. 2018 as it stands in the paper.
    Published,
}

impl Preset {
    /// All of them, in the order of the menus.
    pub const ALL: [Self; 3] = [Self::Fast, Self::Faithful, Self::Published];

    /// The name to display.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fast => "Fast",
            Self::Faithful => "Faithful",
            Self::Published => "As published (Li et al. 2018)",
        }
    }

    /// What it is for, in a sentence.
    pub const fn tooltip(self) -> &'static str {
        match self {
            Self::Fast => "A quick look: 60 iterations at each of three sizes, and the polish.",
            Self::Faithful => {
                "The closest statistics: 200 iterations at each of three sizes, with S2 and the lineal path in the \
                 loss, and the polish."
            }
            Self::Published => {
                "The method of the paper: Gram matrices alone, one size, 300 iterations, no polish, phases by k-means \
                 and annealing."
            }
        }
    }

    /// Sets what the preset decides; the micrograph's recipe, the network, seed, number, size and device stay.
    pub fn apply(self, settings: &mut Settings) {
        let kept = settings.method.gram().map(|gram| (gram.weights.clone(), gram.depth));
        let plain = match kept {
            Some((weights, depth)) => Gram { weights, depth, ..Gram::default() },
            None => Gram::default(),
        };
        settings.method = Method::Gram(match self {
            Self::Faithful => plain,
            Self::Fast => Gram { iterations: 60, ..plain },
            Self::Published => Gram {
                encoding: Encoding::Hypercube,
                levels: 1,
                correlation_weight: 0.0,
                path_weight: 0.0,
                decoding: Decoding::Clusters,
                iterations: 300,
                ..plain
            },
        });
        settings.polish = self != Self::Published;
    }

    /// The preset whose settings these are, if there is one.
    pub fn of(settings: &Settings) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| {
            let mut set = settings.clone();
            preset.apply(&mut set);
            set == *settings
        })
    }
}
