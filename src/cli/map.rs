//! `microwright map`

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;

use super::follow::follow;
use super::print::say;
use super::reconstruct::check_folder;
use crate::embed::TextureSettings;
use crate::job::{ClusterKind, DistanceKind, Ending, MakeMap, Map, MapSource, ScalingKind, write_map};
use crate::micrograph::Recipe;
use crate::net::{Layer, WeightsKind};

/// What distances are taken between.
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Kind {
    /// Gram matrices of a feature network
    Textures,
    /// Power spectra
    Spectra,
    /// Statistics of phases
    Statistics,
    /// Latent points of a model
    Latent,
}

/// Where the set comes from.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Set {
    /// Micrographs, and folders of them with their subfolders
    #[arg(value_name = "FOLDER")]
    files: Vec<PathBuf>,
    /// Instead of a folder, so many synthetic marbles with known angle, scale and noise
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(3..=100_000))]
    marble: Option<u32>,
    /// Instead of a folder, so many synthetic graphite irons with known nodularity, radius and fraction
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(3..=100_000))]
    graphite: Option<u32>,
}

#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    set: Set,
    /// Folder for the results
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// Values by file name, as CSV
    #[arg(long, value_name = "CSV")]
    table: Option<PathBuf>,
    /// Values in file names and folders, such as T{temperature}_t{time}.tif
    #[arg(long)]
    pattern: Option<String>,
    /// A column that comes back after a period, such as angle=180; may be repeated
    #[arg(long = "period", value_name = "COLUMN=PERIOD", value_parser = period)]
    periods: Vec<(String, f64)>,
    /// Prepare and segment by a recipe, as the window saves it
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// Cut patches of this edge out of each picture; of synthetic ones, their edge [default: whole pictures, or 128]
    #[arg(long, value_parser = clap::value_parser!(u32).range(8..=16_384))]
    edge: Option<u32>,
    /// Pixels from one patch to the next [default: the edge]
    #[arg(long, requires = "edge", value_parser = clap::value_parser!(u32).range(1..))]
    stride: Option<u32>,
    /// What distances are taken between
    #[arg(long, value_enum, default_value = "textures")]
    distances: Kind,
    /// File of the latent model [default: the built-in one]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Weights of the feature network: builtin, vgg19, or a safetensors file or folder of tfjs shards
    #[arg(long, default_value = "builtin")]
    weights: String,
    /// Layers of the texture vectors, separated by commas; conv3_1=2 gives a layer twice the weight
    #[arg(long, value_delimiter = ',', value_parser = layer, default_value = "conv1_1,conv2_1,conv3_1")]
    layers: Vec<(Layer, f64)>,
    /// Scale layers so that all count alike over the set; false: as in the loss of Gatys et al.
    #[arg(long, default_value_t = true, action = clap::ArgAction::Set, value_name = "BOOL")]
    alike: bool,
    /// Make textures independent of quarter turns and mirroring
    #[arg(long)]
    turned: bool,
    /// Bring all pictures to the same mean and contrast first
    #[arg(long)]
    normalised: bool,
    /// How places are found
    #[arg(long, value_enum, default_value = "stress")]
    scaling: ScalingKind,
    /// Dimensions of the embeddings, separated by commas
    #[arg(long, value_delimiter = ',', default_value = "2,3", value_parser = clap::value_parser!(u16).range(1..=50))]
    dimensions: Vec<u16>,
    /// Find so many clusters
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=20))]
    clusters: Option<u16>,
    /// How clusters are found
    #[arg(long, value_enum, default_value = "k-means", requires = "clusters")]
    cluster_by: ClusterKind,
    /// Seed of the synthetic pictures
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to compute: auto, cpu, gpu or a part of an adapter's name
    #[arg(long, default_value = "auto")]
    device: String,
}

/// A layer with its weight, such as `conv3_1=2`.
pub fn layer(text: &str) -> Result<(Layer, f64), String> {
    let (name, weight) = text.split_once('=').unwrap_or((text, "1"));
    let layer = Layer::named(name.trim());
    let layer = layer.ok_or_else(|| format!("there is no layer {name}; layers are conv1_1, conv1_2, pool1 …"))?;
    let weight = weight.trim().parse::<f64>().ok().filter(|v| *v > 0.0 && v.is_finite());
    Ok((layer, weight.ok_or_else(|| format!("{text} has no weight above 0"))?))
}

