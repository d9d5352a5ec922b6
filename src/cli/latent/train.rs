//! `microwright latent train`

use std::path::{Path, PathBuf};

use anyhow::bail;

use crate::cli::follow::follow;
use crate::cli::print::say;
use crate::job::{Ending, PatchSource, Train, TrainProgress};
use crate::latent::{Check, Dataset, Head, LatentPreset, LatentSettings, ModelKind, Patch};
use crate::micrograph::Recipe;
use crate::net::{Layer, WeightsKind};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Micrographs and folders of them (with `--graphite` none).
    images: Vec<PathBuf>,
    /// The file that the model is written to
    #[arg(long, value_name = "FILE", default_value = "model.safetensors")]
    output: PathBuf,
    /// Train on N synthetic graphite micrographs instead
    #[arg(long, value_name = "N", conflicts_with = "images")]
    graphite: Option<usize>,
    /// Prepare and segment by a recipe, as the window saves it
    #[arg(long, value_name = "JSON")]
    recipe: Option<PathBuf>,
    /// Pixels from one patch to the next
    #[arg(long, default_value_t = 50)]
    stride: usize,
    /// The most patches to train on
    #[arg(long, default_value_t = 2000)]
    most_patches: usize,
    /// Write two bytes per number instead of four
    #[arg(long)]
    half: bool,
    /// Go on from the checkpoint beside the output file
    #[arg(long)]
    resume: bool,
    #[command(flatten)]
    model: ModelArguments,
}

/// The options of a model and its training. An option that is not given has the default of the kind of model.
#[derive(Clone, Debug, clap::Args)]
pub struct ModelArguments {
    /// The kind of model
    #[arg(long, value_enum, default_value_t = ModelKind::Texture)]
    model: ModelKind,
    /// Settings that go together; other options override them
    #[arg(long, value_enum, default_value_t = LatentPreset::Standard)]
    preset: LatentPreset,
    /// Latent dimensions
    #[arg(long, value_name = "N")]
    dimensions: Option<usize>,
    /// Edge of the patches in pixels, a multiple of 16
    #[arg(long, value_name = "PX")]
    edge: Option<usize>,
    /// Channels of the widest layers
    #[arg(long)]
    width: Option<usize>,
    /// Weights of the feature network: builtin, vgg19, or a safetensors file or folder of tfjs shards
    #[arg(long)]
    weights: Option<String>,
    /// Weights of the network that the encoder reads patches through, which the model needs later too; with `builtin` it
    /// opens and encodes on every machine [default: those of --weights]
    #[arg(long, value_name = "WEIGHTS")]
    encoder_weights: Option<String>,
    /// Depth of the feature network
    #[arg(long)]
    depth: Option<Layer>,
    /// The part of the feature maps that the encoder reads
    #[arg(long, value_enum)]
    head: Option<Head>,
    /// Whether the layout comes from noise instead of the latent point (TextureVAE)
    #[arg(long, value_name = "true|false")]
    free_layout: Option<bool>,
    /// Weight of the divergence
    #[arg(long)]
    beta: Option<f64>,
    /// Steps over which that weight grows
    #[arg(long, value_name = "STEPS")]
    warm_up: Option<usize>,
    /// Nats of each dimension that cost nothing
    #[arg(long, value_name = "NATS")]
    free_bits: Option<f64>,
    /// Weight of the loss of the features that the latent point has to predict (TextureVAE, pooled)
    #[arg(long)]
    feature_weight: Option<f64>,
    /// Weight of the loss of the autocorrelation (S2), where style is matched
    #[arg(long)]
    correlation_weight: Option<f64>,
    /// Weight of the loss of the lineal path, where style is matched
    #[arg(long)]
    lineal_weight: Option<f64>,
    /// Weight of the loss of the Minkowski functionals (area, interface, Euler number), where style is matched
    #[arg(long)]
    minkowski_weight: Option<f64>,
    /// Weight of the loss of stationarity: particles must not prefer places of the decoder's cells of 16 pixels (free
    /// layouts)
    #[arg(long)]
    stationarity_weight: Option<f64>,
    /// Weight of the style loss beside the pixels (morphology)
    #[arg(long)]
    style_weight: Option<f64>,
    /// Weight of the mode-collapse term (morphology)
    #[arg(long)]
    collapse_weight: Option<f64>,
    /// Whether decoder and style network continue at the opposite edge
    #[arg(long, value_name = "true|false")]
    periodic: Option<bool>,
    /// Adam's largest rate
    #[arg(long)]
    rate: Option<f64>,
    /// Patches per step
    #[arg(long)]
    batch: Option<usize>,
    /// The most training steps
    #[arg(long)]
    steps: Option<usize>,
    /// Steps between two checks on the held-out patches
    #[arg(long, value_name = "STEPS")]
    check_every: Option<usize>,
    /// Stop after so many checks without a better loss; 0 never stops early
    #[arg(long, value_name = "CHECKS")]
    patience: Option<usize>,
    /// Take every patch in all eight orientations: for materials without a preferred direction
    #[arg(long)]
    turn: bool,
    /// Seed of weights, order and noise
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to compute: auto, cpu, gpu or a part of an adapter's name
    #[arg(long, default_value = "auto")]
    device: String,
}

