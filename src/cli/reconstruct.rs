//! `microwright reconstruct`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};

use super::follow::follow;
use super::segmentation::{SegmentationArguments, tell};
use crate::compute::graph::{Padding, Pooling, Precision};
use crate::job::{Ending, Run};
use crate::micrograph::{Micrograph, read_part};
use crate::net::{Layer, WeightsKind};
use crate::reconstruct::gram::{CorrelationTarget, Decoding, Encoding, Gram, OptimiserKind, Preset};
use crate::reconstruct::loss::Normalisation;
use crate::reconstruct::{Method, Realisation, Report, Settings, Target};
use crate::synth::Sample;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The original: PNG, JPEG, TIFF, BMP, WebP or .npy.
    image: PathBuf,
    /// Folder for the results.
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// Start from the settings of an earlier report.json; other options override them.
    #[arg(long, value_name = "REPORT")]
    settings: Option<PathBuf>,
    /// Settings that go together; other options override them [default: faithful]
    #[arg(long)]
    preset: Option<Preset>,
    /// The method: gram, field, anneal, tree, markov, sampling or descriptors; or name and settings as in a report, such as '{"gram": {"iterations": 50}}' [default: gram]
    #[arg(long, conflicts_with = "preset")]
    method: Option<Method>,
    #[command(flatten)]
    segmentation: SegmentationArguments,
    /// Weights of the feature network: builtin, vgg19, or a safetensors file or folder of tfjs shards [default: builtin]
    #[arg(long)]
    weights: Option<String>,
    /// The last layer of VGG-19 to keep [default: pool3]
    #[arg(long)]
    depth: Option<Layer>,
    /// Weight of a layer's Gram matrix, LAYER=WEIGHT; may be given several times [default: 1 for conv1_1, every pool and the last layer]
    #[arg(long, value_name = "LAYER=WEIGHT", value_parser = layer_weight)]
    layer_weight: Vec<(Layer, f32)>,
    /// Sizes from coarse to fine, each twice the one before; 1 is the full size alone [default: 3]
    #[arg(long)]
    levels: Option<usize>,
    /// Weight of the two-point correlation S2 in the loss; 0 leaves Gram matrices alone [default: 1]
    #[arg(long, value_name = "WEIGHT")]
    correlation_weight: Option<f64>,
    /// What S2 in the loss follows [default: sample]
    #[arg(long)]
    correlation_target: Option<CorrelationTarget>,
    /// Weight of the lineal path in the loss [default: 10]
    #[arg(long, value_name = "WEIGHT")]
    path_weight: Option<f64>,
    /// How the image becomes phases: at the rank that gives the exact volume fraction (two phases), or by clusters [default: rank]
    #[arg(long)]
    decoding: Option<Decoding>,
    /// Whether to exchange pixels at interfaces in the end where that brings S2 and lineal path closer [default: true]
    #[arg(long, value_name = "BOOL")]
    polish: Option<bool>,
    /// The most iterations at each size [default: 200]
    #[arg(long)]
    iterations: Option<usize>,
    /// The optimiser [default: lbfgsb]
    #[arg(long)]
    optimiser: Option<OptimiserKind>,
    /// Step size of Adam in grey levels [default: 4]
    #[arg(long)]
    adam_rate: Option<f64>,
    /// MiB that the run may use; an image that needs more is computed in windows [default: what is free]
    #[arg(long, value_name = "MIB")]
    memory_limit: Option<u64>,
    /// Seed of the random start; further realisations take the next ones [default: 1]
    #[arg(long)]
    seed: Option<u64>,
    /// How many realisations to make [default: 1]
    #[arg(long)]
    realisations: Option<usize>,
    /// Height and width of the result [default: the original's]
    #[arg(long, value_name = "HxW", value_parser = size)]
    size: Option<(usize, usize)>,
    /// Edges of convolutions; periodic makes a result that can be tiled [default: zero]
    #[arg(long)]
    padding: Option<Padding>,
    /// Kind of pooling [default: mean]
    #[arg(long)]
    pooling: Option<Pooling>,
    /// Scale of each layer's loss [default: relative]
    #[arg(long)]
    normalisation: Option<Normalisation>,
    /// How phases become vectors [default: corners]
    #[arg(long)]
    encoding: Option<Encoding>,
    /// Where to compute: auto, cpu, gpu or a part of an adapter's name [default: auto]
    #[arg(long)]
    device: Option<String>,
    /// How a GPU stores feature maps: 32 bits per number, or 16, which changes the loss by about a thousandth and the gradient by about one per cent [default: single]
    #[arg(long)]
    precision: Option<Precision>,
    /// Go on from the checkpoint in the output folder, if there is one; it is written about every 10 seconds.
    #[arg(long)]
    resume: bool,
}

/// Height and width, written as 200x700.
pub fn size(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once(['x', '×']).and_then(|(h, w)| Some((h.trim().parse().ok()?, w.trim().parse().ok()?)));
    parts.ok_or_else(|| "write the height and the width as 200x700".into())
}

