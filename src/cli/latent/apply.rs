//! `microwright latent sample`, `traverse` and `encode`

use std::path::PathBuf;

use anyhow::bail;

use crate::cli::print::say;
use crate::folders::write_atomically;
use crate::job::open_device;
use crate::latent::{
    Cell, DESCRIPTORS, Model, Stack, contact_sheet, describe, order_by_divergence, pictures_of_files, samples,
    suggested_name, traversal, write_cells,
};
use crate::micrograph::{Recipe, write_image_png};

#[derive(Debug, clap::Args)]
pub struct SampleArguments {
    /// The model: a file, or graphite for the one that comes with the program
    model: PathBuf,
    /// Folder for the samples and their latent points
    #[arg(long, value_name = "DIR", default_value = "samples")]
    output: PathBuf,
    /// How many samples
    #[arg(long, default_value_t = 16)]
    count: usize,
    /// Height and width [default: the model's]; others need a TextureVAE with free layout
    #[arg(long, value_name = "PX")]
    edge: Option<usize>,
    /// One stack (.npy) instead of pictures
    #[arg(long)]
    npy: bool,
    /// One latent point instead of random ones; the samples are layouts of it
    #[arg(long, value_name = "Z1,Z2,…", value_delimiter = ',', allow_hyphen_values = true)]
    z: Option<Vec<f32>>,
    /// Seed of latent points and layouts
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to compute: auto, cpu, gpu or a part of an adapter's name
    #[arg(long, default_value = "auto")]
    device: String,
}

pub fn sample(arguments: &SampleArguments) -> anyhow::Result<()> {
    let model = Model::open(&arguments.model)?;
    if !model.settings.model.is_variational() && arguments.z.is_none() {
        bail!("An autoencoder has no distribution to draw from: give a latent point with --z.");
    }
    let mut cells = samples(&model, arguments.count, arguments.seed);
    if let Some(z) = &arguments.z {
        check_point(z, &model)?;
        cells.iter_mut().for_each(|cell| cell.z.clone_from(z));
    }
    let edge = arguments.edge.unwrap_or(model.settings.edge);
    let device = open_device(&arguments.device, &|text| eprintln!("{text}"))?;
    let stack = if arguments.npy { Stack::Npy } else { Stack::Png };
    let files = write_cells(&model, &device, &cells, (edge, edge), (&arguments.output, stack), &mut |_| true)?;
    files.iter().for_each(|path| say!("{}", path.display()));
    Ok(())
}

fn check_point(z: &[f32], model: &Model) -> anyhow::Result<()> {
    if z.len() != model.settings.dimensions || z.iter().any(|v| !v.is_finite()) {
        bail!("The latent point has {} numbers, the model {} dimensions.", z.len(), model.settings.dimensions);
    }
    Ok(())
}

#[derive(Debug, clap::Args)]
pub struct TraverseArguments {
    /// The model: a file, or graphite for the one that comes with the program
    model: PathBuf,
    /// The file for the picture of the strips
    #[arg(long, value_name = "PNG", default_value = "traversal.png")]
    output: PathBuf,
    /// Dimensions, counted from 1 [default: the most informative ones]
    #[arg(long, value_name = "N,N,…", value_delimiter = ',')]
    dimensions: Option<Vec<usize>>,
    /// Start at the latent point of this micrograph [default: the mean of the data]
    #[arg(long, value_name = "IMAGE")]
    start: Option<PathBuf>,
    /// Prepare and segment that micrograph by a recipe
    #[arg(long, value_name = "JSON")]
    recipe: Option<PathBuf>,
    /// Pictures per strip
    #[arg(long, default_value_t = 10)]
    steps: usize,
    /// Height and width of the pictures [default: the model's]
    #[arg(long, value_name = "PX")]
    edge: Option<usize>,
    /// Seed of the layout, the same for all pictures
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to compute: auto, cpu, gpu or a part of an adapter's name
    #[arg(long, default_value = "auto")]
    device: String,
}

/// The most strips where no dimensions are named.
const MOST_STRIPS: usize = 8;

