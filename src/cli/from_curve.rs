//! `microwright from-curve`

use std::path::PathBuf;

use anyhow::bail;

use super::follow::follow;
use super::print::say;
use super::reconstruct::{check_folder, size};
use crate::job::{
    Ending, FromCurve, curve_text, earlier_curve_realisations, write_curve_realisation, write_curve_table,
};
use crate::reconstruct::anneal::{Anneal, Start, check_curve_settings, curve_settings, read_curve};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// S2 as CSV: the table of `microwright stats`, or distance in pixels and S2 in two columns
    curve: PathBuf,
    /// Folder for the results
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// Height and width of the results
    #[arg(long, value_name = "HxW", value_parser = size, default_value = "256x256")]
    size: (usize, usize),
    /// The phase, in a table of several phases [default: the last]
    #[arg(long)]
    phase: Option<usize>,
    /// Exchanges that are tried for each pixel
    #[arg(long, default_value_t = 20)]
    tries: usize,
    /// Start from noise instead of a Gaussian field
    #[arg(long)]
    noise: bool,
    /// Seed of the first realisation
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many realisations to make
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..))]
    realisations: u16,
    /// Go on from the checkpoint in the output folder
    #[arg(long)]
    resume: bool,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let path = &arguments.curve;
    let text = curve_text(path).map_err(anyhow::Error::msg)?;
    let radial = read_curve(&text, arguments.phase)
        .map_err(|reason| anyhow::anyhow!("{} is no curve of S2. {reason}", path.display()))?;
    let start = if arguments.noise { Start::Noise } else { Start::Field };
    let anneal = Anneal { tries: arguments.tries, start, ..Anneal::default() };
    let seeds = (arguments.seed, usize::from(arguments.realisations));
    let settings = curve_settings(&anneal, arguments.size, seeds);
    check_curve_settings(&settings)?;
    check_folder(&arguments.output)?;
    let folder = &arguments.output;
    let mut made = if arguments.resume { earlier_curve_realisations(folder, &settings) } else { vec![] };
    let resume = arguments.resume;
    let task = FromCurve { radial: radial.clone(), settings: settings.clone(), folder: Some(folder.clone()), resume };
    // Each is written as it is done, so that nothing is lost where the program is ended.
    let mut failed = None;
    let ending = follow(
        task,
        |_| vec![],
        |one| {
            match write_curve_realisation(folder, &one) {
                Ok(path) => say!("{}: {}", path.display(), one.errors(&radial)),
                Err(error) => failed = failed.take().or(Some(error)),
            }
            made.retain(|other| other.seed != one.seed);
            made.push(one);
        },
    )?;
    if let Ending::Failed(reason) = &ending {
        bail!("{reason}");
    }
    if let Some(error) = failed {
        return Err(error.into());
    }
    if !made.is_empty() {
        let table = write_curve_table(folder, &radial, &settings, &made).map_err(anyhow::Error::msg)?;
        say!("{}", table.display());
    }
    if ending != Ending::Finished {
        bail!("Stopped early; {} realisations are written. --resume goes on from there.", made.len());
    }
    Ok(())
}