fn layer_weight(text: &str) -> Result<(Layer, f32), String> {
    let (layer, weight) = text.split_once('=').ok_or("write it as pool1=0.5")?;
    let weight = weight.parse().map_err(|_| format!("“{weight}” is not a number"))?;
    Ok((layer.parse()?, weight))
}

impl Arguments {
    fn settings(&self) -> anyhow::Result<Settings> {
        let mut s = match &self.settings {
            Some(path) => Report::read(path)?.settings,
            None => Settings::default(),
        };
        /// Takes over what is given; returns whether anything is.
        fn set<T: Clone>(to: &mut T, given: &Option<T>) -> bool {
            if let Some(value) = given {
                *to = value.clone();
            }
            given.is_some()
        }
        set(&mut s.method, &self.method);
        if let Some(preset) = self.preset {
            preset.apply(&mut s);
        }
        set(&mut s.recipe, &self.segmentation.chosen_recipe()?);
        let mut gram = s.method.gram().cloned().unwrap_or_default();
        gram.layer_weights.extend(self.layer_weight.iter().copied());
        let is_given = [
            !self.layer_weight.is_empty(),
            set(&mut gram.weights, &self.weights.as_deref().map(WeightsKind::parse)),
            set(&mut gram.depth, &self.depth),
            set(&mut gram.levels, &self.levels),
            set(&mut gram.correlation_weight, &self.correlation_weight),
            set(&mut gram.correlation_target, &self.correlation_target),
            set(&mut gram.path_weight, &self.path_weight),
            set(&mut gram.decoding, &self.decoding),
            set(&mut gram.iterations, &self.iterations),
            set(&mut gram.optimiser, &self.optimiser),
            set(&mut gram.adam_rate, &self.adam_rate),
            set(&mut gram.padding, &self.padding),
            set(&mut gram.pooling, &self.pooling),
            set(&mut gram.normalisation, &self.normalisation),
            set(&mut gram.encoding, &self.encoding),
        ];
        let name = s.method.settings().name();
        match s.method.gram_mut() {
            Some(own) => *own = gram,
            None if is_given.contains(&true) => {
                bail!("{name} has no feature network; give its settings with --method, and no options of the network")
            }
            None => {}
        }
        set(&mut s.polish, &self.polish);
        s.memory_limit = self.memory_limit.or(s.memory_limit);
        set(&mut s.seed, &self.seed);
        set(&mut s.realisations, &self.realisations);
        s.size = self.size.or(s.size);
        set(&mut s.device, &self.device);
        set(&mut s.precision, &self.precision);
        Ok(s)
    }
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut settings = arguments.settings()?;
    let micrograph = read_part(&arguments.image, &arguments.segmentation.source.part()?)?;
    if arguments.settings.is_none() {
        arguments.segmentation.cut_off(&mut settings.recipe, &micrograph);
    }
    reconstruct(micrograph, settings, &arguments.output, arguments.resume)
}

/// Reconstructs the built-in micrograph into a folder. The program does this where there is no display.
///
/// # Errors
/// As [`run`].
pub fn demonstrate(folder: &Path) -> anyhow::Result<()> {
    let settings = Settings::of(Gram { iterations: 100, ..Gram::default() });
    reconstruct(Sample::Bicontinuous.micrograph(256), settings, folder, false)
}

/// Makes the folder of the results, and finds out before the work whether it can be written.
pub fn check_folder(folder: &Path) -> anyhow::Result<()> {
    std::fs::create_dir_all(folder)
        .and_then(|()| tempfile::NamedTempFile::new_in(folder))
        .with_context(|| format!("The folder {} cannot be written; choose another with --output", folder.display()))?;
    Ok(())
}

fn reconstruct(micrograph: Micrograph, settings: Settings, folder: &Path, resume: bool) -> anyhow::Result<()> {
    settings.check(micrograph.size())?;
    check_folder(folder)?;
    let target = Arc::new(Target::new(micrograph, &settings.recipe)?);
    tell(&target.micrograph.name, &target.notes);
    let run = Run { target, settings, folder: Some(folder.into()), write: true, resume };
    match follow(run, |_| vec![], |realisation| eprintln!("{}", summary(&realisation)))? {
        Ending::Finished => Ok(()),
        Ending::Kept => {
            bail!("Stopped early; the results so far are in {}. --resume goes on from there.", folder.display())
        }
        Ending::Cancelled => bail!("Cancelled."),
        Ending::Failed(reason) => bail!("{reason}"),
    }
}

fn summary(realisation: &Realisation) -> String {
    let report = &realisation.report;
    let network = report.weights.as_ref().map_or(String::new(), |weights| format!(", weights: {}", weights.name));
    let mut text = format!(
        "Realisation {} (seed {}): {} iterations in {:.1} s on {}{network}.",
        realisation.number + 1,
        report.seed,
        report.iterations,
        report.seconds,
        report.device.name,
    );
    if !report.phases.is_empty() {
        text.push('\n');
        text.push_str(&super::compare::table(&report.phases));
    }
    report.notes.iter().for_each(|note| text.extend(["\n", note]));
    text
}
