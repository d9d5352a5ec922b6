//! A trained model: its file, encoding and decoding.

use std::path::Path;

use rand_pcg::Pcg64;

use super::file::{ENTRY, Tensors, malformed, read_tensors, tensor_bytes};
use super::network::{Decoder, Encoder, Network, Parameter, noise_shapes};
use super::posterior::{Encoding, Posterior};
use super::scaling::Scaling;
use super::targets::Extractor;
use super::{Check, Dataset, Descriptors, Head, LatentError, LatentSettings, correlation_table, describe, normals};
use crate::compute::graph::{Shape, TensorId};
use crate::compute::{ComputeError, Device, Program};
use crate::micrograph::PixelSize;
use crate::net::{Weights, WeightsKind};

/// What is known of a model besides its weights.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct Summary {
    /// A description of the training data, to display.
    pub data: String,
    /// Steps of training.
    pub steps: usize,
    /// Patches trained on.
    pub patches: usize,
    /// Seconds of training.
    pub seconds: f64,
    /// The grey value between the phases.
    pub threshold: f32,
    /// Whether the phase that is measured is the darker one.
    pub dark: bool,
    /// The hash of the weights of the encoder's feature network, see [`Weights::hash`].
    pub network: String,
    /// The same of the network whose Gram matrices were matched.
    pub style_network: String,
    /// The size of a pixel, where it is known.
    pub pixel_size: Option<PixelSize>,
    /// Checks of held-out patches.
    pub checks: Vec<Check>,
    /// Mean divergence of each dimension over the training patches, in nats.
    pub divergence: Vec<f64>,
    /// Mean and deviation of each dimension over the training patches.
    pub spread: Vec<(f64, f64)>,
    /// Correlation of each dimension with each descriptor of the training patches.
    pub correlations: Vec<Vec<f64>>,
    /// Latent points of some training patches, with the names of their micrographs.
    pub examples: Vec<(String, Vec<f32>)>,
}

/// A generative model with its latent space.
#[derive(Clone, Debug, PartialEq)]
pub struct Model {
    /// How it was made.
    pub settings: LatentSettings,
    /// What is known of it.
    pub summary: Summary,
    tensors: Tensors,
    scaling: Scaling,
    /// Of a model with a free layout; files from before it was kept have none.
    posterior: Option<Posterior>,
}

/// Patches whose latent points are kept as starting points.
const EXAMPLES: usize = 48;
/// The largest file that is accepted.
const MOST_BYTES: u64 = 1 << 30;

/// The version of the file format; it is raised when older files would be misread.
const FORMAT: u32 = 2;

#[derive(serde::Serialize, serde::Deserialize)]
struct Header {
    #[serde(default)]
    format: u32,
    settings: LatentSettings,
    summary: Summary,
}

impl Model {
    pub(super) fn new(settings: LatentSettings, tensors: Tensors, scaling: Scaling, summary: Summary) -> Self {
        Self { settings, summary, tensors, scaling, posterior: None }
    }

    /// The model as a safetensors file, with settings and summary in its metadata; as f16 it is half as large.
    ///
    /// # Errors
    /// The tensors cannot be written.
    pub fn to_bytes(&self, as_f16: bool) -> Result<Vec<u8>, LatentError> {
        let header = Header { format: FORMAT, settings: self.settings.clone(), summary: self.summary.clone() };
        let mut tensors = self.tensors.clone();
        tensors.insert("scaling.mean".into(), self.scaling.mean.clone());
        tensors.insert("scaling.deviation".into(), self.scaling.deviation.clone());
        if let Some(posterior) = &self.posterior {
            posterior.write(&mut tensors);
        }
        tensor_bytes(&tensors, &serde_json::to_string(&header).unwrap_or_default(), as_f16)
    }

    /// The model that comes with the program: graphite, with the built-in network.
    ///
    /// # Errors
    /// Never, unless the file in the build is damaged.
    pub fn built_in() -> Result<Self, LatentError> {
        Self::from_bytes(Self::BUILT_IN, Path::new("graphite.safetensors"))
    }

    /// The file of the model that comes with the program.
    pub const BUILT_IN: &[u8] = include_bytes!("../../weights/graphite.safetensors");

    /// Whether the header of a file names it a model; does not read the whole file.
    pub fn is_model_file(path: &Path) -> bool {
        use std::io::Read;
        /// The header of a model stays far below this.
        const MOST_HEADER: u64 = 8 << 20;
        let Ok(file) = std::fs::File::open(path) else { return false };
        let mut start = vec![];
        let read = file.take(MOST_HEADER).read_to_end(&mut start).is_ok();
        read && start.windows(ENTRY.len()).any(|w| w == ENTRY.as_bytes())
    }

