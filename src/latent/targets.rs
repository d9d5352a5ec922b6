//! What the frozen feature network computes of a patch, only once: Gram matrices, and the input of the encoder.

use super::autocorrelation::{autocorrelation, correlation_numbers};
use super::lineal::{LINEAL_NUMBERS, lineal_paths};
use super::minkowski::{MINKOWSKI_NUMBERS, minkowski};
use super::{Dataset, Head, LatentSettings, Networks};
use crate::compute::graph::{Graph, Padding, Pooling, Shape, TensorId};
use crate::compute::{ComputeError, Device, Program};
use crate::net::{Weights, features};

/// The feature network, ready for patches of one size. Edges are mirrored, because a patch of a larger picture does not
/// continue at its opposite edge.
pub struct Extractor {
    program: Program,
    image: TensorId,
    /// The same as grey values 0 … 1, if spatial statistics are matched.
    grey: Option<TensorId>,
    /// Tensors of the autocorrelation.
    scales: usize,
    /// Whether the last output holds the Minkowski functionals.
    functionals: bool,
    channels: Vec<usize>,
    head: Head,
}

/// The targets of a patch.
#[derive(Clone, Debug, PartialEq)]
pub struct Target {
    /// The upper triangles of the Gram matrices, one tap after the other.
    pub grams: Vec<f32>,
    /// What the encoder reads, before scaling.
    pub features: Vec<f32>,
    /// The autocorrelation, see [`super::autocorrelation`]; empty where it is not matched.
    pub correlation: Vec<f32>,
    /// The lineal path, see [`super::lineal`]; empty where it is not matched.
    pub paths: Vec<f32>,
    /// The Minkowski functionals, see [`super::minkowski`]; empty where they are not matched.
    pub minkowski: Vec<f32>,
    /// The weights of these numbers in the loss: those of small numbers are large, so that all patches count alike.
    pub minkowski_weights: Vec<f32>,
}

impl Extractor {
    /// An extractor for pictures of a size; `threshold` (0 … 255) is the grey value between the phases whose lineal paths
    /// and Minkowski functionals are matched.
    ///
    /// # Errors
    /// The picture is too small for the depth, or the device lacks memory.
    pub fn new(
        device: &Device,
        weights: &Weights,
        settings: &LatentSettings,
        (height, width): (usize, usize),
        threshold: f32,
    ) -> Result<Self, ComputeError> {
        let mut graph = Graph::new();
        let image = graph.input(Shape::new(height, width, 3));
        let taps = settings.depth.default_taps();
        let out = features(&mut graph, image, weights, &taps, Padding::Reflect, Pooling::Mean)?;
        let mut outputs = out.grams.clone();
        let mut channels = vec![];
        for (_, map) in &out.taps {
            let s = graph.shape(*map);
            channels.push(s.channels);
            if settings.head == Head::Pooled {
                outputs.push(graph.reduce(*map, None, Shape::vectors(1, s.channels), 1.0 / s.positions() as f32)?);
            }
        }
        if let (Head::Flattened, Some((_, last))) = (settings.head, out.taps.last()) {
            outputs.push(*last);
        }
        let grey = settings.matches_statistics().then(|| graph.input(Shape::new(height, width, 1)));
        let mut scales = 0;
        if let Some(picture) = grey.filter(|_| settings.matches_correlation()) {
            let found = autocorrelation(&mut graph, picture, false)?;
            scales = found.len();
            outputs.extend(found);
        }
        if let Some(picture) = grey.filter(|_| settings.matches_lineal_path()) {
            outputs.extend(lineal_paths(&mut graph, picture, threshold / 255.0, false)?);
        }
        if let Some(picture) = grey.filter(|_| settings.matches_minkowski()) {
            outputs.push(minkowski(&mut graph, picture, threshold / 255.0, false)?);
        }
        let program = device.compile(graph, &outputs)?;
        let functionals = settings.matches_minkowski();
        Ok(Self { program, image, grey, scales, functionals, channels, head: settings.head })
    }

    /// Channels of the taps.
    pub fn channels(&self) -> &[usize] {
        &self.channels
    }

    /// Gram matrices and features of a picture of grey values 0 … 255.
    ///
    /// # Errors
    /// The device is lost.
    pub fn extract(&mut self, values: &[f32]) -> Result<Target, ComputeError> {
        let image: Vec<f32> = values.iter().flat_map(|v| [*v; 3]).collect();
        self.program.write(self.image, &image);
        if let Some(grey) = self.grey {
            self.program.write(grey, &values.iter().map(|v| v / 255.0).collect::<Vec<f32>>());
        }
        let mut outputs = self.program.run()?;
        let minkowski = if self.functionals { outputs.pop().unwrap_or_default() } else { vec![] };
        let mut rest = outputs.split_off(self.channels.len());
        let read = if self.head == Head::Pooled { self.channels.len() } else { 1 };
        let mut statistics = rest.split_off(read);
        let paths = statistics.split_off(self.scales).concat();
        let correlation = statistics.concat();
        let features = match self.head {
            Head::Flattened => rest.into_iter().next().unwrap_or_default(),
            // The Gram matrix holds the mean squares of the channels, so their deviations follow. The logarithms of
            // means and deviations separate micrographs more linearly than the numbers themselves.
            Head::Pooled => {
                let taps = outputs.iter().zip(&rest).zip(&self.channels);
                taps.flat_map(|((gram, means), c)| {
                    let deviation = |(k, m): (usize, &f32)| (gram[k * c + k] - m * m).max(0.0).sqrt();
                    let deviations: Vec<f32> = means.iter().enumerate().map(deviation).collect();
                    means.iter().copied().chain(deviations).map(f32::ln_1p).collect::<Vec<f32>>()
                })
                .collect()
            }
        };
        let grams = outputs.iter().zip(&self.channels).flat_map(|(gram, c)| pack(gram, *c)).collect();
        Ok(Target { grams, features, correlation, paths, minkowski, minkowski_weights: vec![] })
    }
}