impl ModelArguments {
    /// The settings of these options.
    pub fn settings(&self) -> LatentSettings {
        let mut kind = LatentSettings::of(self.model);
        self.preset.apply(&mut kind);
        let style = self.weights.as_deref().map_or(kind.weights, WeightsKind::parse);
        LatentSettings {
            model: self.model,
            dimensions: self.dimensions.unwrap_or(kind.dimensions),
            edge: self.edge.unwrap_or(kind.edge),
            width: self.width.unwrap_or(kind.width),
            weights: self.encoder_weights.as_deref().map_or_else(|| style.clone(), WeightsKind::parse),
            style: self.encoder_weights.is_some().then_some(style),
            depth: self.depth.unwrap_or(kind.depth),
            head: self.head.unwrap_or(kind.head),
            free_layout: self.free_layout.unwrap_or(kind.free_layout),
            beta: self.beta.unwrap_or(kind.beta),
            warm_up: self.warm_up.unwrap_or(kind.warm_up),
            free_bits: self.free_bits.unwrap_or(kind.free_bits),
            feature_weight: self.feature_weight.unwrap_or(kind.feature_weight),
            correlation_weight: self.correlation_weight.unwrap_or(kind.correlation_weight),
            lineal_weight: self.lineal_weight.unwrap_or(kind.lineal_weight),
            minkowski_weight: self.minkowski_weight.unwrap_or(kind.minkowski_weight),
            stationarity_weight: self.stationarity_weight.unwrap_or(kind.stationarity_weight),
            style_weight: self.style_weight.unwrap_or(kind.style_weight),
            collapse_weight: self.collapse_weight.unwrap_or(kind.collapse_weight),
            periodic: self.periodic.unwrap_or(kind.periodic),
            rate: self.rate.unwrap_or(kind.rate),
            batch: self.batch.unwrap_or(kind.batch),
            steps: self.steps.unwrap_or(kind.steps),
            check_every: self.check_every.unwrap_or(kind.check_every),
            patience: self.patience.unwrap_or(kind.patience),
            turn: self.turn,
            seed: self.seed,
            device: self.device.clone(),
        }
    }
}

/// Where patches come from: synthetic graphite, or files.
pub fn source_of(
    graphite: Option<usize>,
    images: &[PathBuf],
    recipe: Option<&Path>,
    seed: u64,
) -> anyhow::Result<PatchSource> {
    match (graphite, images.is_empty()) {
        (Some(count), _) => Ok(PatchSource::Graphite(count, seed)),
        (None, false) => Ok(PatchSource::Files(images.to_vec(), recipe.map(Recipe::read).transpose()?)),
        (None, true) => bail!("Name micrographs or a folder of them, or take --graphite N."),
    }
}

/// A check as a line of text.
fn check_line(check: &Check) -> String {
    let terms: Vec<String> = check.terms.iter().map(|(name, value)| format!("{name} {value:.4}")).collect();
    format!("{:>6}  held out {:.4}  ({})", check.step, check.total, terms.join(", "))
}

/// The training data as a sentence.
fn data_summary(data: &Dataset) -> String {
    let sources = |patches: &[Patch]| patches.iter().map(|p| p.source).collect::<std::collections::BTreeSet<_>>().len();
    format!(
        "{} patches of {} micrographs to train on, {} of {} held out; the measured phase is the {} one, grey values {} {:.0}",
        data.train.len(),
        sources(&data.train),
        data.held_out.len(),
        sources(&data.held_out),
        if data.dark { "darker" } else { "brighter" },
        if data.dark { "below" } else { "above" },
        data.threshold
    )
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let settings = arguments.model.settings();
    let steps = settings.steps;
    let source = source_of(arguments.graphite, &arguments.images, arguments.recipe.as_deref(), settings.seed)?;
    let task = Train {
        source,
        stride: arguments.stride,
        most_patches: arguments.most_patches,
        settings,
        output: arguments.output.clone(),
        as_f16: arguments.half,
        resume: arguments.resume,
    };
    let (mut is_described, mut printed, mut model) = (false, 0, None);
    let lines = |now: &TrainProgress| {
        let mut lines = vec![];
        if let Some(data) = now.data.as_ref().filter(|_| !is_described) {
            lines.push(data_summary(data));
            is_described = true;
        }
        lines.extend(now.checks.iter().skip(printed).map(check_line));
        printed = printed.max(now.checks.len());
        lines
    };
    let ending = follow(task, lines, |made| model = Some(made))?;
    if let Ending::Failed(reason) = ending {
        bail!("{reason}");
    }
    let Some(model) = model else { return Ok(()) };
    let summary = &model.summary;
    if ending == Ending::Kept {
        say!("Stopped after {} of {steps} steps; the model of that step is kept.", summary.steps);
    }
    say!("{} parameters, {} steps in {:.0} s", model.parameters(), summary.steps, summary.seconds);
    for (dimension, nats) in summary.divergence.iter().enumerate() {
        let name = crate::latent::suggested_name(&summary.correlations[dimension]).unwrap_or_default();
        say!("dimension {:>2}  {nats:.3} nats  {name}", dimension + 1);
    }
    Ok(())
}