pub fn traverse(arguments: &TraverseArguments) -> anyhow::Result<()> {
    let model = Model::open(&arguments.model)?;
    let all = model.settings.dimensions;
    let dimensions: Vec<usize> = match &arguments.dimensions {
        Some(named) => {
            if let Some(wrong) = named.iter().find(|d| !(1..=all).contains(*d)) {
                bail!("There is no dimension {wrong}: the model has {all}, counted from 1.");
            }
            named.iter().map(|d| d - 1).collect()
        }
        None => {
            let (order, alive) = order_by_divergence(&model.summary.divergence);
            order.into_iter().take(alive.min(MOST_STRIPS)).collect()
        }
    };
    let device = open_device(&arguments.device, &|text| eprintln!("{text}"))?;
    let z = match &arguments.start {
        None => model.summary.spread.iter().map(|(mean, _)| *mean as f32).collect(),
        Some(path) => {
            let rows = encodings(&model, &device, std::slice::from_ref(path), arguments.recipe.as_deref())?;
            let Some((_, z, _)) = rows.into_iter().next() else { bail!("{} could not be encoded.", path.display()) };
            z
        }
    };
    let edge = arguments.edge.unwrap_or(model.settings.edge);
    let rows = traversal(&Cell { z, layout: arguments.seed }, &dimensions, arguments.steps.clamp(2, 100));
    let mut painter = model.painter(&device, (edge, edge))?;
    let (sheet, height, width) = contact_sheet(&mut painter, &rows, (edge, edge))?;
    let rgb: Vec<f32> = sheet.iter().flat_map(|v| [255.0 * v; 3]).collect();
    write_image_png(&arguments.output, &rgb, (height, width), None)?;
    for dimension in dimensions {
        let name = suggested_name(&model.summary.correlations[dimension]).unwrap_or_default();
        say!("dimension {:>2}  {:.3} nats  {name}", dimension + 1, model.summary.divergence[dimension]);
    }
    say!("{}", arguments.output.display());
    Ok(())
}

#[derive(Debug, clap::Args)]
pub struct EncodeArguments {
    /// The model: a file, or graphite for the one that comes with the program
    model: PathBuf,
    /// Micrographs and folders of them
    #[arg(required = true)]
    images: Vec<PathBuf>,
    /// Prepare and segment them by a recipe, as the window saves it
    #[arg(long, value_name = "JSON")]
    recipe: Option<PathBuf>,
    /// A file for the table; without it the table is printed
    #[arg(long, value_name = "CSV")]
    output: Option<PathBuf>,
    /// Where to compute: auto, cpu, gpu or a part of an adapter's name
    #[arg(long, default_value = "auto")]
    device: String,
}

type Row = (String, Vec<f32>, [f64; DESCRIPTORS.len()]);

/// Name, latent mean and descriptors of each micrograph. Those that cannot be encoded are named on the error output.
fn encodings(
    model: &Model,
    device: &crate::compute::Device,
    images: &[PathBuf],
    recipe: Option<&std::path::Path>,
) -> anyhow::Result<Vec<Row>> {
    let recipe = recipe.map(Recipe::read).transpose()?;
    let weights = model.weights()?;
    let (pictures, left_out) = pictures_of_files(images, recipe.as_ref(), &|| false);
    left_out.iter().for_each(|reason| eprintln!("{reason}"));
    let mut rows = vec![];
    for picture in &pictures {
        let size = (picture.height, picture.width);
        let values: Vec<f32> = picture.values.iter().map(|v| f32::from(*v)).collect();
        match model.reader(device, &weights, size).and_then(|mut reader| reader.encode(&values)) {
            Err(error) => eprintln!("{}: {error}", picture.name),
            Ok(found) => {
                let descriptors = describe(&values, size, model.summary.threshold, model.summary.dark);
                rows.push((picture.name.clone(), found.mean, descriptors));
            }
        }
    }
    Ok(rows)
}

pub fn encode(arguments: &EncodeArguments) -> anyhow::Result<()> {
    let model = Model::open(&arguments.model)?;
    let device = open_device(&arguments.device, &|text| eprintln!("{text}"))?;
    let rows = encodings(&model, &device, &arguments.images, arguments.recipe.as_deref())?;
    if rows.is_empty() {
        bail!("None of the micrographs could be encoded.");
    }
    let names = (1..=model.settings.dimensions).map(|d| format!("z{d}"));
    let columns =
        std::iter::once("micrograph".to_string()).chain(names).chain(DESCRIPTORS.iter().map(|d| d.replace(' ', "_")));
    let mut text = columns.collect::<Vec<_>>().join(",") + "\n";
    for (name, z, descriptors) in rows {
        let numbers = z.iter().map(|v| format!("{v:.6}")).chain(descriptors.iter().map(|v| format!("{v:.6}")));
        let quoted = name.replace('"', "\"\"");
        text.push_str(&format!("\"{quoted}\",{}\n", numbers.collect::<Vec<_>>().join(",")));
    }
    match &arguments.output {
        Some(path) => {
            write_atomically(path, text.as_bytes())?;
            say!("{}", path.display());
        }
        None => crate::cli::print::print(&text)?,
    }
    Ok(())
}
