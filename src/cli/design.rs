//! `microwright design`

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::ValueEnum;

use super::follow::follow;
use super::learn::read_predictor;
use super::print::say;
use super::property::{Kind, set_of, solving};
use super::reconstruct::check_folder;
use crate::job::{Design, Designed, Ending, Measure, Wish, design_table, write_design};
use crate::learn::Goal;
use crate::net::WeightsKind;
use crate::reconstruct::gram::Gram;

#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// What is wanted: a property with a value or a range, such as conductivity=20 or elasticity=80:100; with a predictor
    /// the value alone. Values apart by commas are one wish each; the option given twice is two properties at once
    #[arg(long, required = true, value_name = "[PROPERTY=]VALUE|LOW:HIGH", allow_hyphen_values = true)]
    want: Vec<String>,
    /// File of the latent model [default: the built-in one, of graphite in iron]
    #[arg(long, value_name = "FILE")]
    model: Option<PathBuf>,
    /// What the phases are made of: a property set, as the window saves it
    #[arg(long, value_name = "JSON", conflicts_with_all = ["materials", "predictor"])]
    set: Option<PathBuf>,
    /// What the phases are made of: the materials of phase 0, 1 and so on, such as iron,graphite
    #[arg(long, value_name = "NAME,NAME", value_delimiter = ',', conflicts_with = "predictor")]
    materials: Vec<String>,
    /// Instead of solving for a property, predict it: the file that `learn` wrote, or its folder
    #[arg(long, value_name = "FILE")]
    predictor: Option<PathBuf>,
    /// Take pictures as sections of an isotropic material in three dimensions (estimates instead of full fields)
    #[arg(long, conflicts_with = "predictor")]
    section: bool,
    /// Candidates for each wish
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u16).range(1..=100))]
    count: u16,
    /// Pictures that are made at random before the search
    #[arg(long, default_value_t = 40, value_parser = clap::value_parser!(u16).range(8..=2000))]
    first: u16,
    /// The most pictures that are made for each wish
    #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u16).range(0..=2000))]
    most: u16,
    /// How far a candidate may be from the wanted value, in percent of it
    #[arg(long, default_value_t = 5.0, value_name = "PERCENT")]
    tolerance: f64,
    /// Reconstruct every candidate, so that it is as sharp as a micrograph, and measure that too
    #[arg(long)]
    refine: bool,
    /// Weights of the feature network of reconstructions: builtin, vgg19, or a file
    #[arg(long, default_value = "builtin", requires = "refine")]
    weights: String,
    /// Edge of the pictures in pixels [default: that of the model]
    #[arg(long)]
    edge: Option<usize>,
    /// Folder for the candidates, their table and the figures
    #[arg(long, value_name = "DIR", default_value = "designed")]
    output: PathBuf,
    /// The seed
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where to compute: auto, cpu, gpu or a part of an adapter's name
    #[arg(long, default_value = "auto")]
    device: String,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<()> {
    check_folder(&arguments.output)?;
    let wants: Vec<(Option<&str>, Vec<Goal>)> =
        arguments.want.iter().map(|text| want(text)).collect::<anyhow::Result<_>>()?;
    let task = Design {
        model: arguments.model.clone(),
        measure: measure(arguments, &wants)?,
        wishes: wishes(&wants)?,
        count: arguments.count.into(),
        first: arguments.first.into(),
        most: arguments.most.into(),
        tolerance: arguments.tolerance / 100.0,
        refine: arguments.refine.then(|| Gram { weights: WeightsKind::parse(&arguments.weights), ..Gram::default() }),
        edge: arguments.edge,
        seed: arguments.seed,
        device: arguments.device.clone(),
    };
    let mut designed: Option<Arc<Designed>> = None;
    let ending = follow(task, |_| vec![], |found| designed = Some(found))?;
    let failure = match ending {
        Ending::Failed(reason) => Some(reason),
        _ => None,
    };
    // What was found before a failure is written all the same.
    let Some(designed) = designed else {
        bail!("{}", failure.unwrap_or("Stopped before anything was designed.".into()));
    };
    designed.notes.iter().for_each(|note| eprintln!("{note}"));
    say!("{}", design_table(&designed).text());
    designed.wished.iter().for_each(|wished| say!("{}", designed.verdict(wished)));
    for path in write_design(&arguments.output, &designed).map_err(anyhow::Error::msg)? {
        say!("{}", path.display());
    }
    failure.map_or(Ok(()), |reason| Err(anyhow::anyhow!("{reason}")))
}

