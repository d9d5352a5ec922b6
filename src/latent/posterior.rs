//! Where random samples of a texture model come from.

use rand::RngExt;
use rand_pcg::Pcg64;

use super::file::Tensors;
use super::normals;

/// Names of the tensors in files.
const POINTS: &str = "posterior.points";
const DEVIATION: &str = "posterior.deviation";

/// A latent point with its uncertainty.
#[derive(Clone, Debug, PartialEq)]
pub struct Encoding {
    /// The mean.
    pub mean: Vec<f32>,
    /// The log variance; zeros of an autoencoder.
    pub log_variance: Vec<f32>,
}

impl Encoding {
    /// The divergence of each dimension from the standard normal distribution, in nats.
    pub fn divergence(&self) -> impl Iterator<Item = f64> {
        self.mean.iter().zip(&self.log_variance).map(|(m, l)| {
            let (m, l) = (f64::from(*m), f64::from(*l));
            0.5 * (m * m + l.exp() - 1.0 - l)
        })
    }
}

/// Latent points of patches that were trained on, and the mean uncertainty of each dimension: the aggregated posterior
/// (Hoffman & Johnson, *ELBO surgery*, NIPS workshop 2016).
///
/// The training pulls it towards the standard normal distribution, but not all the way: micrographs that are spread evenly
/// over a property stay so. Samples of it are therefore more like the data than those of the standard normal distribution
/// (Ghosh et al. 2020, arXiv:1903.12436).
#[derive(Clone, Debug, PartialEq)]
pub struct Posterior {
    /// The means, one after the other.
    points: Vec<f32>,
    deviation: Vec<f32>,
}

impl Posterior {
    /// The most latent points that are kept.
    pub const MOST: usize = 512;

    /// That of the patches with these latent points. `None` without any.
    pub fn of(encodings: &[Encoding]) -> Option<Self> {
        let n = encodings.len();
        let dimensions = encodings.first()?.mean.len();
        let variance = |d: usize| encodings.iter().map(|e| f64::from(e.log_variance[d]).exp()).sum::<f64>() / n as f64;
        Some(Self {
            points: encodings.iter().flat_map(|e| e.mean.iter().copied()).collect(),
            deviation: (0..dimensions).map(|d| variance(d).sqrt() as f32).collect(),
        })
    }

    /// A random point.
    pub fn draw(&self, random: &mut Pcg64) -> Vec<f32> {
        let dimensions = self.deviation.len();
        let at = random.random_range(0..self.points.len() / dimensions);
        let mean = &self.points[at * dimensions..(at + 1) * dimensions];
        let off = normals(random, dimensions);
        mean.iter().zip(&self.deviation).zip(off).map(|((m, d), n)| m + d * n).collect()
    }

    /// Adds it to the tensors of a file.
    pub fn write(&self, tensors: &mut Tensors) {
        tensors.insert(POINTS.into(), self.points.clone());
        tensors.insert(DEVIATION.into(), self.deviation.clone());
    }

    /// Takes it from the tensors of a file. `None` if there is none, or it does not fit the dimensions.
    pub fn take(tensors: &mut Tensors, dimensions: usize) -> Option<Self> {
        /// Far outside the data of any model.
        const LARGEST: f32 = 1e6;
        let (points, deviation) = (tensors.remove(POINTS), tensors.remove(DEVIATION));
        let (points, deviation) = (points?, deviation?);
        let count = points.len() / dimensions;
        let fits =
            deviation.len() == dimensions && points.len() == count * dimensions && (1..=Self::MOST).contains(&count);
        let sane = points.iter().chain(&deviation).all(|v| v.abs() <= LARGEST);
        (fits && sane).then_some(Self { points, deviation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn samples_have_the_means_of_the_data_and_their_uncertainty() {
        let encoding =
            |n: usize| Encoding { mean: vec![if n < 100 { -2.0 } else { 3.0 }, 0.5], log_variance: vec![-6.0, 0.0] };
        let all: Vec<Encoding> = (0..400).map(encoding).collect();
        let found = Posterior::of(&all).expect("there are some");
        let mut tensors = Tensors::new();
        found.write(&mut tensors);
        let mut random = Pcg64::seed_from_u64(1);
        let drawn: Vec<Vec<f32>> = (0..2000).map(|_| found.draw(&mut random)).collect();
        let low = drawn.iter().filter(|z| z[0] < 0.0).count() as f64 / 2000.0;
        assert!((low - 0.25).abs() < 0.04, "{low}");
        assert!(drawn.iter().all(|z| (z[0] + 2.0).abs() < 0.5 || (z[0] - 3.0).abs() < 0.5));
        let variance = drawn.iter().map(|z| f64::from(z[1] - 0.5).powi(2)).sum::<f64>() / 2000.0;
        assert!((variance - 1.0).abs() < 0.1, "{variance}");
        // Of another number of dimensions, or with a number beyond all bounds, it is left out.
        assert_eq!(Posterior::take(&mut tensors.clone(), 2), Some(found));
        assert_eq!(Posterior::take(&mut tensors.clone(), 3), None);
        tensors.get_mut(POINTS).expect("is there")[5] = f32::INFINITY;
        assert_eq!(Posterior::take(&mut tensors, 2), None);
        assert_eq!(Posterior::of(&[]), None);
    }
}
