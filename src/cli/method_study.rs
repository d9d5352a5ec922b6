//! `microwright method-study`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::bail;

use super::follow::follow;
use super::print::say;
use super::reconstruct::check_folder;
use super::segmentation::{SegmentationArguments, tell};
use crate::job::{Ending, MethodStudy, StudiedMicrograph, write_method_study};
use crate::micrograph::{Recipe, read_part};
use crate::net::WeightsKind;
use crate::reconstruct::{Method, Settings, Target};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The originals: PNG, JPEG, TIFF, BMP, WebP or .npy.
    #[arg(required = true)]
    images: Vec<PathBuf>,
    /// Folder for the tables, the figures and the pictures
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    #[command(flatten)]
    segmentation: SegmentationArguments,
    /// A method, by its name or with its settings as JSON; may be repeated. All methods without it
    #[arg(long = "method", value_name = "METHOD")]
    methods: Vec<Method>,
    /// Weights of the feature network: builtin, vgg19, or a safetensors file or folder of tfjs shards [default: builtin]
    #[arg(long)]
    weights: Option<String>,
    /// Realisations of each method
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..=1000))]
    seeds: u16,
    /// Seed of the first realisation
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Whether results of methods that fit the lineal path are polished in the end
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL")]
    polish: bool,
    /// Where to compute: auto, cpu, gpu or a part of an adapter's name
    #[arg(long, default_value = "auto")]
    device: String,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let mut methods = if arguments.methods.is_empty() { Method::all() } else { arguments.methods.clone() };
    if let Some(weights) = &arguments.weights {
        methods.iter_mut().filter_map(Method::gram_mut).for_each(|gram| gram.weights = WeightsKind::parse(weights));
    }
    // Everything that can go wrong before the work goes wrong before it.
    check_folder(&arguments.output)?;
    let targets: Vec<(Arc<Target>, Recipe)> =
        arguments.images.iter().map(|image| target(arguments, image)).collect::<anyhow::Result<_>>()?;
    let mut studied = vec![];
    let mut stopped = None;
    for (target, recipe) in targets {
        let Some(original) = target.phases.clone() else { continue };
        let settings = Settings {
            recipe: recipe.clone(),
            seed: arguments.seed,
            polish: arguments.polish,
            device: arguments.device.clone(),
            ..Settings::default()
        };
        let study = MethodStudy {
            target: target.clone(),
            settings,
            methods: methods.clone(),
            seeds: usize::from(arguments.seeds),
        };
        let mut rows = vec![];
        let ending = follow(study, |_| vec![], |row| rows.push(row))?;
        studied.push(StudiedMicrograph {
            name: target.micrograph.name.clone(),
            original,
            recipe,
            pixel_size: target.micrograph.pixel_size.clone(),
            rows,
        });
        if ending != Ending::Finished {
            stopped = Some(ending);
            break;
        }
    }
    // What is done is written, however the study ended.
    if studied.iter().any(|one| !one.rows.is_empty()) {
        let written = write_method_study(&arguments.output, &studied).map_err(anyhow::Error::msg)?;
        written.iter().for_each(|path| say!("{}", path.display()));
        for one in &studied {
            one.table_phases().for_each(|phase| say!("\n{}", one.table(phase).markdown()));
            one.notes().iter().for_each(|note| eprintln!("{note}"));
        }
    }
    match stopped {
        Some(Ending::Failed(reason)) => bail!("{reason}"),
        _ => Ok(()),
    }
}

/// A micrograph, prepared and segmented.
fn target(arguments: &Arguments, image: &Path) -> anyhow::Result<(Arc<Target>, Recipe)> {
    let micrograph = read_part(image, &arguments.segmentation.source.part()?)?;
    let mut recipe = arguments.segmentation.chosen_recipe()?.unwrap_or_default();
    arguments.segmentation.cut_off(&mut recipe, &micrograph);
    let target = Target::new(micrograph, &recipe)?;
    tell(&target.micrograph.name, &target.notes);
    if target.phases.is_none() {
        bail!("{} has no phases, which the study compares. Choose a segmentation.", target.micrograph.name);
    }
    Ok((Arc::new(target), recipe))
}
