//! `microwright prune-study`

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;

use super::follow::follow;
use super::print::say;
use super::segmentation::{SegmentationArguments, tell};
use crate::job::{Ending, Study, recommend_depth, study_csv, write_study};
use crate::micrograph::read_part;
use crate::net::{Layer, WeightsKind};
use crate::reconstruct::gram::Gram;
use crate::reconstruct::{Settings, Target};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The original: PNG, JPEG, TIFF, BMP, WebP or .npy.
    image: PathBuf,
    /// Folder for the table, the figure and the pictures; without it the table is only printed.
    #[arg(long, value_name = "DIR")]
    output: Option<PathBuf>,
    #[command(flatten)]
    segmentation: SegmentationArguments,
    /// Weights of the feature network: builtin, vgg19, or a safetensors file or folder of tfjs shards
    #[arg(long, default_value = "builtin")]
    weights: String,
    /// The deepest layer
    #[arg(long, default_value = "pool5")]
    deepest: Layer,
    /// Iterations of each reconstruction
    #[arg(long, default_value_t = 150)]
    iterations: usize,
    /// Reconstructions at each depth
    #[arg(long, default_value_t = 3)]
    seeds: usize,
    /// Where to compute: auto, cpu, gpu or a part of an adapter's name
    #[arg(long, default_value = "auto")]
    device: String,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if arguments.seeds < 2 || arguments.iterations == 0 {
        bail!(
            "At least two seeds and one iteration are needed: the spread over seeds shows which differences are real."
        );
    }
    let micrograph = read_part(&arguments.image, &arguments.segmentation.source.part()?)?;
    let mut recipe = arguments.segmentation.chosen_recipe()?.unwrap_or_default();
    arguments.segmentation.cut_off(&mut recipe, &micrograph);
    let settings = Settings {
        recipe: recipe.clone(),
        device: arguments.device.clone(),
        ..Settings::of(Gram { weights: WeightsKind::parse(&arguments.weights), ..Gram::default() })
    };
    let target = Arc::new(Target::new(micrograph, &recipe)?);
    tell(&target.micrograph.name, &target.notes);
    let pixel = target.micrograph.pixel_size.clone();
    let study = Study {
        target,
        settings,
        iterations: arguments.iterations,
        seeds: arguments.seeds,
        deepest: arguments.deepest,
    };
    let mut rows = vec![];
    let ending = follow(study, |_| vec![], |row| rows.push(row))?;
    super::print::print(&study_csv(&rows))?;
    if let Ending::Failed(reason) = ending {
        bail!("{reason}");
    }
    match recommend_depth(&rows) {
        Some(depth) => {
            eprintln!(
                "Recommended: {depth}, the shallowest whose errors lie within the spread over seeds of the best."
            );
        }
        None if rows.len() < 2 => {
            eprintln!("One depth alone cannot be recommended. Study more of them with --deepest.")
        }
        None => eprintln!("No depth is recommended: the errors are hardly below white noise's. Use more iterations."),
    }
    if let Some(folder) = &arguments.output {
        let written = write_study(folder, &rows, &recipe, pixel.as_ref()).map_err(anyhow::Error::msg)?;
        written.iter().for_each(|path| say!("{}", path.display()));
    }
    Ok(())
}
