//! `microwright learn` and `microwright predict`

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};

use super::follow::follow;
use super::print::say;
use super::reconstruct::check_folder;
use crate::figure::{csv_field, significant};
use crate::folders::write_atomically;
use crate::job::{
    About, Ending, InputKind, Learn, Learned, MapSource, NetworkPreset, PredictProperty, Predicted, about_seconds,
    columns_to_learn, learned_table, own_table, write_learned,
};
use crate::learn::{Predictor, Regressor, SplitKind};
use crate::micrograph::Recipe;
use crate::net::WeightsKind;

#[derive(Debug, clap::Args)]
pub struct LearnArguments {
    /// Micrographs, and folders of them with their subfolders
    #[arg(required_unless_present = "graphite")]
    images: Vec<PathBuf>,
    /// Instead of a folder, so many synthetic graphite irons with known nodularity, radius and fraction, and a strength
    #[arg(long, value_name = "N", conflicts_with = "images", value_parser = clap::value_parser!(u32).range(8..=100_000))]
    graphite: Option<u32>,
    /// The column of the table to learn; without it the columns are listed
    #[arg(long)]
    column: Option<String>,
    /// Values by file name, as CSV [default: properties.csv in the folder]
    #[arg(long, value_name = "CSV")]
    table: Option<PathBuf>,
    /// Values in file names and folders, such as E{modulus}_{number}.tif
    #[arg(long)]
    pattern: Option<String>,
    /// Folder for the scores, the figures and the predictor
    #[arg(long, value_name = "DIR", default_value = "learned")]
    output: PathBuf,
    /// Prepare and segment by a recipe, as the window saves it
    #[arg(long, value_name = "FILE", conflicts_with = "graphite")]
    recipe: Option<PathBuf>,
    /// Cut patches of this edge out of each micrograph; they have its value
    #[arg(long, value_parser = clap::value_parser!(u32).range(8..=16_384))]
    edge: Option<u32>,
    /// Pixels from one patch to the next [default: the edge]
    #[arg(long, requires = "edge", value_parser = clap::value_parser!(u32).range(1..))]
    stride: Option<u32>,
    /// What is read of micrographs, apart by commas; each is tried
    #[arg(long, value_enum, value_delimiter = ',', default_value = "statistics,two-point,textures")]
    inputs: Vec<InputKind>,
    /// Weights of the feature network of textures: builtin, vgg19, or a safetensors file or folder of tfjs shards
    #[arg(long, default_value = "builtin")]
    weights: String,
    /// File of the latent model [default: the built-in one]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// Kinds of regression, apart by commas; each is tried
    #[arg(long, value_enum, value_delimiter = ',', default_value = "ridge,svr,gaussian-process,forest")]
    regressors: Vec<Regressor>,
    /// How samples are split for the validation
    #[arg(long, value_enum, default_value = "micrograph")]
    split: SplitKind,
    /// Parts of the split
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(2..=100))]
    parts: u16,
    /// Times that the set is split anew: 3 times 5 parts are 15 trainings of every regression
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    repeats: u16,
    /// How much neural networks may cost
    #[arg(long, value_enum, default_value_t)]
    preset: NetworkPreset,
    /// With the preset as-published, leave transferred layers as they are
    #[arg(long)]
    frozen: bool,
    /// Seed of the split and of synthetic micrographs
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to compute: auto, cpu, gpu or a part of an adapter's name
    #[arg(long, default_value = "auto")]
    device: String,
}

impl LearnArguments {
    fn source(&self) -> MapSource {
        const EDGE: usize = 128;
        match self.graphite {
            Some(count) => MapSource::Graphite(count as usize, EDGE, self.seed),
            None => MapSource::Files(self.images.clone()),
        }
    }

    /// The table that was named, or the one of a property set that lies in the only folder.
    fn table(&self) -> Option<PathBuf> {
        let own = own_table(&self.images);
        self.table.clone().or(own.filter(|_| self.pattern.is_none()))
    }
}

