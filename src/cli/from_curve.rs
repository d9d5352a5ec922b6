//! `microwright from-curve`

use std::path::PathBuf;

use anyhow::{Context, bail};

use super::follow::follow;
use super::print::say;
use super::reconstruct::size;
use crate::figure::significant;
use crate::folders::write_atomically;
use crate::job::{Ending, FromCurve};
use crate::micrograph::{PhaseMap, Recipe, write_labels_npy, write_phase_png};
use crate::reconstruct::anneal::{Anneal, MOST_TRIES, Start, read_curve};
use crate::stats::{Boundary, Curves, ErrorRates, two_point_radial, white_noise};

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
}

/// The most bytes of a curve that are read.
const MOST_BYTES: u64 = 16 << 20;
/// The smallest and the longest edge of a result.
const EDGES: std::ops::RangeInclusive<usize> = 8..=16_384;

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let path = &arguments.curve;
    let bytes = std::fs::metadata(path).with_context(|| format!("{} could not be read", path.display()))?.len();
    if bytes > MOST_BYTES {
        bail!("{} has {bytes} bytes, too many for a curve.", path.display());
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("{} could not be read", path.display()))?;
    let radial = read_curve(&text, arguments.phase)
        .map_err(|reason| anyhow::anyhow!("{} is no curve of S2. {reason}", path.display()))?;
    let (height, width) = arguments.size;
    if !EDGES.contains(&height) || !EDGES.contains(&width) {
        bail!("The edges of the result can have {} to {} pixels.", EDGES.start(), EDGES.end());
    }
    if !(1..=MOST_TRIES).contains(&arguments.tries) {
        bail!("Between 1 and {MOST_TRIES} exchanges can be tried for each pixel.");
    }
    let start = if arguments.noise { Start::Noise } else { Start::Field };
    let task = FromCurve {
        radial: radial.clone(),
        size: arguments.size,
        anneal: Anneal { tries: arguments.tries, start, ..Anneal::default() },
        seeds: (arguments.seed, usize::from(arguments.realisations)),
    };
    let mut made = vec![];
    let ending = follow(task, |_| vec![], |realisation| made.push(realisation))?;
    let mut columns = vec![("curve".to_string(), radial.clone())];
    for (seed, map) in &made {
        let stem = arguments.output.join(format!("reconstruction-{seed}"));
        let found = write(&stem, map)?;
        let errors = errors(&radial, &found, map.pixels());
        say!("{}.png: {errors}", stem.display());
        columns.push((format!("seed {seed}"), found));
    }
    if !made.is_empty() {
        let table = arguments.output.join("s2.csv");
        write_atomically(&table, csv(&columns).as_bytes())
            .with_context(|| format!("{} could not be written", table.display()))?;
        say!("{}", table.display());
    }
    match ending {
        Ending::Failed(reason) => bail!("{reason}"),
        Ending::Kept | Ending::Cancelled => bail!("Stopped early; {} realisations are written.", made.len()),
        Ending::Finished => Ok(()),
    }
}

/// Writes a result; returns its S2.
fn write(stem: &std::path::Path, map: &PhaseMap) -> anyhow::Result<Vec<f64>> {
    write_labels_npy(&stem.with_extension("npy"), map)?;
    write_phase_png(&stem.with_extension("png"), map, &Recipe::default().phase_colors(2), None)?;
    Ok(two_point_radial(&map.indicator(1).view(), Boundary::Periodic))
}

/// The errors of an S2 beside those of white noise, and what to do where they stay large.
fn errors(radial: &[f64], found: &[f64], pixels: usize) -> String {
    /// A covariance error that annealing leaves behind only where the curve cannot be met, in percent.
    const LARGE: f64 = 10.0;
    let of = |s2: &[f64]| Curves { volume_fraction: s2[0], s2: s2.to_vec(), lineal_path: vec![] };
    let wanted = of(radial);
    let noise = white_noise(radial[0], pixels, radial.len().min(found.len()));
    let [own, noise] = [of(found), noise].map(|curves| ErrorRates::between(&wanted, &curves));
    let hint = match own.s2_covariance_error_percent {
        error if error > LARGE => {
            " A result of this size, whose edges are periodic, does not meet the curve. Take S2 with periodic edges (`stats \
             --boundary periodic`), a larger result, or more tries."
        }
        _ => "",
    };
    format!(
        "S2 error {} % (white noise {}), covariance error {} % (white noise {}).{hint}",
        significant(own.s2_error_percent),
        significant(noise.s2_error_percent),
        significant(own.s2_covariance_error_percent),
        significant(noise.s2_covariance_error_percent)
    )
}

fn csv(columns: &[(String, Vec<f64>)]) -> String {
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let mut text = format!("r_px,{}\n", names.join(","));
    for r in 0..columns.iter().map(|(_, values)| values.len()).max().unwrap_or(0) {
        let cell = |(_, values): &(String, Vec<f64>)| values.get(r).map_or(String::new(), |v| format!("{v:.9}"));
        text.push_str(&format!("{r},{}\n", columns.iter().map(cell).collect::<Vec<_>>().join(",")));
    }
    text
}
