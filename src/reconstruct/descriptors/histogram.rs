//! Distributions of descriptors, as histograms that can replace the measured ones.

use std::f64::consts::{FRAC_PI_2, PI};

use super::particles::{Particle, nearest_distances};

/// A quantity that is measured of every particle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Descriptor {
    /// The area in square pixels. The sizes of all particles are scaled together, so that the volume fraction stays.
    Area,
    /// The long axis over the short one.
    Aspect,
    /// The angle of the long axis to the rows, in radians from −π/2 to π/2.
    Angle,
    /// The distance from the centre to the nearest other one, in pixels.
    Distance,
}

impl Descriptor {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Area, Self::Aspect, Self::Angle, Self::Distance];

    /// Its value of each particle; no distances of fewer than two.
    pub fn of(self, particles: &[Particle]) -> Vec<f64> {
        match self {
            Self::Area => particles.iter().map(|p| p.area).collect(),
            Self::Aspect => particles.iter().map(|p| p.aspect).collect(),
            Self::Angle => particles.iter().map(|p| p.angle).collect(),
            Self::Distance => nearest_distances(&particles.iter().map(|p| p.centre).collect::<Vec<_>>()),
        }
    }

    /// The range of a histogram of these values.
    pub fn range(self, values: &[f64]) -> (f64, f64) {
        let largest = values.iter().copied().fold(0.0, f64::max);
        match self {
            Self::Area | Self::Distance => (0.0, largest.max(1.0)),
            Self::Aspect => (1.0, largest.max(2.0)),
            Self::Angle => (-FRAC_PI_2, FRAC_PI_2),
        }
    }

    /// The values between which a histogram can lie.
    fn limits(self) -> (f64, f64) {
        match self {
            Self::Area | Self::Distance => (0.0, 1e9),
            // Pictures have up to 16,384 pixels along an edge.
            Self::Aspect => (1.0, 20_000.0),
            Self::Angle => (-PI, PI),
        }
    }
}

/// A histogram with equal bins.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Histogram {
    /// Where the first bin begins.
    pub from: f64,
    /// Where the last bin ends.
    pub to: f64,
    /// The weight of each bin, in any unit.
    pub weights: Vec<f64>,
}

impl Histogram {
    /// Of values in a range, with so many bins.
    pub fn of(values: &[f64], (from, to): (f64, f64), bins: usize) -> Self {
        let mut weights = vec![0.0; bins];
        for value in values {
            let bin = ((value - from) / (to - from) * bins as f64) as usize;
            weights[bin.min(bins - 1)] += 1.0;
        }
        Self { from, to, weights }
    }

    /// The same distribution over other bins; what lies outside of their range goes to the first or the last one. The
    /// weights are shares of the whole.
    pub fn rebinned(&self, (from, to): (f64, f64), bins: usize) -> Self {
        let (own, other) = ((self.to - self.from) / self.weights.len() as f64, (to - from) / bins as f64);
        let all = self.weights.iter().sum::<f64>().max(f64::MIN_POSITIVE);
        let mut weights = vec![0.0; bins];
        for (n, weight) in self.weights.iter().enumerate() {
            let low = self.from + own * n as f64;
            let at = |v: f64| ((v - from) / other).clamp(0.0, bins as f64);
            let (first, last) = (at(low) as usize, at(low + own) as usize);
            for (bin, share) in weights.iter_mut().enumerate().take(last + 1).skip(first.min(bins - 1)) {
                // The first and the last bin reach as far as there is anything.
                let left = if bin == 0 { f64::NEG_INFINITY } else { from + other * bin as f64 };
                let right = if bin == bins - 1 { f64::INFINITY } else { from + other * (bin + 1) as f64 };
                let part = (right.min(low + own) - left.max(low)).max(0.0);
                *share += weight / all * part / own;
            }
        }
        Self { from, to, weights }
    }

    /// Gives a bin a share of the whole; the others keep their proportions.
    pub fn set_share(&mut self, bin: usize, share: f64) {
        /// A bin that had everything would leave nothing to bring the others back.
        const MOST: f64 = 0.95;
        let share = share.clamp(0.0, MOST);
        let rest = self.weights.iter().sum::<f64>() - self.weights[bin];
        if rest > 0.0 {
            self.weights.iter_mut().for_each(|weight| *weight *= (1.0 - share) / rest);
            self.weights[bin] = share;
        }
    }

    /// The value below which a share of the distribution lies; within a bin it is uniform.
    pub fn quantile(&self, share: f64) -> f64 {
        let width = (self.to - self.from) / self.weights.len() as f64;
        let mut left = share.clamp(0.0, 1.0) * self.weights.iter().sum::<f64>();
        for (bin, weight) in self.weights.iter().enumerate() {
            if left <= *weight && *weight > 0.0 {
                return self.from + width * (bin as f64 + left / weight);
            }
            left -= weight;
        }
        self.to
    }