pub fn learn(arguments: &LearnArguments) -> anyhow::Result<()> {
    if let Some(missing) = arguments.images.iter().find(|path| !path.exists()) {
        bail!("{}: there is no such file or folder.", missing.display());
    }
    let (source, table) = (arguments.source(), arguments.table());
    let Some(column) = arguments.column.clone() else {
        let columns = columns_to_learn(&source, table.as_deref(), arguments.pattern.as_deref());
        let columns = columns.map_err(anyhow::Error::msg)?;
        if columns.is_empty() {
            bail!("There is nothing to learn: give a table of values by file name with --table.");
        }
        say!("Choose one of these columns with --column: {}", columns.join(", "));
        return Ok(());
    };
    check_folder(&arguments.output)?;
    let weights = WeightsKind::parse(&arguments.weights);
    let task = Learn {
        source,
        recipe: arguments.recipe.as_deref().map(Recipe::read).transpose()?,
        patches: arguments.edge.map(|edge| (edge as usize, arguments.stride.unwrap_or(edge) as usize)),
        table,
        pattern: arguments.pattern.clone(),
        column,
        inputs: arguments.inputs.iter().map(|kind| kind.distances(&weights, arguments.model.as_deref())).collect(),
        regressors: arguments.regressors.clone(),
        split: arguments.split.into_parts(arguments.parts.into()),
        repeats: arguments.repeats.into(),
        seed: arguments.seed,
        preset: arguments.preset,
        frozen: arguments.frozen,
        finished: Some(arguments.output.join("learning.parts")),
        device: arguments.device.clone(),
    };
    if let Some((trainings, seconds)) = task.network_cost() {
        let time = about_seconds(seconds);
        eprintln!(
            "{trainings} trainings of networks on pictures take about {time} on the cores of this machine, if none ends early."
        );
    }
    std::fs::create_dir_all(&arguments.output)
        .with_context(|| format!("{} could not be made", arguments.output.display()))?;
    let mut learned: Option<Arc<Learned>> = None;
    let ending = follow(task, |_| vec![], |found| learned = Some(found))?;
    match (ending, learned) {
        (Ending::Failed(reason), _) => bail!("{reason}"),
        (_, Some(learned)) => report(arguments, &learned),
        (_, None) => bail!("Stopped before anything was learned."),
    }
}

fn report(arguments: &LearnArguments, learned: &Learned) -> anyhow::Result<()> {
    /// Notes that are printed; the file has them all.
    const SHOWN: usize = 10;
    learned.notes.iter().take(SHOWN).for_each(|note| eprintln!("{note}"));
    if learned.notes.len() > SHOWN {
        eprintln!("{} more notes are in scores.md.", learned.notes.len() - SHOWN);
    }
    say!("{}", learned_table(learned).text());
    say!("{}", learned.verdict());
    let important = learned.importances.iter().take(5).filter(|(_, i)| i.growth > 0.01);
    for (name, importance) in important {
        say!("{name}: shuffled, the error grows by {:.0} %", 100.0 * importance.growth);
    }
    for path in write_learned(&arguments.output, learned).map_err(anyhow::Error::msg)? {
        say!("{}", path.display());
    }
    Ok(())
}

#[derive(Debug, clap::Args)]
pub struct PredictArguments {
    /// The predictor: the file that `learn` wrote, or its folder
    predictor: PathBuf,
    /// Micrographs, and folders of them with their subfolders
    #[arg(required = true)]
    images: Vec<PathBuf>,
    /// A file for the predictions as CSV
    #[arg(long, value_name = "CSV")]
    output: Option<PathBuf>,
    /// Where to compute: auto, cpu, gpu or a part of an adapter's name
    #[arg(long, default_value = "auto")]
    device: String,
}

/// Reads a predictor: its file, or the folder that `learn` wrote it into.
pub fn read_predictor(path: &Path) -> anyhow::Result<(Predictor, About)> {
    let path = if path.is_dir() { path.join("learned.predictor") } else { path.to_path_buf() };
    let bytes = std::fs::read(&path).with_context(|| format!("{} could not be read", path.display()))?;
    About::read(&bytes, &path).map_err(anyhow::Error::msg)
}

pub fn predict(arguments: &PredictArguments) -> anyhow::Result<()> {
    if let Some(missing) = arguments.images.iter().find(|path| !path.exists()) {
        bail!("{}: there is no such file or folder.", missing.display());
    }
    let (predictor, about) = read_predictor(&arguments.predictor)?;
    let column = about.column.clone();
    let task = PredictProperty {
        predictor: Arc::new(predictor),
        about,
        source: MapSource::Files(arguments.images.clone()),
        device: arguments.device.clone(),
    };
    let mut made: Option<(Vec<Predicted>, Vec<String>)> = None;
    let ending = follow(task, |_| vec![], |found| made = Some(found))?;
    let (found, notes) = match (ending, made) {
        (Ending::Failed(reason), _) => bail!("{reason}"),
        (_, Some(made)) => made,
        (_, None) => bail!("Stopped before all micrographs were predicted."),
    };
    notes.iter().for_each(|note| eprintln!("{note}"));
    let mut csv = format!("micrograph,{},95 % interval ±,novelty\n", csv_field(&column));
    for predicted in &found {
        let forecast = predicted.forecast;
        csv += &format!(
            "{},{},{},{:.3}\n",
            csv_field(&predicted.name),
            forecast.value,
            forecast.half_width,
            forecast.novelty
        );
        let warning = if forecast.novelty > 1.0 { "  outside what was learned from" } else { "" };
        say!(
            "{}: {column} {} ± {}{warning}",
            predicted.name,
            significant(forecast.value),
            significant(forecast.half_width)
        );
    }
    if let Some(path) = &arguments.output {
        write_atomically(path, csv.as_bytes()).with_context(|| format!("{} could not be written", path.display()))?;
        say!("{}", path.display());
    }
    Ok(())
}