    /// Opens a model; `graphite` is the one that comes with the program, unless a file has that name.
    ///
    /// # Errors
    /// The file cannot be read, or is not a model.
    pub fn open(path: &Path) -> Result<Self, LatentError> {
        if path == Path::new("graphite") && !path.exists() {
            return Self::built_in();
        }
        let unreadable = |source| LatentError::Io { action: "read", path: path.into(), source };
        let length = std::fs::metadata(path).map_err(unreadable)?.len();
        if length > MOST_BYTES {
            return Err(malformed(path, "it is larger than any model"));
        }
        Self::from_bytes(&std::fs::read(path).map_err(unreadable)?, path)
    }

    /// Reads a model from the bytes of a file; `path` is named in errors.
    ///
    /// # Errors
    /// It is not a model, or its tensors do not fit its settings.
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, LatentError> {
        let (mut tensors, text) = read_tensors(bytes, path)?;
        let header: Header =
            serde_json::from_str(&text).map_err(|e| malformed(path, format!("its settings cannot be read ({e})")))?;
        if header.format != FORMAT {
            return Err(malformed(path, "another version of this program made it; train it again"));
        }
        if let Some(problem) = header.settings.problem() {
            return Err(malformed(path, format!("its settings do not fit together: {problem}")));
        }
        let mut take = |name: &str| tensors.remove(name).unwrap_or_default();
        let scaling = Scaling { mean: take("scaling.mean"), deviation: take("scaling.deviation") };
        let posterior = Posterior::take(&mut tensors, header.settings.dimensions);
        let posterior = posterior.filter(|_| header.settings.has_free_layout());
        let mut model = Self { settings: header.settings, summary: header.summary, tensors, scaling, posterior };
        model.check(path)?;
        model.summary.complete(model.settings.dimensions);
        Ok(model)
    }

    /// Checks that every tensor that the networks need is there and has the right size.
    fn check(&self, path: &Path) -> Result<(), LatentError> {
        let size = (self.settings.edge, self.settings.edge);
        let (encoder, decoder) = (Encoder::new(&self.settings, 1)?, Decoder::new(&self.settings, size, 1)?);
        for network in [&encoder.network, &decoder.network] {
            for p in &network.parameters {
                let len = network.graph.shape(p.id).len();
                if self.tensors.get(&p.name).map(Vec::len) != Some(len) {
                    return Err(malformed(path, format!("the tensor {} is missing or of another size", p.name)));
                }
            }
        }
        let features = encoder.network.graph.shape(encoder.input).len();
        let scaled = self.scaling.mean.len() == features && self.scaling.deviation.len() == features;
        if !self.settings.model.matches_pixels() && !scaled {
            return Err(malformed(path, "the scaling of its features is missing or of another size"));
        }
        let finite = |values: &[f32]| values.iter().all(|v| v.is_finite());
        if !self.tensors.values().all(|v| finite(v)) || !finite(&self.scaling.mean) || !finite(&self.scaling.deviation)
        {
            return Err(malformed(path, "it holds numbers that are not finite"));
        }
        Ok(())
    }

    /// Loads the weights of the encoder's feature network from this machine.
    ///
    /// # Errors
    /// They cannot be read, or are not those that it was trained with.
    pub fn weights(&self) -> Result<Weights, LatentError> {
        let kind = &self.settings.weights;
        if let WeightsKind::File(path) = kind {
            // A model may come from anywhere; opening it must not contact another machine or wait for a pipe.
            let text = path.to_string_lossy();
            let is_remote = text.starts_with(r"\\") || text.starts_with("//");
            if is_remote || !(path.is_file() || path.is_dir()) {
                let name = path.display();
                return Err(LatentError::Settings(format!(
                    "This model reads pictures through the feature network {name}, which is not on this machine."
                )));
            }
        }
        let weights = Weights::load(kind, self.settings.depth)?;
        if weights.hash() != self.summary.network && !self.settings.model.matches_pixels() {
            return Err(LatentError::Settings(
                "The weights of the feature network are not those that this model was trained with.".into(),
            ));
        }
        Ok(weights)
    }

    /// How many numbers were trained.
    pub fn parameters(&self) -> usize {
        self.tensors.values().map(Vec::len).sum()
    }

    /// The encoder on a device, and its input.
    fn encoder(&self, device: &Device) -> Result<(Program, TensorId), LatentError> {
        let encoder = Encoder::new(&self.settings, 1)?;
        let outputs: Vec<TensorId> = std::iter::once(encoder.mean).chain(encoder.log_variance).collect();
        let mut program = device.compile(encoder.network.graph.clone(), &outputs)?;
        self.write(&encoder.network, &mut program);
        Ok((program, encoder.input))
    }

