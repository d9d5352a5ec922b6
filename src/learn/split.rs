//! Which samples are predicted from which.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_pcg::Pcg64;

/// How samples are split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Split {
    /// Into so many parts, a micrograph with all its patches in one of them.
    ByMicrograph(usize),
    /// Each micrograph is predicted from all others.
    LeaveOneOut,
    /// Into so many parts at random: patches of a micrograph are in several parts, so that its own patches help to predict
    /// it.
    Random(usize),
}

/// A kind of split, for whoever chooses the parts apart from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize, clap::ValueEnum)]
pub enum SplitKind {
    /// Micrographs with all their patches
    #[value(name = "micrograph")]
    Micrographs,
    /// Each micrograph is predicted from all others
    LeaveOneOut,
    /// Patches at random: too good for new micrographs
    Random,
}

impl SplitKind {
    /// The split into so many parts.
    pub fn into_parts(self, parts: usize) -> Split {
        match self {
            Self::Micrographs => Split::ByMicrograph(parts),
            Self::LeaveOneOut => Split::LeaveOneOut,
            Self::Random => Split::Random(parts),
        }
    }
}

impl Default for Split {
    fn default() -> Self {
        Self::ByMicrograph(5)
    }
}

impl Split {
    /// What it is, in a few words.
    pub fn name(self) -> String {
        match self {
            Self::ByMicrograph(parts) => format!("{parts} parts by micrograph"),
            Self::LeaveOneOut => "leave one micrograph out".into(),
            Self::Random(parts) => format!("{parts} parts at random"),
        }
    }
}

/// The samples of each part, none of them empty; the same for the same seed. There are never more parts than micrographs,
/// or at random than samples.
pub fn folds(split: Split, groups: &[usize], seed: u64) -> Vec<Vec<usize>> {
    let mut random = Pcg64::seed_from_u64(seed);
    let mut units: Vec<Vec<usize>> = match split {
        Split::Random(_) => (0..groups.len()).map(|n| vec![n]).collect(),
        Split::ByMicrograph(_) | Split::LeaveOneOut => {
            let mut of: std::collections::BTreeMap<usize, Vec<usize>> = std::collections::BTreeMap::new();
            groups.iter().enumerate().for_each(|(n, group)| of.entry(*group).or_default().push(n));
            of.into_values().collect()
        }
    };
    let parts = match split {
        Split::LeaveOneOut => return units,
        Split::ByMicrograph(parts) | Split::Random(parts) => parts.clamp(2, units.len().max(2)),
    };
    units.shuffle(&mut random);
    // The largest first, each into the part with the fewest samples, so that parts are alike in size.
    units.sort_by_key(|unit| std::cmp::Reverse(unit.len()));
    let mut found: Vec<Vec<usize>> = vec![vec![]; parts];
    for unit in units {
        let least = (0..parts).min_by_key(|n| found[*n].len()).unwrap_or(0);
        found[least].extend(unit);
    }
    found.retain(|part| !part.is_empty());
    found.iter_mut().for_each(|part| part.sort_unstable());
    found
}

/// The parts of several splits of the same samples, one after the other; every further one is drawn anew. Leaving each one
/// out is always the same, and is done once.
pub fn repeated_folds(split: Split, groups: &[usize], seed: u64, repeats: usize) -> Vec<Vec<usize>> {
    let repeats = if split == Split::LeaveOneOut { 1 } else { repeats.max(1) };
    (0..repeats as u64).flat_map(|n| folds(split, groups, seed.wrapping_add(n))).collect()
}

/// The parts of an inner split, which chooses settings: by micrograph, or at random where all come from one.
pub fn inner_folds(parts: usize, groups: &[usize]) -> Vec<Vec<usize>> {
    let is_one = groups.iter().all(|group| *group == groups[0]);
    folds(if is_one { Split::Random(parts) } else { Split::ByMicrograph(parts) }, groups, 1)
}

/// The samples that a part, whose numbers rise, does not hold.
pub fn without(part: &[usize], count: usize) -> Vec<usize> {
    (0..count).filter(|n| part.binary_search(n).is_err()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_hold_every_sample_once_and_keep_micrographs_together() {
        let groups: Vec<usize> = (0..60).map(|n| n / 3 % 17).collect();
        for split in [Split::ByMicrograph(5), Split::LeaveOneOut, Split::Random(4), Split::ByMicrograph(100)] {
            let parts = folds(split, &groups, 1);
            let mut all: Vec<usize> = parts.concat();
            all.sort_unstable();
            assert_eq!(all, (0..60).collect::<Vec<_>>(), "{split:?}");
            if !matches!(split, Split::Random(_)) {
                for group in 0..17 {
                    let holders = parts.iter().filter(|part| part.iter().any(|n| groups[*n] == group)).count();
                    assert_eq!(holders, 1, "{split:?}");
                }
            }
        }
        assert_eq!(folds(Split::LeaveOneOut, &groups, 1).len(), 17);
        assert_eq!(folds(Split::ByMicrograph(100), &groups, 1).len(), 17);
        let sizes: Vec<usize> = folds(Split::ByMicrograph(5), &groups, 1).iter().map(Vec::len).collect();
        assert!(sizes.iter().all(|n| (9..=15).contains(n)), "{sizes:?}");
        assert_ne!(folds(Split::Random(4), &groups, 1), folds(Split::Random(4), &groups, 2));
        assert_eq!(folds(Split::Random(4), &groups, 1), folds(Split::Random(4), &groups, 1));
    }
}
