//! Counts of grey values.

use crate::micrograph::{Micrograph, extremes};

/// The number of levels that are counted.
pub const LEVELS: usize = 2048;
/// The number of bars that are drawn.
pub const BARS: usize = 256;

/// Counts of grey values.
#[derive(Debug)]
pub struct Histogram {
    pub low: f32,
    pub high: f32,
    pub counts: Vec<u32>,
    pub most: u32,
    pub all: f64,
}

impl Histogram {
    pub fn of(micrograph: &Micrograph) -> Self {
        let grey = micrograph.grey();
        let (low, high) = extremes(&grey);
        let scale = if high > low { LEVELS as f32 / (high - low) } else { 0.0 };
        let mut counts = vec![0u32; LEVELS];
        grey.iter().for_each(|v| counts[(((v - low) * scale) as usize).min(LEVELS - 1)] += 1);
        let bars = counts.chunks(LEVELS / BARS).map(|c| c.iter().sum::<u32>());
        Self { low, high, most: bars.max().unwrap_or(1).max(1), counts, all: grey.len() as f64 }
    }

    /// The share of pixels below a value.
    pub fn below(&self, value: f32) -> f64 {
        if self.high <= self.low {
            return f64::from(u8::from(value > self.low));
        }
        let at = f64::from((value - self.low) / (self.high - self.low)) * LEVELS as f64;
        let whole = (at.max(0.0) as usize).min(LEVELS);
        let sum: f64 = self.counts[..whole].iter().map(|c| f64::from(*c)).sum();
        let part = self.counts.get(whole).map_or(0.0, |c| f64::from(*c) * (at - whole as f64).clamp(0.0, 1.0));
        (sum + part) / self.all
    }

    /// Thresholds half way between the values of a picture that has at most `most` values.
    pub fn between_few(&self, most: usize) -> Option<Vec<f32>> {
        let used: Vec<usize> = (0..LEVELS).filter(|l| self.counts[*l] > 0).take(most + 1).collect();
        let value = |level: f32| self.low + (self.high - self.low) * level / (LEVELS - 1) as f32;
        (used.len() <= most).then(|| used.windows(2).map(|w| value(0.5 * (w[0] + w[1]) as f32)).collect())
    }

    /// The value below which a share of the pixels lies, about.
    pub fn quantile(&self, share: f64) -> f32 {
        let mut sum = 0.0;
        for (level, count) in self.counts.iter().enumerate() {
            sum += f64::from(*count);
            if sum >= share * self.all {
                return self.low + (self.high - self.low) * level as f32 / LEVELS as f32;
            }
        }
        self.high
    }
}