/// The most held-out patches of a check: enough for a mean.
const MOST_CHECKED: usize = 64;

/// What the style network computes before a training.
pub struct Targets {
    /// Of the patches that are trained on.
    pub train: Vec<Target>,
    /// Of those that are checked.
    pub checked: Vec<Target>,
    /// Of a picture that is grey all over.
    pub grey: Target,
}

/// The targets of all patches, and of a picture of one value `grey`, 0 … 255. `progress` receives the share that is done and returns whether to go on; the result is `None`
/// if it stopped.
///
/// # Errors
/// The patches are too small for the networks, or the device is lost or lacks memory.
pub fn targets_of(
    settings: &LatentSettings,
    networks: &Networks,
    data: &Dataset,
    device: &Device,
    grey: f32,
    progress: &mut dyn FnMut(f64) -> bool,
) -> Result<Option<Targets>, ComputeError> {
    let size = (data.edge, data.edge);
    let mut of_style = Extractor::new(device, &networks.style, settings, size, data.threshold)?;
    let mut of_encoder = None;
    if networks.differ() && !settings.model.matches_pixels() {
        let plain = settings.without_statistics();
        of_encoder = Some(Extractor::new(device, &networks.encoder, &plain, size, data.threshold)?);
    }
    let checked = data.held_out.len().min(MOST_CHECKED);
    let all = data.train.len() + checked;
    let mut found = vec![];
    for patch in data.train.iter().chain(&data.held_out[..checked]) {
        let values: Vec<f32> = patch.values.iter().map(|v| f32::from(*v)).collect();
        let mut target = of_style.extract(&values)?;
        if let Some(encoder) = &mut of_encoder {
            target.features = encoder.extract(&values)?.features;
        }
        found.push(target);
        if !progress(found.len() as f64 / all as f64) {
            return Ok(None);
        }
    }
    let checked = found.split_off(data.train.len());
    let grey = of_style.extract(&vec![grey; data.edge * data.edge])?;
    Ok(Some(Targets { train: found, checked, grey }))
}

/// The upper triangle of a symmetric matrix.
fn pack(matrix: &[f32], n: usize) -> Vec<f32> {
    (0..n).flat_map(|row| matrix[row * n + row..(row + 1) * n].iter().copied()).collect()
}

/// Writes the symmetric matrix whose upper triangle `packed` begins with; returns the rest.
pub fn unpack<'a>(packed: &'a [f32], n: usize, matrix: &mut Vec<f32>) -> &'a [f32] {
    let first = matrix.len();
    matrix.resize(first + n * n, 0.0);
    let mut at = 0;
    for row in 0..n {
        for column in row..n {
            matrix[first + row * n + column] = packed[at];
            matrix[first + column * n + row] = packed[at];
            at += 1;
        }
    }
    &packed[at..]
}

/// Sum of the squares of symmetric matrices whose upper triangles are stored one after the other.
pub fn squared_norm(packed: &[f32], channels: &[usize]) -> f64 {
    let mut rest = packed;
    let mut sum = 0.0;
    let mut matrix = vec![];
    for c in channels {
        matrix.clear();
        rest = unpack(rest, *c, &mut matrix);
        sum += matrix.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>();
    }
    sum
}

/// Bytes that a patch's [`Target`] takes.
pub fn target_bytes(settings: &LatentSettings) -> u64 {
    let triangle: usize = settings.depth.default_taps().iter().map(|d| d.channels() * (d.channels() + 1) / 2).sum();
    let shifts = if settings.matches_correlation() { correlation_numbers() } else { 0 };
    let paths = if settings.matches_lineal_path() { LINEAL_NUMBERS } else { 0 };
    let functionals = if settings.matches_minkowski() { 2 * MINKOWSKI_NUMBERS } else { 0 };
    ((triangle + shifts + paths + functionals + super::network::encoder_input(settings).len()) * 4) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packed_matrix_comes_back() {
        let matrix = [1.0, 2.0, 3.0, 2.0, 4.0, 5.0, 3.0, 5.0, 6.0];
        let packed = pack(&matrix, 3);
        assert_eq!(packed.len(), 6);
        assert_eq!(squared_norm(&packed, &[3]), 129.0);
        let mut back = vec![];
        assert!(unpack(&packed, 3, &mut back).is_empty());
        assert_eq!(back, matrix);
    }
}
