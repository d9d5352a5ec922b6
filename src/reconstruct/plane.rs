//! Pictures of bytes: the labels of phases, or grey and colour values.

use super::fractions::match_counts;
use super::gram::{Encoding, encode, phase_vectors};
use super::target::Target;
use crate::micrograph::PhaseMap;

/// A picture of bytes, row by row, channels last.
#[derive(Clone, Debug, PartialEq)]
pub struct Plane {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// Values of a pixel: 1 for labels and grey values, 3 for colours.
    pub channels: usize,
    /// The number of phases, if the values are labels; else 0.
    pub phases: usize,
    /// The values.
    pub values: Vec<u8>,
}

impl Plane {
    /// The labels of a phase map.
    pub fn of_phases(map: &PhaseMap) -> Self {
        let (height, width) = map.size();
        Self { height, width, channels: 1, phases: map.phases, values: map.flat().to_vec() }
    }

    /// The labels of an original, or its grey or colour values if it has no phases.
    pub fn of_target(target: &Target) -> Self {
        if let Some(map) = &target.phases {
            return Self::of_phases(map);
        }
        let (height, width) = target.size();
        let channels = target.micrograph.channels();
        let image = target.micrograph.image();
        let step = if channels == 1 { 3 } else { 1 };
        let values = image.iter().step_by(step).map(|v| v.round() as u8).collect();
        Self { height, width, channels, phases: 0, values }
    }

    /// A picture of the same kind, all 0.
    pub fn blank(&self, (height, width): (usize, usize)) -> Self {
        Self { height, width, values: vec![0; height * width * self.channels], ..*self }
    }

    /// The values of a pixel.
    pub fn pixel(&self, at: usize) -> &[u8] {
        &self.values[at * self.channels..][..self.channels]
    }

    /// Sets the values of a pixel.
    pub fn set(&mut self, at: usize, values: &[u8]) {
        self.values[at * self.channels..][..values.len()].copy_from_slice(values);
    }

    /// Its phases, if it has some.
    pub fn phase_map(&self) -> Option<PhaseMap> {
        (self.phases > 0).then(|| PhaseMap::new((self.height, self.width), self.values.clone(), self.phases))
    }

    /// The same picture with the labels of a map of its size, if there is one.
    pub fn with(self, map: Option<&PhaseMap>) -> Self {
        map.map_or(self, Self::of_phases)
    }

    /// Three channels in 0 … 255.
    pub fn image(&self) -> Vec<f32> {
        match (self.phase_map(), self.channels) {
            (Some(map), _) => encode(&map, &phase_vectors(map.phases, Encoding::Corners, 0)),
            (None, 1) => self.values.iter().flat_map(|v| [f32::from(*v); 3]).collect(),
            (None, _) => self.values.iter().map(|v| f32::from(*v)).collect(),
        }
    }

    /// At half the size, rounded up: of each 2 × 2 pixels the mean, or the most frequent label (of equally frequent ones
    /// the first in reading order).
    pub fn halved(&self) -> Self {
        let mut half = self.blank((self.height.div_ceil(2), self.width.div_ceil(2)));
        for y in 0..half.height {
            for x in 0..half.width {
                let corner = |dy: usize, dx: usize| {
                    let (y, x) = ((2 * y + dy).min(self.height - 1), (2 * x + dx).min(self.width - 1));
                    y * self.width + x
                };
                let four = [corner(0, 0), corner(0, 1), corner(1, 0), corner(1, 1)];
                for channel in 0..self.channels {
                    let four = four.map(|at| self.values[at * self.channels + channel]);
                    half.values[(y * half.width + x) * self.channels + channel] = match self.phases {
                        0 => (four.iter().map(|v| u16::from(*v)).sum::<u16>() + 2).div_euclid(4) as u8,
                        _ => most_frequent(four),
                    };
                }
            }
        }
        half
    }
}

fn most_frequent(four: [u8; 4]) -> u8 {
    let times = |value: u8| four.iter().filter(|v| **v == value).count();
    // Of equal maxima `max_by_key` takes the last, so the order is reversed.
    four.into_iter().rev().max_by_key(|value| times(*value)).unwrap_or_default()
}

/// Changes pixels at interfaces until every phase has exactly its count: those first that have the most pixels of the
/// other phase around them. Pixels that are kept stay as they are; `kept` may be empty.
pub fn match_labels(map: &mut PhaseMap, kept: &[bool], counts: &[usize], seed: u64) {
    /// How much further a kept pixel is from all other phases than any other pixel.
    const FAR: f32 = 100.0;
    let before = map.clone();
    let vectors = phase_vectors(map.phases, Encoding::Corners, 0);
    let (h, w) = map.size();
    let mut image = Vec::with_capacity(3 * h * w);
    for at in 0..h * w {
        let (y, x) = (at / w, at % w);
        let mut sum = [0.0; 3];
        for (dy, dx) in (0..9).map(|n| (n / 3, n % 3)) {
            let weight = [1.0, 2.0, 1.0][dy] * [1.0, 2.0, 1.0][dx] / 16.0;
            let (y, x) = ((y + dy).saturating_sub(1).min(h - 1), (x + dx).saturating_sub(1).min(w - 1));
            let vector = vectors[usize::from(map.labels[[y, x]])];
            (0..3).for_each(|c| sum[c] += weight * vector[c]);
        }
        if kept.get(at).is_some_and(|kept| *kept) {
            sum = vectors[usize::from(map.flat()[at])].map(|v| 127.5 + FAR * (v - 127.5));
        }
        image.extend(sum);
    }
    match_counts(map, &image, &vectors, counts, seed);
    // Where more is kept than the fractions allow, they give way.
    let (labels, before) = (map.flat_mut(), before.flat());
    kept.iter().enumerate().filter(|(_, kept)| **kept).for_each(|(at, _)| labels[at] = before[at]);
}

/// Labels as a checkpoint keeps them.
pub fn saved(values: &[u8]) -> Vec<f32> {
    values.iter().map(|v| f32::from(*v)).collect()
}

/// The values of a checkpoint, each below `most`.
///
/// # Errors
/// There are not as many as there should be, or one is no value.
pub fn restored(saved: &[f32], count: usize, most: usize) -> Result<Vec<u8>, String> {
    let is_value = |v: &f32| v.fract() == 0.0 && (0.0..most as f32).contains(v);
    if saved.len() != count || !saved.iter().all(is_value) {
        return Err("the picture is that of another run".into());
    }
    Ok(saved.iter().map(|v| *v as u8).collect())
}
