//! `microwright map-study`

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;

use super::follow::follow;
use super::map::layer;
use super::print::say;
use super::reconstruct::check_folder;
use crate::embed::TextureSettings;
use crate::job::{DistanceKind, Ending, MapStudy, MapStudyRow, map_study_tables, write_map_study};
use crate::net::{Layer, WeightsKind};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Folder for the tables and figures
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// Weights of the feature network; repeat to compare several: builtin, vgg19, or a safetensors file or folder
    #[arg(long = "weights", default_values_t = ["builtin".to_string()])]
    weights: Vec<String>,
    /// Layers of the texture vectors with their weights, separated by commas
    #[arg(long, value_delimiter = ',', value_parser = layer, default_value = "conv1_1,conv2_1,conv3_1,conv4_1=2,conv5_1=2")]
    layers: Vec<(Layer, f64)>,
    /// Leave power spectra out
    #[arg(long)]
    no_spectra: bool,
    /// Synthetic marbles on the map
    #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(10..=20_000))]
    marbles: u32,
    /// Synthetic graphite irons on the map; 0 for none
    #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(0..=20_000))]
    graphites: u32,
    /// Edge of the pictures
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u32).range(16..=1024))]
    edge: u32,
    /// Dimensions of the embeddings, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "2,3,4,5,6,10,50", value_parser = clap::value_parser!(u16).range(1..=50))]
    dimensions: Vec<u16>,
    /// From how many pictures angles are given back, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "10,20,50", value_parser = clap::value_parser!(u16).range(5..=1000))]
    sizes: Vec<u16>,
    /// Trials of each size; 0 leaves angles out
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(0..=1000))]
    trials: u16,
    /// First seed of the pictures
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to compute: auto, cpu, gpu or a part of an adapter's name
    #[arg(long, default_value = "auto")]
    device: String,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    check_folder(&arguments.output)?;
    if (1..10).contains(&arguments.graphites) {
        bail!("Graphite irons: at least 10, or 0 for none.");
    }
    let textures = TextureSettings { layers: arguments.layers.clone(), ..TextureSettings::default() };
    let kind = |weights: &String| {
        let weights = WeightsKind::parse(weights);
        (weights.label(), DistanceKind::Textures(weights, textures.clone()))
    };
    let mut kinds: Vec<(String, DistanceKind)> = arguments.weights.iter().map(kind).collect();
    if !arguments.no_spectra {
        kinds.push(("Power spectra".into(), DistanceKind::Spectra));
    }
    let task = MapStudy {
        kinds,
        marbles: arguments.marbles as usize,
        graphites: arguments.graphites as usize,
        edge: arguments.edge as usize,
        dimensions: arguments.dimensions.iter().map(|wanted| usize::from(*wanted)).collect(),
        sizes: arguments.sizes.iter().map(|size| usize::from(*size)).collect(),
        trials: arguments.trials.into(),
        seed: arguments.seed,
        device: arguments.device.clone(),
    };
    let mut rows: Vec<Arc<MapStudyRow>> = vec![];
    let ending = follow(task, |_| vec![], |row| rows.push(row))?;
    match ending {
        Ending::Failed(reason) => bail!("{reason}"),
        _ if rows.is_empty() => bail!("Stopped before the first table was done."),
        Ending::Kept | Ending::Cancelled => eprintln!("Stopped; the tables hold what was done."),
        Ending::Finished => {}
    }
    for table in map_study_tables(&rows) {
        say!("{}", table.markdown());
    }
    for path in write_map_study(&arguments.output, &rows).map_err(anyhow::Error::msg)? {
        say!("{}", path.display());
    }
    Ok(())
}