    /// Keeps the latent points of patches, from which [`Model::sample`] draws, if the layout is free. `features` are what the
    /// encoder reads of each, scaled.
    pub(super) fn keep_posterior(&mut self, device: &Device, features: &[&[f32]]) -> Result<(), LatentError> {
        if !self.settings.has_free_layout() {
            return Ok(());
        }
        let (mut program, input) = self.encoder(device)?;
        let every = features.len().div_ceil(Posterior::MOST).max(1);
        let encodings = features.iter().step_by(every).map(|features| encoded(&mut program, input, features));
        self.posterior = Posterior::of(&encodings.collect::<Result<Vec<Encoding>, LatentError>>()?);
        Ok(())
    }

    /// A random latent point. With a free layout it is one of the data's, plus noise of their mean uncertainty. Other models
    /// draw it from the standard normal distribution: their latent points hold the layout, so samples near those of the data
    /// would be copies of it. So do models whose file has no latent points of the data.
    pub fn sample(&self, random: &mut Pcg64) -> Vec<f32> {
        match &self.posterior {
            Some(posterior) => posterior.draw(random),
            None => normals(random, self.settings.dimensions),
        }
    }

    /// Whether [`Model::sample`] draws from the latent points of the data.
    pub fn samples_data(&self) -> bool {
        self.posterior.is_some()
    }

    fn write(&self, network: &Network, program: &mut Program) {
        for Parameter { name, id, .. } in &network.parameters {
            if let Some(values) = self.tensors.get(name) {
                program.write(*id, values);
            }
        }
    }

    /// Prepares to encode pictures of a size. `weights` are those of the settings.
    ///
    /// # Errors
    /// The size does not fit the model, or the device lacks memory.
    pub fn reader(&self, device: &Device, weights: &Weights, size: (usize, usize)) -> Result<Reader<'_>, LatentError> {
        let takes_any_size = !self.settings.model.matches_pixels() && self.settings.head == Head::Pooled;
        if !takes_any_size && size != (self.settings.edge, self.settings.edge) {
            return Err(LatentError::Settings(format!(
                "This model takes patches of {0} × {0} pixels, not {1} × {2}.",
                self.settings.edge, size.0, size.1
            )));
        }
        let extractor = match self.settings.model.matches_pixels() {
            true => None,
            false => Some(Extractor::new(
                device,
                weights,
                &self.settings.without_statistics(),
                size,
                self.summary.threshold,
            )?),
        };
        let (program, input) = self.encoder(device)?;
        Ok(Reader { model: self, extractor, program, input })
    }

    /// Prepares to decode pictures of a size. Only a free layout can differ in size from the patches; its size is then
    /// a multiple of 16.
    ///
    /// # Errors
    /// The size does not fit the model, or the device lacks memory.
    pub fn painter(&self, device: &Device, size: (usize, usize)) -> Result<Painter, LatentError> {
        let free = !noise_shapes(&self.settings, size, 1).is_empty();
        let fits = |n: usize| n == self.settings.edge || (free && n.is_multiple_of(16) && (32..=4096).contains(&n));
        if !fits(size.0) || !fits(size.1) {
            return Err(LatentError::Settings(if free {
                "Pictures of this model have edges that are multiples of 16 between 32 and 4096 pixels.".into()
            } else {
                format!("Pictures of this model have {0} × {0} pixels.", self.settings.edge)
            }));
        }
        let decoder = Decoder::new(&self.settings, size, 1)?;
        let mut program = device.compile(decoder.network.graph.clone(), &[decoder.picture])?;
        self.write(&decoder.network, &mut program);
        let shapes = decoder.noise.iter().map(|id| decoder.network.graph.shape(*id)).collect();
        Ok(Painter { program, z: decoder.z, noise: decoder.noise, shapes })
    }

    /// Fills in the part of the summary about the latent space, from the patches trained on. `progress` receives the
    /// share that is done and returns whether to go on; the result is `false` if it stopped.
    ///
    /// # Errors
    /// The device is lost.
    pub fn summarise(
        &mut self,
        data: &Dataset,
        weights: &Weights,
        device: &Device,
        progress: &mut dyn FnMut(f64) -> bool,
    ) -> Result<bool, LatentError> {
        let dimensions = self.settings.dimensions;
        let mut encodings = vec![];
        let mut descriptors: Vec<Descriptors> = vec![];
        {
            let mut reader = self.reader(device, weights, (data.edge, data.edge))?;
            for (n, patch) in data.train.iter().enumerate() {
                if !progress(n as f64 / data.train.len() as f64) {
                    return Ok(false);
                }
                let values: Vec<f32> = patch.values.iter().map(|v| f32::from(*v)).collect();
                encodings.push(reader.encode(&values)?);
                descriptors.push(describe(&values, (data.edge, data.edge), data.threshold, data.dark));
            }
        }
        let n = encodings.len().max(1) as f64;
        self.summary.divergence = (0..dimensions)
            .map(|d| encodings.iter().map(|e| e.divergence().nth(d).unwrap_or(0.0)).sum::<f64>() / n)
            .collect();
        let means: Vec<Vec<f64>> = encodings.iter().map(|e| e.mean.iter().map(|v| f64::from(*v)).collect()).collect();
        self.summary.spread = (0..dimensions)
            .map(|d| {
                let mean = means.iter().map(|m| m[d]).sum::<f64>() / n;
                (mean, (means.iter().map(|m| (m[d] - mean).powi(2)).sum::<f64>() / n).sqrt())
            })
            .collect();
        let columns: Vec<Vec<f64>> = descriptors.iter().map(|d| d.to_vec()).collect();
        self.summary.correlations = correlation_table(&means, &columns);
        let step = data.train.len().div_ceil(EXAMPLES).max(1);
        let name = |n: usize| data.sources[data.train[n].source].name.clone();
        self.summary.examples =
            (0..data.train.len()).step_by(step).map(|n| (name(n), encodings[n].mean.clone())).collect();
        Ok(true)
    }
}

