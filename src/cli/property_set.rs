//! `microwright property-set`

use std::path::PathBuf;

use anyhow::bail;

use super::follow::follow;
use super::print::say;
use super::reconstruct::check_folder;
use crate::figure::significant;
use crate::job::{Ending, MakePropertySet, PropertySetKind};
use crate::property::{PropertySet, Quantity};

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// The kind of set
    #[arg(value_enum)]
    kind: PropertySetKind,
    /// Folder for the micrographs and their table
    #[arg(long, value_name = "DIR")]
    output: PathBuf,
    /// How many micrographs
    #[arg(long, default_value_t = 250, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    count: u32,
    /// Edge of the micrographs in pixels
    #[arg(long, default_value_t = 128, value_parser = clap::value_parser!(u32).range(16..=1024))]
    edge: u32,
    /// Seed of the first micrograph
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Materials and light from a property set, instead of the kind's own
    #[arg(long, value_name = "JSON")]
    set: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    check_folder(&arguments.output)?;
    let task = MakePropertySet {
        kind: arguments.kind,
        count: arguments.count as usize,
        size: arguments.edge as usize,
        seed: arguments.seed,
        set: arguments.set.as_deref().map(PropertySet::read).transpose()?,
        output: arguments.output.clone(),
    };
    let mut columns: Vec<(String, Vec<f64>)> = vec![];
    let ending = follow(
        task,
        |_| vec![],
        |member| {
            for q in &member.quantities {
                let Some(value) = Quantity::best(q) else { continue };
                match columns.iter_mut().find(|(name, _)| *name == q.name) {
                    Some((_, values)) => values.push(value),
                    None => columns.push((q.name.clone(), vec![value])),
                }
            }
        },
    )?;
    for (name, values) in &columns {
        let (low, high) = values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), v| (a.min(*v), b.max(*v)));
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        say!("{name}: {} to {}, mean {}", significant(low), significant(high), significant(mean));
    }
    match ending {
        Ending::Finished => Ok(()),
        Ending::Failed(reason) => bail!("{reason}"),
        Ending::Kept | Ending::Cancelled => bail!("Stopped; what was made so far is kept."),
    }
}