fn period(text: &str) -> Result<(String, f64), String> {
    let wrong = || format!("{text} is no column with a period, such as angle=180");
    let (name, period) = text.rsplit_once('=').ok_or_else(wrong)?;
    let period = period.trim().parse::<f64>().ok().filter(|v| *v > 0.0 && v.is_finite()).ok_or_else(wrong)?;
    Ok((name.trim().to_string(), period))
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    check_folder(&arguments.output)?;
    let edge = arguments.edge.map(|edge| edge as usize);
    let synthetic = edge.unwrap_or(128);
    let files = &arguments.set.files;
    if let Some(missing) = files.iter().find(|path| !path.exists()) {
        bail!("{}: there is no such file or folder.", missing.display());
    }
    let source = match (files.is_empty(), arguments.set.marble, arguments.set.graphite) {
        (false, ..) => MapSource::Files(files.clone()),
        (true, Some(count), _) => MapSource::Marble(count as usize, synthetic, arguments.seed),
        (true, None, count) => MapSource::Graphite(count.unwrap_or(0) as usize, synthetic, arguments.seed),
    };
    let textures = TextureSettings {
        layers: arguments.layers.clone(),
        alike: arguments.alike,
        turned: arguments.turned,
        normalised: arguments.normalised,
    };
    let kind = match arguments.distances {
        Kind::Textures => DistanceKind::Textures(WeightsKind::parse(&arguments.weights), textures),
        Kind::Spectra => DistanceKind::Spectra,
        Kind::Statistics => DistanceKind::Statistics,
        Kind::Latent => DistanceKind::Latent(arguments.model.clone()),
    };
    let mut periods = arguments.periods.clone();
    if matches!(source, MapSource::Marble(..)) && !periods.iter().any(|(name, _)| name == "angle") {
        periods.push(("angle".into(), 180.0));
    }
    let task = MakeMap {
        source,
        recipe: arguments.recipe.as_deref().map(Recipe::read).transpose()?,
        patches: edge.map(|edge| (edge, arguments.stride.map_or(edge, |stride| stride as usize))),
        table: arguments.table.clone(),
        pattern: arguments.pattern.clone(),
        periods,
        kind,
        scaling: arguments.scaling,
        dimensions: arguments.dimensions.iter().map(|wanted| usize::from(*wanted)).collect(),
        device: arguments.device.clone(),
    };
    let mut made: Option<Arc<Map>> = None;
    let ending = follow(task, |_| vec![], |map| made = Some(map))?;
    match (ending, made) {
        (Ending::Failed(reason), _) => bail!("{reason}"),
        (_, Some(mut map)) => {
            if let Some(count) = arguments.clusters {
                Arc::make_mut(&mut map).find_clusters(arguments.cluster_by, count.into());
            }
            report(arguments, &map)
        }
        (_, None) => bail!("Stopped before the map was done."),
    }
}

/// Prints what explains the map, and writes its files.
fn report(arguments: &Arguments, map: &Map) -> anyhow::Result<()> {
    /// Notes that are printed; the file has them all.
    const SHOWN: usize = 10;
    for note in map.notes.iter().take(SHOWN) {
        eprintln!("{note}");
    }
    if map.notes.len() > SHOWN {
        eprintln!("{} more notes are in notes.txt.", map.notes.len() - SHOWN);
    }
    say!("{} pictures", map.members.len());
    for each in &map.embeddings {
        let mut text = format!("D* = {}: stress {:.4}", each.embedding.places.ncols(), each.embedding.stress);
        for explained in &each.explained {
            let name = &map.columns[explained.column].name;
            match (&explained.fit, &explained.periodic) {
                (Some(fit), _) => {
                    text += &format!("; {name}: R² {:.3} (left out {:.3})", fit.r2, fit.r2_left_out);
                    text += if fit.has_few() { " of few values" } else { "" };
                }
                (None, Some(fit)) => text += &format!("; {name}: RMSE {:.3}", fit.rmse),
                (None, None) => text += &format!("; {name}: too few values"),
            }
        }
        say!("{text}");
    }
    if !map.outliers.is_empty() {
        let names: Vec<&str> = map.outliers.iter().take(SHOWN).map(|n| map.members[*n].name.as_str()).collect();
        say!("{} lie apart from all others: {}", map.outliers.len(), names.join(", "));
    }
    for path in write_map(&arguments.output, map).map_err(anyhow::Error::msg)? {
        say!("{}", path.display());
    }
    Ok(())
}