/// A property, if one is named, and its goals.
fn want(text: &str) -> anyhow::Result<(Option<&str>, Vec<Goal>)> {
    let (name, values) = match text.split_once('=') {
        Some((name, values)) => (Some(name.trim()), values),
        None => (None, text),
    };
    let number = |text: &str| {
        let wrong = || format!("“{text}” in --want {values} is no number");
        text.trim().parse::<f64>().ok().filter(|v| v.is_finite()).with_context(wrong)
    };
    let goal = |text: &str| -> anyhow::Result<Goal> {
        let (low, high) = text.split_once(':').unwrap_or((text, text));
        let goal = Goal { low: number(low)?, high: number(high)? };
        match goal.low <= goal.high {
            true => Ok(goal),
            false => bail!("The range {text} ends below its start."),
        }
    };
    Ok((name, values.split(',').map(goal).collect::<anyhow::Result<_>>()?))
}

/// How properties are found.
fn measure(arguments: &Arguments, wants: &[(Option<&str>, Vec<Goal>)]) -> anyhow::Result<Measure> {
    if let Some(path) = &arguments.predictor {
        let (predictor, about) = read_predictor(path)?;
        return match wants {
            [(name, _)] if name.is_none_or(|name| name == about.column) => {
                Ok(Measure::Predict(Arc::new(predictor), Box::new(about)))
            }
            _ => bail!("The predictor predicts {} alone: give one --want with its values.", about.column),
        };
    }
    let property = |name: Option<&str>| {
        let kind = name.and_then(|name| Kind::from_str(name, true).ok());
        let all: Vec<String> =
            Kind::value_variants().iter().filter_map(|k| Some(k.to_possible_value()?.get_name().into())).collect();
        let names =
            || format!("Name a property in --want, such as conductivity=20. Properties are {}.", all.join(", "));
        kind.map(Kind::property).with_context(names)
    };
    let properties = wants.iter().map(|(name, _)| property(*name)).collect::<anyhow::Result<Vec<_>>>()?;
    if (1..properties.len()).any(|n| properties[..n].contains(&properties[n])) {
        bail!("A property is wanted twice: give all its values in one --want, apart by commas.");
    }
    let set = set_of(arguments.set.as_deref(), &arguments.materials)?;
    Ok(solving(set, properties, arguments.section))
}

/// A wish for each value; a property with one value has it in all wishes.
fn wishes(wants: &[(Option<&str>, Vec<Goal>)]) -> anyhow::Result<Vec<Wish>> {
    let count = wants.iter().map(|(_, goals)| goals.len()).max().unwrap_or(0);
    if wants.iter().any(|(_, goals)| goals.len() != count && goals.len() != 1) {
        bail!("Each --want needs one value, or as many values as the others.");
    }
    Ok((0..count).map(|n| wants.iter().map(|(_, goals)| goals[n.min(goals.len() - 1)]).collect()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wants_are_values_ranges_and_lists() {
        let (name, goals) = want("conductivity=20, 30:40").expect("a want");
        assert_eq!(name, Some("conductivity"));
        assert_eq!(goals, [Goal { low: 20.0, high: 20.0 }, Goal { low: 30.0, high: 40.0 }]);
        assert_eq!(want("-0.5").expect("a want"), (None, vec![Goal { low: -0.5, high: -0.5 }]));
        for wrong in ["conductivity=", "e=x", "e=4:3", "e=inf"] {
            assert!(want(wrong).is_err(), "{wrong}");
        }
        let wants = [want("conductivity=1,2").expect("a want"), want("elasticity=5:6").expect("a want")];
        let all = wishes(&wants).expect("wishes");
        assert_eq!((all.len(), all[1][0].low, all[1][1].high), (2, 2.0, 6.0));
        assert!(wishes(&[want("a=1,2").expect("a want"), want("b=1,2,3").expect("a want")]).is_err());
    }
}