impl Summary {
    /// Adds what a file of another origin leaves out.
    fn complete(&mut self, dimensions: usize) {
        self.divergence.resize(dimensions, 0.0);
        self.spread.resize(dimensions, (0.0, 1.0));
        self.pixel_size = self.pixel_size.take().filter(|p| PixelSize::new(p.metres, &p.source).is_some());
        // The limits are far outside the data of any model, and f32 holds them.
        let sane = |v: f64| if v.is_finite() { v.clamp(-1e6, 1e6) } else { 0.0 };
        self.spread.iter_mut().for_each(|(mean, deviation)| (*mean, *deviation) = (sane(*mean), sane(*deviation)));
        self.divergence.iter_mut().for_each(|v| *v = sane(*v));
        self.correlations.resize(dimensions, vec![]);
        for row in &mut self.correlations {
            row.resize(super::DESCRIPTORS.len(), 0.0);
            row.iter_mut().for_each(|v| *v = sane(*v).clamp(-1.0, 1.0));
        }
        self.examples.retain(|(_, z)| z.len() == dimensions && z.iter().all(|v| v.abs() <= 1e6));
        self.examples.truncate(EXAMPLES);
    }
}

/// Encodes pictures of one size.
pub struct Reader<'a> {
    model: &'a Model,
    extractor: Option<Extractor>,
    program: Program,
    input: TensorId,
}

impl Reader<'_> {
    /// The latent point of a picture of grey values 0 … 255.
    ///
    /// # Errors
    /// The device is lost.
    pub fn encode(&mut self, values: &[f32]) -> Result<Encoding, LatentError> {
        let input = match &mut self.extractor {
            None => values.iter().map(|v| v / 255.0).collect(),
            Some(extractor) => {
                let mut features = extractor.extract(values)?.features;
                self.model.scaling.apply(&mut features);
                features
            }
        };
        encoded(&mut self.program, self.input, &input)
    }
}

/// The latent point of what an encoder reads.
fn encoded(program: &mut Program, input: TensorId, values: &[f32]) -> Result<Encoding, LatentError> {
    program.write(input, values);
    let mut outputs = program.run()?.into_iter();
    let mean = outputs.next().unwrap_or_default();
    let log_variance = outputs.next().unwrap_or_else(|| vec![0.0; mean.len()]);
    if mean.iter().chain(&log_variance).any(|v| !v.is_finite()) {
        return Err(LatentError::Settings("The latent point is not finite: the model's weights are broken.".into()));
    }
    Ok(Encoding { mean, log_variance })
}

/// Decodes pictures of one size.
pub struct Painter {
    program: Program,
    z: TensorId,
    noise: Vec<TensorId>,
    shapes: Vec<Shape>,
}

impl Painter {
    /// Noise for a layout; empty if the latent point holds the layout.
    pub fn noise(&self, random: &mut Pcg64) -> Vec<Vec<f32>> {
        self.shapes.iter().map(|s| normals(random, s.len())).collect()
    }

    /// The picture of a latent point, 0 … 1.
    ///
    /// # Errors
    /// The device is lost.
    pub fn paint(&mut self, z: &[f32], noise: &[Vec<f32>]) -> Result<Vec<f32>, ComputeError> {
        self.program.write(self.z, z);
        for (id, values) in self.noise.iter().zip(noise) {
            self.program.write(*id, values);
        }
        let mut picture = self.program.run()?.pop().unwrap_or_default();
        picture.iter_mut().for_each(|v| *v = v.clamp(0.0, 1.0));
        Ok(picture)
    }
}
