//! From a micrograph to a phase map: its own labels, or thresholds.

use super::palette::PHASE_COLORS;
use super::{MOST_PHASES, Micrograph, MicrographError, PhaseMap};

/// Distinct values up to which a picture is taken for labels that are too many, not for grey values.
const DOUBTFUL: usize = 16;
/// Grey levels of the histogram.
const LEVELS: usize = 256;

/// How phases are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Segmentation {
    /// At most [`MOST_PHASES`] distinct values are phases; anything else is thresholded in two.
    #[default]
    Auto,
    /// So many phases by thresholds.
    Phases(usize),
    /// None: the micrograph is reconstructed as an image.
    Unsegmented,
}

/// The phase map of a micrograph, or `None` when it stays unsegmented.
///
/// # Errors
/// It has one phase only, or the number of phases cannot be made.
pub fn segment(micrograph: &Micrograph, how: Segmentation) -> Result<Option<PhaseMap>, MicrographError> {
    let name = || micrograph.name.clone();
    let wanted = match how {
        Segmentation::Unsegmented => {
            let flat = micrograph.values.windows(2).all(|w| w[0] == w[1]);
            return if flat { Err(MicrographError::OnePhase { name: name() }) } else { Ok(None) };
        }
        Segmentation::Phases(n) if !(2..=MOST_PHASES).contains(&n) => {
            return Err(MicrographError::PhaseCount { name: name(), wanted: n });
        }
        Segmentation::Phases(n) => Some(n),
        Segmentation::Auto => None,
    };
    let colors = distinct_colors(micrograph, DOUBTFUL + 1);
    match (colors.len(), wanted) {
        (1, _) => Err(MicrographError::OnePhase { name: name() }),
        (n, None) if n <= MOST_PHASES => Ok(Some(by_labels(micrograph, &colors))),
        (n, Some(wanted)) if n == wanted => Ok(Some(by_labels(micrograph, &colors))),
        (n, None) if n <= DOUBTFUL => Err(MicrographError::TooManyLabels { name: name(), found: n }),
        (n, Some(wanted)) if n < wanted => Err(MicrographError::PhaseCount { name: name(), wanted }),
        (_, wanted) => by_thresholds(micrograph, wanted.unwrap_or(2)).map(Some),
    }
}

/// The distinct values or colours, in the order of their phases; no more than `most`.
fn distinct_colors(micrograph: &Micrograph, most: usize) -> Vec<Vec<f32>> {
    let mut colors: Vec<Vec<f32>> = vec![];
    for pixel in micrograph.values.chunks_exact(micrograph.channels) {
        if !colors.iter().any(|c| c == pixel) {
            colors.push(pixel.to_vec());
            if colors.len() == most {
                break;
            }
        }
    }
    let sum = |c: &Vec<f32>| c.iter().sum::<f32>();
    colors.sort_by(|a, b| sum(a).total_cmp(&sum(b)).then(a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal)));
    // A picture in the program's own phase colours has its phases in their order.
    let own: Vec<Vec<f32>> = PHASE_COLORS.iter().take(colors.len()).map(|c| c.map(f32::from).to_vec()).collect();
    if colors.len() > 2 && colors.iter().all(|c| own.contains(c)) { own } else { colors }
}

fn by_labels(micrograph: &Micrograph, colors: &[Vec<f32>]) -> PhaseMap {
    let label = |pixel: &[f32]| colors.iter().position(|c| c == pixel).unwrap_or(0) as u8;
    PhaseMap {
        height: micrograph.height,
        width: micrograph.width,
        labels: micrograph.values.chunks_exact(micrograph.channels).map(label).collect(),
        phases: colors.len(),
    }
}

fn by_thresholds(micrograph: &Micrograph, phases: usize) -> Result<PhaseMap, MicrographError> {
    let grey = micrograph.grey();
    let cuts = thresholds(&grey, phases);
    let labels: Vec<u8> = grey.iter().map(|v| cuts.iter().filter(|c| v >= c).count() as u8).collect();
    let map = PhaseMap { height: micrograph.height, width: micrograph.width, labels, phases };
    if map.counts().contains(&0) {
        return Err(MicrographError::PhaseCount { name: micrograph.name.clone(), wanted: phases });
    }
    Ok(map)
}

/// The `phases − 1` thresholds that make the variance between classes largest (Otsu, IEEE Trans. SMC 9:62, 1979),
/// found exactly on a histogram of 256 levels by dynamic programming.
pub fn thresholds(grey: &[f32], phases: usize) -> Vec<f32> {
    let (low, high) = super::read::extremes(grey);
    let scale = (high - low) / LEVELS as f32;
    let level = |v: f32| (((v - low) / scale) as usize).min(LEVELS - 1);
    let mut counts = vec![0.0f64; LEVELS];
    grey.iter().for_each(|v| counts[level(*v)] += 1.0);
    let mut mass = vec![0.0; LEVELS + 1];
    let mut moment = vec![0.0; LEVELS + 1];
    for l in 0..LEVELS {
        mass[l + 1] = mass[l] + counts[l];
        moment[l + 1] = moment[l] + counts[l] * l as f64;
    }
    // The variance between classes is, up to a constant, the sum of moment² / mass over the classes.
    let class = |from: usize, to: usize| {
        let m = mass[to] - mass[from];
        if m > 0.0 { (moment[to] - moment[from]).powi(2) / m } else { f64::NEG_INFINITY }
    };
    let mut best: Vec<f64> = (0..=LEVELS).map(|to| class(0, to)).collect();
    let mut cuts_at = vec![];
    for _ in 1..phases {
        let mut next = vec![f64::NEG_INFINITY; LEVELS + 1];
        let mut cut = vec![0; LEVELS + 1];
        for to in 1..=LEVELS {
            for from in 1..to {
                let value = best[from] + class(from, to);
                if value > next[to] {
                    (next[to], cut[to]) = (value, from);
                }
            }
        }
        best = next;
        cuts_at.push(cut);
    }
    let mut cuts = vec![];
    let mut at = LEVELS;
    for cut in cuts_at.iter().rev() {
        at = cut[at];
        cuts.push(low + at as f32 * scale);
    }
    cuts.reverse();
    cuts
}
