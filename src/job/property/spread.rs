//! The mean of some values, and how far it can be trusted.

/// The mean of some values with the half width of its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Spread {
    /// How many values.
    pub count: usize,
    /// Their mean.
    pub mean: f64,
    /// Half of the width of the 95 % interval of the mean, by Student's distribution; nothing of a single value.
    pub half_width: Option<f64>,
    /// The standard deviation of the values; nothing of a single value.
    pub deviation: Option<f64>,
}

impl Spread {
    /// Of values; nothing if there are none, or if one is not finite.
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() || values.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let count = values.len();
        let mean = values.iter().sum::<f64>() / count as f64;
        let deviation = (count > 1).then(|| {
            let sum: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
            (sum / (count - 1) as f64).sqrt()
        });
        let half_width = deviation.map(|s| student(count - 1) * s / (count as f64).sqrt());
        Some(Self { count, mean, half_width, deviation })
    }

    /// How many such values there have to be before the half width is a share of the mean, at the deviation and the
    /// quantile that these have; nothing if it is unknown or the mean is 0.
    pub fn count_for(&self, share: f64) -> Option<usize> {
        let needed = (student(self.count - 1) * self.deviation? / (share * self.mean.abs())).powi(2).ceil();
        (needed.is_finite() && needed < 1e9).then_some(needed as usize)
    }
}

/// The 97.5 % quantile of Student's distribution with so many degrees of freedom.
fn student(freedom: usize) -> f64 {
    const FIRST: [f64; 10] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
    const NORMAL: f64 = 1.959_964;
    match freedom {
        0 => f64::INFINITY,
        1..=10 => FIRST[freedom - 1],
        // Cornish and Fisher's expansion: within 0.001 from 10 on.
        _ => {
            let (z, n) = (NORMAL, freedom as f64);
            z + (z.powi(3) + z) / (4.0 * n)
                + (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / (96.0 * n.powi(2))
                + (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / (384.0 * n.powi(3))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_those_of_tables() {
        assert!((student(11) - 2.201).abs() < 1e-3 && (student(30) - 2.042).abs() < 1e-3);
        assert!((student(usize::MAX) - 1.96).abs() < 1e-3);
        let found = Spread::of(&[1.0, 2.0, 3.0, 4.0]).expect("values");
        let deviation = (5.0f64 / 3.0).sqrt();
        assert_eq!((found.count, found.mean), (4, 2.5));
        assert!((found.half_width.expect("four values") - 3.182 * deviation / 2.0).abs() < 1e-9);
        // 3.182² (s/m)² / 0.01².
        assert_eq!(found.count_for(0.01), Some((3.182 * deviation / 0.025).powi(2).ceil() as usize));
        assert_eq!(Spread::of(&[1.0]).expect("a value").half_width, None);
        assert_eq!(Spread::of(&[]), None);
        assert_eq!(Spread::of(&[1.0, f64::INFINITY]), None);
    }
}