    /// Values of this distribution, each with the rank that the given one had among the others.
    pub fn by_rank(&self, values: &[f64]) -> Vec<f64> {
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by(|a, b| values[*a].total_cmp(&values[*b]).then(a.cmp(b)));
        let mut found = vec![0.0; values.len()];
        for (rank, n) in order.into_iter().enumerate() {
            found[n] = self.quantile((rank as f64 + 0.5) / values.len() as f64);
        }
        found
    }

    /// Whether it can be drawn from, and lies between limits.
    fn is_sound(&self, (least, most): (f64, f64)) -> bool {
        let fine = |v: &f64| (0.0..1e12).contains(v);
        self.from >= least
            && self.to <= most
            && self.from < self.to
            && (1..=MOST_BINS).contains(&self.weights.len())
            && self.weights.iter().all(fine)
            && self.weights.iter().sum::<f64>() > 0.0
    }
}

/// The most bins of a histogram.
const MOST_BINS: usize = 1000;

/// A histogram in place of a measured one.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    /// The phase of the particles.
    pub phase: usize,
    /// What is changed.
    pub descriptor: Descriptor,
    /// Its distribution.
    pub histogram: Histogram,
}

impl Edit {
    /// Whether it can be drawn from, and its values make sense.
    pub fn is_sound(&self) -> bool {
        self.histogram.is_sound(self.descriptor.limits())
    }
}

/// The histogram that replaces a measured one, if there is one.
pub fn edited(edits: &[Edit], phase: usize, descriptor: Descriptor) -> Option<&Histogram> {
    let found = edits.iter().find(|edit| (edit.phase, edit.descriptor) == (phase, descriptor));
    found.map(|edit| &edit.histogram)
}

/// The particles of a phase with their areas, shapes and directions replaced where that is wanted.
pub fn with_edits(mut particles: Vec<Particle>, edits: &[Edit], phase: usize) -> Vec<Particle> {
    for descriptor in [Descriptor::Area, Descriptor::Aspect, Descriptor::Angle] {
        let Some(histogram) = edited(edits, phase, descriptor) else { continue };
        let values = histogram.by_rank(&descriptor.of(&particles));
        for (particle, value) in particles.iter_mut().zip(values) {
            match descriptor {
                Descriptor::Area => particle.area = value.max(f64::MIN_POSITIVE),
                Descriptor::Aspect => particle.aspect = value,
                Descriptor::Angle => particle.angle = value,
                Descriptor::Distance => {}
            }
        }
    }
    particles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_of_values_gives_them_back_within_a_bin() {
        let values: Vec<f64> = (0..200).map(|n| f64::from(n * 7919 % 200) / 10.0).collect();
        let histogram = Histogram::of(&values, Descriptor::Distance.range(&values), 20);
        let width = (histogram.to - histogram.from) / 20.0;
        for (value, found) in values.iter().zip(histogram.by_rank(&values)) {
            assert!((value - found).abs() <= width, "{value}: {found}");
        }
        // Over finer and coarser bins, and with a part cut off, it stays the same distribution.
        for (range, bins, least, most) in
            [((0.0, 20.0), 40, 0.0, 20.0), ((-5.0, 25.0), 10, -5.0, 25.0), ((4.0, 8.0), 8, 4.0, 8.0)]
        {
            let other = histogram.rebinned(range, bins);
            assert!((other.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{other:?}");
            for share in [0.25, 0.3, 0.39] {
                let (own, other) = (histogram.quantile(share), other.quantile(share));
                assert!((own.clamp(least, most) - other).abs() < 3.1, "{share}: {own}, {other}");
            }
        }
        let mut raised = histogram.rebinned((histogram.from, histogram.to), 20);
        (0..1000).for_each(|n| raised.set_share(n % 20, 0.9));
        assert!((raised.weights.iter().sum::<f64>() - 1.0).abs() < 1e-9 && (raised.weights[19] - 0.9).abs() < 1e-9);
        let one_bin = Histogram { from: 2.0, to: 6.0, weights: vec![0.0, 1.0, 0.0, 0.0] };
        assert!(one_bin.by_rank(&values).iter().all(|v| (3.0..=4.0).contains(v)));
        assert_eq!((one_bin.quantile(0.0), one_bin.quantile(1.0)), (3.0, 4.0));
    }

    #[test]
    fn what_cannot_be_drawn_from_is_not_sound() {
        let edit = |from: f64, to: f64, weights: Vec<f64>| Edit {
            phase: 1,
            descriptor: Descriptor::Aspect,
            histogram: Histogram { from, to, weights },
        };
        assert!(edit(1.0, 2.0, vec![0.0, 3.0]).is_sound());
        for wrong in [
            edit(0.5, 2.0, vec![1.0]),
            edit(2.0, 2.0, vec![1.0]),
            edit(1.0, f64::INFINITY, vec![1.0]),
            edit(1.0, 1e6, vec![1.0]),
            edit(1.0, 2.0, vec![]),
            edit(1.0, 2.0, vec![0.0]),
            edit(1.0, 2.0, vec![-1.0, 2.0]),
            edit(1.0, 2.0, vec![f64::NAN]),
        ] {
            assert!(!wrong.is_sound(), "{wrong:?}");
        }
    }
}
