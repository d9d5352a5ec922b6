//! `microwright artificial`

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::bail;

use super::follow::follow;
use super::print::say;
use super::property::{Kind, set_of, solving};
use super::reconstruct::check_folder;
use crate::job::{
    Artificial, ArtificialStudy, DistanceKind, Ending, Generator, InputKind, MapSource, NetworkPreset,
    artificial_table, write_artificial,
};
use crate::learn::Regressor;
use crate::micrograph::Recipe;
use crate::net::WeightsKind;
use crate::reconstruct::Method;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Authentic micrographs, and folders of them with their subfolders
    #[arg(required = true)]
    images: Vec<PathBuf>,
    /// The property that is computed of every micrograph and predicted
    #[arg(long, value_enum)]
    property: Kind,
    /// What the phases are made of: a property set, as the window saves it
    #[arg(long, value_name = "JSON", conflicts_with = "materials")]
    set: Option<PathBuf>,
    /// What the phases are made of: the materials of phase 0, 1 and so on, such as quartz,void
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',')]
    materials: Vec<String>,
    /// Take micrographs as sections of an isotropic material in three dimensions (estimates instead of full fields)
    #[arg(long)]
    section: bool,
    /// Make artificial micrographs by a latent model: its file, or graphite for the built-in one; can be given several times
    #[arg(long, value_name = "FILE")]
    model: Vec<PathBuf>,
    /// Make artificial micrographs from the authentic ones by a method: markov, gram, field …, or name and settings as in a
    /// report; can be given several times
    #[arg(long, required_unless_present = "model")]
    method: Vec<Method>,
    /// Authentic micrographs that are learned from and made from; the others are predicted
    #[arg(long, value_name = "N", default_value_t = 100)]
    authentic: usize,
    /// Artificial micrographs that are added, apart by commas
    #[arg(long, value_delimiter = ',', default_value = "0,50,100,200,500,1000")]
    counts: Vec<usize>,
    /// Times that they are drawn from all that were made
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=100))]
    draws: u16,
    /// What is read of micrographs
    #[arg(long, value_enum, default_value = "pixels")]
    inputs: InputKind,
    /// The regression
    #[arg(long, value_enum, default_value = "network")]
    regressor: Regressor,
    /// How much a neural network may cost
    #[arg(long, value_enum, default_value_t)]
    preset: NetworkPreset,
    /// Weights of the feature network of textures and feature maps: builtin, vgg19, or a file
    #[arg(long, default_value = "builtin")]
    weights: String,
    /// Prepare and segment by a recipe, as the window saves it
    #[arg(long, value_name = "FILE")]
    recipe: Option<PathBuf>,
    /// Cut patches of this edge out of each micrograph
    #[arg(long, value_parser = clap::value_parser!(u32).range(16..=16_384))]
    edge: Option<u32>,
    /// Pixels from one patch to the next [default: the edge]
    #[arg(long, requires = "edge", value_parser = clap::value_parser!(u32).range(1..))]
    stride: Option<u32>,
    /// Folder for the table, the figures and a sheet of micrographs
    #[arg(long, value_name = "DIR", default_value = "artificial")]
    output: PathBuf,
    /// The seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to compute: auto, cpu, gpu or a part of an adapter's name
    #[arg(long, default_value = "auto")]
    device: String,
}

impl Arguments {
    /// The files of the models; none for the built-in one.
    fn models(&self) -> Vec<Option<PathBuf>> {
        self.model.iter().map(|path| (path.as_os_str() != "graphite").then(|| path.clone())).collect()
    }

    fn generators(&self) -> Vec<Generator> {
        let methods = self.method.iter().map(|method| Generator::Method(Box::new(method.clone())));
        self.models().into_iter().map(Generator::Latent).chain(methods).collect()
    }

    /// What is read; latent points are those of the first model.
    fn read(&self) -> DistanceKind {
        let model = self.models().into_iter().next().flatten();
        self.inputs.distances(&WeightsKind::parse(&self.weights), model.as_deref())
    }
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    if let Some(missing) = arguments.images.iter().find(|path| !path.exists()) {
        bail!("{}: there is no such file or folder.", missing.display());
    }
    check_folder(&arguments.output)?;
    let set = set_of(arguments.set.as_deref(), &arguments.materials)?;
    let task = ArtificialStudy {
        source: MapSource::Files(arguments.images.clone()),
        recipe: arguments.recipe.as_deref().map(Recipe::read).transpose()?,
        patches: arguments.edge.map(|edge| (edge as usize, arguments.stride.unwrap_or(edge) as usize)),
        measure: solving(set, vec![arguments.property.property()], arguments.section),
        generators: arguments.generators(),
        authentic: arguments.authentic,
        counts: arguments.counts.clone(),
        draws: arguments.draws.into(),
        inputs: arguments.read(),
        regressor: arguments.regressor,
        preset: arguments.preset,
        seed: arguments.seed,
        device: arguments.device.clone(),
    };
    let mut found: Option<Arc<Artificial>> = None;
    let ending = follow(task, |_| vec![], |output| found = Some(output))?;
    let found = match (ending, found) {
        (Ending::Failed(reason), _) => bail!("{reason}"),
        (_, Some(found)) => found,
        (_, None) => bail!("Stopped before anything was found."),
    };
    found.notes.iter().for_each(|note| eprintln!("{note}"));
    say!("{}", artificial_table(&found).text());
    for path in write_artificial(&arguments.output, &found).map_err(anyhow::Error::msg)? {
        say!("{}", path.display());
    }
    Ok(())
}
