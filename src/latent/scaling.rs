//! The scale of what the encoder reads.

use super::Head;

/// Scales the encoder's input to mean 0 and the same deviation everywhere, and its vector to a length of about 1.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scaling {
    /// The mean of each number.
    pub mean: Vec<f32>,
    /// Its deviation, times the length of the vector.
    pub deviation: Vec<f32>,
}

impl Scaling {
    /// The scaling for the features of all patches: each number by itself, or all numbers of a flattened map alike.
    pub fn of<'a>(features: impl Iterator<Item = &'a [f32]> + Clone, head: Head) -> Self {
        let n = features.clone().count().max(1) as f64;
        let len = features.clone().next().map_or(0, <[f32]>::len);
        let (mut mean, mut square) = (vec![0.0f64; len], vec![0.0f64; len]);
        for values in features {
            for (k, v) in values.iter().enumerate() {
                mean[k] += f64::from(*v) / n;
                square[k] += f64::from(*v).powi(2) / n;
            }
        }
        if head == Head::Flattened {
            let all = |values: &mut Vec<f64>| {
                let whole = values.iter().sum::<f64>() / values.len().max(1) as f64;
                values.iter_mut().for_each(|v| *v = whole);
            };
            all(&mut mean);
            all(&mut square);
        }
        // If the whole vector has length 1, a step of Adam moves latent points equally far for any number of features.
        let length = (len as f64).sqrt();
        let deviation = mean.iter().zip(&square).map(|(m, s)| ((s - m * m).max(0.0).sqrt().max(1e-6) * length) as f32);
        Self { deviation: deviation.collect(), mean: mean.into_iter().map(|m| m as f32).collect() }
    }

    /// Scales the features of a patch. Numbers far outside the training data are limited to ten deviations.
    pub fn apply(&self, features: &mut [f32]) {
        let most = 10.0 / (features.len() as f32).sqrt();
        for ((v, m), d) in features.iter_mut().zip(&self.mean).zip(&self.deviation) {
            *v = ((*v - m) / d).clamp(-most, most);
        }
    }
}
